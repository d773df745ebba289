#include "signer/milter/authentication_results.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

void authentication_results_deinit(struct authentication_results *results)
{
	free(results->ordinals);
	*results = (struct authentication_results){0};
}

void authentication_results_clear(struct authentication_results *results)
{
	results->seen = 0;
	results->count = 0;
}

/* Behind a comment that begins here (RFC 5322 3.2.2: nested, with quoted pairs); one without an end takes all. */
static size_t comment_end(struct bytes text, size_t at)
{
	unsigned depth = 0;

	for (; at < text.size; at++) {
		switch (text.data[at]) {
		case '\\': at++; break;
		case '(': depth++; break;
		case ')':
			if (--depth == 0)
				return at + 1;
			break;
		default: break;
		}
	}
	return text.size;
}

static struct bytes skip_cfws(struct bytes text)
{
	size_t at = 0;

	while (at < text.size) {
		if (ascii_is_space(text.data[at]))
			at++;
		else if (text.data[at] == '(')
			at = comment_end(text, at);
		else
			break;
	}
	return bytes_skip(text, at);
}

static bool ends_token(uint8_t byte)
{
	return ascii_is_space(byte) || byte == ';' || byte == '(' || byte == '/';
}

/* A value is a token or a quoted string (RFC 2045 5.1). */
struct bytes authentication_results_id(struct bytes value)
{
	struct bytes text = skip_cfws(value);
	size_t end = 0;

	if (text.size > 0 && text.data[0] == '"') {
		text = bytes_skip(text, 1);
		return bytes_slice(text, 0, bytes_find(text, '"'));
	}
	while (end < text.size && !ends_token(text.data[end]))
		end++;
	return bytes_slice(text, 0, end);
}

static int add_ordinal(struct authentication_results *results, uint32_t ordinal)
{
	if (results->count == results->capacity) {
		size_t capacity = results->capacity == 0 ? 4 : 2 * results->capacity;
		uint32_t *ordinals = reallocarray(results->ordinals, capacity, sizeof(*ordinals));

		if (ordinals == NULL)
			return -ENOMEM;
		results->ordinals = ordinals;
		results->capacity = capacity;
	}
	results->ordinals[results->count++] = ordinal;
	return 0;
}

int authentication_results_add(struct authentication_results *results, struct bytes value,
			       struct bytes id)
{
	results->seen++;
	if (!bytes_equal_nocase(authentication_results_id(value), id))
		return 0;
	return add_ordinal(results, results->seen);
}
