/*
 * command_line - the flags and operands of a command, and the text of its --help.
 *
 * Is:       one table of flags a command, which getopt_long(3), the messages and --help go by.
 * Is not:   what a flag does; settings.h takes those that all commands have in common.
 * Use:      command_line_init(&line, &form, argc, argv);
 *           if (command_line_read(&line, take_flag, &command))
 *                   line.status = start(&command, &line); with line.operands[0 .. line.operand_count)
 *           return line.status;
 * Errors:   said on stderr, with line.status EX_USAGE. After --help line.status is EX_OK.
 * Owns:     nothing: values and operands are those of argv.
 * Threads:  one, because getopt(3) has state of its own.
 */
#ifndef SIGNER_CMD_COMMAND_LINE_H
#define SIGNER_CMD_COMMAND_LINE_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

/* The flag's id where there is no letter for it: COMMAND_LINE_LONG, COMMAND_LINE_LONG + 1, ... */
#define COMMAND_LINE_LONG 256

#define COMMAND_LINE_HELP      (COMMAND_LINE_LONG + 1000)
#define COMMAND_LINE_FLAGS_MAX 64

struct command_flag {
	int id;		   /* its letter, or COMMAND_LINE_LONG + n */
	const char *name;  /* its long form; NULL: none */
	const char *value; /* what its value is called; NULL: it has none */
	const char *text;  /* for --help; NULL: another way to write the flag above it */
};

struct command_form {
	const char *name;     /* "postseal sign" */
	const char *synopsis; /* what stands behind the name; a line a form */
	const char *purpose;
	const struct command_flag *flags;
	size_t flag_count;
	const char *notes;  /* behind the flags; NULL: nothing */
	void (*help)(void); /* prints another text for --help; NULL: the one made of all this */
	size_t operands_max;
};

struct command_line {
	char **operands; /* when the flags are over */
	size_t operand_count;
	int status; /* the exit code, if the command is to end */

	/* Private. */
	const struct command_form *form;
	int argc;
	char **argv;
	struct option long_flags[COMMAND_LINE_FLAGS_MAX + 2];
	char letters[2 * COMMAND_LINE_FLAGS_MAX + 4];
};

/* Every command has --help besides; and -h, if its table has no other use for the letter. */
void command_line_init(struct command_line *line, const struct command_form *form, int argc,
		       char **argv);

/*
 * Gives each flag with its value to `take_flag`, which returns EX_OK, or an exit code after it has said
 * why. Returns whether the command is to go on; if not, line->status is its exit code.
 */
bool command_line_read(struct command_line *line,
		       int (*take_flag)(void *arg, int flag, const char *value), void *arg);

/* Says `postseal sign: TEXT`, and how to get help; gives EX_USAGE. */
__attribute__((format(printf, 2, 3))) int command_line_wrong(const struct command_form *form,
							     const char *format, ...);

#endif
