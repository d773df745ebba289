/*
 * How it works: everything is listed first, so that all memory is there before the first turn. What is compared
 * stands side by side: a size with one thread and with two, and the multiply-adds beside them. What no target is
 * about has a turn in every third round only. Contenders take turns, so threads of the same number can share
 * a workspace.
 */
#include "bench/rsa_contest.h"

#include "bench/multiply_rate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define TURN_SECONDS_MAX    0.4
#define RUN_SECONDS	    42
#define SELDOM		    3 /* rounds for one turn of what no target is about */
#define BITS_OF_INTEREST    2048
#define THREADS_OF_INTEREST 2 /* up to so many are compared */

static const struct argument_list all_lanes = {{8, 1, 2, 3, 4, 5, 6, 7}, 8};

/* The size whose lanes are filled one by one unless --lanes says otherwise. */
static unsigned bits_of_interest(const struct rsa_options *options)
{
	for (size_t i = 0; i < options->bits.count; i++) {
		if (options->bits.values[i] == BITS_OF_INTEREST)
			return BITS_OF_INTEREST;
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

static struct contender *
add_contender(struct rsa_contest *contest, const char *id, const char *title,
	      int (*run)(void *arg, struct measure *measure_out, struct failure *failure),
	      void *arg)
{
	struct contender *contender = &contest->contenders[contest->contender_count++];

	*contender = (struct contender){
		.id = id, .title = title, .work = "signatures", .run = run, .arg = arg};
	return contender;
}

static void add_entry(struct rsa_contest *contest, bool in_lanes, unsigned bits, unsigned threads,
		      unsigned lanes_filled, unsigned every)
{
	struct rsa_entry *entry = &contest->entries[contest->entry_count++];

	entry->in_lanes = in_lanes;
	entry->bits = bits;
	entry->threads = threads;
	entry->lanes_filled = lanes_filled;
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
	entry->contender = add_contender(contest, entry->id, entry->title, run_entry, entry);
	entry->contender->every = every;
}

/* Lanes that are filled one by one. */
static void add_filled(struct rsa_contest *contest, unsigned bits, unsigned full)
{
	const struct rsa_options *options = contest->options;
	const struct argument_list *filled = &options->filled;

	if (filled->count == 0 && bits == bits_of_interest(options))
		filled = &all_lanes;
	for (size_t i = 0; i < filled->count; i++) {
		if (filled->values[i] != full)
			add_entry(contest, true, bits, 1, filled->values[i], SELDOM);
	}
}

static bool has_threads(const struct rsa_options *options, unsigned threads)
{
	for (size_t i = 0; i < options->threads.count; i++) {
		if (options->threads.values[i] == threads)
			return true;
	}
	return false;
}

static void add_entries_of(struct rsa_contest *contest, unsigned bits)
{
	const struct rsa_options *options = contest->options;
	const unsigned full = options->filled.count > 0 ? largest(&options->filled) : RSA_LANES;

	for (size_t i = 0; i < options->threads.count; i++) {
		const unsigned threads = options->threads.values[i];
		const unsigned every = threads > THREADS_OF_INTEREST ? SELDOM : 1;

		if (options->lanes != NULL)
			add_entry(contest, true, bits, threads, full, every);
		if (options->openssl)
			add_entry(contest, false, bits, threads, 1, every);
	}
	if (options->lanes != NULL && has_threads(options, 1))
		add_filled(contest, bits, full);
}

static void add_multiply(struct rsa_contest *contest, struct rsa_size *size)
{
	size->multiply = add_contender(contest, "multiply_adds", "512-bit multiply-adds of a core",
				       multiply_rate_run, &contest->seconds);
	size->multiply->work = "multiply-adds";
}

static void add_at_rest(struct rsa_contest *contest, struct rsa_at_rest_row *row)
{
	(void)add_contender(contest, row->id, row->title, rsa_at_rest_run, row);
}

static void add_key_form(struct rsa_contest *contest, struct rsa_size *size)
{
	size->key_form = add_contender(contest, size->form.id, size->form.title, rsa_key_form_run,
				       &size->form);
	size->key_form->work = "keys";
	size->key_form->every = SELDOM;
}

static void add_size(struct rsa_contest *contest, struct rsa_size *size)
{
	const struct rsa_options *options = contest->options;
	const bool is_fast = options->lanes != NULL && options->lanes != &rsa_lanes_portable;

	if (is_fast && has_threads(options, 1))
		add_multiply(contest, size);
	add_entries_of(contest, size->bits);
	for (size_t i = 0; contest->at_rest != NULL && i < contest->at_rest->row_count; i++) {
		if (contest->at_rest->rows[i].bits == size->bits)
			add_at_rest(contest, &contest->at_rest->rows[i]);
	}
	if (options->lanes != NULL)
		add_key_form(contest, size);
}

static int add_contenders(struct rsa_contest *contest)
{
	const struct rsa_options *options = contest->options;
	size_t count_max = options->bits.count *
			   (2 * options->threads.count + RSA_LANES + RSA_AT_REST_ENGINES + 2);

	contest->entries = calloc(count_max, sizeof(contest->entries[0]));
	contest->contenders = calloc(count_max, sizeof(contest->contenders[0]));
	if (contest->entries == NULL || contest->contenders == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < contest->size_count; i++)
		add_size(contest, &contest->sizes[i]);
	assert(contest->contender_count <= count_max);
	return 0;
}

/* A turn may be so long that all of them take RUN_SECONDS. */
static double turn_seconds(const struct rsa_contest *contest)
{
	double seconds = (double)RUN_SECONDS / turns_count(contest->contenders,
							   contest->contender_count,
							   contest->options->run.rounds);

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
			      workspace, &rsa_contest_size(contest, entry->bits)->keys,
			      entry->lanes_filled, contest->options->run.seed + i, failure);
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

static int prepare_size(struct rsa_contest *contest, unsigned bits, struct failure *failure)
{
	const struct rsa_options *options = contest->options;
	struct rsa_size *size = &contest->sizes[contest->size_count++];
	int r;

	size->bits = bits;
	r = rsa_keys_init(&size->keys, bits, RSA_CONTEST_KEYS, options->lanes, failure);
	if (r == 0 && options->lanes != NULL)
		r = rsa_key_form_init(&size->form, &size->keys, options->lanes, &contest->seconds,
				      failure);
	if (r == 0 && contest->at_rest != NULL)
		r = rsa_at_rest_add(contest->at_rest, &size->keys, &contest->seconds, failure);
	return r;
}

static int prepare_sizes(struct rsa_contest *contest, struct failure *failure)
{
	const struct rsa_options *options = contest->options;
	int r = 0;

	if (options->lanes != NULL && options->openssl)
		r = rsa_at_rest_new(options->lanes, options->run.seed, &contest->at_rest, failure);
	for (size_t i = 0; r == 0 && i < options->bits.count; i++)
		r = prepare_size(contest, options->bits.values[i], failure);
	return r;
}

static int prepare_entries(struct rsa_contest *contest, struct failure *failure)
{
	int r = add_contenders(contest);

	if (r == 0) {
		contest->seconds = turn_seconds(contest);
		r = make_workspaces(contest);
	}
	if (r != 0)
		return failure_set(failure, r, "the contest");
	for (size_t i = 0; r == 0 && i < contest->entry_count; i++)
		r = prepare_entry(contest, &contest->entries[i], failure);
	return r;
}

int rsa_contest_new(const struct rsa_options *options, struct rsa_contest **contest_out,
		    struct failure *failure)
{
	struct rsa_contest *contest = calloc(1, sizeof(*contest));
	int r;

	if (contest == NULL)
		return failure_set(failure, -ENOMEM, "the contest");
	contest->options = options;
	r = prepare_sizes(contest, failure);
	if (r == 0)
		r = prepare_entries(contest, failure);
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
	rsa_at_rest_free(contest->at_rest);
	for (size_t i = 0; i < contest->size_count; i++) {
		rsa_key_form_deinit(&contest->sizes[i].form);
		rsa_keys_deinit(&contest->sizes[i].keys);
	}
	free(contest->workspaces);
	free(contest->entries);
	free(contest->contenders);
	free(contest);
}

int rsa_contest_run(struct rsa_contest *contest, struct failure *failure)
{
	struct status_line status;
	int r;

	status_line_init(&status, turns_count(contest->contenders, contest->contender_count,
					      contest->options->run.rounds));
	r = turns_run(contest->contenders, contest->contender_count, contest->options->run.rounds,
		      &status, failure);
	status_line_end(&status);
	return r;
}

const struct rsa_size *rsa_contest_size(const struct rsa_contest *contest, unsigned bits)
{
	for (size_t i = 0; i < contest->size_count; i++) {
		if (contest->sizes[i].bits == bits)
			return &contest->sizes[i];
	}
	return NULL;
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
