/*
 * owner - who files in out/ belong to: SpoolOwner and SpoolMode, as numbers.
 *
 * Errors:   -ENOENT: there is no such user or group.
 */
#ifndef SIGNER_SPOOL_OWNER_H
#define SIGNER_SPOOL_OWNER_H

#include "signer/spool/out_file.h"
#include "signer/tables/signer_config.h"

/* What is not configured is (uid_t)-1, (gid_t)-1, (mode_t)-1: as the input has it, where that is allowed. */
MUST_CHECK int owner_rights(const struct signer_config *config, struct out_file_rights *rights_out);

#endif
