/*
 * How it works: the match limit counts steps back, so it bounds the time, and the heap and JIT
 * stack limits bound the memory. Both back-ends keep to them. A matcher holds the limits, the
 * match data and the JIT stack, so a match allocates nothing that lasts.
 *
 * The limits are far above what an expression over an address or a log line needs, and low enough
 * that the worst one costs about ten milliseconds.
 */
#include "common/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define MATCH_LIMIT	   1000000
#define DEPTH_LIMIT	   10000
#define HEAP_LIMIT_KIB	   8192
#define JIT_STACK_SIZE	   32768
#define JIT_STACK_SIZE_MAX 1048576

struct pattern {
	pcre2_code *code;
};

struct pattern_matcher {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *jit_stack;
};

static uint32_t compile_options(unsigned flags)
{
	uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
			   PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY;

	if (flags & PATTERN_CASELESS)
		options |= PCRE2_CASELESS;
	if (flags & PATTERN_WHOLE)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	return options;
}

int pattern_compile(struct bytes expression, unsigned flags, struct pattern **pattern_out,
		    struct pattern_error *error_out)
{
	static const uint8_t nothing[1];
	const uint8_t *data = expression.size == 0 ? nothing : expression.data;
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	int code = 0;
	size_t offset = 0;

	if (pattern == NULL)
		return -ENOMEM;
	pattern->code = pcre2_compile(data, expression.size, compile_options(flags), &code, &offset,
				      NULL);
	if (pattern->code == NULL) {
		free(pattern);
		if (code == PCRE2_ERROR_HEAP_FAILED)
			return -ENOMEM;
		if (error_out != NULL) {
			*error_out = (struct pattern_error){.offset = offset};
			(void)pcre2_get_error_message(code, (PCRE2_UCHAR *)error_out->text,
						      sizeof(error_out->text));
		}
		return PATTERN_E_SYNTAX;
	}
	/* What the JIT cannot do, or may not (no executable memory), the interpreter does. */
	if (flags & PATTERN_JIT)
		(void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	*pattern_out = pattern;
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

int pattern_matcher_new(struct pattern_matcher **matcher_out)
{
	struct pattern_matcher *matcher = calloc(1, sizeof(*matcher));

	if (matcher == NULL)
		return -ENOMEM;
	matcher->data = pcre2_match_data_create(1, NULL);
	matcher->context = pcre2_match_context_create(NULL);
	if (matcher->data == NULL || matcher->context == NULL) {
		pattern_matcher_free(matcher);
		return -ENOMEM;
	}
	/* No stack of our own (or no JIT at all): the JIT makes do with 32 KiB of the thread's. */
	matcher->jit_stack = pcre2_jit_stack_create(JIT_STACK_SIZE, JIT_STACK_SIZE_MAX, NULL);
	if (matcher->jit_stack != NULL)
		pcre2_jit_stack_assign(matcher->context, NULL, matcher->jit_stack);
	(void)pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(matcher->context, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(matcher->context, HEAP_LIMIT_KIB);
	*matcher_out = matcher;
	return 0;
}

void pattern_matcher_free(struct pattern_matcher *matcher)
{
	if (matcher == NULL)
		return;
	pcre2_match_data_free(matcher->data);
	pcre2_match_context_free(matcher->context);
	pcre2_jit_stack_free(matcher->jit_stack);
	free(matcher);
}

int pattern_match(const struct pattern *pattern, struct pattern_matcher *matcher,
		  struct bytes subject)
{
	static const uint8_t nothing[1];
	const uint8_t *data = subject.size == 0 ? nothing : subject.data;
	int r = pcre2_match(pattern->code, data, subject.size, 0, 0, matcher->data,
			    matcher->context);

	if (r >= 0)
		return 0;
	switch (r) {
	case PCRE2_ERROR_NOMATCH: return PATTERN_E_NO_MATCH;
	case PCRE2_ERROR_NOMEMORY: return -ENOMEM;
	/* A limit, or what a later PCRE2 has for another reason not to know: no cause to end. */
	default: return PATTERN_E_LIMIT;
	}
}

void pattern_describe(char *text, size_t size)
{
	static const unsigned char any[] = ".";
	char version[64] = "";
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile(any, 1, 0, &error, &offset, NULL);
	bool works = code != NULL && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;

	pcre2_code_free(code);
	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof(version))
		(void)pcre2_config(PCRE2_CONFIG_VERSION, version);
	(void)snprintf(text, size, "PCRE2 %s, JIT %s", version, works ? "yes" : "no");
}
