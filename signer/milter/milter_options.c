#include "signer/milter/milter_options.h"

#define ALWAYS                                                                                     \
	(MILTER_NO_HELO | MILTER_NO_UNKNOWN | MILTER_NO_DATA | MILTER_SKIPS |                      \
	 MILTER_LEADING_SPACE | MILTER_NR_HEADER | MILTER_NR_HELO | MILTER_NR_MAIL |               \
	 MILTER_NR_RCPT | MILTER_NR_DATA | MILTER_NR_UNKNOWN | MILTER_NR_BODY)

static uint32_t steps_of(const struct milter_needs *needs)
{
	uint32_t steps = ALWAYS;

	if (!needs->answers_connect)
		steps |= MILTER_NR_CONNECT;
	if (!needs->sees_recipients)
		steps |= MILTER_NO_RCPT;
	if (!needs->answers_end_of_header)
		steps |= MILTER_NR_END_OF_HEADER;
	return steps;
}

static uint32_t actions_of(const struct milter_needs *needs)
{
	uint32_t actions = MILTER_ACTION_ADD_HEADERS;

	if (needs->changes_fields)
		actions |= MILTER_ACTION_CHANGE_HEADERS;
	if (needs->quarantines)
		actions |= MILTER_ACTION_QUARANTINE;
	if (needs->names_macros)
		actions |= MILTER_ACTION_SET_MACROS;
	return actions;
}

int milter_options_choose(const struct milter_options *offered, const struct milter_needs *needs,
			  struct milter_options *options_out)
{
	if (offered->version < MILTER_VERSION_MIN)
		return MILTER_OPTIONS_E_VERSION;
	if ((offered->actions & MILTER_ACTION_ADD_HEADERS) == 0)
		return MILTER_OPTIONS_E_ACTIONS;
	*options_out = (struct milter_options){
		.version = offered->version < MILTER_VERSION_MAX ? offered->version
								 : MILTER_VERSION_MAX,
		.actions = offered->actions & actions_of(needs),
		.steps = offered->steps & steps_of(needs),
	};
	return 0;
}

const char *milter_options_reason(int error)
{
	if (error == MILTER_OPTIONS_E_VERSION)
		return "a version of the protocol below 2";
	return "it does not let a filter add header fields";
}
