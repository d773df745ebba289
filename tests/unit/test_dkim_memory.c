/*
 * Goal:   any allocation may fail: the answer is -ENOMEM, nothing leaks, and the same objects do
 *         their work as soon as there is memory again.
 * Method: each piece of work runs with its 1st, 2nd, nth allocation made to fail until it gets
 *         through, on new objects each time; after each failure it runs again on the same
 *         objects. Leaks are for ASan and valgrind to see.
 */
#include "signer/dkim/address.h"
#include "signer/dkim/domain_name.h"
#include "signer/dkim/header_select.h"
#include "signer/dkim/message_reader.h"
#include "signer/dkim/signature_field.h"
#include "signer/dkim/verification.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/unit_test.h"

#include <errno.h>

static const char message[] = "X-Sender: <joe@example.com>\r\n"
			      "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=From:To; "
			      "b=Zm9v; i=j=20o@example.com;\r\n"
			      " bh=jkYhN5eG70Kk/sFVzVJcKR3X2zwf3jR4Ui9PYcA/0b0=\r\n"
			      "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=From:To; "
			      "b=Zm9v; c=relaxed/relaxed;\r\n"
			      " bh=jkYhN5eG70Kk/sFVzVJcKR3X2zwf3jR4Ui9PYcA/0b0=\r\n"
			      "From: \"Joe\" <joe@example.com>\r\n"
			      "To: a@example.com\r\n"
			      "\r\n"
			      "a\r\n";

/* All objects of one worker; zeros are what deinit takes. */
struct work {
	struct message_reader reader;
	struct header header;
	struct header_select *select;
	struct name_list names;
	struct header_hash header_hash;
	struct body_hash body_hash;
	struct signature_field field;
	struct verification verification;
	struct address address;
	struct buffer domain;
	struct key_record record;
};

static void work_deinit(struct work *work)
{
	message_reader_deinit(&work->reader);
	header_deinit(&work->header);
	header_select_free(work->select);
	name_list_deinit(&work->names);
	header_hash_deinit(&work->header_hash);
	body_hash_deinit(&work->body_hash);
	signature_field_deinit(&work->field);
	verification_deinit(&work->verification);
	address_deinit(&work->address);
	buffer_deinit(&work->domain);
	key_record_deinit(&work->record);
}

/* In pieces, so that lines are cut. */
static int read_message(struct work *work, struct bytes *body_out)
{
	struct bytes rest = bytes_of_string(message);

	message_reader_start(&work->reader, &work->header, false);
	while (!message_reader_is_done(&work->reader)) {
		size_t consumed;
		int r = message_reader_push(&work->reader,
					    bytes_slice(rest, 0, rest.size < 50 ? rest.size : 50),
					    &consumed);

		if (r != 0)
			return r;
		rest = bytes_skip(rest, consumed);
	}
	*body_out = rest;
	return message_reader_finish(&work->reader);
}

static int select_names(struct work *work)
{
	struct bytes sign[] = {BYTES_LITERAL("*"), BYTES_LITERAL("+x-*"), BYTES_LITERAL("+y")};
	struct bytes omit[] = {BYTES_LITERAL("z*")};
	struct bytes oversign[] = {BYTES_LITERAL("From")};
	struct name_list lists[] = {
		{.names = sign, .count = ARRAY_COUNT(sign)},
		{.names = omit, .count = ARRAY_COUNT(omit)},
		{.names = oversign, .count = ARRAY_COUNT(oversign)},
	};
	struct header_select_lists config = {&lists[0], &lists[1], &lists[2]};
	struct bytes wrong;
	int r = 0;

	if (work->select == NULL)
		r = header_select_new(&config, &wrong, &work->select);
	return r != 0 ? r : header_select_list(work->select, &work->header, &work->names);
}

