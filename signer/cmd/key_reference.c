#include "signer/cmd/key_reference.h"

#include "common/buffer.h"
#include "signer/tables/data_set.h"

#include <errno.h>

int key_reference_load(struct key_store *store, const char *path, struct bytes text,
		       struct key **key_out, struct key_problem *problem)
{
	struct buffer reference = {0};
	const char *string = NULL;
	int r = 0;

	if (path != NULL && !key_store_is_path(path))
		r = buffer_append_string(&reference, "./");
	if (r == 0)
		r = buffer_append(&reference, path != NULL ? bytes_of_string(path) : text);
	if (r == 0)
		string = buffer_string(&reference);
	r = string == NULL ? -ENOMEM : key_store_load(store, string, key_out, problem);
	buffer_deinit(&reference);
	return r;
}

static int append_filled(struct buffer *path, struct bytes text, struct bytes domain)
{
	bool is_filled = bytes_start_with(text, BYTES_LITERAL("/"));
	int r = 0;

	for (size_t i = 0; r == 0 && i < text.size; i++) {
		if (is_filled && text.data[i] == '%')
			r = buffer_append(path, domain);
		else
			r = buffer_append_byte(path, text.data[i]);
	}
	return r;
}

char *key_reference_path(struct bytes text, struct bytes domain, const struct signer_config *config)
{
	struct buffer filled = {0};
	char *path = NULL;

	if (append_filled(&filled, text, domain) == 0 && buffer_string(&filled) != NULL)
		path = data_set_path_resolve(buffer_string(&filled), config->base_directory);
	buffer_deinit(&filled);
	return path;
}
