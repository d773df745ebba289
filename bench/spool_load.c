/*
 * How it works: a unit is put together in one buffer, which is written whenever it is more than a few hundred
 * KiB, so that a large unit does not grow the benchmark: what the benchmark holds is where the peak of a
 * child begins (child.h).
 */
#include "bench/spool_load.h"

#include "common/descriptor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_SIZE ((size_t)256 << 10)

static const char *const rooms[] = {"in", "tmp", "out", "failed"};

uint64_t spool_load_unit_count(const struct spool_load *load)
{
	return (load->message_count + load->messages_per_unit - 1) / load->messages_per_unit;
}

unsigned spool_load_unit_messages(const struct spool_load *load, uint64_t unit)
{
	uint64_t rest = load->message_count - unit * load->messages_per_unit;

	return rest < load->messages_per_unit ? (unsigned)rest : load->messages_per_unit;
}

void spool_load_unit_name(const struct spool_load *load, uint64_t unit,
			  char name_out[UNIT_NAME_SIZE_MAX])
{
	snprintf(name_out, UNIT_NAME_SIZE_MAX, "%08" PRIu64 "%s", unit,
		 load->is_bsmtp ? ".bsmtp" : ".eml");
}

static int room_path(char path_out[PATH_MAX], const char *spool_path, const char *room,
		     struct failure *failure)
{
	int size = snprintf(path_out, PATH_MAX, "%s/%s", spool_path, room);

	return size < PATH_MAX ? 0 : failure_set(failure, -ENAMETOOLONG, "%s", spool_path);
}

int spool_load_make_rooms(const char *spool_path, struct failure *failure)
{
	char path[PATH_MAX];

	if (mkdir(spool_path, 0700) != 0 && errno != EEXIST)
		return failure_set(failure, -errno, "%s", spool_path);
	for (size_t i = 0; i < ARRAY_COUNT(rooms); i++) {
		int r = room_path(path, spool_path, rooms[i], failure);

		if (r != 0)
			return r;
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return failure_set(failure, -errno, "%s", path);
	}
	return 0;
}

static int open_room(const char *spool_path, const char *room, int *fd_out, struct failure *failure)
{
	char path[PATH_MAX];
	int r = room_path(path, spool_path, room, failure);

	if (r != 0)
		return r;
	*fd_out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd_out < 0 ? failure_set(failure, -errno, "%s", path) : 0;
}

/* RFC 5321 4.5.2: a dot at the start of a line is doubled. */
static int append_stuffed(struct buffer *to, struct bytes message)
{
	int r = 0;

	while (r == 0 && message.size > 0) {
		size_t line_size = bytes_find(message, '\n');

		line_size += line_size < message.size;
		if (message.data[0] == '.')
			r = buffer_append_byte(to, '.');
		if (r == 0)
			r = buffer_append(to, bytes_slice(message, 0, line_size));
		message = bytes_skip(message, line_size);
	}
	return r;
}

static int append_transaction(const struct spool_load *load, uint64_t index, struct buffer *unit,
			      struct buffer *message)
{
	char domain[MAIL_DOMAIN_SIZE_MAX];
	int r;

	mail_domain_name(mail_maker_domain(&load->maker, index), domain);
	buffer_clear(message);
	r = mail_maker_append(&load->maker, index, message);
	if (r == 0)
		r = buffer_printf(unit,
				  "MAIL FROM:<bounce-%" PRIu64 "@%s>\n"
				  "RCPT TO:<user%" PRIu64 "@destination.example>\nDATA\n",
				  index, domain, index % 5000);
	if (r == 0)
		r = append_stuffed(unit, buffer_bytes(message));
	return r == 0 ? buffer_append_string(unit, ".\n") : r;
}

static int write_bsmtp(const struct spool_load *load, uint64_t unit_number, int fd,
		       struct buffer *unit, struct buffer *message)
{
	uint64_t first = unit_number * load->messages_per_unit;
	unsigned count = spool_load_unit_messages(load, unit_number);
	int r = buffer_append_string(unit, "HELO mx.bench.example\n");

	for (unsigned i = 0; r == 0 && i < count; i++) {
		r = append_transaction(load, first + i, unit, message);
		if (r == 0 && unit->size >= WRITE_SIZE) {
			r = descriptor_write(fd, buffer_bytes(unit));
			buffer_clear(unit);
		}
	}
	if (r == 0)
		r = buffer_append_string(unit, "QUIT\n");
	return r == 0 ? descriptor_write(fd, buffer_bytes(unit)) : r;
}

