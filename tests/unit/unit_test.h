/*
 * unit_test - cmocka, with the headers that it wants before it.
 */
#ifndef TESTS_UNIT_UNIT_TEST_H
#define TESTS_UNIT_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static inline bool is_asked_for(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* Of many cases alike: all of them, but where a run is slow (valgrind) every `stride`th. */
static inline unsigned stride_of(unsigned stride)
{
	return is_asked_for("POSTSEAL_TEST_SLOW") ? stride : 1;
}

/* How often something random is tried: 30 times as often in `scripts/test --full`. */
static inline unsigned rounds_of(unsigned rounds)
{
	if (is_asked_for("POSTSEAL_TEST_FULL"))
		return 30 * rounds;
	return (rounds + stride_of(5) - 1) / stride_of(5);
}

#endif
