#include "signer/cmd/explain_report.h"

#include "common/json_stream.h"
#include "signer/cmd/output.h"
#include "signer/keys/key.h"

#include <inttypes.h>
#include <stdio.h>

static const char *verdict_word(enum message_verdict verdict)
{
	switch (verdict) {
	case MESSAGE_SIGN: return "sign";
	case MESSAGE_PASS: return "pass";
	case MESSAGE_ALREADY_SIGNED: return "already_signed";
	case MESSAGE_REFUSE: return "refuse";
	case MESSAGE_DEFER:
	case MESSAGE_UNDECIDED: break;
	}
	return "defer";
}

static const char *verdict_text(enum message_verdict verdict)
{
	switch (verdict) {
	case MESSAGE_SIGN: return "it would be signed";
	case MESSAGE_PASS: return "it would pass as it is";
	case MESSAGE_ALREADY_SIGNED: return "it would pass as it is";
	case MESSAGE_REFUSE: return "it can never be signed as it is";
	case MESSAGE_DEFER:
	case MESSAGE_UNDECIDED: break;
	}
	return "it cannot be signed now";
}

static const char *field_word(const struct explanation *explanation, size_t index)
{
	switch (header_select_judge(explanation->context->header_select,
				    header_name(&explanation->header, index))) {
	case HEADER_SELECT_SIGNED: return "signed";
	case HEADER_SELECT_OMITTED: return "omitted";
	case HEADER_SELECT_NOT_LISTED: break;
	}
	return "not_listed";
}

/* The row that a signature comes from, of those that were found; NULL: Domain, not a table. */
static const struct explain_step *step_of(const struct explanation *explanation, size_t index)
{
	size_t matched = 0;

	for (size_t i = 0; i < explanation->rows.count; i++) {
		const struct explain_step *step = &explanation->rows.steps[i];

		if ((step->matches || step->undecided) && matched++ == index)
			return step;
	}
	return NULL;
}

static void print_label(const char *label)
{
	printf("%-12s", label);
}

static void print_value(const char *label, struct bytes value)
{
	print_label(label);
	output_text(stdout, value);
	putchar('\n');
}

static void print_place(struct problem_place place)
{
	if (place.file != NULL) {
		output_text(stdout, bytes_of_string(place.file));
		if (place.line > 0)
			printf(":%u", place.line);
		fputs(": ", stdout);
	}
	fputs(place.name != NULL ? place.name : "", stdout);
}

static void print_row(struct problem_place place, const struct data_row *row)
{
	print_place(place);
	fputs(": ", stdout);
	output_text(stdout, row->key);
	if (row->value.size > 0) {
		fputs("  ", stdout);
		output_text(stdout, row->value);
	}
	putchar('\n');
}

static void print_key(const struct explained_signature *signature)
{
	const struct planned_signature *planned = signature->planned;

	print_label("  key");
	print_place(planned->key_place);
	fputs(": ", stdout);
	output_text(stdout, planned->key_path != NULL ? bytes_of_string(planned->key_path)
						      : BYTES_LITERAL("(in the table)"));
	putchar('\n');
	print_label("");
	if (signature->key == NULL)
		output_text(stdout, bytes_of_string(signature->problem.text));
	else if (key_type(signature->key) == KEY_ED25519)
		fputs("Ed25519", stdout);
	else
		printf("RSA, %u bits", key_bits(signature->key));
	putchar('\n');
}

static void print_names(const struct name_list *names)
{
	print_label("  h=");
	for (size_t i = 0; i < names->count; i++) {
		if (i > 0)
			putchar(':');
		output_text(stdout, names->names[i]);
	}
	putchar('\n');
}

/* What only a message can tell: the field as it would be. */
static void print_made(const struct explanation *explanation, const struct dkim_signature *made)
{
	printf("%-12s%s\n", "  a=", dkim_algorithm_name(made->algorithm));
	printf("%-12s%s/%s\n", "  c=", canonicalization_name(made->header_canonicalization),
	       canonicalization_name(made->body_canonicalization));
	if (made->has_expiry)
		printf("%-12s%" PRIu64 " seconds after t=\n",
		       "  x=", made->expiry - made->timestamp);
	if (made->body_limit != DKIM_SIGNATURE_NO_BODY_LIMIT)
		printf("%-12s%" PRIu64 " (anyone can append to the text)\n",
		       "  l=", made->body_limit);
	if (explanation->name != NULL)
		print_names(&made->names);
}

