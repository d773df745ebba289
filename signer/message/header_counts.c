#include "signer/message/header_counts.h"

struct count_rule {
	const char *name;
	size_t min;
	size_t max;
};

static const struct count_rule rules[] = {
	{"From", 1, 1},	       {"Date", 1, 1},	     {"Sender", 0, 1},	{"Reply-To", 0, 1},
	{"To", 0, 1},	       {"Cc", 0, 1},	     {"Bcc", 0, 1},	{"Message-ID", 0, 1},
	{"In-Reply-To", 0, 1}, {"References", 0, 1}, {"Subject", 0, 1},
};

size_t header_counts_of(const struct header *header, struct bytes name)
{
	size_t count = 0;

	for (size_t at = header_find(header, name, 0); at < header_count(header);
	     at = header_find(header, name, at + 1))
		count++;
	return count;
}

const char *header_counts_wrong(const struct header *header, size_t *count_out)
{
	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		size_t count = header_counts_of(header, bytes_of_string(rules[i].name));

		if (count >= rules[i].min && count <= rules[i].max)
			continue;
		*count_out = count;
		return rules[i].name;
	}
	return NULL;
}
