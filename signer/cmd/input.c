#include "signer/cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_SIZE ((size_t)64 << 10)

int input_open(struct input *input, const char *operand)
{
	bool is_stdin = operand == NULL || strcmp(operand, "-") == 0;

	*input = (struct input){
		.name = is_stdin ? "stdin" : operand,
		.fd = is_stdin ? STDIN_FILENO : open(operand, O_RDONLY | O_CLOEXEC),
	};
	if (input->fd < 0)
		return -errno;
	input->piece = malloc(PIECE_SIZE);
	return input->piece == NULL ? -ENOMEM : 0;
}

int input_read(struct input *input, struct bytes *piece_out)
{
	ssize_t size;

	do
		size = read(input->fd, input->piece, PIECE_SIZE);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	*piece_out = bytes_of(input->piece, (size_t)size);
	return 0;
}

void input_close(struct input *input)
{
	if (input->fd > STDERR_FILENO)
		close(input->fd);
	free(input->piece);
	input->piece = NULL;
	input->fd = -1;
}
