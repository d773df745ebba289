/*
 * Goal:   what comes out of the engine is always OpenSSL's signature, whatever the lanes do: which jobs they
 *         get, and whether they come out wrong.
 * Method: all numbers of signatures and all sizes, on both back-ends; faults in single lanes; allocations that
 *         fail. What the engine learns is told to it by lane_stage.h.
 */
#include "signer/keys/sign_engine_lanes.h"

#include "common/clock.h"
#include "signer/keys/evp_lane_key.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/lane_samples.h"
#include "tests/unit/lane_stage.h"
#include "tests/unit/memory_lock.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#define KEYS_MAX 64

static struct lane_sample_set samples;

static void *new_worker(const struct lanes_engine *engine)
{
	const struct sign_engine *as_engine = lanes_engine_as_engine(engine);
	void *worker;

	assert_int_equal(as_engine->worker_new(as_engine, &worker), 0);
	return worker;
}

static void close_engine(struct lanes_engine *engine, void *worker)
{
	lanes_engine_as_engine(engine)->worker_free(worker);
	lanes_engine_free(engine);
}

/* Up to eight jobs of one kind, and whose they are. */
struct group {
	struct sign_job jobs[SIGN_GROUP_MAX];
	struct sign_job *pointers[SIGN_GROUP_MAX];
	const struct lane_sample *keys[SIGN_GROUP_MAX];
};

static void group_set(struct group *group, size_t at, enum sign_task_kind kind,
		      const struct lane_sample *key)
{
	struct sign_job *job = &group->jobs[at];

	memset(job, 0xee, sizeof(*job));
	job->task.kind = kind;
	job->key = key->key;
	assert_int_equal(RAND_bytes(job->digest, DIGEST_SIZE), 1);
	group->keys[at] = key;
	group->pointers[at] = job;
}

static void sign_group(const struct lanes_engine *engine, void *worker, struct group *group,
		       size_t count)
{
	lanes_engine_as_engine(engine)->sign(worker, group->pointers, count);
}

/* How many batches it took; each signature is OpenSSL's. */
static unsigned sign_right(const struct lanes_engine *engine, void *worker, struct group *group,
			   size_t count)
{
	unsigned before = atomic_load(&lane_stage.batches);

	sign_group(engine, worker, group, count);
	for (size_t i = 0; i < count; i++)
		lane_sample_assert_signed(group->keys[i], &group->jobs[i]);
	return atomic_load(&lane_stage.batches) - before;
}

/* The keys of a size in turn, from `first` on. */
static void group_fill(struct group *group, unsigned size, unsigned first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		group_set(group, i, sign_task_kind_of_bits(1024 * (size + 1)),
			  &samples.rsa[size][(first + i) % LANE_SAMPLE_KEYS]);
}

static void check_signatures(const struct rsa_lanes *real, unsigned size, unsigned rounds)
{
	struct lanes_engine *engine = lane_stage_engine_new(real, KEYS_MAX, 2, size + 1);
	void *worker = new_worker(engine);
	struct group group;

	for (unsigned round = 0; round < rounds; round++) {
		size_t count = SIGN_GROUP_MAX - round % SIGN_GROUP_MAX;

		group_fill(&group, size, round * 3, count);
		assert_int_equal(sign_right(engine, worker, &group, count), count >= 2);
		if (count >= 2)
			assert_int_equal(atomic_load(&lane_stage.lanes_filled), count);
	}
	assert_int_equal(lanes_engine_faults(engine), 0);
	close_engine(engine, worker);
}

static void portable_signatures_are_those_of_openssl(void **state)
{
	(void)state;
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size += stride_of(2 * LANE_SAMPLE_SIZES))
		check_signatures(&rsa_lanes_portable, size, SIGN_GROUP_MAX / stride_of(4));
}

static void fast_signatures_are_those_of_openssl(void **state)
{
	(void)state;
	if (lane_stage_skips_without_fast())
		skip();
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		check_signatures(rsa_lanes_fast(), size, rounds_of(64 >> size) + SIGN_GROUP_MAX);
}

static void group_below_the_minimum_is_openssl_s(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 3, 1);
	void *worker = new_worker(engine);
	struct group group;

	(void)state;
	group_fill(&group, 0, 0, 4);
	assert_int_equal(sign_right(engine, worker, &group, 1), 0);
	assert_int_equal(sign_right(engine, worker, &group, 2), 0);
	assert_int_equal(sign_right(engine, worker, &group, 3), 1);
	assert_int_equal(sign_right(engine, worker, &group, 4), 1);
	close_engine(engine, worker);
}

