/*
 * descriptor - plain writes to a file descriptor, for those who have no ring.
 *
 * Is:       all of the bytes, however many system calls that takes.
 * Is not:   for loops: it waits as long as the other end does not read.
 * Errors:   -errno; how much was written by then is not known.
 * Threads:  any.
 */
#ifndef COMMON_DESCRIPTOR_H
#define COMMON_DESCRIPTOR_H

#include "common/bytes.h"
#include "common/compiler.h"

MUST_CHECK int descriptor_write(int fd, struct bytes bytes);

#endif
