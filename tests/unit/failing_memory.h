/*
 * failing_memory - makes one allocation fail, the one that a test wants.
 *
 * Is:       malloc() and its like in all that is linked into the test statically, by the linker's
 *           --wrap (failing_memory_dep in meson.build), and in OpenSSL, by its own hook. What other
 *           shared libraries allocate by themselves is not failed.
 * Use:      for nth = 1, 2, ...: failing_memory_arm(nth), run, and stop when
 *           failing_memory_disarm() says that no allocation was left to fail.
 * Threads:  the count is for all threads together.
 */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Before anything else of OpenSSL is called. */
void failing_memory_hook_openssl(void);

/* The nth allocation from now on fails (1 is the next), all others do not; 0: none, only counted. */
void failing_memory_arm(size_t nth);

/* Likewise, but those of OpenSSL are not counted. */
void failing_memory_arm_own(size_t nth);

/* No allocation fails any more; whether one did. */
bool failing_memory_disarm(void);

/* Allocations since it was armed. */
size_t failing_memory_count(void);

#endif
