/*
 * Goal: an indexed look-up answers as trying each row in turn would, and a sender cannot choose a
 * file or domain that the tables do not give it.
 * Method: the input is a KeyTable, a SigningTable and senders, with a line of dashes between them.
 * A word on the first line says which sort of set the SigningTable is. Each row is tried here
 * by the plainest means, in the order that opendkim.conf(5) says, and the rows are compared; then
 * the plan is made and what it says is held against the rows.
 */
#include "common/string_map.h"
#include "signer/tables/signing_plan.h"
#include "tests/fuzz/fuzz_folder.h"

/* More would only be slow: each is tried against each row. */
#define ROWS_MAX    200
#define SENDERS_MAX 16

struct scan {
	const struct data_set *set;
	struct pattern_matcher *matcher;
	bool is_patterns;
	bool is_multiple;
	struct row_matches found;
};

/* Takes what stands before the next line of dashes. */
static struct bytes take_section(struct bytes *rest)
{
	struct bytes all = *rest;

	while (rest->size > 0) {
		size_t before = all.size - rest->size;

		if (bytes_equal(fuzz_line(rest), BYTES_LITERAL("---")))
			return bytes_slice(all, 0, before);
	}
	return all;
}

static bool is_ascii(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (bytes.data[i] >= 0x80)
			return false;
	}
	return true;
}

/* Every place where the pattern can go on, one character after the other: no short cuts. */
static bool glob_matches(struct bytes glob, struct bytes subject)
{
	bool *reach = calloc(glob.size + 1, sizeof(*reach));
	bool result;

	FUZZ_CHECK(reach != NULL);
	reach[0] = true;
	for (size_t g = 0; g < glob.size && glob.data[g] == '*'; g++)
		reach[g + 1] = true;
	for (size_t s = 0; s < subject.size; s++) {
		for (size_t g = glob.size + 1; g-- > 0;) {
			bool here = g < glob.size && glob.data[g] == '*' && reach[g];
			bool step = g > 0 && glob.data[g - 1] != '*' && reach[g - 1] &&
				    ascii_lower(glob.data[g - 1]) == ascii_lower(subject.data[s]);

			reach[g] = here || step;
		}
		for (size_t g = 0; g < glob.size; g++) {
			if (glob.data[g] == '*' && reach[g])
				reach[g + 1] = true;
		}
	}
	result = reach[glob.size];
	free(reach);
	return result;
}

static bool is_expression(struct bytes key)
{
	for (size_t i = 0; i < key.size; i++) {
		if (strchr("[](){}|?^$\\", key.data[i]) != NULL)
			return true;
	}
	return false;
}

/* An expression on its own; *undecided_out: it met the limit. */
static bool expression_matches(const struct scan *scan, struct bytes key, struct bytes subject,
			       bool *undecided_out)
{
	struct buffer expression = {0};
	struct pattern *pattern;
	int r;

	FUZZ_CHECK(buffer_append_byte(&expression, '^') == 0);
	for (size_t i = 0; i < key.size; i++) {
		const char *before = key.data[i] == '*'				? "."
				     : key.data[i] == '.' || key.data[i] == '+' ? "\\"
										: "";

		FUZZ_CHECK(buffer_append_string(&expression, before) == 0);
		FUZZ_CHECK(buffer_append_byte(&expression, key.data[i]) == 0);
	}
	FUZZ_CHECK(buffer_append_byte(&expression, '$') == 0);
	r = pattern_compile(buffer_bytes(&expression), PATTERN_CASELESS, &pattern, NULL);
	buffer_deinit(&expression);
	if (r != 0)
		return false;
	r = pattern_match(pattern, scan->matcher, subject);
	FUZZ_CHECK(r >= 0);
	pattern_free(pattern);
	*undecided_out = r == PATTERN_E_LIMIT;
	return r == 0 || r == PATTERN_E_LIMIT;
}

static bool row_matches(const struct scan *scan, struct bytes key, struct bytes subject,
			bool *undecided_out)
{
	if (!scan->is_patterns)
		return bytes_equal_nocase(key, subject);
	if (is_expression(key))
		return expression_matches(scan, key, subject, undecided_out);
	return glob_matches(key, subject);
}

