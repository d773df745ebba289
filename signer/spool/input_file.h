/*
 * input_file - what statx(2) says of a file in in/: which file it is, and whose.
 */
#ifndef SIGNER_SPOOL_INPUT_FILE_H
#define SIGNER_SPOOL_INPUT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * What identifies a file in in/. Not its ctime: a producer that links the file in and then removes
 * its other name changes that, and the message would be taken for a new one. Not the device: a
 * disk may have another number after the next start of the machine, and a spool is on one.
 */
struct unit_identity {
	uint64_t inode;
	uint64_t size;
	int64_t mtime_s;
	uint32_t mtime_ns;
};

struct unit_identity unit_identity_of(const struct statx *status);
bool unit_identity_equal(const struct unit_identity *a, const struct unit_identity *b);

struct input_file {
	struct unit_identity identity;
	uint32_t owner;
	uint32_t group;
	uint16_t mode; /* type and permissions; 0: nothing is known but, perhaps, the size */
};

/* The fields that it is made of. */
#define INPUT_FILE_STATX                                                                           \
	(STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | STATX_SIZE | STATX_MTIME)

struct input_file input_file_of(const struct statx *status);

#endif
