/*
 * Goal:   h= lists what OpenDKIM lists for the same SignHeaders, OmitHeaders and OversignHeaders.
 * Method: each row is one configuration on the same header. The answers without a note are what
 *         OpenDKIM 2.11 gave through its milter for exactly this header.
 */
#include "signer/dkim/header_select.h"

#include "tests/unit/unit_test.h"

static const char *const fields[] = {
	"Received: x",	     "FROM: a@example.com", "Subject: s",
	"X-Foo: 1",	     "to: b@example.net",   "x-foo: 2",
	"X-Bar: 3",	     "Comments: c",	    "subject: s2",
	"Message-ID: <1@x>",
};

struct row {
	const char *name;
	const char *sign; /* comma list; NULL: not configured */
	const char *omit;
	const char *oversign;
	const char *listed; /* NULL: refused */
	int outcome;
};

static const struct row rows[] = {
	{"defaults_list_present_fields_in_message_order", NULL, NULL, NULL,
	 "FROM:Subject:to:subject", 0},
	{"list_replaces_the_default_but_from", "X-Foo,Subject", NULL, NULL,
	 "FROM:Subject:X-Foo:x-foo:subject", 0},
	{"delta_adds_and_removes", "*,+X-Foo,-Subject", NULL, NULL, "FROM:X-Foo:to:x-foo", 0},
	{"delta_without_sign_means_nothing", "*,X-Foo", NULL, NULL, "FROM:Subject:to:subject", 0},
	{"delta_that_removes_from_does_not", "*,-From", NULL, NULL, "FROM:Subject:to:subject", 0},
	{"delta_of_unknown_names_means_nothing", "*,-x-nix,+-y", NULL, NULL,
	 "FROM:Subject:to:subject", 0},
	{"star_in_a_name_is_any_characters", "X-*", NULL, NULL, "FROM:X-Foo:x-foo:X-Bar", 0},
	{"star_in_an_added_name_is_too", "*,+X-*", NULL, NULL,
	 "FROM:Subject:X-Foo:to:x-foo:X-Bar:subject", 0},
	{"omitted_wins_over_signed", "*,+Comments,+x-FOO", NULL, NULL,
	 "FROM:Subject:X-Foo:to:x-foo:subject", 0},
	{"omit_list_replaces_the_default", "*,+Comments", ".", NULL,
	 "FROM:Subject:to:Comments:subject", 0},
	{"omit_delta_adds", NULL, "*,+to", NULL, "FROM:Subject:subject", 0},
	{"omit_delta_removes_but_signs_nothing_more", "*", "*,-comments", NULL,
	 "FROM:Subject:to:subject", 0},
	{"oversigned_names_come_last_as_written_and_as_often", "*,+X-Foo", NULL,
	 "From,To,From,X-Nix", "FROM:Subject:X-Foo:to:x-foo:subject:From:To:From:X-Nix", 0},
	{"oversign_has_no_delta", NULL, NULL, "*,+Foo", "FROM:Subject:to:subject:*:+Foo", 0},

	/*
	 * OpenDKIM loses From here and then takes the message for one without; its manual says
	 * From.
	 */
	{"from_cannot_be_omitted", NULL, "From,Subject", NULL, "FROM:to", 0},
	{"omitted_pattern_wins", "X-*", "*-bar", NULL, "FROM:X-Foo:x-foo", 0},
	{"pattern_with_several_stars", "x*o*,*s*j*t", NULL, NULL,
	 "FROM:Subject:X-Foo:x-foo:subject", 0},

	/* OpenDKIM does not start with these, or makes a broken h= of them. */
	{"plus_without_star_is_refused", "+X-Foo", NULL, NULL, NULL, HEADER_SELECT_E_DELTA},
	{"minus_without_star_is_refused", NULL, "-X-Foo", NULL, NULL, HEADER_SELECT_E_DELTA},
	{"name_with_blank_is_refused", "X Foo", NULL, NULL, NULL, HEADER_SELECT_E_NAME},
	{"name_with_colon_is_refused", "*,+X:", NULL, NULL, NULL, HEADER_SELECT_E_NAME},
	{"oversigned_semicolon_is_refused", NULL, NULL, "a;b", NULL, HEADER_SELECT_E_NAME},
	{"empty_name_is_refused", "a,,b", NULL, NULL, NULL, HEADER_SELECT_E_NAME},
};

/* The names of a comma list; NULL for NULL. */
static struct name_list *split(const char *text, struct name_list *list)
{
	if (text == NULL)
		return NULL;
	for (struct bytes rest = bytes_of_string(text);;) {
		size_t comma = bytes_find(rest, ',');

		assert_int_equal(name_list_add(list, bytes_slice(rest, 0, comma)), 0);
		if (comma == rest.size)
			return list;
		rest = bytes_skip(rest, comma + 1);
	}
}

static void join(const struct name_list *names, struct buffer *out)
{
	for (size_t i = 0; i < names->count; i++) {
		assert_int_equal(buffer_append_string(out, i == 0 ? "" : ":"), 0);
		assert_int_equal(buffer_append(out, names->names[i]), 0);
	}
}

static int make(const struct row *row, struct header_select **select_out)
{
	struct name_list lists[3] = {{0}};
	struct bytes wrong = {0};
	struct header_select_lists config = {
		.sign = split(row->sign, &lists[0]),
		.omit = split(row->omit, &lists[1]),
		.oversign = split(row->oversign, &lists[2]),
	};
	int r = header_select_new(&config, &wrong, select_out);

	if (r > 0)
		assert_non_null(wrong.data);
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		name_list_deinit(&lists[i]);
	return r;
}