static void what_lanes_never_sign_is_openssl_s(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 2, 1);
	void *worker = new_worker(engine);
	struct group group;

	(void)state;
	assert_int_equal(sign_engine_group_min(lanes_engine_as_engine(engine), SIGN_TASK_LOAD_KEY),
			 0);
	assert_int_equal(sign_engine_group_min(lanes_engine_as_engine(engine), SIGN_TASK_ED25519),
			 0);
	assert_int_equal(sign_engine_group_min(lanes_engine_as_engine(engine), SIGN_TASK_RSA_OTHER),
			 0);
	for (size_t i = 0; i < 8; i++)
		group_set(&group, i, SIGN_TASK_ED25519, &samples.ed25519);
	assert_int_equal(sign_right(engine, worker, &group, 8), 0);
	for (size_t i = 0; i < 8; i++)
		group_set(&group, i, SIGN_TASK_RSA_OTHER, &samples.other);
	assert_int_equal(sign_right(engine, worker, &group, 8), 0);
	close_engine(engine, worker);
}

static void lanes_that_are_too_few_are_openssl_s(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, 2, 3, 1);
	void *worker = new_worker(engine);
	struct group group;

	(void)state;
	group_fill(&group, 0, 0, 4); /* two of four find a place */
	assert_int_equal(sign_right(engine, worker, &group, 4), 0);
	/* They came back: others find one. */
	for (size_t i = 0; i < 4; i++)
		group_set(&group, i, SIGN_TASK_RSA_1024, &samples.rsa[0][i % 2 + 2]);
	assert_int_equal(sign_right(engine, worker, &group, 4), 1);
	assert_int_equal(atomic_load(&lane_stage.lanes_filled), 4);
	assert_int_equal(lanes_engine_faults(engine), 0);
	close_engine(engine, worker);
}

/* An engine keeps keys, but that is no use: what was removed or replaced can be let go of. */
static void key_that_is_only_in_the_engine_is_not_used(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 3, 1);
	void *worker = new_worker(engine);
	struct lane_sample sample;
	struct group group;
	struct key *key;

	(void)state;
	lane_sample_init_rsa(&sample, 1024, LANE_SAMPLE_KEYS);
	for (size_t i = 0; i < 3; i++)
		group_set(&group, i, SIGN_TASK_RSA_1024, &sample);
	assert_int_equal(sign_right(engine, worker, &group, 3), 1);
	assert_int_equal(sign_right(engine, worker, &group, 1), 0);
	key = key_keep(sample.key);
	assert_true(key_is_used(key));
	lane_sample_deinit(&sample);
	assert_false(key_is_used(key));
	lanes_engine_sweep(engine);
	key_let_go(key);
	close_engine(engine, worker);
}

static void keys_that_find_no_place_are_openssl_s(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, 2, 2, 1);
	void *worker = new_worker(engine);
	struct group group;

	(void)state;
	group_fill(&group, 0, 0, 8); /* five keys, three of them twice */
	assert_int_equal(sign_right(engine, worker, &group, 8), 1);
	assert_int_equal(atomic_load(&lane_stage.lanes_filled), 4);
	for (size_t i = 0; i < 8; i++)
		group_set(&group, i, SIGN_TASK_RSA_1024, &samples.rsa[0][3]);
	assert_int_equal(sign_right(engine, worker, &group, 8), 1);
	assert_int_equal(atomic_load(&lane_stage.lanes_filled), 8);
	close_engine(engine, worker);
}

static void assert_fault_notice(struct lanes_engine *engine)
{
	char text[LANES_ENGINE_NOTICE_SIZE];

	assert_true(lanes_engine_take_notice(engine, text));
	assert_string_equal(text,
			    "an RSA signature came out wrong and was made again (1 so far): the "
			    "CPU or its memory may be failing");
}

/* Nothing more is said, but that memory is not locked where that is so. */
static void assert_no_fault_notice(struct lanes_engine *engine)
{
	char text[LANES_ENGINE_NOTICE_SIZE];

	while (lanes_engine_take_notice(engine, text))
		assert_null(strstr(text, "came out wrong"));
}

