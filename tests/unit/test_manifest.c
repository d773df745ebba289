/*
 * Goal:   what was written is read back, whatever the names; what is cut anywhere is refused whole.
 * Method: a manifest of awkward names is written, parsed back into text, and compared; then parsed
 *         again cut off at every byte, where nothing may be called back.
 */
#include "signer/spool/manifest.h"

#include "tests/unit/unit_test.h"

#include <limits.h>

#include <inttypes.h>

static const struct unit_identity identity = {123, 4096, -5, 999999999};

static int tell_unit(void *arg, const struct unit_identity *unit, const char *name)
{
	return buffer_printf(arg, "unit %" PRIu64 " %s|%s\n", unit->inode,
			     unit_identity_equal(unit, &identity) ? "same" : "other", name);
}

static int tell_file(void *arg, const char *tmp_name, enum spool_place place, const char *name)
{
	return buffer_printf(arg, "file %s %d|%s\n", tmp_name, (int)place, name);
}

static void write_example(struct buffer *manifest)
{
	assert_int_equal(manifest_begin(manifest), 0);
	assert_int_equal(manifest_add_unit(manifest, &identity, "a b\n%41\x01\xff"), 0);
	assert_int_equal(manifest_add_file(manifest, "u1", SPOOL_OUT, "a b\n%41\x01\xff"), 0);
	assert_int_equal(manifest_add_file(manifest, "u2", SPOOL_FAILED, "x.reason"), 0);
	assert_int_equal(manifest_add_unit(manifest, &identity, "plain.eml"), 0);
	assert_int_equal(manifest_end(manifest), 0);
}

static void what_is_written_is_read_back(void **state)
{
	struct buffer manifest = {0};
	struct buffer told = {0};
	struct manifest_reader reader = {tell_unit, tell_file, &told};

	(void)state;
	write_example(&manifest);
	assert_int_equal(manifest_parse(buffer_bytes(&manifest), &reader), 0);
	assert_string_equal(buffer_string(&told), "unit 123 same|a b\n%41\x01\xff\n"
						  "file u1 0|a b\n%41\x01\xff\n"
						  "file u2 1|x.reason\n"
						  "unit 123 same|plain.eml\n");
	buffer_deinit(&told);
	buffer_deinit(&manifest);
}

static void manifest_cut_anywhere_is_refused_whole(void **state)
{
	struct buffer manifest = {0};
	struct buffer told = {0};
	struct manifest_reader reader = {tell_unit, tell_file, &told};

	(void)state;
	write_example(&manifest);
	for (size_t size = 0; size < manifest.size; size++)
		assert_int_equal(manifest_parse(bytes_of(manifest.data, size), &reader),
				 MANIFEST_E_MALFORMED);
	assert_int_equal(told.size, 0);
	buffer_deinit(&told);
	buffer_deinit(&manifest);
}

static void damaged_lines_are_refused(void **state)
{
	static const char *const texts[] = {
		"postseal-manifest 2\nend 1\n",
		"postseal-manifest 1\nend 2\n",
		"postseal-manifest 1\nend 1\nmore\n",
		"postseal-manifest 1\nfile out u1 x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 ../x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 .x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x%2\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x%zz\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x\nfile else u1 x\nend 3\n",
		"postseal-manifest 1\nunit 1 2 3 4 x\nfile out a/b x\nend 3\n",
		/* Not as it is written: damaged, or not by us. */
		"postseal-manifest 1\nunit +1 2 3 4 x\nend 2\n",
		"postseal-manifest 1\nunit 01 2 3 4 x\nend 2\n",
		"postseal-manifest 1\nunit  1 2 3 4 x\nend 2\n",
		"postseal-manifest 1\nunit 18446744073709551616 2 3 4 x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 9223372036854775808 4 x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 -0 4 x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4294967296 x\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x y\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x%41\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x%00y\nend 2\n",
		"postseal-manifest 1\nunit 1 2 3 4 x\nfile out %20 x\nend 3\n",
		"postseal-manifest 1\nunit 1 2 3 4 x\nend 2x\n",
		"postseal-manifest 1\nunit 1 2 3 4 x\nend 02\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct buffer told = {0};
		struct manifest_reader reader = {tell_unit, tell_file, &told};

		if (manifest_parse(bytes_of_string(texts[i]), &reader) != MANIFEST_E_MALFORMED)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(told.size, 0);
	}
}

static void name_of_the_longest_size_is_taken_and_none_longer(void **state)
{
	struct unit_identity early = {.mtime_s = INT64_MIN, .mtime_ns = 999999999};
	char name[NAME_MAX + 2];

	(void)state;
	memset(name, ' ', sizeof(name));
	for (size_t size = NAME_MAX; size <= NAME_MAX + 1; size++) {
		struct buffer manifest = {0};
		struct buffer told = {0};
		struct manifest_reader reader = {tell_unit, tell_file, &told};

		name[NAME_MAX] = size > NAME_MAX ? ' ' : '\0';
		name[NAME_MAX + 1] = '\0';
		assert_int_equal(manifest_begin(&manifest), 0);
		assert_int_equal(manifest_add_unit(&manifest, &early, name), 0);
		assert_int_equal(manifest_end(&manifest), 0);
		assert_int_equal(manifest_parse(buffer_bytes(&manifest), &reader),
				 size > NAME_MAX ? MANIFEST_E_MALFORMED : 0);
		buffer_deinit(&told);
		buffer_deinit(&manifest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(manifest_cut_anywhere_is_refused_whole),
		cmocka_unit_test(damaged_lines_are_refused),
		cmocka_unit_test(name_of_the_longest_size_is_taken_and_none_longer),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
