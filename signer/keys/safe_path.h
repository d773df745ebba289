/*
 * safe_path - open a file only if nobody else could have read or changed it.
 *
 * Is:       OpenDKIM's RequireSafeKeys: every directory from / down, links resolved, and the file
 *           itself. What is opened is what was checked: the walk holds a descriptor of each
 *           directory and looks at the file through the descriptor that it returns.
 *
 *           unsafe                                                              files  directories
 *           others may read it                                                    x
 *           others may write it (but not: sticky and root's, as /tmp)             x        x
 *           its group may read it, and has members beside root and the user       x
 *           its group may write it, and has members beside root and the user      x        x
 *           its owner may write it, and is neither root nor the user              x        x
 *           a link in a sticky directory that is neither root's nor the user's
 *
 * Is not:   a check of access control lists, or of what root could do.
 * Source:   opendkim.conf(5) RequireSafeKeys; the words of the messages are OpenDKIM's.
 * Errors:   -errno of the step that failed, SAFE_PATH_E_*; each with a text that names the path.
 * Owns:     nothing of the caller's; the descriptor returned is the caller's to close.
 * Threads:  any number.
 *
 *	struct safe_path *safe;
 *	char text[SAFE_PATH_TEXT_SIZE];
 *	int fd;
 *
 *	r = safe_path_new(geteuid(), 60 * NS_PER_S, &safe);
 *	r = safe_path_open(safe, "/etc/keys/s1.pem", SAFE_PATH_REFUSE, &fd, text);
 */
#ifndef SIGNER_KEYS_SAFE_PATH_H
#define SIGNER_KEYS_SAFE_PATH_H

#include "common/compiler.h"

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#define SAFE_PATH_TEXT_SIZE (PATH_MAX + 512)

enum {
	SAFE_PATH_E_UNSAFE = 1,
	SAFE_PATH_E_NOT_FILE, /* a directory, FIFO, socket or device; it was not opened */
};

enum safe_path_policy {
	SAFE_PATH_REFUSE, /* unsafe is SAFE_PATH_E_UNSAFE */
	SAFE_PATH_REPORT, /* unsafe is opened nevertheless, and the text says why it is unsafe */
};

struct safe_path;

/* `group_age_ns_max`: how long the members of a group are taken to be the same. */
MUST_CHECK int safe_path_new(uid_t user, int64_t group_age_ns_max, struct safe_path **safe_out);
void safe_path_free(struct safe_path *safe);

/* Opens for reading, without blocking. `text` has SAFE_PATH_TEXT_SIZE bytes and is "" if all is
 * well. */
MUST_CHECK int safe_path_open(struct safe_path *safe, const char *path,
			      enum safe_path_policy policy, int *fd_out, char *text);

#endif
