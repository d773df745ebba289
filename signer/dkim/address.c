/*
 * How it works: one walk over the tokens of the value. Words are gathered as if they were a local
 * part; a word that follows another without a dot between them begins anew, so that of a display
 * name only the last word is left when "@" or "<" tells what it was. The first element of the list
 * that ends with an address in hand is the answer.
 *
 * Nothing here recurses: comments nest, and a counter follows them.
 */
#include "signer/dkim/address.h"

struct parser {
	struct bytes text;
	size_t at;
	struct address *address;
	bool after_word;    /* the last token was a word, so the next one begins a new local part */
	bool has_candidate; /* local_part and domain are an address */
	bool is_broken;	    /* an address that only "<...>" in the same element can mend */
	bool in_angle;	    /* the candidate is from "<...>" */
};

void address_deinit(struct address *address)
{
	buffer_deinit(&address->local_part);
	buffer_deinit(&address->domain);
}

static bool at_end(const struct parser *parser)
{
	return parser->at == parser->text.size;
}

static uint8_t peek(const struct parser *parser)
{
	return at_end(parser) ? '\0' : parser->text.data[parser->at];
}

/* RFC 5322 3.2.3 atext and RFC 6532: what is neither special, white space nor control. */
static bool is_atext(uint8_t byte)
{
	switch (byte) {
	case '(':
	case ')':
	case '<':
	case '>':
	case '[':
	case ']':
	case ':':
	case ';':
	case '@':
	case '\\':
	case ',':
	case '.':
	case '"':
	case 0x7f: return false;
	default: return byte > ' ';
	}
}

/* At a "(". */
static int skip_comment(struct parser *parser)
{
	size_t depth = 0;

	while (!at_end(parser)) {
		uint8_t byte = parser->text.data[parser->at++];

		if (byte == '\\' && !at_end(parser))
			parser->at++;
		else if (byte == '(')
			depth++;
		else if (byte == ')' && --depth == 0)
			return 0;
	}
	return ADDRESS_E_SYNTAX;
}

/* Comments and folding white space. */
static int skip_blanks(struct parser *parser)
{
	for (;;) {
		while (!at_end(parser) && ascii_is_space(peek(parser)))
			parser->at++;
		if (peek(parser) != '(')
			return 0;
		if (skip_comment(parser) != 0)
			return ADDRESS_E_SYNTAX;
	}
}

static struct bytes read_atom(struct parser *parser)
{
	size_t start = parser->at;

	while (!at_end(parser) && is_atext(peek(parser)))
		parser->at++;
	return bytes_slice(parser->text, start, parser->at);
}

/* The next character of a quoted string; false at its closing quote. */
static bool next_quoted(struct bytes text, size_t *at, uint8_t *byte_out)
{
	while (text.data[*at] == '\r' || text.data[*at] == '\n')
		(*at)++; /* folding; the blank after it is content */
	if (text.data[*at] == '"')
		return false;
	if (text.data[*at] == '\\')
		(*at)++;
	*byte_out = text.data[(*at)++];
	return true;
}

/* At a quote: finds the closing one. */
static int find_closing_quote(const struct parser *parser, size_t *end_out)
{
	for (size_t i = parser->at + 1; i < parser->text.size; i++) {
		if (parser->text.data[i] == '\\') {
			i++;
		} else if (parser->text.data[i] == '"') {
			*end_out = i;
			return 0;
		}
	}
	return ADDRESS_E_SYNTAX;
}

static bool needs_quotes(struct bytes text, size_t at)
{
	size_t start = at;
	uint8_t byte;

	while (next_quoted(text, &at, &byte)) {
		if (!is_atext(byte) && byte != '.')
			return true;
	}
	return at == start;
}

/* At a quote: appends the string, with quotes only if it cannot be without. */
static int append_quoted(struct parser *parser, struct buffer *out)
{
	size_t at = parser->at + 1;
	size_t end;
	uint8_t byte;
	bool quotes;
	int r = find_closing_quote(parser, &end);

	if (r != 0)
		return r;
	quotes = needs_quotes(parser->text, at);
	/* Each character may need a backslash, which it may have had in the text or not. */
	r = buffer_reserve(out, (end - at) * 2 + 2);
	if (r != 0)
		return r;
	if (quotes)
		out->data[out->size++] = '"';
	while (next_quoted(parser->text, &at, &byte)) {
		if (byte == '"' || byte == '\\')
			out->data[out->size++] = '\\';
		out->data[out->size++] = byte;
	}
	if (quotes)
		out->data[out->size++] = '"';
	parser->at = end + 1;
	return 0;
}