static int sign_message(struct work *work)
{
	static const uint8_t signature[256];
	struct signature_field_values values = {
		.domain = BYTES_LITERAL("example.com"),
		.selector = BYTES_LITERAL("s"),
		.identity = BYTES_LITERAL("joe@example.com"),
		.names = &work->names,
		.copied = &work->header,
		.signature_size = sizeof(signature),
	};
	uint8_t digest[SHA256_SIZE];
	struct bytes body;
	int r = read_message(work, &body);

	if (r == 0)
		r = select_names(work);
	if (r == 0 && work->body_hash.sha256.context == NULL)
		r = body_hash_init(&work->body_hash);
	if (r == 0 && work->header_hash.sha256.context == NULL)
		r = header_hash_init(&work->header_hash);
	if (r == 0) {
		body_hash_start(&work->body_hash, CANONICALIZATION_RELAXED, false,
				BODY_HASH_NO_LIMIT);
		r = body_hash_push(&work->body_hash, body);
	}
	if (r == 0)
		r = body_hash_finish(&work->body_hash, digest);
	if (r == 0)
		r = signature_field_compose(&work->field, &values);
	if (r == 0)
		r = header_hash_start(&work->header_hash, &work->header);
	if (r == 0)
		r = header_hash_select(&work->header_hash, &work->names, CANONICALIZATION_SIMPLE);
	if (r == 0)
		r = header_hash_digest(&work->header_hash, signature_field_unsigned(&work->field),
				       digest);
	if (r == 0)
		r = signature_field_set_signature(&work->field,
						  bytes_of(signature, sizeof(signature)));
	return r;
}

static int verify_message(struct work *work)
{
	const struct verification_options options = {.signatures_max = 3};
	struct bytes body;
	int r = read_message(work, &body);

	if (r == 0 && work->verification.header_hash.sha256.context == NULL)
		r = verification_init(&work->verification);
	if (r == 0)
		r = verification_start(&work->verification, &work->header, &options);
	if (r == 0)
		r = verification_push(&work->verification, body);
	if (r == 0)
		r = verification_finish(&work->verification);
	if (r == 0) {
		assert_int_equal(verification_count(&work->verification), 2);
		assert_int_equal(verification_result(&work->verification, 1)->status,
				 VERIFICATION_NEEDS_KEY);
	}
	return r;
}

static int find_domain(struct work *work)
{
	int r = address_parse(&work->address, BYTES_LITERAL("\"a b\".c@m\xc3\xbcnchen.example"));

	buffer_clear(&work->domain);
	if (r == 0)
		r = domain_name_to_ascii(buffer_bytes(&work->address.domain), &work->domain);
	if (r == 0)
		r = domain_name_to_ascii(BYTES_LITERAL("example.com"), &work->domain);
	return r;
}

static int read_key(struct work *work)
{
	return key_record_parse(&work->record, BYTES_LITERAL("v=DKIM1; p=Zm9v"));
}

static void every_failure_is_enomem_and_passes(int (*run)(struct work *work))
{
	bool failed = true;

	for (size_t nth = 1; failed; nth++) {
		struct work work = {0};
		int r;

		message_reader_init(&work.reader);
		header_init(&work.header, 0);
		failing_memory_arm(nth);
		r = run(&work);
		failed = failing_memory_disarm();
		if (failed && r != -ENOMEM && r != 0)
			fail_msg("allocation %zu failed: got %d, want %d", nth, r, -ENOMEM);
		if (!failed)
			assert_int_equal(r, 0);
		assert_int_equal(run(&work), 0);
		work_deinit(&work);
	}
}

static void signing_survives_every_failure(void **state)
{
	(void)state;
	every_failure_is_enomem_and_passes(sign_message);
}

static void verifying_survives_every_failure(void **state)
{
	(void)state;
	every_failure_is_enomem_and_passes(verify_message);
}

static void addresses_and_domains_survive_every_failure(void **state)
{
	(void)state;
	every_failure_is_enomem_and_passes(find_domain);
}

static void keys_survive_every_failure(void **state)
{
	(void)state;
	every_failure_is_enomem_and_passes(read_key);
}

/* What was set up once needs no memory of ours for the next message of the same kind. */
static void warm_objects_allocate_nothing(void **state)
{
	struct work work = {0};

	(void)state;
	message_reader_init(&work.reader);
	header_init(&work.header, 0);
	assert_int_equal(sign_message(&work), 0);
	assert_int_equal(verify_message(&work), 0);
	failing_memory_arm_own(1);
	assert_int_equal(sign_message(&work), 0);
	assert_int_equal(verify_message(&work), 0);
	assert_false(failing_memory_disarm());
	work_deinit(&work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signing_survives_every_failure),
		cmocka_unit_test(verifying_survives_every_failure),
		cmocka_unit_test(addresses_and_domains_survive_every_failure),
		cmocka_unit_test(keys_survive_every_failure),
		cmocka_unit_test(warm_objects_allocate_nothing),
	};

	failing_memory_hook_openssl();
	return cmocka_run_group_tests_name("dkim_memory", tests, NULL, NULL);
}
