#include "signer/cmd/verify_report.h"

#include "signer/cmd/output.h"

#include <inttypes.h>
#include <stdio.h>

/* One word of five for each status. */
static const char *result_word(enum verification_status status)
{
	switch (status) {
	case VERIFICATION_PASS: return "pass";
	case VERIFICATION_BODY_SHORT:
	case VERIFICATION_BODY_DIFFERS: return "fail (body)";
	case VERIFICATION_HEADER_DIFFERS: return "fail (header)";
	case VERIFICATION_NO_KEY: return "no key";
	case VERIFICATION_NEEDS_BODY:
	case VERIFICATION_NEEDS_KEY:
	case VERIFICATION_MALFORMED:
	case VERIFICATION_EXPIRED:
	case VERIFICATION_FROM_FUTURE:
	case VERIFICATION_KEY_MALFORMED:
	case VERIFICATION_KEY_REVOKED:
	case VERIFICATION_KEY_TYPE:
	case VERIFICATION_KEY_HASH:
	case VERIFICATION_KEY_SERVICE:
	case VERIFICATION_KEY_SUBDOMAIN:
	case VERIFICATION_KEY_SMALL: break;
	}
	return "invalid";
}

static const char *reason_of(const struct verification_result *result, const char *why)
{
	if (why[0] != '\0')
		return why;
	if (result->status == VERIFICATION_MALFORMED)
		return dkim_signature_reason(result->reason);
	return verification_status_text(result->status);
}

/* What every line begins with: FILE: or FILE (message N): */
static void print_name(const struct verify_report *report)
{
	output_text(stdout, bytes_of_string(report->file));
	if (report->number > 0)
		printf(" (message %" PRIu64 ")", report->number);
	fputs(": ", stdout);
}

static void print_signature(const struct verify_report *report,
			    const struct verification_result *result, const char *why)
{
	const struct dkim_signature *signature = &result->signature;

	print_name(report);
	fputs(result_word(result->status), stdout);
	if (result->status != VERIFICATION_MALFORMED) {
		fputs(" d=", stdout);
		output_text(stdout, signature->domain);
		fputs(" s=", stdout);
		output_text(stdout, signature->selector);
		printf(" a=%s", dkim_algorithm_name(signature->algorithm));
	}
	if (result->status != VERIFICATION_PASS) {
		fputs(": ", stdout);
		output_text(stdout, bytes_of_string(reason_of(result, why)));
	}
	putchar('\n');
}

static void write_signature(struct json_stream *json, const struct verification_result *result,
			    unsigned bits, const char *why)
{
	const struct dkim_signature *signature = &result->signature;

	json_stream_begin(json, NULL, '{');
	json_stream_bool(json, "pass", result->status == VERIFICATION_PASS);
	json_stream_string(json, "status", verification_status_name(result->status));
	json_stream_string(json, "reason",
			   result->status == VERIFICATION_PASS ? NULL : reason_of(result, why));
	if (result->status != VERIFICATION_MALFORMED) {
		json_stream_bytes(json, "domain", signature->domain);
		json_stream_bytes(json, "selector", signature->selector);
		json_stream_bytes(json, "identity", buffer_bytes(&signature->identity));
		json_stream_string(json, "algorithm", dkim_algorithm_name(signature->algorithm));
		json_stream_string(json, "header_canonicalization",
				   canonicalization_name(signature->header_canonicalization));
		json_stream_string(json, "body_canonicalization",
				   canonicalization_name(signature->body_canonicalization));
	}
	if (bits != 0)
		json_stream_number(json, "key_bits", bits);
	json_stream_end(json, '}');
}

void verify_report_begin(struct verify_report *report, bool is_json)
{
	*report = (struct verify_report){.is_json = is_json};
	if (!is_json)
		return;
	json_stream_init(&report->json, stdout, JSON_STREAM_ITEM_A_LINE);
	json_stream_begin(&report->json, NULL, '{');
	json_stream_begin(&report->json, "messages", '[');
}

void verify_report_message(struct verify_report *report, const char *file, uint64_t number)
{
	report->file = file;
	report->number = number;
	report->signatures = 0;
	report->passes = false;
	if (!report->is_json)
		return;
	json_stream_begin(&report->json, NULL, '{');
	json_stream_string(&report->json, "file", file);
	if (number > 0)
		json_stream_number(&report->json, "message", number);
	else
		json_stream_string(&report->json, "message", NULL);
	json_stream_begin(&report->json, "signatures", '[');
}

void verify_report_signature(struct verify_report *report, const struct verification_result *result,
			     unsigned bits, const char *why)
{
	report->signatures++;
	if (result->status == VERIFICATION_PASS)
		report->passes = true;
	if (report->is_json)
		write_signature(&report->json, result, bits, why);
	else
		print_signature(report, result, why);
}

static void print_end(const struct verify_report *report, const char *fault, size_t skipped)
{
	if (fault != NULL || report->signatures == 0) {
		print_name(report);
		printf("%s\n", fault != NULL ? fault : "none: the message has no signature");
	}
	if (skipped > 0) {
		print_name(report);
		printf("%zu more signatures were not looked at\n", skipped);
	}
}

void verify_report_message_end(struct verify_report *report, const char *fault, size_t skipped)
{
	report->messages++;
	report->passed += report->passes;
	if (!report->is_json) {
		print_end(report, fault, skipped);
		return;
	}
	json_stream_end(&report->json, ']');
	json_stream_bool(&report->json, "pass", report->passes);
	json_stream_number(&report->json, "skipped", skipped);
	json_stream_string(&report->json, "error", fault);
	json_stream_end(&report->json, '}');
}

void verify_report_end(struct verify_report *report, bool with_sum)
{
	if (report->is_json) {
		json_stream_end(&report->json, ']');
		json_stream_number(&report->json, "passed", report->passed);
		json_stream_number(&report->json, "not_passed", report->messages - report->passed);
		json_stream_end(&report->json, '}');
	} else if (with_sum) {
		printf("%" PRIu64 " of %" PRIu64 " messages have a signature that passes\n",
		       report->passed, report->messages);
	}
}
