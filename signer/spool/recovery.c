/*
 * How it works: plain system calls, one after the other: it runs once, over a few thousand names at most.
 *
 * For every unit of a manifest: if none of its files is in tmp/ any more, it was released, and what is
 * left is to remove it from in/. If some are, they are put into their places now. If that cannot
 * be (the name is taken), a unit of which nothing was placed stays in in/, and what it has in tmp/ goes
 * when the manifest is gone. Each step leaves a state from which the whole can be run again.
 */
#include "signer/spool/recovery.h"

#include "common/log.h"
#include "signer/spool/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_SUFFIX ".manifest"
#define DAMAGED_SUFFIX	".damaged"

/* out/, failed/ and the note. */
#define UNIT_FILES_MAX 3

struct unit_file {
	char tmp_name[NAME_MAX + 1];
	char name[NAME_MAX + 1];
	enum spool_place place;
};

struct recovery {
	const struct spool_dir *dir;
	bool durable;
	struct recovery_counts counts;
	struct buffer *why;
	/* The unit whose lines are being read. */
	bool in_unit;
	struct unit_identity identity;
	char in_name[NAME_MAX + 1];
	struct unit_file files[UNIT_FILES_MAX];
	size_t file_count;
};

static int explain(struct recovery *recovery, const char *what, const char *name, int error)
{
	buffer_clear(recovery->why);
	(void)!buffer_printf(recovery->why, "recovery: cannot %s %s: %s", what, name,
			     strerror(-error));
	return error;
}

