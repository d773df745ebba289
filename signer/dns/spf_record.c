/*
 * How it works: cut at blanks. A term with "=" behind its name is a modifier, all others are
 * mechanisms, of which only the known ones are allowed (RFC 7208 4.6.1).
 */
#include "signer/dns/spf_record.h"

#include "signer/dns/ip_range.h"

#define VERSION "v=spf1"

enum value_rule {
	VALUE_NONE,
	VALUE_MAY, /* a, mx, ptr: a domain, a prefix length, both, or nothing */
	VALUE_MUST,
	VALUE_ADDRESS,
};

static const struct mechanism {
	const char *name;
	enum spf_term_kind kind;
	enum value_rule value;
} mechanisms[] = {
	{"all", SPF_ALL, VALUE_NONE},	 {"include", SPF_INCLUDE, VALUE_MUST},
	{"a", SPF_A, VALUE_MAY},	 {"mx", SPF_MX, VALUE_MAY},
	{"ptr", SPF_PTR, VALUE_MAY},	 {"ip4", SPF_IP4, VALUE_ADDRESS},
	{"ip6", SPF_IP6, VALUE_ADDRESS}, {"exists", SPF_EXISTS, VALUE_MUST},
};

bool spf_record_is(struct bytes text)
{
	const struct bytes version = BYTES_LITERAL(VERSION);

	return bytes_start_with_nocase(text, version) &&
	       (text.size == version.size || text.data[version.size] == ' ');
}

/* Where the name ends: RFC 7208 4.6.1, ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ). */
static size_t name_size(struct bytes text)
{
	size_t size = 0;

	while (size < text.size) {
		uint8_t byte = ascii_lower(text.data[size]);
		bool is_alpha = byte >= 'a' && byte <= 'z';

		if (!is_alpha && (size == 0 || (!ascii_is_digit(byte) && byte != '-' &&
						byte != '_' && byte != '.')))
			break;
		size++;
	}
	return size;
}

static bool is_visible(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	}
	return true;
}

static int parse_modifier(struct spf_term *term, struct bytes name, struct bytes value)
{
	term->name = name;
	term->value = value;
	term->kind = bytes_equal_nocase(name, BYTES_LITERAL("redirect")) ? SPF_REDIRECT
									 : SPF_MODIFIER;
	return term->kind == SPF_REDIRECT && value.size == 0 ? SPF_RECORD_E_SYNTAX : 0;
}

/* `rest`: what stands behind the name, with its ":" or "/". */
static int take_value(struct spf_term *term, enum value_rule rule, struct bytes rest)
{
	bool has_colon = rest.size > 0 && rest.data[0] == ':';
	struct ip_range range;

	if (rest.size == 0)
		return rule == VALUE_NONE || rule == VALUE_MAY ? 0 : SPF_RECORD_E_SYNTAX;
	if (rule == VALUE_NONE || (!has_colon && (rest.data[0] != '/' || rule != VALUE_MAY)))
		return SPF_RECORD_E_SYNTAX;
	term->value = has_colon ? bytes_skip(rest, 1) : rest;
	if (term->value.size == 0)
		return SPF_RECORD_E_SYNTAX;
	if (rule == VALUE_ADDRESS &&
	    (ip_range_parse(&range, term->value) != 0 || range.is_ip6 != (term->kind == SPF_IP6)))
		return SPF_RECORD_E_SYNTAX;
	return 0;
}

int spf_term_parse(struct spf_term *term, struct bytes text)
{
	struct bytes rest = text;
	size_t size;

	*term = (struct spf_term){.text = text, .qualifier = '+'};
	if (!is_visible(text))
		return SPF_RECORD_E_SYNTAX;
	size = name_size(text);
	if (size > 0 && size < text.size && text.data[size] == '=')
		return parse_modifier(term, bytes_slice(text, 0, size), bytes_skip(text, size + 1));
	if (text.size > 0 && memchr("+-?~", text.data[0], 4) != NULL) {
		term->qualifier = (char)text.data[0];
		rest = bytes_skip(text, 1);
	}
	size = name_size(rest);
	for (size_t i = 0; i < ARRAY_COUNT(mechanisms); i++) {
		const struct mechanism *mechanism = &mechanisms[i];

		if (!bytes_equal_nocase(bytes_slice(rest, 0, size),
					bytes_of_string(mechanism->name)))
			continue;
		term->kind = mechanism->kind;
		return take_value(term, mechanism->value, bytes_skip(rest, size));
	}
	return SPF_RECORD_E_SYNTAX;
}

int spf_record_parse(struct spf_record *record, struct bytes text)
{
	struct bytes rest;

	*record = (struct spf_record){0};
	if (!spf_record_is(text))
		return SPF_RECORD_E_NONE;
	rest = bytes_skip(text, strlen(VERSION));
	for (;;) {
		size_t end;

		while (rest.size > 0 && rest.data[0] == ' ')
			rest = bytes_skip(rest, 1);
		if (rest.size == 0)
			return 0;
		end = bytes_find(rest, ' ');
		record->fault = bytes_slice(rest, 0, end);
		if (record->count == SPF_TERMS_MAX)
			return SPF_RECORD_E_TOO_MANY;
		if (spf_term_parse(&record->terms[record->count], record->fault) != 0)
			return SPF_RECORD_E_SYNTAX;
		record->count++;
		rest = bytes_skip(rest, end);
	}
}

bool spf_term_costs_lookup(const struct spf_term *term)
{
	switch (term->kind) {
	case SPF_INCLUDE:
	case SPF_A:
	case SPF_MX:
	case SPF_PTR:
	case SPF_EXISTS:
	case SPF_REDIRECT: return true;
	case SPF_ALL:
	case SPF_IP4:
	case SPF_IP6:
	case SPF_MODIFIER: return false;
	}
	return false;
}

static bool is_address(const struct spf_term *term)
{
	return term->kind == SPF_IP4 || term->kind == SPF_IP6;
}

bool spf_term_equals(const struct spf_term *a, const struct spf_term *b)
{
	struct ip_range range_a;
	struct ip_range range_b;

	if (a->kind != b->kind || a->qualifier != b->qualifier ||
	    !bytes_equal_nocase(a->name, b->name))
		return false;
	if (is_address(a) && ip_range_parse(&range_a, a->value) == 0 &&
	    ip_range_parse(&range_b, b->value) == 0)
		return ip_range_equals(&range_a, &range_b);
	return bytes_equal_nocase(a->value, b->value);
}

bool spf_record_has(const struct spf_record *record, const struct spf_term *term)
{
	for (size_t i = 0; i < record->count; i++) {
		if (spf_term_equals(&record->terms[i], term))
			return true;
	}
	return false;
}

static bool has_all_of(const struct spf_record *record, const struct spf_record *other)
{
	for (size_t i = 0; i < other->count; i++) {
		if (!spf_record_has(record, &other->terms[i]))
			return false;
	}
	return true;
}

/* What is allowed may stand in any order, as long as nothing before the end is refused. */
static bool is_order_free(const struct spf_record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		bool is_last = i + 1 == record->count;

		if ((record->terms[i].qualifier != '+' || record->terms[i].kind == SPF_ALL) &&
		    !is_last)
			return false;
	}
	return true;
}

bool spf_record_equals(const struct spf_record *a, const struct spf_record *b)
{
	if (!has_all_of(a, b) || !has_all_of(b, a))
		return false;
	if (is_order_free(a) && is_order_free(b))
		return true;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!spf_term_equals(&a->terms[i], &b->terms[i]))
			return false;
	}
	return true;
}
