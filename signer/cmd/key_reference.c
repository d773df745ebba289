#include "signer/cmd/key_reference.h"

#include "common/buffer.h"

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
