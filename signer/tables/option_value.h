/*
 * option_value - the text of one option, as a value, and back.
 *
 * Is:       what opendkim.conf(5) says of booleans, numbers, sizes and words, by option_type.
 * Is not:   where the value is kept (signer_config.h). Texts (strings, paths, data sets and lists
 *           of names) are no values here: they stay as they are.
 * Errors:   OPTION_VALUE_E_INVALID with a reason for people; printing: -ENOMEM.
 * Owns:     nothing.
 * Threads:  any.
 */
#ifndef SIGNER_TABLES_OPTION_VALUE_H
#define SIGNER_TABLES_OPTION_VALUE_H

#include "common/buffer.h"
#include "common/compiler.h"
#include "signer/tables/option_table.h"
#include "signer/tables/signer_config.h"

enum {
	OPTION_VALUE_E_INVALID = 1,
};

/* Only the member of the option's type counts, the others are zero. */
struct option_value {
	bool yes;
	int64_t number; /* also of sizes and file modes */
	int choice;
	enum signer_canon header_canon;
	enum signer_canon body_canon;
	bool mode_sign;
	bool mode_verify;
	struct signer_rate rate;
};

#define OPTION_VALUE_REASON_SIZE 400

bool option_type_is_text(enum option_type type);

/* `reason` is written with OPTION_VALUE_E_INVALID: what is wrong, and what is allowed. */
MUST_CHECK int option_value_parse(const struct option *option, const char *text,
				  struct option_value *value_out,
				  char reason[OPTION_VALUE_REASON_SIZE]);

/* Is it the value of the option's default? */
bool option_value_is_default(const struct option *option, const char *text);

/* Adds the value as it would be written in the file. */
MUST_CHECK int option_value_print(const struct option *option, const struct option_value *value,
				  struct buffer *text);

#endif
