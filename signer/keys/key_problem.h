/*
 * key_problem - what is wrong with a key: an outcome for the program, a text for a person.
 *
 * Is:       the outcomes of everything that loads a private key, and the text that goes with one.
 *           The text is one line that names the file, and never holds any of the key.
 * Errors:   a key that cannot be used now may be repaired on disk, so every outcome means "try
 *           later"; no mail is refused for good because of one.
 * Owns:     its text.
 */
#ifndef SIGNER_KEYS_KEY_PROBLEM_H
#define SIGNER_KEYS_KEY_PROBLEM_H

#include "common/compiler.h"
#include "signer/keys/safe_path.h"

enum key_outcome {
	KEY_E_MISSING = 1, /* no such file */
	KEY_E_UNREADABLE,  /* there, but not for us */
	KEY_E_NOT_FILE,	   /* a directory, FIFO, socket or device */
	KEY_E_UNSAFE,	   /* others can read or change it (safe_path.h) */
	KEY_E_MALFORMED,   /* empty, cut short, or no key at all */
	KEY_E_NOT_PRIVATE, /* a public key or a certificate */
	KEY_E_ENCRYPTED,   /* wants a passphrase */
	KEY_E_UNSUPPORTED, /* a private key that is neither RSA nor Ed25519 */
	KEY_E_TOO_SMALL,
	KEY_E_TOO_LARGE,
	KEY_E_BROKEN, /* its parts do not belong together */
};

#define KEY_PROBLEM_TEXT_SIZE SAFE_PATH_TEXT_SIZE

struct key_problem {
	char text[KEY_PROBLEM_TEXT_SIZE]; /* "": nothing to say */
};

/* Sets the text and returns `outcome`, an enum key_outcome or -errno. */
PRINTF_LIKE(3, 4)
int key_problem_set(struct key_problem *problem, int outcome, const char *format, ...);

#endif
