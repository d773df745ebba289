#include "tests/unit/spool_fixture.h"

#include "common/cpus.h"
#include "common/log.h"
#include "signer/keys/key.h"
#include "signer/keys/key_generate.h"
#include "signer/message/signing_threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__,            \
				#condition, strerror(errno));                                      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void write_file(const char *path, struct bytes content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	MUST(fd >= 0);
	while (content.size > 0) {
		ssize_t written = write(fd, content.data, content.size);

		MUST(written > 0);
		content = bytes_skip(content, (size_t)written);
	}
	MUST(close(fd) == 0);
}

static void make_key(struct spool_fixture *fixture)
{
	struct secret_memory pem = {0};
	struct key_problem problem;
	char path[SPOOL_FIXTURE_PATH + 16];
	struct key *key;

	MUST(key_generate(KEY_ED25519, 0, &pem) == 0);
	snprintf(path, sizeof(path), "%s/key.pem", fixture->root);
	write_file(path, secret_memory_bytes(&pem), 0600);
	MUST(key_new("key", secret_memory_bytes(&pem), 1024, &key, &problem) == 0);
	MUST(public_key_new(key_type(key), key_public(key), &fixture->key) == 0);
	key_unref(key);
	secret_memory_deinit(&pem);
}

static void make_tables(const struct spool_fixture *fixture)
{
	char path[SPOOL_FIXTURE_PATH + 16];
	char text[1024];

	snprintf(path, sizeof(path), "%s/keys", fixture->root);
	snprintf(text, sizeof(text),
		 "good example.com:s1:%s/key.pem\n"
		 "missing nokey.example:s1:%s/missing.pem\n",
		 fixture->root, fixture->root);
	write_file(path, bytes_of_string(text), 0600);
	snprintf(path, sizeof(path), "%s/senders", fixture->root);
	write_file(path,
		   BYTES_LITERAL("*@example.com good\n"
				 "*@nokey.example missing\n"),
		   0600);
}

static void print_problem(void *context, const struct problem *problem)
{
	char text[1024];

	(void)context;
	(void)problem_format(problem, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
}

static void set(struct signer_config *config, const char *name, const char *value,
		struct problems *problems)
{
	MUST(signer_config_set(config, name, value, problems) == 0);
}

void spool_fixture_configure(struct spool_fixture *fixture, const char *const *options)
{
	char keys[SPOOL_FIXTURE_PATH + 16];
	char senders[SPOOL_FIXTURE_PATH + 16];
	struct signer_config *config;
	struct problems problems;

	signing_context_unref(fixture->context);
	fixture->context = NULL;
	snprintf(keys, sizeof(keys), "%s/keys", fixture->root);
	snprintf(senders, sizeof(senders), "refile:%s/senders", fixture->root);
	problems_init(&problems, print_problem, NULL);
	MUST(signer_config_new(&config) == 0);
	set(config, "Mode", "s", &problems);
	set(config, "KeyTable", keys, &problems);
	set(config, "SigningTable", senders, &problems);
	set(config, "SpoolMinFree", "0", &problems);
	set(config, "SignThreads", "1", &problems);
	set(config, "IoThreads", "1", &problems);
	for (; options != NULL && options[0] != NULL; options += 2)
		set(config, options[0], options[1], &problems);
	MUST(signer_config_check(config, &problems) == 0);
	MUST(signing_context_new(config, &problems, &fixture->context) == 0);
}

static void make_spool(const struct spool_fixture *fixture)
{
	static const char *const names[] = {"", "/in", "/tmp", "/out", "/failed"};
	char path[SPOOL_FIXTURE_PATH + 16];

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s%s", fixture->spool, names[i]);
		MUST(mkdir(path, 0700) == 0);
	}
}

void spool_fixture_open(struct spool_fixture *fixture, const char *const *options)
{
	const struct log_config quiet = {.target = LOG_TARGET_STDERR, .level = LOG_LEVEL_ERROR};
	const char *base = getenv("TMPDIR");

	/* The level stays when the log is closed; without its thread there is less to go wrong. */
	MUST(log_open(&quiet) == 0);
	log_close();
	*fixture = (struct spool_fixture){0};
	if (base == NULL)
		base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	umask(077);
	MUST((size_t)snprintf(fixture->root, sizeof(fixture->root), "%s/postseal-test-XXXXXX",
			      base) < sizeof(fixture->root) - 8);
	MUST(mkdtemp(fixture->root) != NULL);
	MUST((size_t)snprintf(fixture->spool, sizeof(fixture->spool), "%s/spool", fixture->root) <
	     sizeof(fixture->spool));
	make_spool(fixture);
	make_key(fixture);
	make_tables(fixture);
	spool_fixture_configure(fixture, options);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	MUST(remove(path) == 0);
	return 0;
}

