/*
 * postseal-bench report: one HTML file about the results of other scenarios.
 *
 * How it works: everything is read, and the page made in memory, before the file is opened, so bad input leaves
 * an older report as it is.
 */
#include "bench/scenario.h"

#include "bench/report_page.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] =
	"usage: postseal-bench report -o FILE RESULT...\n"
	"\n"
	"Makes one HTML page of the results that `rsa`, `spool` and `timing` wrote with --json: "
	"the\n"
	"machine, the findings with their verdicts, charts, and tables with the same figures. The "
	"page\n"
	"stands alone: no scripts, and nothing is loaded from elsewhere.\n"
	"\n"
	"  -o, --output FILE  the page; - is stdout\n"
	"  -h, --help         this text\n"
	"\n"
	"  postseal-bench rsa --json rsa.json\n"
	"  postseal-bench spool --json spool.json\n"
	"  postseal-bench report -o report.html rsa.json spool.json\n"
	"\n"
	"Exit code: 65 when a file is no result of postseal-bench, 66 when it cannot be read.\n";

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int complain(const char *path, int error, int exit_code)
{
	fprintf(stderr, "postseal-bench: %s: %s\n", path, strerror(error));
	return exit_code;
}

static int write_page(const char *path, const char *page, size_t size)
{
	bool is_stdout = strcmp(path, "-") == 0;
	FILE *file = is_stdout ? stdout : fopen(path, "we");
	size_t written;
	int r = 0;

	if (file == NULL)
		return complain(path, errno, EX_CANTCREAT);
	errno = EIO;
	written = fwrite(page, 1, size, file);
	if (written != size || fflush(file) != 0)
		r = errno;
	if (!is_stdout && fclose(file) != 0 && r == 0)
		r = errno;
	return r == 0 ? EX_OK : complain(is_stdout ? "stdout" : path, r, EX_IOERR);
}

static int make_page(const struct report_run *runs, size_t count, const char *path)
{
	char *page = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&page, &size);
	bool is_whole;
	int r;

	if (file == NULL)
		return complain(path, errno, EX_OSERR);
	report_page_write(runs, count, file);
	is_whole = !ferror(file);
	if (fclose(file) == 0 && is_whole)
		r = write_page(path, page, size);
	else
		r = complain(path, ENOMEM, EX_OSERR);
	free(page);
	return r;
}

static int exit_code_of(int error)
{
	if (error == -ENOMEM)
		return EX_OSERR;
	return error < 0 ? EX_NOINPUT : EX_DATAERR;
}

static int report(char *const *inputs, size_t count, const char *output)
{
	struct report_run *runs = calloc(count, sizeof(runs[0]));
	struct failure failure;
	size_t read = 0;
	int r = EX_OK;

	if (runs == NULL)
		return complain(output, ENOMEM, EX_OSERR);
	while (r == EX_OK && read < count) {
		int error = report_run_init(&runs[read], inputs[read], &failure);

		read++;
		if (error != 0) {
			fprintf(stderr, "postseal-bench: %s\n", failure.text);
			r = exit_code_of(error);
		}
	}
	if (r == EX_OK)
		r = make_page(runs, count, output);
	for (size_t i = 0; i < read; i++)
		report_run_deinit(&runs[i]);
	free(runs);
	return r;
}

int scenario_report(int argc, char **argv)
{
	const char *output = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'o': output = optarg; break;
		case 'h': fputs(usage, stdout); return EX_OK;
		default: fputs(usage, stderr); return EX_USAGE;
		}
	}
	if (output == NULL || optind == argc) {
		fputs(output == NULL ? "postseal-bench: -o: want the file for the page\n\n"
				     : "postseal-bench: want a result file\n\n",
		      stderr);
		fputs(usage, stderr);
		return EX_USAGE;
	}
	return report(argv + optind, (size_t)(argc - optind), output);
}
