#include "tests/crash/replaced_malloc.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* What glibc has behind malloc(). */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static bool fails(void)
{
	if (!allocation_fails())
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
