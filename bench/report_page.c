/*
 * How it works: head, then for each run what it was measured on, what was found, and what its scenario has to
 * show. Colours are variables, so that the dark scheme is one block. A verdict is a word, not only a colour.
 */
#include "bench/report_page.h"

#include "bench/chart_scale.h"
#include "bench/html_text.h"
#include "bench/report_rsa.h"
#include "bench/report_spool.h"
#include "bench/report_timing.h"

static const char style[] =
	":root{color-scheme:light dark;--page:#fbfbf9;--card:#fff;--ink:#1d2430;--soft:#5b6472;\n"
	"--rule:#dfe2e6;--s0:#2563a8;--s1:#d98324;--s2:#7a8594;--mark:#a3195b;--good:#1b7a3d;\n"
	"--near:#8a5a00;--bad:#b3261e}\n"
	"@media(prefers-color-scheme:dark){:root{--page:#14171c;--card:#1c2027;--ink:#e6e9ee;\n"
	"--soft:#a0a9b6;--rule:#343b46;--s0:#6ba6e8;--s1:#eda34f;--s2:#8d98a8;--mark:#f07db0;\n"
	"--good:#6fcf8e;--near:#e0b050;--bad:#ff8a80}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;padding:1rem;max-width:76rem;background:var(--page);color:var(--ink);\n"
	"font:16px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.3rem;margin:2.5rem 0 .5rem;\n"
	"border-top:1px solid var(--rule);padding-top:1.5rem}h3{font-size:1.05rem;margin:1.8rem 0 "
	".5rem}\n"
	"p{max-width:46rem;margin:.5rem 0}.soft{color:var(--soft)}.warn{color:var(--bad)}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}\n"
	"dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
	".table{overflow-x:auto;margin:.5rem 0 1rem}\n"
	"table{border-collapse:collapse;font-size:.875rem}\n"
	"caption{text-align:left;color:var(--soft);padding:.3rem 0}\n"
	"th,td{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top;\n"
	"border-bottom:1px solid var(--rule)}\n"
	"th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
	".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
	".good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}\n"
	".near{color:var(--near);font-weight:600}\n"
	".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));"
	"\n"
	"gap:1rem;align-items:start}\n"
	"figure{margin:0;padding:.9rem;background:var(--card);border:1px solid var(--rule);\n"
	"border-radius:.5rem}\n"
	"figcaption{font-weight:600;margin-bottom:.4rem}\n"
	"svg{display:block;width:100%;height:auto;max-width:34rem}\n"
	".t{font:11.5px system-ui,sans-serif;fill:var(--ink)}.u{fill:var(--soft)}\n"
	".v{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}\n"
	".m{text-anchor:middle}.e{text-anchor:end;fill:var(--soft)}\n"
	".s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}\n"
	".grid{stroke:var(--rule)}.zero{stroke:var(--soft)}\n"
	".mark{stroke:var(--mark);stroke-width:2.5}\n"
	".limit{stroke:var(--s1);stroke-width:2;stroke-dasharray:5 4}\n"
	"@media print{figure,tr{break-inside:avoid}}\n";

void report_page_begin_table(const struct report_page *page, const char *caption,
			     const char *const *heads, size_t head_count)
{
	fputs("<div class=\"table\" tabindex=\"0\"><table>\n<caption>", page->file);
	html_text(page->file, caption);
	fputs("</caption>\n<thead><tr>", page->file);
	for (size_t i = 0; i < head_count; i++) {
		/* Heads of figures begin with a space. */
		fprintf(page->file, "<th scope=\"col\"%s>",
			heads[i][0] == ' ' ? " class=\"n\"" : "");
		html_text(page->file, heads[i][0] == ' ' ? heads[i] + 1 : heads[i]);
		fputs("</th>", page->file);
	}
	fputs("</tr></thead>\n<tbody>\n", page->file);
}

void report_page_end_table(const struct report_page *page)
{
	fputs("</tbody></table></div>\n", page->file);
}

void report_page_all_figures(const struct report_page *page, const struct report_run *run,
			     const char *caption, const char *const *heads, size_t head_count,
			     void (*write_row)(const struct report_run *run, size_t index,
					       const struct report_page *page))
{
	fputs("<h3>All figures</h3>\n", page->file);
	report_page_begin_table(page, caption, heads, head_count);
	for (size_t i = 0; i < run->result_count; i++)
		write_row(run, i, page);
	report_page_end_table(page);
}

void report_page_begin_charts(const struct report_page *page)
{
	fputs("<div class=\"charts\">\n", page->file);
}

void report_page_end_charts(const struct report_page *page)
{
	fputs("</div>\n", page->file);
}

void report_page_number(const struct report_page *page, double value)
{
	char text[CHART_NUMBER_SIZE_MAX];

	chart_number_full(text, value);
	html_figure(page->file, "%s", text);
}

void report_page_no_number(const struct report_page *page)
{
	html_figure(page->file, "-");
}

static void write_term(FILE *file, const char *term)
{
	fputs("<dt>", file);
	html_text(file, term);
	fputs("</dt><dd>", file);
}

static void end_term(FILE *file)
{
	fputs("</dd>\n", file);
}

