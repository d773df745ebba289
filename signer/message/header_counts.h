/*
 * header_counts - how often a field may stand in one message.
 *
 * Source:   RFC 5322 3.6, the table of minimum and maximum numbers.
 */
#ifndef SIGNER_MESSAGE_HEADER_COUNTS_H
#define SIGNER_MESSAGE_HEADER_COUNTS_H

#include "signer/dkim/header.h"

/* The first field whose number is wrong, NULL if there is none; `count_out` is that number. */
const char *header_counts_wrong(const struct header *header, size_t *count_out);

size_t header_counts_of(const struct header *header, struct bytes name);

#endif
