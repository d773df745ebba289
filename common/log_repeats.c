/*
 * How it works: a handful of slots, searched one by one: warnings are rare, and what is not rare is
 * a repeat. A new line takes a free slot, or the oldest one.
 */
#include "common/log_repeats.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>

static bool repeat_is_over(const struct log_repeat *repeat, int64_t now_ns)
{
	return now_ns == INT64_MAX || now_ns - repeat->first_ns >= LOG_REPEAT_S * NS_PER_S;
}

bool log_repeats_seen(struct log_repeats *repeats, enum log_level level, const char *text,
		      int64_t now_ns, struct log_repeat *evicted_out)
{
	struct log_repeat *oldest = &repeats->slots[0];

	evicted_out->text[0] = '\0';
	for (size_t i = 0; i < LOG_REPEATS_SLOTS; i++) {
		struct log_repeat *slot = &repeats->slots[i];

		if (slot->text[0] != '\0' && slot->level == level &&
		    strcmp(slot->text, text) == 0 && !repeat_is_over(slot, now_ns)) {
			slot->suppressed++;
			return true;
		}
		if (oldest->text[0] != '\0' &&
		    (slot->text[0] == '\0' || slot->first_ns < oldest->first_ns))
			oldest = slot;
	}
	if (oldest->text[0] != '\0' && oldest->suppressed > 0)
		*evicted_out = *oldest;
	snprintf(oldest->text, sizeof(oldest->text), "%s", text);
	oldest->level = level;
	oldest->first_ns = now_ns;
	oldest->suppressed = 0;
	return false;
}

bool log_repeats_take_due(struct log_repeats *repeats, int64_t now_ns, struct log_repeat *due_out)
{
	for (size_t i = 0; i < LOG_REPEATS_SLOTS; i++) {
		struct log_repeat *slot = &repeats->slots[i];

		if (slot->text[0] == '\0' || !repeat_is_over(slot, now_ns))
			continue;
		*due_out = *slot;
		slot->text[0] = '\0';
		if (due_out->suppressed > 0)
			return true;
	}
	return false;
}
