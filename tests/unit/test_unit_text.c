/*
 * Goal:   each message of a unit is signed, copied or refused as if it were alone, whatever its size and
 *         whatever stands before and behind it, and not a byte of it changes.
 * Method: batches are made by a seed: messages of every fate, from a few bytes to more than the window,
 *         refused at their first line or at their last. What comes out is taken apart again and held
 *         against what went in. With short reads and writes, and with keys that do not sign, too. Then
 *         single units with envelopes.
 */
#include "signer/spool/unit_text.h"

#include "signer/keys/sign_engine.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEDS	     8
#define MESSAGES_MAX 40

enum fate {
	FATE_SIGNED,
	FATE_PASSED,
	FATE_REFUSED_BY_HEADER, /* no From */
	FATE_REFUSED_AT_END,	/* a bare CR behind all else */
	FATE_COUNT,
};

struct message {
	enum fate fate;
	uint8_t digest[SHA256_SIZE];
	char id[24];
};

struct bench {
	struct spool_fixture fixture;
	uint64_t random;
	bool short_counts;
	bool removes_old;    /* then messages have old signatures */
	struct buffer plain; /* the last message without them */
	struct message messages[MESSAGES_MAX];
	size_t count;
	struct buffer batch;
	/* While what came out is read: */
	size_t next;
	bool refused;
	size_t seen_signed;
	size_t seen;
};

/* The engine that all spools of this program get: OpenSSL, but that signatures fail as the test likes. */
extern const struct sign_engine __real_sign_engine_openssl;
extern const struct sign_engine __wrap_sign_engine_openssl;
static atomic_uint failing_of_32; /* so many of 32 in a row fail; 32: all */
static atomic_uint signature_count;
static atomic_uint failure_count;

static int worker_new(const struct sign_engine *engine, void **worker_out)
{
	(void)engine;
	return __real_sign_engine_openssl.worker_new(&__real_sign_engine_openssl, worker_out);
}

static void worker_free(void *worker)
{
	__real_sign_engine_openssl.worker_free(worker);
}

static void sign(void *worker, struct sign_job *const *jobs, size_t count)
{
	__real_sign_engine_openssl.sign(worker, jobs, count);
	for (size_t i = 0; i < count; i++) {
		/* Multiplied, so that they are not neighbours. */
		if (atomic_fetch_add(&signature_count, 1) * 13 % 32 >= failing_of_32)
			continue;
		jobs[i]->error = SIGN_JOB_E_FAILED;
		failure_count++;
	}
}

const struct sign_engine __wrap_sign_engine_openssl = {
	.worker_new = worker_new,
	.worker_free = worker_free,
	.sign = sign,
};

static uint64_t random_below(struct bench *bench, uint64_t limit)
{
	bench->random ^= bench->random >> 12;
	bench->random ^= bench->random << 25;
	bench->random ^= bench->random >> 27;
	return (bench->random * UINT64_C(2685821657736338717) >> 16) % limit;
}

static int shorten(void *arg, struct ring_op *op)
{
	struct bench *bench = arg;

	if (bench->short_counts && (op->opcode == RING_READ || op->opcode == RING_WRITE) &&
	    op->size > 1 && random_below(bench, 2) == 0)
		op->size = 1 + random_below(bench, op->size);
	return 0;
}

static void append(struct buffer *text, const char *string)
{
	assert_int_equal(buffer_append_string(text, string), 0);
}

static size_t random_size(struct bench *bench)
{
	switch (random_below(bench, 12)) {
	case 0: return 300000 + random_below(bench, 900000);
	case 1: return random_below(bench, 100000);
	default: return random_below(bench, 3000);
	}
}

/* Adds to the message, and if it is to stay there also to what is expected of it. */
static void append_line(struct bench *bench, struct buffer *text, bool stays, const char *line,
			const char *line_end)
{
	append(text, line);
	append(text, line_end);
	if (!stays)
		return;
	append(&bench->plain, line);
	append(&bench->plain, line_end);
}

/* Nothing, or some old signatures and a field that begins with a dot. */
static void append_old(struct bench *bench, struct buffer *text, enum fate fate,
		       const char *line_end)
{
	if (!bench->removes_old)
		return;
	for (uint64_t left = random_below(bench, 4); left > 0; left--) {
		append_line(bench, text, fate != FATE_SIGNED, "DKIM-Signature: v=1;", line_end);
		append_line(bench, text, fate != FATE_SIGNED, "\t.b=old", line_end);
	}
	for (uint64_t left = random_below(bench, 3); left > 0; left--)
		append_line(bench, text, true, ".dot: x", line_end);
}

