/*
 * failing_malloc - put before a program with LD_PRELOAD, it lets one allocation of it fail.
 *
 * Use:    FAIL_MALLOC_AT=N: the Nth fails, from 1; 0: none. FAIL_MALLOC_COUNT=FILE: how many there were is
 *         written there at the end.
 */
#include "tests/crash/replaced_malloc.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong allocations;
static atomic_ulong fail_at;

bool allocation_fails(void)
{
	return atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&fail_at);
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_MALLOC_AT");

	atomic_store(&allocations, 0);
	atomic_store(&fail_at, at == NULL ? 0 : strtoul(at, NULL, 10));
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAIL_MALLOC_COUNT");
	char text[32];
	int size = snprintf(text, sizeof(text), "%lu\n", atomic_load(&allocations));
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)!write(fd, text, (size_t)size);
	close(fd);
}
