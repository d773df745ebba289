#include "tests/unit/lane_stage.h"

#include "common/clock.h"
#include "tests/unit/unit_test.h"

#include <string.h>
#include <sys/mman.h>

#define TICK_NS	  1000
#define FAULT_BIT 8

struct lane_stage lane_stage;

/* The linker puts these in the place of the real ones. */
static _Thread_local int64_t clock_ns;

int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out)
{
	(void)clock;
	clock_ns += TICK_NS;
	*time_out = (struct timespec){.tv_sec = clock_ns / NS_PER_S,
				      .tv_nsec = clock_ns % NS_PER_S};
	return 0;
}

void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
	return atomic_load(&lane_stage.no_pages)
		       ? MAP_FAILED
		       : __real_mmap64(at, size, protection, flags, fd, offset);
}

static void stage_trial(unsigned bits)
{
	if (atomic_fetch_add(&lane_stage.trials, 1) < lane_stage.slow_trials)
		clock_ns += NS_PER_S;
	clock_ns += lane_stage.trial_ns[bits / 1024 - 1];
	if (!lane_stage.waits)
		return;
	assert_int_equal(sem_post(&lane_stage.entered), 0);
	while (sem_wait(&lane_stage.gate) != 0)
		;
}

/* It signs the same in all lanes. */
static bool is_trial(const struct rsa_lane_job *jobs, unsigned count)
{
	return count == RSA_LANES && jobs[0].digest == jobs[1].digest;
}

static void stage_sign(struct rsa_lanes_workspace *workspace, struct rsa_lane_job *jobs,
		       unsigned count)
{
	struct rsa_lane_job *bad = lane_stage.bad_lane < 0 ? NULL : &jobs[lane_stage.bad_lane];

	if (is_trial(jobs, count)) {
		stage_trial(jobs[0].key->bits);
		return;
	}
	(void)atomic_fetch_add(&lane_stage.batches, 1);
	(void)atomic_fetch_add(&lane_stage.batches_of[jobs[0].key->bits / 1024 - 1], 1);
	atomic_store(&lane_stage.lanes_filled, count);
	/* In the cache: memory that may be written. */
	if (bad != NULL && lane_stage.fault_offset > 0)
		((uint8_t *)(uintptr_t)bad->key)[lane_stage.fault_offset] ^= FAULT_BIT;
	lane_stage.real->sign(workspace, jobs, count);
	if (bad != NULL && lane_stage.fault_offset == 0) {
		memset(bad->signature, 0xff, bad->key->bits / 8);
		bad->has_failed = true;
	}
}

const struct rsa_lanes *lane_stage_on(const struct rsa_lanes *real)
{
	static struct rsa_lanes lanes;

	lanes = *real;
	lanes.sign = stage_sign;
	lane_stage.real = real;
	lane_stage.slow_trials = 0;
	lane_stage.waits = false;
	atomic_store(&lane_stage.no_pages, false);
	lane_stage.bad_lane = -1;
	lane_stage.fault_offset = 0;
	memset(lane_stage.trial_ns, 0, sizeof(lane_stage.trial_ns));
	atomic_store(&lane_stage.trials, 0);
	atomic_store(&lane_stage.batches, 0);
	atomic_store(&lane_stage.lanes_filled, 0);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		atomic_store(&lane_stage.batches_of[size], 0);
	return &lanes;
}

int64_t lane_stage_trial_ns(unsigned group_min)
{
	return group_min == 0 ? 7 * TICK_NS : (group_min - 2) * TICK_NS;
}

void lane_stage_wait(int64_t ns)
{
	clock_ns += ns;
}

unsigned lane_stage_group_min(const struct lanes_engine *engine, unsigned size)
{
	return sign_engine_group_min(lanes_engine_as_engine(engine),
				     sign_task_kind_of_bits(1024 * (size + 1)));
}

struct lanes_engine *lane_stage_engine_new(const struct rsa_lanes *real, size_t keys_max,
					   unsigned group_min, unsigned sizes)
{
	const struct sign_engine *as_engine;
	struct lanes_engine *engine;
	void *worker;

	assert_int_equal(lanes_engine_new(lane_stage_on(real), keys_max, &engine), 0);
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++)
		lane_stage.trial_ns[size] = lane_stage_trial_ns(group_min);
	as_engine = lanes_engine_as_engine(engine);
	assert_int_equal(as_engine->worker_new(as_engine, &worker), 0);
	for (unsigned size = 0; size < sizes; size++) {
		assert_true(as_engine->learn(worker, sign_task_kind_of_bits(1024 * (size + 1))));
		assert_int_equal(lane_stage_group_min(engine, size), group_min);
	}
	as_engine->worker_free(worker);
	return engine;
}

bool lane_stage_skips_without_fast(void)
{
	if (rsa_lanes_fast() != NULL)
		return false;
	print_message("there is no AVX-512 IFMA here: the fast back-end was not run\n");
	return true;
}
