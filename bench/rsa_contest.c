/*
 * How it works: entries are listed first, so that all memory is there before the first turn. Those of one size
 * that are compared stand side by side. Contenders take turns, so threads of the same number can share a
 * workspace.
 */
#include "bench/rsa_contest.h"

#include "bench/multiply_rate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define TURN_SECONDS_MAX 0.4
#define RUN_SECONDS	 45
#define MULTIPLY_BITS	 2048 /* the multiply-adds are measured after these */

static const struct argument_list all_lanes = {{8, 1, 2, 3, 4, 5, 6, 7}, 8};

/* The size whose lanes are filled one by one unless --lanes says otherwise. */
static unsigned bits_of_interest(const struct rsa_options *options)
{
	for (size_t i = 0; i < options->bits.count; i++) {
		if (options->bits.values[i] == MULTIPLY_BITS)
			return MULTIPLY_BITS;
	}
	return options->bits.values[0];
}

static unsigned largest(const struct argument_list *list)
{
	unsigned value = 0;

	for (size_t i = 0; i < list->count; i++)
		value = list->values[i] > value ? list->values[i] : value;
	return value;
}

static int run_entry(void *arg, struct measure *measure_out, struct failure *failure)
{
	struct rsa_entry *entry = arg;

	return timed_threads_run(entry->workers, entry->threads, entry->seconds, measure_out,
				 failure);
}

static void add_entry(struct rsa_contest *contest, bool in_lanes, unsigned bits, unsigned threads,
		      unsigned lanes_filled)
{
	struct rsa_entry *entry = &contest->entries[contest->entry_count++];

	entry->in_lanes = in_lanes;
	entry->bits = bits;
	entry->threads = threads;
	entry->lanes_filled = lanes_filled;
	entry->contender = &contest->contenders[contest->contender_count++];
	if (in_lanes) {
		snprintf(entry->id, sizeof(entry->id), "lanes_rsa%u_threads_%u_filled_%u", bits,
			 threads, lanes_filled);
		snprintf(entry->title, sizeof(entry->title), "RSA-%u, %u in lanes, threads: %u",
			 bits, lanes_filled, threads);
	} else {
		snprintf(entry->id, sizeof(entry->id), "openssl_rsa%u_threads_%u", bits, threads);
		snprintf(entry->title, sizeof(entry->title), "RSA-%u, OpenSSL, threads: %u", bits,
			 threads);
	}
	entry->contender->id = entry->id;
	entry->contender->title = entry->title;
	entry->contender->work = "signatures";
	entry->contender->run = run_entry;
	entry->contender->arg = entry;
}

static void add_multiply(struct rsa_contest *contest)
{
	contest->multiply = &contest->contenders[contest->contender_count++];
	contest->multiply->id = "multiply_adds";
	contest->multiply->title = "512-bit multiply-adds of a core";
	contest->multiply->work = "multiply-adds";
	contest->multiply->run = multiply_rate_run;
	contest->multiply->arg = &contest->seconds;
}

static void add_entries_of(struct rsa_contest *contest, unsigned bits)
{
	const struct rsa_options *options = contest->options;
	const struct argument_list *filled = &options->filled;
	const bool is_fast = options->lanes != NULL && options->lanes != &rsa_lanes_portable;
	const unsigned full = filled->count > 0 ? largest(filled) : RSA_LANES;

	if (filled->count == 0 && bits == bits_of_interest(options))
		filled = &all_lanes;
	for (size_t i = 0; i < options->threads.count; i++) {
		const unsigned threads = options->threads.values[i];

		if (options->lanes != NULL)
			add_entry(contest, true, bits, threads, full);
		if (options->openssl)
			add_entry(contest, false, bits, threads, 1);
		if (threads > 1 || options->lanes == NULL)
			continue;
		if (is_fast && bits == bits_of_interest(options))
			add_multiply(contest);
		for (size_t k = 0; k < filled->count; k++) {
			if (filled->values[k] != full)
				add_entry(contest, true, bits, 1, filled->values[k]);
		}
	}
}

static int add_entries(struct rsa_contest *contest)
{
	const struct rsa_options *options = contest->options;
	size_t count_max = options->bits.count * (2 * options->threads.count + RSA_LANES) + 1;

	contest->entries = calloc(count_max, sizeof(contest->entries[0]));
	contest->contenders = calloc(count_max, sizeof(contest->contenders[0]));
	if (contest->entries == NULL || contest->contenders == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < options->bits.count; i++)
		add_entries_of(contest, options->bits.values[i]);
	assert(contest->contender_count <= count_max);
	return 0;
}

/* A turn may be so long that all of them take RUN_SECONDS. */
static double turn_seconds(const struct rsa_contest *contest)
{
	double seconds = (double)RUN_SECONDS /
			 (double)(contest->contender_count * contest->options->run.rounds);

	if (contest->options->run.seconds > 0)
		return contest->options->run.seconds;
	return seconds < TURN_SECONDS_MAX ? seconds : TURN_SECONDS_MAX;
}

static int make_workspaces(struct rsa_contest *contest)
{
	const struct rsa_lanes *lanes = contest->options->lanes;
	unsigned count = largest(&contest->options->threads);
	int r = 0;

	if (lanes == NULL)
		return 0;
	contest->workspaces = calloc(count, sizeof(contest->workspaces[0]));
	if (contest->workspaces == NULL)
		return -ENOMEM;
	while (r == 0 && contest->workspace_count < count)
		r = secret_memory_init(&contest->workspaces[contest->workspace_count++],
				       lanes->workspace_size);
	return r;
}

