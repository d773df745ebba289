/*
 * How it works: a turn takes new units as long as there is room, hands out the digests that came up, runs
 * what the ring has ready, and collects signatures. Settled units gather until there are enough of
 * them for a batch, or nothing else is under way, or the first has waited long enough.
 *
 * Room is counted in units and in bytes, so that memory does not depend on what lies in in/. Several
 * batches may be on their way: while one waits for the disk, the next fills.
 */
#include "signer/spool/spool_worker.h"

#include "common/clock.h"
#include "common/log.h"
#include "signer/message/signing_loop.h"
#include "signer/message/signing_threads.h"
#include "signer/spool/batch.h"
#include "signer/spool/unit_message.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_MAX	    4
#define MEMORY_BATCH_UNITS  32
#define MEMORY_BATCH_SHARE  8
#define KEYS_AGE_NS	    (100 * NS_PER_MS)
#define BATCH_AGE_NS	    (20 * NS_PER_MS)
#define BYTES_AT_WORK_MAX   ((uint64_t)24 * 1024 * 1024)
#define RING_ENTRIES	    1024
#define RING_WORKERS	    4
#define RING_ERRORS_MAX	    20
#define RING_ERROR_PAUSE_NS (5 * NS_PER_MS)
#define PAUSE_FIRST_NS	    (100 * NS_PER_MS)
#define PAUSE_MAX_NS	    (10 * NS_PER_S)

struct unit_list {
	struct unit *first;
	struct unit *last;
	unsigned count;
};

struct spool_worker {
	struct spool_shared *shared;
	struct signing_loop loop;
	struct unit_message_pool messages;
	struct signing_context *context;
	unsigned context_number;
	struct unit_setting unit_setting;
	struct batch_setting batch_setting;

	struct unit **units; /* all there are */
	unsigned unit_count;
	unsigned unit_max;
	struct unit *free_units;
	unsigned unsettled; /* units being read, signed and written */
	unsigned unsettled_max;
	uint64_t bytes_at_work;
	struct unit_list settled;
	int64_t settled_since_ns; /* when the first of them settled */
	unsigned batch_units;
	struct batch *batches[BATCHES_MAX];
	struct batch *free_batches[BATCHES_MAX];
	unsigned free_batch_count;

	bool abandoned; /* unsettled units were told to end */
	unsigned failed_batches;
	unsigned ring_errors;
	int64_t paused_until_ns;
	int64_t pause_ns;
};

static void unit_settled(struct unit *unit, void *arg);
static void batch_over(struct batch *batch, void *arg);

static void list_push(struct unit_list *list, struct unit *unit)
{
	unit->next = NULL;
	if (list->last == NULL)
		list->first = unit;
	else
		list->last->next = unit;
	list->last = unit;
	list->count++;
}

/*
 * Batches are for the flush that they share. Where none is made, small ones do, and then what a unit holds
 * is still in the cache at its next step; but each signing thread needs work while others are committed.
 */
static unsigned batch_units_max(const struct spool_shared *shared,
				const struct signer_config *config)
{
	unsigned asked = (unsigned)config->spool_batch_units;
	unsigned most = MEMORY_BATCH_SHARE * sign_service_threads(shared->core->service);

	if (config->sync_mode == SIGNER_SYNC_FULL)
		return asked;
	if (most < MEMORY_BATCH_UNITS)
		most = MEMORY_BATCH_UNITS;
	return asked < most ? asked : most;
}

int spool_worker_new(struct spool_shared *shared, struct spool_worker **worker_out)
{
	const struct signer_config *config = shared->context->config;
	struct spool_worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (worker == NULL)
		return -ENOMEM;
	worker->shared = shared;
	worker->batch_units = batch_units_max(shared, config);
	worker->unsettled_max = 2 * worker->batch_units;
	if (worker->unsettled_max > shared->units_at_once_max)
		worker->unsettled_max = shared->units_at_once_max;
	worker->unit_max = worker->unsettled_max + BATCHES_MAX * worker->batch_units;
	worker->pause_ns = PAUSE_FIRST_NS;
	r = signing_loop_init(&worker->loop, shared->core->service);
	if (r == 0) {
		worker->units = calloc(worker->unit_max, sizeof(worker->units[0]));
		r = worker->units == NULL ? -ENOMEM : 0;
	}
	if (r != 0) {
		spool_worker_free(worker);
		return r;
	}
	*worker_out = worker;
	return 0;
}

