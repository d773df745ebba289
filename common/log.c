/*
 * How it works: two buffers of lines. Callers append to `filling` under the mutex, which is held
 * for a copy and nothing else. The writer swaps the two, and writes without the mutex. A record in
 * a buffer is one byte for the level, the text, and a NUL.
 *
 *   AT_ONCE -- log_open() --> QUEUED or NOWHERE -- log_close() --> AT_ONCE
 *
 * The writer itself leaves QUEUED, in the moment in which it finds the queue empty for the last time:
 * so no line is left in a queue that nobody empties.
 */
#include "common/log.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/descriptor.h"
#include "common/log_repeats.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define QUEUE_BYTES_DEFAULT (256 * 1024)

enum log_state {
	LOG_AT_ONCE, /* lines go to stderr, from whoever has one */
	LOG_QUEUED,
	LOG_NOWHERE,
};

static struct log_sink {
	_Atomic enum log_level level; /* without the mutex: most lines are above it */
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	enum log_state state;
	bool closing;
	/* These do not change while the writer runs, which alone asks for them. */
	enum log_target target;
	const char *before;
	size_t queue_bytes;
	struct buffer filling;
	struct buffer writing;
	struct log_repeats *repeats;
	uint64_t dropped;
	uint64_t dropped_told;
	pthread_t writer;
} sink = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
	.level = LOG_LEVEL_INFO,
};

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug"};
static const int level_priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

static void write_to_stderr(const char *before, enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 64];
	int size = snprintf(line, sizeof(line), "%.32s%s %s\n", before, level_names[level], text);

	/* If nobody reads our words, nobody hears of that either. */
	(void)!descriptor_write(STDERR_FILENO, bytes_of(line, (size_t)size));
}

/* Under the mutex. */
static void queue_line(enum log_level level, const char *text)
{
	size_t size = strlen(text) + 1;

	if (sink.filling.size + size + 1 > sink.queue_bytes ||
	    buffer_reserve(&sink.filling, size + 1) != 0) {
		sink.dropped++;
		return;
	}
	sink.filling.data[sink.filling.size++] = (uint8_t)level;
	memcpy(sink.filling.data + sink.filling.size, text, size);
	sink.filling.size += size;
	pthread_cond_signal(&sink.wake);
}

static void queue_repeats(const struct log_repeat *repeat)
{
	char text[LOG_LINE_MAX];

	snprintf(text, sizeof(text), "repeated %llu times more: %.*s",
		 (unsigned long long)repeat->suppressed, LOG_LINE_MAX - 64, repeat->text);
	queue_line(repeat->level, text);
}

static void queue_due_repeats(int64_t now_ns)
{
	struct log_repeat due;

	while (log_repeats_take_due(sink.repeats, now_ns, &due))
		queue_repeats(&due);
}

static void queue_dropped_count(void)
{
	char text[64];

	/* Only into an empty queue, or the count would be dropped too. */
	if (sink.dropped == sink.dropped_told || sink.filling.size > 0)
		return;
	snprintf(text, sizeof(text), "log: %llu lines dropped, the queue was full",
		 (unsigned long long)(sink.dropped - sink.dropped_told));
	sink.dropped_told = sink.dropped;
	queue_line(LOG_LEVEL_WARNING, text);
}

static void write_records(const struct buffer *records)
{
	size_t offset = 0;

	while (offset < records->size) {
		enum log_level level = (enum log_level)records->data[offset];
		const char *text = (const char *)records->data + offset + 1;

		if (sink.target == LOG_TARGET_SYSLOG)
			syslog(level_priorities[level], "%s", text);
		else
			write_to_stderr(sink.before, level, text);
		offset += strlen(text) + 2;
	}
}

static void *writer_main(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&sink.mutex);
	for (;;) {
		struct buffer swap;

		queue_dropped_count();
		queue_due_repeats(sink.closing ? INT64_MAX : clock_monotonic_ns());
		if (sink.filling.size == 0) {
			struct timespec until;

			if (sink.closing)
				break;
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_sec += 1; /* to see when a repeat's time is over */
			pthread_cond_timedwait(&sink.wake, &sink.mutex, &until);
			continue;
		}
		swap = sink.writing;
		sink.writing = sink.filling;
		sink.filling = swap;
		pthread_mutex_unlock(&sink.mutex);
		write_records(&sink.writing);
		buffer_clear(&sink.writing);
		pthread_mutex_lock(&sink.mutex);
	}
	sink.state = LOG_AT_ONCE;
	pthread_mutex_unlock(&sink.mutex);
	return NULL;
}

