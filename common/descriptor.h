/*
 * descriptor - what one asks of file descriptors without a ring: plain writes, and how many there may be.
 *
 * Is:       a write of all of the bytes, however many system calls that takes.
 * Is not:   for loops: it waits as long as the other end does not read.
 * Errors:   -errno; how much was written by then is not known.
 * Threads:  any.
 */
#ifndef COMMON_DESCRIPTOR_H
#define COMMON_DESCRIPTOR_H

#include "common/bytes.h"
#include "common/compiler.h"

MUST_CHECK int descriptor_write(int fd, struct bytes bytes);

/*
 * Takes all descriptors that the process may have, and tells how many things that take `each` of them fit beside
 * `reserved` others; `least` where they do not fit or nobody knows.
 */
unsigned descriptor_room(unsigned reserved, unsigned each, unsigned least);

#endif
