/*
 * compiler - the few compiler attributes that the project uses, by name.
 */
#ifndef COMMON_COMPILER_H
#define COMMON_COMPILER_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index)                                                     \
	__attribute__((format(printf, format_index, first_index)))
#define UNUSED __attribute__((unused))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
