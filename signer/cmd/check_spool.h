/*
 * check_spool - whether a spool directory could be worked on, without touching it.
 *
 * Is:       its directories, rights, file system and room, and who holds it. A file is made in tmp and
 *           removed again, because nothing else shows that one can be.
 * Errors:   none: all is in the report.
 */
#ifndef SIGNER_CMD_CHECK_SPOOL_H
#define SIGNER_CMD_CHECK_SPOOL_H

#include "signer/cmd/check_report.h"
#include "signer/tables/signer_config.h"

void check_spool(const struct signer_config *config, struct check_report *report);

#endif
