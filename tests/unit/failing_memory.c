/*
 * How it works: the linker turns calls of malloc() into __wrap_malloc(), and what we call
 * __real_malloc() into malloc().
 */
#include "tests/unit/failing_memory.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void *__real_reallocarray(void *data, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);
void *__wrap_reallocarray(void *data, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

static atomic_size_t allocations;
static atomic_size_t fail_at; /* 0: none fails */
static atomic_bool failed;
static bool openssl_counts;

static bool fails_now(void)
{
	size_t number = atomic_fetch_add(&allocations, 1) + 1;

	if (number != atomic_load(&fail_at))
		return false;
	atomic_store(&failed, true);
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

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return fails_now() ? NULL : __real_strndup(text, size);
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

static void arm(size_t nth, bool with_openssl)
{
	openssl_counts = with_openssl;
	atomic_store(&failed, false);
	atomic_store(&allocations, 0);
	atomic_store(&fail_at, nth);
}

void failing_memory_arm(size_t nth)
{
	arm(nth, true);
}

void failing_memory_arm_own(size_t nth)
{
	arm(nth, false);
}

bool failing_memory_disarm(void)
{
	atomic_store(&fail_at, 0);
	return atomic_load(&failed);
}

size_t failing_memory_count(void)
{
	return atomic_load(&allocations);
}
