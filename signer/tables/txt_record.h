/*
 * txt_record - one TXT record of a zone file, read line by line.
 *
 * Is:       NAME [TTL] [IN] TXT "..." "..." ; comment
 *           with or without ( ) around the strings; inside them the record goes on over lines. It is
 *           what genkey and opendkim-genkey write, and what dig prints.
 * Is not:   a reader of zone files: no $ORIGIN, no name that stands in the line above, no string
 *           without quotes.
 * Source:   RFC 1035 5.1; RFC 6376 3.6.2.2: the strings belong together, with nothing between them.
 * Use:      txt_record_begins() tells whether the line is the start of one; then txt_record_push() for
 *           it and each line after it, while it gives TXT_RECORD_MORE.
 * Errors:   -ENOMEM, TXT_RECORD_E_*.
 * Owns:     the text. Name and comment are borrowed from the lines.
 */
#ifndef SIGNER_TABLES_TXT_RECORD_H
#define SIGNER_TABLES_TXT_RECORD_H

#include "common/buffer.h"

enum {
	TXT_RECORD_MORE = 1, /* no error: parentheses are open */
	TXT_RECORD_E_UNQUOTED,
	TXT_RECORD_E_OPEN_STRING,
	TXT_RECORD_E_PARENTHESES,
	TXT_RECORD_E_EMPTY,
};

struct txt_record {
	struct bytes name;
	struct buffer text;   /* the strings, joined */
	struct bytes comment; /* the last one, without its semicolon */

	/* Private. */
	bool has_strings;
	bool is_open; /* a parenthesis */
};

/* Fills in the name and takes it, with all up to TXT, from the front of the line. */
bool txt_record_begins(struct txt_record *record, struct bytes *line);
void txt_record_deinit(struct txt_record *record);

MUST_CHECK int txt_record_push(struct txt_record *record, struct bytes line);

/* What a TXT_RECORD_E_* means; TXT_RECORD_MORE at the end of the file. */
const char *txt_record_reason(int outcome);

#endif
