/*
 * group_members - does a group have members other than one user and root?
 *
 * Is:       the answer, with a name as the proof, asked of the user data base (NSS) at most once
 *           per group and `age_ns_max`. Members are the users that the group lists and those
 *           whose primary group it is.
 * Is not:   a check of a file (safe_path.h).
 * Errors:   -errno when the data base cannot be read, which is not remembered.
 * Owns:     the answers that it remembers; a name that it returns is copied out.
 * Threads:  any number; one asks at a time.
 */
#ifndef SIGNER_KEYS_GROUP_MEMBERS_H
#define SIGNER_KEYS_GROUP_MEMBERS_H

#include "common/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GROUP_MEMBERS_NAME_SIZE 256

enum {
	GROUP_MEMBERS_E_OTHERS = 1, /* somebody else is in the group */
};

struct group_members;

MUST_CHECK int group_members_new(uid_t user, int64_t age_ns_max,
				 struct group_members **members_out);
void group_members_free(struct group_members *members);

/* Writes `name_out` (GROUP_MEMBERS_NAME_SIZE bytes) only with GROUP_MEMBERS_E_OTHERS. */
MUST_CHECK int group_members_check(struct group_members *members, gid_t group, char *name_out);

#endif
