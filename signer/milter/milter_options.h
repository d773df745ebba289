/*
 * milter_options - what an MTA and we agree on when a connection begins.
 *
 * Is:       the choice of version, actions and steps, from what the MTA offers and what the configuration needs.
 * Why:      each step that is left out, or not answered, is a round trip less for each message.
 * Source:   SMFIC_OPTNEG in Sendmail's libmilter, versions 2 to 6.
 */
#ifndef SIGNER_MILTER_MILTER_OPTIONS_H
#define SIGNER_MILTER_MILTER_OPTIONS_H

#include "signer/milter/milter_packet.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MILTER_OPTIONS_E_VERSION = 1,
	MILTER_OPTIONS_E_ACTIONS, /* fields could not be added */
};

struct milter_options {
	uint32_t version;
	uint32_t actions; /* MILTER_ACTION_* */
	uint32_t steps;	  /* MILTER_NO_*, MILTER_NR_* and so on */
};

/* What the configuration in force has to know, and to be asked. */
struct milter_needs {
	bool answers_connect;	    /* PeerList */
	bool sees_recipients;	    /* DontSignMailTo, BodyLengthDB */
	bool answers_end_of_header; /* what is decided there spares the MTA the body */
	bool changes_fields;	    /* fields of others are taken out */
	bool quarantines;
	bool names_macros;
};

MUST_CHECK int milter_options_choose(const struct milter_options *offered,
				     const struct milter_needs *needs,
				     struct milter_options *options_out);

/* Why, for a person. */
const char *milter_options_reason(int error);

/* Whether the MTA waits for an answer at a step that has this MILTER_NR_ bit. */
static inline bool milter_options_answers(const struct milter_options *options, uint32_t nr_step)
{
	return (options->steps & nr_step) == 0;
}

#endif
