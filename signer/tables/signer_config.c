/*
 * How it works: for each option of option_table there is a state: where it was last set, and to
 * which text. Values go into their member of the struct at once; texts stay in the state, and the
 * member points there. What can only be done when everything has been said waits for
 * signer_config_check(): paths (BaseDirectory may come last), lists of names, the classes of
 * options, and what options ask of each other.
 *
 * Include is a stack of open files, not a recursion.
 */
#include "signer/tables/signer_config.h"

#include "common/config_lines.h"
#include "signer/tables/config_check.h"
#include "signer/tables/data_set.h"
#include "signer/tables/option_table.h"
#include "signer/tables/option_value.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_SIZE_MAX	   ((size_t)16 << 20)
#define INCLUDE_LEVELS_MAX 5
#define FILES_MAX	   1000 /* all files that are read, so that includes cannot multiply */

struct option_state {
	bool is_set;
	struct problem_place place;
	char *text; /* as it was last set; NULL: only the default */
	char *path; /* of a path: what it stands for, once that is known */
	struct data_set *names_set;
};

struct signer_config_source {
	struct option_state *states; /* by option_table_index() */
	char *files[FILES_MAX];	     /* the paths that places point to */
	size_t file_count;
};

struct include_level {
	struct config_lines lines;
	const char *path;
	dev_t device;
	ino_t inode;
};

static void *member_of(struct signer_config *config, const struct option *option)
{
	return (char *)config + option->member;
}

static const void *member_of_const(const struct signer_config *config, const struct option *option)
{
	return (const char *)config + option->member;
}

static struct option_state *state_of(const struct signer_config *config,
				     const struct option *option)
{
	return &config->source->states[option_table_index(option)];
}

static void member_set(struct signer_config *config, const struct option *option,
		       const struct option_value *value)
{
	if (option->member == OPTION_NO_MEMBER)
		return;
	switch (option->type) {
	case OPTION_BOOL: *(bool *)member_of(config, option) = value->yes; return;
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_UMASK:
	case OPTION_FILE_MODE: *(int64_t *)member_of(config, option) = value->number; return;
	case OPTION_CHOICE: *(int *)member_of(config, option) = value->choice; return;
	case OPTION_RATE: *(struct signer_rate *)member_of(config, option) = value->rate; return;
	case OPTION_CANONICALIZATION:
		config->header_canon = value->header_canon;
		config->body_canon = value->body_canon;
		return;
	case OPTION_MODE:
		config->mode_sign = value->mode_sign;
		config->mode_verify = value->mode_verify;
		return;
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_DATASET:
	case OPTION_NAMES:
	case OPTION_INCLUDE: return;
	}
}

static struct option_value member_get(const struct signer_config *config,
				      const struct option *option)
{
	const void *member = member_of_const(config, option);
	struct option_value value = {0};

	switch (option->type) {
	case OPTION_BOOL: value.yes = *(const bool *)member; break;
	case OPTION_INTEGER:
	case OPTION_SIZE:
	case OPTION_UMASK:
	case OPTION_FILE_MODE: value.number = *(const int64_t *)member; break;
	case OPTION_CHOICE: value.choice = *(const int *)member; break;
	case OPTION_RATE: value.rate = *(const struct signer_rate *)member; break;
	case OPTION_CANONICALIZATION:
		value.header_canon = config->header_canon;
		value.body_canon = config->body_canon;
		break;
	case OPTION_MODE:
		value.mode_sign = config->mode_sign;
		value.mode_verify = config->mode_verify;
		break;
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_DATASET:
	case OPTION_NAMES:
	case OPTION_INCLUDE: break;
	}
	return value;
}

/* The text that an option has now: what was set, or the default, or NULL. */
static const char *text_of(const struct signer_config *config, const struct option *option)
{
	const struct option_state *state = state_of(config, option);

	return state->text != NULL ? state->text : option->default_text;
}

/* Points the member of a text option to its text. */
static void text_publish(struct signer_config *config, const struct option *option)
{
	const struct option_state *state = state_of(config, option);

	if (option->member != OPTION_NO_MEMBER && option->type != OPTION_NAMES)
		*(const char **)member_of(config, option) = state->path != NULL
								    ? state->path
								    : text_of(config, option);
}

