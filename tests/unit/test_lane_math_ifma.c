/*
 * The tests of lane_math_test.h, with AVX-512 IFMA. Exit status 77 where the CPU has none.
 */
#include "tests/unit/lane_math_test.h"

#include <stdio.h>

int main(void)
{
	if (!__builtin_cpu_supports("avx512ifma")) {
		(void)fputs("skipped: this CPU has no AVX-512 IFMA\n", stderr);
		return 77;
	}
	return run_lane_math_tests();
}