/* One more message, whose lines begin with dots now and then. */
static void make_message(struct bench *bench, enum fate fate, size_t size, const char *line_end,
			 struct buffer *text)
{
	struct message *message = &bench->messages[bench->count];
	struct mail_report report;
	size_t header_size;
	char field[64];

	message->fate = fate;
	snprintf(message->id, sizeof(message->id), "<%zu.%d>", bench->count++, (int)fate);
	buffer_clear(text);
	buffer_clear(&bench->plain);
	snprintf(field, sizeof(field), "Message-ID: %s", message->id);
	if (fate == FATE_SIGNED)
		append_old(bench, text, fate, line_end);
	if (fate != FATE_REFUSED_BY_HEADER)
		append_line(bench, text, true,
			    fate == FATE_PASSED ? "From: <a@other.example>"
						: "From: <a@example.com>",
			    line_end);
	else
		append_line(bench, text, true, "To: <a@example.com>", line_end);
	append_old(bench, text, fate, line_end);
	append_line(bench, text, true, field, line_end);
	append_old(bench, text, fate, line_end);
	append_line(bench, text, true, "", line_end);
	header_size = text->size;
	while (text->size < size) {
		append(text, random_below(bench, 4) == 0 ? "." : "line");
		append(text, random_below(bench, 9) == 0 ? "" : " of a message");
		append(text, line_end);
	}
	if (fate == FATE_REFUSED_AT_END)
		append(text, "bare\rCR\r\n");
	assert_int_equal(buffer_append(&bench->plain, bytes_skip(buffer_bytes(text), header_size)),
			 0);
	mail_check(buffer_bytes(&bench->plain), NULL, &report);
	assert_string_equal(report.id, message->id);
	memcpy(message->digest, report.digest, SHA256_SIZE);
}

static void make_batch(struct bench *bench)
{
	struct buffer text = {0};
	size_t count = 1 + random_below(bench, MESSAGES_MAX);

	buffer_clear(&bench->batch);
	bench->count = 0;
	if (random_below(bench, 2) == 0)
		append(&bench->batch, "EHLO here\n");
	for (size_t i = 0; i < count; i++) {
		enum fate fate = (enum fate)random_below(bench, FATE_COUNT);

		if (random_below(bench, 3) != 0)
			fate = FATE_SIGNED;
		make_message(bench, fate, random_size(bench),
			     random_below(bench, 2) == 0 ? "\r\n" : "\n", &text);
		if (random_below(bench, 8) == 0)
			append(&bench->batch, "MAIL FROM:<x@y>\r\nRCPT TO:<x@y>\r\nRSET\r\n");
		spool_fixture_add_to_batch(&bench->batch, buffer_bytes(&text));
	}
	if (random_below(bench, 2) == 0)
		append(&bench->batch, "QUIT\r\n");
	buffer_deinit(&text);
}

static bool is_refused(const struct message *message)
{
	return message->fate == FATE_REFUSED_BY_HEADER || message->fate == FATE_REFUSED_AT_END;
}

/* Messages come out in the order in which they went in. */
static void see_message(void *arg, size_t index, struct bytes text)
{
	struct bench *bench = arg;
	const struct message *message;
	struct mail_report report;

	(void)index;
	mail_check(text, bench->fixture.key, &report);
	while (bench->next < bench->count &&
	       is_refused(&bench->messages[bench->next]) != bench->refused)
		bench->next++;
	assert_true(bench->next < bench->count);
	message = &bench->messages[bench->next++];
	assert_string_equal(report.id, message->id);
	assert_memory_equal(report.digest, message->digest, SHA256_SIZE);
	assert_int_equal(report.signatures, message->fate == FATE_SIGNED);
	assert_int_equal(report.valid, message->fate == FATE_SIGNED);
}

static void see_unit(struct bench *bench, const char *path, const char *name, bool refused)
{
	struct buffer content = {0};

	bench->next = 0;
	bench->refused = refused;
	if (spool_fixture_get(&bench->fixture, path, &content))
		assert_true(mail_check_each(name, buffer_bytes(&content), see_message, bench));
	while (bench->next < bench->count)
		assert_true(is_refused(&bench->messages[bench->next++]) != refused);
	buffer_deinit(&content);
}

