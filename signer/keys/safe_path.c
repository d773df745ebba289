/*
 * How it works: the walk does what the kernel does for open(2), one component at a time. It holds
 * the directory that it has reached (a descriptor and its name without links) and the rest of the
 * path. A link puts its target before the rest; an absolute target starts again at /. A slash at
 * the end stays in the rest, and says that the name before it must be a directory.
 *
 * Every directory is looked at through its own descriptor after it was entered, and the next
 * component is looked up in that descriptor, so renaming a directory in between cannot slip in an
 * unchecked one. Nothing but a regular file is ever opened for reading: opening a FIFO would wait
 * and opening a device may act.
 */
#include "signer/keys/safe_path.h"

#include "signer/keys/group_members.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the kernel follows, too. */
#define LINKS_MAX 40

struct safe_path {
	uid_t user;
	struct group_members *members;
};

struct safe_path_walk {
	struct safe_path *safe;
	enum safe_path_policy policy;
	char *text;
	bool is_unsafe; /* the text is about that */
	int directory;	/* the directory reached; -1 before the first */
	bool is_sticky; /* others may create names in it */
	unsigned links;
	char reached[PATH_MAX]; /* its name; "" is / */
	const char *rest;	/* still to walk; in `path` */
	char path[PATH_MAX];
};

int safe_path_new(uid_t user, int64_t group_age_ns_max, struct safe_path **safe_out)
{
	struct safe_path *safe = calloc(1, sizeof(*safe));
	int r;

	if (safe == NULL)
		return -ENOMEM;
	safe->user = user;
	r = group_members_new(user, group_age_ns_max, &safe->members);
	if (r != 0) {
		free(safe);
		return r;
	}
	*safe_out = safe;
	return 0;
}

void safe_path_free(struct safe_path *safe)
{
	if (safe == NULL)
		return;
	group_members_free(safe->members);
	free(safe);
}

/* A text that does not fit, which takes a path near PATH_MAX, is cut. */
PRINTF_LIKE(2, 3) static void walk_say(struct safe_path_walk *walk, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(walk->text, SAFE_PATH_TEXT_SIZE, format, args);
	va_end(args);
}

/* The text is about why the path is unsafe. Checks end with the first reason. */
static int walk_unsafe(struct safe_path_walk *walk)
{
	walk->is_unsafe = true;
	return walk->policy == SAFE_PATH_REFUSE ? SAFE_PATH_E_UNSAFE : 0;
}

/* Says at which name it failed. */
static int walk_fail(struct safe_path_walk *walk, const char *name, int error)
{
	walk_say(walk, "%s/%s: %s", walk->reached, name, strerrordesc_np(error));
	return -error;
}

static int check_group(struct safe_path_walk *walk, const char *path, gid_t group)
{
	char member[GROUP_MEMBERS_NAME_SIZE];
	int r = group_members_check(walk->safe->members, group, member);

	if (r == GROUP_MEMBERS_E_OTHERS) {
		walk_say(walk, "%s is in group %u which has multiple users (e.g. \"%s\")", path,
			 (unsigned)group, member);
		return walk_unsafe(walk);
	}
	if (r != 0)
		walk_say(walk, "%s: cannot find out who is in group %u: %s", path, (unsigned)group,
			 strerrordesc_np(-r));
	return r;
}

/* `forbidden`: the permissions (of S_IROTH and S_IWOTH) that make it unsafe, to others and to a
 * group with members. */
static int check(struct safe_path_walk *walk, const char *path, const struct stat *status,
		 mode_t forbidden)
{
	uid_t user = walk->safe->user;

	if (walk->is_unsafe)
		return 0;
	if ((status->st_mode & S_IWUSR) != 0 && status->st_uid != 0 && status->st_uid != user) {
		walk_say(walk,
			 "%s is writeable and owned by uid %u which is not the executing uid (%u)",
			 path, (unsigned)status->st_uid, (unsigned)user);
		return walk_unsafe(walk);
	}
	if ((status->st_mode & forbidden) != 0) {
		walk_say(walk, "%s can be read or written by other users", path);
		return walk_unsafe(walk);
	}
	if ((status->st_mode & (forbidden << 3)) != 0)
		return check_group(walk, path, status->st_gid);
	return 0;
}

