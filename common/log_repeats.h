/*
 * log_repeats - which warnings were written a short while ago. Private to the log.
 */
#ifndef COMMON_LOG_REPEATS_H
#define COMMON_LOG_REPEATS_H

#include "common/log.h"

#define LOG_REPEATS_SLOTS 32

struct log_repeat {
	char text[LOG_LINE_MAX]; /* empty: the slot is free */
	enum log_level level;
	int64_t first_ns;
	uint64_t suppressed;
};

struct log_repeats {
	struct log_repeat slots[LOG_REPEATS_SLOTS];
};

/*
 * True if the line is a repeat, which is now counted. `evicted_out` gets a line that had to make
 * place for a new one and has a count to be told; its text is empty if there is none.
 */
bool log_repeats_seen(struct log_repeats *repeats, enum log_level level, const char *text,
		      int64_t now_ns, struct log_repeat *evicted_out);

/* Takes out one line whose time is over (or any, with INT64_MAX) and that has a count to be told.
 */
bool log_repeats_take_due(struct log_repeats *repeats, int64_t now_ns, struct log_repeat *due_out);

#endif