static void run_seed(struct bench *bench, uint64_t seed)
{
	const struct ring_fault fault = {.before = shorten, .arg = bench};
	struct spool_result result;

	bench->random = seed;
	make_batch(bench);
	print_message("seed %llu: %zu messages, %zu bytes\n", (unsigned long long)seed,
		      bench->count, bench->batch.size);
	spool_fixture_clear(&bench->fixture);
	spool_fixture_put(&bench->fixture, "in/x.bsmtp", buffer_bytes(&bench->batch));
	assert_int_equal(spool_fixture_run(&bench->fixture, &fault, &result), 0);
	assert_false(spool_fixture_has(&bench->fixture, "in/x.bsmtp"));
	see_unit(bench, "out/x.bsmtp", "x.bsmtp", false);
	see_unit(bench, "failed/x.bsmtp", "x.bsmtp", true);
	assert_int_equal(result.messages.signed_count + result.messages.passed_count +
				 result.messages.refused_count,
			 bench->count);
}

static void run_seeds(const char *engine, bool short_counts, bool removes_old, uint64_t first)
{
	const char *const options[] = {"SignEngine",
				       "openssl",
				       "IoEngine",
				       engine,
				       "SyncMode",
				       "none",
				       "RemoveOldSignatures",
				       removes_old ? "yes" : "no",
				       NULL};
	struct bench bench = {.short_counts = short_counts, .removes_old = removes_old};

	spool_fixture_open(&bench.fixture, options);
	for (uint64_t seed = first; seed < first + rounds_of(SEEDS); seed++)
		run_seed(&bench, seed);
	buffer_deinit(&bench.batch);
	buffer_deinit(&bench.plain);
	spool_fixture_close(&bench.fixture);
}

static void batches_of_any_mix_come_out_right(void **state)
{
	(void)state;
	run_seeds("auto", false, false, 1);
	run_seeds("threads", false, false, 100);
}

static void batches_come_out_right_with_short_reads_and_writes(void **state)
{
	(void)state;
	run_seeds("auto", true, false, 200);
	run_seeds("threads", true, false, 300);
}

static void old_signatures_are_left_out_of_what_is_signed(void **state)
{
	(void)state;
	run_seeds("auto", false, true, 600);
	run_seeds("threads", true, true, 700);
}

/* With keys that fail: any message that is to be signed may be where those go that are not. */
static void see_any_message(void *arg, size_t index, struct bytes text)
{
	struct bench *bench = arg;
	const struct message *message;
	struct mail_report report;

	(void)index;
	mail_check(text, bench->fixture.key, &report);
	while (bench->next < bench->count &&
	       strcmp(bench->messages[bench->next].id, report.id) != 0)
		bench->next++;
	assert_true(bench->next < bench->count);
	message = &bench->messages[bench->next++];
	assert_memory_equal(report.digest, message->digest, SHA256_SIZE);
	assert_int_equal(report.valid, report.signatures);
	assert_true(report.signatures == 0 || (!bench->refused && message->fate == FATE_SIGNED));
	bench->seen_signed += report.signatures;
	bench->seen++;
}

static size_t see_any_unit(struct bench *bench, const char *path, bool refused)
{
	struct buffer content = {0};

	bench->next = 0;
	bench->refused = refused;
	bench->seen = 0;
	if (spool_fixture_get(&bench->fixture, path, &content))
		assert_true(
			mail_check_each("x.bsmtp", buffer_bytes(&content), see_any_message, bench));
	buffer_deinit(&content);
	return bench->seen;
}

/* The note is on each refused message once; it says how many there are where it does not tell all. */
static void see_note(const struct bench *bench, size_t refused)
{
	struct buffer note = {0};
	size_t told = 0;
	const char *in_all;

	assert_true(spool_fixture_get(&bench->fixture, "failed/x.bsmtp.reason", &note));
	assert_int_equal(strncmp(buffer_string(&note), "message ", 8), 0);
	for (const char *at = buffer_string(&note); (at = strstr(at, "(line ")) != NULL; at++)
		told++;
	in_all = strstr(buffer_string(&note), " in all\n");
	while (in_all != NULL && ascii_is_digit((uint8_t)in_all[-1]))
		in_all--;
	assert_int_equal(in_all == NULL ? told : strtoul(in_all, NULL, 10), refused);
	buffer_deinit(&note);
}