void spool_worker_free(struct spool_worker *worker)
{
	if (worker == NULL)
		return;
	/* If the ring failed, units are under way: first no more callbacks, then what they are for. */
	signing_loop_close(&worker->loop);
	for (size_t i = 0; i < BATCHES_MAX; i++)
		batch_free(worker->batches[i]);
	for (unsigned i = 0; i < worker->unit_count; i++) {
		unit_deinit(worker->units[i]);
		free(worker->units[i]);
	}
	free(worker->units);
	unit_message_pool_deinit(&worker->messages);
	signing_loop_deinit(&worker->loop);
	signing_context_unref(worker->context);
	free(worker);
}

void spool_worker_wake(struct spool_worker *worker)
{
	signing_loop_wake(&worker->loop);
}

struct ring *spool_worker_ring(struct spool_worker *worker)
{
	return worker->loop.ring;
}

/* On a spool in memory nothing waits. */
static unsigned inline_ops(const struct signer_config *config)
{
	return config->sync_mode == SIGNER_SYNC_NONE ? RING_FILE_OPS : 0;
}

static void set_settings(struct spool_worker *worker)
{
	struct spool_shared *shared = worker->shared;
	const struct signer_config *config = shared->context->config;

	worker->unit_setting = (struct unit_setting){
		.ring = worker->loop.ring,
		.dir = &shared->dir,
		.signers = worker->loop.signers,
		.messages = &worker->messages,
		.next_number = &shared->next_number,
		.flush_failures = &shared->flush_failures,
		.unit_bytes_max = (uint64_t)config->spool_max_unit_bytes,
		.rights = shared->rights,
		.own_uid = geteuid(),
		.own_gid = getegid(),
	};
	worker->batch_setting = (struct batch_setting){
		.ring = worker->loop.ring,
		.dir = &shared->dir,
		.next_number = &shared->next_number,
		.flush_failures = &shared->flush_failures,
		.durable = config->sync_mode == SIGNER_SYNC_FULL,
	};
}

int spool_worker_open(struct spool_worker *worker)
{
	const struct signer_config *config = worker->shared->context->config;
	struct ring_config ring_config = {
		.engine = ring_engine_of(config),
		.entries = RING_ENTRIES,
		.workers = RING_WORKERS,
		.allowed = RING_FILE_OPS | RING_BIT(RING_POLL) | RING_BIT(RING_CALL),
		.inline_ops = inline_ops(config),
	};
	int r = signing_loop_open(&worker->loop, &ring_config, worker->shared->options.fault);

	if (r != 0)
		return r;
	set_settings(worker);
	for (size_t i = 0; r == 0 && i < BATCHES_MAX; i++) {
		r = batch_new(&worker->batch_setting, batch_over, worker, &worker->batches[i]);
		if (r == 0)
			worker->free_batches[worker->free_batch_count++] = worker->batches[i];
	}
	return r;
}

/* The context in force, for the units that start from now on. */
static void refresh_context(struct spool_worker *worker)
{
	unsigned number = atomic_load(&worker->shared->core->context_number);

	if (worker->context != NULL && worker->context_number == number)
		return;
	signing_context_unref(worker->context);
	worker->context = signing_core_context(worker->shared->core);
	worker->context_number = number;
	worker->unit_setting.context = worker->context;
}

static struct unit *take_unit(struct spool_worker *worker)
{
	struct unit *unit = worker->free_units;

	if (unit != NULL) {
		worker->free_units = unit->next;
		return unit;
	}
	if (worker->unit_count == worker->unit_max)
		return NULL;
	unit = malloc(sizeof(*unit));
	if (unit == NULL)
		return NULL;
	unit_init(unit, &worker->unit_setting, unit_settled, worker);
	worker->units[worker->unit_count++] = unit;
	return unit;
}