static void default_set(struct signer_config *config, const struct option *option)
{
	char reason[OPTION_VALUE_REASON_SIZE];
	struct option_value value = {.number = -1};

	if (option_type_is_text(option->type)) {
		text_publish(config, option);
		return;
	}
	if (option->default_text != NULL) {
		int r = option_value_parse(option, option->default_text, &value, reason);

		assert(r == 0); /* the table's own defaults are legal */
	}
	member_set(config, option, &value);
}

int signer_config_new(struct signer_config **config_out)
{
	struct signer_config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return -ENOMEM;
	config->source = calloc(1, sizeof(*config->source));
	if (config->source != NULL)
		config->source->states = calloc(option_table_count(),
						sizeof(*config->source->states));
	if (config->source == NULL || config->source->states == NULL) {
		signer_config_free(config);
		return -ENOMEM;
	}
	for (size_t i = 0; i < option_table_count(); i++)
		default_set(config, option_table_at(i));
	*config_out = config;
	return 0;
}

static void names_free(struct signer_config *config, const struct option *option)
{
	struct signer_names *names = member_of(config, option);
	struct option_state *state = state_of(config, option);

	free(names->items);
	*names = (struct signer_names){0};
	data_set_free(state->names_set);
	state->names_set = NULL;
}

void signer_config_free(struct signer_config *config)
{
	struct signer_config_source *source;

	if (config == NULL)
		return;
	source = config->source;
	for (size_t i = 0; source != NULL && source->states != NULL && i < option_table_count();
	     i++) {
		const struct option *option = option_table_at(i);

		if (option->type == OPTION_NAMES)
			names_free(config, option);
		free(source->states[i].text);
		free(source->states[i].path);
	}
	if (source != NULL) {
		for (size_t i = 0; i < source->file_count; i++)
			free(source->files[i]);
		free(source->states);
	}
	free(source);
	free(config);
}

/* Takes a value that its type allows. */
static int option_set(struct signer_config *config, const struct option *option, const char *text,
		      struct problem_place place, struct problems *problems)
{
	const struct option *keeper = option->same_as == NULL
					      ? option
					      : option_table_find(bytes_of_string(option->same_as));
	char reason[OPTION_VALUE_REASON_SIZE];
	struct option_state *state = state_of(config, keeper);
	struct option_value value;
	char *copy;

	if (option_value_parse(option, text, &value, reason) != 0) {
		problems_error(problems, place, "%s", reason);
		return SIGNER_CONFIG_E_INVALID;
	}
	copy = strdup(text);
	if (copy == NULL)
		return -ENOMEM;
	free(state->text);
	free(state->path);
	state->text = copy;
	state->path = NULL;
	state->is_set = true;
	state->place = place;
	state->place.name = keeper->name;
	if (option_type_is_text(option->type))
		text_publish(config, keeper);
	else
		member_set(config, keeper, &value);
	return 0;
}

static int unknown_report(struct bytes name, struct problem_place place, struct problems *problems)
{
	const struct option *nearest = option_table_nearest(name);

	if (nearest != NULL)
		problems_error(problems, place, "%.*s: unknown option; did you mean %s?",
			       BYTES_PRINTF(name), nearest->name);
	else
		problems_error(problems, place,
			       "%.*s: unknown option; the names are those of opendkim.conf(5) and "
			       "postseal.conf(5)",
			       BYTES_PRINTF(name));
	return SIGNER_CONFIG_E_INVALID;
}

/* Sets an option, or says why not. An Include gets as far as *include_out, for the caller. */
static int line_set(struct signer_config *config, struct bytes name, struct bytes value,
		    struct problem_place place, struct problems *problems, char **include_out)
{
	const struct option *option = option_table_find(name);
	char *text;
	int r;

	if (option == NULL)
		return unknown_report(name, place, problems);
	place.name = option->name;
	if (value.size == 0) {
		problems_error(problems, place, "required value missing");
		return SIGNER_CONFIG_E_INVALID;
	}
	text = strndup((const char *)value.data, value.size);
	if (text == NULL)
		return -ENOMEM;
	if (option->type == OPTION_INCLUDE) {
		*include_out = text;
		return 0;
	}
	r = option_set(config, option, text, place, problems);
	free(text);
	return r;
}

int signer_config_set(struct signer_config *config, const char *name, const char *value,
		      struct problems *problems)
{
	const struct problem_place place = {.file = "command line"};
	char *include = NULL;
	int r = line_set(config, bytes_of_string(name), bytes_trim(bytes_of_string(value)), place,
			 problems, &include);

	if (include != NULL) {
		r = signer_config_read(config, include, problems);
		free(include);
	}
	return r;
}