/* A faulty signature made by the CRT reveals the key (Boneh, DeMillo, Lipton). */
static void check_fault(const struct rsa_lanes *real, int bad_lane, size_t offset)
{
	struct lanes_engine *engine = lane_stage_engine_new(real, KEYS_MAX, 2, 1);
	void *worker = new_worker(engine);
	struct group group;

	assert_no_fault_notice(engine);
	for (size_t i = 0; i < 8; i++) /* its key is in no other lane */
		group_set(&group, i, SIGN_TASK_RSA_1024, &samples.rsa[0][(int)i == bad_lane]);
	lane_stage.bad_lane = bad_lane;
	lane_stage.fault_offset = offset;
	assert_int_equal(sign_right(engine, worker, &group, 8), 1);
	assert_int_equal(lanes_engine_faults(engine), 1);
	assert_fault_notice(engine);
	/* Its key gets no lane any more; the others are good. */
	lane_stage.bad_lane = -1;
	assert_int_equal(sign_right(engine, worker, &group, 8), 1);
	assert_int_equal(atomic_load(&lane_stage.lanes_filled), 7);
	assert_int_equal(lanes_engine_faults(engine), 1);
	assert_no_fault_notice(engine);
	close_engine(engine, worker);
}

static void signature_that_lanes_call_wrong_is_made_again(void **state)
{
	(void)state;
	for (int lane = 0; lane < 8; lane += (int)stride_of(4))
		check_fault(&rsa_lanes_portable, lane, 0);
}

/* One bit of each number, and of both exponents. */
static void check_key_faults(const struct rsa_lanes *real, unsigned stride)
{
	struct rsa_lane_key *key = malloc(rsa_lane_key_size(1024));
	const uint8_t *start = (const uint8_t *)key;
	size_t windows;

	assert_non_null(key);
	assert_int_equal(evp_lane_key_set(key, samples.rsa[0][0].evp), 0);
	windows = (size_t)(rsa_lane_key_windows(key) - start);
	for (unsigned number = 0; number < RSA_LANE_NUMBER_COUNT; number += stride) {
		const uint64_t *digits = rsa_lane_key_digits(key, (enum rsa_lane_number)number);

		check_fault(real, (int)number, (size_t)((const uint8_t *)digits - start));
	}
	check_fault(real, 6, windows);
	check_fault(real, 7, windows + 2 * (size_t)key->window_count - 2);
	free(key);
}

static void signature_of_a_key_damaged_in_memory_is_made_again(void **state)
{
	(void)state;
	check_key_faults(&rsa_lanes_portable, stride_of(3));
	if (rsa_lanes_fast() != NULL)
		check_key_faults(rsa_lanes_fast(), 1);
}

static void faults_are_counted_and_told_once(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 2, 1);
	void *worker = new_worker(engine);
	struct group group;

	(void)state;
	lane_stage.bad_lane = 0;
	for (unsigned i = 0; i < 3; i++) {
		group_fill(&group, 0, i,
			   2); /* the first of two is wrong, and its key is given up */
		assert_int_equal(sign_right(engine, worker, &group, 2), 1);
		assert_int_equal(lanes_engine_faults(engine), i + 1);
		if (i == 0)
			assert_fault_notice(engine);
		assert_no_fault_notice(engine);
	}
	close_engine(engine, worker);
}

/* The notices of faults after each fault, for eleven of them. */
static void faults_are_told_of_again_when_there_are_tenfold(void **state)
{
	/* So few places that a key that was given up has lost its own when its turn comes again. */
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, 2, 2, 1);
	void *worker = new_worker(engine);
	char text[LANES_ENGINE_NOTICE_SIZE];
	struct group group;
	unsigned told = 0;

	(void)state;
	lane_stage.bad_lane = 0;
	for (unsigned i = 0; lanes_engine_faults(engine) < 11; i++) {
		uint64_t before = lanes_engine_faults(engine);

		assert_true(i < 100);
		group_fill(&group, 0, i, 2);
		(void)sign_right(engine, worker, &group, 2);
		while (lanes_engine_take_notice(engine, text)) {
			if (strstr(text, "came out wrong") == NULL)
				continue;
			told++;
			assert_int_equal(before, told == 1 ? 0 : 9);
			assert_non_null(strstr(text, told == 1 ? "(1 so far)" : "(10 so far)"));
		}
	}
	assert_int_equal(told, 2);
	close_engine(engine, worker);
}

