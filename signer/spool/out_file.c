/*
 * How it works: `tail` is the end of the file in memory. When enough of it is final, that part moves to
 * `writing` (the buffers are swapped when it is all of it, which for a small file it is) and one
 * write is under way while more is appended. A change to what is already on disk waits as a patch.
 *
 *   UNUSED -> PENDING -> CREATING -> OPEN <-> WRITING, PATCHING, TRUNCATING, OWNING
 *                                     |
 *                                     +-> CLOSING -> CLOSED
 *
 * After an error the next thing to do is always to close.
 */
#include "signer/spool/out_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct out_patch {
	struct out_patch *next;
	uint64_t position;
	size_t written;
	size_t size;
	uint8_t data[];
};

static void out_file_done(struct ring_op *op, int res);

static void out_file_enter(struct out_file *file, enum out_file_state next)
{
	file->state = next;
}

static void drop_patches(struct out_file *file)
{
	while (file->patches != NULL) {
		struct out_patch *patch = file->patches;

		file->patches = patch->next;
		free(patch);
	}
}

void out_file_init(struct out_file *file, struct ring *ring, int tmp_fd, uint64_t number,
		   void (*moved)(struct out_file *file))
{
	*file = (struct out_file){
		.op.done = out_file_done,
		.ring = ring,
		.moved = moved,
		.tmp_fd = tmp_fd,
		.number = number,
		.fd = -1,
		.owned = true,
	};
}

void out_file_lost_ring(struct out_file *file)
{
	out_file_enter(file, OUT_FILE_CLOSED);
}

void out_file_deinit(struct out_file *file)
{
	assert(!out_file_busy(file));
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	drop_patches(file);
	buffer_deinit(&file->tail);
	buffer_deinit(&file->writing);
}

void out_file_set_rights(struct out_file *file, const struct out_file_rights *rights)
{
	file->rights = *rights;
	file->owned = rights->owner == (uid_t)-1 && rights->group == (gid_t)-1;
}

uint64_t out_file_end(const struct out_file *file)
{
	return file->base + file->tail.size;
}

uint64_t out_file_base(const struct out_file *file)
{
	return file->base;
}

int out_file_append(struct out_file *file, struct bytes bytes)
{
	if (file->state == OUT_FILE_UNUSED)
		out_file_enter(file, OUT_FILE_PENDING);
	return buffer_append(&file->tail, bytes);
}

int out_file_insert(struct out_file *file, uint64_t position, struct bytes bytes)
{
	size_t offset;
	int r;

	assert(position >= file->base && position <= out_file_end(file));
	offset = (size_t)(position - file->base);
	r = buffer_reserve(&file->tail, bytes.size);
	if (r != 0)
		return r;
	memmove(file->tail.data + offset + bytes.size, file->tail.data + offset,
		file->tail.size - offset);
	memcpy(file->tail.data + offset, bytes.data, bytes.size);
	file->tail.size += bytes.size;
	return 0;
}

struct bytes out_file_tail(const struct out_file *file, uint64_t position)
{
	assert(position >= file->base && position <= out_file_end(file));
	return bytes_skip(buffer_bytes(&file->tail), (size_t)(position - file->base));
}

void out_file_cut(struct out_file *file, const struct out_cut *cuts, size_t count)
{
	uint64_t end = out_file_end(file);
	uint64_t kept_end = count > 0 ? cuts[0].start : end;

	for (size_t i = 0; i < count; i++) {
		uint64_t next = i + 1 < count ? cuts[i + 1].start : end;

		assert(cuts[i].start >= file->base && cuts[i].end >= cuts[i].start);
		assert(cuts[i].end <= next);
		if (next == cuts[i].end)
			continue;
		memmove(file->tail.data + (kept_end - file->base),
			file->tail.data + (cuts[i].end - file->base), (size_t)(next - cuts[i].end));
		kept_end += next - cuts[i].end;
	}
	file->tail.size = (size_t)(kept_end - file->base);
}

