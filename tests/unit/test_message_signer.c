/*
 * Goal:   a message gets the verdict that the tables and RFC 5322 ask for, whatever the pieces that it comes
 *         in, and a signed one verifies.
 * Method: a signature service with one thread. Each row runs whole and again cut in two at every byte, on one
 *         and the same object; the fields that come out are put where the signer says, and verified.
 */
#include "signer/message/message_signer.h"

#include "signer/dkim/verification.h"
#include "signer/keys/sign_engine.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bench {
	struct spool_fixture fixture;
	struct sign_service *service;
	struct sign_client *client;
	struct message_tools tools;
	struct message_signer *signer;
	bool woken;
	int64_t now_s;
	/* Of the last message: */
	struct buffer fields;
	size_t insert_at;
	size_t fields_size; /* when it was decided */
};

static void open_bench(struct bench *bench, const char *const *options)
{
	*bench = (struct bench){.now_s = time(NULL)};
	spool_fixture_open(&bench->fixture, options);
	assert_int_equal(sign_service_new(1, &sign_engine_openssl, &bench->service), 0);
	assert_int_equal(sign_client_new(bench->service, &bench->client), 0);
	assert_int_equal(message_tools_init(&bench->tools, bench->client), 0);
	assert_int_equal(message_signer_new(&bench->tools, &bench->signer), 0);
}

static void close_bench(struct bench *bench)
{
	message_signer_free(bench->signer);
	message_tools_deinit(&bench->tools);
	sign_client_free(bench->client);
	sign_service_free(bench->service);
	buffer_deinit(&bench->fields);
	spool_fixture_close(&bench->fixture);
}

static void wake(struct message_signer *signer, void *arg)
{
	struct bench *bench = arg;

	assert_ptr_equal(signer, bench->signer);
	bench->woken = true;
}

static void wait_until_woken(struct bench *bench)
{
	while (!bench->woken) {
		struct pollfd ready = {.fd = sign_client_fd(bench->client), .events = POLLIN};

		sign_client_flush(bench->client);
		assert_int_equal(poll(&ready, 1, 10000), 1);
		(void)sign_client_collect(bench->client);
	}
	assert_false(message_signer_busy(bench->signer));
	bench->woken = false;
}

/* Acts on what comes back. True: there is no more to push. */
static bool act(struct bench *bench, enum message_progress progress)
{
	switch (progress) {
	case MESSAGE_MORE: return false;
	case MESSAGE_WAIT: wait_until_woken(bench); return false;
	case MESSAGE_DECIDED:
		assert_int_equal(message_signer_verdict(bench->signer), MESSAGE_SIGN);
		bench->insert_at = message_signer_insert_at(bench->signer);
		bench->fields_size = message_signer_fields(bench->signer).size;
		return false;
	case MESSAGE_OVER: return true;
	case MESSAGE_SIGNING: wait_until_woken(bench); return true;
	}
	return true;
}

static bool push(struct bench *bench, struct bytes piece)
{
	while (piece.size > 0) {
		if (act(bench, message_signer_push(bench->signer, &piece)))
			return true;
	}
	return false;
}

/* A message in two pieces. */
static enum message_verdict sign(struct bench *bench, struct bytes message, size_t cut)
{
	bool over;

	bench->woken = false;
	message_signer_start(bench->signer, bench->fixture.context, "test", bench->now_s, wake,
			     bench);
	over = push(bench, bytes_slice(message, 0, cut)) || push(bench, bytes_skip(message, cut));
	while (!over)
		over = act(bench, message_signer_end(bench->signer));
	buffer_clear(&bench->fields);
	assert_int_equal(buffer_append(&bench->fields, message_signer_fields(bench->signer)), 0);
	return message_signer_verdict(bench->signer);
}