/* Two workers, under that limit. Returns what the engine has to say first; "": nothing. */
static const char *first_notice_under(size_t limit)
{
	static char text[LANES_ENGINE_NOTICE_SIZE];
	struct lanes_engine *engine;
	void *workers[2];

	if (!memory_lock_limit(limit) ||
	    lanes_engine_new(lane_stage_on(&rsa_lanes_portable), 100, &engine) != 0)
		return "?";
	for (size_t i = 0; i < 2; i++)
		workers[i] = new_worker(engine);
	lanes_engine_lock_keys(engine);
	if (!lanes_engine_take_notice(engine, text))
		text[0] = '\0';
	lanes_engine_as_engine(engine)->worker_free(workers[0]);
	close_engine(engine, workers[1]);
	return text;
}

static int without_locked_memory(void)
{
	return strcmp(first_notice_under(0),
		      "2 threads sign with keys in memory that may be swapped to disk: raise the "
		      "limit of locked memory (LimitMEMLOCK=, ulimit -l)");
}

static int with_locked_memory_for_the_workers(void)
{
	return strncmp(first_notice_under((size_t)448 << 10),
		       "100 of the 100 keys of LaneCacheSize", 36);
}

static int with_locked_memory_for_all(void)
{
	return strcmp(first_notice_under((size_t)4 << 20), "");
}

static void memory_that_is_not_locked_is_told_and_workers_come_first(void **state)
{
	(void)state;
	assert_true(memory_lock_child(without_locked_memory));
	assert_true(memory_lock_child(with_locked_memory_for_the_workers));
	assert_true(memory_lock_child(with_locked_memory_for_all));
}

static void before_it_has_learnt_openssl_signs(void **state)
{
	struct lanes_engine *engine;
	struct group group;
	void *worker;

	(void)state;
	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	worker = new_worker(engine);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size += stride_of(LANE_SAMPLE_SIZES)) {
		assert_int_equal(lane_stage_group_min(engine, size), 0);
		group_fill(&group, size, 0, 8);
		assert_int_equal(sign_right(engine, worker, &group, 8), 0);
	}
	close_engine(engine, worker);
}

/* Whether it is done with. */
static bool learn(const struct lanes_engine *engine, void *worker, unsigned size)
{
	return lanes_engine_as_engine(engine)->learn(worker,
						     sign_task_kind_of_bits(1024 * (size + 1)));
}

/* What is learnt of each size when lanes are as fast as that. */
static void check_learning(const unsigned group_min[LANE_SAMPLE_SIZES])
{
	struct lanes_engine *engine;
	unsigned trials;
	void *worker;

	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	worker = new_worker(engine);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		lane_stage.trial_ns[size] = lane_stage_trial_ns(group_min[size]);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++) {
		assert_int_equal(lane_stage_group_min(engine, size), 0);
		assert_true(learn(engine, worker, size));
		assert_int_equal(lane_stage_group_min(engine, size), group_min[size]);
	}
	trials = atomic_load(&lane_stage.trials);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		assert_true(learn(engine, worker, size));
	assert_true(lanes_engine_as_engine(engine)->learn(worker, SIGN_TASK_ED25519));
	assert_true(lanes_engine_as_engine(engine)->learn(worker, SIGN_TASK_RSA_OTHER));
	assert_int_equal(atomic_load(&lane_stage.trials), trials);
	assert_int_equal(atomic_load(&lane_stage.batches), 0);
	close_engine(engine, worker);
}

static void engine_learns_each_size_once(void **state)
{
	static const unsigned rows[][LANE_SAMPLE_SIZES] = {
		{2, 2, 2, 2}, {3, 4, 5, 6}, {8, 7, 0, 2}, {0, 0, 0, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i += stride_of(3))
		check_learning(rows[i]);
}

static void engine_may_learn_all_at_once(void **state)
{
	struct lanes_engine *engine;

	(void)state;
	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		lane_stage.trial_ns[size] = lane_stage_trial_ns(size + 3);
	assert_int_equal(lanes_engine_learn(engine), 0);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		assert_int_equal(lane_stage_group_min(engine, size), size + 3);
	lanes_engine_free(engine);
}

static void slow_lanes_are_not_used(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 0, 1);
	void *worker = new_worker(engine);
	struct group group;

	(void)state;
	group_fill(&group, 0, 0, 8);
	assert_int_equal(sign_right(engine, worker, &group, 8), 0);
	close_engine(engine, worker);
}