/* Adds the rows that the subject meets; true: the search is over. */
static bool scan_subject(struct scan *scan, struct bytes subject)
{
	if (!is_ascii(subject))
		return false;
	for (size_t row = 0; row < data_set_count(scan->set); row++) {
		struct row_match match = {.row = (uint32_t)row};

		if (!row_matches(scan, data_set_row(scan->set, row)->key, subject,
				 &match.undecided))
			continue;
		FUZZ_CHECK(row_matches_add(&scan->found, match) == 0);
		if (!scan->is_multiple)
			return true;
		if (!scan->is_patterns)
			return false;
	}
	return false;
}

static bool scan_pair(struct scan *scan, struct bytes user, struct bytes host, bool with_host)
{
	struct buffer subject = {0};
	bool over;

	FUZZ_CHECK(buffer_printf(&subject, "%.*s@%.*s", BYTES_PRINTF(user), BYTES_PRINTF(host)) ==
		   0);
	over = scan_subject(scan, buffer_bytes(&subject));
	buffer_deinit(&subject);
	return over || (with_host && scan_subject(scan, host));
}

/* The order of opendkim.conf(5), as the header of signing_table says it. */
static void scan_sender(struct scan *scan, struct sender_address sender)
{
	bool over = scan_pair(scan, sender.local_part, sender.domain, !scan->is_patterns);

	if (scan->is_patterns)
		return;
	for (size_t i = 0; i < sender.domain.size && !over; i++) {
		if (sender.domain.data[i] == '.')
			over = scan_pair(scan, sender.local_part, bytes_skip(sender.domain, i),
					 true);
	}
	if (!over)
		(void)scan_pair(scan, sender.local_part, BYTES_LITERAL("*"), true);
}

static void check_rows(const struct row_matches *found, const struct row_matches *wanted)
{
	FUZZ_CHECK(found->count == wanted->count);
	for (size_t i = 0; i < found->count; i++) {
		FUZZ_CHECK(found->items[i].row == wanted->items[i].row);
		FUZZ_CHECK(found->items[i].undecided == wanted->items[i].undecided);
	}
}

static size_t count_slashes(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '/';
	return count;
}

/* What may stand in a tag and in a file name. */
static void check_name(struct bytes name)
{
	FUZZ_CHECK(name.size > 0);
	for (size_t i = 0; i < name.size; i++) {
		FUZZ_CHECK(name.data[i] > ' ' && name.data[i] != '/' && name.data[i] != ';' &&
			   name.data[i] != '%' && name.data[i] != 0x7f);
		FUZZ_CHECK(i == 0 || name.data[i] != '.' || name.data[i - 1] != '.');
	}
}

static void check_signature(const struct planned_signature *planned, const struct key_row *key)
{
	struct bytes path;

	check_name(planned->signing_domain);
	check_name(planned->selector);
	if (planned->identity.size > 0) {
		size_t start = planned->identity.size - planned->signing_domain.size;

		FUZZ_CHECK(planned->identity.size > planned->signing_domain.size);
		FUZZ_CHECK(bytes_equal_nocase(bytes_skip(planned->identity, start),
					      planned->signing_domain));
		FUZZ_CHECK(planned->identity.data[start - 1] == '@' ||
			   planned->identity.data[start - 1] == '.');
	}
	FUZZ_CHECK((planned->key_path != NULL) == key->key_is_path);
	if (planned->key_path == NULL)
		return;
	/* Whatever % became, it is no way to another folder. */
	path = bytes_of_string(planned->key_path);
	FUZZ_CHECK(count_slashes(path) == count_slashes(key->key));
	FUZZ_CHECK(path.data[0] == key->key.data[0]);
}

static void check_plan(struct signing_plan *plan, const struct signing_rules *rules,
		       struct sender_address sender, const struct row_matches *rows)
{
	const struct key_table *keys = signing_rules_key_table(rules);
	const char *reason;
	int r = signing_plan_make(plan, rules, sender);

