/*
 * spool_fixture - a spool, a key and a configuration that are gone afterwards.
 *
 *	struct spool_fixture fixture;
 *
 *	spool_fixture_open(&fixture, options);                 "Name", "value", ..., NULL
 *	spool_fixture_put(&fixture, "in/a.eml", bytes);        as a producer does: by rename
 *	spool_fixture_run(&fixture, NULL, &result);            spool_run(), --once
 *	spool_fixture_list(&fixture, "out", &names);           "a.eml b.eml"
 *	spool_fixture_close(&fixture);
 *
 * Senders:  example.com is signed (d=example.com s=s1), nokey.example has a row whose key is missing,
 *           and no row is for any other.
 * Engines:  "auto" and "threads" are both of them; where a container forbids io_uring, and under
 *           valgrind, auto is threads, too.
 * Errors:   the program ends: a fixture that fails tells nothing about what is tested.
 */
#ifndef TESTS_UNIT_SPOOL_FIXTURE_H
#define TESTS_UNIT_SPOOL_FIXTURE_H

#include "signer/spool/spool.h"
#include "tests/unit/mail_check.h"

#define SPOOL_FIXTURE_PATH 80

struct spool_fixture {
	char root[SPOOL_FIXTURE_PATH]; /* holds the spool, the key and the tables */
	char spool[SPOOL_FIXTURE_PATH];
	struct signing_context *context;
	struct public_key *key;
};

void spool_fixture_open(struct spool_fixture *fixture, const char *const *options);
void spool_fixture_close(struct spool_fixture *fixture);

/* Another configuration for the same spool and key. */
void spool_fixture_configure(struct spool_fixture *fixture, const char *const *options);

/* Another key in the file of the key; fixture->key is its public half. */
void spool_fixture_replace_key(struct spool_fixture *fixture);

/* Empties in/, tmp/, out/ and failed/. */
void spool_fixture_clear(struct spool_fixture *fixture);

/* `path` is relative to the spool. */
void spool_fixture_put(struct spool_fixture *fixture, const char *path, struct bytes content);
void spool_fixture_put_text(struct spool_fixture *fixture, const char *path, const char *text);
bool spool_fixture_has(const struct spool_fixture *fixture, const char *path);

void spool_fixture_remove(struct spool_fixture *fixture, const char *path);

/* Replaces the content of `content`; false: there is no such file. */
bool spool_fixture_get(const struct spool_fixture *fixture, const char *path,
		       struct buffer *content);

/* The names in one directory of the spool, sorted, with a blank between. Not those with a dot. */
const char *spool_fixture_list(const struct spool_fixture *fixture, const char *directory,
			       struct buffer *names);

/* What signs with the fixture's context, for one run. */
MUST_CHECK int spool_fixture_core(struct spool_fixture *fixture, struct signing_core *core);

/* spool_run() with --once. */
int spool_fixture_run(struct spool_fixture *fixture, const struct ring_fault *fault,
		      struct spool_result *result_out);

/* One message with these as From and Message-ID; `body` may be NULL. The text is replaced. */
void spool_fixture_message(struct buffer *text, const char *from, const char *id, const char *body);

/* Adds a transaction to a batch. */
void spool_fixture_add_to_batch(struct buffer *batch, struct bytes message);

/* Descriptors that this process has open. */
unsigned spool_fixture_descriptors(void);

#endif