static void without_pages_there_is_no_engine_and_no_worker(void **state)
{
	struct lanes_engine *engine;
	struct lanes_engine *good = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 2, 1);
	const struct sign_engine *as_engine = lanes_engine_as_engine(good);
	void *worker;

	(void)state;
	atomic_store(&lane_stage.no_pages, true);
	assert_int_equal(lanes_engine_new(&rsa_lanes_portable, KEYS_MAX, &engine), -ENOMEM);
	assert_int_equal(as_engine->worker_new(as_engine, &worker), -ENOMEM);
	assert_int_equal(lanes_engine_learn(good), -ENOMEM);
	atomic_store(&lane_stage.no_pages, false);
	lanes_engine_free(good);
}

/* Where every other was disturbed, lanes would seem to be slow for the life of a daemon. */
static void check_disturbed_trial(unsigned slow_trials, unsigned group_min, unsigned trials)
{
	struct lanes_engine *engine;
	void *worker;

	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	worker = new_worker(engine);
	lane_stage.trial_ns[0] = lane_stage_trial_ns(group_min);
	lane_stage.slow_trials = slow_trials;
	assert_true(learn(engine, worker, 0));
	assert_int_equal(lane_stage_group_min(engine, 0), group_min);
	assert_int_equal(atomic_load(&lane_stage.trials), trials);
	close_engine(engine, worker);
}

static void doubtful_trial_is_repeated_once(void **state)
{
	(void)state;
	check_disturbed_trial(0, 3, 3);
	check_disturbed_trial(2, 3, 3);
	check_disturbed_trial(3, 3, 4);
	check_disturbed_trial(5, 3, 6);
	check_disturbed_trial(0, 8, 6);
	check_disturbed_trial(0, 0, 6);
}

static void what_was_learnt_is_told_once(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 3, 2);
	void *worker = new_worker(engine);
	char text[LANES_ENGINE_NOTICE_SIZE];

	(void)state;
	assert_true(lanes_engine_take_news(engine, text));
	assert_string_equal(text, "RSA-1024: in lanes from 3 signatures on, fewer by OpenSSL");
	assert_true(lanes_engine_take_news(engine, text));
	assert_string_equal(text, "RSA-2048: in lanes from 3 signatures on, fewer by OpenSSL");
	assert_false(lanes_engine_take_news(engine, text));
	lane_stage.trial_ns[2] = lane_stage_trial_ns(0);
	assert_true(learn(engine, worker, 2));
	assert_true(lanes_engine_take_news(engine, text));
	assert_string_equal(text, "RSA-3072: by OpenSSL, which is faster here");
	assert_false(lanes_engine_take_news(engine, text));
	close_engine(engine, worker);
}

/* A size that cannot be tried now stays OpenSSL's for a while, and others are tried. */
static void trial_without_pages_is_made_again_later(void **state)
{
	struct lanes_engine *engine;
	char text[LANES_ENGINE_NOTICE_SIZE];
	void *other;
	void *worker;

	(void)state;
	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	worker = new_worker(engine);
	other = new_worker(engine);
	atomic_store(&lane_stage.no_pages, true);
	assert_false(learn(engine, worker, 0));
	atomic_store(&lane_stage.no_pages, false);
	assert_true(learn(engine, worker, 1));
	assert_true(learn(engine, other, 0)); /* it is the first worker's */
	lane_stage_wait(NS_PER_S / 2);
	assert_false(learn(engine, worker, 0));
	assert_int_equal(lane_stage_group_min(engine, 0), 0);
	assert_int_equal(lane_stage_group_min(engine, 1), 2);
	lane_stage_wait(NS_PER_S / 2);
	assert_true(learn(engine, worker, 0));
	assert_int_equal(lane_stage_group_min(engine, 0), 2);
	assert_true(lanes_engine_take_news(engine, text));
	assert_string_equal(text, "RSA-1024: in lanes from 2 signatures on, fewer by OpenSSL");
	lanes_engine_as_engine(engine)->worker_free(other);
	close_engine(engine, worker);
}

/* Whether the engine says so now. */
static bool says(struct lanes_engine *engine, const char *what)
{
	char text[LANES_ENGINE_NOTICE_SIZE];
	bool has_said = false;

	while (lanes_engine_take_notice(engine, text))
		has_said = has_said || strcmp(text, what) == 0;
	return has_said;
}