static void run_failing_seed(struct bench *bench, uint64_t seed, const char *action)
{
	struct spool_result result;
	size_t out;
	size_t failed;

	bench->random = seed;
	make_batch(bench);
	spool_fixture_clear(&bench->fixture);
	spool_fixture_put(&bench->fixture, "in/x.bsmtp", buffer_bytes(&bench->batch));
	failing_of_32 = (unsigned)(1 + random_below(bench, 32));
	failure_count = 0;
	bench->seen_signed = 0;
	assert_int_equal(spool_fixture_run(&bench->fixture, NULL, &result), 0);
	print_message("seed %llu, %s: %u of 32 fail, %u failed, %u of %zu signed\n",
		      (unsigned long long)seed, action, failing_of_32, failure_count,
		      (unsigned)result.messages.signed_count, bench->count);
	failing_of_32 = 0;
	assert_false(spool_fixture_has(&bench->fixture, "in/x.bsmtp"));
	out = see_any_unit(bench, "out/x.bsmtp", false);
	failed = see_any_unit(bench, "failed/x.bsmtp", true);
	assert_int_equal(out + failed, bench->count);
	assert_int_equal(bench->seen_signed, result.messages.signed_count);
	assert_int_equal(out, result.messages.signed_count + result.messages.passed_count);
	assert_int_equal(failed, result.messages.refused_count);
	assert_int_equal(spool_fixture_has(&bench->fixture, "failed/x.bsmtp.reason"), failed > 0);
	if (failed > 0 && out > 0)
		see_note(bench, failed);
}

static void run_failing_seeds(const char *engine, const char *action, uint64_t first)
{
	const char *const options[] = {"SignEngine", "openssl", "IoEngine",	     engine,
				       "SyncMode",   "none",	"On-SignatureError", action,
				       NULL};
	struct bench bench = {0};

	spool_fixture_open(&bench.fixture, options);
	for (uint64_t seed = first; seed < first + rounds_of(SEEDS); seed++)
		run_failing_seed(&bench, seed, action);
	buffer_deinit(&bench.batch);
	buffer_deinit(&bench.plain);
	spool_fixture_close(&bench.fixture);
}

static void batches_come_out_right_with_keys_that_fail(void **state)
{
	(void)state;
	run_failing_seeds("auto", "accept", 400);
	run_failing_seeds("threads", "reject", 500);
}

/* What each action makes of a message, alone or in a batch of two, whose key never signs. */
struct failing_row {
	const char *action;
	const char *in; /* what is where in the end */
	const char *out;
	const char *failed;
	const char *note;
	const char *batch_note;
};

#define NO_SIGNATURE "signature generation error: the key does not sign"

static const struct failing_row failing_rows[] = {
	{NULL, "x x.bsmtp", "", "", NULL, NULL},
	{"tempfail", "x x.bsmtp", "", "", NULL, NULL},
	{"accept", "", "x x.bsmtp", "", NULL, NULL},
	{"reject", "", "", "x x.bsmtp x.bsmtp.reason x.reason", NO_SIGNATURE "\n",
	 "message 1 (line 1): " NO_SIGNATURE "; message 2 (line 8): " NO_SIGNATURE "\n"},
};

static void check_content(const struct spool_fixture *fixture, const char *directory,
			  const char *name, struct bytes want)
{
	struct buffer got = {0};
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_true(spool_fixture_get(fixture, path, &got));
	assert_true(bytes_equal(buffer_bytes(&got), want));
	buffer_deinit(&got);
}

