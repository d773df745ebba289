#include "signer/cmd/output.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

void output_text(FILE *file, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte < 0x20 || byte == 0x7f)
			fprintf(file, "\\x%02x", byte);
		else
			putc(byte, file);
	}
}

int output_end(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	if (errno != EPIPE)
		fprintf(stderr, "postseal: cannot write to stdout: %s\n",
			errno != 0 ? strerror(errno) : "output error");
	return EX_IOERR;
}
