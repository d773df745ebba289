/*
 * How it works: two names, compared without regard to case, as ABNF literals are.
 */
#include "signer/dkim/canonicalization.h"

const char *canonicalization_name(enum canonicalization canonicalization)
{
	return canonicalization == CANONICALIZATION_RELAXED ? "relaxed" : "simple";
}

static int name_parse(struct bytes name, enum canonicalization *out)
{
	if (bytes_equal_nocase(name, BYTES_LITERAL("simple")))
		*out = CANONICALIZATION_SIMPLE;
	else if (bytes_equal_nocase(name, BYTES_LITERAL("relaxed")))
		*out = CANONICALIZATION_RELAXED;
	else
		return CANONICALIZATION_E_UNKNOWN;
	return 0;
}

int canonicalization_parse(struct bytes text, enum canonicalization *header_out,
			   enum canonicalization *body_out)
{
	size_t slash = bytes_find(text, '/');
	enum canonicalization header;
	enum canonicalization body = CANONICALIZATION_SIMPLE;
	int r = name_parse(bytes_slice(text, 0, slash), &header);

	if (r == 0 && slash < text.size)
		r = name_parse(bytes_skip(text, slash + 1), &body);
	if (r != 0)
		return r;
	*header_out = header;
	*body_out = body;
	return 0;
}