static void give_unit_back(struct spool_worker *worker, struct unit *unit)
{
	unit->next = worker->free_units;
	worker->free_units = unit;
}

/*
 * Leaves new units alone for a while, longer each time in a row. With --once there is no later: the rest of
 * the queue stays, unless what is at work makes room, and then there is another pass.
 */
static void pause_intake(struct spool_worker *worker)
{
	if (worker->shared->options.once) {
		atomic_store(&worker->shared->short_of_something, true);
		return;
	}
	worker->paused_until_ns = ring_now_ns(worker->loop.ring) + worker->pause_ns;
	worker->pause_ns *= 2;
	if (worker->pause_ns > PAUSE_MAX_NS)
		worker->pause_ns = PAUSE_MAX_NS;
}

static bool is_shortage(int error)
{
	switch (-error) {
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case EFBIG:
	case EIO:
	case ENOMEM:
	case EMFILE:
	case ENFILE: return true;
	default: return false;
	}
}

static void count_result(struct spool_shared *shared, const struct unit *unit)
{
	struct spool_result *result = &shared->result;

	pthread_mutex_lock(&shared->mutex);
	unit_counts_add(&result->messages, &unit->counts);
	result->released_units += unit->outcome == UNIT_RELEASE;
	result->passed_units += unit->outcome == UNIT_MOVE_OUT;
	result->failed_units += unit->outcome == UNIT_MOVE_FAILED;
	result->stayed_units += unit->outcome == UNIT_STAY;
	pthread_mutex_unlock(&shared->mutex);
}

static void unit_stays(struct spool_worker *worker, const struct unit *unit)
{
	struct spool_shared *shared = worker->shared;
	int64_t now_ns = ring_now_ns(worker->loop.ring);

	if (unit->error != 0 && is_shortage(unit->error)) {
		log_warning("the spool is short of something: %s", strerror(-unit->error));
		pause_intake(worker);
	}
	if (unit->input.error == UNIT_INPUT_E_NOT_A_FILE) {
		if (retry_table_parks(shared->retries, unit->name, now_ns))
			log_warning("in/%s: %s, it is left alone", unit->name, unit->reason);
		return;
	}
	log_warning("in/%s: stays: %s", unit->name, unit->reason);
	(void)retry_table_stays(shared->retries, unit->name, now_ns);
}

static void one_less_at_work(struct spool_shared *shared)
{
	if (atomic_fetch_sub(&shared->at_work, 1) == 1)
		shared->wake_watch(shared);
}

/* The unit's story is over. */
static void unit_over(struct spool_worker *worker, struct unit *unit)
{
	struct spool_shared *shared = worker->shared;

	count_result(shared, unit);
	if (unit->outcome == UNIT_STAY) {
		unit_stays(worker, unit);
	} else {
		retry_table_forget(shared->retries, unit->name);
		worker->pause_ns = PAUSE_FIRST_NS;
	}
	if (unit->outcome == UNIT_MOVE_FAILED)
		log_warning("in/%s: moved to failed/: %s", unit->name, unit->reason);
	else if (unit->outcome == UNIT_RELEASE && unit->counts.refused_count > 0)
		log_warning("in/%s: %llu of its messages went to failed/", unit->name,
			    (unsigned long long)unit->counts.refused_count);
	/* Another file has come under this name. */
	if (unit_busy_leave(shared->busy, unit) || unit->outcome == UNIT_AGAIN) {
		const struct input_file other = {.identity.size = unit_input_size(&unit->input)};

		unit_queue_push(shared->queue, unit->name, &other);
	}
	unit_finish(unit);
	give_unit_back(worker, unit);
	one_less_at_work(shared);
}

static void unit_settled(struct unit *unit, void *arg)
{
	struct spool_worker *worker = arg;

	worker->unsettled--;
	worker->bytes_at_work -= unit->memory_bytes;
	if (!unit_needs_batch(unit)) {
		unit_over(worker, unit);
		return;
	}
	if (worker->settled.count == 0)
		worker->settled_since_ns = ring_now_ns(worker->loop.ring);
	list_push(&worker->settled, unit);
}

