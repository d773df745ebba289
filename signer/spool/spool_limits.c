#include "signer/spool/spool_limits.h"

#include "common/clock.h"
#include "common/log.h"

#include <stdatomic.h>

#define SPACE_INTERVAL_NS (100 * NS_PER_MS)

/* Between two counts of out/ so many times what one took. */
#define COUNT_PAUSE 20

/* For files that nobody expects; a file system that needs no fixed number has more. */
#define FREE_INODES_MIN 16

void spool_limits_init(struct spool_limits *limits, const struct spool_dir *dir, const char *path,
		       const struct signer_config *config, const _Atomic unsigned *at_work)
{
	*limits = (struct spool_limits){
		.dir = dir,
		.path = path,
		.free_bytes_min = (uint64_t)config->spool_min_free_bytes,
		.out_max = (uint64_t)config->spool_max_out_units,
		.at_work = at_work,
	};
	pthread_mutex_init(&limits->mutex, NULL);
}

void spool_limits_deinit(struct spool_limits *limits)
{
	pthread_mutex_destroy(&limits->mutex);
}

static void look_at_space(struct spool_limits *limits, int64_t now_ns)
{
	struct spool_room room;

	limits->space_due_ns = now_ns + SPACE_INTERVAL_NS;
	limits->has_space = spool_dir_room(limits->dir, &room) != 0 ||
			    (room.bytes >= limits->free_bytes_min &&
			     room.inodes >= FREE_INODES_MIN);
	if (!limits->has_space)
		log_warning("%s: less room than SpoolMinFree asks for, taking nothing in",
			    limits->path);
}

/* What is put into its place between the two numbers is in both; the other way round it would be in none. */
static void count_out(struct spool_limits *limits)
{
	uint64_t others_at_work = atomic_load(limits->at_work) - 1;
	int64_t start_ns = clock_monotonic_ns();
	uint64_t count = spool_dir_count(limits->dir->out_fd, ".", limits->out_max);
	int64_t end_ns = clock_monotonic_ns();

	limits->count_due_ns = end_ns + COUNT_PAUSE * (end_ns - start_ns);
	limits->is_out_full = count >= limits->out_max;
	limits->out_room = 0;
	if (count + others_at_work < limits->out_max)
		limits->out_room = limits->out_max - count - others_at_work;
	if (limits->is_out_full)
		log_warning("%s: SpoolMaxOut units wait in out/, taking nothing in", limits->path);
}

enum spool_limits_answer spool_limits_take(struct spool_limits *limits, int64_t now_ns)
{
	enum spool_limits_answer answer = SPOOL_LIMITS_TAKE;

	pthread_mutex_lock(&limits->mutex);
	if (limits->space_due_ns <= now_ns)
		look_at_space(limits, now_ns);
	if (limits->out_max != 0 && limits->out_room == 0 && limits->count_due_ns <= now_ns)
		count_out(limits);
	if (!limits->has_space || limits->is_out_full)
		answer = SPOOL_LIMITS_SHORT;
	else if (limits->out_max != 0 && limits->out_room == 0)
		answer = SPOOL_LIMITS_WAIT;
	else if (limits->out_max != 0)
		limits->out_room--;
	pthread_mutex_unlock(&limits->mutex);
	return answer;
}

void spool_limits_give_back(struct spool_limits *limits)
{
	pthread_mutex_lock(&limits->mutex);
	if (limits->out_max != 0)
		limits->out_room++;
	pthread_mutex_unlock(&limits->mutex);
}