/* An atom or a quoted string becomes, or goes on, the local part. */
static int take_word(struct parser *parser)
{
	struct buffer *local_part = &parser->address->local_part;

	if (parser->after_word)
		buffer_clear(local_part);
	parser->after_word = true;
	if (peek(parser) == '"')
		return append_quoted(parser, local_part);
	return buffer_append(local_part, read_atom(parser));
}

static int append_lower(struct buffer *out, struct bytes text)
{
	int r = buffer_reserve(out, text.size);

	if (r != 0)
		return r;
	for (size_t i = 0; i < text.size; i++)
		out->data[out->size++] = ascii_lower(text.data[i]);
	return 0;
}

/* At a "[": RFC 5322 3.4.1 domain-literal. White space in it is dropped. */
static int take_domain_literal(struct parser *parser)
{
	struct buffer *domain = &parser->address->domain;
	int r = 0;

	for (size_t i = parser->at; r == 0 && i < parser->text.size; i++) {
		uint8_t byte = parser->text.data[i];

		if (byte == '\\' || (byte == '[' && i != parser->at))
			return ADDRESS_E_SYNTAX;
		if (!ascii_is_space(byte))
			r = append_lower(domain, bytes_of(&byte, 1));
		if (r == 0 && byte == ']') {
			parser->at = i + 1;
			return 0;
		}
	}
	return r != 0 ? r : ADDRESS_E_SYNTAX;
}

/* Behind an "@": atoms with dots between them, and one dot at the end is dropped. */
static int take_domain(struct parser *parser)
{
	struct buffer *domain = &parser->address->domain;
	int r = skip_blanks(parser);

	buffer_clear(domain);
	if (r == 0 && peek(parser) == '[')
		return take_domain_literal(parser);
	while (r == 0) {
		struct bytes atom = read_atom(parser);

		if (atom.size == 0)
			break;
		r = append_lower(domain, atom);
		if (r == 0)
			r = skip_blanks(parser);
		if (r != 0 || peek(parser) != '.')
			break;
		parser->at++;
		r = buffer_append_byte(domain, '.');
		if (r == 0)
			r = skip_blanks(parser);
	}
	if (r != 0)
		return r;
	if (domain->size > 0 && domain->data[domain->size - 1] == '.')
		domain->size--;
	return domain->size > 0 && peek(parser) != '.' ? 0 : ADDRESS_E_SYNTAX;
}

/* RFC 5322 4.4 obs-route: "@a,@b:", which says nothing about the address. */
static int skip_route(struct parser *parser)
{
	int r = skip_blanks(parser);
	bool has_route = false;

	while (r == 0 && (peek(parser) == '@' || peek(parser) == ',')) {
		bool at_sign = peek(parser) == '@';

		has_route = true;
		parser->at++;
		r = at_sign ? take_domain(parser) : 0;
		if (r == 0)
			r = skip_blanks(parser);
	}
	if (r != 0 || !has_route)
		return r;
	if (peek(parser) != ':')
		return ADDRESS_E_SYNTAX;
	parser->at++;
	return skip_blanks(parser);
}

/* Words and dots up to what is neither. */
static int take_local_part(struct parser *parser)
{
	int r = 0;

	buffer_clear(&parser->address->local_part);
	parser->after_word = false;
	while (r == 0) {
		if (peek(parser) == '.') {
			parser->at++;
			parser->after_word = false;
			r = buffer_append_byte(&parser->address->local_part, '.');
		} else if (!parser->after_word && (peek(parser) == '"' || is_atext(peek(parser)))) {
			r = take_word(parser);
		} else {
			return 0;
		}
		if (r == 0)
			r = skip_blanks(parser);
	}
	return r;
}

