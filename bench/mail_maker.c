/*
 * How it works: a small generator of numbers (random_numbers.h), begun anew for each message, decides everything. The
 * body is filled line by line up to the last byte, and the last line is cut to fit.
 *
 * The mix is coarse on purpose: classes that an administrator can compare with his own queue. Its mean
 * is about 32 KiB.
 */
#include "bench/mail_maker.h"

#include "bench/random_numbers.h"

#include <stdio.h>

#define LINE_SIZE_MAX 80

struct size_class {
	unsigned percent;
	size_t min;
	size_t max;
};

static const struct size_class sizes_of_mix[] = {
	{40, 1024, 3072},		    /* notices, replies */
	{30, 3072, 10240},		    /* text with a few quotes */
	{20, 10240, 40960},		    /* HTML */
	{8, 40960, 204800},		    /* pictures */
	{2, (size_t)512 << 10, 1024 << 10}, /* documents */
};

static const char *const words[] = {
	"the",	   "of",      "and",	  "delivery", "your",	  "order",   "a",	 "to",
	"in",	   "invoice", "we",	  "have",     "received", "is",	     "for",	 "that",
	"account", "please",  "confirm",  "meeting",  "on",	  "with",    "monday",	 "report",
	"as",	   "month",   "by",	  "service",  "you",	  "not",     "this",	 "from",
	"at",	   "be",      "update",	  "customer", "are",	  "next",    "week",	 "team",
	"best",	   "regards", "attached", "document", "number",	  "payment", "an",	 "will",
	"it",	   "our",     "project",  "until",    "or",	  "more",    "details",	 "below",
	"thank",   "support", "address",  "change",   "if",	  "any",     "question", "contact",
};

enum body_kind {
	BODY_TEXT,
	BODY_HTML,
	BODY_BASE64,
};

static size_t pick_size(const struct mail_maker *maker, uint64_t *state)
{
	unsigned percent = random_below(state, 100);

	if (maker->size != MAIL_SIZE_MIX)
		return maker->size;
	for (size_t i = 0; i < ARRAY_COUNT(sizes_of_mix); i++) {
		const struct size_class *class = &sizes_of_mix[i];

		if (percent < class->percent)
			return class->min +
			       random_below(state, (unsigned)(class->max - class->min));
		percent -= class->percent;
	}
	return sizes_of_mix[0].max;
}

unsigned mail_maker_domain(const struct mail_maker *maker, uint64_t index)
{
	return (unsigned)(index % maker->domains) * maker->domain_stride;
}

void mail_domain_name(unsigned number, char name_out[MAIL_DOMAIN_SIZE_MAX])
{
	snprintf(name_out, MAIL_DOMAIN_SIZE_MAX, "d%06u.bench.example", number);
}

static const char *word(uint64_t *state)
{
	return words[random_below(state, ARRAY_COUNT(words))];
}

static int append_trace(uint64_t *state, struct buffer *buffer)
{
	unsigned hops = 1 + random_below(state, 3);
	int r = 0;

	for (unsigned i = 0; r == 0 && i < hops; i++) {
		unsigned host = random_below(state, 250);

		r = buffer_printf(
			buffer,
			"Received: from mx%u.sender.example (mx%u.sender.example "
			"[192.0.2.%u])\n"
			"\tby relay%u.bench.example (Postfix) with ESMTPS id %012llX\n"
			"\tfor <user%u@destination.example>; Tue, 24 Nov 2026 %02u:%02u:%02u "
			"+0000 (UTC)\n",
			host, host, host + 1, i, (unsigned long long)(random_number(state) >> 16),
			random_below(state, 5000), random_below(state, 24), random_below(state, 60),
			random_below(state, 60));
	}
	return r;
}

static int append_subject(uint64_t *state, struct buffer *buffer)
{
	switch (random_below(state, 4)) {
	case 0:
		return buffer_append_string(
			buffer, "Subject: =?UTF-8?B?44GU5rOo5paH44GC44KK44GM44Go44GG?=\n"
				" =?UTF-8?B?44GU44GW44GE44G+44GZ?=\n");
	case 1:
		return buffer_printf(buffer, "Subject: Re: %s %s %s,\n\t%s %s and %s\n",
				     word(state), word(state), word(state), word(state),
				     word(state), word(state));
	default:
		return buffer_printf(buffer, "Subject: %s %s %s %u\n", word(state), word(state),
				     word(state), random_below(state, 100000));
	}
}

static int append_type(enum body_kind kind, struct buffer *buffer)
{
	static const char *const types[] = {
		[BODY_TEXT] = "Content-Type: text/plain; charset=utf-8\n"
			      "Content-Transfer-Encoding: 8bit\n",
		[BODY_HTML] = "Content-Type: text/html; charset=utf-8\n"
			      "Content-Transfer-Encoding: quoted-printable\n",
		[BODY_BASE64] = "Content-Type: application/pdf; name=\"document.pdf\"\n"
				"Content-Disposition: attachment; filename=\"document.pdf\"\n"
				"Content-Transfer-Encoding: base64\n",
	};

	return buffer_append_string(buffer, types[kind]);
}

