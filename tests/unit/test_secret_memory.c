/*
 * Goal:   secret memory is zero at first, locked, kept out of core dumps, and usable unlocked.
 * Method: the kernel's own view in /proc/self/smaps; a child without rights and without limit.
 */
#include "signer/keys/secret_memory.h"

#include "tests/unit/memory_lock.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The VmFlags of the mapping that begins at `data`. */
static void read_flags(const void *data, char *flags, int size)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char start[32];
	char line[512];
	bool is_it = false;

	assert_non_null(file);
	flags[0] = '\0';
	(void)snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)data);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0)
			is_it = true;
		if (is_it && strncmp(line, "VmFlags:", 8) == 0) {
			(void)snprintf(flags, (size_t)size, "%s", line);
			break;
		}
	}
	(void)fclose(file);
}

static void new_memory_is_zero_and_not_dumped(void **state)
{
	struct secret_memory memory = {0};
	char flags[512];

	(void)state;
	assert_int_equal(secret_memory_init(&memory, 5000), 0);
	assert_int_equal(memory.size, 5000);
	for (size_t i = 0; i < memory.size; i++)
		assert_int_equal(memory.data[i], 0);
	read_flags(memory.data, flags, sizeof(flags));
	assert_non_null(strstr(flags, " dd"));
	if (MEMORY_LOCK_IS_REAL && memory.locked)
		assert_non_null(strstr(flags, " lo"));
	memset(memory.data, 'k', memory.size);
	assert_int_equal(secret_memory_bytes(&memory).size, 5000);
	secret_memory_deinit(&memory);
	assert_null(memory.data);
	secret_memory_deinit(&memory);
}

/* Returns how many pages it takes to use one of many, and to give all back. */
static long pages_to_use_one(void)
{
	const size_t size = (size_t)64 << 20;
	struct secret_memory memory = {0};
	struct rusage before;
	struct rusage after;

	if (getrusage(RUSAGE_SELF, &before) != 0 || secret_memory_init(&memory, size) != 0)
		return LONG_MAX;
	memory.data[size / 2] = 'k';
	secret_memory_deinit(&memory);
	return getrusage(RUSAGE_SELF, &after) != 0 ? LONG_MAX : after.ru_minflt - before.ru_minflt;
}

static int use_one_without_lock(void)
{
	return memory_lock_forbid() && pages_to_use_one() < 1000 ? 0 : 1;
}

/* A page of many that was used is wiped, and the others take no memory, also when they are given back. */
static void only_what_is_used_takes_memory(void **state)
{
	(void)state;
	assert_true(pages_to_use_one() < 1000);
	assert_true(memory_lock_child(use_one_without_lock));
}

static void size_zero_has_memory_and_impossible_size_is_refused(void **state)
{
	struct secret_memory memory = {0};

	(void)state;
	assert_int_equal(secret_memory_init(&memory, 0), 0);
	assert_non_null(memory.data);
	assert_int_equal(memory.size, 0);
	secret_memory_deinit(&memory);
	assert_int_equal(secret_memory_init(&memory, SIZE_MAX), -ENOMEM);
	assert_int_equal(secret_memory_init(&memory, SIZE_MAX / 4), -ENOMEM);
	assert_null(memory.data);
}

/* Returns what is wrong, 0 if nothing. */
static int use_without_lock(void)
{
	struct secret_memory memory = {0};

	if (!memory_lock_forbid())
		return 1;
	if (secret_memory_init(&memory, 100) != 0)
		return 2;
	if (memory.locked)
		return 3;
	memory.data[99] = 1;
	secret_memory_deinit(&memory);
	return 0;
}

static void lock_limit_zero_works_unlocked(void **state)
{
	(void)state;
	assert_true(memory_lock_child(use_without_lock));
}

#define MIB ((size_t)1 << 20)

static int lock_as_much_as_may_be(void)
{
	struct secret_memory large = {0};
	struct secret_memory small = {0};
	struct secret_memory later = {0};

	if (!memory_lock_limit(4 * MIB + MIB / 2))
		return 1;
	if (secret_memory_map(&large, 6 * MIB) != 0 || large.locked || large.locked_size != 0)
		return 2;
	if (secret_memory_map(&small, MIB / 4) != 0)
		return 3;
	secret_memory_lock(&small);
	if (!small.locked || small.locked_size != MIB / 4)
		return 4;
	secret_memory_lock(&large);
	if (large.locked || large.locked_size != 3 * MIB)
		return 5;
	/* What comes later finds some. */
	if (secret_memory_init(&later, MIB) != 0 || !later.locked || later.locked_size != MIB)
		return 6;
	large.data[6 * MIB - 1] = 1;
	secret_memory_deinit(&later);
	secret_memory_deinit(&large);
	secret_memory_deinit(&small);
	return 0;
}

static void memory_is_locked_as_far_as_the_limit_allows(void **state)
{
	(void)state;
	assert_true(memory_lock_child(lock_as_much_as_may_be));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_memory_is_zero_and_not_dumped),
		cmocka_unit_test(only_what_is_used_takes_memory),
		cmocka_unit_test(size_zero_has_memory_and_impossible_size_is_refused),
		cmocka_unit_test(lock_limit_zero_works_unlocked),
		cmocka_unit_test(memory_is_locked_as_far_as_the_limit_allows),
	};

	return cmocka_run_group_tests_name("secret_memory", tests, NULL, NULL);
}
