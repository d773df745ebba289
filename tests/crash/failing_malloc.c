/*
 * failing_malloc - put before a program with LD_PRELOAD, it lets one allocation of it fail.
 *
 * Use:    FAIL_MALLOC_AT=N: the Nth fails, from 1; 0: none. FAIL_MALLOC_COUNT=FILE: how many there were is
 *         written there at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What glibc has behind malloc(). */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_ulong allocations;
static atomic_ulong fail_at;

static bool fails(void)
{
	if (atomic_fetch_add(&allocations, 1) + 1 != atomic_load(&fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **memory_out, size_t alignment, size_t size)
{
	void *memory = memalign(alignment, size);

	if (memory == NULL)
		return ENOMEM;
	*memory_out = memory;
	return 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_MALLOC_AT");

	atomic_store(&allocations, 0);
	atomic_store(&fail_at, at == NULL ? 0 : strtoul(at, NULL, 10));
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAIL_MALLOC_COUNT");
	char text[32];
	int size = snprintf(text, sizeof(text), "%lu\n", atomic_load(&allocations));
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)!write(fd, text, (size_t)size);
	close(fd);
}