	FUZZ_CHECK(r >= 0);
	reason = signing_plan_reason(plan);
	FUZZ_CHECK((r == 0) == (reason[0] == '\0'));
	FUZZ_CHECK((r == SIGNING_PLAN_E_NO_MATCH) == (rows->count == 0));
	FUZZ_CHECK(signing_plan_count(plan) == (r == 0 ? rows->count : 0));
	for (size_t i = 0; i < signing_plan_count(plan); i++) {
		const struct signing_row *row = signing_table_row(
			signing_rules_signing_table(rules), rows->items[i].row);
		uint32_t key_row = row->key_row;

		FUZZ_CHECK(!rows->items[i].undecided);
		if (row->key == SIGNING_KEY_SENDER) {
			key_row = 0;
			while (!bytes_equal(key_table_name(keys, key_row), sender.domain))
				key_row++;
		}
		FUZZ_CHECK(key_table_row(keys, key_row)->fault == NULL);
		check_signature(signing_plan_at(plan, i), key_table_row(keys, key_row));
	}
}

static void check_senders(struct scan *scan, const struct signing_rules *rules,
			  struct bytes senders)
{
	struct signing_scratch scratch;
	struct signing_plan *plan;

	FUZZ_CHECK(signing_scratch_init(&scratch) == 0);
	FUZZ_CHECK(signing_plan_new(&plan) == 0);
	for (size_t i = 0; i < SENDERS_MAX && senders.size > 0; i++) {
		struct bytes line = fuzz_line(&senders);
		size_t at = bytes_find(line, '@');
		struct sender_address sender = {.local_part = bytes_slice(line, 0, at)};
		int r;

		if (bytes_find(line, '\0') < line.size)
			continue;
		sender.domain = bytes_skip(line, at < line.size ? at + 1 : at);
		scan->found.count = 0;
		scan_sender(scan, sender);
		r = signing_table_match(signing_rules_signing_table(rules), sender, &scratch);
		FUZZ_CHECK(r == (scan->found.count == 0 ? SIGNING_TABLE_E_NONE : 0));
		check_rows(&scratch.rows, &scan->found);
		check_plan(plan, rules, sender, &scan->found);
	}
	signing_plan_free(plan);
	signing_scratch_deinit(&scratch);
}

static struct signer_config *make_config(struct bytes sort, struct problems *problems)
{
	bool is_patterns = bytes_start_with(sort, BYTES_LITERAL("refile"));
	bool is_multiple = memmem(sort.data, sort.size, "multiple", 8) != NULL;
	struct signer_config *config;

	FUZZ_CHECK(signer_config_new(&config) == 0);
	FUZZ_CHECK(signer_config_set(config, "KeyTable", "file:keys", problems) == 0);
	FUZZ_CHECK(signer_config_set(config, "SigningTable",
				     is_patterns ? "refile:signing" : "file:signing",
				     problems) == 0);
	FUZZ_CHECK(signer_config_set(config, "MultipleSignatures", is_multiple ? "yes" : "no",
				     problems) == 0);
	FUZZ_CHECK(signer_config_check(config, problems) == 0);
	return config;
}

static void check_tables(struct signer_config *config, struct problems *problems,
			 struct bytes senders)
{
	struct signing_rules *rules;
	struct data_set *set;
	struct scan scan = {
		.is_patterns = config->signing_table_set[0] == 'r',
		.is_multiple = config->multiple_signatures,
	};
	int r = signing_rules_load(config, problems, &rules);

	FUZZ_CHECK(r == 0 || r == SIGNING_RULES_E_REFUSED);
	if (r != 0)
		return;
	FUZZ_CHECK(signing_rules_broken_count(rules) == problems->error_count);
	FUZZ_CHECK(data_set_load(config->signing_table_set, NULL, (struct problem_place){0},
				 problems, &set) == 0);
	scan.set = set;
	FUZZ_CHECK(pattern_matcher_new(&scan.matcher) == 0);
	if (data_set_count(set) <= ROWS_MAX)
		check_senders(&scan, rules, senders);
	pattern_matcher_free(scan.matcher);
	row_matches_deinit(&scan.found);
	data_set_free(set);
	signing_rules_free(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size);
	struct signer_config *config;
	struct problems problems;
	struct bytes sort;

	if (size == 0)
		return -1;
	fuzz_folder_enter();
	sort = fuzz_line(&rest);
	fuzz_folder_write("keys", take_section(&rest));
	fuzz_folder_write("signing", take_section(&rest));
	problems_init(&problems, NULL, NULL);
	config = make_config(sort, &problems);
	check_tables(config, &problems, rest);
	signer_config_free(config);
	return 0;
}