static void write_machine(const struct report_page *page, const struct report_run *run)
{
	const struct report_machine *machine = &run->machine;
	FILE *file = page->file;

	fputs("<dl>\n", file);
	write_term(file, "postseal");
	html_text(file, run->version);
	end_term(file);
	write_term(file, "CPU");
	html_format(file, "%s, %u of %u used, %s", machine->cpu_model, machine->cpus,
		    machine->cpus_online, machine->architecture);
	end_term(file);
	write_term(file, "memory");
	html_format(file, "%.1f GiB", machine->memory_bytes / (1 << 30));
	end_term(file);
	write_term(file, "kernel");
	html_text(file, machine->kernel);
	end_term(file);
	write_term(file, "libraries");
	html_format(file, "OpenSSL %s, liburing %s, PCRE2 %s", machine->openssl, machine->liburing,
		    machine->pcre2);
	end_term(file);
	for (size_t i = 0; i < machine->directory_count; i++) {
		const struct report_directory *directory = &machine->directories[i];

		write_term(file, "directory");
		html_format(file, "%s: %s on %s", directory->path, directory->file_system,
			    directory->device);
		end_term(file);
	}
	write_term(file, "load before");
	html_format(file, "%.2f", machine->load_average);
	end_term(file);
	write_term(file, "settings");
	for (size_t i = 0; i < run->setting_count; i++) {
		html_text(file, i == 0 ? "" : ", ");
		html_text(file, run->settings[i].name);
		html_text(file, " ");
		html_text(file, run->settings[i].value);
	}
	end_term(file);
	fputs("</dl>\n", file);
	if (!machine->is_quiet)
		fputs("<p class=\"warn\">The machine was busy before this run: other work shared "
		      "the "
		      "CPUs, and the figures are worth little.</p>\n",
		      file);
}

static void write_with_unit(const struct report_page *page, const char *before, double value,
			    const char *unit)
{
	char text[CHART_NUMBER_SIZE_MAX];

	chart_number_full(text, value);
	html_figure(page->file, "%s%s%s%s", before, text, unit[0] == '\0' ? "" : " ", unit);
}

static void write_range(const struct report_page *page, double from, double to)
{
	char from_text[CHART_NUMBER_SIZE_MAX];
	char to_text[CHART_NUMBER_SIZE_MAX];

	chart_number_full(from_text, from);
	chart_number_full(to_text, to);
	html_figure(page->file, "%s to %s", from_text, to_text);
}

static void write_verdict(const struct report_page *page, const struct report_finding *finding)
{
	static const char *const cells[] = {
		[FINDING_PASS] = "<td class=\"good\">met</td>",
		[FINDING_NEAR] = "<td class=\"near\">near</td>",
		[FINDING_SHORT] = "<td class=\"bad\">short</td>",
	};

	if (finding->skipped != NULL) {
		fputs("<td>skipped: ", page->file);
		html_text(page->file, finding->skipped);
		fputs("</td>", page->file);
	} else if (finding->limit_kind == FINDING_NO_LIMIT) {
		html_cell(page->file, "");
	} else {
		fputs(cells[finding->verdict], page->file);
	}
}

static void write_finding(const struct report_page *page, const struct report_finding *finding)
{
	static const char *const signs[] = {
		[FINDING_AT_LEAST] = "at least ", [FINDING_AT_MOST] = "at most "};

	fputs("<tr>", page->file);
	html_cell(page->file, finding->title);
	if (finding->limit_kind == FINDING_NO_LIMIT)
		report_page_no_number(page);
	else
		write_with_unit(page, signs[finding->limit_kind], finding->limit, finding->unit);
	if (finding->skipped != NULL) {
		report_page_no_number(page);
		report_page_no_number(page);
		report_page_no_number(page);
	} else {
		write_with_unit(page, "", finding->value.median, finding->unit);
		if (finding->value.has_quartiles)
			write_range(page, finding->value.quartile_1, finding->value.quartile_3);
		else
			report_page_no_number(page);
		write_range(page, finding->value.min, finding->value.max);
	}
	write_verdict(page, finding);
	fputs("</tr>\n", page->file);
}

static void write_findings(const struct report_page *page, const struct report_run *run)
{
	static const char *const heads[] = {"finding",	    " target",	   " median",
					    " middle half", " all rounds", "verdict"};

	if (run->finding_count == 0)
		return;
	fputs("<h3>Findings</h3>\n", page->file);
	report_page_begin_table(page,
				"Ratios are taken round by round. Without a unit: a ratio. Near: "
				"the middle half of the rounds lies on both sides of the target.",
				heads, ARRAY_COUNT(heads));
	for (size_t i = 0; i < run->finding_count; i++)
		write_finding(page, &run->findings[i]);
	report_page_end_table(page);
}

static void write_run(struct report_page *page, const struct report_run *run)
{
	static const char *const titles[] = {
		[REPORT_RSA] = "RSA signatures in lanes and by OpenSSL",
		[REPORT_SPOOL] = "A spool of messages",
		[REPORT_TIMING] = "Does time depend on secrets?",
	};

	fputs("<section>\n<h2>", page->file);
	html_text(page->file, titles[run->scenario]);
	fputs("</h2>\n<p class=\"soft\">", page->file);
	html_format(page->file, "%s, ended %s", run->document.path, run->ended);
	fputs("</p>\n", page->file);
	write_machine(page, run);
	write_findings(page, run);
	switch (run->scenario) {
	case REPORT_RSA: report_rsa_write(run, page); break;
	case REPORT_SPOOL: report_spool_write(run, page); break;
	case REPORT_TIMING: report_timing_write(run, page); break;
	}
	fputs("</section>\n", page->file);
}

void report_page_write(const struct report_run *runs, size_t count, FILE *file)
{
	struct report_page page = {.file = file};

	fprintf(file,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		"<title>postseal-bench</title>\n<style>\n%s</style>\n</head>\n<body>\n"
		"<h1>postseal-bench</h1>\n"
		"<p>Medians of rounds in which all contenders took turns, on the machine named "
		"with "
		"each run. Ratios of one run count; a rate alone says more about the machine than "
		"about the program.</p>\n",
		style);
	for (size_t i = 0; i < count; i++)
		write_run(&page, &runs[i]);
	fputs("</body>\n</html>\n", file);
}
