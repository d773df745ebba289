#include "tests/unit/fail_allocation.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static atomic_size_t count;
static atomic_size_t fail_at;

void fail_allocation_at(size_t nth)
{
	atomic_store(&count, 0);
	atomic_store(&fail_at, nth);
}

bool fail_allocation_end(void)
{
	size_t nth = atomic_exchange(&fail_at, 0);

	return nth != 0 && atomic_load(&count) >= nth;
}

bool fail_allocation_now(void)
{
	return atomic_load(&fail_at) != 0 &&
	       atomic_fetch_add(&count, 1) + 1 == atomic_load(&fail_at);
}

void *__wrap_malloc(size_t size)
{
	return fail_allocation_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t members, size_t size)
{
	return fail_allocation_now() ? NULL : __real_calloc(members, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fail_allocation_now() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	return fail_allocation_now() ? NULL : __real_strdup(text);
}
