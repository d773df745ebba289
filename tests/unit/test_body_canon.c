/*
 * Goal:   canonical bodies are those of RFC 6376 3.4.3 and 3.4.4, however the input is cut.
 * Method: each row runs whole, then again cut in two at every byte, then byte by byte. Random
 *         bodies are compared with a canonicalization that is written as the RFC says it, line by
 *         line.
 */
#include "signer/dkim/body_canon.h"

#include "common/buffer.h"
#include "tests/unit/unit_test.h"

#include <errno.h>

#define SIMPLE	CANONICALIZATION_SIMPLE
#define RELAXED CANONICALIZATION_RELAXED
#define BARE_CR BODY_CANON_E_BARE_CR

struct row {
	const char *name;
	enum canonicalization canonicalization;
	bool fix_crlf;
	const char *body;
	const char *canonical;
	int outcome;
};

static const struct row rows[] = {
	/* RFC 6376 3.4.3 and 3.4.4: the two answers to an empty body. */
	{"simple_empty_body_becomes_crlf", SIMPLE, false, "", "\r\n", 0},
	{"relaxed_empty_body_stays_empty", RELAXED, false, "", "", 0},
	{"simple_only_empty_lines_become_crlf", SIMPLE, false, "\r\n\r\n\r\n", "\r\n", 0},
	{"relaxed_only_empty_lines_become_nothing", RELAXED, false, "\r\n\r\n\r\n", "", 0},

	/* RFC 6376 3.4.5, the example. */
	{"simple_rfc_example", SIMPLE, false, " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", 0},
	{"relaxed_rfc_example", RELAXED, false, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", 0},

	{"simple_missing_final_line_end_is_added", SIMPLE, false, "a\r\nb", "a\r\nb\r\n", 0},
	{"relaxed_missing_final_line_end_is_added", RELAXED, false, "a\r\nb", "a\r\nb\r\n", 0},
	{"simple_empty_lines_inside_are_kept", SIMPLE, false, "\r\n\r\na\r\n\r\n\r\nb\r\n\r\n",
	 "\r\n\r\na\r\n\r\n\r\nb\r\n", 0},
	{"relaxed_empty_lines_inside_are_kept", RELAXED, false, "\r\n\r\na\r\n\r\n\r\nb\r\n\r\n",
	 "\r\n\r\na\r\n\r\n\r\nb\r\n", 0},
	{"simple_blank_line_at_the_end_is_kept", SIMPLE, false, "a\r\n \r\n", "a\r\n \r\n", 0},
	{"simple_blank_without_line_end_is_a_line", SIMPLE, false, "a\r\n ", "a\r\n \r\n", 0},
	{"relaxed_blank_lines_at_the_end_are_empty", RELAXED, false, "a\r\n \t\r\n\t\r\n", "a\r\n",
	 0},
	{"relaxed_blank_without_line_end_is_nothing", RELAXED, false, "a\r\n \t", "a\r\n", 0},
	{"relaxed_only_blanks_become_nothing", RELAXED, false, " \t ", "", 0},
	{"relaxed_blank_line_inside_is_emptied", RELAXED, false, "a\r\n \t \r\nb\r\n",
	 "a\r\n\r\nb\r\n", 0},
	{"relaxed_white_space_is_reduced", RELAXED, false, "\t a \t b\tc  \r\n", " a b c\r\n", 0},
	{"relaxed_space_across_blocks_is_reduced", RELAXED, false, "0123456789abcde  f\r\n",
	 "0123456789abcde f\r\n", 0},
	{"relaxed_space_at_block_end_before_line_end_is_dropped", RELAXED, false,
	 "0123456789abcde \r\n", "0123456789abcde\r\n", 0},
	{"line_end_across_blocks_is_one", SIMPLE, false, "0123456789abcde\r\nf",
	 "0123456789abcde\r\nf\r\n", 0},
	{"8bit_and_nul_are_kept", RELAXED, false, "\xff\xfe \x80\v\f\r\n", "\xff\xfe \x80\v\f\r\n",
	 0},

	/* Every LF ends a line. */
	{"simple_lf_alone_counts_as_crlf", SIMPLE, false, "a\nb\n\n", "a\r\nb\r\n", 0},
	{"relaxed_lf_alone_counts_as_crlf", RELAXED, false, "a \nb\n \n", "a\r\nb\r\n", 0},
	{"mixed_line_ends_are_normalized", SIMPLE, false, "a\r\nb\nc\r\n", "a\r\nb\r\nc\r\n", 0},

	{"bare_cr_is_refused", SIMPLE, false, "a\rb\r\n", "", BARE_CR},
	{"relaxed_bare_cr_is_refused", RELAXED, false, "a \rb\r\n", "", BARE_CR},
	{"cr_at_the_end_is_refused", SIMPLE, false, "a\r", "", BARE_CR},
	{"cr_before_crlf_is_refused", SIMPLE, false, "a\r\r\n", "", BARE_CR},
	{"bare_cr_across_blocks_is_refused", SIMPLE, false, "0123456789abcde\rf", "", BARE_CR},

	{"fixed_bare_cr_ends_a_line", SIMPLE, true, "a\rb\r\nc\nd", "a\r\nb\r\nc\r\nd\r\n", 0},
	{"fixed_cr_at_the_end_ends_a_line", SIMPLE, true, "a\r", "a\r\n", 0},
	{"fixed_cr_before_crlf_is_an_empty_line", SIMPLE, true, "a\r\r\nb", "a\r\n\r\nb\r\n", 0},
	{"fixed_relaxed_blank_before_cr_is_dropped", RELAXED, true, "a \rb \r", "a\r\nb\r\n", 0},
	{"fixed_only_crs_are_empty_lines", RELAXED, true, "\r\r\r", "", 0},
};

static int gather(void *context, struct bytes canonical)
{
	return buffer_append(context, canonical);
}

/* The outcome of a body that is pushed in pieces: to `cut`, and from there by `step`. */
static int run(const struct row *row, struct bytes body, size_t cut, size_t step,
	       struct buffer *out)
{
	struct body_canon canon;
	int r;

	buffer_clear(out);
	body_canon_start(&canon, row->canonicalization, row->fix_crlf, gather, out);
	r = body_canon_push(&canon, bytes_slice(body, 0, cut));
	for (size_t at = cut; r == 0 && at < body.size; at += step) {
		size_t end = body.size - at < step ? body.size : at + step;

		r = body_canon_push(&canon, bytes_slice(body, at, end));
	}
	return r != 0 ? r : body_canon_finish(&canon);
}

static void assert_row(const struct row *row, size_t cut, size_t step)
{
	struct buffer out = {0};
	int r = run(row, bytes_of_string(row->body), cut, step, &out);

	if (r != row->outcome)
		fail_msg("%s cut at %zu: got %d, want %d", row->name, cut, r, row->outcome);
	if (r == 0 && !bytes_equal(buffer_bytes(&out), bytes_of_string(row->canonical)))
		fail_msg("%s cut at %zu: got '%.*s', want '%s'", row->name, cut,
			 BYTES_PRINTF(buffer_bytes(&out)), row->canonical);
	buffer_deinit(&out);
}

static void rows_hold_for_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		size_t size = strlen(rows[i].body);

		for (size_t cut = 0; cut <= size; cut++)
			assert_row(&rows[i], cut, SIZE_MAX / 2);
		assert_row(&rows[i], 0, 1);
	}
}

