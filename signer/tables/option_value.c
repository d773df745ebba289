/*
 * How it works: one small parser a type. Booleans go by their first byte and numbers by strtol()
 * with base 0, because files that work with OpenDKIM have "yes", "True" and "0x10" in them.
 */
#include "signer/tables/option_value.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const canon_words[] = {
	[SIGNER_CANON_SIMPLE] = "simple",
	[SIGNER_CANON_RELAXED] = "relaxed",
};

bool option_type_is_text(enum option_type type)
{
	return type == OPTION_STRING || type == OPTION_PATH || type == OPTION_DATASET ||
	       type == OPTION_NAMES || type == OPTION_INCLUDE;
}

static bool bool_parse(const char *text, bool *yes_out)
{
	if (strchr("TtYy1", text[0]) == NULL && strchr("FfNn0", text[0]) == NULL)
		return false;
	*yes_out = strchr("TtYy1", text[0]) != NULL;
	return text[0] != '\0';
}

static bool number_parse(const char *text, int base, const struct option *option,
			 int64_t *number_out)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, base);
	if (end == text || *end != '\0' || errno != 0)
		return false;
	if (number < option->min || number > option->max)
		return false;
	*number_out = number;
	return true;
}

/* Bytes, with 1024 of the unit before in each next one. */
static bool size_parse(const char *text, const struct option *option, int64_t *number_out)
{
	static const char units[] = "KMGT";
	char *end;
	long long number;
	const char *unit;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || errno != 0 || number < 0)
		return false;
	if (*end != '\0') {
		unit = strchr(units, *end >= 'a' ? *end - ('a' - 'A') : *end);
		if (unit == NULL || end[1] != '\0')
			return false;
		for (const char *step = units; step <= unit; step++) {
			if (number > INT64_MAX / 1024)
				return false;
			number *= 1024;
		}
	}
	if (number < option->min || number > option->max)
		return false;
	*number_out = number;
	return true;
}

static bool choice_parse(const char *text, const struct option *option, int *choice_out)
{
	struct bytes wanted = bytes_of_string(text);

	for (const struct option_choice *choice = option->choices; choice->word != NULL; choice++) {
		struct bytes word = bytes_of_string(choice->word);

		if (bytes_equal_nocase(word, wanted) || (option->is_short && wanted.size > 0 &&
							 bytes_start_with_nocase(word, wanted))) {
			*choice_out = choice->value;
			return true;
		}
	}
	return false;
}

static bool canon_parse(struct bytes text, enum signer_canon *canon_out)
{
	if (bytes_equal_nocase(text, BYTES_LITERAL("simple")))
		*canon_out = SIGNER_CANON_SIMPLE;
	else if (bytes_equal_nocase(text, BYTES_LITERAL("relaxed")))
		*canon_out = SIGNER_CANON_RELAXED;
	else
		return false;
	return true;
}

/* RFC 6376 3.5 c=: where only one is given, the body's is simple. */
static bool canons_parse(const char *text, struct option_value *value)
{
	struct bytes all = bytes_of_string(text);
	size_t slash = bytes_find(all, '/');

	value->body_canon = SIGNER_CANON_SIMPLE;
	if (!canon_parse(bytes_slice(all, 0, slash), &value->header_canon))
		return false;
	return slash == all.size || canon_parse(bytes_skip(all, slash + 1), &value->body_canon);
}

static bool mode_parse(const char *text, struct option_value *value)
{
	for (const char *letter = text; *letter != '\0'; letter++) {
		if (*letter != 's' && *letter != 'v')
			return false;
	}
	value->mode_sign = strchr(text, 's') != NULL;
	value->mode_verify = strchr(text, 'v') != NULL;
	return text[0] != '\0';
}

/* The seconds of a unit, or 0. */
static uint32_t unit_seconds(char unit)
{
	switch (ascii_lower((uint8_t)unit)) {
	case '\0':
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 3600;
	case 'd': return 86400;
	default: return 0;
	}
}

