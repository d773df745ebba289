/*
 * manifest - what a batch is about to do, on disk before it does it.
 *
 * Is:       the text form of a batch: for every unit its name in in/ with what identifies the file,
 *           and for every file of the unit its name in tmp/ and the place and name that it gets.
 * Is not:   the steps themselves (batch.h does them, recovery.h repeats them).
 * Use:      writing: manifest_begin(), then for each unit manifest_add_unit() and, behind it,
 *           manifest_add_file() for each file, then manifest_end().
 *           reading: manifest_parse() calls back in the same order.
 * Names:    those in tmp/ are our own, without blanks or "%"; all others may hold any character.
 * On disk:  docs/architecture.md, "States on disk". A file TMP/NUMBER.part is a manifest that does
 *           not count yet. It becomes NUMBER.manifest, which counts, when all that it names is
 *           durable.
 * Errors:   -ENOMEM; MANIFEST_E_MALFORMED: not a whole manifest of this version.
 */
#ifndef SIGNER_SPOOL_MANIFEST_H
#define SIGNER_SPOOL_MANIFEST_H

#include "common/buffer.h"
#include "signer/spool/input_file.h"

enum {
	MANIFEST_E_MALFORMED = 1,
};

enum spool_place {
	SPOOL_OUT,
	SPOOL_FAILED,
	SPOOL_NOTE, /* a reason, in failed/ too; it replaces an older one, and decides nothing */
};

MUST_CHECK int manifest_begin(struct buffer *manifest);
MUST_CHECK int manifest_add_unit(struct buffer *manifest, const struct unit_identity *identity,
				 const char *in_name);
MUST_CHECK int manifest_add_file(struct buffer *manifest, const char *tmp_name,
				 enum spool_place place, const char *name);
MUST_CHECK int manifest_end(struct buffer *manifest);

struct manifest_reader {
	/* Nonzero stops the reading and is passed up. Names live until the callback returns. */
	int (*unit)(void *arg, const struct unit_identity *identity, const char *in_name);
	int (*file)(void *arg, const char *tmp_name, enum spool_place place, const char *name);
	void *arg;
};

/* Checks the whole text first: a manifest that is cut or damaged calls nothing back. */
MUST_CHECK int manifest_parse(struct bytes text, const struct manifest_reader *reader);

#endif
