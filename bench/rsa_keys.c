/* How it works: OpenSSL makes the keys; a workspace that is there for as long as it takes prepares them. */
#include "bench/rsa_keys.h"

#include "signer/keys/evp_lane_key.h"

#include <assert.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static struct rsa_lane_key *lane_form(const struct rsa_keys *keys, unsigned index)
{
	/* The size is a multiple of what a key is aligned to. */
	return (struct rsa_lane_key *)(void *)(keys->lane_forms.data +
					       index * rsa_lane_key_size(keys->bits));
}

const struct rsa_lane_key *rsa_keys_lane_form(const struct rsa_keys *keys, unsigned index)
{
	assert(index < keys->count && keys->lane_forms.data != NULL);
	return lane_form(keys, index);
}

int rsa_keys_make_form(const struct rsa_keys *keys, unsigned index, const struct rsa_lanes *lanes,
		       const struct secret_memory *workspace, struct rsa_lane_key *form_out,
		       struct failure *failure)
{
	if (evp_lane_key_set(form_out, keys->evps[index]) != 0)
		return failure_set(failure, BENCH_E_FAILED,
				   "a new key of %u bits is none for the lanes", keys->bits);
	lanes->prepare((struct rsa_lanes_workspace *)(void *)workspace->data, form_out);
	return 0;
}

static int set_lane_forms(struct rsa_keys *keys, const struct rsa_lanes *lanes,
			  struct failure *failure)
{
	struct secret_memory workspace = {0};
	int r = secret_memory_init(&keys->lane_forms, keys->count * rsa_lane_key_size(keys->bits));

	if (r == 0)
		r = secret_memory_init(&workspace, lanes->workspace_size);
	if (r != 0)
		(void)failure_set(failure, r, "keys in lane form");
	for (unsigned i = 0; r == 0 && i < keys->count; i++)
		r = rsa_keys_make_form(keys, i, lanes, &workspace, lane_form(keys, i), failure);
	secret_memory_deinit(&workspace);
	return r;
}

int rsa_keys_init(struct rsa_keys *keys, unsigned bits, unsigned count,
		  const struct rsa_lanes *lanes, struct failure *failure)
{
	assert(rsa_lane_key_has_bits(bits) && count <= RSA_KEYS_MAX);
	*keys = (struct rsa_keys){.bits = bits};
	while (keys->count < count) {
		EVP_PKEY *key = EVP_RSA_gen(bits);

		if (key == NULL)
			return failure_set(failure, BENCH_E_FAILED,
					   "OpenSSL makes no key of %u bits", bits);
		keys->evps[keys->count++] = key;
	}
	return lanes == NULL ? 0 : set_lane_forms(keys, lanes, failure);
}

int rsa_keys_open(const struct rsa_keys *keys, unsigned index, struct key **key_out,
		  struct failure *failure)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct key_problem problem = {""};
	char *data = NULL;
	int r = -ENOMEM;

	assert(index < keys->count);
	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, keys->evps[index], NULL, NULL, 0, NULL, NULL) == 1) {
		size_t size = (size_t)BIO_get_mem_data(bio, &data);

		r = key_new("new key", bytes_of(data, size), 0, key_out, &problem);
	}
	BIO_free(bio);
	if (r == 0)
		return 0;
	return failure_set(failure, r < 0 ? r : BENCH_E_FAILED, "RSA-%u: %s", keys->bits,
			   r < 0 ? "a key" : problem.text);
}

void rsa_keys_deinit(struct rsa_keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		EVP_PKEY_free(keys->evps[i]);
	secret_memory_deinit(&keys->lane_forms);
	*keys = (struct rsa_keys){0};
}
