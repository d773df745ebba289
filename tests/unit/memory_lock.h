/*
 * memory_lock - for tests of memory that could not be locked.
 *
 * Is:       a process, a child of the test, that may lock no memory, or only so much, from now on.
 */
#ifndef TESTS_UNIT_MEMORY_LOCK_H
#define TESTS_UNIT_MEMORY_LOCK_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sanitizers turn mlock() into nothing that succeeds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_LOCK_IS_REAL 0
#elif defined(__has_feature)
#define MEMORY_LOCK_IS_REAL (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define MEMORY_LOCK_IS_REAL 1
#endif

/* So many bytes, and no rights to take more; false: it could not be done. */
static inline bool memory_lock_limit(rlim_t size)
{
	const struct rlimit limit = {size, size};

	return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	       (geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
}

static inline bool memory_lock_forbid(void)
{
	return memory_lock_limit(0);
}

/* Whether `use` returns 0 in a child. */
static inline bool memory_lock_child(int (*use)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(!MEMORY_LOCK_IS_REAL ? 0 : use());
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

#endif
