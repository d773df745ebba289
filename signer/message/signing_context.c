/*
 * How it works: the parts are made in the order of what needs what, and freed in the reverse one.
 */
#include "signer/message/signing_context.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* A list that is not configured is NULL, which stands for the default one. */
static int names_of(const struct signer_names *names, struct name_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->count; i++)
		r = name_list_add(list, names->items[i]);
	return r;
}

static int report_name(const struct signer_config *config, struct problems *problems,
		       const char *option, int outcome, struct bytes wrong)
{
	const char *what = "cannot be the name of a header field";

	if (outcome == HEADER_SELECT_E_DELTA)
		what = "changes the default list only behind a '*': '*,+name,-name'";
	else if (outcome == HEADER_SELECT_E_TOO_MANY)
		what = "is one name more than a signature may list";
	problems_error(problems, signer_config_place(config, option), "'%.*s' %s",
		       BYTES_PRINTF(wrong), what);
	return SIGNING_CONTEXT_E_REFUSED;
}

/* Tries the lists one by one, so that an error names the option that has it. */
static int make_header_select(struct signing_context *context, struct problems *problems)
{
	static const char *const options[] = {"SignHeaders", "OmitHeaders", "OversignHeaders"};
	const struct signer_config *config = context->config;
	const struct signer_names *configured[] = {&config->sign_headers, &config->omit_headers,
						   &config->oversign_headers};
	struct name_list lists[3] = {0};
	const struct name_list *given[3] = {NULL, NULL, NULL};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(options); i++) {
		struct bytes wrong;

		r = names_of(configured[i], &lists[i]);
		if (r != 0)
			break;
		given[i] = configured[i]->items == NULL ? NULL : &lists[i];
		header_select_free(context->header_select);
		context->header_select = NULL;
		r = header_select_new(&(struct header_select_lists){given[0], given[1], given[2]},
				      &wrong, &context->header_select);
		if (r > 0)
			r = report_name(config, problems, options[i], r, wrong);
	}
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		name_list_deinit(&lists[i]);
	return r;
}

static int make_key_store(struct signing_context *context)
{
	const struct signer_config *config = context->config;
	struct key_store_config keys = {
		.keys_max = (size_t)config->key_cache_size,
		.rsa_bits_min = (unsigned)config->minimum_key_bits,
		.require_safe = config->require_safe_keys,
		.user = geteuid(),
	};

	return key_store_new(&keys, &context->keys);
}

/* All are read, so that a person sees all that is wrong at once. */
static int load_tables(struct signing_context *context, struct problems *problems)
{
	const struct signer_config *config = context->config;
	int rules = signing_rules_load(config, problems, &context->rules);
	int trust = rules < 0 ? 0 : client_trust_load(config, problems, &context->trust);
	int recipients = 0;

	if (rules >= 0 && trust >= 0)
		recipients = recipient_rules_load(config, problems, &context->recipients);
	if (rules < 0 || trust < 0)
		return rules < 0 ? rules : trust;
	if (recipients < 0)
		return recipients;
	return rules > 0 || trust > 0 || recipients > 0 ? SIGNING_CONTEXT_E_REFUSED : 0;
}

static void context_free(struct signing_context *context)
{
	key_store_free(context->keys);
	header_select_free(context->header_select);
	recipient_rules_free(context->recipients);
	client_trust_free(context->trust);
	signing_rules_free(context->rules);
	signer_config_free(context->config);
	free(context);
}

int signing_context_new(struct signer_config *config, struct problems *problems,
			struct signing_context **context_out)
{
	struct signing_context *context = calloc(1, sizeof(*context));
	int r;

	if (context == NULL)
		return -ENOMEM;
	context->references = 1;
	context->config = config;
	r = load_tables(context, problems);
	if (r == 0)
		r = make_header_select(context, problems);
	if (r == 0)
		r = make_key_store(context);
	if (r != 0) {
		context->config = NULL;
		context_free(context);
		return r;
	}
	*context_out = context;
	return 0;
}

struct signing_context *signing_context_ref(struct signing_context *context)
{
	atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
	return context;
}

void signing_context_unref(struct signing_context *context)
{
	if (context == NULL)
		return;
	if (atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) == 1)
		context_free(context);
}