/* The message with its fields and without what is cut out. */
static void compose(const struct bench *bench, struct bytes message, struct buffer *text)
{
	size_t at = bench->insert_at;

	buffer_clear(text);
	assert_int_equal(buffer_append(text, bytes_slice(message, 0, at)), 0);
	assert_int_equal(buffer_append(text, buffer_bytes(&bench->fields)), 0);
	for (size_t i = 0; i < message_signer_cut_count(bench->signer); i++) {
		struct message_cut cut = message_signer_cut_at(bench->signer, i);

		assert_true(cut.start >= at && cut.end > cut.start && cut.end <= message.size);
		assert_true(i == 0 || cut.start > at);
		assert_int_equal(buffer_append(text, bytes_slice(message, at, cut.start)), 0);
		at = cut.end;
	}
	assert_int_equal(buffer_append(text, bytes_skip(message, at)), 0);
}

static void check_signed(struct bench *bench, const char *name, struct bytes message)
{
	struct buffer text = {0};
	struct mail_report report;

	assert_int_equal(bench->fields.size, bench->fields_size);
	compose(bench, message, &text);
	mail_check(buffer_bytes(&text), bench->fixture.key, &report);
	if (report.signatures < 1 || report.valid != 1)
		fail_msg("%s: %zu of %zu signatures verify:\n%s", name, report.valid,
			 report.signatures, buffer_string(&text));
	buffer_deinit(&text);
}

struct row {
	const char *name;
	const char *message;
	enum message_verdict verdict;
	const char *reason; /* what it begins with */
};

#define FROM_US "From: a@example.com\r\n"

static const struct row rows[] = {
	{"ours_is_signed", FROM_US "Subject: x\r\n\r\nbody\r\n", MESSAGE_SIGN, ""},
	{"ours_without_body_is_signed", FROM_US, MESSAGE_SIGN, ""},
	{"ours_without_body_behind_the_empty_line_is_signed", FROM_US "\r\n", MESSAGE_SIGN, ""},
	{"ours_without_last_line_end_is_signed", FROM_US "\r\nbody", MESSAGE_SIGN, ""},
	{"header_without_line_end_is_signed", "From: a@example.com", MESSAGE_SIGN, ""},
	{"line_feeds_alone_are_signed_as_crlf", "From: a@example.com\n\nbody\n", MESSAGE_SIGN, ""},
	{"folded_from_is_signed", "From:\r\n a@example.com\r\n\r\n", MESSAGE_SIGN, ""},
	{"envelope_lines_stay_in_front", "X-Sender: x@y\r\nX-Receiver: z\r\n" FROM_US "\r\nx",
	 MESSAGE_SIGN, ""},
	{"mbox_line_stays_in_front", "From x y\r\n" FROM_US "\r\nx", MESSAGE_SIGN, ""},
	{"nul_in_the_body_is_signed", FROM_US "\r\nx", MESSAGE_SIGN, ""},
	{"foreign_signature_on_top_is_no_matter",
	 "DKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=x; h=From; bh=x; b=x\r\n" FROM_US,
	 MESSAGE_SIGN, ""},
	{"broken_signature_of_ours_is_no_matter",
	 "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=example.com; s=s1; h=From;\r\n"
	 " bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=AAAA\r\n" FROM_US,
	 MESSAGE_SIGN, ""},

	{"nobodys_passes", "From: a@other.example\r\n\r\nx", MESSAGE_PASS, ""},
	{"nobodys_passes_whatever_its_body", "From: a@other.example\r\n\r\na\rb", MESSAGE_PASS, ""},
	{"nobodys_without_body_passes", "From: a@other.example\r\n", MESSAGE_PASS, ""},
	{"nobodys_cut_in_its_header_is_refused", "From: a@other.example\r\nTo: x", MESSAGE_REFUSE,
	 "it ends inside its header: no signing table match"},
	{"from_cut_in_its_domain_is_refused", "From: a@examp", MESSAGE_REFUSE,
	 "it ends inside its header: no signing table match"},
	/* RFC 6854 2: a group may be empty, and then nobody's domain is named. */
	{"from_without_address_passes", "From: undisclosed:;\r\n\r\nx", MESSAGE_PASS,
	 "its From field holds no address"},
	{"from_cut_before_its_address_is_refused", "From: joh", MESSAGE_REFUSE,
	 "it ends inside its header: its From field holds no address"},
	{"from_cut_at_its_fold_is_refused", "From: joh\r\n", MESSAGE_REFUSE,
	 "it ends inside its header: its From field holds no address"},

	{"no_header_is_refused", "", MESSAGE_REFUSE, "the message has no header"},
	{"no_from_is_refused", "To: x\r\n\r\n", MESSAGE_REFUSE, "it has no From field"},
	{"two_from_are_refused", FROM_US FROM_US "\r\n", MESSAGE_REFUSE,
	 "it has more than one From field"},
	{"text_is_refused", FROM_US "hello\r\n\r\n", MESSAGE_REFUSE, "line 2: neither a header"},
	{"bare_cr_in_the_header_is_refused", FROM_US "X: a\rb\r\n\r\n", MESSAGE_REFUSE,
	 "line 2: a carriage return"},
	{"bare_cr_in_the_body_is_refused", FROM_US "\r\na\rb\r\n", MESSAGE_REFUSE,
	 "its body has a CR without LF"},
	{"bare_cr_at_the_end_is_refused", FROM_US "\r\nab\r", MESSAGE_REFUSE,
	 "its body has a CR without LF"},

	{"missing_key_defers", "From: a@nokey.example\r\n\r\nx", MESSAGE_DEFER, "/"},
};

