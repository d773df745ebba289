/*
 * explain_report - an explanation on stdout: for a person, or as JSON.
 */
#ifndef SIGNER_CMD_EXPLAIN_REPORT_H
#define SIGNER_CMD_EXPLAIN_REPORT_H

#include "signer/cmd/explanation.h"

void explain_report_text(const struct explanation *explanation, bool is_verbose);
void explain_report_json(const struct explanation *explanation);

#endif
