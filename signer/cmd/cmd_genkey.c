/*
 * postseal genkey: makes a private key, and the DNS record that publishes its public half.
 *
 * How it works: flags and files are those of opendkim-genkey, and both files appear complete or not at
 * all: a signer that reads the key while it is replaced has the old one or the new one.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/new_file.h"
#include "signer/cmd/output.h"
#include "signer/cmd/zone_record.h"

#include "signer/keys/core_dump.h"
#include "signer/keys/key.h"
#include "signer/keys/key_generate.h"
#include "signer/keys/public_key.h"
#include "signer/tables/host_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FLAG_TYPE = COMMAND_LINE_LONG,
	FLAG_SUBDOMAINS,
	FLAG_NO_SUBDOMAINS,
	FLAG_NO_APPEND,
	FLAG_NO_RESTRICT,
	FLAG_NO_TEST,
};

struct genkey_command {
	struct zone_record record;
	enum key_type type;
	unsigned bits;
	const char *directory;
	bool is_strict; /* -S, which no --subdomains takes back */
	bool is_verbose;
	bool shows_version;
	struct secret_memory pem;
	struct buffer public_key;
	struct buffer text;
};

static const struct command_flag flags[] = {
	{'s', "selector", "NAME", "the selector, and the name of the files (default)"},
	{'d', "domain", "DOMAIN", "the domain that the key is for (localhost)"},
	{FLAG_TYPE, "type", "TYPE", "rsa or ed25519 (rsa)"},
	{'b', "bits", "N", "the size of an RSA key: 1024 to 8192 (2048)"},
	{'D', "directory", "DIR", "put the files there (the working directory)"},
	{'a', "append-domain", NULL, "with the domain in the name of the record"},
	{'h', "hash-algorithms", "LIST", "what h= of the record says (sha256)"},
	{'n', "note", "TEXT", "a note for administrators, in n= of the record"},
	{'r', "restrict", NULL, "the key is for mail only (s=email)"},
	{'S', NULL, NULL, "the key is not for subdomains (t=s)"},
	{FLAG_NO_SUBDOMAINS, "nosubdomains", NULL, "the same, unless --subdomains comes later"},
	{FLAG_SUBDOMAINS, "subdomains", NULL, "the key is for subdomains, too: the default"},
	{'t', "testmode", NULL, "the domain only tests DKIM (t=y)"},
	{'v', "verbose", NULL, "say what is done"},
	{'V', "version", NULL, "print the version"},
	{FLAG_NO_SUBDOMAINS, "no-subdomains", NULL, NULL},
	{FLAG_NO_APPEND, "noappend-domain", NULL, NULL},
	{FLAG_NO_APPEND, "no-append-domain", NULL, NULL},
	{FLAG_NO_RESTRICT, "norestrict", NULL, NULL},
	{FLAG_NO_RESTRICT, "no-restrict", NULL, NULL},
	{FLAG_NO_TEST, "notestmode", NULL, NULL},
	{FLAG_NO_TEST, "no-testmode", NULL, NULL},
};

static const struct command_form form = {
	.name = "postseal genkey",
	.synopsis = "[-s SELECTOR] [-d DOMAIN] [--type rsa|ed25519] [-b BITS] [-D DIR]\n"
		    "[-aSrtvV] [-h HASHES] [-n NOTE]",
	.purpose = "Makes two files: SELECTOR.private, the private key, and SELECTOR.txt, the "
		   "record to\n"
		   "put into the zone of DOMAIN. Files of these names are replaced.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Exit status: 0 both files are there, 64 wrong flags, 73 a file cannot be made.",
};

static int say(int status, const char *what, const char *why)
{
	fprintf(stderr, "postseal genkey: %s: %s\n", what, why);
	return status;
}

