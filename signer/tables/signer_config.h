/*
 * signer_config - what opendkim.conf and the command line say, as plain values.
 *
 * Is:       the reader of the file, the defaults, the checks between options, and the values.
 * Is not:   the tables that the file names (signing_rules.h), or the names, types and ranges
 *           (option_table.h: the one list of them).
 * Source:   opendkim.conf(5). A line is a name, white space and a value; # starts a comment
 *           wherever it stands, and a carriage return ends the line; the last occurrence of a name
 *           wins; Include nests five levels deep.
 * Units:    a name ends in its unit where it has one.
 * Errors:   what a person must mend goes to `problems`, all of it, and the function returns
 *           SIGNER_CONFIG_E_INVALID; -errno is for what has nothing to do with the text.
 * Owns:     every string and list that it hands out, until signer_config_free().
 * Threads:  const after signer_config_check(), and then read by any number.
 *
 *	r = signer_config_new(&config);                                 the defaults
 *	r = signer_config_read(config, "/etc/opendkim.conf", problems);
 *	r = signer_config_set(config, "Selector", "s2026", problems);   each one of the command line
 *	r = signer_config_check(config, problems);                      always, and last
 *
 * Each of the four goes on after a SIGNER_CONFIG_E_INVALID of another, so that a person sees all
 * that is wrong at once.
 */
#ifndef SIGNER_TABLES_SIGNER_CONFIG_H
#define SIGNER_TABLES_SIGNER_CONFIG_H

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SIGNER_CONFIG_E_INVALID = 1, /* `problems` has an error more */
};

enum signer_action {
	SIGNER_ACTION_UNSET, /* not configured: each user of the value has a default of its own */
	SIGNER_ACTION_ACCEPT,
	SIGNER_ACTION_DISCARD,
	SIGNER_ACTION_QUARANTINE,
	SIGNER_ACTION_REJECT,
	SIGNER_ACTION_TEMPFAIL,
};

enum signer_canon {
	SIGNER_CANON_SIMPLE,
	SIGNER_CANON_RELAXED,
};

enum signer_algorithm {
	SIGNER_ALGORITHM_BY_KEY, /* whatever the key is for */
	SIGNER_ALGORITHM_RSA_SHA256,
	SIGNER_ALGORITHM_ED25519_SHA256,
};

enum signer_sync_mode {
	SIGNER_SYNC_FULL, /* a message is on the disk before it leaves */
	SIGNER_SYNC_NONE, /* for a spool in memory */
};

enum signer_io_engine {
	SIGNER_IO_AUTO,
	SIGNER_IO_URING,
	SIGNER_IO_THREADS,
};

enum signer_sign_engine {
	SIGNER_SIGN_AUTO,
	SIGNER_SIGN_LANES,
	SIGNER_SIGN_OPENSSL,
};

/* The names of a list, in its order and spelling; `*`, `+name` and `-name` are left as they are. */
struct signer_names {
	struct bytes *items;
	size_t count;
};

/* At most `count` times in `interval_seconds`; count 0: no limit. */
struct signer_rate {
	uint32_t count;
	uint32_t interval_seconds;
};

/* A string is NULL where nothing was said. A data set is its text: data_set_load() takes it. */
struct signer_config {
	/* What is signed, and as what. */
	bool mode_sign;
	bool mode_verify;
	const char *domain_set;
	bool sub_domains;
	const char *key_file;
	const char *selector;
	const char *key_table_set;
	const char *signing_table_set;
	bool multiple_signatures;
	bool check_signing_table;
	const char *exempt_domains_set;
	struct signer_names sender_headers;
	const char *sender_macro;

	/* How a signature looks. */
	enum signer_algorithm signature_algorithm;
	enum signer_canon header_canon;
	enum signer_canon body_canon;
	const char *select_canonicalization_header;
	struct signer_names sign_headers;
	struct signer_names omit_headers;
	struct signer_names oversign_headers;
	int64_t signature_ttl_seconds; /* 0: no x= */
	int64_t maximum_signed_bytes;  /* -1: no l= */
	const char *body_length_set;
	bool diagnostics;
	bool request_reports;
	bool remove_old_signatures;

	/* Keys. */
	int64_t minimum_key_bits;
	bool require_safe_keys;
	int64_t key_cache_size;	 /* keys */
	int64_t lane_cache_size; /* keys in lane form */
	const char *test_public_keys_file;

	/* What a message must be like, and what becomes of one that is not. */
	bool fix_crlf;
	bool required_headers;
	bool strict_headers;
	int64_t maximum_headers_bytes; /* 0: no limit */
	enum signer_action on_default;
	enum signer_action on_internal_error;
	enum signer_action on_security;
	enum signer_action on_signature_error;

	/* The spool. */
	const char *spool_directory;
	int64_t spool_min_free_bytes;
	int64_t spool_max_unit_bytes; /* 0: no limit */
	int64_t spool_max_out_units;  /* 0: no limit */
	const char *spool_owner;      /* USER or USER:GROUP; NULL: as the input */
	int64_t spool_mode;	      /* -1: as the input */
	int64_t spool_batch_units;
	enum signer_sync_mode sync_mode;

	/* The engines. */
	enum signer_io_engine io_engine;
	int64_t io_threads; /* 0: by the CPUs */
	enum signer_sign_engine sign_engine;
	int64_t sign_threads; /* 0: by the CPUs */

	/* The milter. */
	const char *socket;
	const char *internal_hosts_set;
	const char *external_ignore_set;
	const char *peer_list_set;
	const char *authserv_id; /* NULL: the name of this host */
	const char *mta_set;
	const char *macro_set;
	const char *dont_sign_mail_to_set;
	bool software_header;
	int64_t milter_debug;

	/* The process and its log. */
	const char *base_directory;
	const char *change_root_directory;
	bool background;
	bool auto_restart;
	int64_t auto_restart_count; /* 0: no limit */
	struct signer_rate auto_restart_rate;
	const char *pid_file;
	const char *user_id; /* USER or USER:GROUP */
	int64_t umask_bits;  /* -1: as it is */
	bool syslog;
	int syslog_facility; /* LOG_MAIL and so on */
	const char *syslog_name;
	bool syslog_success;
	bool log_why;
	bool log_results;

	struct signer_config_source *source; /* private */
};

MUST_CHECK int signer_config_new(struct signer_config **config_out);
void signer_config_free(struct signer_config *config);

MUST_CHECK int signer_config_read(struct signer_config *config, const char *path,
				  struct problems *problems);

/* As a last line of the file would. */
MUST_CHECK int signer_config_set(struct signer_config *config, const char *name, const char *value,
				 struct problems *problems);

/* What the options ask of each other; also completes the values: paths, lists, On-Default. Once. */
MUST_CHECK int signer_config_check(struct signer_config *config, struct problems *problems);

/* Adds the configuration in effect, a `Name value` a line, without what has no value. */
MUST_CHECK int signer_config_print(const struct signer_config *config, struct buffer *text);

/* Adds the value in effect of one option; SIGNER_CONFIG_E_INVALID: there is no such option. */
MUST_CHECK int signer_config_print_value(const struct signer_config *config, const char *name,
					 struct buffer *text);

/* Where the option was last set, for a message; its name alone if it was not. */
struct problem_place signer_config_place(const struct signer_config *config, const char *name);

#endif