static bool has_room(struct spool_worker *worker)
{
	if (atomic_load(&worker->shared->stopping) || worker->unsettled >= worker->unsettled_max ||
	    worker->bytes_at_work >= BYTES_AT_WORK_MAX)
		return false;
	if (worker->free_units == NULL && worker->unit_count == worker->unit_max)
		return false;
	if (atomic_load(&worker->shared->short_of_something))
		return false;
	return worker->paused_until_ns <= ring_now_ns(worker->loop.ring);
}

/* The next unit that may be taken, entered as busy. */
static bool take_next_name(struct spool_worker *worker, struct unit *unit,
			   struct input_file *file_out)
{
	struct spool_shared *shared = worker->shared;
	char name[NAME_MAX + 1];

	while (unit_queue_pop(shared->queue, name, file_out)) {
		unit_assign(unit, name);
		if (retry_table_is_due(shared->retries, name, ring_now_ns(worker->loop.ring)) &&
		    unit_busy_enter(shared->busy, unit))
			return true;
	}
	return false;
}

/* SpoolMinFree and SpoolMaxOut allow one more. With --once, a shortage ends this pass. */
static bool limits_allow(struct spool_worker *worker)
{
	struct spool_shared *shared = worker->shared;
	enum spool_limits_answer answer = spool_limits_take(&shared->limits,
							    ring_now_ns(worker->loop.ring));

	if (answer == SPOOL_LIMITS_SHORT && shared->options.once)
		atomic_store(&shared->short_of_something, true);
	return answer == SPOOL_LIMITS_TAKE;
}

/* While names are left, all is not done, and to wake the watch each time would go round in circles. */
static void not_at_work_after_all(struct spool_shared *shared)
{
	if (atomic_fetch_sub(&shared->at_work, 1) == 1 && unit_queue_count(shared->queue) == 0)
		shared->wake_watch(shared);
}

/* Starts the next unit. False: there is none, or it may not be taken. */
static bool start_next(struct spool_worker *worker)
{
	struct spool_shared *shared = worker->shared;
	struct unit *unit = take_unit(worker);
	struct input_file file;

	if (unit == NULL)
		return false;
	/* Counted before it is taken: an empty queue and nothing at work mean that all is done. */
	atomic_fetch_add(&shared->at_work, 1);
	if (!limits_allow(worker)) {
		give_unit_back(worker, unit);
		not_at_work_after_all(shared);
		return false;
	}
	if (!take_next_name(worker, unit, &file)) {
		spool_limits_give_back(&shared->limits);
		give_unit_back(worker, unit);
		one_less_at_work(shared);
		return false;
	}
	worker->unsettled++;
	unit->memory_bytes = unit_memory_bytes(file.identity.size);
	worker->bytes_at_work += unit->memory_bytes;
	unit_start(unit, &file);
	return true;
}

static void leave_rest(struct spool_shared *shared)
{
	size_t count = unit_queue_clear(shared->queue);

	pthread_mutex_lock(&shared->mutex);
	shared->result.stayed_units += count;
	pthread_mutex_unlock(&shared->mutex);
	if (atomic_load(&shared->at_work) == 0)
		shared->wake_watch(shared);
}

/*
 * What a key's file says now is true for all units that were in in/ by now. For those that have waited
 * since it was asked there is no need to ask again for a while.
 */
static int64_t keys_since_ns(const struct spool_worker *worker)
{
	int64_t filled_ns = unit_queue_filled_ns(worker->shared->queue);
	int64_t recent_ns = clock_monotonic_ns() - KEYS_AGE_NS;

	return filled_ns > recent_ns ? filled_ns : recent_ns;
}

static void fill(struct spool_worker *worker)
{
	if (unit_queue_count(worker->shared->queue) == 0)
		return;
	refresh_context(worker);
	while (has_room(worker) && start_next(worker))
		;
	if (atomic_load(&worker->shared->short_of_something))
		leave_rest(worker->shared);
}

