/*
 * spool_dir - the directories of one spool, opened and locked.
 *
 * Is:       SPOOL/in, tmp, out and failed (docs/architecture.md, "States on disk"), as descriptors.
 * Use:      spool_dir_open(path, 2000, &dir, why); ...; spool_dir_close(&dir);
 * Errors:   -errno, or SPOOL_DIR_E_*; `why` then holds one line for a person.
 * Owns:     its descriptors and the lock. Whoever holds the lock is the only postseal there.
 * Threads:  the descriptors may be used from any; open and close from one.
 */
#ifndef SIGNER_SPOOL_SPOOL_DIR_H
#define SIGNER_SPOOL_SPOOL_DIR_H

#include "common/buffer.h"

#include <dirent.h>

enum {
	SPOOL_DIR_E_LOCKED = 1, /* another process works on it: try later */
	SPOOL_DIR_E_DEVICE,	/* its directories are on different file systems */
};

struct spool_dir {
	int root_fd;
	int in_fd;
	int tmp_fd;
	int out_fd;
	int failed_fd;
	int lock_fd;
	uint64_t device; /* st_dev of all four */
	/*
	 * A flush of one directory makes all renames before it durable, and each as a whole, as on ext4 and
	 * XFS, which have one log for all. Where that is not known, only a flush of everything does.
	 */
	bool ordered_renames;
};

#define SPOOL_DIR_CLOSED ((struct spool_dir){-1, -1, -1, -1, -1, -1, 0, false})

/* Creates in, tmp, out and failed where they are missing. Waits up to `wait_ms` for the lock. */
MUST_CHECK int spool_dir_open(const char *path, unsigned wait_ms, struct spool_dir *dir_out,
			      struct buffer *why);
void spool_dir_close(struct spool_dir *dir);

/* What a writer without privileges may still take. */
struct spool_room {
	uint64_t bytes;
	uint64_t inodes; /* UINT64_MAX where the file system has no fixed number */
};
MUST_CHECK int spool_dir_room(const struct spool_dir *dir, struct spool_room *room_out);

/* The names in a directory, for readdir() and closedir(). NULL: it cannot be read, and errno says why. */
DIR *spool_dir_names(int dir_fd, const char *name);

/* How many of them have no leading dot; not counted further than to `enough`. 0 if it cannot be read. */
uint64_t spool_dir_count(int dir_fd, const char *name, uint64_t enough);

#endif