/* Opens a file on the next level of the stack. */
static int level_open(struct signer_config *config, struct include_level *levels, size_t level,
		      const char *path, struct problem_place place, struct problems *problems)
{
	struct signer_config_source *source = config->source;
	struct include_level *opened = &levels[level];
	struct stat status;
	int r;

	if (source->file_count == FILES_MAX) {
		problems_error(problems, place, "more than %d files are included", FILES_MAX);
		return SIGNER_CONFIG_E_INVALID;
	}
	if (level > INCLUDE_LEVELS_MAX) {
		problems_error(problems, place, "nesting too deep: at most %d files in each other",
			       INCLUDE_LEVELS_MAX);
		return SIGNER_CONFIG_E_INVALID;
	}
	r = config_lines_read(&opened->lines, path, FILE_SIZE_MAX);
	if (r == -ENOMEM)
		return r;
	if (r != 0 || stat(path, &status) != 0) {
		problems_error(problems, place, "cannot read \"%s\": %s", path,
			       config_lines_fault(r != 0 ? r : -errno));
		if (r == 0)
			config_lines_deinit(&opened->lines);
		return SIGNER_CONFIG_E_INVALID;
	}
	opened->device = status.st_dev;
	opened->inode = status.st_ino;
	opened->path = source->files[source->file_count] = strdup(path);
	if (opened->path == NULL) {
		config_lines_deinit(&opened->lines);
		return -ENOMEM;
	}
	source->file_count++;
	for (size_t i = 0; i < level; i++) {
		if (levels[i].device == opened->device && levels[i].inode == opened->inode) {
			problems_error(problems, place, "\"%s\" includes itself", path);
			config_lines_deinit(&opened->lines);
			return SIGNER_CONFIG_E_INVALID;
		}
	}
	return 0;
}

/* One line of a file. *include_out: the file that it includes. */
static int line_read(struct signer_config *config, const char *path, struct config_line line,
		     struct problems *problems, char **include_out)
{
	const struct problem_place place = {.file = path, .line = line.number};
	struct bytes text = bytes_slice(line.text, 0, bytes_find(line.text, '#'));
	size_t name_size;

	text = bytes_trim(bytes_slice(text, 0, bytes_find(text, '\r')));
	if (text.size == 0)
		return 0;
	name_size = bytes_find_space(text);
	return line_set(config, bytes_slice(text, 0, name_size),
			bytes_trim(bytes_skip(text, name_size)), place, problems, include_out);
}

int signer_config_read(struct signer_config *config, const char *path, struct problems *problems)
{
	struct include_level levels[INCLUDE_LEVELS_MAX + 2] = {0};
	struct problem_place place = {0};
	struct config_line line;
	size_t depth = 0;
	bool is_invalid = false;
	int r;

	r = level_open(config, levels, 0, path, place, problems);
	if (r == 0)
		depth = 1;
	while (depth > 0 && r >= 0) {
		struct include_level *level = &levels[depth - 1];
		char *include = NULL;

		if (!config_lines_next(&level->lines, &line)) {
			config_lines_deinit(&level->lines);
			depth--;
			continue;
		}
		r = line_read(config, level->path, line, problems, &include);
		if (include != NULL) {
			place = (struct problem_place){level->path, line.number, "Include"};
			r = level_open(config, levels, depth, include, place, problems);
			depth += r == 0;
			free(include);
		}
		is_invalid = is_invalid || r == SIGNER_CONFIG_E_INVALID;
	}
	while (depth > 0)
		config_lines_deinit(&levels[--depth].lines);
	if (r < 0)
		return r;
	return r != 0 || is_invalid ? SIGNER_CONFIG_E_INVALID : 0;
}

static int path_complete(struct signer_config *config, const struct option *option)
{
	struct option_state *state = state_of(config, option);
	char *path;

	if (state->text == NULL)
		return 0;
	path = data_set_path_resolve(state->text, config->base_directory);
	if (path == NULL)
		return -ENOMEM;
	free(state->path);
	state->path = path;
	text_publish(config, option);
	return 0;
}

static int names_complete(struct signer_config *config, const struct option *option,
			  struct problems *problems)
{
	const struct problem_place place = signer_config_place(config, option->name);
	const char *text = text_of(config, option);
	struct signer_names *names = member_of(config, option);
	struct option_state *state = state_of(config, option);
	size_t count;
	int r;

