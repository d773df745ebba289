/*
 * restart_limit - how often a failing process is started again: AutoRestartCount and AutoRestartRate.
 *
 * Units:    times are monotonic nanoseconds.
 * Errors:   -ENOMEM.
 * Owns:     the times of the last restarts.
 */
#ifndef SIGNER_CMD_RESTART_LIMIT_H
#define SIGNER_CMD_RESTART_LIMIT_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More restarts than that within an interval are no limit. */
#define RESTART_LIMIT_TIMES_MAX 65536

struct restart_limit {
	int64_t count_max; /* 0: any number */
	int64_t count;
	int64_t interval_ns;
	int64_t *times; /* the last ones, in a circle; NULL: no rate */
	size_t times_size;
};

/* At most `count_max` in all, and at most `rate_count` in `interval_s`; 0 is no limit. */
MUST_CHECK int restart_limit_init(struct restart_limit *limit, int64_t count_max,
				  uint32_t rate_count, uint32_t interval_s);
void restart_limit_deinit(struct restart_limit *limit);

/* May there be one more? If so, it counts from now on. */
bool restart_limit_take(struct restart_limit *limit, int64_t now_ns);

#endif
