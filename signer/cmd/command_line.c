/*
 * How it works: the table is written out as getopt_long(3) wants it. All messages are ours, so that
 * every command says the same of the same mistake.
 */
#include "signer/cmd/command_line.h"

#include "common/compiler.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define COLUMNS	    80
#define TEXT_COLUMN 28 /* where the texts of flags begin */

static bool has_letter(const struct command_form *form, int letter)
{
	for (size_t i = 0; i < form->flag_count; i++) {
		if (form->flags[i].id == letter)
			return true;
	}
	return false;
}

void command_line_init(struct command_line *line, const struct command_form *form, int argc,
		       char **argv)
{
	size_t letters = 0;
	size_t longs = 0;

	assert(form->flag_count <= COMMAND_LINE_FLAGS_MAX);
	*line = (struct command_line){.form = form, .argc = argc, .argv = argv};
	line->letters[letters++] = ':'; /* a missing value is told apart from an unknown flag */
	for (size_t i = 0; i < form->flag_count; i++) {
		const struct command_flag *flag = &form->flags[i];

		if (flag->id < COMMAND_LINE_LONG) {
			line->letters[letters++] = (char)flag->id;
			if (flag->value != NULL)
				line->letters[letters++] = ':';
		}
		if (flag->name != NULL)
			line->long_flags[longs++] = (struct option){
				flag->name, flag->value != NULL ? required_argument : no_argument,
				NULL, flag->id};
	}
	if (!has_letter(form, 'h'))
		line->letters[letters++] = 'h';
	line->long_flags[longs++] = (struct option){"help", no_argument, NULL, COMMAND_LINE_HELP};
	optind = 0; /* getopt(3) is to start anew */
	opterr = 0;
}

int command_line_wrong(const struct command_form *form, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", form->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\ntry: %s --help\n", form->name);
	return EX_USAGE;
}

/* Writes the text, broken between words, from the column on where it now stands. */
static void print_wrapped(const char *text, size_t column, size_t indent)
{
	while (*text != '\0') {
		size_t size = strcspn(text, " \n");

		if (column > indent && column + 1 + size > COLUMNS) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)size, text);
		column += size;
		text += size;
		if (*text == ' ')
			text++;
	}
	putchar('\n');
}

static void print_flag(const struct command_flag *flag)
{
	char head[128];
	int size = 0;

	if (flag->id < COMMAND_LINE_LONG)
		size += snprintf(head, sizeof(head), "  -%c", flag->id);
	else
		size += snprintf(head, sizeof(head), "     ");
	if (flag->name != NULL)
		size += snprintf(head + size, sizeof(head) - (size_t)size, "%s--%s",
				 flag->id < COMMAND_LINE_LONG ? ", " : " ", flag->name);
	if (flag->value != NULL)
		size += snprintf(head + size, sizeof(head) - (size_t)size, " %s", flag->value);
	fputs(head, stdout);
	if (size > TEXT_COLUMN - 2) {
		putchar('\n');
		size = 0;
	}
	printf("%*s", TEXT_COLUMN - size, "");
	print_wrapped(flag->text, TEXT_COLUMN, TEXT_COLUMN);
}

static void print_help(const struct command_form *form)
{
	static const struct command_flag help = {'h', "help", NULL, "this text"};
	static const struct command_flag long_help = {COMMAND_LINE_HELP, "help", NULL, "this text"};
	const char *synopsis = form->synopsis;
	const char *lead = "usage:";

	if (form->help != NULL) {
		form->help();
		return;
	}
	while (*synopsis != '\0') {
		size_t size = strcspn(synopsis, "\n");

		printf("%s %s %.*s\n", lead, form->name, (int)size, synopsis);
		synopsis += size + (synopsis[size] == '\n');
		lead = "      ";
	}
	printf("\n%s\n\n", form->purpose);
	for (size_t i = 0; i < form->flag_count; i++) {
		if (form->flags[i].text != NULL)
			print_flag(&form->flags[i]);
	}
	print_flag(has_letter(form, 'h') ? &long_help : &help);
	if (form->notes != NULL)
		printf("\n%s\n", form->notes);
}

static const struct command_flag *flag_of(const struct command_form *form, int id)
{
	for (size_t i = 0; i < form->flag_count; i++) {
		if (form->flags[i].id == id)
			return &form->flags[i];
	}
	return NULL;
}

/* What getopt(3) did not understand. */
static int complain(const struct command_line *line, bool is_value_missing)
{
	const struct command_form *form = line->form;
	const struct command_flag *flag = optopt == 0 ? NULL : flag_of(form, optopt);
	const char *word = line->argv[optind - 1];

	if (is_value_missing && flag != NULL)
		return command_line_wrong(form, "%s needs a value: %s", word, flag->value);
	if (optopt >= COMMAND_LINE_LONG || flag != NULL)
		return command_line_wrong(form, "%s: the flag takes no value", word);
	if (optopt != 0)
		return command_line_wrong(form, "unknown flag -%c", optopt);
	return command_line_wrong(form, "unknown flag %s", word);
}

static bool take_operands(struct command_line *line)
{
	line->operands = line->argv + optind;
	line->operand_count = (size_t)(line->argc - optind);
	if (line->operand_count <= line->form->operands_max)
		return true;
	if (line->form->operands_max == 0)
		line->status = command_line_wrong(line->form, "\"%s\": there are no operands",
						  line->operands[0]);
	else
		line->status = command_line_wrong(line->form, "\"%s\" is one operand too many",
						  line->operands[line->form->operands_max]);
	return false;
}

static bool is_help(const struct command_form *form, int id)
{
	return id == COMMAND_LINE_HELP || (id == 'h' && !has_letter(form, 'h'));
}

bool command_line_read(struct command_line *line,
		       int (*take_flag)(void *arg, int flag, const char *value), void *arg)
{
	line->status = EX_OK;
	while (line->status == EX_OK) {
		int id = getopt_long(line->argc, line->argv, line->letters, line->long_flags, NULL);

		if (id == -1)
			return take_operands(line);
		if (is_help(line->form, id)) {
			print_help(line->form);
			return false;
		}
		if (id == '?' || id == ':')
			line->status = complain(line, id == ':');
		else
			line->status = take_flag(arg, id, optarg);
	}
	return false;
}
