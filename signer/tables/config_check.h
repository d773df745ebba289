/*
 * config_check - what the options of a configuration ask of each other.
 *
 * Is:       the errors and warnings that no single line shows: an option that needs another, one
 *           that hides another, a choice that is legal and unwise.
 * Is not:   called by anybody but signer_config_check().
 * Errors:   none; everything goes to `problems`.
 * Owns:     nothing.
 * Threads:  one at a time, for the sake of `problems`.
 */
#ifndef SIGNER_TABLES_CONFIG_CHECK_H
#define SIGNER_TABLES_CONFIG_CHECK_H

#include "common/problems.h"
#include "signer/tables/signer_config.h"

void config_check(const struct signer_config *config, struct problems *problems);

#endif
