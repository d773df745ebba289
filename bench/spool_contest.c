/* How it works: an entry holds what its contender points to. */
#include "bench/spool_contest.h"

#include <assert.h>
#include <stdio.h>

/* An fsync for each file is slow anywhere: what it could not do in a few seconds need not be laid down. */
#define FSYNC_EACH_MESSAGES_MAX 4000
/* fsync for each file is a matter of waiting, so many may wait at a time. */
#define FSYNC_EACH_THREADS 16
#define SYNCFS_SECONDS_MAX 60.0
#define APPEND_MESSAGES	   256

void spool_contest_init(struct spool_contest *contest)
{
	contest->count = 0;
}

static struct spool_contest_entry *add(struct spool_contest *contest, const char *id,
				       const char *title)
{
	struct spool_contest_entry *entry = &contest->entries[contest->count];

	assert(contest->count < SPOOL_CONTEST_MAX);
	*entry = (struct spool_contest_entry){0};
	snprintf(entry->id, sizeof(entry->id), "%s", id);
	snprintf(entry->title, sizeof(entry->title), "%s", title);
	contest->contenders[contest->count] = (struct contender){
		.id = entry->id,
		.title = entry->title,
		.work = "messages",
	};
	contest->count++;
	return entry;
}

size_t spool_contest_add_pipeline(struct spool_contest *contest, const char *id, const char *title,
				  const struct pipeline *pipeline)
{
	struct spool_contest_entry *entry = add(contest, id, title);
	size_t place = contest->count - 1;

	entry->load = *pipeline->load;
	entry->pipeline = *pipeline;
	entry->pipeline.load = &entry->load;
	contest->contenders[place].includes =
		pipeline->measures_engine
			? "postseal spool --once by its own clock: from the first look at in/ to "
			  "the last unit in out/, without reading its configuration"
			: "postseal spool --once from its start to its end: configuration, "
			  "tables, keys, and every unit read, signed, put into out/ and removed";
	contest->contenders[place].run = pipeline_run;
	contest->contenders[place].arg = &entry->pipeline;
	return place;
}

size_t spool_contest_add_openssl(struct spool_contest *contest, const struct openssl_rate *rate)
{
	char kind[16];
	char id[48];
	char title[80];
	struct spool_contest_entry *entry;
	size_t place = contest->count;

	key_kind_name(rate->setup->kind, kind, sizeof(kind));
	snprintf(id, sizeof(id), "openssl_%s", kind);
	snprintf(title, sizeof(title), "OpenSSL alone, %s, %u thread%s", kind, rate->threads,
		 rate->threads == 1 ? "" : "s");
	entry = add(contest, id, title);
	entry->openssl = *rate;
	contest->contenders[place].work = "signatures";
	contest->contenders[place].includes =
		"signatures of 32-byte digests and nothing else, a thread a CPU, each with its own "
		"key";
	contest->contenders[place].run = openssl_rate_run;
	contest->contenders[place].arg = &entry->openssl;
	return place;
}

static const char *raw_includes(enum raw_spool_method method)
{
	switch (method) {
	case RAW_SPOOL_FSYNC_EACH:
		return "each unit read, written, fsync, renamed, fsync of the directory, input "
		       "removed";
	case RAW_SPOOL_SYNCFS:
		return "a batch of units read and written, one syncfs, all renamed, one fsync of "
		       "the directory, inputs removed";
	case RAW_SPOOL_APPEND:
		return "units read and appended to one file, fdatasync every 256 messages, inputs "
		       "removed";
	}
	return "";
}

