/*
 * Goal:   the table of options is whole and in order, finds a name in any case, and guesses what a
 *         wrong name was meant to be.
 * Method: walks over the table itself, and rows of names.
 */
#include "signer/tables/option_table.h"

#include "signer/tables/option_value.h"
#include "signer/tables/signer_config.h"

#include "tests/unit/unit_test.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static void names_are_in_order_and_found_in_any_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		char upper[64];
		char lower[64];

		for (size_t n = 0; n <= strlen(option->name); n++) {
			upper[n] = (char)toupper(option->name[n]);
			lower[n] = (char)tolower(option->name[n]);
		}
		assert_ptr_equal(option_table_find(bytes_of_string(upper)), option);
		assert_ptr_equal(option_table_find(bytes_of_string(lower)), option);
		assert_int_equal(option_table_index(option), i);
		if (i > 0 && strcasecmp(option_table_at(i - 1)->name, option->name) >= 0)
			fail_msg("%s is out of order", option->name);
	}
}

static void near_names_are_not_found(void **state)
{
	static const char *const names[] = {"", "Mod", "Modes", "MTAs", "X", "X-Header2", "zzz"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(option_table_find(bytes_of_string(names[i])));
}

static void every_row_is_whole(void **state)
{
	char reason[OPTION_VALUE_REASON_SIZE];
	struct option_value value;
	char allowed[400];

	(void)state;
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		bool has_member = option->member != OPTION_NO_MEMBER;
		size_t size = strlen(option->description);

		/* A sentence that can stand behind a colon. */
		assert_true(size > 10);
		assert_true(option->description[size - 1] != '.');
		if (option->default_text != NULL &&
		    option_value_parse(option, option->default_text, &value, reason) != 0)
			fail_msg("%s: %s", option->name, reason);
		if (option->type == OPTION_BOOL)
			assert_non_null(option->default_text);
		if (option->type == OPTION_CHOICE)
			assert_non_null(option->choices);
		if (has_member)
			assert_true(option->member < sizeof(struct signer_config));
		if (has_member)
			assert_true(option->class == OPTION_USED || option->class == OPTION_MILTER);
		option_allowed(option, allowed, sizeof(allowed));
		assert_true(option_type_is_text(option->type) == (allowed[0] == '\0'));
	}
}

static void known_names_are_there_in_their_class(void **state)
{
	static const struct {
		const char *name;
		enum option_class want;
	} rows[] = {
		{"Canonicalization", OPTION_USED},     {"SigningTable", OPTION_USED},
		{"CheckSigningTable", OPTION_USED},    {"SpoolDirectory", OPTION_USED},
		{"OverSignHeaders", OPTION_USED},      {"Socket", OPTION_MILTER},
		{"InternalHosts", OPTION_MILTER},      {"X-Header", OPTION_MILTER},
		{"DNSTimeout", OPTION_IGNORED},	       {"TrustAnchorFile", OPTION_IGNORED},
		{"LDAPUseTLS", OPTION_IGNORED},	       {"On-BadSignature", OPTION_VERIFIER},
		{"SetupPolicyScript", OPTION_REFUSED}, {"ScreenPolicyScript", OPTION_REFUSED},
		{"FinalPolicyScript", OPTION_REFUSED}, {"ResignMailTo", OPTION_REFUSED},
		{"ReplaceRules", OPTION_REFUSED},      {"POPDBFile", OPTION_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct option *option = option_table_find(bytes_of_string(rows[i].name));

		if (option == NULL || option->class != rows[i].want)
			fail_msg("%s: missing or in another class", rows[i].name);
	}
}

static void wrong_name_is_guessed(void **state)
{
	static const struct {
		const char *name;
		const char *want; /* NULL: no guess */
	} rows[] = {
		{"SigningTabel", "SigningTable"},
		{"signingtables", "SigningTable"},
		{"Selektor", "Selector"},
		{"Canonicalisation", "Canonicalization"},
		{"SignHeader", "SignHeaders"},
		{"OversignHeader", "OversignHeaders"},
		{"Syslogname", "SyslogName"},
		{"Umaks", "UMask"},
		{"Frobnicate", NULL},
		{"x", NULL},
	};
	char name[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct option *option = option_table_nearest(bytes_of_string(rows[i].name));
		const char *got = option == NULL ? "(none)" : option->name;
		const char *want = rows[i].want == NULL ? "(none)" : rows[i].want;

		if (strcmp(got, want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, got, want);
	}
	memset(name, 'x', sizeof(name));
	assert_null(option_table_nearest(bytes_of(name, sizeof(name))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_in_order_and_found_in_any_case),
		cmocka_unit_test(near_names_are_not_found),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(known_names_are_there_in_their_class),
		cmocka_unit_test(wrong_name_is_guessed),
	};

	return cmocka_run_group_tests_name("option_table", tests, NULL, NULL);
}