static void run_failing_row(const struct failing_row *row)
{
	const char *const options[] = {"SignEngine", "openssl",
				       row->action == NULL ? NULL : "On-SignatureError",
				       row->action, NULL};
	const struct bytes message = BYTES_LITERAL("From: a@example.com\r\n\r\nx\r\n");
	const char *place = row->out[0] != '\0' ? "out" : row->failed[0] != '\0' ? "failed" : "in";
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer batch = {0};
	struct buffer names = {0};

	spool_fixture_open(&fixture, options);
	for (unsigned i = 0; i < 2; i++)
		spool_fixture_add_to_batch(&batch, message);
	append(&batch, "QUIT\r\n");
	spool_fixture_put(&fixture, "in/x", message);
	spool_fixture_put(&fixture, "in/x.bsmtp", buffer_bytes(&batch));
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_string_equal(spool_fixture_list(&fixture, "in", &names), row->in);
	assert_string_equal(spool_fixture_list(&fixture, "out", &names), row->out);
	assert_string_equal(spool_fixture_list(&fixture, "failed", &names), row->failed);
	check_content(&fixture, place, "x", message);
	check_content(&fixture, place, "x.bsmtp", buffer_bytes(&batch));
	if (row->note != NULL) {
		check_content(&fixture, "failed", "x.reason", bytes_of_string(row->note));
		check_content(&fixture, "failed", "x.bsmtp.reason",
			      bytes_of_string(row->batch_note));
	}
	buffer_deinit(&names);
	buffer_deinit(&batch);
	spool_fixture_close(&fixture);
}

static void message_whose_key_fails_goes_where_the_action_says(void **state)
{
	(void)state;
	failing_of_32 = 32;
	for (size_t i = 0; i < ARRAY_COUNT(failing_rows); i++)
		run_failing_row(&failing_rows[i]);
	failing_of_32 = 0;
}

/* Each failure is found when others were read on; the work must not grow with the square of them. */
static void many_failures_in_one_batch_cost_little_more_than_one(void **state)
{
	const char *const options[] = {"SignEngine", "openssl", "On-SignatureError", "accept",
				       NULL};
	const struct bytes message = BYTES_LITERAL("From: a@example.com\r\n\r\nx\r\n");
	const unsigned count = 700;
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer batch = {0};

	(void)state;
	spool_fixture_open(&fixture, options);
	for (unsigned i = 0; i < count; i++)
		spool_fixture_add_to_batch(&batch, message);
	spool_fixture_put(&fixture, "in/x.bsmtp", buffer_bytes(&batch));
	signature_count = 0;
	failing_of_32 = 32;
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	failing_of_32 = 0;
	assert_int_equal(result.messages.passed_count, count);
	assert_true(signature_count < 2 * count);
	check_content(&fixture, "out", "x.bsmtp", buffer_bytes(&batch));
	buffer_deinit(&batch);
	spool_fixture_close(&fixture);
}

/* The window has left it behind long before it turns out that it must be refused. */
static void bare_cr_at_the_end_of_a_long_message_in_the_middle(void **state)
{
	static const enum fate fates[] = {FATE_SIGNED, FATE_REFUSED_AT_END, FATE_SIGNED};
	struct bench bench = {0};
	struct buffer text = {0};
	struct buffer note = {0};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&bench.fixture, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(fates); i++) {
		make_message(&bench, fates[i], i == 1 ? 1000000 : 500, "\r\n", &text);
		spool_fixture_add_to_batch(&bench.batch, buffer_bytes(&text));
	}
	spool_fixture_put(&bench.fixture, "in/x.bsmtp", buffer_bytes(&bench.batch));
	assert_int_equal(spool_fixture_run(&bench.fixture, NULL, &result), 0);
	see_unit(&bench, "out/x.bsmtp", "x.bsmtp", false);
	see_unit(&bench, "failed/x.bsmtp", "x.bsmtp", true);
	assert_true(spool_fixture_get(&bench.fixture, "failed/x.bsmtp.reason", &note));
	assert_non_null(strstr(buffer_string(&note), "message 2 (line "));
	assert_non_null(strstr(buffer_string(&note), "): its body has a CR without LF\n"));
	buffer_deinit(&note);
	buffer_deinit(&text);
	buffer_deinit(&bench.batch);
	buffer_deinit(&bench.plain);
	spool_fixture_close(&bench.fixture);
}

static void see_signed(void *arg, size_t index, struct bytes text)
{
	const struct spool_fixture *fixture = arg;
	struct mail_report report;

	(void)index;
	mail_check(text, fixture->key, &report);
	if (report.signatures != 1 || report.valid != 1)
		fail_msg("unsigned: %.*s", BYTES_PRINTF(text));
}