static void run_row(struct bench *bench, const struct row *row)
{
	struct bytes message = bytes_of_string(row->message);

	for (size_t cut = 0; cut <= message.size; cut += stride_of(3)) {
		enum message_verdict verdict = sign(bench, message, cut);

		if (verdict != row->verdict)
			fail_msg("%s, cut at %zu: got verdict %d (%s), want %d", row->name, cut,
				 (int)verdict, message_signer_reason(bench->signer),
				 (int)row->verdict);
		if (verdict == MESSAGE_SIGN) {
			check_signed(bench, row->name, message);
			continue;
		}
		if (strncmp(message_signer_reason(bench->signer), row->reason,
			    strlen(row->reason)) != 0)
			fail_msg("%s, cut at %zu: got '%s', want '%s'", row->name, cut,
				 message_signer_reason(bench->signer), row->reason);
	}
}

static void every_row_holds_at_every_cut(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		run_row(&bench, &rows[i]);
	close_bench(&bench);
}

/* A unit that was cut short by a crash of its writer must not leave as somebody else's mail. */
static void no_beginning_of_ours_passes(void **state)
{
	static const char *const messages[] = {
		"Received: x\r\n" FROM_US "Subject: x\r\n\r\nbody\r\n",
		"From: \"A, B\"\r\n\t(c) <a@example.com>,\r\n <b@other.example>\r\n\r\nbody\r\n",
		"From: a@\r\n example.com\r\nSubject: x\r\n y\r\n\r\n",
	};
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
		struct bytes whole = bytes_of_string(messages[i]);

		for (size_t size = 0; size <= whole.size; size++) {
			enum message_verdict verdict = sign(&bench, bytes_slice(whole, 0, size),
							    size);

			if (verdict != MESSAGE_SIGN && verdict != MESSAGE_REFUSE)
				fail_msg("message %zu, its first %zu bytes: got verdict %d (%s)", i,
					 size, (int)verdict, message_signer_reason(bench.signer));
		}
	}
	close_bench(&bench);
}

/* Counts the verifications that are begun. */
int __real_verification_start(struct verification *verification, const struct header *header,
			      const struct verification_options *options);
int __wrap_verification_start(struct verification *verification, const struct header *header,
			      const struct verification_options *options);
static unsigned verification_count_begun;

int __wrap_verification_start(struct verification *verification, const struct header *header,
			      const struct verification_options *options)
{
	verification_count_begun++;
	return __real_verification_start(verification, header, options);
}

