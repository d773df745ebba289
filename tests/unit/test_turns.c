/*
 * Goal:   contenders take turns, and what they reached is computed right.
 * Method: contenders that write down when they ran, and measure what they are told.
 */
#include "tests/unit/unit_test.h"

#include "bench/turns.h"

#include <errno.h>
#include <stdio.h>

struct player {
	char letter;
	char *diary;
	double rate;
	int result;
};

static int play(void *arg, struct measure *measure_out, struct failure *failure)
{
	struct player *player = arg;
	size_t size = strlen(player->diary);

	player->diary[size] = player->letter;
	if (player->result != 0)
		return failure_set(failure, player->result, "%c", player->letter);
	*measure_out = (struct measure){
		.seconds = 2,
		.work = (uint64_t)(2 * player->rate),
		.user_s = 0.5,
		.system_s = 0.25,
		.peak_rss_bytes = (uint64_t)player->rate,
	};
	player->rate += 10;
	return 0;
}

static struct contender contender_of(struct player *player)
{
	return (struct contender){
		.id = "x", .title = "x", .work = "x", .includes = "x", .run = play, .arg = player};
}

static int run(struct player *players, struct contender *contenders, unsigned rounds,
	       struct failure *failure)
{
	struct status_line status;

	status_line_init(&status, rounds);
	for (size_t i = 0; i < 3; i++)
		contenders[i] = contender_of(&players[i]);
	return turns_run(contenders, 3, rounds, &status, failure);
}

static void test_contenders_alternate_and_so_does_the_order(void **state)
{
	char diary[16] = "";
	struct player players[] = {
		{'a', diary, 100, 0}, {'b', diary, 50, 0}, {'c', diary, 100, BENCH_E_SKIPPED}};
	struct contender contenders[3];
	struct failure failure;

	(void)state;
	assert_int_equal(run(players, contenders, 3, &failure), 0);
	assert_string_equal(diary, "abcbaab");
	assert_false(contender_was_skipped(&contenders[0]));
	assert_true(contender_was_skipped(&contenders[2]));
	assert_string_equal(contenders[2].skipped.text, "c");
	assert_ptr_equal(contender_best(contenders, 3), &contenders[0]);
	assert_ptr_equal(contender_best(contenders + 1, 2), &contenders[1]);
	assert_null(contender_best(contenders + 2, 1));
}

static void test_turn_in_some_rounds_only(void **state)
{
	char diary[32] = "";
	struct player players[] = {{'a', diary, 1, 0}, {'b', diary, 1, 0}, {'c', diary, 1, 0}};
	struct contender contenders[3];
	struct status_line status;
	struct failure failure;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		contenders[i] = contender_of(&players[i]);
	contenders[1].every = 3;
	status_line_init(&status, 1);
	assert_int_equal(turns_run(contenders, 3, 4, &status, &failure), 0);
	assert_string_equal(diary, "abc"
				   "ca"
				   "ac"
				   "cba");
	assert_int_equal(contenders[1].count, 2);
	assert_int_equal(turns_count(contenders, 3, 4), strlen(diary));
	assert_int_equal(turns_count(contenders, 3, 3), 7);
}

static void test_ratio_is_taken_where_both_had_a_turn(void **state)
{
	struct contender a = {.count = 3};
	struct contender b = {.count = 3};
	struct samples ratio;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		a.measures[i] = (struct measure){.seconds = 1, .work = 10 + i, .round = i};
		b.measures[i] = (struct measure){.seconds = 2, .work = 4 + i, .round = 2 * i};
	}
	b.measures[0].work = 0;
	contenders_ratio(&a, &b, &ratio);
	assert_int_equal(ratio.count, 2);
	assert_float_equal(ratio.values[0], 0, 1e-3); /* there is no ratio to nothing */
	assert_float_equal(ratio.values[1], 12 / 2.5, 1e-3);
	contenders_ratio(&b, &a, &ratio);
	assert_int_equal(ratio.count, 2);
	assert_float_equal(ratio.values[1], 2.5 / 12, 1e-3);
}

static void test_error_ends_the_run(void **state)
{
	char diary[16] = "";
	struct player players[] = {
		{'a', diary, 100, 0}, {'b', diary, 50, -ENOSPC}, {'c', diary, 100, 0}};
	struct contender contenders[3];
	struct failure failure;

	(void)state;
	assert_int_equal(run(players, contenders, 3, &failure), -ENOSPC);
	assert_string_equal(diary, "ab");
	assert_string_equal(failure.text, "b: No space left on device");
}

static void test_figures_are_medians_per_piece_of_work(void **state)
{
	char diary[16] = "";
	struct player players[] = {{'a', diary, 100, 0}, {'b', diary, 50, 0}, {'c', diary, 100, 0}};
	struct contender contenders[3];
	struct failure failure;
	struct samples cpu_us;

	(void)state;
	assert_int_equal(run(players, contenders, 3, &failure), 0);
	/* 100, 110 and 120 a second, each for two seconds. */
	assert_float_equal(contender_rate(&contenders[0]), 110, 1e-3);
	assert_float_equal(contender_user_us(&contenders[0]), 0.5e6 / 220, 1e-2);
	assert_float_equal(contender_system_us(&contenders[0]), 0.25e6 / 220, 1e-2);
	contender_cpu_us(&contenders[0], &cpu_us);
	assert_float_equal(samples_median(&cpu_us), 0.75e6 / 220, 1e-2);
	assert_int_equal(contender_peak_rss(&contenders[0]), 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contenders_alternate_and_so_does_the_order),
		cmocka_unit_test(test_turn_in_some_rounds_only),
		cmocka_unit_test(test_ratio_is_taken_where_both_had_a_turn),
		cmocka_unit_test(test_error_ends_the_run),
		cmocka_unit_test(test_figures_are_medians_per_piece_of_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
