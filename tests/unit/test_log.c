/*
 * Goal:   lines arrive whole and in order, repeats are summed up, a full queue drops and counts,
 * and outside text cannot forge a line.
 * Method: stderr becomes a pipe that the test reads. For a full queue the pipe is filled first, so
 * that the writer is stuck while lines come in. The calls by which the log gets its thread and syslog
 * are wrapped: they can fail, and are counted.
 */
#include "common/log.h"
#include "common/log_repeats.h"

#include "common/clock.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static bool threads_fail;
static int threads_started;
static int syslogs_open;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*main)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*main)(void *), void *arg);
void __wrap_openlog(const char *name, int option, int facility);
void __wrap_closelog(void);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*main)(void *), void *arg)
{
	if (threads_fail)
		return EAGAIN;
	threads_started++;
	return __real_pthread_create(thread, attributes, main, arg);
}

void __wrap_openlog(const char *name, int option, int facility)
{
	(void)name;
	(void)option;
	(void)facility;
	syslogs_open++;
}

void __wrap_closelog(void)
{
	syslogs_open--;
}

struct capture {
	int saved_stderr;
	int read_fd;
	char text[1 << 20];
	size_t size;
};

static int capture_start(void **state)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int pipe_fds[2];

	if (capture == NULL || pipe2(pipe_fds, O_CLOEXEC) != 0)
		return -1;
	capture->saved_stderr = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
	capture->read_fd = pipe_fds[0];
	*state = capture;
	return 0;
}

static const char *capture_end(struct capture *capture)
{
	ssize_t got;

	dup2(capture->saved_stderr, STDERR_FILENO);
	while ((got = read(capture->read_fd, capture->text + capture->size,
			   sizeof(capture->text) - 1 - capture->size)) > 0)
		capture->size += (size_t)got;
	return capture->text;
}

static int capture_free(void **state)
{
	struct capture *capture = *state;

	dup2(capture->saved_stderr, STDERR_FILENO);
	close(capture->saved_stderr);
	close(capture->read_fd);
	free(capture);
	return 0;
}

static void open_log(size_t queue_bytes)
{
	struct log_config config = {
		.target = LOG_TARGET_STDERR,
		.level = LOG_LEVEL_INFO,
		.queue_bytes = queue_bytes,
	};

	assert_int_equal(log_open(&config), 0);
}

static void lines_keep_their_order_and_level(void **state)
{
	open_log(0);
	log_info("first %d", 1);
	log_error("second");
	log_debug("not at this level");
	log_notice("third");
	log_close();
	assert_string_equal(capture_end(*state), "info first 1\nerror second\nnotice third\n");
}

static void lines_before_open_go_to_stderr_at_once(void **state)
{
	log_warning("early");
	assert_string_equal(capture_end(*state), "warning early\n");
}

static void lines_begin_with_what_erases_a_progress_line(void **state)
{
	const struct log_config config = {
		.target = LOG_TARGET_STDERR,
		.level = LOG_LEVEL_INFO,
		.before = "\r\033[K",
	};

	assert_int_equal(log_open(&config), 0);
	log_info("a");
	log_info("b");
	log_close();
	assert_string_equal(capture_end(*state), "\r\033[Kinfo a\n\r\033[Kinfo b\n");
}

static void control_characters_are_escaped(void **state)
{
	open_log(0);
	log_info("a\nerror forged\x1b[31m\x7f");
	log_close();
	assert_string_equal(capture_end(*state), "info a\\x0aerror forged\\x1b[31m\\x7f\n");
}

static void long_line_is_cut_with_dots(void **state)
{
	char text[3000];
	const char *got;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	open_log(0);
	log_info("%s", text);
	log_close();
	got = capture_end(*state);
	assert_true(strlen(got) < LOG_LINE_MAX + 10);
	assert_non_null(strstr(got, "xxx...\n"));
}

static void repeated_warning_is_written_once_with_a_count(void **state)
{
	open_log(0);
	for (int i = 0; i < 2000; i++)
		log_warning("key is not safe");
	log_info("the same line twice is fine");
	log_info("the same line twice is fine");
	log_close();
	assert_string_equal(capture_end(*state),
			    "warning key is not safe\n"
			    "info the same line twice is fine\n"
			    "info the same line twice is fine\n"
			    "warning repeated 1999 times more: key is not safe\n");
}

static void full_queue_drops_and_counts_without_blocking(void **state)
{
	struct capture *capture = *state;
	uint64_t dropped_before = log_dropped();
	char fill[4096] = {0};
	char expected[64];

	/* The writer gets stuck on a full pipe. */
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	while (write(STDERR_FILENO, fill, sizeof(fill)) > 0)
		;
	fcntl(STDERR_FILENO, F_SETFL, 0);
	open_log(4096);
	for (int i = 0; i < 1000; i++)
		log_info("line %d", i);
	assert_true(log_dropped() > dropped_before);
	while (capture->size < 65536) {
		ssize_t got = read(capture->read_fd, fill, sizeof(fill));

		assert_true(got > 0);
		capture->size += (size_t)got;
	}
	capture->size = 0;
	log_close();
	snprintf(expected, sizeof(expected), "log: %llu lines dropped",
		 (unsigned long long)(log_dropped() - dropped_before));
	assert_non_null(strstr(capture_end(capture), expected));
}

