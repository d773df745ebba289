/*
 * memory_lock - for tests of memory that could not be locked.
 *
 * Is:       a process, a child of the test, that may lock no memory from now on.
 */
#ifndef TESTS_UNIT_MEMORY_LOCK_H
#define TESTS_UNIT_MEMORY_LOCK_H

#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

/* Sanitizers turn mlock() into nothing that succeeds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_LOCK_IS_REAL 0
#elif defined(__has_feature)
#define MEMORY_LOCK_IS_REAL (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define MEMORY_LOCK_IS_REAL 1
#endif

/* No limit and no rights; false: it could not be done. */
static inline bool memory_lock_forbid(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_MEMLOCK, &none) == 0 &&
	       (geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
}

#endif
