/*
 * Goal: a batch is repeated after a crash as it was written, or not at all.
 * Method: what a manifest says is written as a new one, which must be the same. Without its end it must
 * not be taken, wherever it was cut. Then the lines of the input become the names of a manifest, and
 * must come out of it as they went in.
 */
#include "signer/spool/manifest.h"
#include "tests/fuzz/fuzz.h"

#include <limits.h>

static int write_unit(void *arg, const struct unit_identity *identity, const char *in_name)
{
	FUZZ_CHECK(in_name[0] != '\0' && in_name[0] != '.' && strchr(in_name, '/') == NULL);
	FUZZ_CHECK(strlen(in_name) <= NAME_MAX);
	FUZZ_CHECK(manifest_add_unit(arg, identity, in_name) == 0);
	return 0;
}

static int write_file(void *arg, const char *tmp_name, enum spool_place place, const char *name)
{
	FUZZ_CHECK(tmp_name[0] != '\0' && strchr(tmp_name, '/') == NULL);
	FUZZ_CHECK(name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL);
	FUZZ_CHECK(strlen(tmp_name) <= NAME_MAX && strlen(name) <= NAME_MAX);
	FUZZ_CHECK(manifest_add_file(arg, tmp_name, place, name) == 0);
	return 0;
}

/* Writes what the text says; MANIFEST_E_MALFORMED if it says nothing. */
static int copy(struct bytes text, struct buffer *manifest)
{
	const struct manifest_reader reader = {write_unit, write_file, manifest};
	int r;

	FUZZ_CHECK(manifest_begin(manifest) == 0);
	r = manifest_parse(text, &reader);
	FUZZ_CHECK(r == 0 || r == MANIFEST_E_MALFORMED);
	FUZZ_CHECK(r == 0 || bytes_find(buffer_bytes(manifest), '\n') == manifest->size - 1);
	FUZZ_CHECK(manifest_end(manifest) == 0);
	return r;
}

static int ignore_unit(void *arg, const struct unit_identity *identity, const char *in_name)
{
	(void)arg;
	(void)identity;
	(void)in_name;
	return 0;
}

static int ignore_file(void *arg, const char *tmp_name, enum spool_place place, const char *name)
{
	(void)arg;
	(void)tmp_name;
	(void)place;
	(void)name;
	return 0;
}

static void check_text(struct bytes text)
{
	const struct manifest_reader reader = {ignore_unit, ignore_file, NULL};
	struct buffer again = {0};

	if (copy(text, &again) == 0) {
		FUZZ_CHECK(bytes_equal(buffer_bytes(&again), text));
		for (size_t size = 0; size < text.size; size++)
			FUZZ_CHECK(manifest_parse(bytes_of(text.data, size), &reader) ==
				   MANIFEST_E_MALFORMED);
	}
	buffer_deinit(&again);
}

struct names {
	struct bytes rest; /* lines of the input */
	struct bytes text; /* a random seed */
	size_t count;
};

/* The next line as a file name that can be in a spool; false at the end. */
static bool next_name(struct names *names, char name[NAME_MAX + 1])
{
	while (names->rest.size > 0) {
		struct bytes line = fuzz_line(&names->rest);

		if (line.size == 0 || line.size > NAME_MAX || line.data[0] == '.' ||
		    bytes_find(line, '/') < line.size || bytes_find(line, '\0') < line.size)
			continue;
		memcpy(name, line.data, line.size);
		name[line.size] = '\0';
		return true;
	}
	return false;
}

static struct unit_identity identity_of(const struct names *names)
{
	uint64_t state = fuzz_seed(names->text) + names->rest.size;

	return (struct unit_identity){
		.inode = fuzz_random(&state),
		.size = fuzz_random(&state),
		.mtime_s = (int64_t)fuzz_random(&state),
		.mtime_ns = (uint32_t)fuzz_random(&state),
	};
}

static int compare_unit(void *arg, const struct unit_identity *identity, const char *in_name)
{
	char name[NAME_MAX + 1];
	struct unit_identity wanted;

	FUZZ_CHECK(next_name(arg, name));
	wanted = identity_of(arg);
	FUZZ_CHECK(strcmp(in_name, name) == 0);
	FUZZ_CHECK(unit_identity_equal(identity, &wanted));
	return 0;
}

static int compare_file(void *arg, const char *tmp_name, enum spool_place place, const char *name)
{
	struct names *names = arg;
	char wanted[NAME_MAX + 1];

	FUZZ_CHECK(next_name(names, wanted));
	FUZZ_CHECK(strcmp(tmp_name, "17.out") == 0);
	FUZZ_CHECK(place == (enum spool_place)(names->count++ % 3));
	FUZZ_CHECK(strcmp(name, wanted) == 0);
	return 0;
}

static void check_names(struct bytes text)
{
	struct names names = {.rest = text, .text = text};
	struct names wanted = names;
	const struct manifest_reader reader = {compare_unit, compare_file, &wanted};
	struct buffer manifest = {0};
	char name[NAME_MAX + 1];
	bool is_unit = true;

	FUZZ_CHECK(manifest_begin(&manifest) == 0);
	while (next_name(&names, name)) {
		struct unit_identity identity = identity_of(&names);

		if (is_unit)
			FUZZ_CHECK(manifest_add_unit(&manifest, &identity, name) == 0);
		else
			FUZZ_CHECK(manifest_add_file(&manifest, "17.out",
						     (enum spool_place)(names.count++ % 3),
						     name) == 0);
		is_unit = !is_unit;
	}
	FUZZ_CHECK(manifest_end(&manifest) == 0);
	FUZZ_CHECK(manifest_parse(buffer_bytes(&manifest), &reader) == 0);
	FUZZ_CHECK(!next_name(&wanted, name));
	buffer_deinit(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);

	check_text(text);
	check_names(text);
	return 0;
}