static int check_directory(struct safe_path_walk *walk, const struct stat *status)
{
	/* In root's sticky directory nobody can replace what belongs to somebody else. */
	return check(walk, walk->reached[0] == '\0' ? "/" : walk->reached, status,
		     walk->is_sticky ? 0 : S_IWOTH);
}

static int check_file(struct safe_path_walk *walk, const char *name, const struct stat *status)
{
	char path[PATH_MAX + NAME_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s/%.*s", walk->reached, NAME_MAX, name);
	return check(walk, path, status, S_IROTH | S_IWOTH);
}

/* Makes the open directory `fd` the one reached, whose name is already in `reached`. */
static int walk_enter(struct safe_path_walk *walk, int fd)
{
	struct stat status;

	if (walk->directory >= 0)
		(void)close(walk->directory);
	walk->directory = fd;
	if (fstat(fd, &status) != 0)
		return walk_fail(walk, "", errno);
	walk->is_sticky = status.st_uid == 0 && (status.st_mode & S_ISVTX) != 0 &&
			  (status.st_mode & (S_IWOTH | S_IWGRP)) != 0;
	return check_directory(walk, &status);
}

static int walk_enter_root(struct safe_path_walk *walk)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	walk->reached[0] = '\0';
	return fd < 0 ? walk_fail(walk, "", errno) : walk_enter(walk, fd);
}

static int walk_enter_parent(struct safe_path_walk *walk)
{
	int fd = openat(walk->directory, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *slash = strrchr(walk->reached, '/');

	if (fd < 0)
		return walk_fail(walk, "..", errno);
	if (slash != NULL)
		*slash = '\0';
	return walk_enter(walk, fd);
}

static int walk_enter_child(struct safe_path_walk *walk, const char *name, int fd)
{
	size_t reached_size = strlen(walk->reached);
	size_t room = sizeof(walk->reached) - reached_size;

	if (strlen(name) + 1 >= room) {
		(void)close(fd);
		return walk_fail(walk, name, ENAMETOOLONG);
	}
	(void)snprintf(walk->reached + reached_size, room, "/%s", name);
	return walk_enter(walk, fd);
}

/* `fd` is the link itself, and is closed. */
static int walk_follow(struct safe_path_walk *walk, const char *name, const struct stat *status,
		       int fd)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t size = readlinkat(fd, "", target, sizeof(target) - 1);
	int error = errno;
	int r;

	(void)close(fd);
	if (size < 0)
		return walk_fail(walk, name, error);
	target[size] = '\0';
	if (++walk->links > LINKS_MAX)
		return walk_fail(walk, name, ELOOP);
	/* Its owner may point it elsewhere at any time. */
	if (!walk->is_unsafe && walk->is_sticky && status->st_uid != 0 &&
	    status->st_uid != walk->safe->user) {
		walk_say(walk,
			 "%s/%s is a link owned by uid %u which is not the executing uid (%u)",
			 walk->reached, name, (unsigned)status->st_uid, (unsigned)walk->safe->user);
		r = walk_unsafe(walk);
		if (r != 0)
			return r;
	}
	r = snprintf(path, sizeof(path), "%s%s", target, walk->rest);
	if (r < 0 || (size_t)r >= sizeof(path))
		return walk_fail(walk, name, ENAMETOOLONG);
	memcpy(walk->path, path, sizeof(path));
	walk->rest = walk->path;
	return target[0] == '/' ? walk_enter_root(walk) : 0;
}

