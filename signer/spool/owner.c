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

static int find_user(const char *name, struct out_file_rights *rights)
{
	const struct passwd *user = getpwnam(name);
	unsigned long number;

	if (user == NULL && !as_number(name, &number))
		return -ENOENT;
	rights->owner = user != NULL ? user->pw_uid : (uid_t)number;
	rights->must_owner = true;
	if (user != NULL)
		rights->group = user->pw_gid;
	rights->must_group = user != NULL;
	return 0;
}

static int find_group(const char *name, struct out_file_rights *rights)
{
	const struct group *group = getgrnam(name);
	unsigned long number;

	if (group == NULL && !as_number(name, &number))
		return -ENOENT;
	rights->group = group != NULL ? group->gr_gid : (gid_t)number;
	rights->must_group = true;
	return 0;
}

int owner_rights(const struct signer_config *config, struct out_file_rights *rights_out)
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
			r = find_user(user, &rights);
		if (r == 0 && colon != NULL && colon[1] != '\0')
			r = find_group(colon + 1, &rights);
	}
	if (r == 0)
		*rights_out = rights;
	return r;
}
