/*
 * test_mode - how much a test is to try: scripts/test says so by the environment.
 *
 *   POSTSEAL_TEST_FULL   long rounds, every case
 *   POSTSEAL_TEST_SLOW   the build is slow (valgrind, sanitizers): some cases of many alike
 */
#ifndef TESTS_TEST_MODE_H
#define TESTS_TEST_MODE_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool test_mode_is(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

static inline bool test_is_full(void)
{
	return test_mode_is("POSTSEAL_TEST_FULL");
}

static inline bool test_is_slow(void)
{
	return test_mode_is("POSTSEAL_TEST_SLOW");
}

#endif