static int walk_not_file(struct safe_path_walk *walk, const char *name, mode_t mode)
{
	const char *what = S_ISDIR(mode)    ? "a directory"
			   : S_ISFIFO(mode) ? "a FIFO"
			   : S_ISSOCK(mode) ? "a socket"
					    : "a device";

	walk_say(walk, "%s%s%s is %s, not a file", walk->reached,
		 walk->reached[0] != '\0' && name[0] == '\0' ? "" : "/", name, what);
	return SAFE_PATH_E_NOT_FILE;
}

static int walk_open_file(struct safe_path_walk *walk, const char *name, int *fd_out)
{
	int fd = openat(walk->directory, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	int r;

	if (fd < 0)
		return walk_fail(walk, name, errno);
	if (fstat(fd, &status) != 0)
		r = walk_fail(walk, name, errno);
	else if (!S_ISREG(status.st_mode))
		r = walk_not_file(walk, name, status.st_mode);
	else
		r = check_file(walk, name, &status);
	if (r != 0)
		(void)close(fd);
	else
		*fd_out = fd;
	return r;
}

/* Cuts the next name off the rest; "" at the end. A slash behind the name stays in the rest: it
 * says that the name must be a directory. */
static void walk_next_name(struct safe_path_walk *walk, char name[PATH_MAX])
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t size = strcspn(start, "/");

	memcpy(name, start, size);
	name[size] = '\0';
	walk->rest = start + size;
}

/* One component. Sets *fd_out when it was the file; otherwise there is more to walk. */
static int walk_step(struct safe_path_walk *walk, int *fd_out)
{
	char name[PATH_MAX];
	struct stat status;
	int fd;

	walk_next_name(walk, name);
	if (name[0] == '\0')
		return walk_not_file(walk, "", S_IFDIR);
	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return walk_enter_parent(walk);
	fd = openat(walk->directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return walk_fail(walk, name, errno);
	if (fstat(fd, &status) != 0) {
		int error = errno;

		(void)close(fd);
		return walk_fail(walk, name, error);
	}
	if (S_ISLNK(status.st_mode))
		return walk_follow(walk, name, &status, fd);
	if (S_ISDIR(status.st_mode))
		return walk_enter_child(walk, name, fd);
	(void)close(fd);
	if (walk->rest[0] != '\0')
		return walk_fail(walk, name, ENOTDIR);
	if (!S_ISREG(status.st_mode))
		return walk_not_file(walk, name, status.st_mode);
	return walk_open_file(walk, name, fd_out);
}

/* Makes the path absolute. */
static int walk_start(struct safe_path_walk *walk, const char *path)
{
	char directory[PATH_MAX] = "";
	int size;

	if (path[0] == '\0') {
		walk_say(walk, "the path is empty");
		return -ENOENT;
	}
	if (path[0] != '/' && getcwd(directory, sizeof(directory)) == NULL) {
		int error = errno;

		walk_say(walk, "%s: cannot find the working directory: %s", path,
			 strerrordesc_np(error));
		return -error;
	}
	walk->rest = walk->path;
	size = snprintf(walk->path, sizeof(walk->path), "%s/%s", directory, path);
	if (size < 0 || (size_t)size >= sizeof(walk->path)) {
		walk_say(walk, "%s: %s", path, strerrordesc_np(ENAMETOOLONG));
		return -ENAMETOOLONG;
	}
	return walk_enter_root(walk);
}

int safe_path_open(struct safe_path *safe, const char *path, enum safe_path_policy policy,
		   int *fd_out, char *text)
{
	struct safe_path_walk walk;
	int fd = -1;
	int r;

	walk = (struct safe_path_walk){
		.safe = safe, .policy = policy, .text = text, .directory = -1};
	text[0] = '\0';
	r = walk_start(&walk, path);
	while (r == 0 && fd < 0)
		r = walk_step(&walk, &fd);
	if (walk.directory >= 0)
		(void)close(walk.directory);
	if (r == 0)
		*fd_out = fd;
	return r;
}
