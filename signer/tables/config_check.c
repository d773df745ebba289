/*
 * How it works: a function a subject. Where OpenDKIM refuses a combination, so do we, in its words.
 */
#include "signer/tables/config_check.h"

#include "common/glob.h"
#include "signer/tables/option_table.h"

/* RFC 8301 3.2: verifiers do not have to look at smaller keys. */
#define KEY_BITS_MIN 1024

static void error(const struct signer_config *config, struct problems *problems, const char *name,
		  const char *text)
{
	problems_error(problems, signer_config_place(config, name), "%s", text);
}

static void warning(const struct signer_config *config, struct problems *problems, const char *name,
		    const char *text)
{
	problems_warning(problems, signer_config_place(config, name), "%s", text);
}

static void check_tables(const struct signer_config *config, struct problems *problems)
{
	static const char hidden[] = "is ignored because a KeyTable is given";

	if (config->signing_table_set == NULL)
		error(config, problems, "KeyTable", "requires SigningTable");
	if (config->key_file != NULL)
		warning(config, problems, "KeyFile", hidden);
	if (config->selector != NULL)
		warning(config, problems, "Selector", hidden);
	if (config->domain_set != NULL)
		warning(config, problems, "Domain", hidden);
}

static void check_single_key(const struct signer_config *config, struct problems *problems)
{
	if (config->signing_table_set != NULL)
		error(config, problems, "SigningTable", "requires KeyTable");
	if (config->domain_set != NULL && (config->key_file == NULL || config->selector == NULL))
		error(config, problems, "Domain", "requires KeyFile and Selector");
	else if (config->key_file != NULL && config->domain_set == NULL)
		error(config, problems, "KeyFile", "requires Domain and Selector");
	else if (config->selector != NULL && config->domain_set == NULL)
		error(config, problems, "Selector", "requires Domain and KeyFile");
}

/* What OpenDKIM calls a signing mode: which keys there are, and for whom. */
static void check_keys(const struct signer_config *config, struct problems *problems)
{
	static const char needs[] = "signing needs Domain, KeyFile and Selector, or KeyTable and "
				    "SigningTable";

	if (config->key_table_set != NULL)
		check_tables(config, problems);
	else
		check_single_key(config, problems);
	if (!config->mode_sign) {
		warning(config, problems, "Mode", "has no \"s\", so nothing is signed");
		return;
	}
	if (config->key_table_set != NULL || config->signing_table_set != NULL ||
	    config->domain_set != NULL || config->key_file != NULL || config->selector != NULL)
		return;
	if (!config->mode_verify)
		error(config, problems, "Mode", needs);
	else
		problems_warning(problems, (struct problem_place){0}, "nothing is signed: %s",
				 needs);
}

static void check_signatures(const struct signer_config *config, struct problems *problems)
{
	static const char partial[] = "makes signatures with l=: anyone can append to the text and "
				      "the signature still verifies";

	if (config->maximum_signed_bytes >= 0)
		warning(config, problems, "MaximumSignedBytes", partial);
	if (config->body_length_set != NULL)
		warning(config, problems, "BodyLengthDB", partial);
	if (config->minimum_key_bits < KEY_BITS_MIN)
		warning(config, problems, "MinimumKeyBits",
			"keys of less than 1024 bits must not be used (RFC 8301 3.2), and "
			"verifiers do "
			"not take them");
	if (config->select_canonicalization_header != NULL)
		warning(config, problems, "SelectCanonicalizationHeader",
			"lets whoever writes a message choose how it is signed");
}

static bool names_have(const struct signer_names *names, struct bytes name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (bytes_equal_nocase(names->items[i], name))
			return true;
	}
	return false;
}

/* Does the default of an option, a list with commas, have the name? */
static bool default_has(const char *option_name, struct bytes name)
{
	const struct option *option = option_table_find(bytes_of_string(option_name));
	struct bytes rest = bytes_of_string(option->default_text);

	while (rest.size > 0) {
		size_t size = bytes_find(rest, ',');

		if (bytes_equal_nocase(bytes_slice(rest, 0, size), name))
			return true;
		rest = bytes_skip(rest, size < rest.size ? size + 1 : size);
	}
	return false;
}

/* Does a list with patterns have the name? `*,+x,-y` changes the default list. */
static bool list_has(const struct signer_names *names, const char *option_name, struct bytes name)
{
	bool is_delta = names_have(names, BYTES_LITERAL("*"));
	bool is_added = false;
	bool is_removed = false;

	for (size_t i = 0; i < names->count; i++) {
		struct bytes item = names->items[i];
		struct bytes rest = item.size > 0 ? bytes_skip(item, 1) : item;

		if (!is_delta)
			is_added = is_added || glob_match(item, name, true);
		else if (bytes_start_with(item, BYTES_LITERAL("+")))
			is_added = is_added || glob_match(rest, name, true);
		else if (bytes_start_with(item, BYTES_LITERAL("-")))
			is_removed = is_removed || bytes_equal_nocase(rest, name);
	}
	return is_added || (is_delta && !is_removed && default_has(option_name, name));
}

/* As header_select.h has it: From always, else what is listed and not omitted. */
static bool name_is_signed(const struct signer_config *config, struct bytes name)
{
	if (bytes_equal_nocase(name, BYTES_LITERAL("From")))
		return true;
	return list_has(&config->sign_headers, "SignHeaders", name) &&
	       !list_has(&config->omit_headers, "OmitHeaders", name);
}

static void check_oversigned(const struct signer_config *config, struct bytes name,
			     struct problems *problems)
{
	const struct problem_place place = signer_config_place(config, "OversignHeaders");

	if (bytes_equal_nocase(name, BYTES_LITERAL("DKIM-Signature")))
		problems_error(problems, place,
			       "\"%.*s\" must not be here: each new signature would be the field "
			       "that was not to be added, and not verify",
			       BYTES_PRINTF(name));
	else if (!name_is_signed(config, name))
		problems_warning(problems, place,
				 "\"%.*s\" is not signed otherwise (SignHeaders, OmitHeaders): of "
				 "such fields in a message the last one is signed, and more can be "
				 "added",
				 BYTES_PRINTF(name));
}

static void check_headers(const struct signer_config *config, struct problems *problems)
{
	for (size_t i = 0; i < config->oversign_headers.count; i++)
		check_oversigned(config, config->oversign_headers.items[i], problems);
}

static void check_process(const struct signer_config *config, struct problems *problems)
{
	if (config->change_root_directory != NULL && config->user_id == NULL)
		warning(config, problems, "ChangeRootDirectory",
			"without UserID, the process keeps the rights to leave the directory");
}

void config_check(const struct signer_config *config, struct problems *problems)
{
	check_keys(config, problems);
	check_signatures(config, problems);
	check_headers(config, problems);
	check_process(config, problems);
}