static int take_type(struct genkey_command *command, const char *value)
{
	if (strcmp(value, "rsa") == 0)
		command->type = KEY_RSA;
	else if (strcmp(value, "ed25519") == 0)
		command->type = KEY_ED25519;
	else
		return command_line_wrong(&form, "--type %s: want rsa or ed25519", value);
	return EX_OK;
}

static int take_bits(struct genkey_command *command, const char *value)
{
	char *end;
	unsigned long bits = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || bits < RSA_BITS_MIN ||
	    bits > RSA_BITS_MAX)
		return command_line_wrong(&form, "-b %s: want a number of bits from %u to %u",
					  value, RSA_BITS_MIN, RSA_BITS_MAX);
	command->bits = (unsigned)bits;
	return EX_OK;
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct genkey_command *command = arg;
	struct zone_record *record = &command->record;

	switch (flag) {
	case 's': record->selector = value; return EX_OK;
	case 'd': record->domain = value; return EX_OK;
	case 'b': return take_bits(command, value);
	case 'D': command->directory = value; return EX_OK;
	case 'h': record->hashes = value; return EX_OK;
	case 'n': record->note = value; return EX_OK;
	case 'a': record->with_domain = true; return EX_OK;
	case FLAG_NO_APPEND: record->with_domain = false; return EX_OK;
	case 'r': record->is_email_only = true; return EX_OK;
	case FLAG_NO_RESTRICT: record->is_email_only = false; return EX_OK;
	case 'S': command->is_strict = record->is_strict = true; return EX_OK;
	case FLAG_NO_SUBDOMAINS: record->is_strict = true; return EX_OK;
	case FLAG_SUBDOMAINS: record->is_strict = command->is_strict; return EX_OK;
	case 't': record->is_test = true; return EX_OK;
	case FLAG_NO_TEST: record->is_test = false; return EX_OK;
	case 'v': command->is_verbose = true; return EX_OK;
	case 'V': command->shows_version = true; return EX_OK;
	default: return take_type(command, value);
	}
}

/* The selector becomes a file name, and both become part of a zone file. */
static int check_names(const struct genkey_command *command)
{
	const struct zone_record *record = &command->record;

	if (!host_name_is_valid(bytes_of_string(record->selector)))
		return command_line_wrong(&form,
					  "-s %s: want letters, digits, - and _, with dots "
					  "between them",
					  record->selector);
	if (record->domain[0] != '\0' && !host_name_is_valid(bytes_of_string(record->domain)))
		return command_line_wrong(&form, "-d %s: this is no domain", record->domain);
	if (record->with_domain && record->domain[0] == '\0')
		return command_line_wrong(&form, "-a wants a domain (-d)");
	return EX_OK;
}

/* Also with no key yet: what is wrong with -n is told before a key is made for minutes. */
static int make_text(struct genkey_command *command)
{
	int r;

	buffer_clear(&command->text);
	command->record.public_key = buffer_bytes(&command->public_key);
	command->record.key_type = key_type_name(command->type);
	r = zone_record_append(&command->record, &command->text);
	switch (r) {
	case 0: return EX_OK;
	case ZONE_RECORD_E_CHARACTER:
		return command_line_wrong(&form,
					  "-n and -h take printable characters, but no \" \\ ;");
	case ZONE_RECORD_E_TOO_LONG:
		return command_line_wrong(&form,
					  "-n is too long: it must fit into 255 bytes with the "
					  "other tags");
	default: return say(EX_OSERR, "cannot make the record", strerror(-r));
	}
}

static int take_public_half(struct genkey_command *command)
{
	struct key_problem problem;
	struct key *key;
	int r = key_new("the new key", secret_memory_bytes(&command->pem), RSA_BITS_MIN, &key,
			&problem);

	if (r > 0)
		return say(EX_SOFTWARE, "cannot read the new key back", problem.text);
	if (r == 0) {
		r = public_key_append_p(key_public(key), &command->public_key);
		key_unref(key);
	}
	return r == 0 ? EX_OK : say(EX_OSERR, "cannot read the new key back", strerror(-r));
}

