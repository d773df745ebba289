/*
 * The tests of lane_math_test.h, with the portable back-end.
 */
#include "tests/unit/lane_math_test.h"

int main(void)
{
	return run_lane_math_tests();
}