static size_t count_of(struct buffer *content, const char *text)
{
	size_t count = 0;

	for (const char *at = buffer_string(content); (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/*
 * What a crash of its writer leaves of a batch of ours: what comes out of it is signed, every message. At
 * each place where the batch may have ended, it does come out.
 */
static void batch_cut_anywhere_lets_nothing_out_unsigned(void **state)
{
	static const char batch[] =
		"EHLO here\r\n"
		"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
		"From: a@example.com\r\nSubject: x\r\n y\r\n\r\nbody\r\n..dot\r\n.\r\n"
		"MAIL FROM:<a@example.com>\r\nRSET\r\nNOOP\r\n"
		"MAIL FROM:<a@example.com>\nRCPT TO:<b@example.net>\nDATA\n"
		"X-Sender: x\nFrom:\n a@example.com\n\nbody\n.\n"
		"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
		"From: a@example.com\r\n.\r\n"
		"QUIT\r\n";
	const char *const options[] = {"SyncMode", "none", NULL};
	const size_t size = sizeof(batch) - 1;
	const unsigned stride = stride_of(29);
	struct buffer content = {0};
	struct spool_fixture fixture;
	struct spool_result result;
	size_t out_count = 0;
	char path[64];

	(void)state;
	spool_fixture_open(&fixture, options);
	for (size_t cut = 0; cut <= size; cut += stride) {
		snprintf(path, sizeof(path), "in/%zu.bsmtp", cut);
		spool_fixture_put(&fixture, path, bytes_of((const uint8_t *)batch, cut));
	}
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	for (size_t cut = 0; cut <= size; cut += stride) {
		snprintf(path, sizeof(path), "in/%zu.bsmtp", cut);
		assert_false(spool_fixture_has(&fixture, path));
		snprintf(path, sizeof(path), "out/%zu.bsmtp", cut);
		if (!spool_fixture_get(&fixture, path, &content))
			continue;
		assert_true(mail_check_each(path, buffer_bytes(&content), see_signed, &fixture));
		/* And by other eyes than our own reader's, which may be what is wrong. */
		assert_int_equal(count_of(&content, "\nDATA"),
				 count_of(&content, "\nDKIM-Signature: "));
		out_count++;
	}
	/* Behind EHLO, three messages, RSET, NOOP, QUIT. */
	if (stride == 1)
		assert_int_equal(out_count, 7);
	assert_int_equal(result.messages.refused_count + result.messages.passed_count, 0);
	buffer_deinit(&content);
	spool_fixture_close(&fixture);
}

/* Many that are refused: the note stays short, and says how many there are. */
static void note_on_many_refusals_stays_short(void **state)
{
	struct bench bench = {0};
	struct buffer text = {0};
	struct buffer note = {0};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&bench.fixture, NULL);
	make_message(&bench, FATE_SIGNED, 100, "\r\n", &text);
	spool_fixture_add_to_batch(&bench.batch, buffer_bytes(&text));
	for (unsigned i = 0; i < MESSAGES_MAX - 1; i++) {
		make_message(&bench, FATE_REFUSED_BY_HEADER, 100, "\r\n", &text);
		spool_fixture_add_to_batch(&bench.batch, buffer_bytes(&text));
	}
	spool_fixture_put(&bench.fixture, "in/x.bsmtp", buffer_bytes(&bench.batch));
	assert_int_equal(spool_fixture_run(&bench.fixture, NULL, &result), 0);
	assert_int_equal(result.messages.refused_count, MESSAGES_MAX - 1);
	assert_true(spool_fixture_get(&bench.fixture, "failed/x.bsmtp.reason", &note));
	assert_true(note.size < 2 * UNIT_REASON_SIZE);
	assert_non_null(strstr(buffer_string(&note), "; 39 in all\n"));
	buffer_deinit(&note);
	buffer_deinit(&text);
	buffer_deinit(&bench.batch);
	buffer_deinit(&bench.plain);
	spool_fixture_close(&bench.fixture);
}

/* What is allocated when the first of many batches are put into their places. */
static int look_at_memory(void *arg, struct ring_op *op)
{
	size_t *bytes = arg;

	if (op->opcode == RING_RENAMEAT && *bytes == 0)
		*bytes = mallinfo2().uordblks;
	return 0;
}

static void units_wait_for_their_batch_without_their_messages(void **state)
{
	const char *const options[] = {"SpoolBatch", "64", NULL};
	const struct bytes message = BYTES_LITERAL("From: a@example.com\r\n\r\nx\r\n");
	size_t before = mallinfo2().uordblks;
	size_t bytes = 0;
	const struct ring_fault hook = {.before = look_at_memory, .arg = &bytes};
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer batch = {0};
	char path[32];

	(void)state;
	spool_fixture_open(&fixture, options);
	for (unsigned i = 0; i < 250 / stride_of(25); i++)
		spool_fixture_add_to_batch(&batch, message);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "in/%u.bsmtp", i);
		spool_fixture_put(&fixture, path, buffer_bytes(&batch));
	}
	assert_int_equal(spool_fixture_run(&fixture, &hook, &result), 0);
	assert_int_equal(result.released_units, 64);
	print_message("%zu kB when the first batch is put into its place\n",
		      (bytes - before) / 1024);
	assert_true(bytes - before < 64 * 1024 * 1024);
	buffer_deinit(&batch);
	spool_fixture_close(&fixture);
}

