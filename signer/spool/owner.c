#include "signer/spool/owner.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plain number is one, even if nobody has that name. */
static bool as_number(const char *text, unsigned long *number_out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	*number_out = strtoul(text, &end, 10);
	return *end == '\0' && *number_out < UINT32_MAX;
}

/*
 * Says why there is no user or group of that name. `error` is what the look-up left in errno; it
 * leaves these two, or nothing, where all went well and the name is unknown.
 */
static int not_found(const char *kind, const char *name, int error, char why[OWNER_WHY_SIZE])
{
	if (error == 0 || error == ENOENT || error == ESRCH) {
		snprintf(why, OWNER_WHY_SIZE, "there is no %s \"%s\"", kind, name);
		return OWNER_E_UNKNOWN;
	}
	snprintf(why, OWNER_WHY_SIZE, "%s \"%s\" cannot be looked up: %s", kind, name,
		 strerror(error));
	return -error;
}

static int find_user(const char *name, struct out_file_rights *rights, char why[OWNER_WHY_SIZE])
{
	const struct passwd *user;
	unsigned long number;

	errno = 0;
	user = getpwnam(name);
	if (user == NULL && !as_number(name, &number))
		return not_found("user", name, errno, why);
	rights->owner = user != NULL ? user->pw_uid : (uid_t)number;
	rights->must_owner = true;
	if (user != NULL)
		rights->group = user->pw_gid;
	rights->must_group = user != NULL;
	return 0;
}

static int find_group(const char *name, struct out_file_rights *rights, char why[OWNER_WHY_SIZE])
{
	const struct group *group;
	unsigned long number;

	errno = 0;
	group = getgrnam(name);
	if (group == NULL && !as_number(name, &number))
		return not_found("group", name, errno, why);
	rights->group = group != NULL ? group->gr_gid : (gid_t)number;
	rights->must_group = true;
	return 0;
}

int owner_rights(const struct signer_config *config, struct out_file_rights *rights_out,
		 char why[OWNER_WHY_SIZE])
{
	struct out_file_rights rights = {
		.mode = config->spool_mode < 0 ? (mode_t)-1 : (mode_t)config->spool_mode,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};
	char user[256];
	char *colon;
	int r = 0;

	if (config->spool_owner != NULL) {
		snprintf(user, sizeof(user), "%s", config->spool_owner);
		colon = strchr(user, ':');
		if (colon != NULL)
			*colon = '\0';
		if (user[0] != '\0')
			r = find_user(user, &rights, why);
		if (r == 0 && colon != NULL && colon[1] != '\0')
			r = find_group(colon + 1, &rights, why);
	}
	if (r == 0)
		*rights_out = rights;
	return r;
}
