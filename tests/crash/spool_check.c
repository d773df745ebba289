/*
 * spool_check - tells what messages are in some directories of a spool, for the tests that are scripts.
 *
 * Use:    spool_check rsa:KEY|ed25519:KEY DIRECTORY...      KEY is what p= of a key record says
 * Output: a line for each message, with tabs between: directory, unit, number in the unit, Message-ID,
 *         signatures on top, how many of them verify, SHA-256 of the message without them. A unit that
 *         is not well formed has one more line, with number -1. Bytes of names that are not printable,
 *         and '%', are written as %XX.
 */
#include "tests/unit/mail_check.h"

#include "signer/dkim/base64.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
	const char *directory;
	const char *unit;
	const struct public_key *key;
};

static struct public_key *read_key(const char *text)
{
	const char *colon = strchr(text, ':');
	struct public_key *key;
	uint8_t record[2048];
	enum key_type type = KEY_RSA;
	size_t size;

	if (colon == NULL)
		return NULL;
	if (strncmp(text, "ed25519:", 8) == 0)
		type = KEY_ED25519;
	if (base64_decode(bytes_of_string(colon + 1), record, sizeof(record), &size) != 0 ||
	    public_key_new(type, bytes_of(record, size), &key) != 0)
		return NULL;
	return key;
}

static void print_name(const char *name)
{
	for (; *name != '\0'; name++) {
		uint8_t byte = (uint8_t)*name;

		if (byte > ' ' && byte < 0x7f && byte != '%')
			putchar(byte);
		else
			printf("%%%02X", byte);
	}
}

static void print_message(void *arg, size_t index, struct bytes message)
{
	const struct place *place = arg;
	struct mail_report report;

	mail_check(message, place->key, &report);
	printf("%s\t", place->directory);
	print_name(place->unit);
	printf("\t%zu\t%s\t%zu\t%zu\t", index, report.id, report.signatures, report.valid);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		printf("%02x", report.digest[i]);
	putchar('\n');
}

static bool read_unit(int directory_fd, const char *name, struct buffer *content)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	buffer_clear(content);
	while (got > 0) {
		if (buffer_reserve(content, 1024 * 1024) != 0)
			abort();
		got = read(fd, content->data + content->size, content->capacity - content->size);
		content->size += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	return got == 0;
}

static bool is_note(const char *name)
{
	size_t size = strlen(name);

	return size > 7 && strcmp(name + size - 7, ".reason") == 0;
}

static void check_directory(const char *path, const struct public_key *key)
{
	DIR *directory = opendir(path);
	struct buffer content = {0};
	struct dirent *entry;

	if (directory == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	while ((entry = readdir(directory)) != NULL) {
		struct place place = {path, entry->d_name, key};

		if (entry->d_name[0] == '.' || is_note(entry->d_name) ||
		    !read_unit(dirfd(directory), entry->d_name, &content))
			continue;
		if (mail_check_each(entry->d_name, buffer_bytes(&content), print_message, &place))
			continue;
		printf("%s\t", path);
		print_name(entry->d_name);
		puts("\t-1\t\t0\t0\t");
	}
	buffer_deinit(&content);
	closedir(directory);
}

int main(int argc, char **argv)
{
	struct public_key *key = argc > 2 ? read_key(argv[1]) : NULL;

	if (key == NULL) {
		fputs("usage: spool_check rsa:KEY|ed25519:KEY DIRECTORY...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		check_directory(argv[i], key);
	public_key_free(key);
	return 0;
}