/* One line without its end, as RFC 6376 3.4.4 a says it. */
static void reference_relax(struct bytes line, struct buffer *out)
{
	size_t start = out->size;

	for (size_t i = 0; i < line.size; i++) {
		bool blank = ascii_is_wsp(line.data[i]);

		if (blank && i > 0 && ascii_is_wsp(line.data[i - 1]))
			continue;
		assert_int_equal(buffer_append_byte(out, blank ? ' ' : line.data[i]), 0);
	}
	while (out->size > start && out->data[out->size - 1] == ' ')
		out->size--;
}

/* A body in which each CR, LF and CRLF ends a line. */
static void reference(struct bytes body, enum canonicalization canonicalization, struct buffer *out)
{
	buffer_clear(out);
	while (body.size > 0) {
		size_t end = 0;

		while (end < body.size && body.data[end] != '\r' && body.data[end] != '\n')
			end++;
		if (canonicalization == RELAXED)
			reference_relax(bytes_slice(body, 0, end), out);
		else
			assert_int_equal(buffer_append(out, bytes_slice(body, 0, end)), 0);
		assert_int_equal(buffer_append_string(out, "\r\n"), 0);
		if (end + 1 < body.size && body.data[end] == '\r' && body.data[end + 1] == '\n')
			end++;
		body = bytes_skip(body, end < body.size ? end + 1 : end);
	}
	while (out->size >= 4 && memcmp(out->data + out->size - 4, "\r\n\r\n", 4) == 0)
		out->size -= 2;
	if (out->size == 2 && memcmp(out->data, "\r\n", 2) == 0)
		out->size = 0;
	if (out->size == 0 && canonicalization == SIMPLE)
		assert_int_equal(buffer_append_string(out, "\r\n"), 0);
}