static void make_header(struct header *header)
{
	header_init(header, 0);
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		assert_int_equal(header_add(header, bytes_of_string(fields[i])), 0);
}

static void rows_hold(void **state)
{
	struct header header;
	struct name_list names = {0};

	(void)state;
	make_header(&header);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct header_select *select = NULL;
		struct buffer listed = {0};
		int r = make(&rows[i], &select);

		if (r != rows[i].outcome)
			fail_msg("%s: got %d, want %d", rows[i].name, r, rows[i].outcome);
		if (r != 0)
			continue;
		assert_int_equal(header_select_list(select, &header, &names), 0);
		join(&names, &listed);
		if (!bytes_equal(buffer_bytes(&listed), bytes_of_string(rows[i].listed)))
			fail_msg("%s: got %s, want %s", rows[i].name, buffer_string(&listed),
				 rows[i].listed);
		buffer_deinit(&listed);
		header_select_free(select);
	}
	name_list_deinit(&names);
	header_deinit(&header);
}

static void verdicts_say_why(void **state)
{
	struct row row = {.sign = "*,+X-*"};
	struct header_select *select = NULL;

	(void)state;
	assert_int_equal(make(&row, &select), 0);
	assert_int_equal(header_select_judge(select, BYTES_LITERAL("FROM")), HEADER_SELECT_SIGNED);
	assert_int_equal(header_select_judge(select, BYTES_LITERAL("x-any")), HEADER_SELECT_SIGNED);
	assert_int_equal(header_select_judge(select, BYTES_LITERAL("Received")),
			 HEADER_SELECT_OMITTED);
	assert_int_equal(header_select_judge(select, BYTES_LITERAL("Message-ID")),
			 HEADER_SELECT_NOT_LISTED);
	/* Such a name would end the h= tag. */
	assert_int_equal(header_select_judge(select, BYTES_LITERAL("x-a;b")),
			 HEADER_SELECT_NOT_LISTED);
	header_select_free(select);
}

/* RFC 6376 5.4.1 as OpenDKIM reads it. */
static void every_default_name_is_signed(void **state)
{
	static const char *const names[] = {
		"From",
		"Reply-To",
		"Subject",
		"Date",
		"To",
		"Cc",
		"Resent-Date",
		"Resent-From",
		"Resent-Sender",
		"Resent-To",
		"Resent-Cc",
		"In-Reply-To",
		"References",
		"List-Id",
		"List-Help",
		"List-Unsubscribe",
		"List-Subscribe",
		"List-Post",
		"List-Owner",
		"List-Archive",
	};
	struct row row = {0};
	struct header_select *select = NULL;

	(void)state;
	assert_int_equal(make(&row, &select), 0);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		assert_int_equal(header_select_judge(select, bytes_of_string(names[i])),
				 HEADER_SELECT_SIGNED);
	assert_int_equal(header_select_judge(select, BYTES_LITERAL("List-Unsubscribe-Post")),
			 HEADER_SELECT_NOT_LISTED);
	header_select_free(select);
}

/* As many as our own verifier takes, and one more; and the same with one of them oversigned. */
static void more_fields_than_h_may_list_are_no_list(void **state)
{
	struct row row = {.oversign = "Subject"};
	struct header_select *select = NULL;
	struct name_list names = {0};
	struct header header;

	(void)state;
	header_init(&header, 0);
	assert_int_equal(make(&row, &select), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("From: a@example.com")), 0);
	while (header_count(&header) < HEADER_SELECT_NAMES_MAX - 1)
		assert_int_equal(header_add(&header, BYTES_LITERAL("To: b@example.net")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("X-Not-Listed: 1")), 0);
	assert_int_equal(header_select_list(select, &header, &names), 0);
	assert_int_equal(names.count, HEADER_SELECT_NAMES_MAX);
	assert_int_equal(header_add(&header, BYTES_LITERAL("To: c@example.net")), 0);
	assert_int_equal(header_select_list(select, &header, &names), HEADER_SELECT_E_TOO_MANY);
	assert_int_equal(header_add(&header, BYTES_LITERAL("To: d@example.net")), 0);
	assert_int_equal(header_select_list(select, &header, &names), HEADER_SELECT_E_TOO_MANY);
	header_select_free(select);
	name_list_deinit(&names);
	header_deinit(&header);
}

static void more_oversigned_names_than_h_may_list_are_refused(void **state)
{
	struct header_select *select = NULL;
	struct name_list oversign = {0};
	struct header_select_lists config = {.oversign = &oversign};
	struct bytes wrong = {0};

	(void)state;
	while (oversign.count < HEADER_SELECT_NAMES_MAX - 1)
		assert_int_equal(name_list_add(&oversign, BYTES_LITERAL("a")), 0);
	assert_int_equal(header_select_new(&config, &wrong, &select), 0);
	header_select_free(select);
	assert_int_equal(name_list_add(&oversign, BYTES_LITERAL("last")), 0);
	assert_int_equal(header_select_new(&config, &wrong, &select), HEADER_SELECT_E_TOO_MANY);
	assert_true(bytes_equal(wrong, BYTES_LITERAL("last")));
	name_list_deinit(&oversign);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(verdicts_say_why),
		cmocka_unit_test(every_default_name_is_signed),
		cmocka_unit_test(more_fields_than_h_may_list_are_no_list),
		cmocka_unit_test(more_oversigned_names_than_h_may_list_are_refused),
	};

	return cmocka_run_group_tests_name("header_select", tests, NULL, NULL);
}