/* "It is not there" means that a message was released, so nothing else may be taken for it. */
static int is_in_tmp(struct recovery *recovery, const char *name, bool *there_out)
{
	struct stat status;

	*there_out = fstatat(recovery->dir->tmp_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	return *there_out || errno == ENOENT ? 0 : explain(recovery, "look at", name, -errno);
}

static int place_fd(const struct recovery *recovery, enum spool_place place)
{
	return place == SPOOL_OUT ? recovery->dir->out_fd : recovery->dir->failed_fd;
}

/*
 * The name is taken by the file itself. Not every file system makes both halves of a rename durable at the
 * same time.
 */
static bool is_placed_twice(const struct recovery *recovery, const struct unit_file *file)
{
	struct stat in_tmp;
	struct stat placed;

	return fstatat(recovery->dir->tmp_fd, file->tmp_name, &in_tmp, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(place_fd(recovery, file->place), file->name, &placed, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       in_tmp.st_ino == placed.st_ino;
}

/* 0 placed, -EEXIST the name is taken. */
static int place_file(struct recovery *recovery, const struct unit_file *file)
{
	if (renameat2(recovery->dir->tmp_fd, file->tmp_name, place_fd(recovery, file->place),
		      file->name, RENAME_NOREPLACE) == 0) {
		recovery->counts.placed++;
		return 0;
	}
	if (errno == EEXIST)
		return is_placed_twice(recovery, file) ? 0 : -EEXIST;
	return explain(recovery, "place", file->name, -errno);
}

/* Takes back what this run or the one before placed in failed/: its other half cannot be placed. */
static int undo_failed(struct recovery *recovery, const struct unit_file *file)
{
	/* Gone from there: somebody has dealt with it, as with any file in failed/. */
	if (renameat2(recovery->dir->failed_fd, file->name, recovery->dir->tmp_fd, file->tmp_name,
		      RENAME_NOREPLACE) != 0 &&
	    errno != ENOENT)
		return explain(recovery, "take back", file->name, -errno);
	return 0;
}

static int remove_unit(struct recovery *recovery)
{
	struct unit_identity now;
	struct statx status;

	if (statx(recovery->dir->in_fd, recovery->in_name, AT_SYMLINK_NOFOLLOW,
		  STATX_INO | STATX_SIZE | STATX_MTIME, &status) != 0)
		return errno == ENOENT ? 0
				       : explain(recovery, "look at", recovery->in_name, -errno);
	now = unit_identity_of(&status);
	if (!unit_identity_equal(&now, &recovery->identity))
		return 0; /* another message with the same name */
	if (unlinkat(recovery->dir->in_fd, recovery->in_name, 0) != 0)
		return explain(recovery, "remove", recovery->in_name, -errno);
	recovery->counts.removed++;
	return 0;
}

/* A name is taken: the unit stays. failed/ is placed before out/, so that is all there may be to undo. */
static int unit_stays(struct recovery *recovery, size_t index, size_t placed)
{
	const struct unit_file *file = &recovery->files[index];

	log_warning("recovery: %s/%s exists already, %s stays in in/",
		    file->place == SPOOL_OUT ? "out" : "failed", file->name, recovery->in_name);
	return placed > 0 ? undo_failed(recovery, &recovery->files[index - 1]) : 0;
}

/* The message files (not the note) that are placed, before or now. Nothing placed: the unit stays. */
static int place_message_files(struct recovery *recovery, size_t *placed_out)
{
	size_t placed = 0;

	*placed_out = 0;
	for (size_t i = 0; i < recovery->file_count; i++) {
		struct unit_file *file = &recovery->files[i];
		bool in_tmp;
		int r;

		if (file->place == SPOOL_NOTE)
			continue;
		r = is_in_tmp(recovery, file->tmp_name, &in_tmp);
		if (r == 0 && in_tmp)
			r = place_file(recovery, file);
		if (r == -EEXIST)
			return unit_stays(recovery, i, placed);
		if (r != 0)
			return r;
		placed++;
	}
	*placed_out = placed;
	return 0;
}

/* A note that cannot be placed holds nothing up. */
static void place_notes(struct recovery *recovery)
{
	for (size_t i = 0; i < recovery->file_count; i++) {
		const struct unit_file *file = &recovery->files[i];

		if (file->place == SPOOL_NOTE &&
		    renameat(recovery->dir->tmp_fd, file->tmp_name, recovery->dir->failed_fd,
			     file->name) == 0)
			recovery->counts.placed++;
	}
}

/* All lines of one unit have been read. */
static int finish_unit(struct recovery *recovery)
{
	size_t placed;
	int r;

	if (!recovery->in_unit)
		return 0;
	recovery->in_unit = false;
	r = place_message_files(recovery, &placed);
	if (r != 0 || placed == 0)
		return r;
	place_notes(recovery);
	return remove_unit(recovery);
}

static int read_unit(void *arg, const struct unit_identity *identity, const char *in_name)
{
	struct recovery *recovery = arg;
	int r = finish_unit(recovery);

	if (r != 0)
		return r;
	recovery->in_unit = true;
	recovery->identity = *identity;
	recovery->file_count = 0;
	snprintf(recovery->in_name, sizeof(recovery->in_name), "%s", in_name);
	return 0;
}

static int read_file(void *arg, const char *tmp_name, enum spool_place place, const char *name)
{
	struct recovery *recovery = arg;
	struct unit_file *file;

	if (recovery->file_count == UNIT_FILES_MAX)
		return -EINVAL;
	file = &recovery->files[recovery->file_count++];
	file->place = place;
	snprintf(file->tmp_name, sizeof(file->tmp_name), "%s", tmp_name);
	snprintf(file->name, sizeof(file->name), "%s", name);
	return 0;
}

static int read_text(int dir_fd, const char *name, struct buffer *text)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = 0;
	int r = fd < 0 ? -errno : 0;

	while (r == 0) {
		r = buffer_reserve(text, 64 * 1024);
		if (r != 0)
			break;
		got = read(fd, text->data + text->size, text->capacity - text->size);
		if (got <= 0)
			break;
		text->size += (size_t)got;
	}
	if (got < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

static int flush(const struct recovery *recovery, int fd)
{
	int r = 0;

	if (recovery->durable)
		r = recovery->dir->ordered_renames ? fsync(fd) : syncfs(fd);
	return r == 0 ? 0 : -errno;
}

/* A manifest was whole when it got its name; if it is not now, the disk has damaged it. */
static int keep_damaged(struct recovery *recovery, const char *name)
{
	char kept[NAME_MAX + 1];

	snprintf(kept, sizeof(kept), "%.200s" DAMAGED_SUFFIX, name);
	log_error("recovery: tmp/%s is damaged, kept as tmp/%s: units that it named may be signed "
		  "a second time",
		  name, kept);
	if (renameat(recovery->dir->tmp_fd, name, recovery->dir->tmp_fd, kept) != 0)
		return explain(recovery, "rename", name, -errno);
	return 0;
}

static int replay(struct recovery *recovery, const char *name)
{
	const struct spool_dir *dir = recovery->dir;
	struct manifest_reader reader = {read_unit, read_file, recovery};
	struct buffer text = {0};
	int r = read_text(dir->tmp_fd, name, &text);

	if (r != 0)
		r = explain(recovery, "read", name, r);
	if (r == 0)
		r = manifest_parse(buffer_bytes(&text), &reader);
	buffer_deinit(&text);
	if (r == MANIFEST_E_MALFORMED)
		return keep_damaged(recovery, name);
	if (r == 0)
		r = finish_unit(recovery);
	if (r == 0)
		r = flush(recovery, dir->failed_fd);
	if (r == 0)
		r = flush(recovery, dir->out_fd);
	if (r == 0)
		r = flush(recovery, dir->in_fd);
	if (r == 0 && unlinkat(dir->tmp_fd, name, 0) != 0)
		r = explain(recovery, "remove", name, -errno);
	/* Gone for good before any file that it names may go. */
	if (r == 0)
		r = flush(recovery, dir->tmp_fd);
	recovery->counts.manifests++;
	return r;
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t size = strlen(name);
	size_t suffix_size = strlen(suffix);

	return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

/* The directory is read to its end first, because the visits change it. */
static int list_tmp(const struct recovery *recovery, struct buffer *names)
{
	DIR *directory = spool_dir_names(recovery->dir->tmp_fd, ".");
	struct dirent *entry;
	int r = 0;

	if (directory == NULL)
		return -errno;
	while (r == 0) {
		errno = 0; /* what other calls leave in it is no error of this one */
		entry = readdir(directory);
		if (entry == NULL) {
			r = -errno;
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = buffer_append(names,
					  bytes_of(entry->d_name, strlen(entry->d_name) + 1));
	}
	closedir(directory);
	return r;
}

static int replay_all(struct recovery *recovery, const struct buffer *names)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < names->size;
	     at += strlen((char *)names->data + at) + 1) {
		const char *name = (const char *)names->data + at;

		if (ends_with(name, MANIFEST_SUFFIX))
			r = replay(recovery, name);
	}
	return r;
}

/* What is left in tmp/ counts for nothing. What cannot be removed does no harm either. */
static void drop_rest(struct recovery *recovery, const struct buffer *names)
{
	for (size_t at = 0; at < names->size; at += strlen((char *)names->data + at) + 1) {
		const char *name = (const char *)names->data + at;

		if (ends_with(name, MANIFEST_SUFFIX) || ends_with(name, DAMAGED_SUFFIX))
			continue;
		if (unlinkat(recovery->dir->tmp_fd, name, 0) == 0)
			recovery->counts.dropped++;
	}
}

int spool_recover(const struct spool_dir *dir, bool durable, struct recovery_counts *counts_out,
		  struct buffer *why)
{
	struct recovery recovery = {.dir = dir, .durable = durable, .why = why};
	struct buffer names = {0};
	int r = list_tmp(&recovery, &names);

	if (r != 0)
		r = explain(&recovery, "read", "tmp/", r);
	if (r == 0)
		r = replay_all(&recovery, &names);
	/* Listed anew: what was taken back is there again. */
	buffer_clear(&names);
	if (r == 0)
		r = list_tmp(&recovery, &names);
	if (r == 0)
		drop_rest(&recovery, &names);
	buffer_deinit(&names);
	if (r == 0)
		*counts_out = recovery.counts;
	else if (buffer_string(why) == NULL || why->size == 0)
		(void)explain(&recovery, "flush", "the directories", r);
	return r;
}
