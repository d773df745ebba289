#include "bench/html_text.h"

#include <stdarg.h>

#define FORMAT_SIZE_MAX 1000

void html_text(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		switch (byte) {
		case '<': fputs("&lt;", file); break;
		case '>': fputs("&gt;", file); break;
		case '&': fputs("&amp;", file); break;
		case '"': fputs("&quot;", file); break;
		case '\'': fputs("&#39;", file); break;
		case '\t':
		case '\n': putc(byte, file); break;
		default:
			if (byte < 0x20 || byte == 0x7f)
				fputs("&#xfffd;", file);
			else
				putc(byte, file);
			break;
		}
	}
}

PRINTF_LIKE(2, 0) static void format_text(FILE *file, const char *format, va_list args)
{
	char text[FORMAT_SIZE_MAX];

	vsnprintf(text, sizeof(text), format, args);
	html_text(file, text);
}

void html_format(FILE *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_text(file, format, args);
	va_end(args);
}

void html_cell(FILE *file, const char *text)
{
	fputs("<td>", file);
	html_text(file, text);
	fputs("</td>", file);
}

void html_figure(FILE *file, const char *format, ...)
{
	va_list args;

	fputs("<td class=\"n\">", file);
	va_start(args, format);
	format_text(file, format, args);
	va_end(args);
	fputs("</td>", file);
}
