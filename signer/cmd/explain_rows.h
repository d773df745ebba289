/*
 * explain_rows - which rows of the SigningTable a sender was held against, in their order.
 *
 * Is:       a second reading of the table that remembers what the first one need not: every row that
 *           was looked at, and whether it matched.
 * Is not:   the decision (signing_plan.h), which explain shows beside it.
 * Source:   signing_table.h has the order.
 * Errors:   -errno; EXPLAIN_ROWS_E_REFUSED, if the table cannot be read.
 * Owns:     the rows and steps.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_EXPLAIN_ROWS_H
#define SIGNER_CMD_EXPLAIN_ROWS_H

#include "common/buffer.h"
#include "signer/tables/row_index.h"
#include "signer/tables/signer_config.h"
#include "signer/tables/signing_table.h"

enum {
	EXPLAIN_ROWS_E_REFUSED = 1,
};

struct explain_step {
	size_t subject_offset; /* in `subjects`: what was looked up or held against a pattern */
	size_t subject_size;
	const struct data_row *row; /* NULL: no row has that key */
	struct problem_place place; /* of the row */
	bool matches;
	bool undecided; /* the pattern took too long */
};

struct explain_rows {
	struct row_index *index;
	struct buffer subjects;
	struct explain_step *steps;
	size_t count;
	size_t capacity;
};

/* `all`: also what did not match. */
MUST_CHECK int explain_rows_find(struct explain_rows *rows, const struct signer_config *config,
				 struct sender_address sender, bool all);
void explain_rows_deinit(struct explain_rows *rows);

static inline struct bytes explain_rows_subject(const struct explain_rows *rows,
						const struct explain_step *step)
{
	return bytes_slice(buffer_bytes(&rows->subjects), step->subject_offset,
			   step->subject_offset + step->subject_size);
}

#endif
