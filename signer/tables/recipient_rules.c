#include "signer/tables/recipient_rules.h"

#include "signer/tables/data_set.h"
#include "signer/tables/row_index.h"

#include <errno.h>
#include <stdlib.h>

/* RFC 5321 4.5.3.1.3: longer ones are nobody's address, and are not looked for. */
#define ADDRESS_SIZE_MAX 512

struct recipient_rules {
	struct row_index *skipped; /* DontSignMailTo, or NULL */
	struct row_index *lengths; /* BodyLengthDB, or NULL */
};

static int set_load(const struct signer_config *config, const char *text, const char *name,
		    struct problems *problems, struct row_index **index_out)
{
	int r;

	if (text == NULL)
		return 0;
	r = row_index_load(text, config->base_directory, signer_config_place(config, name),
			   STRING_MAP_CASELESS, problems, index_out);
	return r == ROW_INDEX_E_REFUSED ? RECIPIENT_RULES_E_REFUSED : r;
}

int recipient_rules_load(const struct signer_config *config, struct problems *problems,
			 struct recipient_rules **rules_out)
{
	struct recipient_rules *rules = calloc(1, sizeof(*rules));
	int r;

	if (rules == NULL)
		return -ENOMEM;
	r = set_load(config, config->dont_sign_mail_to_set, "DontSignMailTo", problems,
		     &rules->skipped);
	if (r == 0)
		r = set_load(config, config->body_length_set, "BodyLengthDB", problems,
			     &rules->lengths);
	if (r != 0) {
		recipient_rules_free(rules);
		return r;
	}
	*rules_out = rules;
	return 0;
}

void recipient_rules_free(struct recipient_rules *rules)
{
	if (rules == NULL)
		return;
	row_index_free(rules->skipped);
	row_index_free(rules->lengths);
	free(rules);
}

bool recipient_rules_are_there(const struct recipient_rules *rules)
{
	return rules->skipped != NULL || rules->lengths != NULL;
}

/* Adds to `*has`: a pattern that meets its limit counts as no match. */
static int ask(const struct row_index *index, struct pattern_matcher *matcher, struct bytes subject,
	       bool *has)
{
	struct row_match match;
	int r;

	if (*has || subject.size > ADDRESS_SIZE_MAX)
		return 0;
	r = row_index_first(index, matcher, subject, &match);
	if (r == ROW_INDEX_E_NONE)
		return 0;
	*has = r == 0 && !match.undecided;
	return r;
}

int recipient_rules_skips(const struct recipient_rules *rules, struct pattern_matcher *matcher,
			  struct bytes address, bool *skips_out)
{
	*skips_out = false;
	return rules->skipped == NULL ? 0 : ask(rules->skipped, matcher, address, skips_out);
}

/* The host alone, and with the local part before it. */
static int ask_pair(const struct row_index *index, struct pattern_matcher *matcher,
		    struct bytes local_part, struct bytes host, bool *has)
{
	uint8_t address[ADDRESS_SIZE_MAX];
	size_t size = local_part.size + 1 + host.size;
	int r = 0;

	if (size <= sizeof(address)) {
		memcpy(address, local_part.data, local_part.size);
		address[local_part.size] = '@';
		memcpy(address + local_part.size + 1, host.data, host.size);
		r = ask(index, matcher, bytes_of(address, size), has);
	}
	return r != 0 ? r : ask(index, matcher, host, has);
}

int recipient_rules_signs_length(const struct recipient_rules *rules,
				 struct pattern_matcher *matcher, struct bytes address,
				 bool *signs_out)
{
	const struct row_index *index = rules->lengths;
	size_t at = bytes_find_last(address, '@');
	struct bytes local_part;
	struct bytes host;
	int r;

	*signs_out = false;
	if (index == NULL)
		return 0;
	r = ask(index, matcher, address, signs_out);
	if (r != 0 || at == address.size ||
	    data_set_kind(row_index_set(index)) == DATA_SET_PATTERN_FILE)
		return r;
	local_part = bytes_slice(address, 0, at);
	host = bytes_skip(address, at + 1);
	r = ask(index, matcher, host, signs_out);
	for (size_t i = 0; r == 0 && i < host.size; i++) {
		if (host.data[i] == '.')
			r = ask_pair(index, matcher, local_part, bytes_skip(host, i), signs_out);
	}
	return r != 0 ? r : ask_pair(index, matcher, local_part, BYTES_LITERAL("*"), signs_out);
}
