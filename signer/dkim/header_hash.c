/*
 * How it works: the canonical fields are gathered in one buffer and hashed in one call, because a
 * call for each short field costs more than the copy. The signature field is put behind them for
 * its digest, and the next signature's then takes its place.
 */
#include "signer/dkim/header_hash.h"

#include "signer/dkim/header_canon.h"

int header_hash_init(struct header_hash *hash)
{
	*hash = (struct header_hash){0};
	return sha256_init(&hash->sha256);
}

void header_hash_deinit(struct header_hash *hash)
{
	sha256_deinit(&hash->sha256);
	header_index_deinit(&hash->index);
	buffer_deinit(&hash->canonical);
	hash->selected_size = 0;
}

int header_hash_start(struct header_hash *hash, const struct header *header)
{
	buffer_clear(&hash->canonical);
	hash->selected_size = 0;
	return header_index_build(&hash->index, header);
}

int header_hash_select(struct header_hash *hash, const struct name_list *names,
		       enum canonicalization canonicalization)
{
	buffer_clear(&hash->canonical);
	hash->selected_size = 0;
	hash->canonicalization = canonicalization;
	header_index_rewind(&hash->index);
	for (size_t i = 0; i < names->count; i++) {
		size_t field = header_index_take(&hash->index, names->names[i]);
		int r;

		if (field == HEADER_INDEX_NONE)
			continue;
		r = header_canon_append(&hash->canonical, header_field(hash->index.header, field),
					canonicalization);
		if (r == 0)
			r = buffer_append(&hash->canonical, BYTES_LITERAL("\r\n"));
		if (r != 0)
			return r;
	}
	hash->selected_size = hash->canonical.size;
	return 0;
}

int header_hash_digest(struct header_hash *hash, struct bytes signature_field,
		       uint8_t digest_out[SHA256_SIZE])
{
	int r;

	hash->canonical.size = hash->selected_size;
	r = header_canon_append(&hash->canonical, signature_field, hash->canonicalization);
	if (r != 0)
		return r;
	sha256_start(&hash->sha256);
	sha256_update(&hash->sha256, buffer_bytes(&hash->canonical));
	return sha256_finish(&hash->sha256, digest_out);
}
