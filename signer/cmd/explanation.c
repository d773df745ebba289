/*
 * How it works: once the signer has come to its verdict, its tools are free, and the sender and the
 * plan are made with them once more. The fields that the signer made are parsed as a verifier would.
 */
#include "signer/cmd/explanation.h"

#include "signer/cmd/key_reference.h"
#include "signer/message/sender.h"

#include <errno.h>
#include <stdlib.h>

int explanation_start(struct explanation *explanation, const struct signing_context *context,
		      const char *name, int64_t now_s)
{
	int r;

	*explanation = (struct explanation){.context = context, .name = name};
	header_init(&explanation->header, (size_t)context->config->maximum_headers_bytes);
	header_init(&explanation->fields, 0);
	message_reader_init(&explanation->reader);
	r = solo_signer_init(&explanation->solo);
	if (r != 0)
		return r;
	solo_signer_start(&explanation->solo, context, name == NULL ? "message" : name, now_s);
	message_reader_start(&explanation->reader, &explanation->header, context->config->fix_crlf);
	explanation->has_header = true;
	return 0;
}

int explanation_push(struct explanation *explanation, struct bytes piece)
{
	size_t consumed;
	int r = 0;

	solo_signer_push(&explanation->solo, piece);
	if (explanation->has_header && !message_reader_is_done(&explanation->reader))
		r = message_reader_push(&explanation->reader, piece, &consumed);
	/* What is wrong with it is the signer's verdict, too. */
	if (r > 0)
		explanation->has_header = false;
	return r < 0 ? r : 0;
}

static int find_sender(struct explanation *explanation)
{
	const struct signer_names *names = &explanation->context->config->sender_headers;
	int r = sender_find(&explanation->solo.tools, &explanation->header, names,
			    &explanation->sender);

	if (r < 0)
		return r;
	explanation->has_sender = r == 0;
	explanation->sender_field = sender_field_name(&explanation->header, names);
	return 0;
}

/* The field that the signer made for a planned signature; they come in the order of the plan. */
static int parse_field(struct explanation *explanation, size_t index)
{
	struct explained_signature *signature = &explanation->signatures[index];
	int r;

	if (index >= header_count(&explanation->fields))
		return 0;
	r = dkim_signature_parse(&signature->parsed, header_field(&explanation->fields, index));
	signature->is_made = r == 0;
	return r < 0 ? r : 0;
}

static int load_key(struct explanation *explanation, struct explained_signature *signature)
{
	int r = key_reference_load(explanation->context->keys, signature->planned->key_path,
				   signature->planned->key_text, &signature->key,
				   &signature->problem);

	return r < 0 ? r : 0;
}

static int plan(struct explanation *explanation)
{
	struct signing_plan *plan = explanation->solo.tools.plan;
	int r = signing_plan_make(plan, explanation->context->rules, explanation->sender);

	if (r != 0)
		return r < 0 ? r : 0; /* the reason is the signer's, too */
	explanation->is_planned = true;
	explanation->signatures = calloc(signing_plan_count(plan) + 1,
					 sizeof(*explanation->signatures));
	if (explanation->signatures == NULL)
		return -ENOMEM;
	explanation->signature_count = signing_plan_count(plan);
	for (size_t i = 0; r == 0 && i < explanation->signature_count; i++) {
		explanation->signatures[i].planned = signing_plan_at(plan, i);
		r = load_key(explanation, &explanation->signatures[i]);
		if (r == 0)
			r = parse_field(explanation, i);
	}
	return r;
}

/* Splits what the signer made into fields. */
static int take_fields(struct explanation *explanation)
{
	struct bytes text = message_signer_fields(explanation->solo.signer);
	int r = 0;

	if (message_signer_verdict(explanation->solo.signer) != MESSAGE_SIGN)
		return 0;
	while (r == 0 && text.size > 0) {
		size_t size = bytes_find(text, '\n');
		struct bytes line = bytes_slice(text, 0, size < text.size ? size + 1 : size);

		if (ascii_is_wsp(line.data[0]))
			r = header_continue(&explanation->fields, line);
		else
			r = header_add(&explanation->fields, line);
		text = bytes_skip(text, line.size);
	}
	return r < 0 ? r : 0;
}

int explanation_end(struct explanation *explanation, bool all)
{
	int r = 0;

	solo_signer_end(&explanation->solo);
	if (explanation->has_header && !message_reader_is_done(&explanation->reader))
		r = message_reader_finish(&explanation->reader);
	if (r < 0)
		return r;
	if (r > 0)
		explanation->has_header = false;
	r = take_fields(explanation);
	if (r == 0 && explanation->has_header)
		r = find_sender(explanation);
	if (r != 0 || !explanation->has_sender)
		return r;
	r = plan(explanation);
	if (r == 0 && explanation->context->config->signing_table_set != NULL &&
	    signing_rules_signing_table(explanation->context->rules) != NULL)
		r = explain_rows_find(&explanation->rows, explanation->context->config,
				      explanation->sender, all);
	return r < 0 ? r : 0;
}

void explanation_deinit(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->signature_count; i++) {
		key_unref(explanation->signatures[i].key);
		dkim_signature_deinit(&explanation->signatures[i].parsed);
	}
	free(explanation->signatures);
	explain_rows_deinit(&explanation->rows);
	header_deinit(&explanation->fields);
	header_deinit(&explanation->header);
	message_reader_deinit(&explanation->reader);
	solo_signer_deinit(&explanation->solo);
	*explanation = (struct explanation){0};
}
