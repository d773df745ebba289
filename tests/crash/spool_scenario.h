/*
 * spool_scenario - a spool with one unit of each kind, and whether it came out right.
 *
 * Is:       the units, what must become of each message, and the count of where all of them are.
 * Use:      spool_scenario_open(); then per round spool_scenario_fill(), any number of runs with
 *           spool_scenario_take() between them, and spool_scenario_check().
 * Method:   each message has its own Message-ID, whose first letter says what must become of it.
 */
#ifndef TESTS_CRASH_SPOOL_SCENARIO_H
#define TESTS_CRASH_SPOOL_SCENARIO_H

#include "tests/unit/spool_fixture.h"

#define SCENARIO_UNITS_MAX    32
#define SCENARIO_MESSAGES_MAX 64

struct spool_scenario {
	struct spool_fixture *fixture;
	struct scenario_unit {
		char name[32];
		struct buffer content;
	} units[SCENARIO_UNITS_MAX];
	size_t unit_count;
	struct scenario_message {
		char id[32];
		uint8_t digest[SHA256_SIZE];
		unsigned seen;
		unsigned seen_right;
		char where[64]; /* it is not right */
	} messages[SCENARIO_MESSAGES_MAX];
	size_t message_count;
	bool well_formed; /* all batches seen so far were */
};

/* `fixture` is borrowed. */
void spool_scenario_open(struct spool_scenario *scenario, struct spool_fixture *fixture);
void spool_scenario_close(struct spool_scenario *scenario);

/* Empties the spool, and puts all units into in/. */
void spool_scenario_fill(struct spool_scenario *scenario);

/* What a consumer does: everything in out/ goes to SPOOL/taken-NUMBER. */
void spool_scenario_take(struct spool_scenario *scenario, unsigned number);

/*
 * Every message is in exactly one place, as it must be in the end: signed or as it was in out/ or what was
 * taken, or in failed/, or still in in/. NULL: so it is; else what is wrong first, in `text`.
 */
const char *spool_scenario_check(struct spool_scenario *scenario, char *text, size_t size);

/* How far it is from one N to the next: `step`; 1 in `scripts/test --full`; more where a run is slow. */
unsigned spool_scenario_step(unsigned step);

#endif