static int append_header(const struct mail_maker *maker, uint64_t index, uint64_t *state,
			 enum body_kind kind, struct buffer *buffer)
{
	char domain[MAIL_DOMAIN_SIZE_MAX];
	int r;

	mail_domain_name(mail_maker_domain(maker, index), domain);
	r = append_trace(state, buffer);
	if (r == 0)
		r = buffer_printf(buffer,
				  "Message-ID: <%016llx.%llu@%s>\n"
				  "Date: Tue, 24 Nov 2026 %02u:%02u:%02u +0900\n"
				  "From: \"%s %s\" <%s.%u@%s>\n"
				  "To: <user%u@destination.example>\n",
				  (unsigned long long)random_number(state),
				  (unsigned long long)index, domain, random_below(state, 24),
				  random_below(state, 60), random_below(state, 60), word(state),
				  word(state), word(state), random_below(state, 100), domain,
				  random_below(state, 5000));
	if (r == 0 && random_below(state, 3) == 0)
		r = buffer_printf(buffer,
				  "Cc: \"%s\" <%s@destination.example>,\n\t<%s@other.example>\n",
				  word(state), word(state), word(state));
	if (r == 0)
		r = append_subject(state, buffer);
	if (r == 0 && random_below(state, 3) == 0)
		r = buffer_printf(buffer,
				  "List-Unsubscribe: <https://lists.%s/u/%u>,\n"
				  "\t<mailto:leave-%u@lists.%s>\n"
				  "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
				  domain, random_below(state, 100000), random_below(state, 100000),
				  domain);
	if (r == 0)
		r = buffer_append_string(buffer, "MIME-Version: 1.0\n");
	if (r == 0)
		r = append_type(kind, buffer);
	return r == 0 ? buffer_append_byte(buffer, '\n') : r;
}

static size_t put_text(char *line, const char *text)
{
	size_t size = strlen(text);

	memcpy(line, text, size);
	return size;
}

/* A line of words; now and then with what a canonicalization has to see: dots, spaces at the end. */
static size_t make_text_line(uint64_t *state, char line[LINE_SIZE_MAX])
{
	unsigned dice = random_below(state, 64);
	size_t size = 0;

	if (dice == 0)
		return put_text(line, "\n");
	if (dice == 1)
		size += put_text(line, "... ");
	while (size < LINE_SIZE_MAX - 16) {
		size += put_text(line + size, word(state));
		line[size++] = ' ';
	}
	if (dice != 2)
		size--;
	line[size++] = '\n';
	return size;
}

static size_t make_html_line(uint64_t *state, char line[LINE_SIZE_MAX])
{
	size_t size = put_text(line, "<td class=3D\"c\">");

	while (size < LINE_SIZE_MAX - 20) {
		size += put_text(line + size, word(state));
		line[size++] = ' ';
	}
	return size + put_text(line + size, "=\n");
}

static size_t make_base64_line(uint64_t *state, char line[LINE_SIZE_MAX])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < 76;) {
		uint64_t bits = random_number(state);

		for (size_t k = 0; k < 10 && i < 76; k++, bits >>= 6)
			line[i++] = digits[bits & 63];
	}
	line[76] = '\n';
	return 77;
}

static size_t make_line(enum body_kind kind, uint64_t *state, char line[LINE_SIZE_MAX])
{
	switch (kind) {
	case BODY_TEXT: return make_text_line(state, line);
	case BODY_HTML: return make_html_line(state, line);
	case BODY_BASE64: return make_base64_line(state, line);
	}
	return 0;
}

/* Fills up to `end`, which is a size of the whole buffer. At least one line. */
static int append_body(enum body_kind kind, uint64_t *state, size_t end, struct buffer *buffer)
{
	int r = buffer_reserve(buffer,
			       LINE_SIZE_MAX + (end > buffer->size ? end - buffer->size : 0));
	size_t line_start = buffer->size;

	if (r != 0)
		return r;
	do {
		line_start = buffer->size;
		buffer->size += make_line(kind, state, (char *)buffer->data + buffer->size);
	} while (buffer->size < end);
	if (end > line_start) {
		buffer->size = end;
		buffer->data[end - 1] = '\n';
	}
	return 0;
}

int mail_maker_append(const struct mail_maker *maker, uint64_t index, struct buffer *buffer)
{
	uint64_t state = maker->seed * UINT64_C(0xd1342543de82ef95) + index;
	size_t start = buffer->size;
	size_t size;
	enum body_kind kind;
	int r;

	(void)random_number(&state); /* neighbours must not begin alike */
	state = random_number(&state);
	size = pick_size(maker, &state);
	kind = size > 40960 ? BODY_BASE64 : random_below(&state, 3) == 0 ? BODY_HTML : BODY_TEXT;
	r = append_header(maker, index, &state, kind, buffer);
	return r == 0 ? append_body(kind, &state, start + size, buffer) : r;
}
