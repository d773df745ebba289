/*
 * replaced_malloc - malloc() and its like in the place of glibc's, of which some fail.
 *
 * Use:      link it, and define allocation_fails(). Not under a sanitizer, which has its own.
 */
#ifndef TESTS_CRASH_REPLACED_MALLOC_H
#define TESTS_CRASH_REPLACED_MALLOC_H

#include <stdbool.h>

/* Asked before each allocation, by any thread; must not allocate. */
bool allocation_fails(void);

#endif
