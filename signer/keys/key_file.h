/*
 * key_file - a private key in a file, and whether the file is still the same.
 *
 * Is:       opened safely (safe_path.h), read into secret memory, parsed (key.h).
 * Is not:   a cache (key_store.h).
 * Units:    a file has at most KEY_FILE_SIZE_MAX bytes; an RSA-8192 key has 6,500.
 * Errors:   enum key_outcome with a text that names the file; -errno when the machine is short of
 *           something (-ENOMEM, -EMFILE, -ENFILE), which says nothing about the key.
 * Owns:     its descriptor; close it.
 * Threads:  one at a time per object. Blocks: not for an I/O thread, but for key_file_stamp().
 *
 *	struct key_file file;
 *
 *	r = key_file_open(&file, safe, "/etc/keys/s1.pem", SAFE_PATH_REFUSE, &problem);
 *	r = key_file_read(&file, 1024, &key, &problem);
 *	key_file_close(&file);
 */
#ifndef SIGNER_KEYS_KEY_FILE_H
#define SIGNER_KEYS_KEY_FILE_H

#include "common/compiler.h"
#include "signer/keys/key.h"
#include "signer/keys/safe_path.h"

#include <stdbool.h>
#include <stdint.h>

#define KEY_FILE_SIZE_MAX ((size_t)64 << 10)

/* What changes when a file is written to or replaced. Zeros: there is no file. */
struct key_file_stamp {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t modified_ns; /* since 1970 */
	int64_t changed_ns;  /* since 1970; also owner, mode, links */
};

struct key_file {
	const char *path; /* borrowed */
	int fd;
	struct key_file_stamp stamp; /* as it was opened */
	bool locked;		     /* the text was read into locked memory */
};

/* With SAFE_PATH_REPORT and 0, a text in `problem` says why the file is not safe. */
MUST_CHECK int key_file_open(struct key_file *file, struct safe_path *safe, const char *path,
			     enum safe_path_policy policy, struct key_problem *problem);
MUST_CHECK int key_file_read(struct key_file *file, unsigned rsa_bits_min, struct key **key_out,
			     struct key_problem *problem);
void key_file_close(struct key_file *file);

/* One stat(2). Whatever keeps us from the file counts as no file. */
struct key_file_stamp key_file_stamp(const char *path);
bool key_file_stamp_equal(const struct key_file_stamp *a, const struct key_file_stamp *b);

#endif