static void print_signature(const struct explanation *explanation, size_t index)
{
	const struct explained_signature *signature = &explanation->signatures[index];
	const struct planned_signature *planned = signature->planned;
	const struct explain_step *step = step_of(explanation, index);

	printf("\nsignature %zu\n", index + 1);
	print_label("  row");
	if (step != NULL) {
		print_row(step->place, step->row);
	} else {
		print_place(planned->signing_place);
		putchar('\n');
	}
	print_key(signature);
	print_value("  d=", planned->signing_domain);
	print_value("  s=", planned->selector);
	if (planned->identity.size > 0)
		print_value("  i=", planned->identity);
	if (signature->is_made)
		print_made(explanation, &signature->parsed);
}

static void print_steps(const struct explanation *explanation)
{
	puts("\nrows of the SigningTable, in the order they were looked at");
	for (size_t i = 0; i < explanation->rows.count; i++) {
		const struct explain_step *step = &explanation->rows.steps[i];

		printf("  %-9s ", step->undecided ? "undecided"
				  : step->matches ? "match"
						  : "no match");
		output_text(stdout, explain_rows_subject(&explanation->rows, step));
		if (step->row != NULL) {
			fputs("  ", stdout);
			print_row(step->place, step->row);
		} else {
			putchar('\n');
		}
	}
}

static void print_fields(const struct explanation *explanation)
{
	puts("\nheader fields");
	for (size_t i = 0; i < header_count(&explanation->header); i++) {
		const char *word = field_word(explanation, i);

		printf("  %-10s ", word[0] == 'n' ? "not listed" : word);
		output_text(stdout, header_name(&explanation->header, i));
		putchar('\n');
	}
}

void explain_report_text(const struct explanation *explanation, bool is_verbose)
{
	struct message_signer *signer = explanation->solo.signer;
	const char *reason = message_signer_reason(signer);

	if (explanation->name != NULL)
		print_value("message", bytes_of_string(explanation->name));
	if (explanation->has_sender) {
		print_label("sender");
		output_text(stdout, explanation->sender.local_part);
		putchar('@');
		output_text(stdout, explanation->sender.domain);
		fputs(" (", stdout);
		output_text(stdout, explanation->sender_field);
		puts(")");
	}
	print_label("verdict");
	fputs(verdict_text(message_signer_verdict(signer)), stdout);
	if (reason[0] != '\0') {
		fputs(": ", stdout);
		output_text(stdout, bytes_of_string(reason));
	}
	putchar('\n');
	for (size_t i = 0; i < explanation->signature_count; i++)
		print_signature(explanation, i);
	if (is_verbose && explanation->rows.count > 0)
		print_steps(explanation);
	if (is_verbose && explanation->name != NULL && explanation->has_header)
		print_fields(explanation);
}

static void write_place(struct json_stream *json, const char *name, struct problem_place place)
{
	json_stream_begin(json, name, '{');
	json_stream_string(json, "file", place.file);
	if (place.line > 0)
		json_stream_number(json, "line", place.line);
	else
		json_stream_string(json, "line", NULL);
	json_stream_string(json, "option", place.name);
	json_stream_end(json, '}');
}

static void write_made(struct json_stream *json, const struct explanation *explanation,
		       const struct dkim_signature *made)
{
	json_stream_string(json, "algorithm", dkim_algorithm_name(made->algorithm));
	json_stream_string(json, "header_canonicalization",
			   canonicalization_name(made->header_canonicalization));
	json_stream_string(json, "body_canonicalization",
			   canonicalization_name(made->body_canonicalization));
	if (made->has_expiry)
		json_stream_number(json, "ttl_seconds", made->expiry - made->timestamp);
	if (made->body_limit != DKIM_SIGNATURE_NO_BODY_LIMIT)
		json_stream_number(json, "body_length", made->body_limit);
	if (explanation->name == NULL)
		return;
	json_stream_begin(json, "signed_fields", '[');
	for (size_t i = 0; i < made->names.count; i++)
		json_stream_bytes(json, NULL, made->names.names[i]);
	json_stream_end(json, ']');
}

