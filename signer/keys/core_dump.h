/*
 * core_dump - no core dump of this process, because it would hold private keys.
 *
 * Is:       what a program that will hold keys calls once, after it has changed user and before
 *           it reads a key (a change of user may reset the kernel's flag).
 * Source:   prctl(2) PR_SET_DUMPABLE, getrlimit(2) RLIMIT_CORE. The flag also keeps debuggers of
 *           the same user out, and gives /proc/PID/fd and the like to root: a program without
 *           root's rights cannot read its own any more.
 * Errors:   -errno.
 */
#ifndef SIGNER_KEYS_CORE_DUMP_H
#define SIGNER_KEYS_CORE_DUMP_H

#include "common/compiler.h"

MUST_CHECK int core_dump_disable(void);

#endif
