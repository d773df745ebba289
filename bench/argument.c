/* How it works: strtoull() and strtod(), and what they let pass is looked for. */
#include "bench/argument.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define NUMBER_SIZE_MAX 24

int argument_refuse(const char *name, const char *value, const char *allowed)
{
	fprintf(stderr, "postseal-bench: %s %s: want %s\n", name, value, allowed);
	return EX_USAGE;
}

static bool read_whole(const char *text, uint64_t min, uint64_t max, uint64_t *value_out)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || strchr(text, '-') != NULL || value < min ||
	    value > max)
		return false;
	*value_out = value;
	return true;
}

int argument_whole(const char *name, const char *text, uint64_t min, uint64_t max,
		   uint64_t *value_out)
{
	char allowed[80];

	if (read_whole(text, min, max, value_out))
		return 0;
	snprintf(allowed, sizeof(allowed), "a whole number from %" PRIu64 " to %" PRIu64, min, max);
	return argument_refuse(name, text, allowed);
}

int argument_unsigned(const char *name, const char *text, unsigned max, unsigned *value_out)
{
	uint64_t value = 0;
	int r = argument_whole(name, text, 1, max, &value);

	if (r == 0)
		*value_out = (unsigned)value;
	return r;
}

int argument_real(const char *name, const char *text, double min, double max, double *value_out)
{
	char allowed[80];
	char *end;
	double value = strtod(text, &end);

	if (end != text && *end == '\0' && value >= min && value <= max) {
		*value_out = value;
		return 0;
	}
	snprintf(allowed, sizeof(allowed), "a number from %g to %g", min, max);
	return argument_refuse(name, text, allowed);
}

static bool list_has(const struct argument_list *list, uint64_t value)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->values[i] == value)
			return true;
	}
	return false;
}

static bool read_list(const char *text, unsigned max, struct argument_list *list)
{
	for (;;) {
		char number[NUMBER_SIZE_MAX];
		size_t size = strcspn(text, ",");
		uint64_t value = 0;

		if (size >= sizeof(number) || list->count == ARGUMENT_LIST_MAX)
			return false;
		memcpy(number, text, size);
		number[size] = '\0';
		if (!read_whole(number, 1, max, &value) || list_has(list, value))
			return false;
		list->values[list->count++] = (unsigned)value;
		if (text[size] == '\0')
			return true;
		text += size + 1;
	}
}

int argument_unsigned_list(const char *name, const char *text, unsigned max,
			   struct argument_list *list_out)
{
	struct argument_list list = {.count = 0};
	char allowed[80];

	if (read_list(text, max, &list)) {
		*list_out = list;
		return 0;
	}
	snprintf(allowed, sizeof(allowed), "numbers from 1 to %u with commas between, each once",
		 max);
	return argument_refuse(name, text, allowed);
}

int argument_check_result(const char *name, const char *path)
{
	int fd;

	if (path == NULL || strcmp(path, "-") == 0)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		fprintf(stderr, "postseal-bench: %s %s: %s\n", name, path, strerror(errno));
		return EX_CANTCREAT;
	}
	close(fd);
	return 0;
}

FILE *argument_people(const char *result_path)
{
	return result_path != NULL && strcmp(result_path, "-") == 0 ? stderr : stdout;
}