/* Behind a "<". */
static int take_angle_address(struct parser *parser)
{
	int r;

	if (parser->in_angle)
		return ADDRESS_E_SYNTAX; /* two in one element: which of them is meant? */
	parser->in_angle = true;
	parser->has_candidate = false;
	parser->is_broken = false;
	r = skip_route(parser);
	if (r == 0)
		r = take_local_part(parser);
	if (r != 0)
		return r;
	if (parser->address->local_part.size == 0 && peek(parser) == '>') {
		parser->at++; /* "<>" is no address */
		return 0;
	}
	if (parser->address->local_part.size == 0 || peek(parser) != '@')
		return ADDRESS_E_SYNTAX;
	parser->at++;
	r = take_domain(parser);
	if (r == 0)
		r = skip_blanks(parser);
	if (r != 0)
		return r;
	if (peek(parser) != '>')
		return ADDRESS_E_SYNTAX;
	parser->at++;
	parser->has_candidate = true;
	return 0;
}

/* At an "@" outside "<...>": what was gathered is a local part. */
static int take_bare_address(struct parser *parser)
{
	int r;

	parser->at++;
	if (parser->has_candidate || parser->address->local_part.size == 0) {
		parser->is_broken = true;
		return 0;
	}
	r = take_domain(parser);
	if (r == ADDRESS_E_SYNTAX) {
		parser->is_broken = true;
		return 0;
	}
	parser->has_candidate = r == 0;
	return r;
}

static void begin_element(struct parser *parser)
{
	buffer_clear(&parser->address->local_part);
	buffer_clear(&parser->address->domain);
	parser->after_word = false;
	parser->has_candidate = false;
	parser->is_broken = false;
	parser->in_angle = false;
}

/* Part of a display name that is no atom, as "[" is, or a word behind an address. */
static int pass_over(struct parser *parser)
{
	size_t end;
	int r;

	if (peek(parser) == '"') {
		r = find_closing_quote(parser, &end);
		if (r != 0)
			return r;
		parser->at = end + 1;
		return 0;
	}
	if (read_atom(parser).size == 0)
		parser->at++;
	return 0;
}

/* Takes a token that does not end an element. */
static int take_token(struct parser *parser)
{
	uint8_t byte = peek(parser);

	if (byte == '<') {
		parser->at++;
		return take_angle_address(parser);
	}
	if (byte == '>' || byte == ')')
		return ADDRESS_E_SYNTAX;
	if (byte == '@' && !parser->in_angle)
		return take_bare_address(parser);
	if (parser->has_candidate || parser->in_angle) {
		/* "a@exa mple.com": only "<...>" behind it can still say what is meant. */
		parser->is_broken = parser->is_broken || !parser->in_angle;
		return pass_over(parser);
	}
	if (byte == '.') {
		parser->at++;
		parser->after_word = false;
		return buffer_append_byte(&parser->address->local_part, '.');
	}
	if (byte == '"' || is_atext(byte))
		return take_word(parser);
	parser->after_word = true;
	return pass_over(parser);
}

static int parse_list(struct parser *parser)
{
	for (;;) {
		int r = skip_blanks(parser);

		if (r != 0)
			return r;
		if (at_end(parser) || peek(parser) == ',' || peek(parser) == ';') {
			if (parser->is_broken)
				return ADDRESS_E_SYNTAX;
			if (parser->has_candidate)
				return 0;
			if (at_end(parser))
				return ADDRESS_E_NONE;
			parser->at++;
			begin_element(parser);
			continue;
		}
		if (peek(parser) == ':' && !parser->has_candidate) {
			/* RFC 5322 3.4 group: what was before is its name. */
			parser->at++;
			begin_element(parser);
			continue;
		}
		r = take_token(parser);
		if (r != 0)
			return r;
	}
}

/* Quotes and literals may hold anything, but no mail program writes such an address. */
static bool has_control(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if ((text.data[i] < ' ' && text.data[i] != '\t') || text.data[i] == 0x7f)
			return true;
	}
	return false;
}

int address_parse(struct address *address, struct bytes value)
{
	struct parser parser = {.text = value, .address = address};
	int r;

	begin_element(&parser);
	r = parse_list(&parser);
	if (r == 0 && (has_control(buffer_bytes(&address->local_part)) ||
		       has_control(buffer_bytes(&address->domain))))
		r = ADDRESS_E_SYNTAX;
	if (r != 0)
		begin_element(&parser);
	return r;
}
