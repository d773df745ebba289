/*
 * log - the one sink for what an operator should know.
 *
 * Is:       lines with a level, to stderr, to syslog or to nowhere. Before log_open() they go to
 *           stderr at once; after it, into a bounded queue that a thread of its own empties, so
 *           that a slow disk or a stuck syslog never holds up a loop.
 * Is not:   a place for keys or bodies of messages: never pass either.
 * Full:     when the queue is full the line is dropped and counted; the count is logged as soon as
 *           there is room, and log_dropped() tells it.
 * Repeats:  the same error or warning again within LOG_REPEAT_S is not written again but counted;
 *           one line at the end of that time says how often it came.
 * Safety:   control characters are written as \xNN, so outside text cannot forge a line.
 * Threads:  open and close are for one thread, every other function is for any, at any time. The
 *           sink is the one global state of the program.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line; the rest is cut and "..." stands for it. */
#define LOG_LINE_MAX 1024
/* Seconds within which the same warning is counted instead of written again. */
#define LOG_REPEAT_S 60

enum log_level {
	LOG_LEVEL_ERROR,   /* an operator must act */
	LOG_LEVEL_WARNING, /* we coped, and here is how */
	LOG_LEVEL_NOTICE,  /* worth seeing in normal service: start, stop, reload */
	LOG_LEVEL_INFO,	   /* one line per message or rotation */
	LOG_LEVEL_DEBUG,   /* states */
};

enum log_target {
	LOG_TARGET_STDERR,
	LOG_TARGET_SYSLOG,
	LOG_TARGET_NONE, /* for a program that says itself what is wrong: no line, no thread */
};

struct log_config {
	enum log_target target;
	enum log_level level; /* lines above it are not written */
	const char *name;     /* what syslog calls us; must live until log_close() */
	int facility;	      /* syslog's LOG_MAIL and so on */
	size_t queue_bytes;   /* bound of the queue; 0: 256 KiB */
	const char *before;   /* what stderr gets before each line; NULL: nothing. Must live, too */
};

/* Errors: -ENOMEM, or what starting the thread gave; lines then still go to stderr. */
MUST_CHECK int log_open(const struct log_config *config);

/* Writes out what is queued and goes back to stderr. */
void log_close(void);

bool log_enabled(enum log_level level);

/* Lines that the queue had no room for, since the program began. */
uint64_t log_dropped(void);

PRINTF_LIKE(2, 3) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_enabled(LOG_LEVEL_DEBUG))                                                  \
			log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                    \
	} while (0)

#endif