static bool batch_is_due(const struct spool_worker *worker)
{
	if (worker->settled.count == 0 || worker->free_batch_count == 0)
		return false;
	return worker->settled.count >= worker->batch_units || worker->unsettled == 0 ||
	       ring_now_ns(worker->loop.ring) - worker->settled_since_ns >= BATCH_AGE_NS;
}

static void commit(struct spool_worker *worker)
{
	struct unit *units = worker->settled.first;

	if (!batch_is_due(worker) || atomic_load(&worker->shared->failed))
		return;
	worker->settled = (struct unit_list){0};
	batch_start(worker->free_batches[--worker->free_batch_count], units);
}

static void batch_over(struct batch *batch, void *arg)
{
	struct spool_worker *worker = arg;
	struct unit *next;

	if (batch_error(batch) != 0) {
		spool_shared_fail(worker->shared, batch_error(batch), batch_error_text(batch));
		worker->failed_batches++;
		return;
	}
	for (struct unit *unit = batch_units(batch); unit != NULL; unit = next) {
		next = unit->next;
		unit_over(worker, unit);
	}
	worker->free_batches[worker->free_batch_count++] = batch;
	pthread_mutex_lock(&worker->shared->mutex);
	worker->shared->result.batches++;
	pthread_mutex_unlock(&worker->shared->mutex);
}

/* Something is to be done later though nothing moves: an old batch, the end of a pause. */
static int64_t wait_limit(const struct spool_worker *worker)
{
	bool waits = unit_queue_count(worker->shared->queue) > 0 || worker->settled.count > 0;

	if (!worker->loop.at_rest)
		return 0;
	return waits ? BATCH_AGE_NS : RING_WAIT_FOREVER;
}

/* At the end: what is not settled stays where it is. */
static void abandon_unsettled(struct spool_worker *worker)
{
	worker->abandoned = true;
	for (unsigned i = 0; i < worker->unit_count; i++) {
		unit_settle(worker->units[i], UNIT_STAY, 0, "postseal is stopping");
		unit_proceed(worker->units[i]);
	}
}

static bool is_over(const struct spool_worker *worker)
{
	const struct spool_shared *shared = worker->shared;
	bool batches_over = worker->free_batch_count + worker->failed_batches == BATCHES_MAX;

	return atomic_load(&shared->stopping) && worker->unsettled == 0 && batches_over &&
	       (worker->settled.count == 0 || atomic_load(&shared->failed));
}

/*
 * The ring has failed, and with it this spool. It goes on all the same for a while: if that passes by,
 * what is under way comes to its end. False: it does not.
 */
static bool outlives_ring_error(struct spool_worker *worker, int error)
{
	const struct timespec pause = {.tv_nsec = RING_ERROR_PAUSE_NS};

	spool_shared_fail(worker->shared, error, strerror(-error));
	(void)nanosleep(&pause, NULL);
	return ++worker->ring_errors < RING_ERRORS_MAX;
}

void spool_worker_run(struct spool_worker *worker, int64_t (*each_turn)(void *arg), void *arg)
{
	signing_loop_start(&worker->loop);
	while (!is_over(worker)) {
		int64_t wait_ns = each_turn != NULL ? each_turn(arg) : RING_WAIT_FOREVER;
		int r;

		if (atomic_load(&worker->shared->stopping) && !worker->abandoned)
			abandon_unsettled(worker);
		fill(worker);
		/* Each turn: a batch goes on for long after the queue is empty. */
		worker->loop.tools.keys_since_ns = keys_since_ns(worker);
		commit(worker);
		if (wait_ns > wait_limit(worker))
			wait_ns = wait_limit(worker);
		r = signing_loop_turn(&worker->loop, wait_ns);
		if (r != 0 && !outlives_ring_error(worker, r))
			break;
	}
}

void spool_worker_give_up(struct spool_worker *worker, int error)
{
	spool_shared_fail(worker->shared, error, strerror(-error));
}