static int start_writer(void)
{
	sigset_t all;
	sigset_t old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&sink.writer, NULL, writer_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

static void set_state(enum log_state state)
{
	pthread_mutex_lock(&sink.mutex);
	sink.state = state;
	pthread_mutex_unlock(&sink.mutex);
}

/* What there is only while lines are queued; by now nobody else looks at it. */
static void queue_free(void)
{
	if (sink.target == LOG_TARGET_SYSLOG)
		closelog();
	buffer_deinit(&sink.filling);
	buffer_deinit(&sink.writing);
	free(sink.repeats);
	sink.repeats = NULL;
}

static int queue_start(const struct log_config *config)
{
	int r;

	sink.queue_bytes = config->queue_bytes == 0 ? QUEUE_BYTES_DEFAULT : config->queue_bytes;
	sink.target = config->target;
	sink.before = config->before == NULL ? "" : config->before;
	sink.closing = false;
	sink.repeats = calloc(1, sizeof(*sink.repeats));
	if (sink.repeats == NULL)
		return -ENOMEM;
	if (config->target == LOG_TARGET_SYSLOG)
		openlog(config->name, LOG_PID | LOG_NDELAY, config->facility);
	r = start_writer();
	if (r != 0)
		queue_free();
	return r;
}

int log_open(const struct log_config *config)
{
	int r = config->target == LOG_TARGET_NONE ? 0 : queue_start(config);

	atomic_store(&sink.level, config->level);
	if (r == 0)
		set_state(config->target == LOG_TARGET_NONE ? LOG_NOWHERE : LOG_QUEUED);
	return r;
}

void log_close(void)
{
	enum log_state state;

	pthread_mutex_lock(&sink.mutex);
	state = sink.state;
	if (state == LOG_NOWHERE)
		sink.state = LOG_AT_ONCE;
	sink.closing = true;
	pthread_cond_signal(&sink.wake);
	pthread_mutex_unlock(&sink.mutex);
	if (state != LOG_QUEUED)
		return;
	pthread_join(sink.writer, NULL);
	queue_free();
}

bool log_enabled(enum log_level level)
{
	return level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

uint64_t log_dropped(void)
{
	uint64_t dropped;

	pthread_mutex_lock(&sink.mutex);
	dropped = sink.dropped;
	pthread_mutex_unlock(&sink.mutex);
	return dropped;
}

/* Copies `raw` with its control characters escaped, and cut where it gets too long. */
static void escape_line(char text[LOG_LINE_MAX], const char *raw)
{
	static const char hex[] = "0123456789abcdef";
	size_t size = 0;

	for (; *raw != '\0' && size < LOG_LINE_MAX - 8; raw++) {
		uint8_t byte = (uint8_t)*raw;

		if (byte >= 0x20 && byte != 0x7f) {
			text[size++] = (char)byte;
			continue;
		}
		text[size++] = '\\';
		text[size++] = 'x';
		text[size++] = hex[byte >> 4];
		text[size++] = hex[byte & 15];
	}
	if (*raw != '\0') {
		memcpy(text + size, "...", 3);
		size += 3;
	}
	text[size] = '\0';
}

/* Under the mutex. */
static bool is_repeat(enum log_level level, const char *text)
{
	struct log_repeat evicted;
	bool seen;

	if (level > LOG_LEVEL_WARNING)
		return false;
	seen = log_repeats_seen(sink.repeats, level, text, clock_monotonic_ns(), &evicted);
	if (evicted.text[0] != '\0')
		queue_repeats(&evicted);
	return seen;
}

void log_line(enum log_level level, const char *format, ...)
{
	char raw[LOG_LINE_MAX];
	char text[LOG_LINE_MAX];
	enum log_state state;
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	escape_line(text, raw);
	pthread_mutex_lock(&sink.mutex);
	state = sink.state;
	if (state == LOG_QUEUED && !is_repeat(level, text))
		queue_line(level, text);
	pthread_mutex_unlock(&sink.mutex);
	if (state == LOG_AT_ONCE)
		write_to_stderr("", level, text);
}
