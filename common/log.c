/*
 * How it works: two buffers of lines. Callers append to `filling` under the mutex, which is held
 * for a copy and nothing else. The writer swaps the two, and writes without the mutex. A record in
 * a buffer is one byte for the level, the text, and a NUL.
 */
#include "common/log.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log_repeats.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define QUEUE_BYTES_DEFAULT (256 * 1024)

static struct log_sink {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct log_config config;
	bool open;
	bool closing;
	struct buffer filling;
	struct buffer writing;
	struct log_repeats *repeats;
	uint64_t dropped;
	uint64_t dropped_told;
	pthread_t writer;
} sink = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
	.config = {.level = LOG_LEVEL_INFO},
};

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug"};
static const int level_priorities[] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

static void write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* nobody reads our last words */
		data += written;
		size -= (size_t)written;
	}
}

static void write_line(enum log_level level, const char *text)
{
	const char *before = sink.open && sink.config.before != NULL ? sink.config.before : "";
	char line[LOG_LINE_MAX + 64];
	int size;

	if (sink.open && sink.config.target == LOG_TARGET_SYSLOG) {
		syslog(level_priorities[level], "%s", text);
		return;
	}
	size = snprintf(line, sizeof(line), "%.32s%s %s\n", before, level_names[level], text);
	write_all(STDERR_FILENO, line, (size_t)size);
}

/* Under the mutex. */
static void queue_line(enum log_level level, const char *text)
{
	size_t size = strlen(text) + 1;

	if (sink.filling.size + size + 1 > sink.config.queue_bytes ||
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
		const char *text = (const char *)records->data + offset + 1;

		write_line((enum log_level)records->data[offset], text);
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

int log_open(const struct log_config *config)
{
	int r;

	sink.config = *config;
	if (sink.config.queue_bytes == 0)
		sink.config.queue_bytes = QUEUE_BYTES_DEFAULT;
	sink.repeats = calloc(1, sizeof(*sink.repeats));
	if (sink.repeats == NULL)
		return -ENOMEM;
	if (config->target == LOG_TARGET_SYSLOG)
		openlog(config->name, LOG_PID | LOG_NDELAY, config->facility);
	sink.closing = false;
	sink.open = true;
	r = start_writer();
	if (r != 0) {
		sink.open = false;
		free(sink.repeats);
		sink.repeats = NULL;
	}
	return r;
}

void log_close(void)
{
	if (!sink.open)
		return;
	pthread_mutex_lock(&sink.mutex);
	sink.closing = true;
	pthread_cond_signal(&sink.wake);
	pthread_mutex_unlock(&sink.mutex);
	pthread_join(sink.writer, NULL);
	if (sink.config.target == LOG_TARGET_SYSLOG)
		closelog();
	sink.open = false;
	buffer_deinit(&sink.filling);
	buffer_deinit(&sink.writing);
	free(sink.repeats);
	sink.repeats = NULL;
}

bool log_enabled(enum log_level level)
{
	return level <= sink.config.level;
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
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	escape_line(text, raw);
	if (!sink.open) {
		write_line(level, text);
		return;
	}
	pthread_mutex_lock(&sink.mutex);
	if (!is_repeat(level, text))
		queue_line(level, text);
	pthread_mutex_unlock(&sink.mutex);
}
