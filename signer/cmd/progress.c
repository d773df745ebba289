#include "signer/cmd/progress.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 30

/* A longer line would wrap, and could not be drawn over itself. */
#define COLUMNS_MIN 80

static double now_s(void)
{
	return (double)clock_monotonic_ns() / (double)NS_PER_S;
}

static bool is_wide(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
	       size.ws_col >= COLUMNS_MIN;
}

void progress_init(struct progress *progress)
{
	const char *terminal = getenv("TERM");

	progress->shown = isatty(STDERR_FILENO) && terminal != NULL &&
			  strcmp(terminal, "dumb") != 0 && is_wide();
	progress->drawn = false;
	progress->start_s = now_s();
}

void progress_draw(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1];
	double seconds = now_s() - progress->start_s;
	double rate = seconds > 0 ? (double)done / seconds : 0;

	if (!progress->shown || total == 0)
		return;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', (size_t)(done * BAR_WIDTH / total));
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, PROGRESS_ERASE "%s [%s] %3" PRIu64 "%%  %" PRIu64 " of %" PRIu64 "  %.0f/s",
		what, bar, 100 * done / total, done, total, rate);
	fflush(stderr);
	progress->drawn = true;
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fputs(PROGRESS_ERASE, stderr);
	progress->drawn = false;
}
