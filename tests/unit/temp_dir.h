/*
 * temp_dir - a directory for the files of one test, removed with all that is in it.
 *
 * Errors:   a failing step fails the test.
 */
#ifndef TESTS_UNIT_TEMP_DIR_H
#define TESTS_UNIT_TEMP_DIR_H

#include "common/bytes.h"

#include <limits.h>
#include <sys/types.h>

struct temp_dir {
	char path[64];
};

void temp_dir_make(struct temp_dir *dir);
void temp_dir_remove(struct temp_dir *dir);

/* "PATH/NAME", valid until the next call but seven. */
const char *temp_dir_name(const struct temp_dir *dir, const char *name);

/* Makes or overwrites a file, in place, with exactly this mode. */
void temp_dir_write(const struct temp_dir *dir, const char *name, struct bytes content,
		    mode_t mode);

/* As a writer does it that replaces a file: another one, renamed over it. */
void temp_dir_replace(const struct temp_dir *dir, const char *name, struct bytes content,
		      mode_t mode);

/* As `mkdir -m`. */
void temp_dir_mkdir(const struct temp_dir *dir, const char *name, mode_t mode);

#endif
