/*
 * signature_field - the DKIM-Signature field of a signer, written before its values are known.
 *
 * Is:       the text of the field with gaps for bh=, l= and b=. The size of the text does not
 *           change when they are filled, so it can be written into a file at once and its place
 *           be written again at the end.
 * Use:      a struct of zeros. Per signature: signature_field_compose() when the header is known;
 *           signature_field_set_body_hash(), and signature_field_set_body_length() where l= is
 *           wanted, when the body is; the digest of signature_field_unsigned() is what is signed
 *           (header_hash_digest()); signature_field_set_signature(). Before that,
 *           signature_field_text() has the gaps filled with "=" (l= with "0").
 * Form:     v a c d s t x i r bh l h z b, each tag behind a blank or a tab, no line over 78 columns
 *           but where a token is longer than that. b= ends the field and nothing stands between
 *           "b=" and the signature, so that the text without its value is the same to everybody,
 *           in simple too, where each blank counts.
 * l=:       digits with zeros in front, which the grammar allows (1*76DIGIT), as many as the
 *           largest number needs that the caller expects.
 * Source:   RFC 6376 3.5 and 3.7, RFC 6651 3.2 (r=y).
 * Errors:   -ENOMEM.
 * Owns:     its text, whose memory serves the next signature too.
 */
#ifndef SIGNER_DKIM_SIGNATURE_FIELD_H
#define SIGNER_DKIM_SIGNATURE_FIELD_H

#include "common/buffer.h"
#include "signer/dkim/canonicalization.h"
#include "signer/dkim/dkim_algorithm.h"
#include "signer/dkim/header.h"
#include "signer/dkim/message_reader.h"
#include "signer/dkim/name_list.h"
#include "signer/dkim/sha256.h"

#define SIGNATURE_FIELD_COLUMNS_MAX 78 /* RFC 5322 2.1.1; a tab has eight */

#define SIGNATURE_FIELD_NAME "DKIM-Signature"

struct signature_field_values {
	enum dkim_algorithm algorithm;
	enum canonicalization header_canonicalization;
	enum canonicalization body_canonicalization;
	struct bytes domain;	       /* d=, an A-label */
	struct bytes selector;	       /* s= */
	struct bytes identity;	       /* i=, not encoded, its domain an A-label; empty: none */
	uint64_t timestamp;	       /* t=, seconds since 1970 */
	uint64_t expiry;	       /* x=, likewise; 0: none */
	bool asks_reports;	       /* r=y */
	uint64_t body_length_max;      /* the largest l= that may come; 0: no l= */
	const struct name_list *names; /* h=, of header_select_list() */
	const struct header *copied;   /* the header that z= copies those fields from, or NULL */
	size_t signature_size;	       /* bytes of the signature */
	enum message_line_end line_end;
};

/* Private. */
struct signature_field {
	struct buffer text;
	size_t body_hash_offset;
	size_t body_length_offset;
	size_t body_length_digits;
	size_t signature_offset;
	size_t signature_size;
	size_t line_end_size;
};

void signature_field_deinit(struct signature_field *field);

MUST_CHECK int signature_field_compose(struct signature_field *field,
				       const struct signature_field_values *values);

void signature_field_set_body_hash(struct signature_field *field,
				   const uint8_t digest[SHA256_SIZE]);

/* Only with a body_length_max; `length` is not above it. */
void signature_field_set_body_length(struct signature_field *field, uint64_t length);

/* `signature` has signature_size bytes. */
MUST_CHECK int signature_field_set_signature(struct signature_field *field, struct bytes signature);

/* The field with an empty b=, without its final line end. */
static inline struct bytes signature_field_unsigned(const struct signature_field *field)
{
	return bytes_of(field->text.data, field->signature_offset);
}

/* The whole field with its final line end. */
static inline struct bytes signature_field_text(const struct signature_field *field)
{
	return buffer_bytes(&field->text);
}

/* Bytes allocated. */
static inline size_t signature_field_memory(const struct signature_field *field)
{
	return field->text.capacity;
}

#endif
