/* How it works: one key is generated and written to each key file; each file is a key of its own to postseal. */
#include "bench/signer_setup.h"

#include "signer/keys/key_generate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct key_kind_name {
	const char *name;
	struct key_kind kind;
} key_kinds[] = {
	{"rsa1024", {KEY_RSA, 1024}}, {"rsa2048", {KEY_RSA, 2048}},  {"rsa3072", {KEY_RSA, 3072}},
	{"rsa4096", {KEY_RSA, 4096}}, {"ed25519", {KEY_ED25519, 0}},
};

int key_kind_parse(const char *text, struct key_kind *kind_out, struct failure *failure)
{
	for (size_t i = 0; i < ARRAY_COUNT(key_kinds); i++) {
		if (strcmp(key_kinds[i].name, text) == 0) {
			*kind_out = key_kinds[i].kind;
			return 0;
		}
	}
	return failure_set(failure, BENCH_E_FAILED,
			   "%s: not a kind of key: rsa1024, rsa2048, rsa3072, rsa4096, ed25519",
			   text);
}

void key_kind_name(struct key_kind kind, char *name_out, size_t name_size)
{
	if (kind.type == KEY_ED25519)
		snprintf(name_out, name_size, "ed25519");
	else
		snprintf(name_out, name_size, "rsa%u", kind.bits);
}

static int key_path(char path_out[PATH_MAX], const char *directory, unsigned domain)
{
	int size = snprintf(path_out, PATH_MAX, "%s/key-%06u.pem", directory, domain);

	return size < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int write_file(const char *path, struct bytes content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t size;
	int r = 0;

	if (fd < 0)
		return -errno;
	size = write(fd, content.data, content.size);
	if (size < 0)
		r = -errno;
	else if ((size_t)size != content.size)
		r = -ENOSPC;
	close(fd);
	return r;
}

static int write_keys(struct signer_setup *setup, const struct mail_maker *maker,
		      const char *directory, struct failure *failure)
{
	char path[PATH_MAX];
	int r = key_path(setup->first_key_path, directory, 0);

	for (unsigned i = 0; r == 0 && i < maker->domains; i++) {
		r = key_path(path, directory, mail_maker_domain(maker, i));
		if (r == 0)
			r = write_file(path, secret_memory_bytes(&setup->key_pem));
	}
	return r == 0 ? 0 : failure_set(failure, r, "%s: keys", directory);
}

enum table {
	SIGNING_TABLE,
	KEY_TABLE,
};

static int write_table(enum table table, unsigned row_count, const char *directory,
		       struct failure *failure)
{
	char path[PATH_MAX];
	char domain[MAIL_DOMAIN_SIZE_MAX];
	FILE *file;
	int r = 0;
	int size = snprintf(path, sizeof(path), "%s/%s", directory,
			    table == SIGNING_TABLE ? "SigningTable" : "KeyTable");

	if ((size_t)size >= sizeof(path))
		return failure_set(failure, -ENAMETOOLONG, "%s", directory);
	file = fopen(path, "wxe");
	if (file == NULL)
		return failure_set(failure, -errno, "%s", path);
	for (unsigned row = 0; row < row_count; row++) {
		mail_domain_name(row, domain);
		if (table == SIGNING_TABLE)
			fprintf(file, "*@%s key-%06u\n", domain, row);
		else
			fprintf(file, "key-%06u %s:" SIGNER_SETUP_SELECTOR ":%s/key-%06u.pem\n",
				row, domain, directory, row);
	}
	if (ferror(file))
		r = -EIO;
	if (fclose(file) != 0)
		r = -errno;
	return r == 0 ? 0 : failure_set(failure, r, "%s", path);
}

static int write_config(struct signer_setup *setup, const char *directory, struct failure *failure)
{
	struct buffer text = {0};
	int size = snprintf(setup->config_path, sizeof(setup->config_path), "%s/opendkim.conf",
			    directory);
	int r = (size_t)size < sizeof(setup->config_path) ? 0 : -ENAMETOOLONG;

	if (r == 0)
		r = buffer_printf(&text,
				  "Canonicalization relaxed/relaxed\n"
				  "OversignHeaders From\n"
				  "SigningTable refile:%s/SigningTable\n"
				  "KeyTable file:%s/KeyTable\n",
				  directory, directory);
	if (r == 0)
		r = write_file(setup->config_path, buffer_bytes(&text));
	buffer_deinit(&text);
	return r == 0 ? 0 : failure_set(failure, r, "%s/opendkim.conf", directory);
}

int signer_setup_init(struct signer_setup *setup, struct key_kind kind,
		      const struct mail_maker *maker, unsigned row_count, const char *directory,
		      struct failure *failure)
{
	int r;

	*setup = (struct signer_setup){.kind = kind};
	if (mkdir(directory, 0700) != 0)
		return failure_set(failure, -errno, "%s", directory);
	r = key_generate(kind.type, kind.bits, &setup->key_pem);
	if (r != 0)
		return failure_set(failure, r < 0 ? r : BENCH_E_FAILED, "cannot make a key");
	r = write_keys(setup, maker, directory, failure);
	if (r == 0)
		r = write_table(SIGNING_TABLE, row_count, directory, failure);
	if (r == 0)
		r = write_table(KEY_TABLE, row_count, directory, failure);
	return r == 0 ? write_config(setup, directory, failure) : r;
}

void signer_setup_deinit(struct signer_setup *setup)
{
	secret_memory_deinit(&setup->key_pem);
}
