/*
 * finding - what a run has to say: a ratio or a figure, and what it was to be.
 *
 * Is:       the values of the rounds with a title and a unit, and, for a target, the limit that they are held
 *           against. A verdict needs the middle half of the rounds on one side of the limit: pass or short.
 *           Otherwise another run could say the opposite, and the verdict is near.
 * Is not:   a test: a target that is missed is a fact to print, and the run goes on and ends well.
 * Units:    what `unit` says; "" for a ratio.
 * Errors:   of the table: -ENOMEM, -EIO.
 * Owns:     nothing; texts are borrowed.
 */
#ifndef BENCH_FINDING_H
#define BENCH_FINDING_H

#include "bench/failure.h"
#include "bench/samples.h"
#include "common/compiler.h"
#include "common/json_stream.h"

#include <stdbool.h>
#include <stdio.h>

enum finding_limit {
	FINDING_NO_LIMIT,
	FINDING_AT_LEAST,
	FINDING_AT_MOST,
};

enum finding_verdict {
	FINDING_PASS,
	FINDING_NEAR,
	FINDING_SHORT,
};

struct finding {
	const char *id;	   /* for machines: lower case, no spaces */
	const char *title; /* for people */
	const char *unit;
	enum finding_limit limit_kind;
	double limit;
	/* The limit is what it would be if nothing differed, so the rounds straddle it: that is a pass, too. */
	bool may_straddle;
	struct samples samples;
	struct failure skipped; /* an empty text: it was not */
};

/* Only for one with a limit that was not skipped. */
enum finding_verdict finding_verdict(const struct finding *finding);

/* "pass", "near", "short". */
const char *finding_verdict_name(enum finding_verdict verdict);

void findings_write_json(const struct finding *findings, size_t count, struct json_stream *json,
			 const char *name);
MUST_CHECK int findings_print(const struct finding *findings, size_t count, FILE *file);

#endif
