/*
 * key_store - the private keys in use, each parsed once, as long as its file stays the same.
 *
 * Is:       a bounded cache from a key reference to a key. A reference is what KeyTable has: a
 *           path (it begins with "/", "./" or "../"), or the key itself in PEM or base64.
 *           References to one and the same file share one key. A look-up asks the file, with
 *           one stat(2), whether it changed since `since_ns`: a new key is used from then on, and a
 *           removed one not any more. What failed is remembered for a second, or until the file
 *           changes.
 * Is not:   a reader of tables, and it does not watch the directories above a file: their safety
 *           is checked when the key is read.
 * Units:    keys_max counts references, times are nanoseconds.
 * Errors:   enum key_outcome with a text; KEY_STORE_E_NOT_LOADED; -ENOMEM, -EMFILE, -ENFILE.
 * Owns:     a reference to each key in it; callers get their own, and key_unref() it.
 * Threads:  any number. key_store_peek() is for I/O threads; key_store_load() blocks on disk and on
 *           user data bases and is for workers (key_load_job in sign_job.h). Two loads of one key
 *           at a time may both read it; both return the same key.
 *
 *	r = key_store_peek(store, "/etc/keys/s1.pem", &key, &problem);
 *	if (r == KEY_STORE_E_NOT_LOADED)
 *		... submit a key_load_job, and go on with another message
 */
#ifndef SIGNER_KEYS_KEY_STORE_H
#define SIGNER_KEYS_KEY_STORE_H

#include "common/compiler.h"
#include "signer/keys/key.h"
#include "signer/keys/key_problem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	KEY_STORE_E_NOT_LOADED = 100, /* apart from enum key_outcome: load it */
};

struct key_store_config {
	size_t keys_max;       /* KeyCacheSize; at least 1 */
	unsigned rsa_bits_min; /* MinimumKeyBits */
	bool require_safe;     /* RequireSafeKeys; false: only say what is not safe */
	uid_t user;	       /* who the keys are for: the executing user */
};

struct key_store_stats {
	size_t keys;	    /* references that have a key */
	size_t failures;    /* references that are remembered to have none */
	uint64_t loads;	    /* key files and inline keys that were read and parsed */
	uint64_t evictions; /* keys put out because keys_max was reached */
	uint64_t reloads;   /* loads of keys that had been put out before */
};

struct key_store;

MUST_CHECK int key_store_new(const struct key_store_config *config, struct key_store **store_out);
void key_store_free(struct key_store *store);

bool key_store_is_path(const char *reference);

/*
 * Both set the text of `problem` always: "" if there is nothing to say. The file is not asked again if it
 * was at `since_ns` (monotonic) or later: a message that came before then needs no newer answer. With
 * KEY_STORE_ASK it is asked in any case.
 */
#define KEY_STORE_ASK INT64_MAX
MUST_CHECK int key_store_peek(struct key_store *store, const char *reference, int64_t since_ns,
			      struct key **key_out, struct key_problem *problem);
/* With 0, a text says why the file is not safe (require_safe false): once a load, not a message. */
MUST_CHECK int key_store_load(struct key_store *store, const char *reference, struct key **key_out,
			      struct key_problem *problem);

/* Something that the operator should hear of, each once in the life of the store; false: nothing.
 * Cheap, to be asked now and then. */
#define KEY_STORE_NOTICE_SIZE 256
bool key_store_take_notice(struct key_store *store, char text_out[KEY_STORE_NOTICE_SIZE]);

void key_store_stats(struct key_store *store, struct key_store_stats *stats_out);

#endif