	names_free(config, option);
	if (text == NULL)
		return 0;
	r = data_set_load(text, config->base_directory, place, problems, &state->names_set);
	if (r != 0)
		return r == DATA_SET_E_REFUSED ? 0 : r;
	count = data_set_count(state->names_set);
	names->items = calloc(count + 1, sizeof(*names->items));
	if (names->items == NULL)
		return -ENOMEM;
	names->count = count;
	for (size_t i = 0; i < count; i++)
		names->items[i] = data_set_row(state->names_set, i)->key;
	return 0;
}

/* What is said of an option that does not do what it says. */
static void class_check(const struct signer_config *config, const struct option *option,
			struct problems *problems)
{
	const struct option_state *state = state_of(config, option);

	if (!state->is_set || option_value_is_default(option, state->text))
		return;
	switch (option->class) {
	case OPTION_USED:
	case OPTION_MILTER: return;
	case OPTION_IGNORED:
		problems_warning(problems, state->place, "has no effect: %s", option->description);
		return;
	case OPTION_REFUSED:
		problems_error(problems, state->place,
			       "is not supported, and without it other mail would be signed or let "
			       "in: %s; take the option out if that is what you want",
			       option->description);
		return;
	case OPTION_VERIFIER:
		if (config->mode_verify)
			problems_error(
				problems, state->place,
				"is not supported, and without it other mail would be let in: "
				"%s; set \"Mode s\", or take the option out",
				option->description);
		return;
	}
}

static int option_complete(struct signer_config *config, const struct option *option,
			   struct problems *problems)
{
	const struct option_state *state = state_of(config, option);

	class_check(config, option, problems);
	if (option->member == OPTION_NO_MEMBER)
		return 0;
	if (option->type == OPTION_PATH)
		return path_complete(config, option);
	if (option->type == OPTION_NAMES)
		return names_complete(config, option, problems);
	/* A refused type is reported; the check as a whole fails by the count of errors. */
	if (option->type == OPTION_DATASET && state->text != NULL)
		(void)!data_set_check(state->text, state->place, problems);
	return 0;
}

static void action_default(const struct signer_config *config, const char *name,
			   enum signer_action *action)
{
	if (config->on_default != SIGNER_ACTION_UNSET &&
	    !state_of(config, option_table_find(bytes_of_string(name)))->is_set)
		*action = config->on_default;
}

int signer_config_check(struct signer_config *config, struct problems *problems)
{
	size_t errors = problems->error_count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < option_table_count(); i++)
		r = option_complete(config, option_table_at(i), problems);
	if (r != 0)
		return r;
	action_default(config, "On-InternalError", &config->on_internal_error);
	action_default(config, "On-Security", &config->on_security);
	action_default(config, "On-SignatureError", &config->on_signature_error);
	config_check(config, problems);
	return problems->error_count > errors ? SIGNER_CONFIG_E_INVALID : 0;
}

/* Does the option have a value that can be printed? */
static bool option_has_value(const struct signer_config *config, const struct option *option)
{
	if (option->member == OPTION_NO_MEMBER || option->same_as != NULL)
		return false;
	return text_of(config, option) != NULL;
}

static int option_print(const struct signer_config *config, const struct option *option,
			struct buffer *text)
{
	struct option_value value;

	if (option_type_is_text(option->type))
		return buffer_append_string(text, text_of(config, option));
	value = member_get(config, option);
	return option_value_print(option, &value, text);
}

int signer_config_print(const struct signer_config *config, struct buffer *text)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);

		if (!option_has_value(config, option))
			continue;
		r = buffer_printf(text, "%s ", option->name);
		if (r == 0)
			r = option_print(config, option, text);
		if (r == 0)
			r = buffer_append_byte(text, '\n');
	}
	return r;
}

int signer_config_print_value(const struct signer_config *config, const char *name,
			      struct buffer *text)
{
	const struct option *option = option_table_find(bytes_of_string(name));

	if (option != NULL && option->same_as != NULL)
		option = option_table_find(bytes_of_string(option->same_as));
	if (option == NULL)
		return SIGNER_CONFIG_E_INVALID;
	return option_has_value(config, option) ? option_print(config, option, text) : 0;
}

struct problem_place signer_config_place(const struct signer_config *config, const char *name)
{
	const struct option *option = option_table_find(bytes_of_string(name));
	const struct option_state *state;

	assert(option != NULL); /* the caller knows the names */
	state = state_of(config, option);
	return state->is_set ? state->place : (struct problem_place){.name = option->name};
}
