/*
 * unit_test - cmocka, with the headers that it wants before it.
 */
#ifndef TESTS_UNIT_UNIT_TEST_H
#define TESTS_UNIT_UNIT_TEST_H

#include "tests/test_mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Of many cases alike: all of them, but where a run is slow (valgrind) every `stride`th. */
static inline unsigned stride_of(unsigned stride)
{
	return test_is_slow() ? stride : 1;
}

/* How often something random is tried: 30 times as often in `scripts/test --full`. */
static inline unsigned rounds_of(unsigned rounds)
{
	if (test_is_full())
		return 30 * rounds;
	return (rounds + stride_of(8) - 1) / stride_of(8);
}

#endif