static int make_key(struct genkey_command *command)
{
	int r;

	if (command->is_verbose)
		fputs("postseal genkey: generating private key\n", stderr);
	if (command->type == KEY_RSA && command->bits < KEY_GENERATE_RSA_BITS_DEFAULT)
		fprintf(stderr,
			"postseal genkey: warning: %u bits are few, 2048 are advised "
			"(RFC 8301)\n",
			command->bits);
	r = key_generate(command->type, command->bits, &command->pem);
	if (r > 0)
		return say(EX_SOFTWARE, "cannot generate a key",
			   "the library has no randomness, or does not allow it");
	return r == 0 ? EX_OK : say(EX_OSERR, "cannot generate a key", strerror(-r));
}

/* A file with that name, complete but not in its place yet. */
static int write_file(const struct genkey_command *command, struct new_file *file,
		      const char *ending, struct bytes content)
{
	char path[PATH_MAX];
	int size = snprintf(path, sizeof(path), "%s/%s.%s", command->directory,
			    command->record.selector, ending);
	int r;

	if (size < 0 || (size_t)size >= sizeof(path))
		return say(EX_CANTCREAT, command->directory, strerror(ENAMETOOLONG));
	/* As opendkim-genkey has it: the paths in messages and the files are what -D says. */
	if (strcmp(command->directory, ".") == 0)
		memmove(path, path + 2, (size_t)size - 1);
	r = new_file_open(file, path, 0600);
	if (r == 0)
		r = new_file_write(file, content);
	return r == 0 ? EX_OK : say(EX_CANTCREAT, path, strerror(-r));
}

static int place_file(const struct genkey_command *command, struct new_file *file, const char *what)
{
	struct stat status;
	bool is_replaced = lstat(file->path, &status) == 0;
	int r = new_file_place(file);

	if (r != 0)
		return say(EX_CANTCREAT, file->path, strerror(-r));
	if (is_replaced)
		fprintf(stderr, "postseal genkey: %s was there, and is replaced\n", file->path);
	else if (command->is_verbose)
		fprintf(stderr, "postseal genkey: %s written to %s\n", what, file->path);
	return EX_OK;
}

static int write_files(const struct genkey_command *command)
{
	struct new_file private_file = {.fd = -1};
	struct new_file text_file = {.fd = -1};
	int status = write_file(command, &private_file, "private",
				secret_memory_bytes(&command->pem));

	if (status == EX_OK)
		status = write_file(command, &text_file, "txt", buffer_bytes(&command->text));
	if (status == EX_OK)
		status = place_file(command, &private_file, "private key");
	if (status == EX_OK)
		status = place_file(command, &text_file, "DNS TXT record");
	new_file_close(&private_file);
	new_file_close(&text_file);
	return status;
}

static int start(struct genkey_command *command)
{
	int status;

	if (command->shows_version) {
		printf("postseal genkey %s\n", POSTSEAL_VERSION);
		return output_end(EX_OK);
	}
	status = check_names(command);
	if (status == EX_OK && core_dump_disable() != 0)
		status = say(EX_OSERR, "core dumps cannot be switched off", strerror(errno));
	if (status == EX_OK)
		status = make_text(command);
	if (status == EX_OK)
		status = make_key(command);
	if (status == EX_OK)
		status = take_public_half(command);
	if (status == EX_OK)
		status = make_text(command);
	return status == EX_OK ? write_files(command) : status;
}

int cmd_genkey(int argc, char **argv)
{
	struct genkey_command command = {
		.record = {.selector = "default", .domain = "localhost", .hashes = "sha256"},
		.type = KEY_RSA,
		.bits = KEY_GENERATE_RSA_BITS_DEFAULT,
		.directory = ".",
	};
	struct command_line line;

	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = start(&command);
	secret_memory_deinit(&command.pem);
	buffer_deinit(&command.public_key);
	buffer_deinit(&command.text);
	return line.status;
}
