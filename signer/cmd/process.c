#include "signer/cmd/process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static PRINTF_LIKE(2, 3) int refuse(char why[PROCESS_WHY_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PROCESS_WHY_SIZE, format, args);
	va_end(args);
	return EX_CONFIG;
}

/* A name that is only digits, as an ID; (uid_t)-1 is none. */
static bool as_id(const char *text, id_t *id_out)
{
	char *end;
	unsigned long id;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	id = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || id >= UINT32_MAX)
		return false;
	*id_out = (id_t)id;
	return true;
}

static int find_user(struct process *process, const char *name, char why[PROCESS_WHY_SIZE])
{
	const struct passwd *user = getpwnam(name);
	id_t id;

	if (user == NULL && as_id(name, &id)) {
		user = getpwuid((uid_t)id);
		process->user = (uid_t)id;
		process->group = (gid_t)id;
	} else if (user == NULL) {
		return refuse(why, "UserID: there is no user \"%s\"", name);
	}
	if (user != NULL) {
		process->user = user->pw_uid;
		process->group = user->pw_gid;
		snprintf(process->user_name, sizeof(process->user_name), "%s", user->pw_name);
	}
	return EX_OK;
}

static int find_group(struct process *process, const char *name, char why[PROCESS_WHY_SIZE])
{
	const struct group *group = getgrnam(name);
	id_t id;

	if (group != NULL)
		process->group = group->gr_gid;
	else if (as_id(name, &id))
		process->group = (gid_t)id;
	else
		return refuse(why, "UserID: there is no group \"%s\"", name);
	return EX_OK;
}

int process_find(const struct signer_config *config, struct process *process_out,
		 char why[PROCESS_WHY_SIZE])
{
	struct process process = {.config = config};
	char text[PROCESS_USER_SIZE];
	char *group;
	int r;

	if (config->user_id != NULL) {
		if ((size_t)snprintf(text, sizeof(text), "%s", config->user_id) >= sizeof(text))
			return refuse(why, "UserID: the name is too long");
		group = strchr(text, ':');
		if (group != NULL)
			*group++ = '\0';
		r = find_user(&process, text, why);
		if (r == EX_OK && group != NULL)
			r = find_group(&process, group, why);
		if (r != EX_OK)
			return r;
		process.changes_user = process.user != geteuid() || process.group != getegid();
	}
	*process_out = process;
	return EX_OK;
}

static int change_user(const struct process *process, char why[PROCESS_WHY_SIZE])
{
	int r = process->user_name[0] != '\0' ? initgroups(process->user_name, process->group)
					      : setgroups(1, &process->group);

	if (r != 0 || setgid(process->group) != 0 || setuid(process->user) != 0)
		return refuse(why, "UserID: cannot become %s: %s", process->config->user_id,
			      strerror(errno));
	/* Whoever gave root away must not be able to take it back. */
	if (process->user != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return refuse(why, "UserID: the rights of root cannot be given up");
	return EX_OK;
}

int process_enter(const struct process *process, char why[PROCESS_WHY_SIZE])
{
	const struct signer_config *config = process->config;

	/* Files get the modes that they are made with, unless UMask takes something off. */
	umask(config->umask_bits >= 0 ? (mode_t)config->umask_bits : 0);
	if (config->change_root_directory != NULL &&
	    (chroot(config->change_root_directory) != 0 || chdir("/") != 0))
		return refuse(why, "ChangeRootDirectory: %s: %s", config->change_root_directory,
			      strerror(errno));
	return process->changes_user ? change_user(process, why) : EX_OK;
}

int process_become_user(const struct signer_config *config, char why[PROCESS_WHY_SIZE])
{
	struct process process;
	int r;

	if (geteuid() != 0)
		return EX_OK;
	r = process_find(config, &process, why);
	return r == EX_OK && process.changes_user ? change_user(&process, why) : r;
}
