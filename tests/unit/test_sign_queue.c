/*
 * Goal:   jobs of one kind keep their order, kinds take turns, and a group is as large as engine and
 *         workers want it.
 * Method: small queues by hand; then random schedules of clients that submit and flush, and of workers
 *         and helpers that take, held against what is promised: for each kind the next number that must
 *         come, and how many groups of each other kind it has been passed by.
 */
#include "signer/keys/sign_queue.h"

#include "tests/unit/unit_test.h"

#include <string.h>

#define TASKS	4000
#define CLIENTS 3
#define WORKERS 4

/* For each kind, from how many jobs on the engine signs them together. */
static const unsigned together[SIGN_TASK_KINDS] = {
	[SIGN_TASK_LOAD_KEY] = 3, [SIGN_TASK_RSA_1024] = 3, [SIGN_TASK_RSA_2048] = 2,
	[SIGN_TASK_RSA_3072] = 8, [SIGN_TASK_RSA_4096] = 5,
};

static unsigned together_of(const struct sign_engine *engine, enum sign_task_kind kind)
{
	(void)engine;
	return together[kind];
}

static const struct sign_engine grouping_engine = {.group_min = together_of};
static const struct sign_engine single_engine = {0};

static const struct sign_sharing worker = {
	.engine = &grouping_engine, .workers = WORKERS, .loads_keys = true};
static const struct sign_sharing helper = {
	.engine = &grouping_engine, .workers = WORKERS, .loads_keys = false};
static const struct sign_sharing single_worker = {
	.engine = &single_engine, .workers = WORKERS, .loads_keys = true};

/* Tasks, and the order in which they were added. */
struct tasks {
	struct sign_task all[TASKS];
	size_t count;
};

static void add(struct sign_queue *queue, struct tasks *tasks, enum sign_task_kind kind)
{
	struct sign_task *task = &tasks->all[tasks->count++];

	assert_true(tasks->count <= TASKS);
	*task = (struct sign_task){.kind = kind};
	sign_queue_add(queue, task);
}

static void add_many(struct sign_queue *queue, struct tasks *tasks, enum sign_task_kind kind,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(queue, tasks, kind);
}

/* Takes a group, which must be these tasks in a row. */
static void assert_takes(struct sign_queue *queue, const struct sign_sharing *sharing,
			 const struct sign_task *first, size_t count)
{
	struct sign_task *group[SIGN_GROUP_MAX];
	size_t before = queue->count;

	assert_int_equal(sign_queue_take(queue, sharing, group), count);
	assert_int_equal(queue->count, before - count);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(group[i], first + i);
}

static void empty_queue_gives_nothing(void **state)
{
	struct sign_queue queue = {0};
	struct sign_queue other = {0};
	struct tasks tasks = {.count = 0};

	(void)state;
	assert_takes(&queue, &worker, NULL, 0);
	assert_takes(&queue, &helper, NULL, 0);
	sign_queue_append(&queue, &other);
	assert_takes(&queue, &worker, NULL, 0);
	add(&queue, &tasks, SIGN_TASK_ED25519);
	assert_takes(&queue, &worker, tasks.all, 1);
	assert_takes(&queue, &worker, NULL, 0);
}

static void kinds_take_turns_and_keep_their_order(void **state)
{
	struct sign_queue queue = {0};
	struct tasks tasks = {.count = 0};

	(void)state;
	add_many(&queue, &tasks, SIGN_TASK_RSA_OTHER, 3); /* 0 */
	add_many(&queue, &tasks, SIGN_TASK_ED25519, 2);	  /* 3 */
	add_many(&queue, &tasks, SIGN_TASK_RSA_1024, 9);  /* 5 */
	assert_takes(&queue, &worker, &tasks.all[0], 1);
	assert_takes(&queue, &worker, &tasks.all[3], 1);
	add(&queue, &tasks, SIGN_TASK_RSA_4096); /* 14, behind those that were there */
	assert_takes(&queue, &worker, &tasks.all[5], 8);
	assert_takes(&queue, &worker, &tasks.all[1], 1);
	assert_takes(&queue, &worker, &tasks.all[4], 1);
	assert_takes(&queue, &worker, &tasks.all[14], 1);
	assert_takes(&queue, &worker, &tasks.all[13], 1);
	assert_takes(&queue, &worker, &tasks.all[2], 1);
	assert_takes(&queue, &worker, NULL, 0);
}

static void group_that_is_signed_together_is_as_large_as_it_can_be(void **state)
{
	(void)state;
	for (size_t waiting = 1; waiting <= 20; waiting++) {
		struct sign_queue queue = {0};
		struct tasks tasks = {.count = 0};
		size_t want = waiting < 3 ? 1 : waiting < 8 ? waiting : 8;

		add_many(&queue, &tasks, SIGN_TASK_RSA_1024, waiting);
		assert_takes(&queue, &worker, tasks.all, want);
	}
}

static size_t share_of(size_t waiting)
{
	size_t share = waiting / WORKERS;

	return share == 0 ? 1 : share < 8 ? share : 8;
}

