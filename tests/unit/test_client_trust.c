/*
 * Goal:   who is signed for, who is a peer and who is ignored is what OpenDKIM would say, in its words.
 * Method: a configuration, a client and its macros in each row; the wanted result has the lines that
 *         LogWhy gives, which were taken from opendkim 2.11 itself.
 */
#include "signer/tables/client_trust.h"

#include "tests/unit/failing_memory.h"
#include "tests/unit/tables_fixture.h"

#include <errno.h>

#define OPTIONS_MAX 6

/* Macros are "NAME=VALUE" texts, and a NULL behind the last. */
static bool macro_find(void *arg, struct bytes name, struct bytes *value_out)
{
	for (const char *const *macro = arg; *macro != NULL; macro++) {
		struct bytes text = bytes_of_string(*macro);
		size_t size = bytes_find(text, '=');

		if (bytes_equal(bytes_slice(text, 0, size), name)) {
			*value_out = bytes_skip(text, size + 1);
			return true;
		}
	}
	return false;
}

static void line_take(void *arg, const char *line)
{
	assert_int_equal(buffer_printf(arg, "%s\n", line), 0);
}

/* `options` are names and values in turn, and a NULL behind them. */
static int trust_load(struct fixture *fixture, const char *const *options,
		      struct client_trust **trust_out)
{
	struct signer_config *config;
	int r;

	assert_int_equal(signer_config_new(&config), 0);
	for (; options[0] != NULL; options += 2)
		assert_int_equal(
			signer_config_set(config, options[0], options[1], &fixture->problems), 0);
	assert_int_equal(signer_config_check(config, &fixture->problems), 0);
	fixture_forget(fixture);
	r = client_trust_load(config, &fixture->problems, trust_out);
	signer_config_free(config); /* what was loaded needs it no more */
	return r;
}

static struct trust_client client_of(const char *host, const char *address)
{
	struct trust_client client = {
		.host = bytes_of_string(host),
		.family = TRUST_FAMILY_IP,
		.address = bytes_of_string(address),
	};

	if (strcmp(address, "unknown") == 0)
		client.family = TRUST_FAMILY_UNKNOWN;
	if (strcmp(address, "unix") == 0)
		client.family = TRUST_FAMILY_UNIX;
	return client;
}

static const char *const reason_names[] = {
	[TRUST_NONE] = "none",		 [TRUST_MTA] = "mta",
	[TRUST_MACRO] = "macro",	 [TRUST_INTERNAL] = "internal",
	[TRUST_AUTHENTICATED] = "login",
};

struct judge_row {
	const char *name;
	const char *options[OPTIONS_MAX + 1];
	const char *host;
	const char *address;
	const char *macros[4];
	const char *want; /* the lines, and the reason */
};

static void judge_check(const struct judge_row *row)
{
	struct fixture fixture;
	struct client_trust *trust;
	struct buffer got = {0};
	struct trust_client client = client_of(row->host, row->address);
	struct trust_macros macros = {macro_find, (void *)(uintptr_t)row->macros};
	struct trust_why why = {line_take, &got};
	enum trust_reason reason;

	fixture_init(&fixture);
	assert_int_equal(trust_load(&fixture, row->options, &trust), 0);
	reason = client_trust_judge(trust, &client, &macros, &why);
	assert_int_equal(buffer_printf(&got, "%s", reason_names[reason]), 0);
	if (strcmp(buffer_string(&got), row->want) != 0)
		fail_msg("%s: got \"%s\", want \"%s\"", row->name, buffer_string(&got), row->want);
	assert_int_equal(client_trust_judge(trust, &client, &macros, NULL), reason);
	assert_string_equal(fixture_told(&fixture), "");
	buffer_deinit(&got);
	client_trust_free(trust);
	fixture_deinit(&fixture);
}

