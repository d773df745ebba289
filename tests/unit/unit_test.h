/*
 * unit_test - cmocka, with the headers that it wants before it.
 */
#ifndef TESTS_UNIT_UNIT_TEST_H
#define TESTS_UNIT_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* How often something random is tried: 30 times as often in `scripts/test --full`. */
static inline unsigned rounds_of(unsigned rounds)
{
	const char *full = getenv("POSTSEAL_TEST_FULL");

	return full != NULL && full[0] != '\0' ? 30 * rounds : rounds;
}

#endif
