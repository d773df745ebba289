/*
 * Goal:   each message of a unit is signed, copied or refused as if it were alone, whatever its size and
 *         whatever stands before and behind it, and not a byte of it changes.
 * Method: batches are made by a seed: messages of every fate, from a few bytes to more than the window,
 *         refused at their first line or at their last. What comes out is taken apart again and held
 *         against what went in. With short reads and writes, too. Then single units with envelopes.
 */
#include "signer/spool/unit_text.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <stdio.h>
#include <stdlib.h>

#define SEEDS	     25
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
	struct message messages[MESSAGES_MAX];
	size_t count;
	struct buffer batch;
	/* While what came out is read: */
	size_t next;
	bool refused;
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

/* One more message, whose lines begin with dots now and then. */
static void make_message(struct bench *bench, enum fate fate, size_t size, const char *line_end,
			 struct buffer *text)
{
	struct message *message = &bench->messages[bench->count];
	struct mail_report report;

	message->fate = fate;
	snprintf(message->id, sizeof(message->id), "<%zu.%d>", bench->count++, (int)fate);
	buffer_clear(text);
	if (fate != FATE_REFUSED_BY_HEADER)
		assert_int_equal(
			buffer_printf(text, "From: <a@%s>%s",
				      fate == FATE_PASSED ? "other.example" : "example.com",
				      line_end),
			0);
	assert_int_equal(buffer_printf(text, "Message-ID: %s%s%s", message->id, line_end, line_end),
			 0);
	while (text->size < size) {
		append(text, random_below(bench, 4) == 0 ? "." : "line");
		append(text, random_below(bench, 9) == 0 ? "" : " of a message");
		append(text, line_end);
	}
	if (fate == FATE_REFUSED_AT_END)
		append(text, "bare\rCR\r\n");
	mail_check(buffer_bytes(text), NULL, &report);
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

static void run_seeds(const char *engine, bool short_counts, uint64_t first)
{
	const char *const options[] = {"IoEngine", engine, "SyncMode", "none", NULL};
	struct bench bench = {.short_counts = short_counts};

	spool_fixture_open(&bench.fixture, options);
	for (uint64_t seed = first; seed < first + SEEDS; seed++)
		run_seed(&bench, seed);
	buffer_deinit(&bench.batch);
	spool_fixture_close(&bench.fixture);
}

static void batches_of_any_mix_come_out_right(void **state)
{
	(void)state;
	run_seeds("auto", false, 1);
	run_seeds("threads", false, 100);
}

static void batches_come_out_right_with_short_reads_and_writes(void **state)
{
	(void)state;
	run_seeds("auto", true, 200);
	run_seeds("threads", true, 300);
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
		make_message(&bench, fates[i], i == 1 ? 3000000 : 500, "\r\n", &text);
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
	spool_fixture_close(&bench.fixture);
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
	spool_fixture_close(&bench.fixture);
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
		cmocka_unit_test(bare_cr_at_the_end_of_a_long_message_in_the_middle),
		cmocka_unit_test(note_on_many_refusals_stays_short),
		cmocka_unit_test(signature_goes_behind_the_envelope),
	};

	return cmocka_run_group_tests_name("unit_text", tests, NULL, NULL);
}