static int write_unit(const struct spool_load *load, uint64_t unit_number, int in_fd,
		      struct buffer *unit, struct buffer *message)
{
	char name[UNIT_NAME_SIZE_MAX];
	int fd;
	int r;

	spool_load_unit_name(load, unit_number, name);
	fd = openat(in_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	buffer_clear(unit);
	if (load->is_bsmtp) {
		r = write_bsmtp(load, unit_number, fd, unit, message);
	} else {
		r = mail_maker_append(&load->maker, unit_number, unit);
		if (r == 0)
			r = descriptor_write(fd, buffer_bytes(unit));
	}
	close(fd);
	return r;
}

int spool_load_fill(const struct spool_load *load, const char *spool_path, struct failure *failure)
{
	struct buffer unit = {0};
	struct buffer message = {0};
	uint64_t unit_count = spool_load_unit_count(load);
	int in_fd = -1;
	int r = open_room(spool_path, "in", &in_fd, failure);

	if (r != 0)
		return r;
	for (uint64_t i = 0; r == 0 && i < unit_count; i++)
		r = write_unit(load, i, in_fd, &unit, &message);
	if (r == 0 && load->is_durable && syncfs(in_fd) != 0)
		r = -errno;
	close(in_fd);
	buffer_deinit(&unit);
	buffer_deinit(&message);
	return r == 0 ? 0 : failure_set(failure, r, "%s/in: cannot be filled", spool_path);
}

static int write_large(const struct mail_maker *maker, uint64_t size, int fd)
{
	struct buffer message = {0};
	struct bytes body;
	uint64_t written = 0;
	int r = mail_maker_append(maker, 0, &message);

	if (r == 0)
		r = descriptor_write(fd, buffer_bytes(&message));
	body = buffer_bytes(&message);
	written = message.size;
	/* Behind the empty line. */
	while (body.size > 1 && !(body.data[0] == '\n' && body.data[1] == '\n'))
		body = bytes_skip(body, 1);
	body = bytes_skip(body, body.size > 1 ? 2 : body.size);
	while (r == 0 && body.size > 0 && written < size) {
		uint64_t rest = size - written;
		size_t part = rest < body.size ? (size_t)rest : body.size;

		r = descriptor_write(fd, bytes_slice(body, 0, part));
		written += part;
	}
	buffer_deinit(&message);
	return r;
}

int spool_load_fill_large(const struct mail_maker *maker, uint64_t size, const char *spool_path,
			  const char *name, struct failure *failure)
{
	int in_fd = -1;
	int fd;
	int r = open_room(spool_path, "in", &in_fd, failure);

	if (r != 0)
		return r;
	fd = openat(in_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_large(maker, size, fd);
	if (fd >= 0)
		close(fd);
	close(in_fd);
	return r == 0 ? 0 : failure_set(failure, r, "%s/in/%s", spool_path, name);
}

static int open_names(const char *spool_path, const char *room, DIR **names_out,
		      struct failure *failure)
{
	int fd = -1;
	int r = open_room(spool_path, room, &fd, failure);

	if (r != 0)
		return r;
	*names_out = fdopendir(fd);
	if (*names_out != NULL)
		return 0;
	r = failure_set(failure, -errno, "%s/%s", spool_path, room);
	close(fd);
	return r;
}

/* NULL: there are no more. */
static const char *next_name(DIR *names)
{
	struct dirent *entry;

	do {
		entry = readdir(names);
	} while (entry != NULL &&
		 (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	return entry == NULL ? NULL : entry->d_name;
}

int spool_load_count_files(const char *spool_path, const char *room, uint64_t *count_out,
			   struct failure *failure)
{
	uint64_t count = 0;
	DIR *names;
	int r = open_names(spool_path, room, &names, failure);

	if (r != 0)
		return r;
	while (next_name(names) != NULL)
		count++;
	closedir(names);
	*count_out = count;
	return 0;
}

static int clear_room(const char *spool_path, const char *room, struct failure *failure)
{
	const char *name;
	DIR *names;
	int r = open_names(spool_path, room, &names, failure);

	if (r != 0)
		return r;
	while (r == 0 && (name = next_name(names)) != NULL) {
		if (unlinkat(dirfd(names), name, 0) != 0)
			r = failure_set(failure, -errno, "%s/%s/%s", spool_path, room, name);
	}
	closedir(names);
	return r;
}

int spool_load_clear(const char *spool_path, struct failure *failure)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(rooms); i++)
		r = clear_room(spool_path, rooms[i], failure);
	return r;
}
