/*
 * option_table - every option of opendkim.conf, and ours: name, type, range, default, meaning.
 *
 * Is:       the one list that reading, checking, --help, the dump of the configuration and the
 *           check of the man page go by.
 * Is not:   the values (signer_config.h).
 * Source:   opendkim.conf(5) of 2.11 and of the development tree up to 2026, with the options of
 *           features that are off in most builds: 160 and some names.
 * Units:    a bound of an OPTION_INTEGER has the unit of its `struct signer_config` member.
 * Errors:   none.
 * Owns:     nothing that is not const.
 * Threads:  any.
 */
#ifndef SIGNER_TABLES_OPTION_TABLE_H
#define SIGNER_TABLES_OPTION_TABLE_H

#include "common/bytes.h"

enum option_type {
	OPTION_BOOL,	  /* its first byte: t, y, 1 or f, n, 0 */
	OPTION_INTEGER,	  /* 0x.. is hexadecimal, 0.. octal */
	OPTION_UMASK,	  /* read as an OPTION_INTEGER, written octal */
	OPTION_SIZE,	  /* bytes, or with K, M, G, T */
	OPTION_FILE_MODE, /* octal */
	OPTION_STRING,
	OPTION_PATH,	/* relative to BaseDirectory */
	OPTION_DATASET, /* kept as its text */
	OPTION_NAMES,	/* a dataset of which only the keys count, read at the start */
	OPTION_CHOICE,	/* one of the words in `choices`, or the start of one (see `is_short`) */
	OPTION_CANONICALIZATION,
	OPTION_MODE,
	OPTION_RATE, /* n/t, n/tm, n/th or n/td */
	OPTION_INCLUDE,
};

enum option_class {
	OPTION_USED,	 /* does what it says */
	OPTION_MILTER,	 /* does what it says where a milter runs; the spool has no use for it */
	OPTION_IGNORED,	 /* one warning says what is not done */
	OPTION_VERIFIER, /* with a value of its own, an error in Mode v and of no use in Mode s */
	OPTION_REFUSED,	 /* without it other mail would be signed or let in: an error */
};

struct option_choice {
	const char *word; /* NULL ends the list */
	int value;
};

struct option {
	const char *name;
	enum option_class class;
	enum option_type type;
	/* The member of struct signer_config; OPTION_NO_MEMBER: the value is only checked. */
	size_t member;
	const char *default_text; /* NULL: unset */
	int64_t min;
	int64_t max;
	const struct option_choice *choices;
	bool is_short;	     /* the first letters of a choice are enough */
	const char *same_as; /* the name under which the value is kept; NULL: its own */
	/* One sentence: what it does; of a class that does not do it, what is not done. */
	const char *description;
};

#define OPTION_NO_MEMBER SIZE_MAX

size_t option_table_count(void);

/* In the order of the alphabet. */
const struct option *option_table_at(size_t index);

/* The option of that name in any case, or NULL. */
const struct option *option_table_find(struct bytes name);

/* The option whose name is nearest to a wrong one, or NULL where none is near. */
const struct option *option_table_nearest(struct bytes name);

size_t option_table_index(const struct option *option);

/* What values an option takes, for a message; "" for a string. `text` has room for `size`. */
void option_allowed(const struct option *option, char *text, size_t size);

#endif
