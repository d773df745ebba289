/*
 * glob - a pattern in which `*` is any run of bytes, and every other byte stands for itself.
 *
 * Is not:   a regular expression (pattern.h), or what a shell has: ? and [ mean nothing here.
 * Time:     at most the product of both sizes, whatever they hold.
 * Case:     folds ASCII letters, if asked to.
 * Threads:  any.
 */
#ifndef COMMON_GLOB_H
#define COMMON_GLOB_H

#include "common/bytes.h"

/* Does the pattern match all of the subject? */
bool glob_match(struct bytes glob, struct bytes subject, bool is_caseless);

#endif
