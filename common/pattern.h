/*
 * pattern - a regular expression (PCRE2) that cannot run away.
 *
 * Is:       one compiled expression over bytes, and the memory that a match needs.
 * Is not:   a glob translator (the caller writes the expression), or a matcher of UTF-8: a byte is
 *           a character, caseless is ASCII only, and . matches every byte, LF too.
 * Units:    offsets are bytes.
 * Errors:   -errno, or PATTERN_E_*. A match that meets the limit is its own outcome: it is neither
 *           a match nor none, and the caller decides what is safe.
 * Owns:     what new/compile made, until free; subjects are borrowed for the call.
 * Threads:  a compiled pattern is shared by all; a matcher belongs to one thread at a time and
 *           serves any number of patterns.
 *
 *	r = pattern_compile(BYTES_LITERAL("^a.*b$"), PATTERN_CASELESS, &pattern, &error);
 *	r = pattern_matcher_new(&matcher);
 *	r = pattern_match(pattern, matcher, subject);   0: it matches
 */
#ifndef COMMON_PATTERN_H
#define COMMON_PATTERN_H

#include "common/bytes.h"
#include "common/compiler.h"

enum {
	PATTERN_E_NO_MATCH = 1,
	PATTERN_E_LIMIT =
		2, /* given up: backtracked too often or too deep, or PCRE2 is at a loss */
	PATTERN_E_SYNTAX = 3, /* the expression is wrong: pattern_error says where */
};

enum {
	PATTERN_CASELESS = 1 << 0,
	PATTERN_WHOLE = 1 << 1, /* matches only the whole subject */
	/* To machine code, where the CPU has that: ten times as long to compile and ten times as
	 * fast. Without it, or where it is not to be had, the interpreter gives the same answers.
	 */
	PATTERN_JIT = 1 << 2,
};

struct pattern_error {
	size_t offset; /* into the expression */
	char text[120];
};

struct pattern;
struct pattern_matcher;

/* error_out is written with PATTERN_E_SYNTAX only, and may be NULL. */
MUST_CHECK int pattern_compile(struct bytes expression, unsigned flags,
			       struct pattern **pattern_out, struct pattern_error *error_out);
void pattern_free(struct pattern *pattern);

/* "PCRE2 10.42, JIT yes": whether expressions do become machine code here is tried, not asked, because
 * a process may be forbidden to make any. */
void pattern_describe(char *text, size_t size);

MUST_CHECK int pattern_matcher_new(struct pattern_matcher **matcher_out);
void pattern_matcher_free(struct pattern_matcher *matcher);

/* 0: matches, anywhere in the subject unless the expression or PATTERN_WHOLE anchors it. */
MUST_CHECK int pattern_match(const struct pattern *pattern, struct pattern_matcher *matcher,
			     struct bytes subject);

#endif