int out_file_overwrite(struct out_file *file, uint64_t position, struct bytes bytes)
{
	struct out_patch *patch;

	assert(position + bytes.size <= out_file_end(file));
	if (position >= file->base) {
		memcpy(file->tail.data + (position - file->base), bytes.data, bytes.size);
		return 0;
	}
	/* The window moves past whole messages or past whole fields, never through one. */
	assert(position + bytes.size <= file->base);
	patch = malloc(sizeof(*patch) + bytes.size);
	if (patch == NULL)
		return -ENOMEM;
	patch->position = position;
	patch->written = 0;
	patch->size = bytes.size;
	memcpy(patch->data, bytes.data, bytes.size);
	patch->next = NULL;
	if (file->patches == NULL)
		file->patches = patch;
	else
		file->last_patch->next = patch;
	file->last_patch = patch;
	return 0;
}

void out_file_truncate(struct out_file *file, uint64_t position)
{
	assert(!out_file_busy(file) && file->patches == NULL);
	if (position >= file->base) {
		file->tail.size = (size_t)(position - file->base);
		return;
	}
	buffer_clear(&file->tail);
	file->base = position;
}

bool out_file_busy(const struct out_file *file)
{
	switch (file->state) {
	case OUT_FILE_UNUSED:
	case OUT_FILE_PENDING:
	case OUT_FILE_OPEN:
	case OUT_FILE_CLOSED: return false;
	case OUT_FILE_CREATING:
	case OUT_FILE_WRITING:
	case OUT_FILE_PATCHING:
	case OUT_FILE_TRUNCATING:
	case OUT_FILE_OWNING:
	case OUT_FILE_CLOSING: return true;
	}
	return false;
}

bool out_file_has_patches(const struct out_file *file)
{
	return file->patches != NULL;
}

bool out_file_created(const struct out_file *file)
{
	return file->created;
}

int out_file_error(const struct out_file *file)
{
	return file->error;
}

static void start_create(struct out_file *file)
{
	snprintf(file->name, sizeof(file->name), "u%" PRIx64, file->number);
	out_file_enter(file, OUT_FILE_CREATING);
	ring_openat(file->ring, &file->op, file->tmp_fd, file->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file->rights.mode);
}

static void start_write(struct out_file *file)
{
	out_file_enter(file, OUT_FILE_WRITING);
	ring_write(file->ring, &file->op, file->fd, file->writing.data + file->written,
		   file->writing.size - file->written, file->writing_at + file->written);
}

/* Moves the first `size` bytes of the tail to `writing`, which is empty. */
static bool take_tail(struct out_file *file, size_t size)
{
	file->written = 0;
	file->writing_at = file->base;
	if (size == file->tail.size) {
		struct buffer swap = file->writing;

		file->writing = file->tail;
		file->tail = swap;
		buffer_clear(&file->tail);
	} else {
		buffer_clear(&file->writing);
		if (buffer_append(&file->writing, bytes_of(file->tail.data, size)) != 0) {
			file->error = -ENOMEM;
			return false;
		}
		memmove(file->tail.data, file->tail.data + size, file->tail.size - size);
		file->tail.size -= size;
	}
	file->base += size;
	return true;
}

static void start_patch(struct out_file *file)
{
	struct out_patch *patch = file->patches;

	out_file_enter(file, OUT_FILE_PATCHING);
	ring_write(file->ring, &file->op, file->fd, patch->data + patch->written,
		   patch->size - patch->written, patch->position + patch->written);
}

static void start_close(struct out_file *file)
{
	int fd = file->fd;

	file->fd = -1;
	out_file_enter(file, OUT_FILE_CLOSING);
	ring_close(file->ring, &file->op, fd);
}

/* The last steps, when all bytes are out. */
static void advance_finish(struct out_file *file)
{
	if (file->error == 0 && file->disk_end > out_file_end(file)) {
		out_file_enter(file, OUT_FILE_TRUNCATING);
		ring_ftruncate(file->ring, &file->op, file->fd, out_file_end(file));
	} else if (file->error == 0 && !file->owned) {
		out_file_enter(file, OUT_FILE_OWNING);
		ring_fchown(file->ring, &file->op, file->fd, file->rights.owner,
			    file->rights.group);
	} else {
		start_close(file);
	}
}

