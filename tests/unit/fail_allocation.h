/*
 * fail_allocation - makes the nth allocation of the code under test fail.
 *
 * Is:       malloc, calloc, realloc and strdup of all that is linked into the test statically, by
 *           the linker's --wrap (fail_allocation_dep in meson.build). What shared libraries
 *           allocate by themselves is not failed.
 * Threads:  the count is for all threads together.
 */
#ifndef TESTS_UNIT_FAIL_ALLOCATION_H
#define TESTS_UNIT_FAIL_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>

/* From here on the nth allocation fails (1 is the next), and only that one; 0: none. */
void fail_allocation_at(size_t nth);

/* Whether it has failed; no allocation fails any more. */
bool fail_allocation_end(void);

/* For libraries that can be told what to allocate with. */
bool fail_allocation_now(void);

#endif
