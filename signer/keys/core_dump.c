/*
 * How it works: the size limit alone does not stop a core_pattern that is a pipe, and the flag
 * alone is reset by a later exec. Both together hold.
 */
#include "signer/keys/core_dump.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int core_dump_disable(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -errno;
	return 0;
}