/* Mailing lists sign, too: what is theirs is not hashed a second time only to be thrown away. */
static void signatures_of_others_are_not_verified(void **state)
{
	static const char *const fields[] = {"d=other.example; s=s1", "d=example.com; s=s2",
					     "d=example.com; s=s1"};
	struct buffer text = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		buffer_clear(&text);
		assert_int_equal(
			buffer_printf(&text,
				      "DKIM-Signature: v=1; a=ed25519-sha256; %s; h=From; b=AAAA; "
				      "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=\r\n" FROM_US
				      "\r\n",
				      fields[i]),
			0);
		verification_count_begun = 0;
		assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_SIGN);
		assert_int_equal(verification_count_begun, i == 2);
	}
	buffer_deinit(&text);
	close_bench(&bench);
}

/* Signed once more, with what was put in: nothing is to be done then, unless it is broken. */
static void our_own_signature_on_top_is_seen(void **state)
{
	struct bytes message = BYTES_LITERAL(FROM_US "Subject: x\r\n\r\nbody\r\n");
	struct buffer text = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	assert_int_equal(sign(&bench, message, 0), MESSAGE_SIGN);
	assert_int_equal(buffer_append(&text, buffer_bytes(&bench.fields)), 0);
	assert_int_equal(buffer_append(&text, message), 0);
	for (size_t cut = 0; cut <= text.size; cut += 7)
		assert_int_equal(sign(&bench, buffer_bytes(&text), cut), MESSAGE_ALREADY_SIGNED);
	assert_string_equal(message_signer_reason(bench.signer),
			    "our own signature is on top and verifies");
	text.data[text.size - 3] ^= 1; /* in the body */
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_SIGN);
	buffer_deinit(&text);
	close_bench(&bench);
}

static bool has(const struct bench *bench, const char *text)
{
	return memmem(bench->fields.data, bench->fields.size, text, strlen(text)) != NULL;
}

/* Two rows of the table are for the sender, with a selector each. */
static void sign_with_two(struct bench *bench)
{
	char keys[160];
	char senders[160];
	char text[400];
	const char *options[] = {"KeyTable", keys, "SigningTable", senders, "MultipleSignatures",
				 "yes",	     NULL};

	snprintf(text, sizeof(text), "a example.com:s1:%s/key.pem\nb example.com:s2:%s/key.pem\n",
		 bench->fixture.root, bench->fixture.root);
	spool_fixture_put_text(&bench->fixture, "two-keys", text);
	snprintf(keys, sizeof(keys), "%s/two-keys", bench->fixture.spool);
	spool_fixture_put_text(&bench->fixture, "two-senders",
			       "*@example.com a\na@example.com b\n");
	snprintf(senders, sizeof(senders), "refile:%s/two-senders", bench->fixture.spool);
	spool_fixture_configure(&bench->fixture, options);
}

/* The key is Ed25519; asked for twice, because the first time it must be loaded. */
static void key_that_is_not_for_the_algorithm_of_its_row_defers(void **state)
{
	static const struct {
		const char *row;
		const char *algorithm; /* SignatureAlgorithm */
		const char *reason;    /* NULL: it signs */
	} keys[] = {
		{"", "auto", NULL},
		{":ed25519-sha256", "auto", NULL},
		{":ed25519-sha256", "rsa-sha256", NULL},
		{":rsa-sha256", "auto",
		 "key.pem: the key is for ed25519-sha256, but it is to sign with rsa-sha256 ("},
		{"", "rsa-sha256",
		 "key.pem: the key is for ed25519-sha256, but it is to sign with rsa-sha256 ("},
	};
	struct bytes message = BYTES_LITERAL(FROM_US "\r\nbody\r\n");
	struct bench bench;
	char table[160];
	char text[200];

	(void)state;
	open_bench(&bench, NULL);
	snprintf(table, sizeof(table), "%s/some-keys", bench.fixture.spool);
	for (size_t i = 0; i < 2 * ARRAY_COUNT(keys); i++) {
		const char *const options[] = {"KeyTable", table, "SignatureAlgorithm",
					       keys[i / 2].algorithm, NULL};
		const char *reason = keys[i / 2].reason;

		snprintf(text, sizeof(text), "good example.com:s1:%s/key.pem%s\n",
			 bench.fixture.root, keys[i / 2].row);
		spool_fixture_put_text(&bench.fixture, "some-keys", text);
		if (i % 2 == 0) {
			message_signer_reset(bench.signer);
			spool_fixture_configure(&bench.fixture, options);
		}
		assert_int_equal(sign(&bench, message, 0),
				 reason == NULL ? MESSAGE_SIGN : MESSAGE_DEFER);
		if (reason != NULL)
			assert_non_null(strstr(message_signer_reason(bench.signer), reason));
		if (reason != NULL)
			assert_non_null(
				strstr(message_signer_reason(bench.signer), "some-keys:1)"));
	}
	close_bench(&bench);
}

