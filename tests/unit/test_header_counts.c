/*
 * Goal:   a header is held against the numbers of RFC 5322 3.6.
 * Method: by row: the names of the fields, and the first one whose number is wrong.
 */
#include "signer/message/header_counts.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

struct row {
	const char *name;
	const char *fields; /* names, with a blank behind each */
	const char *wrong;  /* NULL: none */
	size_t count;
};

static const struct row rows[] = {
	{"smallest_header_is_right", "From Date ", NULL, 0},
	{"all_fields_once_are_right",
	 "Date From Sender Reply-To To Cc Bcc Message-ID In-Reply-To References Subject ", NULL, 0},
	{"order_and_case_do_not_matter", "dATE FROM to ", NULL, 0},
	{"other_fields_may_be_many", "Received Received From Date X X Comments Keywords Keywords ",
	 NULL, 0},
	/* RFC 5322 3.6: orig-date and from are required. */
	{"no_from_is_wrong", "Date ", "From", 0},
	{"no_date_is_wrong", "From ", "Date", 0},
	{"nothing_is_wrong", "", "From", 0},
	{"two_from_are_wrong", "From Date From ", "From", 2},
	{"three_subjects_are_wrong", "Subject From Date Subject subject ", "Subject", 3},
	{"two_senders_are_wrong", "From Date Sender Sender ", "Sender", 2},
	{"two_references_are_wrong", "From Date References References ", "References", 2},
};

static void make_header(struct header *header, const char *fields)
{
	char field[64];

	header_clear(header);
	while (*fields != '\0') {
		size_t size = strcspn(fields, " ");

		snprintf(field, sizeof(field), "%.*s: x\r\n", (int)size, fields);
		assert_int_equal(header_add(header, bytes_of_string(field)), 0);
		fields += size + 1;
	}
}

static void every_row_holds(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		size_t count = 0;
		const char *wrong;

		make_header(&header, rows[i].fields);
		wrong = header_counts_wrong(&header, &count);
		if (wrong == NULL || rows[i].wrong == NULL ? wrong != rows[i].wrong
							   : strcmp(wrong, rows[i].wrong) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, wrong, rows[i].wrong);
		assert_int_equal(count, rows[i].count);
	}
	header_deinit(&header);
}

static void fields_are_counted_by_name(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 0);
	make_header(&header, "From To from X ");
	assert_int_equal(header_counts_of(&header, BYTES_LITERAL("FROM")), 2);
	assert_int_equal(header_counts_of(&header, BYTES_LITERAL("X")), 1);
	assert_int_equal(header_counts_of(&header, BYTES_LITERAL("Y")), 0);
	header_deinit(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds),
		cmocka_unit_test(fields_are_counted_by_name),
	};

	return cmocka_run_group_tests_name("header_counts", tests, NULL, NULL);
}
