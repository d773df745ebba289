/*
 * Goal:   out/ never has more than it may, and is not counted more often than that takes.
 * Method: units are taken one by one, and the counts of out/ are counted.
 */
#include "signer/spool/spool_limits.h"

#include "common/clock.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <dirent.h>
#include <stdio.h>

DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
static unsigned count_of_counts;

DIR *__wrap_fdopendir(int fd)
{
	count_of_counts++;
	return __real_fdopendir(fd);
}

struct bench {
	struct spool_fixture fixture;
	struct spool_dir dir;
	struct spool_limits limits;
	_Atomic unsigned at_work;
	int64_t now_ns;
};

static void open_bench(struct bench *bench, const char *name, const char *value)
{
	const char *const options[] = {name, value, NULL};
	struct buffer why = {0};

	spool_fixture_open(&bench->fixture, options);
	assert_int_equal(spool_dir_open(bench->fixture.spool, 0, &bench->dir, &why), 0);
	spool_limits_init(&bench->limits, &bench->dir, bench->fixture.spool,
			  bench->fixture.context->config, &bench->at_work);
	bench->now_ns = clock_monotonic_ns();
	count_of_counts = 0;
	buffer_deinit(&why);
}

static void close_bench(struct bench *bench)
{
	spool_limits_deinit(&bench->limits);
	spool_dir_close(&bench->dir);
	spool_fixture_close(&bench->fixture);
}

static void put_out(struct bench *bench, unsigned count)
{
	char path[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "out/%u", i);
		spool_fixture_put_text(&bench->fixture, path, "x");
	}
}

/* How many may be taken until the answer is another one. */
static unsigned take_all(struct bench *bench, unsigned at_work,
			 enum spool_limits_answer *answer_out)
{
	unsigned count = 0;

	for (bench->at_work = at_work + 1; count < 5000; count++, bench->at_work++) {
		*answer_out = spool_limits_take(&bench->limits, bench->now_ns);
		if (*answer_out != SPOOL_LIMITS_TAKE)
			break;
	}
	return count;
}

static void no_more_are_taken_than_out_has_room_for(void **state)
{
	enum spool_limits_answer answer;
	struct bench bench;

	(void)state;
	open_bench(&bench, "SpoolMaxOut", "1000");
	put_out(&bench, 100);
	assert_int_equal(take_all(&bench, 30, &answer), 870);
	assert_int_equal(answer, SPOOL_LIMITS_WAIT);
	assert_int_equal(count_of_counts, 1);
	/* It was counted just now, so it is not again. */
	assert_int_equal(take_all(&bench, 900, &answer), 0);
	assert_int_equal(count_of_counts, 1);
	/* What was at work has come to nothing, and one that was taken was not there. */
	bench.now_ns += 60 * NS_PER_S;
	assert_int_equal(take_all(&bench, 0, &answer), 900);
	spool_limits_give_back(&bench.limits);
	assert_int_equal(take_all(&bench, 900, &answer), 1);
	/* It is all there. */
	put_out(&bench, 1000);
	bench.now_ns += 60 * NS_PER_S;
	assert_int_equal(take_all(&bench, 0, &answer), 0);
	assert_int_equal(answer, SPOOL_LIMITS_SHORT);
	close_bench(&bench);
}

static void without_a_limit_out_is_not_counted(void **state)
{
	enum spool_limits_answer answer;
	struct bench bench;

	(void)state;
	open_bench(&bench, "SpoolMaxOut", "0");
	assert_int_equal(take_all(&bench, 0, &answer), 5000);
	assert_int_equal(count_of_counts, 0);
	close_bench(&bench);
}

static void space_is_asked_for_now_and_then(void **state)
{
	enum spool_limits_answer answer;
	struct bench bench;

	(void)state;
	open_bench(&bench, "SpoolMinFree", "1000000000000000");
	assert_int_equal(take_all(&bench, 0, &answer), 0);
	assert_int_equal(answer, SPOOL_LIMITS_SHORT);
	bench.limits.free_bytes_min = 0; /* as if somebody had tidied up */
	assert_int_equal(take_all(&bench, 0, &answer), 0);
	bench.now_ns += NS_PER_S;
	assert_int_equal(take_all(&bench, 0, &answer), 5000);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_are_taken_than_out_has_room_for),
		cmocka_unit_test(without_a_limit_out_is_not_counted),
		cmocka_unit_test(space_is_asked_for_now_and_then),
	};

	return cmocka_run_group_tests_name("spool_limits", tests, NULL, NULL);
}
