/*
 * How it works: the linker turns calls of malloc() into __wrap_malloc(), and what we call
 * __real_malloc() into malloc().
 */
#include "tests/unit/failing_memory.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void *__real_reallocarray(void *data, size_t count, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);
void *__wrap_reallocarray(void *data, size_t count, size_t size);

static size_t rest; /* allocations up to the one that fails; 0: none does */
static bool failed;
static bool openssl_counts;

static bool fails_now(void)
{
	if (rest == 0 || --rest > 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *data, size_t size)
{
	return fails_now() ? NULL : __real_realloc(data, size);
}

void *__wrap_reallocarray(void *data, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(data, count, size);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0 || (openssl_counts && fails_now()))
		return NULL;
	return __real_malloc(size);
}

static void *openssl_realloc(void *data, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return openssl_counts && fails_now() ? NULL : __real_realloc(data, size);
}

static void openssl_free(void *data, const char *file, int line)
{
	(void)file;
	(void)line;
	free(data);
}

void failing_memory_hook_openssl(void)
{
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
		abort();
}

void failing_memory_arm(size_t nth)
{
	failing_memory_arm_own(nth);
	openssl_counts = true;
}

void failing_memory_arm_own(size_t nth)
{
	rest = nth;
	failed = false;
	openssl_counts = false;
}

bool failing_memory_disarm(void)
{
	rest = 0;
	return failed;
}