void out_file_advance(struct out_file *file, uint64_t final_end)
{
	size_t final_size = final_end > file->base ? (size_t)(final_end - file->base) : 0;
	bool enough = file->finishing || final_size >= OUT_FILE_WINDOW;

	if (file->state == OUT_FILE_PENDING && enough)
		start_create(file);
	if (file->state != OUT_FILE_OPEN)
		return;
	if (file->error == 0 && file->patches != NULL)
		start_patch(file);
	else if (file->error == 0 && final_size > 0 && enough && take_tail(file, final_size))
		start_write(file);
	else if (file->finishing)
		advance_finish(file);
}

void out_file_finish(struct out_file *file)
{
	if (file->finishing)
		return;
	file->finishing = true;
	if (file->state == OUT_FILE_UNUSED)
		out_file_enter(file, OUT_FILE_CLOSED);
	else
		out_file_advance(file, out_file_end(file));
}

void out_file_abandon(struct out_file *file)
{
	if (file->error == 0 && file->state != OUT_FILE_CLOSED)
		file->error = -ECANCELED;
	if (file->state == OUT_FILE_UNUSED || file->state == OUT_FILE_PENDING)
		out_file_enter(file, OUT_FILE_CLOSED);
	else
		out_file_finish(file);
}

/* A short count is no error: the rest follows. A count of 0 would go on for ever. */
static void count_written(struct out_file *file, int res, size_t *written, size_t size)
{
	if (res == 0 && size > 0)
		file->error = -EIO;
	else
		*written += (size_t)res;
}

static void writing_done(struct out_file *file, int res)
{
	count_written(file, res, &file->written, file->writing.size);
	if (file->writing_at + file->written > file->disk_end)
		file->disk_end = file->writing_at + file->written;
	out_file_enter(file, OUT_FILE_OPEN);
	if (file->error == 0 && file->written < file->writing.size)
		start_write(file);
}

static void patching_done(struct out_file *file, int res)
{
	struct out_patch *patch = file->patches;

	count_written(file, res, &patch->written, patch->size);
	out_file_enter(file, OUT_FILE_OPEN);
	if (patch->written < patch->size)
		return;
	file->patches = patch->next;
	free(patch);
}

/* Only root may give a file to another user, and only to its own groups may a user give it. */
static bool can_do_without(struct out_file *file)
{
	struct out_file_rights *rights = &file->rights;

	if (rights->owner != (uid_t)-1 && !rights->must_owner)
		rights->owner = (uid_t)-1;
	else if (rights->group != (gid_t)-1 && !rights->must_group)
		rights->group = (gid_t)-1;
	else
		return false;
	file->owned = rights->owner == (uid_t)-1 && rights->group == (gid_t)-1;
	return true;
}

static void file_failed(struct out_file *file, int error)
{
	if (file->state == OUT_FILE_OWNING && error == -EPERM && can_do_without(file))
		error = 0;
	if (file->error == 0)
		file->error = error;
	/* A file that could not be created has nothing to close; one that was closed, neither. */
	out_file_enter(file, file->fd >= 0 ? OUT_FILE_OPEN : OUT_FILE_CLOSED);
}

/* The operation that the state is named after was done. */
static void file_did(struct out_file *file, int res)
{
	switch (file->state) {
	case OUT_FILE_CREATING:
		file->fd = res;
		file->created = true;
		out_file_enter(file, OUT_FILE_OPEN);
		break;
	case OUT_FILE_WRITING: writing_done(file, res); break;
	case OUT_FILE_PATCHING: patching_done(file, res); break;
	case OUT_FILE_TRUNCATING:
		file->disk_end = out_file_end(file);
		out_file_enter(file, OUT_FILE_OPEN);
		break;
	case OUT_FILE_OWNING:
		file->owned = true;
		out_file_enter(file, OUT_FILE_OPEN);
		break;
	case OUT_FILE_CLOSING: out_file_enter(file, OUT_FILE_CLOSED); break;
	case OUT_FILE_UNUSED:
	case OUT_FILE_PENDING:
	case OUT_FILE_OPEN:
	case OUT_FILE_CLOSED: assert(!"no operation was under way");
	}
}

static void out_file_done(struct ring_op *op, int res)
{
	struct out_file *file = CONTAINER_OF(op, struct out_file, op);

	if (res < 0)
		file_failed(file, res);
	else
		file_did(file, res);
	if (file->finishing && file->state == OUT_FILE_OPEN)
		out_file_advance(file, out_file_end(file));
	file->moved(file);
}
