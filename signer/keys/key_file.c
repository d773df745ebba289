/*
 * How it works: the stamp is taken before the text is read. If the file changes in between, the
 * text may be half old and half new; the key then has an old stamp, and whoever compares it with
 * the file's reads it again.
 */
#include "signer/keys/key_file.h"

#include "common/clock.h"

#include "signer/keys/secret_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct key_file_stamp stamp_of(const struct stat *status)
{
	return (struct key_file_stamp){
		.device = status->st_dev,
		.inode = status->st_ino,
		.size = (uint64_t)status->st_size,
		.modified_ns = clock_ns_of(status->st_mtim),
		.changed_ns = clock_ns_of(status->st_ctim),
	};
}

struct key_file_stamp key_file_stamp(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return (struct key_file_stamp){0};
	return stamp_of(&status);
}

bool key_file_stamp_equal(const struct key_file_stamp *a, const struct key_file_stamp *b)
{
	return a->inode == b->inode && a->device == b->device && a->size == b->size &&
	       a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

/* The outcomes of the file system that a person must look at; the rest passes by itself. */
static int outcome_of_errno(int r)
{
	switch (-r) {
	case ENOENT:
	case ENOTDIR: return KEY_E_MISSING;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EINTR: return r;
	default: return KEY_E_UNREADABLE;
	}
}

int key_file_open(struct key_file *file, struct safe_path *safe, const char *path,
		  enum safe_path_policy policy, struct key_problem *problem)
{
	struct stat status;
	int fd;
	int r = safe_path_open(safe, path, policy, &fd, problem->text);

	if (r == SAFE_PATH_E_UNSAFE)
		return KEY_E_UNSAFE;
	if (r == SAFE_PATH_E_NOT_FILE)
		return KEY_E_NOT_FILE;
	if (r != 0)
		return outcome_of_errno(r);
	if (fstat(fd, &status) != 0) {
		r = -errno;
		(void)close(fd);
		return outcome_of_errno(
			key_problem_set(problem, r, "%s: %s", path, strerrordesc_np(-r)));
	}
	*file = (struct key_file){.path = path, .fd = fd, .stamp = stamp_of(&status)};
	return 0;
}

/* Fills the memory, or up to the end of the file if that comes first. */
static int read_text(int fd, struct secret_memory *memory)
{
	size_t size = 0;

	while (size < memory->size) {
		ssize_t count = read(fd, memory->data + size, memory->size - size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		size += (size_t)count;
	}
	memory->size = size;
	return 0;
}

int key_file_read(struct key_file *file, unsigned rsa_bits_min, struct key **key_out,
		  struct key_problem *problem)
{
	struct secret_memory memory = {0};
	int r;

	if (file->stamp.size > KEY_FILE_SIZE_MAX)
		return key_problem_set(problem, KEY_E_MALFORMED,
				       "%s: has %llu bytes, a private key has at most %zu",
				       file->path, (unsigned long long)file->stamp.size,
				       KEY_FILE_SIZE_MAX);
	r = secret_memory_init(&memory, (size_t)file->stamp.size);
	if (r != 0)
		return r;
	file->locked = memory.locked;
	r = read_text(file->fd, &memory);
	if (r != 0)
		r = outcome_of_errno(
			key_problem_set(problem, r, "%s: %s", file->path, strerrordesc_np(-r)));
	else
		r = key_new(file->path, secret_memory_bytes(&memory), rsa_bits_min, key_out,
			    problem);
	secret_memory_deinit(&memory);
	return r;
}

void key_file_close(struct key_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}
