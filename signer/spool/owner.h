/*
 * owner - who files in out/ belong to: SpoolOwner and SpoolMode, as numbers.
 *
 * Errors:   -errno if users or groups cannot be looked up now, or OWNER_E_*; `why` then holds one line
 *           for a person.
 */
#ifndef SIGNER_SPOOL_OWNER_H
#define SIGNER_SPOOL_OWNER_H

#include "signer/spool/out_file.h"
#include "signer/tables/signer_config.h"

#define OWNER_WHY_SIZE 400

enum {
	OWNER_E_UNKNOWN = 100, /* there is no such user or group; apart from SPOOL_DIR_E_* */
};

/* What is not configured is (uid_t)-1, (gid_t)-1, (mode_t)-1: as the input has it, where that is allowed. */
MUST_CHECK int owner_rights(const struct signer_config *config, struct out_file_rights *rights_out,
			    char why[OWNER_WHY_SIZE]);

#endif
