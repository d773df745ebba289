#include "signer/cmd/progress.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30

static double now_s(void)
{
	return (double)clock_monotonic_ns() / (double)NS_PER_S;
}

void progress_init(struct progress *progress)
{
	const char *terminal = getenv("TERM");

	progress->shown = isatty(STDERR_FILENO) && terminal != NULL &&
			  strcmp(terminal, "dumb") != 0;
	progress->drawn = false;
	progress->start_s = now_s();
}

void progress_draw(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1];
	double share = total == 0 ? 0 : (double)done / (double)total;
	double seconds = now_s() - progress->start_s;
	double rate = seconds > 0 ? (double)done / seconds : 0;
	size_t filled = (size_t)(share * BAR_WIDTH);

	if (!progress->shown)
		return;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r\033[K%s [%s] %3.0f%%  %" PRIu64 " of %" PRIu64 "  %.0f/s", what, bar,
		100 * share, done, total, rate);
	fflush(stderr);
	progress->drawn = true;
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
