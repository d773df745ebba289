/*
 * failing_memory - makes one allocation fail, the one that a test wants.
 *
 * Is:       malloc, calloc, realloc and reallocarray of our own code, by the linker's --wrap (which
 *           failing_memory_dep in meson.build brings), and those of OpenSSL, by its own hook.
 * Use:      for nth = 1, 2, ...: failing_memory_arm(nth), run, and stop when
 *           failing_memory_disarm() says that no allocation was left to fail.
 * Threads:  one; the counter is global, as malloc is.
 */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Before anything else of OpenSSL is called. */
void failing_memory_hook_openssl(void);

/* The nth allocation from now on fails, all others do not. */
void failing_memory_arm(size_t nth);

/* Likewise, but those of OpenSSL are not counted. */
void failing_memory_arm_own(size_t nth);

/* No allocation fails any more; whether one did. */
bool failing_memory_disarm(void);

#endif
