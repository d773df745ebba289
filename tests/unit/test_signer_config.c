/*
 * Goal:   a configuration file gives the values that it gives in OpenDKIM, and everything that is
 *         wrong with it is told at once, with file, line and name.
 * Method: each row is the content of a file and what is told, or the value of one option.
 * Source: opendkim.conf(5).
 */
#include "signer/tables/signer_config.h"

#include "tests/unit/tables_fixture.h"

#include <sys/stat.h>
#include <syslog.h>

/* Reads and checks a file with that content. */
static int config_load(struct fixture *fixture, const char *content,
		       struct signer_config **config_out)
{
	struct signer_config *config;
	int r_read;
	int r_check;

	assert_int_equal(signer_config_new(&config), 0);
	r_read = signer_config_read(config, fixture_file(fixture, "a.conf", content),
				    &fixture->problems);
	r_check = signer_config_check(config, &fixture->problems);
	assert_true(r_read >= 0 && r_check >= 0);
	assert_true((r_read != 0 || r_check != 0) == (fixture->problems.error_count > 0));
	*config_out = config;
	return r_read != 0 ? r_read : r_check;
}

/* What is told about a file with that content. */
static void told_check(const char *name, const char *content, const char *want)
{
	struct fixture fixture;
	struct signer_config *config;

	fixture_init(&fixture);
	(void)config_load(&fixture, content, &config);
	if (strcmp(fixture_told(&fixture), want) != 0)
		fail_msg("%s: got\n%swant\n%s", name, fixture_told(&fixture), want);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

/* A key, so that there is nothing else to say. */
#define KEY "Domain a.b\nSelector s\nKeyFile /k\n"

static void line_is_a_name_and_a_value(void **state)
{
	static const struct {
		const char *name;
		const char *content;
		const char *option;
		const char *want;
	} rows[] = {
		{"name_in_any_case", "sElEcToR s1\n", "Selector", "s1"},
		{"tabs_and_blanks_separate", "Selector \t  s1\n", "Selector", "s1"},
		{"leading_white_space_does_not_count", "  Selector s1\n", "Selector", "s1"},
		{"trailing_white_space_does_not_count", "Selector s1 \t\n", "Selector", "s1"},
		{"value_may_have_blanks", "InternalHosts a, b c\n", "InternalHosts", "a, b c"},
		{"hash_starts_a_comment_anywhere", "Selector s1#2\n", "Selector", "s1"},
		{"comment_line_does_not_count", "# Selector s2\nSelector s1\n", "Selector", "s1"},
		{"carriage_return_ends_the_line", "Selector s1\r\n", "Selector", "s1"},
		{"carriage_return_inside_cuts_the_line", "Selector s1\rs2\n", "Selector", "s1"},
		{"last_line_needs_no_lf", "Selector s1", "Selector", "s1"},
		{"last_occurrence_wins", "Selector s1\nSelector s2\n", "Selector", "s2"},
		{"no_occurrence_is_unset", "\n", "Selector", ""},
		{"old_name_is_the_new_option", "X-Header yes\n", "SoftwareHeader", "yes"},
		{"old_name_shows_the_new_option", "SoftwareHeader yes\n", "X-Header", "yes"},
		{"last_of_old_and_new_name_wins", "X-Header yes\nSoftwareHeader no\n",
		 "SoftwareHeader", "no"},
		{"oversign_is_in_any_case", "OverSignHeaders From\n", "OversignHeaders", "From"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct signer_config *config;
		struct buffer text = {0};

		fixture_init(&fixture);
		assert_int_equal(signer_config_new(&config), 0);
		assert_int_equal(signer_config_read(
					 config, fixture_file(&fixture, "a.conf", rows[i].content),
					 &fixture.problems),
				 0);
		assert_int_equal(signer_config_print_value(config, rows[i].option, &text), 0);
		if (strcmp(buffer_string(&text), rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, buffer_string(&text),
				 rows[i].want);
		buffer_deinit(&text);
		signer_config_free(config);
		fixture_deinit(&fixture);
	}
}

static void defaults_are_those_of_opendkim(void **state)
{
	struct signer_config *config;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(config_load(&fixture, KEY, &config), 0);
	assert_string_equal(fixture_told(&fixture), "");
	assert_true(config->mode_sign && config->mode_verify);
	assert_int_equal(config->header_canon, SIGNER_CANON_SIMPLE);
	assert_int_equal(config->body_canon, SIGNER_CANON_SIMPLE);
	assert_int_equal(config->signature_algorithm, SIGNER_ALGORITHM_BY_KEY);
	assert_int_equal(config->maximum_headers_bytes, 65536);
	assert_int_equal(config->maximum_signed_bytes, -1);
	assert_int_equal(config->signature_ttl_seconds, 0);
	assert_int_equal(config->minimum_key_bits, 1024);
	assert_true(config->require_safe_keys);
	assert_true(config->background);
	assert_false(config->multiple_signatures);
	assert_false(config->sub_domains);
	assert_false(config->syslog);
	assert_int_equal(config->syslog_facility, LOG_MAIL);
	assert_int_equal(config->on_internal_error, SIGNER_ACTION_UNSET);
	assert_int_equal(config->on_security, SIGNER_ACTION_UNSET);
	assert_int_equal(config->on_signature_error, SIGNER_ACTION_UNSET);
	assert_int_equal(config->on_default, SIGNER_ACTION_UNSET);
	assert_string_equal(config->internal_hosts_set, "csl:127.0.0.1,::1");
	assert_int_equal(config->sign_headers.count, 20);
	assert_int_equal(config->omit_headers.count, 4);
	assert_int_equal(config->oversign_headers.count, 0);
	assert_int_equal(config->sender_headers.count, 1);
	assert_int_equal(config->umask_bits, -1);
	assert_int_equal(config->spool_batch_units, 256);
	assert_int_equal(config->spool_min_free_bytes, 100 << 20);
	assert_int_equal(config->spool_mode, -1);
	assert_int_equal(config->key_cache_size, 10000);
	assert_int_equal(config->lane_cache_size, 1000);
	assert_int_equal(config->sync_mode, SIGNER_SYNC_FULL);
	assert_int_equal(config->auto_restart_rate.count, 0);
	assert_null(config->spool_directory);
	assert_null(config->select_canonicalization_header);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void wrong_line_is_told_with_its_place(void **state)
{
	static const struct {
		const char *name;
		const char *content; /* behind KEY, which has three lines */
		const char *want;
	} rows[] = {
		{"unknown_option_with_a_guess", "SigningTabel x\n",
		 "error a.conf:4: SigningTabel: unknown option; did you mean SigningTable?\n"},
		{"unknown_option_without_a_guess", "Frobnicate x\n",
		 "error a.conf:4: Frobnicate: unknown option; the names are those of "
		 "opendkim.conf(5) and postseal.conf(5)\n"},
		{"missing_value", "UserID\n", "error a.conf:4: UserID: required value missing\n"},
		{"missing_value_before_a_comment", "userid # me\n",
		 "error a.conf:4: UserID: required value missing\n"},
		{"illegal_boolean", "Syslog on\n",
		 "error a.conf:4: Syslog: illegal value \"on\"; allowed: yes or no\n"},
		{"number_out_of_range", "SpoolBatch 5000\n",
		 "error a.conf:4: SpoolBatch: illegal value \"5000\"; allowed: a number from 1 to "
		 "4096\n"},
		{"number_with_letters", "MinimumKeyBits 12x\n",
		 "error a.conf:4: MinimumKeyBits: illegal value \"12x\"; allowed: a number from 0 "
		 "to "
		 "65536\n"},
		{"all_errors_at_once", "Foo1234567 x\nSyslog on\n\nMode x\n",
		 "error a.conf:4: Foo1234567: unknown option; the names are those of "
		 "opendkim.conf(5) and postseal.conf(5)\n"
		 "error a.conf:5: Syslog: illegal value \"on\"; allowed: yes or no\n"
		 "error a.conf:7: Mode: illegal value \"x\"; allowed: s, v or sv\n"},
		{"rsa_sha1_with_its_reason", "SignatureAlgorithm rsa-sha1\n",
		 "error a.conf:4: SignatureAlgorithm: rsa-sha1 must not be used to sign (RFC 8301 "
		 "3.1); allowed: auto, rsa-sha256, ed25519-sha256\n"},
		{"illegal_value_that_is_overridden", "Syslog on\nSyslog yes\n",
		 "error a.conf:4: Syslog: illegal value \"on\"; allowed: yes or no\n"},
		{"set_of_a_refused_type", "InternalHosts lua:x\n",
		 "error a.conf:4: InternalHosts: data sets of type \"lua:\" are not supported, and "
		 "without the set other mail would be signed or let in; use file:, refile: or "
		 "csl:\n"},
		{"names_that_cannot_be_read", "SignHeaders file:/none\n",
		 "error a.conf:4: SignHeaders: cannot read \"/none\": No such file or directory\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char content[512];

		(void)snprintf(content, sizeof(content), KEY "%s", rows[i].content);
		told_check(rows[i].name, content, rows[i].want);
	}
}

static void options_that_do_not_fit_together_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *content;
		const char *want;
	} rows[] = {
		{"domain_alone", "Domain a.b\n",
		 "error a.conf:1: Domain: requires KeyFile and Selector\n"},
		{"domain_without_key", "Selector s\nDomain a.b\n",
		 "error a.conf:2: Domain: requires KeyFile and Selector\n"},
		{"key_alone", "KeyFile /k\n",
		 "error a.conf:1: KeyFile: requires Domain and Selector\n"},
		{"selector_alone", "Selector s\n",
		 "error a.conf:1: Selector: requires Domain and KeyFile\n"},
		{"key_table_alone", "KeyTable csl:a=b:c:/d\n",
		 "error a.conf:1: KeyTable: requires SigningTable\n"},
		{"signing_table_alone", "SigningTable csl:*=a\n",
		 "error a.conf:1: SigningTable: requires KeyTable\n"},
		{"single_key_beside_tables",
		 "KeyTable csl:a=b:c:/d\nSigningTable csl:*=a\nKeyFile /k\nSelector s\nDomain "
		 "a.b\n",
		 "warning a.conf:3: KeyFile: is ignored because a KeyTable is given\n"
		 "warning a.conf:4: Selector: is ignored because a KeyTable is given\n"
		 "warning a.conf:5: Domain: is ignored because a KeyTable is given\n"},
		{"no_key_at_all", "",
		 "warning nothing is signed: signing needs Domain, KeyFile and Selector, or "
		 "KeyTable "
		 "and SigningTable\n"},
		{"no_key_at_all_in_mode_s", "Mode s\n",
		 "error a.conf:1: Mode: signing needs Domain, KeyFile and Selector, or KeyTable "
		 "and "
		 "SigningTable\n"},
		{"mode_v", "Mode v\n",
		 "warning a.conf:1: Mode: has no \"s\", so nothing is signed\n"},
		{"maximum_signed_bytes", KEY "MaximumSignedBytes 1000\n",
		 "warning a.conf:4: MaximumSignedBytes: makes signatures with l=: anyone can "
		 "append to "
		 "the text and the signature still verifies\n"},
		{"body_length_db", KEY "BodyLengthDB csl:x\n",
		 "warning a.conf:4: BodyLengthDB: makes signatures with l=: anyone can append to "
		 "the text and the signature still verifies\n"},
		{"small_keys", KEY "MinimumKeyBits 512\n",
		 "warning a.conf:4: MinimumKeyBits: keys of less than 1024 bits must not be used "
		 "(RFC "
		 "8301 3.2), and verifiers do not take them\n"},
		{"message_chooses_its_canonicalization", KEY "SelectCanonicalizationHeader X-C\n",
		 "warning a.conf:4: SelectCanonicalizationHeader: lets whoever writes a message "
		 "choose "
		 "how it is signed\n"},
		{"oversign_in_the_default_list", KEY "OversignHeaders From,TO\n", ""},
		{"oversign_not_in_the_default_list", KEY "OversignHeaders From,X-Y\n",
		 "warning a.conf:4: OversignHeaders: \"X-Y\" is not signed otherwise (SignHeaders, "
		 "OmitHeaders): of such fields in a message the last one is signed, and more can "
		 "be added\n"},
		{"oversign_added_to_the_list", KEY "SignHeaders *,+X-Y\nOversignHeaders From,X-Y\n",
		 ""},
		{"oversign_by_a_pattern_of_the_list",
		 KEY "SignHeaders *,+x-*\nOversignHeaders X-Y\n", ""},
		{"oversign_by_a_list_of_patterns", KEY "SignHeaders x-*\nOversignHeaders X-Y\n",
		 ""},
		{"oversign_taken_off_the_list", KEY "SignHeaders *,-to\nOversignHeaders To\n",
		 "warning a.conf:5: OversignHeaders: \"To\" is not signed otherwise (SignHeaders, "
		 "OmitHeaders): of such fields in a message the last one is signed, and more can "
		 "be added\n"},
		{"oversign_not_in_a_list_of_its_own", KEY "SignHeaders Cc\nOversignHeaders To\n",
		 "warning a.conf:5: OversignHeaders: \"To\" is not signed otherwise (SignHeaders, "
		 "OmitHeaders): of such fields in a message the last one is signed, and more can "
		 "be added\n"},
		{"oversign_of_from_which_is_always_signed",
		 KEY "SignHeaders To\nOversignHeaders From\n", ""},
		{"oversign_omitted_by_default",
		 KEY "SignHeaders *,+comments\nOversignHeaders Comments\n",
		 "warning a.conf:5: OversignHeaders: \"Comments\" is not signed otherwise "
		 "(SignHeaders, OmitHeaders): of such fields in a message the last one is signed, "
		 "and more can be added\n"},
		{"oversign_no_longer_omitted",
		 KEY "SignHeaders *,+comments\nOmitHeaders *,-comments\nOversignHeaders Comments\n",
		 ""},
		{"oversign_of_the_signature_itself",
		 KEY "SignHeaders *,+dkim-signature\nOversignHeaders dkim-signature\n",
		 "error a.conf:5: OversignHeaders: \"dkim-signature\" must not be here: each new "
		 "signature would be the field that was not to be added, and not verify\n"},
		{"root_without_user", KEY "ChangeRootDirectory /r\n",
		 "warning a.conf:4: ChangeRootDirectory: without UserID, the process keeps the "
		 "rights "
		 "to leave the directory\n"},
		{"root_with_user", KEY "ChangeRootDirectory /r\nUserID u\n", ""},
		{"ignored_option", KEY "Nameservers 127.0.0.1\n",
		 "warning a.conf:4: Nameservers: has no effect: nothing is looked up in the DNS\n"},
		{"ignored_option_with_its_default", KEY "QueryCache no\nDNSTimeout 5\n", ""},
		{"ignored_option_twice_is_told_once", KEY "DNSTimeout 7\nDNSTimeout 9\n",
		 "warning a.conf:5: DNSTimeout: has no effect: nothing is looked up in the DNS\n"},
		{"refused_option", KEY "ResignMailTo csl:x\n",
		 "error a.conf:4: ResignMailTo: is not supported, and without it other mail would "
		 "be "
		 "signed or let in: verified mail is not signed again; take the option out if that "
		 "is "
		 "what you want\n"},
		{"refused_option_with_its_default", KEY "ResignAll no\n", ""},
		{"verifier_option_in_mode_sv", KEY "On-BadSignature reject\n",
		 "error a.conf:4: On-BadSignature: is not supported, and without it other mail "
		 "would be "
		 "let in: signatures of incoming mail are not verified; set \"Mode s\", or take "
		 "the "
		 "option out\n"},
		{"verifier_option_in_mode_s", KEY "Mode s\nOn-BadSignature reject\n", ""},
		{"verifier_option_with_its_default", KEY "On-BadSignature accept\n", ""},
		{"option_of_another_signer", KEY "KeyFileEd25519 /e\n",
		 "error a.conf:4: KeyFileEd25519: is not supported, and without it other mail "
		 "would be "
		 "signed or let in: this is an option of another signer; list the Ed25519 key in a "
		 "KeyTable; take the option out if that is what you want\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		told_check(rows[i].name, rows[i].content, rows[i].want);
}

static void configuration_of_debian_is_taken(void **state)
{
	(void)state;
	/* The options that Debian's package sets, with a key. */
	told_check("debian",
		   "Syslog\t\t\tyes\nSyslogSuccess\t\tyes\n#LogWhy\t\t\tno\n"
		   "Canonicalization\trelaxed/simple\nOversignHeaders\t\tFrom\n"
		   "Domain\t\t\texample.com\nSelector\t\t2020\n"
		   "KeyFile\t\t\t/etc/dkimkeys/example.private\nUserID\t\t\topendkim\n"
		   "UMask\t\t\t007\nSocket\t\t\tlocal:/run/opendkim/opendkim.sock\n"
		   "PidFile\t\t\t/run/opendkim/opendkim.pid\n"
		   "InternalHosts\t\t192.168.0.0/16, 10.0.0.0/8, 172.16.0.0/12\n"
		   "TrustAnchorFile\t\t/usr/share/dns/root.key\n",
		   "warning a.conf:14: TrustAnchorFile: has no effect: nothing is looked up in the "
		   "DNS, so DNSSEC has nothing to check\n");
}

static void on_default_is_for_what_nothing_else_says(void **state)
{
	struct signer_config *config;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(config_load(&fixture,
				     KEY "On-SignatureError t\nOn-Default accept\nOn-Security r\n",
				     &config),
			 0);
	assert_int_equal(config->on_internal_error, SIGNER_ACTION_ACCEPT);
	assert_int_equal(config->on_signature_error, SIGNER_ACTION_TEMPFAIL);
	assert_int_equal(config->on_security, SIGNER_ACTION_REJECT);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void names_are_listed_raw_and_in_order(void **state)
{
	static const char *const want[] = {"*", "+List-Unsubscribe-Post", "-to"};
	struct signer_config *config;
	struct fixture fixture;
	struct fixture lists;
	char content[512];

	(void)state;
	fixture_init(&fixture);
	fixture_init(&lists);
	(void)snprintf(content, sizeof(content),
		       KEY "SignHeaders *, +List-Unsubscribe-Post,-to\nSenderHeaders file:%s\n"
			   "OmitHeaders .\n",
		       fixture_file(&lists, "l", "Sender # first\nFrom\n"));
	assert_int_equal(config_load(&fixture, content, &config), 0);
	assert_int_equal(config->sign_headers.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(bytes_equal(config->sign_headers.items[i], bytes_of_string(want[i])));
	assert_int_equal(config->sender_headers.count, 2);
	assert_true(bytes_equal(config->sender_headers.items[0], BYTES_LITERAL("Sender")));
	assert_true(bytes_equal(config->sender_headers.items[1], BYTES_LITERAL("From")));
	assert_int_equal(config->omit_headers.count, 1);
	signer_config_free(config);
	fixture_deinit(&lists);
	fixture_deinit(&fixture);
}

static void base_directory_is_put_before_relative_paths(void **state)
{
	struct signer_config *config;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	/* It counts wherever it stands, as OpenDKIM goes there before it opens anything. */
	assert_int_equal(config_load(&fixture,
				     "Domain a.b\nSelector s\nKeyFile k.pem\nPidFile /run/p\n"
				     "BaseDirectory /base\nTestPublicKeys ./keys\n",
				     &config),
			 0);
	assert_string_equal(config->key_file, "/base/k.pem");
	assert_string_equal(config->test_public_keys_file, "/base/./keys");
	assert_string_equal(config->pid_file, "/run/p");
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void include_is_read_where_it_stands(void **state)
{
	struct signer_config *config;
	struct fixture fixture;
	char content[512];

	(void)state;
	fixture_init(&fixture);
	(void)snprintf(content, sizeof(content),
		       KEY "Selector before\nSyslogName before\nInclude %s\nSyslogName after\n",
		       fixture_file(&fixture, "b.conf", "Selector inside\nSyslogName inside\n"));
	assert_int_equal(config_load(&fixture, content, &config), 0);
	assert_string_equal(config->selector, "inside");
	assert_string_equal(config->syslog_name, "after");
	assert_int_equal(signer_config_place(config, "Selector").line, 1);
	assert_non_null(strstr(signer_config_place(config, "Selector").file, "/b.conf"));
	assert_null(signer_config_place(config, "UserID").file);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

/* Files 0 to `count` - 1 that include the next one; the last has `last` in it. */
static void chain_check(int count, const char *last, const char *want)
{
	struct signer_config *config;
	struct fixture fixture;
	const char *path = NULL;
	char name[16];
	char content[512];

	fixture_init(&fixture);
	for (int i = count - 1; i >= 0; i--) {
		if (path == NULL)
			(void)snprintf(content, sizeof(content), "%s\n", last);
		else
			(void)snprintf(content, sizeof(content), "\nInclude %s\n", path);
		(void)snprintf(name, sizeof(name), "%d.conf", i);
		path = fixture_file(&fixture, name, content);
	}
	(void)snprintf(content, sizeof(content), KEY "Include %s\n", path);
	(void)config_load(&fixture, content, &config);
	assert_string_equal(fixture_told(&fixture), want);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void includes_nest_five_levels_deep(void **state)
{
	(void)state;
	chain_check(5, "Syslog yes", "");
	chain_check(5, "Syslog on",
		    "error 4.conf:1: Syslog: illegal value \"on\"; allowed: yes or no\n");
	chain_check(6, "Syslog yes",
		    "error 4.conf:2: Include: nesting too deep: at most 5 files in each other\n");
}

static void include_of_itself_is_told(void **state)
{
	struct signer_config *config;
	struct fixture fixture;
	char content[512];
	char want[512];

	(void)state;
	fixture_init(&fixture);
	(void)snprintf(content, sizeof(content), "Include %s/a.conf\n", fixture.directory);
	(void)snprintf(content, sizeof(content), KEY "Include %s\nSyslog on\n",
		       fixture_file(&fixture, "b.conf", content));
	(void)config_load(&fixture, content, &config);
	(void)snprintf(want, sizeof(want),
		       "error b.conf:1: Include: \"a.conf\" includes itself\n"
		       "error a.conf:5: Syslog: illegal value \"on\"; allowed: yes or no\n");
	assert_string_equal(fixture_told(&fixture), want);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void file_that_cannot_be_read_is_told(void **state)
{
	struct signer_config *config;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(signer_config_new(&config), 0);
	assert_int_equal(
		signer_config_read(config, fixture_path(&fixture, "none"), &fixture.problems),
		SIGNER_CONFIG_E_INVALID);
	assert_int_equal(signer_config_read(config,
					    fixture_file(&fixture, "a.conf", "Include none.conf\n"),
					    &fixture.problems),
			 SIGNER_CONFIG_E_INVALID);
	assert_string_equal(fixture_told(&fixture),
			    "error cannot read \"none\": No such file or directory\n"
			    "error a.conf:1: Include: cannot read \"none.conf\": No such file or "
			    "directory\n");
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void includes_cannot_multiply_without_end(void **state)
{
	struct signer_config *config;
	struct fixture fixture;
	struct buffer content = {0};
	const char *path;

	(void)state;
	fixture_init(&fixture);
	path = fixture_file(&fixture, "leaf", "Syslog no\n");
	for (int level = 0; level < 3; level++) {
		char name[16];

		buffer_clear(&content);
		for (int i = 0; i < 100; i++)
			assert_int_equal(buffer_printf(&content, "Include %s\n", path), 0);
		(void)snprintf(name, sizeof(name), "%d", level);
		path = fixture_file(&fixture, name, buffer_string(&content));
	}
	assert_int_equal(signer_config_new(&config), 0);
	fixture.problems.sink = NULL;
	assert_int_equal(signer_config_read(config, path, &fixture.problems),
			 SIGNER_CONFIG_E_INVALID);
	signer_config_free(config);
	buffer_deinit(&content);
	fixture_deinit(&fixture);
}

static void command_line_is_a_last_line(void **state)
{
	struct signer_config *config;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(signer_config_new(&config), 0);
	assert_int_equal(signer_config_read(config, fixture_file(&fixture, "a.conf", KEY),
					    &fixture.problems),
			 0);
	assert_int_equal(signer_config_set(config, "selector", " s2 ", &fixture.problems), 0);
	assert_int_equal(signer_config_set(config, "Include",
					   fixture_file(&fixture, "b.conf", "UserID u\n"),
					   &fixture.problems),
			 0);
	assert_int_equal(signer_config_set(config, "Mode", "x", &fixture.problems),
			 SIGNER_CONFIG_E_INVALID);
	assert_int_equal(signer_config_set(config, "Mod", "s", &fixture.problems),
			 SIGNER_CONFIG_E_INVALID);
	assert_int_equal(signer_config_set(config, "Mode", " ", &fixture.problems),
			 SIGNER_CONFIG_E_INVALID);
	assert_int_equal(signer_config_check(config, &fixture.problems), 0);
	assert_string_equal(config->selector, "s2");
	assert_string_equal(config->user_id, "u");
	assert_string_equal(fixture_told(&fixture),
			    "error command line: Mode: illegal value \"x\"; allowed: s, v or sv\n"
			    "error command line: Mod: unknown option; did you mean Mode?\n"
			    "error command line: Mode: required value missing\n");
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void printed_configuration_reads_as_the_same(void **state)
{
	struct signer_config *first;
	struct signer_config *second;
	struct fixture fixture;
	struct buffer text = {0};
	struct buffer again = {0};

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(config_load(&fixture,
				     KEY
				     "UMask 022\nMode s\nCanonicalization relaxed\nSpoolMode 640\n"
				     "On-Default a\nAutoRestartRate 10/1h\nX-Header yes\n"
				     "SignHeaders *,+x\nSpoolMinFree 1G\nDNSTimeout 9\n",
				     &first),
			 0);
	assert_int_equal(signer_config_print(first, &text), 0);
	assert_non_null(strstr(buffer_string(&text), "\nCanonicalization relaxed/simple\n"));
	assert_non_null(strstr(buffer_string(&text), "\nOn-Default accept\n"));
	assert_non_null(strstr(buffer_string(&text), "\nSpoolMinFree 1073741824\n"));
	assert_non_null(strstr(buffer_string(&text), "\nUMask 0022\n"));
	assert_non_null(strstr(buffer_string(&text), "\nSpoolMode 0640\n"));
	assert_non_null(strstr(buffer_string(&text), "\nAutoRestartRate 10/3600\n"));
	assert_non_null(strstr(buffer_string(&text), "\nSoftwareHeader yes\n"));
	assert_null(strstr(buffer_string(&text), "X-Header"));
	assert_null(strstr(buffer_string(&text), "DNSTimeout"));
	assert_null(strstr(buffer_string(&text), "Include"));
	assert_null(strstr(buffer_string(&text), "SpoolOwner"));
	assert_int_equal(config_load(&fixture, buffer_string(&text), &second), 0);
	assert_int_equal(signer_config_print(second, &again), 0);
	assert_string_equal(buffer_string(&again), buffer_string(&text));
	assert_int_equal(signer_config_print_value(first, "Frobnicate", &text),
			 SIGNER_CONFIG_E_INVALID);
	signer_config_free(first);
	signer_config_free(second);
	buffer_deinit(&text);
	buffer_deinit(&again);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_a_name_and_a_value),
		cmocka_unit_test(defaults_are_those_of_opendkim),
		cmocka_unit_test(wrong_line_is_told_with_its_place),
		cmocka_unit_test(options_that_do_not_fit_together_are_told),
		cmocka_unit_test(configuration_of_debian_is_taken),
		cmocka_unit_test(on_default_is_for_what_nothing_else_says),
		cmocka_unit_test(names_are_listed_raw_and_in_order),
		cmocka_unit_test(base_directory_is_put_before_relative_paths),
		cmocka_unit_test(include_is_read_where_it_stands),
		cmocka_unit_test(includes_nest_five_levels_deep),
		cmocka_unit_test(include_of_itself_is_told),
		cmocka_unit_test(file_that_cannot_be_read_is_told),
		cmocka_unit_test(includes_cannot_multiply_without_end),
		cmocka_unit_test(command_line_is_a_last_line),
		cmocka_unit_test(printed_configuration_reads_as_the_same),
	};

	return cmocka_run_group_tests_name("signer_config", tests, NULL, NULL);
}