static void all_planned_signatures_must_be_on_top(void **state)
{
	struct bytes message = BYTES_LITERAL(FROM_US "\r\nbody\r\n");
	struct buffer first = {0};
	struct buffer text = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	assert_int_equal(sign(&bench, message, 0), MESSAGE_SIGN);
	assert_int_equal(buffer_append(&first, buffer_bytes(&bench.fields)), 0);
	assert_int_equal(buffer_append(&first, message), 0);
	sign_with_two(&bench);
	/* One of the two is there: both are made. */
	assert_int_equal(sign(&bench, buffer_bytes(&first), 0), MESSAGE_SIGN);
	assert_true(has(&bench, "s=s1;") && has(&bench, "s=s2;"));
	assert_int_equal(buffer_append(&text, buffer_bytes(&bench.fields)), 0);
	assert_int_equal(buffer_append(&text, buffer_bytes(&first)), 0);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_ALREADY_SIGNED);
	/* Under another field they are not on top. */
	buffer_clear(&text);
	assert_int_equal(buffer_append(&text, BYTES_LITERAL("Received: x\r\n")), 0);
	assert_int_equal(buffer_append(&text, buffer_bytes(&first)), 0);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_SIGN);
	buffer_deinit(&first);
	buffer_deinit(&text);
	close_bench(&bench);
}

/* Whoever reads the reason must look into the right field. */
static void field_that_the_sender_is_not_found_in_is_named(void **state)
{
	const char *const options[] = {"SenderHeaders", "Resent-From,Sender", NULL};
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, BYTES_LITERAL("SENDER: a@b c\r\n" FROM_US "\r\n"), 0),
			 MESSAGE_REFUSE);
	assert_string_equal(message_signer_reason(bench.signer),
			    "the address in its SENDER field is broken");
	assert_int_equal(sign(&bench, BYTES_LITERAL("From: a@b c\r\n\r\n"), 0), MESSAGE_REFUSE);
	assert_string_equal(message_signer_reason(bench.signer),
			    "the address in its From field is broken");
	close_bench(&bench);
}

#define OLD	   "DKIM-Signature: v=1;\r\n\tb=old\r\n"
#define OLD_OTHERS "dkim-signature : a=x; d=other.example\r\n"

struct removal_row {
	const char *message;
	const char *rest; /* what is left of it, behind our fields */
	const char *names;
};

static const struct removal_row removal_rows[] = {
	{FROM_US "\r\nx", FROM_US "\r\nx", "h=From;"},
	{OLD FROM_US "\r\nx", FROM_US "\r\nx", "h=From;"},
	{OLD OLD_OTHERS OLD FROM_US "Subject: s\r\n\r\nx", FROM_US "Subject: s\r\n\r\nx",
	 "h=From:Subject;"},
	{"Received: x\r\n" OLD FROM_US OLD_OTHERS "Subject: s\r\n" OLD "\r\n" OLD,
	 "Received: x\r\n" FROM_US "Subject: s\r\n\r\n" OLD, "h=From:Subject;"},
	{FROM_US OLD, FROM_US, "h=From;"},
	{FROM_US "DKIM-Signature: cut", FROM_US, "h=From;"},
	{FROM_US "DKIM-Signature: a\nSubject: s\n\nx", FROM_US "Subject: s\n\nx",
	 "h=From:Subject;"},
	{FROM_US "DKIM-Signature-X: a\r\n\r\nx", FROM_US "DKIM-Signature-X: a\r\n\r\nx", "h=From;"},
};