static void client_is_trusted_by_the_first_that_holds(void **state)
{
	static const struct judge_row rows[] = {
		{"default_trusts_loopback", {NULL}, "localhost", "127.0.0.1", {NULL}, "internal"},
		{"default_trusts_ipv6_loopback", {NULL}, "localhost", "::1", {NULL}, "internal"},
		{"default_trusts_no_other",
		 {NULL},
		 "host.example.net",
		 "192.0.2.1",
		 {NULL},
		 "host.example.net [192.0.2.1] not internal\nnot authenticated\nnone"},
		{"address_is_logged_in_its_one_form",
		 {NULL},
		 "h",
		 "IPv6:2001:DB8:0:0::1",
		 {NULL},
		 "h [2001:db8::1] not internal\nnot authenticated\nnone"},
		{"mapped_address_is_logged_as_given",
		 {NULL},
		 "h",
		 "::ffff:192.0.2.1",
		 {NULL},
		 "h [::ffff:192.0.2.1] not internal\nnot authenticated\nnone"},
		{"name_in_internal_hosts",
		 {"InternalHosts", "csl:.example.net", NULL},
		 "host.example.net",
		 "192.0.2.1",
		 {NULL},
		 "internal"},
		{"dash_trusts_nobody",
		 {"InternalHosts", "-", NULL},
		 "localhost",
		 "127.0.0.1",
		 {NULL},
		 "localhost [127.0.0.1] not internal\nnot authenticated\nnone"},

		/* A client without an address. */
		{"unknown_address_is_loopback", {NULL}, "localhost", "unknown", {NULL}, "internal"},
		{"unknown_address_is_logged_as_loopback",
		 {"InternalHosts", "csl:10.0.0.1", NULL},
		 "localhost",
		 "unknown",
		 {NULL},
		 "localhost [127.0.0.1] not internal\nnot authenticated\nnone"},
		{"unix_socket_has_no_address",
		 {NULL},
		 "localhost",
		 "unix",
		 {NULL},
		 "localhost [unix] not internal\nnot authenticated\nnone"},
		{"unix_socket_goes_by_its_name",
		 {"InternalHosts", "csl:localhost", NULL},
		 "localhost",
		 "unix",
		 {NULL},
		 "internal"},
		{"address_that_cannot_be_read_is_in_no_list",
		 {"InternalHosts", "csl:0.0.0.0/0,::/0", NULL},
		 "h",
		 "1.2.3",
		 {NULL},
		 "h [1.2.3] not internal\nnot authenticated\nnone"},
		{"address_that_cannot_be_read_leaves_the_name",
		 {"InternalHosts", "csl:h", NULL},
		 "h",
		 "1.2.3",
		 {NULL},
		 "internal"},

		/* {auth_type}. */
		{"login_is_trusted",
		 {NULL},
		 "[192.0.2.1]",
		 "192.0.2.1",
		 {"{auth_type}=PLAIN", NULL},
		 "login"},
		{"empty_login_is_none",
		 {NULL},
		 "h",
		 "192.0.2.1",
		 {"{auth_type}=", NULL},
		 "h [192.0.2.1] not internal\nnot authenticated\nnone"},

		/* MTA. */
		{"mta_is_trusted",
		 {"MTA", "MSA,submission", NULL},
		 "h",
		 "192.0.2.1",
		 {"{daemon_name}=submission", "j=mx.me", NULL},
		 "mta"},
		{"mta_from_a_set_with_values",
		 {"MTA", "csl:MSA=1", NULL},
		 "h",
		 "192.0.2.1",
		 {"{daemon_name}=MSA", NULL},
		 "mta"},
		{"mta_in_lower_case_is_another",
		 {"MTA", "MSA", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"{daemon_name}=msa", "j=mx.me", NULL},
		 "no MTA name match (host=mx.me, MTA=msa)\ninternal"},
		{"mta_that_is_not_given",
		 {"MTA", "MSA", NULL},
		 "h",
		 "192.0.2.1",
		 {NULL},
		 "no MTA name match (host=?, MTA=?)\nh [192.0.2.1] not internal\nnot "
		 "authenticated\nnone"},
		{"empty_set_of_mtas_has_none",
		 {"MTA", "csl:", NULL},
		 "h",
		 "127.0.0.1",
		 {"{daemon_name}=MSA", "j=mx.me", NULL},
		 "no MTA name match (host=mx.me, MTA=MSA)\ninternal"},

		/* MacroList. */
		{"macro_that_is_there",
		 {"MacroList", "foo", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=x", NULL},
		 "macro"},
		{"macro_that_is_there_and_empty",
		 {"MacroList", "foo", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=", NULL},
		 "macro"},
		{"macro_that_is_not_there",
		 {"MacroList", "foo", NULL},
		 "localhost",
		 "127.0.0.1",
		 {NULL},
		 "no macros match\ninternal"},
		{"macro_has_the_first_value",
		 {"MacroList", "foo=a|b", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=a", NULL},
		 "macro"},
		{"macro_has_the_last_value",
		 {"MacroList", "foo= a | b", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=b", NULL},
		 "macro"},
		{"macro_value_in_upper_case_is_another",
		 {"MacroList", "foo=a|b", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"{foo}=A", NULL},
		 "no macros match\ninternal"},
		{"macro_value_is_the_whole",
		 {"MacroList", "foo=a|b", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"{foo}=a|b", NULL},
		 "no macros match\ninternal"},
		{"macro_value_is_not_empty",
		 {"MacroList", "foo=a||b", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"{foo}=", NULL},
		 "no macros match\ninternal"},
		{"macro_name_in_upper_case_is_another",
		 {"MacroList", "FOO", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"{foo}=b", NULL},
		 "no macros match\ninternal"},
		{"macro_with_its_braces",
		 {"MacroList", "{foo}=b", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=b", NULL},
		 "macro"},
		{"macro_of_one_letter_has_no_braces",
		 {"MacroList", "j=mx.me", NULL},
		 "h",
		 "192.0.2.1",
		 {"j=mx.me", NULL},
		 "macro"},
		{"macro_of_one_letter_in_braces_is_the_same",
		 {"MacroList", "{j}=mx.me", NULL},
		 "h",
		 "192.0.2.1",
		 {"j=mx.me", NULL},
		 "macro"},
		{"second_row_of_a_macro_counts",
		 {"MacroList", "foo=a,foo=c", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=c", NULL},
		 "macro"},
		{"second_macro_counts",
		 {"MacroList", "foo=a,bar", NULL},
		 "h",
		 "192.0.2.1",
		 {"{foo}=c", "{bar}=", NULL},
		 "macro"},

		/* All of them. */
		{"mta_before_macros",
		 {"MTA", "M", "MacroList", "foo", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"{daemon_name}=M", "{foo}=", "{auth_type}=PLAIN", NULL},
		 "mta"},
		{"macros_before_hosts",
		 {"MTA", "M", "MacroList", "foo", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"j=mx.me", "{foo}=", NULL},
		 "no MTA name match (host=mx.me, MTA=?)\nmacro"},
		{"hosts_before_login",
		 {"MTA", "M", "MacroList", "foo", NULL},
		 "localhost",
		 "127.0.0.1",
		 {"j=mx.me", "{auth_type}=PLAIN", NULL},
		 "no MTA name match (host=mx.me, MTA=?)\nno macros match\ninternal"},
		{"login_at_last",
		 {"MTA", "M", "MacroList", "foo", NULL},
		 "h",
		 "192.0.2.1",
		 {"j=mx.me", "{auth_type}=PLAIN", NULL},
		 "no MTA name match (host=mx.me, MTA=?)\nno macros match\nlogin"},
		{"nothing_holds",
		 {"MTA", "M", "MacroList", "foo", NULL},
		 "h",
		 "192.0.2.1",
		 {"j=mx.me", "{daemon_name}=X", NULL},
		 "no MTA name match (host=mx.me, MTA=X)\nno macros match\nh [192.0.2.1] not "
		 "internal\nnot authenticated\nnone"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		judge_check(&rows[i]);
}

static void peers_and_ignored_hosts_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *list;
		const char *host;
		const char *address;
		bool is_peer;
		bool is_ignored;
	} rows[] = {
		{"address_is_in", "csl:127.0.0.1", "localhost", "127.0.0.1", true, true},
		{"name_is_in", "csl:localhost", "localhost", "192.0.2.1", true, true},
		{"other_is_not", "csl:localhost", "h", "192.0.2.1", false, false},
		{"excluded_name_leaves_the_address", "csl:!localhost,127.0.0.1", "localhost",
		 "127.0.0.1", true, true},
		/* OpenDKIM looks at PeerList before it makes 127.0.0.1 of no address. */
		{"unknown_address_is_no_peer", "csl:127.0.0.1", "localhost", "unknown", false,
		 true},
		{"unknown_address_goes_by_name", "csl:localhost", "localhost", "unknown", true,
		 true},
		{"unix_socket_goes_by_name", "csl:localhost", "localhost", "unix", true, true},
		{"unix_socket_has_no_address", "csl:127.0.0.1", "localhost", "unix", false, false},
		{"address_that_cannot_be_read_is_not", "csl:0.0.0.0/0", "h", "x", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const char *options[] = {"PeerList", rows[i].list, "ExternalIgnoreList",
					 rows[i].list, NULL};
		struct trust_client client = client_of(rows[i].host, rows[i].address);
		struct fixture fixture;
		struct client_trust *trust;

		fixture_init(&fixture);
		assert_int_equal(trust_load(&fixture, options, &trust), 0);
		if (client_trust_is_peer(trust, &client) != rows[i].is_peer)
			fail_msg("%s: peer: got %d", rows[i].name, !rows[i].is_peer);
		if (client_trust_is_ignored_external(trust, &client) != rows[i].is_ignored)
			fail_msg("%s: ignored: got %d", rows[i].name, !rows[i].is_ignored);
		assert_true(client_trust_has_peers(trust));
		client_trust_free(trust);
		fixture_deinit(&fixture);
	}
}

static void without_options_there_are_no_peers(void **state)
{
	const char *options[] = {NULL};
	struct trust_client client = client_of("localhost", "127.0.0.1");
	struct fixture fixture;
	struct client_trust *trust;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(trust_load(&fixture, options, &trust), 0);
	assert_false(client_trust_has_peers(trust));
	assert_false(client_trust_is_peer(trust, &client));
	assert_false(client_trust_is_ignored_external(trust, &client));
	client_trust_free(trust);
	client_trust_free(NULL);
	fixture_deinit(&fixture);
}

static void macros_to_ask_for_are_listed_once(void **state)
{
	static const struct {
		const char *options[OPTIONS_MAX + 1];
		const char *want;
	} rows[] = {
		{{NULL}, "{auth_type} "},
		{{"MTA", "M", NULL}, "{daemon_name} {auth_type} "},
		{{"MTA", "M", "LogWhy", "yes", NULL}, "{daemon_name} j {auth_type} "},
		{{"MacroList", "foo=a|b,{bar},foo=c,j,{j},{auth_type}", NULL},
		 "{auth_type} {foo} {bar} j "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct client_trust *trust;
		struct buffer got = {0};

		fixture_init(&fixture);
		assert_int_equal(trust_load(&fixture, rows[i].options, &trust), 0);
		for (size_t j = 0; j < client_trust_macro_count(trust); j++) {
			struct bytes name = client_trust_macro(trust, j);

			assert_int_equal(buffer_printf(&got, "%.*s ", BYTES_PRINTF(name)), 0);
		}
		assert_string_equal(buffer_string(&got), rows[i].want);
		buffer_deinit(&got);
		client_trust_free(trust);
		fixture_deinit(&fixture);
	}
}

static void macro_file_has_names_and_values(void **state)
{
	const char *const macro_values[] = {"a=2", "b=3", "c=x", NULL};
	struct trust_macros macros = {macro_find, (void *)(uintptr_t)macro_values};
	struct trust_client client = client_of("h", "192.0.2.1");
	static const struct {
		const char *content;
		enum trust_reason want;
	} rows[] = {
		{"a 1|2\n", TRUST_MACRO},	{"a 1\n", TRUST_NONE},
		{"a=1|2\n", TRUST_MACRO},	{"a=1\n", TRUST_NONE},
		{"# all\nz\nc\n", TRUST_MACRO}, {"{b} 3\n", TRUST_MACRO},
		{"{b}=4|3|5\n", TRUST_MACRO},	{"d\n", TRUST_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct client_trust *trust;
		const char *options[] = {"MacroList", NULL, NULL};

		fixture_init(&fixture);
		options[1] = fixture_file(&fixture, "macros", rows[i].content);
		assert_int_equal(trust_load(&fixture, options, &trust), 0);
		if (client_trust_judge(trust, &client, &macros, NULL) != rows[i].want)
			fail_msg("%s: want %s", rows[i].content, reason_names[rows[i].want]);
		client_trust_free(trust);
		fixture_deinit(&fixture);
	}
}

static void wrong_macro_is_told_and_makes_nobody_trusted(void **state)
{
	const char *const macro_values[] = {"a=", "{}=x", "{b c}=x", NULL};
	struct trust_macros macros = {macro_find, (void *)(uintptr_t)macro_values};
	struct trust_client client = client_of("h", "192.0.2.1");
	const char *options[] = {"MacroList", "b c,{},{x,a=|", NULL};
	struct fixture fixture;
	struct client_trust *trust;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(trust_load(&fixture, options, &trust), 0);
	assert_string_equal(fixture_told(&fixture),
			    "warning command line: MacroList: \"b c\" makes nobody trusted: it is "
			    "no macro; allowed are NAME "
			    "and NAME=VALUE|VALUE, the name with or without braces\n"
			    "warning command line: MacroList: \"{}\" makes nobody trusted: it is "
			    "no macro; allowed are NAME "
			    "and NAME=VALUE|VALUE, the name with or without braces\n"
			    "warning command line: MacroList: \"{x\" makes nobody trusted: it is "
			    "no macro; allowed are NAME "
			    "and NAME=VALUE|VALUE, the name with or without braces\n"
			    "warning command line: MacroList: \"a\" makes nobody trusted: there is "
			    "no value in \"|\"; "
			    "allowed are NAME and NAME=VALUE|VALUE\n");
	assert_int_equal(client_trust_judge(trust, &client, &macros, NULL), TRUST_NONE);
	assert_int_equal(client_trust_macro_count(trust), 1);
	client_trust_free(trust);
	fixture_deinit(&fixture);
}

static void each_set_that_cannot_be_had_is_told(void **state)
{
	const char *options[] = {"MTA",
				 "refile:/m",
				 "MacroList",
				 "refile:macros",
				 "InternalHosts",
				 "file:/gone/i",
				 "ExternalIgnoreList",
				 "file:/gone/e",
				 "PeerList",
				 "refile:/gone/p",
				 NULL};
	struct fixture fixture;
	struct client_trust *trust = NULL;

	(void)state;
	fixture_init(&fixture);
	options[1] = fixture_file(&fixture, "mtas", "M*\n");
	options[3] = fixture_file(&fixture, "macros", "m*\n");
	for (size_t i = 1; i <= 3; i += 2) {
		char *text;

		assert_true(asprintf(&text, "refile:%s", options[i]) > 0);
		options[i] = text;
	}
	assert_int_equal(trust_load(&fixture, options, &trust), CLIENT_TRUST_E_REFUSED);
	assert_null(trust);
	assert_string_equal(fixture_told(&fixture),
			    "error command line: MTA: patterns (refile:) are not supported here; "
			    "allowed are file:PATH, "
			    "/PATH, csl:LIST, or a list\n"
			    "error command line: MacroList: patterns (refile:) are not supported "
			    "here; allowed are "
			    "file:PATH, /PATH, csl:LIST, or a list\n"
			    "error command line: InternalHosts: cannot read \"/gone/i\": No such "
			    "file or directory\n"
			    "error command line: ExternalIgnoreList: cannot read \"/gone/e\": No "
			    "such file or directory\n"
			    "error command line: PeerList: cannot read \"/gone/p\": No such file "
			    "or directory\n");
	free((void *)(uintptr_t)options[1]);
	free((void *)(uintptr_t)options[3]);
	fixture_deinit(&fixture);
}

static void one_set_that_cannot_be_had_is_enough(void **state)
{
	static const char *const names[] = {"MTA", "MacroList", "InternalHosts",
					    "ExternalIgnoreList", "PeerList"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const char *options[] = {names[i], "file:/gone", NULL};
		struct fixture fixture;
		struct client_trust *trust = NULL;

		fixture_init(&fixture);
		assert_int_equal(trust_load(&fixture, options, &trust), CLIENT_TRUST_E_REFUSED);
		assert_null(trust);
		assert_int_equal(fixture.problems.error_count, 1);
		fixture_deinit(&fixture);
	}
}

static void relative_paths_start_from_the_base_directory(void **state)
{
	const char *options[] = {"BaseDirectory", NULL, "InternalHosts", "refile:hosts", "MTA",
				 "file:mtas",	  NULL};
	const char *const macro_values[] = {"{daemon_name}=M", NULL};
	struct trust_macros macros = {macro_find, (void *)(uintptr_t)macro_values};
	struct trust_macros none = {macro_find, (void *)(uintptr_t)(macro_values + 1)};
	struct trust_client client = client_of("h", "192.0.2.1");
	struct fixture fixture;
	struct client_trust *trust;

	(void)state;
	fixture_init(&fixture);
	(void)fixture_file(&fixture, "hosts", "192.0.2.0/24\n");
	(void)fixture_file(&fixture, "mtas", "M\n");
	options[1] = fixture.directory;
	assert_int_equal(trust_load(&fixture, options, &trust), 0);
	assert_int_equal(client_trust_judge(trust, &client, &macros, NULL), TRUST_MTA);
	assert_int_equal(client_trust_judge(trust, &client, &none, NULL), TRUST_INTERNAL);
	client_trust_free(trust);
	fixture_deinit(&fixture);
}

static void line_that_is_too_long_is_cut(void **state)
{
	const char *options[] = {NULL};
	const char *const macro_values[] = {NULL};
	struct trust_macros macros = {macro_find, (void *)(uintptr_t)macro_values};
	char host[2 * CLIENT_TRUST_LINE_SIZE];
	struct trust_client client;
	struct buffer got = {0};
	struct trust_why why = {line_take, &got};
	struct fixture fixture;
	struct client_trust *trust;

	(void)state;
	fixture_init(&fixture);
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	client = client_of(host, "192.0.2.1");
	assert_int_equal(trust_load(&fixture, options, &trust), 0);
	assert_int_equal(client_trust_judge(trust, &client, &macros, &why), TRUST_NONE);
	assert_int_equal(got.size, CLIENT_TRUST_LINE_SIZE - 1 + strlen("\nnot authenticated\n"));
	buffer_deinit(&got);
	client_trust_free(trust);
	fixture_deinit(&fixture);
}

static struct signer_config *config_make(struct fixture *fixture)
{
	static const char *const options[] = {
		"MTA",
		"M,N",
		"MacroList",
		"foo=a|b,bar",
		"InternalHosts",
		"csl:127.0.0.1,localhost",
		"ExternalIgnoreList",
		"csl:10.0.0.0/8",
		"PeerList",
		"csl:192.0.2.1",
		"LogWhy",
		"yes",
	};
	struct signer_config *config;

	assert_int_equal(signer_config_new(&config), 0);
	for (size_t i = 0; i < ARRAY_COUNT(options); i += 2)
		assert_int_equal(
			signer_config_set(config, options[i], options[i + 1], &fixture->problems),
			0);
	assert_int_equal(signer_config_check(config, &fixture->problems), 0);
	fixture_forget(fixture);
	return config;
}

static void every_allocation_may_fail(void **state)
{
	struct fixture fixture;
	struct signer_config *config;
	struct client_trust *trust;
	size_t total;

	(void)state;
	fixture_init(&fixture);
	config = config_make(&fixture);
	failing_memory_arm(0);
	assert_int_equal(client_trust_load(config, &fixture.problems, &trust), 0);
	total = failing_memory_count();
	client_trust_free(trust);
	assert_true(total >= 20);
	for (size_t n = 1; n <= total; n++) {
		int r;

		failing_memory_arm(n);
		r = client_trust_load(config, &fixture.problems, &trust);
		assert_true(failing_memory_disarm());
		if (r != -ENOMEM)
			fail_msg("allocation %zu of %zu fails: got %d, want %d", n, total, r,
				 -ENOMEM);
	}
	assert_string_equal(fixture_told(&fixture), "");
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void line_count(void *arg, const char *line)
{
	(void)line;
	++*(unsigned *)arg;
}

static void judgement_allocates_nothing(void **state)
{
	const char *const macro_values[] = {"{foo}=c", "j=mx", NULL};
	struct trust_macros macros = {macro_find, (void *)(uintptr_t)macro_values};
	struct trust_client client = client_of("h.example", "2001:db8::1");
	unsigned lines = 0;
	struct trust_why why = {line_count, &lines};
	struct fixture fixture;
	struct signer_config *config;
	struct client_trust *trust;

	(void)state;
	fixture_init(&fixture);
	config = config_make(&fixture);
	assert_int_equal(client_trust_load(config, &fixture.problems, &trust), 0);
	failing_memory_arm(0);
	assert_int_equal(client_trust_judge(trust, &client, &macros, &why), TRUST_NONE);
	assert_false(client_trust_is_peer(trust, &client));
	assert_false(client_trust_is_ignored_external(trust, &client));
	assert_int_equal(failing_memory_count(), 0);
	(void)failing_memory_disarm();
	assert_int_equal(lines, 4);
	client_trust_free(trust);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_is_trusted_by_the_first_that_holds),
		cmocka_unit_test(peers_and_ignored_hosts_are_told),
		cmocka_unit_test(without_options_there_are_no_peers),
		cmocka_unit_test(macros_to_ask_for_are_listed_once),
		cmocka_unit_test(macro_file_has_names_and_values),
		cmocka_unit_test(wrong_macro_is_told_and_makes_nobody_trusted),
		cmocka_unit_test(each_set_that_cannot_be_had_is_told),
		cmocka_unit_test(one_set_that_cannot_be_had_is_enough),
		cmocka_unit_test(relative_paths_start_from_the_base_directory),
		cmocka_unit_test(line_that_is_too_long_is_cut),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(judgement_allocates_nothing),
	};

	return cmocka_run_group_tests_name("client_trust", tests, NULL, NULL);
}