static void size_that_cannot_be_tried_is_given_up_and_told(void **state)
{
	static const char what[] =
		"RSA-1024: by OpenSSL, because there was no memory to try the lanes";
	struct lanes_engine *engine;
	void *worker;

	(void)state;
	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	worker = new_worker(engine);
	atomic_store(&lane_stage.no_pages, true);
	for (unsigned i = 0; i < 9; i++) {
		assert_false(learn(engine, worker, 0));
		lane_stage_wait(NS_PER_S << i);
	}
	assert_false(says(engine, what));
	assert_true(learn(engine, worker, 0));
	assert_true(says(engine, what));
	assert_false(says(engine, what));
	atomic_store(&lane_stage.no_pages, false);
	assert_int_equal(lane_stage_group_min(engine, 0), 0);
	close_engine(engine, worker);
}

static void finish_group(struct group *group, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int error = group->jobs[i].error;

		assert_true(error == 0 || error == -ENOMEM || error == SIGN_JOB_E_FAILED);
		if (error == 0)
			lane_sample_assert_signed(group->keys[i], &group->jobs[i]);
	}
}

/* An engine, a worker, a trial and a group; the nth allocation fails. Returns whether there was one. */
static bool run_without_memory(size_t nth)
{
	const struct rsa_lanes *lanes = lane_stage_on(&rsa_lanes_portable);
	struct lanes_engine *engine = NULL;
	void *worker = NULL;
	struct group group;
	bool has_failed;
	int r;

	group_fill(&group, 0, 0, 3);
	failing_memory_arm(nth);
	r = lanes_engine_new(lanes, KEYS_MAX, &engine);
	if (r == 0)
		r = lanes_engine_as_engine(engine)->worker_new(lanes_engine_as_engine(engine),
							       &worker);
	if (r == 0) {
		(void)learn(engine, worker, 0);
		sign_group(engine, worker, &group, 3);
	}
	has_failed = failing_memory_disarm();
	assert_true(r == 0 || (has_failed && r == -ENOMEM));
	if (r == 0) {
		finish_group(&group, 3);
		/* As if nothing had been: no key is lost to somebody. */
		assert_int_equal(lanes_engine_faults(engine), 0);
		(void)sign_right(engine, worker, &group, 3);
	}
	if (worker != NULL)
		lanes_engine_as_engine(engine)->worker_free(worker);
	lanes_engine_free(engine);
	return has_failed;
}

static void every_allocation_may_fail(void **state)
{
	size_t nth = 1;

	(void)state;
	while (run_without_memory(nth))
		nth += stride_of(20);
	assert_true(nth > 4);
}

static int set_up_group(void **state)
{
	(void)state;
	lane_sample_set_init(&samples);
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	lane_sample_set_deinit(&samples);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portable_signatures_are_those_of_openssl),
		cmocka_unit_test(fast_signatures_are_those_of_openssl),
		cmocka_unit_test(group_below_the_minimum_is_openssl_s),
		cmocka_unit_test(what_lanes_never_sign_is_openssl_s),
		cmocka_unit_test(lanes_that_are_too_few_are_openssl_s),
		cmocka_unit_test(key_that_is_only_in_the_engine_is_not_used),
		cmocka_unit_test(keys_that_find_no_place_are_openssl_s),
		cmocka_unit_test(signature_that_lanes_call_wrong_is_made_again),
		cmocka_unit_test(signature_of_a_key_damaged_in_memory_is_made_again),
		cmocka_unit_test(faults_are_counted_and_told_once),
		cmocka_unit_test(faults_are_told_of_again_when_there_are_tenfold),
		cmocka_unit_test(memory_that_is_not_locked_is_told_and_workers_come_first),
		cmocka_unit_test(before_it_has_learnt_openssl_signs),
		cmocka_unit_test(engine_learns_each_size_once),
		cmocka_unit_test(engine_may_learn_all_at_once),
		cmocka_unit_test(slow_lanes_are_not_used),
		cmocka_unit_test(without_pages_there_is_no_engine_and_no_worker),
		cmocka_unit_test(doubtful_trial_is_repeated_once),
		cmocka_unit_test(what_was_learnt_is_told_once),
		cmocka_unit_test(trial_without_pages_is_made_again_later),
		cmocka_unit_test(size_that_cannot_be_tried_is_given_up_and_told),
		cmocka_unit_test(every_allocation_may_fail),
	};

	failing_memory_hook_openssl();
	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