static void check_removal(struct bench *bench, const struct removal_row *row, size_t cut)
{
	struct bytes message = bytes_of_string(row->message);
	struct bytes rest = bytes_of_string(row->rest);
	struct buffer text = {0};

	assert_int_equal(sign(bench, message, cut), MESSAGE_SIGN);
	check_signed(bench, row->message, message);
	compose(bench, message, &text);
	assert_int_equal(text.size, bench->fields.size + rest.size);
	assert_memory_equal(text.data + bench->fields.size, rest.data, rest.size);
	if (memmem(text.data, text.size, row->names, strlen(row->names)) == NULL)
		fail_msg("%s: no %s in:\n%s", row->message, row->names, buffer_string(&text));
	buffer_deinit(&text);
}

/* RemoveOldSignatures: also where h= would list them. */
static void old_signatures_are_cut_out(void **state)
{
	const char *const options[] = {"RemoveOldSignatures", "yes", "SignHeaders",
				       "*,+DKIM-Signature", NULL};
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	for (size_t i = 0; i < ARRAY_COUNT(removal_rows); i++) {
		for (size_t cut = 0; cut <= strlen(removal_rows[i].message); cut++)
			check_removal(&bench, &removal_rows[i], cut);
	}
	close_bench(&bench);
}

static void old_signatures_stay_where_nothing_is_signed(void **state)
{
	const char *const options[] = {"RemoveOldSignatures", "yes", NULL};
	struct bytes message = BYTES_LITERAL(FROM_US "\r\nbody\r\n");
	struct buffer text = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, BYTES_LITERAL(OLD "From: a@other.example\r\n\r\n"), 0),
			 MESSAGE_PASS);
	assert_int_equal(message_signer_cut_count(bench.signer), 0);
	/* Ours verifies, and what is below it goes on as it is. */
	assert_int_equal(sign(&bench, message, 0), MESSAGE_SIGN);
	compose(&bench, message, &text);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_ALREADY_SIGNED);
	/* Ours does not verify any more: then it is an old one. */
	text.data[text.size - 3] ^= 1;
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_SIGN);
	assert_int_equal(message_signer_cut_count(bench.signer), 1);
	check_signed(&bench, "broken", buffer_bytes(&text));
	buffer_deinit(&text);
	close_bench(&bench);
}

static void strict_headers_are_counted(void **state)
{
	const char *const options[] = {"StrictHeaders", "yes", NULL};
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, BYTES_LITERAL(FROM_US "Date: x\r\n\r\n"), 0), MESSAGE_SIGN);
	assert_int_equal(sign(&bench, BYTES_LITERAL(FROM_US "\r\n"), 0), MESSAGE_REFUSE);
	assert_string_equal(message_signer_reason(bench.signer), "it has 0 Date fields");
	assert_int_equal(sign(&bench,
			      BYTES_LITERAL(FROM_US "Date: x\r\nSubject: a\r\nSubject: b\r\n\r\n"),
			      0),
			 MESSAGE_REFUSE);
	assert_string_equal(message_signer_reason(bench.signer), "it has 2 Subject fields");
	close_bench(&bench);
}

