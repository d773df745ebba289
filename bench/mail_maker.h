/*
 * mail_maker - messages as a relay sees them, any number, always the same ones.
 *
 * Is:       header fields that real mail has (trace, folded and encoded subjects, list fields) and a body of
 *           text, quoted-printable HTML or base64, in LF lines as an MTA on Unix writes them. Message
 *           `index` depends on the seed and the index alone.
 * Is not:   mail with faults: everything here can be signed.
 * Units:    bytes of the whole message. One smaller than its header and a line (about 1,000 bytes) gets that
 *           size, and never less.
 * Errors:   -ENOMEM.
 * Owns:     nothing.
 * Threads:  any number.
 *
 *	struct mail_maker maker = {.seed = 1, .size = 4096, .domains = 1, .domain_stride = 1};
 *
 *	r = mail_maker_append(&maker, 17, &message);
 */
#ifndef BENCH_MAIL_MAKER_H
#define BENCH_MAIL_MAKER_H

#include "common/buffer.h"
#include "common/compiler.h"

/* In place of a size: many small ones and a few large ones, as sizes_of_mix in mail_maker.c lists. */
#define MAIL_SIZE_MIX ((size_t)0)

#define MAIL_DOMAIN_SIZE_MAX 64

struct mail_maker {
	uint64_t seed;
	size_t size;
	unsigned domains;	/* senders are spread over so many */
	unsigned domain_stride; /* numbers of domains are multiples of it */
};

/* Adds the message behind what the buffer has. */
MUST_CHECK int mail_maker_append(const struct mail_maker *maker, uint64_t index,
				 struct buffer *buffer);

/* The number of the domain in the From of that message, and its name. */
unsigned mail_maker_domain(const struct mail_maker *maker, uint64_t index);
void mail_domain_name(unsigned number, char name_out[MAIL_DOMAIN_SIZE_MAX]);

#endif
