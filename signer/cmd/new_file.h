/*
 * new_file - a file that appears complete under its name, or not at all.
 *
 * Is:       written under another name in the same directory, made durable, and renamed. What had the
 *           name before is replaced in that moment.
 * Use:      new_file_open(), new_file_write()..., new_file_place(), and new_file_close() always.
 * Errors:   -errno; then close() removes what there is of it.
 * Owns:     its descriptor and its working name.
 */
#ifndef SIGNER_CMD_NEW_FILE_H
#define SIGNER_CMD_NEW_FILE_H

#include "common/bytes.h"
#include "common/compiler.h"

#include <limits.h>
#include <sys/types.h>

struct new_file {
	int fd;
	bool is_made; /* under its working name */
	char path[PATH_MAX];
	char working_path[PATH_MAX];
};

/* The mode is exact, whatever the umask is. */
MUST_CHECK int new_file_open(struct new_file *file, const char *path, mode_t mode);
MUST_CHECK int new_file_write(struct new_file *file, struct bytes bytes);
MUST_CHECK int new_file_place(struct new_file *file);

/* Takes one that new_file_open() failed on, too. */
void new_file_close(struct new_file *file);

#endif
