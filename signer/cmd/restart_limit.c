#include "signer/cmd/restart_limit.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>

int restart_limit_init(struct restart_limit *limit, int64_t count_max, uint32_t rate_count,
		       uint32_t interval_s)
{
	*limit = (struct restart_limit){
		.count_max = count_max,
		.interval_ns = interval_s * NS_PER_S,
	};
	if (rate_count == 0 || rate_count > RESTART_LIMIT_TIMES_MAX)
		return 0;
	limit->times = calloc(rate_count, sizeof(*limit->times));
	if (limit->times == NULL)
		return -ENOMEM;
	limit->times_size = rate_count;
	return 0;
}

void restart_limit_deinit(struct restart_limit *limit)
{
	free(limit->times);
	*limit = (struct restart_limit){0};
}

bool restart_limit_take(struct restart_limit *limit, int64_t now_ns)
{
	if (limit->count_max != 0 && limit->count >= limit->count_max)
		return false;
	if (limit->times != NULL) {
		/* The place of this restart is that of the one `times_size` restarts ago. */
		int64_t *place = &limit->times[(size_t)limit->count % limit->times_size];

		if ((size_t)limit->count >= limit->times_size &&
		    now_ns - *place < limit->interval_ns)
			return false;
		*place = now_ns;
	}
	limit->count++;
	return true;
}