static void remove_tree(const char *path)
{
	MUST(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

void spool_fixture_close(struct spool_fixture *fixture)
{
	signing_context_unref(fixture->context);
	public_key_free(fixture->key);
	remove_tree(fixture->root);
}

void spool_fixture_replace_key(struct spool_fixture *fixture)
{
	public_key_free(fixture->key);
	make_key(fixture);
}

void spool_fixture_clear(struct spool_fixture *fixture)
{
	remove_tree(fixture->spool);
	make_spool(fixture);
}

static void path_of(const struct spool_fixture *fixture, const char *path, char full[PATH_MAX])
{
	MUST(snprintf(full, PATH_MAX, "%s/%s", fixture->spool, path) < PATH_MAX);
}

void spool_fixture_put(struct spool_fixture *fixture, const char *path, struct bytes content)
{
	char temporary[PATH_MAX];
	char full[PATH_MAX];

	path_of(fixture, ".new", temporary);
	path_of(fixture, path, full);
	write_file(temporary, content, 0640);
	MUST(rename(temporary, full) == 0);
}

void spool_fixture_put_text(struct spool_fixture *fixture, const char *path, const char *text)
{
	spool_fixture_put(fixture, path, bytes_of_string(text));
}

void spool_fixture_remove(struct spool_fixture *fixture, const char *path)
{
	char full[PATH_MAX];

	path_of(fixture, path, full);
	MUST(unlink(full) == 0);
}

bool spool_fixture_has(const struct spool_fixture *fixture, const char *path)
{
	char full[PATH_MAX];
	struct stat status;

	path_of(fixture, path, full);
	return lstat(full, &status) == 0;
}

bool spool_fixture_get(const struct spool_fixture *fixture, const char *path,
		       struct buffer *content)
{
	char full[PATH_MAX];
	ssize_t got;
	int fd;

	path_of(fixture, path, full);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	buffer_clear(content);
	if (fd < 0)
		return false;
	do {
		MUST(buffer_reserve(content, 64 * 1024) == 0);
		got = read(fd, content->data + content->size, content->capacity - content->size);
		MUST(got >= 0);
		content->size += (size_t)got;
	} while (got > 0);
	close(fd);
	return true;
}

static int without_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

const char *spool_fixture_list(const struct spool_fixture *fixture, const char *directory,
			       struct buffer *names)
{
	struct dirent **entries;
	char full[PATH_MAX];
	int count;

	path_of(fixture, directory, full);
	count = scandir(full, &entries, without_dot, by_bytes);
	MUST(count >= 0);
	buffer_clear(names);
	for (int i = 0; i < count; i++) {
		MUST(buffer_printf(names, "%s%s", i == 0 ? "" : " ", entries[i]->d_name) == 0);
		free(entries[i]);
	}
	free(entries);
	return buffer_string(names);
}

int spool_fixture_run(struct spool_fixture *fixture, const struct ring_fault *fault,
		      struct spool_result *result_out)
{
	struct signing_core core;
	const struct spool_options options = {
		.core = &core,
		.path = fixture->spool,
		.once = true,
		.fault = fault,
	};
	struct spool *spool = NULL;
	int r;

	*result_out = (struct spool_result){0};
	r = spool_fixture_core(fixture, &core);
	if (r != 0)
		return r;
	r = spool_new(&options, &spool);
	if (r == 0)
		r = spool_run(spool, result_out);
	spool_free(spool);
	signing_core_deinit(&core);
	return r;
}

int spool_fixture_core(struct spool_fixture *fixture, struct signing_core *core)
{
	struct signing_threads threads = signing_threads_of(fixture->context->config,
							    cpus_allowed());

	return signing_core_init(core, fixture->context, threads.sign);
}

void spool_fixture_message(struct buffer *text, const char *from, const char *id, const char *body)
{
	buffer_clear(text);
	MUST(buffer_printf(text,
			   "From: Somebody <%s>\r\n"
			   "To: other@example.net\r\n"
			   "Subject: a test\r\n"
			   "Message-ID: <%s>\r\n",
			   from, id) == 0);
	if (body != NULL)
		MUST(buffer_printf(text, "\r\n%s", body) == 0);
}

void spool_fixture_add_to_batch(struct buffer *batch, struct bytes message)
{
	bool line_start = true;

	MUST(buffer_append_string(batch, "MAIL FROM:<a@example.com>\r\n"
					 "RCPT TO:<other@example.net>\r\n"
					 "DATA\r\n") == 0);
	for (size_t i = 0; i < message.size; i++) {
		if (line_start && message.data[i] == '.')
			MUST(buffer_append_byte(batch, '.') == 0);
		MUST(buffer_append_byte(batch, message.data[i]) == 0);
		line_start = message.data[i] == '\n';
	}
	MUST(buffer_append_string(batch, line_start ? ".\r\n" : "\r\n.\r\n") == 0);
}

unsigned spool_fixture_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	MUST(directory != NULL);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}
