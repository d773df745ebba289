#include "tests/crash/spool_scenario.h"

#include "tests/test_mode.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* First letter of a Message-ID. */
enum fate {
	FATE_SIGNED = 's',
	FATE_PASSED = 'p',
	FATE_FAILED = 'f',
	FATE_STAYS = 'k', /* its key is missing */
};

static struct scenario_unit *add_unit(struct spool_scenario *scenario, const char *name)
{
	struct scenario_unit *unit = &scenario->units[scenario->unit_count++];

	MUST(scenario->unit_count <= SCENARIO_UNITS_MAX);
	snprintf(unit->name, sizeof(unit->name), "%s", name);
	return unit;
}

/* A message whose text is `size` bytes and more; one that fails has a bare CR at its end. */
static void make_message(struct spool_scenario *scenario, enum fate fate, size_t size,
			 struct buffer *text)
{
	struct scenario_message *message = &scenario->messages[scenario->message_count++];
	const char *from = fate == FATE_PASSED	? "a@other.example"
			   : fate == FATE_STAYS ? "a@nokey.example"
						: "a@example.com";
	struct mail_report report;

	MUST(scenario->message_count <= SCENARIO_MESSAGES_MAX);
	snprintf(message->id, sizeof(message->id), "<%c%zu>", (char)fate, scenario->message_count);
	buffer_clear(text);
	MUST(buffer_printf(text, "From: <%s>\r\nMessage-ID: %s\r\n\r\n", from, message->id) == 0);
	while (text->size < size)
		MUST(buffer_printf(text, ".line %zu\r\nof a long message\r\n", text->size) == 0);
	if (fate == FATE_FAILED)
		MUST(buffer_append_string(text, "bare\rCR\r\n") == 0);
	mail_check(buffer_bytes(text), NULL, &report);
	MUST(report.readable && strcmp(report.id, message->id) == 0);
	memcpy(message->digest, report.digest, SHA256_SIZE);
}

static void add_single(struct spool_scenario *scenario, enum fate fate, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "u%zu.eml", scenario->unit_count);
	make_message(scenario, fate, size, &add_unit(scenario, name)->content);
}

/* Each letter is a message; a capital one is a large message. */
static void add_batch(struct spool_scenario *scenario, const char *fates, const char *end)
{
	struct scenario_unit *unit;
	struct buffer message = {0};
	char name[32];

	snprintf(name, sizeof(name), "u%zu.bsmtp", scenario->unit_count);
	unit = add_unit(scenario, name);
	MUST(buffer_append_string(&unit->content, "HELO here\r\n") == 0);
	for (; *fates != '\0'; fates++) {
		make_message(scenario, (enum fate)ascii_lower((uint8_t)*fates),
			     *fates <= 'Z' ? 350000 : 500, &message);
		spool_fixture_add_to_batch(&unit->content, buffer_bytes(&message));
	}
	MUST(buffer_append_string(&unit->content, end) == 0);
	buffer_deinit(&message);
}

void spool_scenario_open(struct spool_scenario *scenario, struct spool_fixture *fixture)
{
	*scenario = (struct spool_scenario){.fixture = fixture};
	add_single(scenario, FATE_SIGNED, 500);
	add_single(scenario, FATE_SIGNED, 600000);
	add_batch(scenario, "spfs", "QUIT\r\n");
	add_single(scenario, FATE_PASSED, 500);
	add_single(scenario, FATE_FAILED, 500);
	add_single(scenario, FATE_FAILED, 600000);
	add_batch(scenario, "sSFsPs", "");
	add_single(scenario, FATE_STAYS, 500);
	add_batch(scenario, "pp", "");
	add_batch(scenario, "ff", "QUIT\r\n");
	add_batch(scenario, "f", "DATA\r\n"); /* broken, so the whole unit fails */
	add_single(scenario, FATE_SIGNED, 500);
}

void spool_scenario_close(struct spool_scenario *scenario)
{
	for (size_t i = 0; i < scenario->unit_count; i++)
		buffer_deinit(&scenario->units[i].content);
}

void spool_scenario_fill(struct spool_scenario *scenario)
{
	char path[64];

	spool_fixture_clear(scenario->fixture);
	for (size_t i = 0; i < scenario->unit_count; i++) {
		snprintf(path, sizeof(path), "in/%s", scenario->units[i].name);
		spool_fixture_put(scenario->fixture, path,
				  buffer_bytes(&scenario->units[i].content));
	}
}

