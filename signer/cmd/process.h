/*
 * process - who and where this process is to be: UserID, ChangeRootDirectory, UMask.
 *
 * Is:       process_find() while all of the system is still in sight; process_enter() then leaves it.
 * Source:   opendkim.conf(5). USER or USER:GROUP; without a group, the user's own and all that list
 *           him. Numbers will do in place of names.
 * Errors:   EX_CONFIG, with the reason in `why`.
 * Threads:  before there are any: the kernel changes the user of the calling thread only.
 */
#ifndef SIGNER_CMD_PROCESS_H
#define SIGNER_CMD_PROCESS_H

#include "common/buffer.h"
#include "signer/tables/signer_config.h"

#include <sys/types.h>

#define PROCESS_USER_SIZE 256
#define PROCESS_WHY_SIZE  512

struct process {
	const struct signer_config *config;
	bool changes_user;
	uid_t user;
	gid_t group;
	char user_name[PROCESS_USER_SIZE]; /* "": the user is a number that nobody has */
};

MUST_CHECK int process_find(const struct signer_config *config, struct process *process_out,
			    char why[PROCESS_WHY_SIZE]);
MUST_CHECK int process_enter(const struct process *process, char why[PROCESS_WHY_SIZE]);

/* Becomes UserID and nothing else, if this is root. */
MUST_CHECK int process_become_user(const struct signer_config *config, char why[PROCESS_WHY_SIZE]);

#endif