static void group_that_is_signed_one_by_one_is_a_worker_s_share(void **state)
{
	(void)state;
	for (size_t waiting = 1; waiting <= 40; waiting++) {
		struct sign_queue queue = {0};
		struct sign_queue single = {0};
		struct tasks tasks = {.count = 0};

		add_many(&queue, &tasks, SIGN_TASK_ED25519, waiting);
		assert_takes(&queue, &worker, tasks.all, share_of(waiting));
		add_many(&single, &tasks, SIGN_TASK_RSA_1024, waiting);
		assert_takes(&single, &single_worker, tasks.all + waiting, share_of(waiting));
	}
}

/* Too few to be signed together, and enough for each worker to have some. */
static void group_below_what_is_signed_together_is_a_share(void **state)
{
	const struct sign_sharing two = {
		.engine = &grouping_engine, .workers = 2, .loads_keys = true};
	struct sign_queue queue = {0};
	struct tasks tasks = {.count = 0};

	(void)state;
	add_many(&queue, &tasks, SIGN_TASK_RSA_3072, 7); /* together from 8 on */
	assert_takes(&queue, &two, &tasks.all[0], 3);
	assert_takes(&queue, &two, &tasks.all[3], 2);
}

static void loads_are_taken_one_by_one(void **state)
{
	struct sign_queue queue = {0};
	struct tasks tasks = {.count = 0};

	(void)state;
	add_many(&queue, &tasks, SIGN_TASK_LOAD_KEY, 40);
	add(&queue, &tasks, SIGN_TASK_ED25519); /* 40 */
	assert_takes(&queue, &worker, &tasks.all[0], 1);
	assert_takes(&queue, &worker, &tasks.all[40], 1);
	for (size_t i = 1; i < 40; i++)
		assert_takes(&queue, &worker, &tasks.all[i], 1);
}

static void helper_passes_loads_over(void **state)
{
	struct sign_queue queue = {0};
	struct tasks tasks = {.count = 0};

	(void)state;
	add_many(&queue, &tasks, SIGN_TASK_LOAD_KEY, 2);
	assert_takes(&queue, &helper, NULL, 0);
	add_many(&queue, &tasks, SIGN_TASK_ED25519, 2); /* 2 */
	add(&queue, &tasks, SIGN_TASK_RSA_OTHER);	/* 4 */
	assert_takes(&queue, &helper, &tasks.all[2], 1);
	assert_takes(&queue, &helper, &tasks.all[4], 1);
	assert_takes(&queue, &helper, &tasks.all[3], 1);
	assert_takes(&queue, &helper, NULL, 0);
	/* The load has not lost its place. */
	add(&queue, &tasks, SIGN_TASK_ED25519); /* 5 */
	assert_takes(&queue, &worker, &tasks.all[0], 1);
	assert_takes(&queue, &helper, &tasks.all[5], 1);
	assert_takes(&queue, &worker, &tasks.all[1], 1);
}

static void append_puts_all_behind_what_is_there(void **state)
{
	struct sign_queue queue = {0};
	struct sign_queue from = {0};
	struct tasks tasks = {.count = 0};

	(void)state;
	add(&queue, &tasks, SIGN_TASK_RSA_OTHER);	 /* 0 */
	add_many(&from, &tasks, SIGN_TASK_RSA_4096, 2);	 /* 1 */
	add_many(&from, &tasks, SIGN_TASK_RSA_OTHER, 2); /* 3 */
	add_many(&from, &tasks, SIGN_TASK_ED25519, 1);	 /* 5 */
	sign_queue_append(&queue, &from);
	assert_int_equal(queue.count, 6);
	assert_int_equal(from.count, 0);
	assert_takes(&from, &worker, NULL, 0);
	add(&from, &tasks, SIGN_TASK_RSA_4096); /* 6: it can be used again */
	assert_takes(&queue, &worker, &tasks.all[0], 1);
	assert_takes(&queue, &worker, &tasks.all[1], 1);
	assert_takes(&queue, &worker, &tasks.all[5], 1);
	sign_queue_append(&queue, &from);
	assert_takes(&queue, &worker, &tasks.all[3], 1);
	assert_takes(&queue, &worker, &tasks.all[2], 1);
	assert_takes(&queue, &worker, &tasks.all[4], 1);
	assert_takes(&queue, &worker, &tasks.all[6], 1);
	assert_takes(&queue, &worker, NULL, 0);
}

/* What the queue must keep to, said without a queue. */
struct model {
	const struct sign_task *waiting[SIGN_TASK_KINDS][TASKS]; /* in their order */
	size_t taken[SIGN_TASK_KINDS];
	size_t added[SIGN_TASK_KINDS];
	/* Groups of the second kind that were taken while the first had its turn to come. */
	unsigned passed_by[SIGN_TASK_KINDS][SIGN_TASK_KINDS];
};

struct schedule {
	struct tasks tasks;
	struct sign_queue queue;
	struct sign_queue clients[CLIENTS];
	struct model model;
	uint32_t random;
};

static unsigned random_below(struct schedule *schedule, unsigned below)
{
	schedule->random = schedule->random * 1664525 + 1013904223;
	return (unsigned)((uint64_t)(schedule->random >> 8) * below >> 24);
}

