#include "tests/unit/mail_check.h"

#include "signer/dkim/message_reader.h"
#include "signer/dkim/verification.h"
#include "signer/spool/bsmtp_reader.h"
#include "signer/spool/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if ((call) != 0) {                                                                 \
			fprintf(stderr, "%s:%d: %s failed\n", __FILE__, __LINE__, #call);          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The bytes of all DKIM-Signature fields at `at`. */
static size_t signatures_size(struct bytes message, size_t at)
{
	const struct bytes name = BYTES_LITERAL("DKIM-Signature:");
	struct bytes rest = bytes_skip(message, at);
	bool inside = false;

	while (rest.size > 0) {
		size_t line = bytes_find(rest, '\n') + 1;

		if (!(inside && ascii_is_wsp(rest.data[0])) && !bytes_start_with_nocase(rest, name))
			break;
		inside = true;
		rest = bytes_skip(rest, line < rest.size ? line : rest.size);
	}
	return message.size - at - rest.size;
}

static void digest_unsigned(struct bytes message, size_t at, uint8_t digest[SHA256_SIZE])
{
	size_t size = signatures_size(message, at);
	struct sha256 sha256;

	MUST(sha256_init(&sha256));
	sha256_start(&sha256);
	sha256_update(&sha256, bytes_slice(message, 0, at));
	sha256_update(&sha256, bytes_skip(message, at + size));
	MUST(sha256_finish(&sha256, digest));
	sha256_deinit(&sha256);
}

static void verify(const struct header *header, struct bytes body, const struct public_key *key,
		   struct mail_report *report)
{
	const struct verification_options options = {
		.now = (uint64_t)time(NULL),
		.clock_drift = 300,
		.signatures_max = report->signatures,
		.fix_crlf = true,
	};
	struct verification verification;

	MUST(verification_init(&verification));
	MUST(verification_start(&verification, header, &options));
	MUST(verification_push(&verification, body));
	MUST(verification_finish(&verification));
	for (size_t i = 0; i < verification_count(&verification); i++) {
		const struct verification_result *result = verification_result(&verification, i);

		if (result->status != VERIFICATION_NEEDS_KEY)
			continue;
		if (public_key_verify(key, result->digest,
				      bytes_of(result->signature.signature,
					       result->signature.signature_size)) == 0)
			report->valid++;
	}
	verification_deinit(&verification);
}

static void report_header(const struct header *header, struct mail_report *report)
{
	size_t at = header_find(header, BYTES_LITERAL("Message-ID"), 0);

	if (at < header_count(header)) {
		struct bytes id = bytes_trim(header_value(header, at));

		snprintf(report->id, sizeof(report->id), "%.*s", BYTES_PRINTF(id));
	}
	while (report->signatures < header_count(header) &&
	       bytes_equal_nocase(header_name(header, report->signatures),
				  BYTES_LITERAL("DKIM-Signature")))
		report->signatures++;
}

void mail_check(struct bytes message, const struct public_key *key, struct mail_report *report_out)
{
	struct message_reader reader;
	struct header header;
	size_t consumed;
	size_t at = 0;
	int r;

	*report_out = (struct mail_report){0};
	header_init(&header, 0);
	message_reader_init(&reader);
	message_reader_start(&reader, &header, false);
	r = message_reader_push(&reader, message, &consumed);
	if (r == 0 && !message_reader_is_done(&reader))
		r = message_reader_finish(&reader);
	report_out->readable = r == 0;
	if (r == 0) {
		at = (size_t)message_reader_envelope_size(&reader);
		report_header(&header, report_out);
		if (key != NULL && report_out->signatures > 0)
			verify(&header, bytes_skip(message, consumed), key, report_out);
	}
	digest_unsigned(message, at, report_out->digest);
	message_reader_deinit(&reader);
	header_deinit(&header);
}

bool mail_check_each(const char *name, struct bytes unit,
		     void (*each)(void *arg, size_t index, struct bytes message), void *arg)
{
	struct bsmtp_reader *reader;
	struct bsmtp_event event;
	struct buffer text = {0};
	size_t index = 0;
	int r = 0;

	if (!unit_name_is_batch(name)) {
		each(arg, 0, unit);
		return true;
	}
	reader = malloc(sizeof(*reader));
	MUST(reader == NULL);
	bsmtp_reader_init(reader);
	while (r == 0 && unit.size > 0) {
		r = bsmtp_reader_next(reader, &unit, &event);
		if (r != 0)
			break;
		if (event.kind == BSMTP_DATA)
			buffer_clear(&text);
		if (event.kind == BSMTP_TEXT)
			MUST(buffer_append(&text, event.text));
		if (event.kind == BSMTP_DATA_END)
			each(arg, index++, buffer_bytes(&text));
	}
	if (r == 0)
		r = bsmtp_reader_end(reader);
	buffer_deinit(&text);
	free(reader);
	return r == 0;
}