static const struct rsa_keys *keys_of(const struct rsa_contest *contest, unsigned bits)
{
	size_t i = 0;

	while (contest->keys[i].bits != bits)
		i++;
	return &contest->keys[i];
}

static int sign_batch(void *arg, uint64_t *work_out, struct failure *failure)
{
	struct rsa_batch *batch = arg;
	int r = rsa_batch_sign(batch, failure);

	if (r == 0)
		*work_out = batch->filled;
	return r;
}

static int prepare_worker(struct rsa_contest *contest, struct rsa_entry *entry, unsigned i,
			  struct failure *failure)
{
	struct rsa_lanes_workspace *workspace = NULL;

	if (entry->in_lanes)
		workspace = (struct rsa_lanes_workspace *)(void *)contest->workspaces[i].data;
	entry->workers[i] = (struct timed_thread){
		.step = sign_batch, .arg = &entry->batches[i], .step_ns = &entry->call_ns[i]};
	return rsa_batch_init(&entry->batches[i], entry->in_lanes ? contest->options->lanes : NULL,
			      workspace, keys_of(contest, entry->bits), entry->lanes_filled,
			      contest->options->run.seed + i, failure);
}

/* Makes its threads' share of everything, and looks whether its signatures are right. */
static int prepare_entry(struct rsa_contest *contest, struct rsa_entry *entry,
			 struct failure *failure)
{
	int r = 0;

	entry->seconds = contest->seconds;
	entry->batches = calloc(entry->threads, sizeof(entry->batches[0]));
	entry->call_ns = calloc(entry->threads, sizeof(entry->call_ns[0]));
	entry->workers = calloc(entry->threads, sizeof(entry->workers[0]));
	if (entry->batches == NULL || entry->call_ns == NULL || entry->workers == NULL)
		return failure_set(failure, -ENOMEM, "threads");
	for (unsigned i = 0; r == 0 && i < entry->threads; i++) {
		r = prepare_worker(contest, entry, i, failure);
		if (r == 0)
			r = rsa_batch_check(&entry->batches[i], failure);
	}
	return r;
}

static int prepare(struct rsa_contest *contest, struct failure *failure)
{
	const struct argument_list *bits = &contest->options->bits;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bits->count; i++)
		r = rsa_keys_init(&contest->keys[i], bits->values[i], RSA_CONTEST_KEYS,
				  contest->options->lanes, failure);
	for (size_t i = 0; r == 0 && i < contest->entry_count; i++)
		r = prepare_entry(contest, &contest->entries[i], failure);
	return r;
}

int rsa_contest_new(const struct rsa_options *options, struct rsa_contest **contest_out,
		    struct failure *failure)
{
	struct rsa_contest *contest = calloc(1, sizeof(*contest));
	int r = contest == NULL ? -ENOMEM : 0;

	if (r == 0) {
		contest->options = options;
		r = add_entries(contest);
	}
	if (r == 0) {
		contest->seconds = turn_seconds(contest);
		r = make_workspaces(contest);
	}
	if (r != 0)
		(void)failure_set(failure, r, "the contest");
	else
		r = prepare(contest, failure);
	if (r == 0)
		*contest_out = contest;
	else
		rsa_contest_free(contest);
	return r;
}

static void entry_deinit(struct rsa_entry *entry)
{
	for (unsigned i = 0; entry->batches != NULL && i < entry->threads; i++)
		rsa_batch_deinit(&entry->batches[i]);
	free(entry->batches);
	free(entry->call_ns);
	free(entry->workers);
}

void rsa_contest_free(struct rsa_contest *contest)
{
	if (contest == NULL)
		return;
	for (size_t i = 0; i < contest->entry_count; i++)
		entry_deinit(&contest->entries[i]);
	for (unsigned i = 0; i < contest->workspace_count; i++)
		secret_memory_deinit(&contest->workspaces[i]);
	for (size_t i = 0; i < RSA_CONTEST_BITS; i++)
		rsa_keys_deinit(&contest->keys[i]);
	free(contest->workspaces);
	free(contest->entries);
	free(contest->contenders);
	free(contest);
}

int rsa_contest_run(struct rsa_contest *contest, struct failure *failure)
{
	struct status_line status;
	int r;

	status_line_init(&status,
			 (unsigned)contest->contender_count * contest->options->run.rounds);
	r = turns_run(contest->contenders, contest->contender_count, contest->options->run.rounds,
		      &status, failure);
	status_line_end(&status);
	return r;
}

const struct rsa_entry *rsa_contest_find(const struct rsa_contest *contest, bool in_lanes,
					 unsigned bits, unsigned threads, unsigned lanes_filled)
{
	for (size_t i = 0; i < contest->entry_count; i++) {
		const struct rsa_entry *entry = &contest->entries[i];

		if (entry->in_lanes == in_lanes && entry->bits == bits &&
		    entry->threads == threads && entry->lanes_filled == lanes_filled)
			return entry;
	}
	return NULL;
}

void rsa_entry_call_ns(const struct rsa_entry *entry, struct histogram *call_ns_out)
{
	*call_ns_out = (struct histogram){.count = 0};
	for (unsigned i = 0; i < entry->threads; i++)
		histogram_add_all(call_ns_out, &entry->call_ns[i]);
}