size_t spool_contest_add_raw(struct spool_contest *contest, const struct raw_spool *raw)
{
	static const char *const ids[] = {
		[RAW_SPOOL_FSYNC_EACH] = "fsync_each",
		[RAW_SPOOL_SYNCFS] = "syncfs",
		[RAW_SPOOL_APPEND] = "append",
	};
	static const char *const names[] = {
		[RAW_SPOOL_FSYNC_EACH] = "raw: fsync each",
		[RAW_SPOOL_SYNCFS] = "raw: write all, syncfs, rename all",
		[RAW_SPOOL_APPEND] = "raw: append, flush",
	};
	struct spool_contest_entry *entry;
	size_t place = contest->count;
	char id[48];
	char title[80];

	snprintf(id, sizeof(id), "raw_%s_%u_threads_%u", ids[raw->method], raw->batch,
		 raw->threads);
	snprintf(title, sizeof(title), "%s, %u a batch, %u thread%s", names[raw->method],
		 raw->batch, raw->threads, raw->threads == 1 ? "" : "s");
	entry = add(contest, id, title);
	entry->load = *raw->load;
	entry->raw = *raw;
	entry->raw.load = &entry->load;
	contest->contenders[place].includes = raw_includes(raw->method);
	contest->contenders[place].run = raw_spool_run;
	contest->contenders[place].arg = &entry->raw;
	return place;
}

static void add_fsync_each(struct spool_contest *contest, struct raw_spool raw)
{
	struct spool_load load = *raw.load;

	if (load.message_count > FSYNC_EACH_MESSAGES_MAX)
		load.message_count = FSYNC_EACH_MESSAGES_MAX;
	raw.load = &load;
	raw.method = RAW_SPOOL_FSYNC_EACH;
	raw.batch = 1;
	raw.threads = 1;
	(void)spool_contest_add_raw(contest, &raw);
	raw.threads = FSYNC_EACH_THREADS;
	(void)spool_contest_add_raw(contest, &raw);
}

static void add_append(struct spool_contest *contest, struct raw_spool raw)
{
	unsigned per_unit = raw.load->messages_per_unit;

	raw.method = RAW_SPOOL_APPEND;
	raw.batch = (APPEND_MESSAGES + per_unit - 1) / per_unit;
	raw.threads = 1;
	raw.seconds_max = SYNCFS_SECONDS_MAX;
	(void)spool_contest_add_raw(contest, &raw);
}

size_t spool_contest_add_raws(struct spool_contest *contest, const struct raw_spool *raw,
			      unsigned cpus)
{
	static const unsigned eml_batches[] = {64, 256, 1024};
	static const unsigned bsmtp_batches[] = {1, 4, 16};
	bool is_bsmtp = raw->load->is_bsmtp;
	const unsigned *batches = is_bsmtp ? bsmtp_batches : eml_batches;
	struct raw_spool syncfs = *raw;
	size_t before = contest->count;

	if (is_bsmtp)
		add_append(contest, *raw);
	else
		add_fsync_each(contest, *raw);
	syncfs.method = RAW_SPOOL_SYNCFS;
	syncfs.seconds_max = SYNCFS_SECONDS_MAX;
	for (size_t i = 0; i < ARRAY_COUNT(eml_batches); i++) {
		syncfs.batch = batches[i];
		syncfs.threads = 1;
		(void)spool_contest_add_raw(contest, &syncfs);
		syncfs.threads = cpus;
		if (cpus > 1)
			(void)spool_contest_add_raw(contest, &syncfs);
	}
	return contest->count - before;
}

void spool_contest_add_others(struct spool_contest *contest, const struct other_signer *other)
{
	struct spool_contest_entry *entry;
	struct contender *contender = &contest->contenders[contest->count];

	entry = add(contest, "dkimpy", "dkimpy, one process");
	entry->load = *other->load;
	entry->other = *other;
	entry->other.load = &entry->load;
	contender->includes = "dkim.sign() of messages in memory, in a loop; its start and its "
			      "imports are not counted";
	contender->run = dkimpy_run;
	contender->arg = &entry->other;

	contender = &contest->contenders[contest->count];
	entry = add(contest, "opendkim_testmsg", "opendkim-testmsg, one after the other");
	entry->load = *other->load;
	entry->other = *other;
	entry->other.load = &entry->load;
	contender->includes = "one process a message, with its start";
	contender->run = opendkim_testmsg_run;
	contender->arg = &entry->other;
}

int spool_contest_run(struct spool_contest *contest, unsigned rounds, struct status_line *status,
		      struct failure *failure)
{
	return turns_run(contest->contenders, contest->count, rounds, status, failure);
}
