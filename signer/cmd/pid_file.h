/*
 * pid_file - the file that tells init scripts which process the daemon is.
 *
 * Use:      pid_file_write() before rights are given up; pid_file_remove() at the end, as far as the
 *           rights still go.
 * Safety:   the file is made beside its place and renamed there, so a link that somebody put in the
 *           way is replaced, never followed.
 * Errors:   -errno.
 */
#ifndef SIGNER_CMD_PID_FILE_H
#define SIGNER_CMD_PID_FILE_H

#include "common/compiler.h"

#include <sys/types.h>

MUST_CHECK int pid_file_write(const char *path, pid_t process);

/* Only if it still names that process. */
void pid_file_remove(const char *path, pid_t process);

#endif