/* What is signed verifies; of our own verifier's bounds that of h= is the one that mail can reach. */
static void header_that_our_verifier_would_refuse_is_not_signed(void **state)
{
	struct buffer text = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	assert_int_equal(buffer_append_string(&text, FROM_US), 0);
	for (unsigned i = 1; i < 1000; i++)
		assert_int_equal(buffer_append_string(&text, "To: b@example.net\r\n"), 0);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_SIGN);
	check_signed(&bench, "1000 fields", buffer_bytes(&text));
	assert_int_equal(buffer_append_string(&text, "To: c@example.net\r\n"), 0);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_REFUSE);
	assert_string_equal(message_signer_reason(bench.signer),
			    "it has more than 1000 header fields to sign");
	buffer_deinit(&text);
	close_bench(&bench);
}

struct action_row {
	const char *option;
	const char *action; /* NULL: the option is not set */
	enum message_verdict verdict;
};

/* Of a header that is larger than MaximumHeaders. */
static const struct action_row action_rows[] = {
	{"On-Security", NULL, MESSAGE_REFUSE},	    {"On-Security", "accept", MESSAGE_PASS},
	{"On-Security", "reject", MESSAGE_REFUSE},  {"On-Security", "discard", MESSAGE_REFUSE},
	{"On-Security", "tempfail", MESSAGE_DEFER}, {"On-Default", "accept", MESSAGE_PASS},
	{"On-Default", "tempfail", MESSAGE_DEFER},  {"On-Security", "quarantine", MESSAGE_REFUSE},
};

static void actions_decide_where_somebody_chose_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(action_rows); i++) {
		const struct action_row *row = &action_rows[i];
		const char *options[] = {"MaximumHeaders", "30", NULL, NULL, NULL};
		struct bench bench;

		if (row->action != NULL) {
			options[2] = row->option;
			options[3] = row->action;
		}
		open_bench(&bench, options);
		if (sign(&bench, BYTES_LITERAL(FROM_US "Subject: 1234567890\r\n\r\n"), 0) !=
		    row->verdict)
			fail_msg("%s %s: got %d (%s)", row->option, row->action,
				 (int)message_signer_verdict(bench.signer),
				 message_signer_reason(bench.signer));
		close_bench(&bench);
	}
}

static bool has_number(const struct bench *bench, const char *tag, int64_t number)
{
	char text[40];

	snprintf(text, sizeof(text), "%s=%lld;", tag, (long long)number);
	return has(bench, text);
}

static void options_are_in_the_field(void **state)
{
	const char *const options[] = {"Canonicalization",
				       "relaxed/simple",
				       "SignatureTTL",
				       "3600",
				       "Diagnostics",
				       "yes",
				       "OversignHeaders",
				       "From",
				       NULL};
	struct bytes message = BYTES_LITERAL(FROM_US "\r\nbody\r\n");
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, message, 0), MESSAGE_SIGN);
	check_signed(&bench, "options", message);
	assert_true(has(&bench, "c=relaxed/simple;"));
	assert_true(has_number(&bench, "t", bench.now_s));
	assert_true(has_number(&bench, "x", bench.now_s + 3600));
	assert_true(has(&bench, "h=From:From;"));
	assert_true(has(&bench, "z=From:"));
	close_bench(&bench);
}

static void message_may_choose_its_canonicalization(void **state)
{
	const char *const options[] = {"SelectCanonicalizationHeader", "X-Canon", NULL};
	struct bytes message = BYTES_LITERAL(FROM_US "X-Canon: relaxed/relaxed\r\n\r\nbody\r\n");
	struct bytes odd = BYTES_LITERAL(FROM_US "X-Canon: nonsense\r\n\r\nbody\r\n");
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, message, 0), MESSAGE_SIGN);
	check_signed(&bench, "chosen", message);
	assert_true(has(&bench, "c=relaxed/relaxed;"));
	assert_int_equal(sign(&bench, odd, 0), MESSAGE_SIGN);
	check_signed(&bench, "odd", odd);
	assert_true(has(&bench, "c=simple/simple;") || !has(&bench, "c="));
	close_bench(&bench);
}

