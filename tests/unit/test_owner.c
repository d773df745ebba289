/*
 * Goal:   SpoolOwner becomes numbers, or it is said what is wrong with it: a name that nobody has is the
 *         administrator's mistake, a directory service that is away is not.
 * Method: by row, with users and groups of our own: the linker puts them in the place of the system's.
 */
#include "signer/spool/owner.h"

#include "tests/unit/unit_test.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

struct passwd *__wrap_getpwnam(const char *name);
struct group *__wrap_getgrnam(const char *name);

/* What the look-up of these leaves in errno. */
static int error_of(const char *name)
{
	if (strcmp(name, "away") == 0)
		return EIO;
	return strcmp(name, "nobody-here") == 0 ? ENOENT : 0;
}

struct passwd *__wrap_getpwnam(const char *name)
{
	static struct passwd user = {.pw_uid = 11, .pw_gid = 22};

	if (strcmp(name, "mail") == 0)
		return &user;
	if (error_of(name) != 0)
		errno = error_of(name);
	return NULL;
}

struct group *__wrap_getgrnam(const char *name)
{
	static struct group group = {.gr_gid = 33};

	if (strcmp(name, "mail") == 0)
		return &group;
	if (error_of(name) != 0)
		errno = error_of(name);
	return NULL;
}

static void owners_are_found_or_told(void **state)
{
	static const struct {
		const char *text;
		int result;
		uid_t owner;
		gid_t group;
		const char *why;
	} rows[] = {
		{NULL, 0, (uid_t)-1, (gid_t)-1, NULL},
		{"mail", 0, 11, 22, NULL},
		{"mail:mail", 0, 11, 33, NULL},
		{":mail", 0, (uid_t)-1, 33, NULL},
		{"mail:", 0, 11, 22, NULL},
		{"123:456", 0, 123, 456, NULL},
		{"123", 0, 123, (gid_t)-1, NULL},
		{"nobody-here", OWNER_E_UNKNOWN, 0, 0, "there is no user \"nobody-here\""},
		{"unknown", OWNER_E_UNKNOWN, 0, 0, "there is no user \"unknown\""},
		{"12x", OWNER_E_UNKNOWN, 0, 0, "there is no user \"12x\""},
		{"mail:unknown", OWNER_E_UNKNOWN, 0, 0, "there is no group \"unknown\""},
		{"away", -EIO, 0, 0, "user \"away\" cannot be looked up: Input/output error"},
		{"mail:away", -EIO, 0, 0, "group \"away\" cannot be looked up: Input/output error"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct signer_config config = {
			.spool_owner = rows[i].text,
			.spool_mode = -1,
		};
		char why[OWNER_WHY_SIZE] = "";
		struct out_file_rights rights;
		int r;

		errno = EAGAIN; /* left by somebody else */
		r = owner_rights(&config, &rights, why);
		if (r != rows[i].result)
			fail_msg("%s: got %d (%s), want %d", rows[i].text, r, why, rows[i].result);
		if (r != 0) {
			assert_string_equal(why, rows[i].why);
			continue;
		}
		assert_int_equal(rights.owner, rows[i].owner);
		assert_int_equal(rights.group, rows[i].group);
		assert_int_equal(rights.must_owner, rows[i].owner != (uid_t)-1);
		assert_int_equal(rights.must_group, rows[i].group != (gid_t)-1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_are_found_or_told),
	};

	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