static void no_target_writes_nothing_and_has_no_thread(void **state)
{
	const struct log_config config = {.target = LOG_TARGET_NONE, .level = LOG_LEVEL_INFO};
	uint64_t dropped_before = log_dropped();
	int started_before = threads_started;

	assert_int_equal(log_open(&config), 0);
	log_error("unheard");
	log_close();
	log_error("heard");
	assert_int_equal(threads_started, started_before);
	assert_int_equal(log_dropped(), dropped_before);
	assert_string_equal(capture_end(*state), "error heard\n");
}

static void log_without_a_thread_goes_to_stderr_and_lets_go_of_syslog(void **state)
{
	const struct log_config config = {
		.target = LOG_TARGET_SYSLOG,
		.level = LOG_LEVEL_INFO,
		.name = "test",
		.facility = LOG_MAIL,
	};

	threads_fail = true;
	assert_int_equal(log_open(&config), -EAGAIN);
	threads_fail = false;
	assert_int_equal(syslogs_open, 0);
	log_info("heard");
	log_close();
	assert_int_equal(syslogs_open, 0);
	assert_string_equal(capture_end(*state), "info heard\n");
}

#define TALKER_LINES 1000

static void *talk(void *arg)
{
	_Atomic bool *over = arg;

	for (int i = 0; i < TALKER_LINES; i++)
		log_info("line %d", i);
	*over = true;
	return NULL;
}

/* The last words of a thread that outlives the log by a moment are neither lost nor trouble. */
static void lines_may_come_while_the_log_opens_and_closes(void **state)
{
	_Atomic bool over = false;
	pthread_t talker;
	const char *text;
	int lines = 0;

	assert_int_equal(pthread_create(&talker, NULL, talk, &over), 0);
	while (!over) {
		open_log(0);
		log_close();
	}
	assert_int_equal(pthread_join(talker, NULL), 0);
	text = capture_end(*state);
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	assert_int_equal(lines, TALKER_LINES);
}

static void repeat_after_its_time_is_written_again(void **state)
{
	struct log_repeats *repeats = calloc(1, sizeof(*repeats));
	struct log_repeat evicted;
	struct log_repeat due;
	int64_t later_ns = LOG_REPEAT_S * NS_PER_S;

	(void)state;
	assert_non_null(repeats);
	assert_false(log_repeats_seen(repeats, LOG_LEVEL_WARNING, "w", 0, &evicted));
	assert_true(log_repeats_seen(repeats, LOG_LEVEL_WARNING, "w", later_ns - 1, &evicted));
	assert_false(log_repeats_take_due(repeats, later_ns - 1, &due));
	assert_true(log_repeats_take_due(repeats, later_ns, &due));
	assert_int_equal(due.suppressed, 1);
	assert_false(log_repeats_seen(repeats, LOG_LEVEL_WARNING, "w", later_ns, &evicted));
	free(repeats);
}

static void repeat_that_makes_place_tells_its_count(void **state)
{
	struct log_repeats *repeats = calloc(1, sizeof(*repeats));
	struct log_repeat evicted;
	char text[16];

	(void)state;
	assert_non_null(repeats);
	assert_false(log_repeats_seen(repeats, LOG_LEVEL_ERROR, "old", 0, &evicted));
	assert_true(log_repeats_seen(repeats, LOG_LEVEL_ERROR, "old", 1, &evicted));
	for (int i = 1; i < LOG_REPEATS_SLOTS; i++) {
		snprintf(text, sizeof(text), "w%d", i);
		assert_false(log_repeats_seen(repeats, LOG_LEVEL_ERROR, text, 1 + i, &evicted));
		assert_string_equal(evicted.text, "");
	}
	assert_false(log_repeats_seen(repeats, LOG_LEVEL_ERROR, "new", 99, &evicted));
	assert_string_equal(evicted.text, "old");
	assert_int_equal(evicted.suppressed, 1);
	free(repeats);
}

#define WITH_CAPTURE(function)                                                                     \
	cmocka_unit_test_setup_teardown(function, capture_start, capture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CAPTURE(lines_keep_their_order_and_level),
		WITH_CAPTURE(lines_before_open_go_to_stderr_at_once),
		WITH_CAPTURE(lines_begin_with_what_erases_a_progress_line),
		WITH_CAPTURE(control_characters_are_escaped),
		WITH_CAPTURE(long_line_is_cut_with_dots),
		WITH_CAPTURE(repeated_warning_is_written_once_with_a_count),
		WITH_CAPTURE(full_queue_drops_and_counts_without_blocking),
		WITH_CAPTURE(no_target_writes_nothing_and_has_no_thread),
		WITH_CAPTURE(log_without_a_thread_goes_to_stderr_and_lets_go_of_syslog),
		WITH_CAPTURE(lines_may_come_while_the_log_opens_and_closes),
		cmocka_unit_test(repeat_after_its_time_is_written_again),
		cmocka_unit_test(repeat_that_makes_place_tells_its_count),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
