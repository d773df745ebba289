/*
 * spool_load - the work that waits in a spool: which messages, in which units.
 *
 * Is:       fills SPOOL/in with the same units each time, one message a file or `messages_per_unit` in a
 *           .bsmtp, and empties the spool again.
 * Is not:   a producer as the contract of the spool wants it: nobody reads in/ while it is filled, so files
 *           are made under their names at once.
 * Units:    `message_count` is messages; a unit is a file.
 * Errors:   with a text; -errno.
 * Owns:     nothing.
 * Threads:  any number may ask for names; one fills.
 *
 *	r = spool_load_fill(&load, spool_path, failure);
 *	...
 *	r = spool_load_clear(spool_path, failure);
 */
#ifndef BENCH_SPOOL_LOAD_H
#define BENCH_SPOOL_LOAD_H

#include "bench/failure.h"
#include "bench/mail_maker.h"
#include "common/compiler.h"

#include <stdbool.h>

#define UNIT_NAME_SIZE_MAX 32

struct spool_load {
	struct mail_maker maker;
	uint64_t message_count;
	bool is_bsmtp;
	unsigned messages_per_unit; /* 1 unless is_bsmtp */
	/* The input is on the disk before a contender starts, as a producer had to leave it. */
	bool is_durable;
};

uint64_t spool_load_unit_count(const struct spool_load *load);
unsigned spool_load_unit_messages(const struct spool_load *load, uint64_t unit);
void spool_load_unit_name(const struct spool_load *load, uint64_t unit,
			  char name_out[UNIT_NAME_SIZE_MAX]);

/* Makes in, tmp, out and failed in `spool_path`, where they are not yet. */
MUST_CHECK int spool_load_make_rooms(const char *spool_path, struct failure *failure);

MUST_CHECK int spool_load_fill(const struct spool_load *load, const char *spool_path,
			       struct failure *failure);

/* One message of `size` bytes, as in/NAME: the first message of `maker` with its body repeated. */
MUST_CHECK int spool_load_fill_large(const struct mail_maker *maker, uint64_t size,
				     const char *spool_path, const char *name,
				     struct failure *failure);

/* Files in one room. */
MUST_CHECK int spool_load_count_files(const char *spool_path, const char *room, uint64_t *count_out,
				      struct failure *failure);

/* Removes every file in the four rooms. */
MUST_CHECK int spool_load_clear(const char *spool_path, struct failure *failure);

#endif