struct envelope_row {
	const char *name;
	const char *before; /* what the signature goes behind */
	const char *message;
	const char *field; /* how the inserted field begins and ends */
	const char *field_end;
};

static const struct envelope_row envelope_rows[] = {
	{"no_envelope", "", "From: a@example.com\r\n\r\nx\r\n", "DKIM-Signature: ", "\r\n"},
	{"sender_and_receiver_lines",
	 "X-Sender: a@example.com\r\nX-Receiver: b@example.net\r\nX-Receiver: c@example.net\r\n",
	 "From: a@example.com\r\n\r\nx\r\n", "DKIM-Signature: ", "\r\n"},
	{"mbox_line", "From a@example.com Mon Jan  1 00:00:00 2024\n", "From: a@example.com\n\nx\n",
	 "DKIM-Signature: ", "\n"},
	{"line_feeds_alone", "", "From: a@example.com\n\nx\n", "DKIM-Signature: ", "\n"},
	/* The first line says which line end the message has. */
	{"mixed_line_ends", "", "From: a@example.com\nSubject: x\r\n\r\nx\n",
	 "DKIM-Signature: ", "\n"},
};

static void signature_goes_behind_the_envelope(void **state)
{
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer text = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(envelope_rows); i++) {
		const struct envelope_row *row = &envelope_rows[i];
		size_t before = strlen(row->before);
		size_t message = strlen(row->message);
		struct mail_report report;
		struct bytes field;

		spool_fixture_clear(&fixture);
		append(&text, row->before);
		append(&text, row->message);
		spool_fixture_put(&fixture, "in/a", buffer_bytes(&text));
		assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
		if (!spool_fixture_get(&fixture, "out/a", &text))
			fail_msg("%s is not in out/", row->name);
		mail_check(buffer_bytes(&text), fixture.key, &report);
		if (report.valid != 1)
			fail_msg("%s does not verify", row->name);
		assert_memory_equal(text.data, row->before, before);
		assert_memory_equal(text.data + text.size - message, row->message, message);
		field = bytes_slice(buffer_bytes(&text), before, text.size - message);
		assert_true(bytes_start_with(field, bytes_of_string(row->field)));
		assert_memory_equal(field.data + field.size - strlen(row->field_end),
				    row->field_end, strlen(row->field_end));
		assert_int_equal(memchr(field.data, '\r', field.size) != NULL,
				 row->field_end[0] == '\r');
		buffer_clear(&text);
	}
	buffer_deinit(&text);
	spool_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_of_any_mix_come_out_right),
		cmocka_unit_test(batches_come_out_right_with_short_reads_and_writes),
		cmocka_unit_test(old_signatures_are_left_out_of_what_is_signed),
		cmocka_unit_test(batches_come_out_right_with_keys_that_fail),
		cmocka_unit_test(message_whose_key_fails_goes_where_the_action_says),
		cmocka_unit_test(many_failures_in_one_batch_cost_little_more_than_one),
		cmocka_unit_test(bare_cr_at_the_end_of_a_long_message_in_the_middle),
		cmocka_unit_test(batch_cut_anywhere_lets_nothing_out_unsigned),
		cmocka_unit_test(note_on_many_refusals_stays_short),
		cmocka_unit_test(units_wait_for_their_batch_without_their_messages),
		cmocka_unit_test(signature_goes_behind_the_envelope),
	};

	return cmocka_run_group_tests_name("unit_text", tests, NULL, NULL);
}
