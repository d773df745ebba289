/*
 * recovery - finishes what a process that was killed, or a machine that lost power, had begun.
 *
 * Is:       the repeat of what the manifests in tmp/ say, and the removal of everything else there.
 *           docs/architecture.md, "What start-up does", has the reasons.
 * Use:      spool_recover() after the lock is held and before the first unit is taken.
 * Errors:   -errno, and one line in `why`; the spool must then not be used, or a message could be
 *           signed twice.
 * Threads:  one; it blocks.
 */
#ifndef SIGNER_SPOOL_RECOVERY_H
#define SIGNER_SPOOL_RECOVERY_H

#include "signer/spool/spool_dir.h"

struct recovery_counts {
	uint64_t manifests;
	uint64_t placed;  /* files that were put into their places */
	uint64_t removed; /* units that had been released and were still in in/ */
	uint64_t dropped; /* files in tmp/ that belonged to nothing */
};

/* `durable` as in batch.h. */
MUST_CHECK int spool_recover(const struct spool_dir *dir, bool durable,
			     struct recovery_counts *counts_out, struct buffer *why);

#endif
