/*
 * Goal:   the signed messages of RFC 6376 A.2 and RFC 8463 A.3 give the digests that their
 *         authors signed.
 * Method: each file of tests/vectors goes through reader and verification whole, then cut in two at
 *         every byte, then with LF for CRLF. The RSA digests below were recovered from the
 *         signatures with the public keys; the Ed25519 one verifies with its key.
 */
#include "signer/dkim/message_reader.h"
#include "signer/dkim/verification.h"
#include "tests/unit/unit_test.h"

#include <stdio.h>
#include <stdlib.h>

struct vector {
	const char *file;
	const char *selectors[2]; /* of the signatures, top down */
	const char *digests[2];
};

static const struct vector vectors[] = {
	{"rfc6376_a2.eml",
	 {"brisbane"},
	 {"59b46b9f45f762ab3bb6b1c152d4298ed57d27c1e70ac6881b0ec6d012ff0c22"}},
	{"rfc8463_a3.eml",
	 {"brisbane", "test"},
	 {"48ce9a2c710ece1710ff156996b836a7f45470e43efe5643074d6e1690ed62e7",
	  "fed71e6d70fb123bb5c353adc42821b304b6b9d54fc867f304f7c61daaaa1111"}},
};

static void read_file(const char *name, struct buffer *out)
{
	char path[4096];
	uint8_t block[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/vectors/%s", getenv("TEST_DATA"), name);
	file = fopen(path, "rb");
	assert_non_null(file);
	while ((size = fread(block, 1, sizeof(block), file)) > 0)
		assert_int_equal(buffer_append(out, bytes_of(block, size)), 0);
	fclose(file);
}

struct fixture {
	struct message_reader reader;
	struct header header;
	struct verification verification;
	bool started;
};

/* Header bytes go to the reader, and from the end of the header on to the verification. */
static void push(struct fixture *fixture, struct bytes input)
{
	const struct verification_options options = {.now = 1528637909, .signatures_max = 3};
	size_t consumed = 0;

	if (!message_reader_is_done(&fixture->reader))
		assert_int_equal(message_reader_push(&fixture->reader, input, &consumed), 0);
	if (!message_reader_is_done(&fixture->reader))
		return;
	if (!fixture->started)
		assert_int_equal(
			verification_start(&fixture->verification, &fixture->header, &options), 0);
	fixture->started = true;
	assert_int_equal(verification_push(&fixture->verification, bytes_skip(input, consumed)), 0);
}

static void assert_vector(struct fixture *fixture, const struct vector *vector,
			  struct bytes message, size_t cut)
{
	message_reader_start(&fixture->reader, &fixture->header, false);
	fixture->started = false;
	push(fixture, bytes_slice(message, 0, cut));
	push(fixture, bytes_skip(message, cut));
	assert_int_equal(message_reader_finish(&fixture->reader), 0);
	assert_int_equal(verification_finish(&fixture->verification), 0);
	for (size_t i = 0; i < verification_count(&fixture->verification); i++) {
		const struct verification_result *result = verification_result(
			&fixture->verification, i);
		char hex[SHA256_SIZE * 2 + 1];

		assert_int_equal(result->status, VERIFICATION_NEEDS_KEY);
		assert_true(bytes_equal(result->signature.selector,
					bytes_of_string(vector->selectors[i])));
		for (size_t n = 0; n < SHA256_SIZE; n++)
			snprintf(hex + n * 2, 3, "%02x", result->digest[n]);
		assert_string_equal(hex, vector->digests[i]);
	}
	assert_int_equal(verification_count(&fixture->verification),
			 vector->selectors[1] == NULL ? 1 : 2);
}

static void remove_crs(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '\r')
			assert_int_equal(buffer_append_byte(out, text.data[i]), 0);
	}
}

static void vectors_have_the_digests_that_were_signed(void **state)
{
	struct fixture fixture;

	(void)state;
	message_reader_init(&fixture.reader);
	header_init(&fixture.header, 65536);
	assert_int_equal(verification_init(&fixture.verification), 0);
	for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
		struct buffer message = {0};
		struct buffer lf_message = {0};

		read_file(vectors[i].file, &message);
		for (size_t cut = 0; cut <= message.size; cut++)
			assert_vector(&fixture, &vectors[i], buffer_bytes(&message), cut);
		remove_crs(buffer_bytes(&message), &lf_message);
		assert_vector(&fixture, &vectors[i], buffer_bytes(&lf_message), 0);
		buffer_deinit(&message);
		buffer_deinit(&lf_message);
	}
	message_reader_deinit(&fixture.reader);
	header_deinit(&fixture.header);
	verification_deinit(&fixture.verification);
}

/* RFC 8463 A.3: the signed message is the unsigned one with two fields before it. */
static void unsigned_vector_is_the_end_of_the_signed_one(void **state)
{
	struct buffer signed_message = {0};
	struct buffer unsigned_message = {0};

	(void)state;
	read_file("rfc8463_a3.eml", &signed_message);
	read_file("rfc8463_a3_unsigned.eml", &unsigned_message);
	assert_true(signed_message.size > unsigned_message.size);
	assert_true(bytes_equal(bytes_skip(buffer_bytes(&signed_message),
					   signed_message.size - unsigned_message.size),
				buffer_bytes(&unsigned_message)));
	buffer_deinit(&signed_message);
	buffer_deinit(&unsigned_message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_have_the_digests_that_were_signed),
		cmocka_unit_test(unsigned_vector_is_the_end_of_the_signed_one),
	};

	return cmocka_run_group_tests_name("rfc_vectors", tests, NULL, NULL);
}