static void write_signature(struct json_stream *json, const struct explanation *explanation,
			    const struct explained_signature *signature)
{
	const struct planned_signature *planned = signature->planned;

	json_stream_begin(json, NULL, '{');
	json_stream_bytes(json, "domain", planned->signing_domain);
	json_stream_bytes(json, "selector", planned->selector);
	if (planned->identity.size > 0)
		json_stream_bytes(json, "identity", planned->identity);
	else
		json_stream_string(json, "identity", NULL);
	write_place(json, "signing_row", planned->signing_place);
	write_place(json, "key_row", planned->key_place);
	json_stream_string(json, "key", planned->key_path);
	json_stream_string(json, "key_type",
			   signature->key == NULL ? NULL : key_type_name(key_type(signature->key)));
	if (signature->key != NULL)
		json_stream_number(json, "key_bits", key_bits(signature->key));
	json_stream_string(json, "key_problem",
			   signature->key == NULL ? signature->problem.text : NULL);
	if (signature->is_made)
		write_made(json, explanation, &signature->parsed);
	json_stream_end(json, '}');
}

static void write_step(struct json_stream *json, const struct explanation *explanation,
		       const struct explain_step *step)
{
	json_stream_begin(json, NULL, '{');
	json_stream_bytes(json, "subject", explain_rows_subject(&explanation->rows, step));
	json_stream_bool(json, "match", step->matches);
	json_stream_bool(json, "undecided", step->undecided);
	if (step->row != NULL) {
		write_place(json, "place", step->place);
		json_stream_bytes(json, "key", step->row->key);
		json_stream_bytes(json, "value", step->row->value);
	}
	json_stream_end(json, '}');
}

static void write_sender(struct json_stream *json, const struct explanation *explanation)
{
	if (!explanation->has_sender) {
		json_stream_string(json, "sender", NULL);
		return;
	}
	json_stream_begin(json, "sender", '{');
	json_stream_bytes(json, "field", explanation->sender_field);
	json_stream_bytes(json, "local_part", explanation->sender.local_part);
	json_stream_bytes(json, "domain", explanation->sender.domain);
	json_stream_end(json, '}');
}

static void write_fields(struct json_stream *json, const struct explanation *explanation)
{
	json_stream_begin(json, "fields", '[');
	for (size_t i = 0; explanation->has_header && i < header_count(&explanation->header); i++) {
		json_stream_begin(json, NULL, '{');
		json_stream_bytes(json, "name", header_name(&explanation->header, i));
		json_stream_string(json, "verdict", field_word(explanation, i));
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
}

void explain_report_json(const struct explanation *explanation)
{
	struct message_signer *signer = explanation->solo.signer;
	const char *reason = message_signer_reason(signer);
	struct json_stream json;

	json_stream_init(&json, stdout, JSON_STREAM_ITEM_A_LINE);
	json_stream_begin(&json, NULL, '{');
	json_stream_string(&json, "message", explanation->name);
	write_sender(&json, explanation);
	json_stream_string(&json, "verdict", verdict_word(message_signer_verdict(signer)));
	json_stream_string(&json, "reason", reason[0] == '\0' ? NULL : reason);
	json_stream_begin(&json, "signatures", '[');
	for (size_t i = 0; i < explanation->signature_count; i++)
		write_signature(&json, explanation, &explanation->signatures[i]);
	json_stream_end(&json, ']');
	json_stream_begin(&json, "rows", '[');
	for (size_t i = 0; i < explanation->rows.count; i++)
		write_step(&json, explanation, &explanation->rows.steps[i]);
	json_stream_end(&json, ']');
	if (explanation->name != NULL)
		write_fields(&json, explanation);
	json_stream_end(&json, '}');
}