static bool rate_parse(const char *text, struct signer_rate *rate_out)
{
	char *end;
	unsigned long count;
	unsigned long interval;
	uint32_t seconds;

	if (!ascii_is_digit((uint8_t)text[0]))
		return false;
	count = strtoul(text, &end, 10);
	if (*end != '/' || !ascii_is_digit((uint8_t)end[1]) || count > UINT32_MAX)
		return false;
	interval = strtoul(end + 1, &end, 10);
	seconds = unit_seconds(*end);
	if (seconds == 0 || (*end != '\0' && end[1] != '\0') || interval > UINT32_MAX / seconds)
		return false;
	*rate_out = (struct signer_rate){
		.count = (uint32_t)count,
		.interval_seconds = (uint32_t)interval * seconds,
	};
	return true;
}

static bool value_parse(const struct option *option, const char *text, struct option_value *value)
{
	switch (option->type) {
	case OPTION_BOOL: return bool_parse(text, &value->yes);
	case OPTION_UMASK:
	case OPTION_INTEGER: return number_parse(text, 0, option, &value->number);
	case OPTION_FILE_MODE: return number_parse(text, 8, option, &value->number);
	case OPTION_SIZE: return size_parse(text, option, &value->number);
	case OPTION_CHOICE: return choice_parse(text, option, &value->choice);
	case OPTION_CANONICALIZATION: return canons_parse(text, value);
	case OPTION_MODE: return mode_parse(text, value);
	case OPTION_RATE: return rate_parse(text, &value->rate);
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_DATASET:
	case OPTION_NAMES:
	case OPTION_INCLUDE: return true;
	}
	return false;
}

int option_value_parse(const struct option *option, const char *text,
		       struct option_value *value_out, char reason[OPTION_VALUE_REASON_SIZE])
{
	struct option_value value = {0};
	char allowed[OPTION_VALUE_REASON_SIZE / 2];

	if (value_parse(option, text, &value)) {
		*value_out = value;
		return 0;
	}
	option_allowed(option, allowed, sizeof(allowed));
	if (bytes_equal_nocase(bytes_of_string(text), BYTES_LITERAL("rsa-sha1")))
		(void)snprintf(reason, OPTION_VALUE_REASON_SIZE,
			       "rsa-sha1 must not be used to sign (RFC 8301 3.1); allowed: %s",
			       allowed);
	else
		(void)snprintf(reason, OPTION_VALUE_REASON_SIZE,
			       "illegal value \"%.100s\"; allowed: %s", text, allowed);
	return OPTION_VALUE_E_INVALID;
}

bool option_value_is_default(const struct option *option, const char *text)
{
	struct option_value value = {0};
	struct option_value usual = {0};

	if (option->default_text == NULL)
		return false;
	if (option_type_is_text(option->type))
		return bytes_equal_nocase(bytes_of_string(text),
					  bytes_of_string(option->default_text));
	if (!value_parse(option, text, &value) ||
	    !value_parse(option, option->default_text, &usual))
		return false;
	return value.yes == usual.yes && value.number == usual.number &&
	       value.choice == usual.choice;
}

static int choice_print(const struct option *option, int value, struct buffer *text)
{
	const struct option_choice *choice = option->choices;

	while (choice->word != NULL && choice->value != value)
		choice++;
	assert(choice->word != NULL); /* only words of the list become values */
	return buffer_append_string(text, choice->word);
}

int option_value_print(const struct option *option, const struct option_value *value,
		       struct buffer *text)
{
	switch (option->type) {
	case OPTION_BOOL: return buffer_append_string(text, value->yes ? "yes" : "no");
	case OPTION_INTEGER:
	case OPTION_SIZE: return buffer_printf(text, "%" PRId64, value->number);
	case OPTION_UMASK:
	case OPTION_FILE_MODE: return buffer_printf(text, "%04" PRIo64, (uint64_t)value->number);
	case OPTION_CHOICE: return choice_print(option, value->choice, text);
	case OPTION_CANONICALIZATION:
		return buffer_printf(text, "%s/%s", canon_words[value->header_canon],
				     canon_words[value->body_canon]);
	case OPTION_MODE:
		return buffer_printf(text, "%s%s", value->mode_sign ? "s" : "",
				     value->mode_verify ? "v" : "");
	case OPTION_RATE:
		return buffer_printf(text, "%" PRIu32 "/%" PRIu32, value->rate.count,
				     value->rate.interval_seconds);
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_DATASET:
	case OPTION_NAMES:
	case OPTION_INCLUDE: break;
	}
	assert(!"texts are printed as they are");
	return -EINVAL;
}
