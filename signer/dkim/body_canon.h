/*
 * body_canon - DKIM body canonicalization, as a push parser.
 *
 * Is:       the bytes of one message body in, canonical bytes out, in any split.
 * Is not:   header canonicalization (header_canon.h), hashing (the sink does it), or the l= cut
 *           (body_hash.h).
 * Use:      body_canon_start() per message, body_canon_push()..., body_canon_finish().
 * Source:   RFC 6376 3.4.3 "simple", 3.4.4 "relaxed"; line ends RFC 5322 2.3.
 * Lines:    every LF ends a line, with or without a CR before it, and becomes CRLF. A CR without
 *           LF is an error, or, with fix_crlf, ends a line too.
 * Units:    sizes and counts are bytes, except `empty_lines_held`.
 * Errors:   0, or BODY_CANON_E_BARE_CR (the caller answers it), or what the sink returned (passed
 *           up). After any error the object takes nothing but a new start.
 * Owns:     nothing. Input is borrowed for the call; the sink must outlive the object.
 * Threads:  one thread per object; no hidden state, so two objects never meet.
 */
#ifndef SIGNER_DKIM_BODY_CANON_H
#define SIGNER_DKIM_BODY_CANON_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "signer/dkim/canonicalization.h"

#define BODY_CANON_STAGING_SIZE 4096
#define BODY_CANON_CHUNK_SIZE	2048

enum {
	BODY_CANON_E_BARE_CR = 1,
};

/* Takes canonical bytes, in pieces that are large where the body allows it; 0 to go on. */
typedef int body_canon_sink(void *context, struct bytes canonical);

/* Private. */
struct body_canon {
	body_canon_sink *sink;
	void *sink_context;
	enum canonicalization canonicalization;
	bool fix_crlf;
	bool at_line_start; /* nothing of the current line was given out */
	bool cr_pending;    /* the last byte was a CR */
	bool wsp_pending;   /* relaxed: the last bytes were white space */
	bool has_output;
	uint64_t empty_lines_held; /* given out only if something comes after them */
	size_t staging_size;
	uint8_t staging[BODY_CANON_STAGING_SIZE];
	uint8_t rewritten[BODY_CANON_CHUNK_SIZE * 2 + 16]; /* each byte may become two */
};

void body_canon_start(struct body_canon *canon, enum canonicalization canonicalization,
		      bool fix_crlf, body_canon_sink *sink, void *sink_context);
MUST_CHECK int body_canon_push(struct body_canon *canon, struct bytes input);
MUST_CHECK int body_canon_finish(struct body_canon *canon);

#endif