/* A small generator of numbers, the same in every run. */
static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 8;
}

/* Bytes of the alphabet at random; a "$" in it stands for CRLF. */
static struct bytes random_body(uint32_t *random, const char *alphabet, uint8_t *body, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char character = alphabet[next_random(random) % strlen(alphabet)];

		if (character == '$' && i + 1 < size) {
			body[i++] = '\r';
			character = '\n';
		}
		body[i] = (uint8_t)character;
	}
	return bytes_of(body, size);
}

static void random_bodies_are_as_the_rfc_says(void **state)
{
	static const char alphabets[][16] = {"a \t\r\n", "ab c\r\n",	     "abcdefghijkl \r\n",
					     "\r\n",	 "abcdefghijklmn\n", "$$\n",
					     "a $",	 "abcdefghij  $$"};
	struct buffer got = {0};
	struct buffer want = {0};
	uint32_t random = 1;

	(void)state;
	for (unsigned int round = 0; round < 40000; round++) {
		const char *alphabet = alphabets[round % ARRAY_COUNT(alphabets)];
		uint8_t body[9000]; /* some are of more than one chunk */
		size_t size_max = round % 31 == 0 ? sizeof(body) : 200;
		struct bytes input = random_body(&random, alphabet, body,
						 next_random(&random) % size_max);
		struct row row = {.canonicalization = next_random(&random) % 2 == 0 ? SIMPLE
										    : RELAXED,
				  .fix_crlf = true};
		size_t cut = input.size == 0 ? 0 : next_random(&random) % input.size;
		size_t step = 1 + next_random(&random) % size_max;

		reference(input, row.canonicalization, &want);
		assert_int_equal(run(&row, input, cut, step, &got), 0);
		if (!bytes_equal(buffer_bytes(&got), buffer_bytes(&want)))
			fail_msg("round %u: got '%.*s', want '%.*s'", round,
				 BYTES_PRINTF(buffer_bytes(&got)),
				 BYTES_PRINTF(buffer_bytes(&want)));
	}
	buffer_deinit(&got);
	buffer_deinit(&want);
}

static void large_pieces_keep_their_order(void **state)
{
	struct row row = {.canonicalization = RELAXED};
	struct buffer body = {0};
	struct buffer got = {0};
	struct buffer want = {0};

	(void)state;
	/* Lines around the sizes at which pieces are copied, gathered, or given on as they are. */
	for (size_t size = 1; size < 6000; size += 97) {
		for (size_t i = 0; i < size; i++)
			assert_int_equal(buffer_append_byte(&body, (uint8_t)('a' + i % 26)), 0);
		assert_int_equal(buffer_append_string(&body, size % 2 == 0 ? "  \r\n" : "\r\n"), 0);
	}
	reference(buffer_bytes(&body), RELAXED, &want);
	assert_int_equal(run(&row, buffer_bytes(&body), 0, body.size, &got), 0);
	assert_true(bytes_equal(buffer_bytes(&got), buffer_bytes(&want)));
	assert_int_equal(run(&row, buffer_bytes(&body), 0, 1000, &got), 0);
	assert_true(bytes_equal(buffer_bytes(&got), buffer_bytes(&want)));
	buffer_deinit(&body);
	buffer_deinit(&got);
	buffer_deinit(&want);
}

static int refuse(void *context, struct bytes canonical)
{
	(void)context;
	(void)canonical;
	return -ENOSPC;
}

static void error_of_the_sink_is_passed_up(void **state)
{
	static uint8_t body[BODY_CANON_STAGING_SIZE];
	struct body_canon canon;

	(void)state;
	memset(body, 'a', sizeof(body));
	body_canon_start(&canon, SIMPLE, false, refuse, NULL);
	assert_int_equal(body_canon_push(&canon, bytes_of(body, sizeof(body))), -ENOSPC);

	body_canon_start(&canon, SIMPLE, false, refuse, NULL);
	assert_int_equal(body_canon_push(&canon, bytes_of(body, 1)), 0);
	assert_int_equal(body_canon_finish(&canon), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_for_every_cut),
		cmocka_unit_test(random_bodies_are_as_the_rfc_says),
		cmocka_unit_test(large_pieces_keep_their_order),
		cmocka_unit_test(error_of_the_sink_is_passed_up),
	};

	return cmocka_run_group_tests_name("body_canon", tests, NULL, NULL);
}