void spool_scenario_take(struct spool_scenario *scenario, unsigned number)
{
	char from[128];
	char to[128];

	snprintf(from, sizeof(from), "%s/out", scenario->fixture->spool);
	snprintf(to, sizeof(to), "%s/taken-%u", scenario->fixture->spool, number);
	MUST(rename(from, to) == 0);
	MUST(mkdir(from, 0700) == 0);
}

/* One directory of the spool, and what its messages must be like. */
struct visit {
	struct spool_scenario *scenario;
	const char *directory;
};

static struct scenario_message *find_message(struct spool_scenario *scenario, const char *id)
{
	for (size_t i = 0; i < scenario->message_count; i++) {
		if (strcmp(scenario->messages[i].id, id) == 0)
			return &scenario->messages[i];
	}
	return NULL;
}

static bool is_right(const char *directory, const struct scenario_message *message,
		     const struct mail_report *report)
{
	bool released = strcmp(directory, "out") == 0 || strncmp(directory, "taken", 5) == 0;

	if (memcmp(message->digest, report->digest, SHA256_SIZE) != 0)
		return false;
	switch (message->id[1]) {
	case FATE_SIGNED: return released && report->signatures == 1 && report->valid == 1;
	case FATE_PASSED: return released && report->signatures == 0;
	case FATE_FAILED: return strcmp(directory, "failed") == 0 && report->signatures == 0;
	default: return strcmp(directory, "in") == 0 && report->signatures == 0;
	}
}

static void see_message(void *arg, size_t index, struct bytes text)
{
	struct visit *visit = arg;
	struct scenario_message *message;
	struct mail_report report;

	(void)index;
	mail_check(text, visit->scenario->fixture->key, &report);
	message = find_message(visit->scenario, report.id);
	MUST(message != NULL);
	message->seen++;
	if (is_right(visit->directory, message, &report))
		message->seen_right++;
	else
		snprintf(message->where, sizeof(message->where), "%s, %zu of %zu signatures valid",
			 visit->directory, report.valid, report.signatures);
}

static bool is_note(const char *name)
{
	size_t size = strlen(name);

	return size > 7 && strcmp(name + size - 7, ".reason") == 0;
}

static void see_directory(struct spool_scenario *scenario, const char *directory)
{
	struct visit visit = {scenario, directory};
	struct buffer names = {0};
	struct buffer content = {0};
	char path[128];
	char *rest = NULL;
	char *list = strdup(spool_fixture_list(scenario->fixture, directory, &names));

	MUST(list != NULL);
	for (char *name = strtok_r(list, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		if (is_note(name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		MUST(spool_fixture_get(scenario->fixture, path, &content));
		/* What is broken as a whole is known, and in failed/ as it was. */
		if (!mail_check_each(name, buffer_bytes(&content), see_message, &visit) &&
		    strcmp(directory, "failed") != 0 && strcmp(directory, "in") != 0)
			scenario->well_formed = false;
	}
	free(list);
	buffer_deinit(&content);
	buffer_deinit(&names);
}

const char *spool_scenario_check(struct spool_scenario *scenario, char *text, size_t size)
{
	struct buffer names = {0};
	char directory[32];

	scenario->well_formed = true;
	for (size_t i = 0; i < scenario->message_count; i++) {
		scenario->messages[i].seen = 0;
		scenario->messages[i].seen_right = 0;
		scenario->messages[i].where[0] = '\0';
	}
	see_directory(scenario, "in");
	see_directory(scenario, "out");
	see_directory(scenario, "failed");
	for (unsigned number = 1;; number++) {
		snprintf(directory, sizeof(directory), "taken-%u", number);
		if (!spool_fixture_has(scenario->fixture, directory))
			break;
		see_directory(scenario, directory);
	}
	text[0] = '\0';
	if (!scenario->well_formed)
		snprintf(text, size, "a batch in out/ is not well formed");
	for (size_t i = 0; i < scenario->message_count; i++) {
		const struct scenario_message *message = &scenario->messages[i];

		if (message->seen != 1 || message->seen_right != 1)
			snprintf(text, size, "%s is there %u times, %u of them right: %s",
				 message->id, message->seen, message->seen_right, message->where);
	}
	if (spool_fixture_list(scenario->fixture, "tmp", &names)[0] != '\0')
		snprintf(text, size, "in tmp/ are: %.200s", buffer_string(&names));
	buffer_deinit(&names);
	return text[0] == '\0' ? NULL : text;
}

unsigned spool_scenario_step(unsigned step)
{
	const unsigned slow_step = 97;

	if (test_is_full())
		return 1;
	return test_is_slow() ? slow_step : step;
}