static size_t model_waiting(const struct model *model, unsigned kind)
{
	return model->added[kind] - model->taken[kind];
}

static size_t model_count(const struct model *model)
{
	size_t sum = 0;

	for (unsigned kind = 0; kind < SIGN_TASK_KINDS; kind++)
		sum += model_waiting(model, kind);
	return sum;
}

static void model_add(struct model *model, const struct sign_task *task)
{
	if (model_waiting(model, task->kind) == 0)
		memset(model->passed_by[task->kind], 0, sizeof(model->passed_by[0]));
	model->waiting[task->kind][model->added[task->kind]++] = task;
}

static size_t model_group_size(const struct model *model, enum sign_task_kind kind)
{
	size_t waiting = model_waiting(model, kind);

	if (kind == SIGN_TASK_LOAD_KEY)
		return 1;
	if (together[kind] == 0 || waiting < together[kind])
		return share_of(waiting);
	return waiting < 8 ? waiting : 8;
}

static void model_take(struct model *model, struct sign_task *const *group, size_t count,
		       bool loads_keys)
{
	enum sign_task_kind kind = group[0]->kind;

	assert_true(loads_keys || kind != SIGN_TASK_LOAD_KEY);
	assert_int_equal(count, model_group_size(model, kind));
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(group[i], model->waiting[kind][model->taken[kind]++]);
	for (unsigned other = 0; other < SIGN_TASK_KINDS; other++) {
		if (other == kind || model_waiting(model, other) == 0 ||
		    (other == SIGN_TASK_LOAD_KEY && !loads_keys))
			continue;
		model->passed_by[other][kind]++;
		assert_int_equal(model->passed_by[other][kind], 1);
	}
	memset(model->passed_by[kind], 0, sizeof(model->passed_by[0]));
}

static void submit_some(struct schedule *schedule)
{
	struct sign_queue *client = &schedule->clients[random_below(schedule, CLIENTS)];
	unsigned kind = random_below(schedule, SIGN_TASK_KINDS);
	unsigned count = 1 + random_below(schedule, 6);

	while (count-- > 0 && schedule->tasks.count < TASKS)
		add(client, &schedule->tasks, (enum sign_task_kind)kind);
}

static void flush_one(struct schedule *schedule)
{
	struct sign_queue *client = &schedule->clients[random_below(schedule, CLIENTS)];

	for (unsigned kind = 0; kind < SIGN_TASK_KINDS; kind++) {
		const struct sign_task *task = client->tasks[kind].first;

		for (size_t i = 0; i < client->tasks[kind].count; i++, task = task->next)
			model_add(&schedule->model, task);
	}
	sign_queue_append(&schedule->queue, client);
}

static size_t take_one(struct schedule *schedule, bool loads_keys)
{
	struct sign_task *group[SIGN_GROUP_MAX];
	struct model *model = &schedule->model;
	size_t count = sign_queue_take(&schedule->queue, loads_keys ? &worker : &helper, group);

	if (count > 0)
		model_take(model, group, count, loads_keys);
	else
		assert_int_equal(model_count(model),
				 loads_keys ? 0 : model_waiting(model, SIGN_TASK_LOAD_KEY));
	assert_int_equal(schedule->queue.count, model_count(model));
	return count;
}

/* `busy`: of ten steps how many take; the more, the shorter the queue. */
static void run_schedule(struct schedule *schedule, uint32_t seed, unsigned busy)
{
	memset(schedule, 0, sizeof(*schedule));
	schedule->random = seed;
	while (schedule->tasks.count < TASKS) {
		unsigned step = random_below(schedule, 10);

		if (step < busy)
			(void)take_one(schedule, random_below(schedule, 3) > 0);
		else if (step == 9)
			flush_one(schedule);
		else
			submit_some(schedule);
	}
	for (unsigned i = 0; i < 20 * CLIENTS; i++)
		flush_one(schedule);
	while (take_one(schedule, true) > 0)
		;
	for (unsigned kind = 0; kind < SIGN_TASK_KINDS; kind++)
		assert_true(schedule->model.taken[kind] > 0);
}

static void random_schedules_keep_what_is_promised(void **state)
{
	struct schedule *schedule = malloc(sizeof(*schedule));

	(void)state;
	assert_non_null(schedule);
	for (unsigned busy = 1; busy < 9; busy++) {
		for (uint32_t seed = 1; seed <= rounds_of(8); seed++)
			run_schedule(schedule, seed, busy);
	}
	free(schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_queue_gives_nothing),
		cmocka_unit_test(kinds_take_turns_and_keep_their_order),
		cmocka_unit_test(group_that_is_signed_together_is_as_large_as_it_can_be),
		cmocka_unit_test(group_that_is_signed_one_by_one_is_a_worker_s_share),
		cmocka_unit_test(group_below_what_is_signed_together_is_a_share),
		cmocka_unit_test(loads_are_taken_one_by_one),
		cmocka_unit_test(helper_passes_loads_over),
		cmocka_unit_test(append_puts_all_behind_what_is_there),
		cmocka_unit_test(random_schedules_keep_what_is_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