static void body_may_be_signed_in_part(void **state)
{
	const char *const options[] = {"MaximumSignedBytes", "4", NULL};
	struct bytes message = BYTES_LITERAL(FROM_US "\r\nbody and more\r\n");
	struct bytes shorter = BYTES_LITERAL(FROM_US "\r\n\r\n");
	struct bench bench;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, message, 0), MESSAGE_SIGN);
	check_signed(&bench, "part", message);
	assert_true(has(&bench, "l=4"));
	assert_int_equal(sign(&bench, shorter, 0), MESSAGE_SIGN);
	check_signed(&bench, "shorter", shorter);
	assert_true(has(&bench, "l=2"));
	close_bench(&bench);
}

/* Counts the keys that are let go of. */
void __real_key_unref(struct key *key);
void __wrap_key_unref(struct key *key);
static atomic_uint unref_count;

void __wrap_key_unref(struct key *key)
{
	unref_count += key != NULL;
	__real_key_unref(key);
}

/* A key that was put out must not stay in memory because somebody was signed with it last. */
static void reset_lets_go_of_keys(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, NULL);
	assert_int_equal(sign(&bench, BYTES_LITERAL(FROM_US "\r\nbody\r\n"), 0), MESSAGE_SIGN);
	unref_count = 0;
	message_signer_reset(bench.signer);
	assert_int_equal(unref_count, 1);
	message_signer_reset(bench.signer);
	assert_int_equal(unref_count, 1);
	close_bench(&bench);
}

/* Of a long line, of many fields, and of a long signature field. */
static void memory_counts_what_messages_have_left(void **state)
{
	const char *const options[] = {"Diagnostics", "yes", "MaximumHeaders", "0", NULL};
	struct buffer text = {0};
	struct bench bench;
	size_t small;

	(void)state;
	open_bench(&bench, options);
	assert_int_equal(sign(&bench, BYTES_LITERAL(FROM_US "\r\n"), 0), MESSAGE_SIGN);
	small = message_signer_memory(bench.signer);
	assert_true(small < 32 * 1024);
	assert_int_equal(buffer_append_string(&text, FROM_US "Subject:"), 0);
	while (text.size < 100000)
		assert_int_equal(buffer_append_string(&text, " words"), 0);
	assert_int_equal(buffer_append_string(&text, "\r\n"), 0);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 50000), MESSAGE_SIGN);
	/* The cut line, the header, the field with its copy, and the fields together. */
	assert_true(message_signer_memory(bench.signer) > small + 4 * (size_t)100000);
	small = message_signer_memory(bench.signer);
	while (text.size < 200000)
		assert_int_equal(buffer_append_string(&text, "a:\r\n"), 0);
	assert_int_equal(sign(&bench, buffer_bytes(&text), 0), MESSAGE_SIGN);
	assert_true(message_signer_memory(bench.signer) > small + (size_t)20000 * 16);
	buffer_deinit(&text);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds_at_every_cut),
		cmocka_unit_test(no_beginning_of_ours_passes),
		cmocka_unit_test(signatures_of_others_are_not_verified),
		cmocka_unit_test(our_own_signature_on_top_is_seen),
		cmocka_unit_test(key_that_is_not_for_the_algorithm_of_its_row_defers),
		cmocka_unit_test(all_planned_signatures_must_be_on_top),
		cmocka_unit_test(field_that_the_sender_is_not_found_in_is_named),
		cmocka_unit_test(old_signatures_are_cut_out),
		cmocka_unit_test(old_signatures_stay_where_nothing_is_signed),
		cmocka_unit_test(strict_headers_are_counted),
		cmocka_unit_test(header_that_our_verifier_would_refuse_is_not_signed),
		cmocka_unit_test(actions_decide_where_somebody_chose_them),
		cmocka_unit_test(options_are_in_the_field),
		cmocka_unit_test(message_may_choose_its_canonicalization),
		cmocka_unit_test(body_may_be_signed_in_part),
		cmocka_unit_test(reset_lets_go_of_keys),
		cmocka_unit_test(memory_counts_what_messages_have_left),
	};

	return cmocka_run_group_tests_name("message_signer", tests, NULL, NULL);
}
