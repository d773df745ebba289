/*
 * How it works: the plan is valid only until the next message is planned, so domain, selector, identity
 * and key reference are copied, into one buffer that keeps its memory.
 */
#include "signer/message/message_signature.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void loaded(struct key_load_job *job);
static void was_signed(struct sign_job *job);

int message_signature_new(struct message_signature **signature_out)
{
	struct message_signature *signature = calloc(1, sizeof(*signature));

	if (signature == NULL)
		return -ENOMEM;
	signature->job.done = was_signed;
	signature->load.done = loaded;
	*signature_out = signature;
	return 0;
}

void message_signature_reset(struct message_signature *signature)
{
	key_unref(signature->key);
	signature->key = NULL;
}

void message_signature_free(struct message_signature *signature)
{
	if (signature == NULL)
		return;
	message_signature_reset(signature);
	signature_field_deinit(&signature->field);
	buffer_deinit(&signature->texts);
	free(signature);
}

size_t message_signature_memory(const struct message_signature *signature)
{
	return sizeof(*signature) + signature->texts.capacity +
	       signature_field_memory(&signature->field);
}

/* The texts lie one behind the other; the reference is last, with a NUL. */
static int copy_texts(struct message_signature *signature, const struct planned_signature *planned)
{
	struct bytes key = planned->key_path != NULL ? bytes_of_string(planned->key_path)
						     : planned->key_text;
	/* A path must look like one, or it would be taken for the key itself. */
	bool bare_path = planned->key_path != NULL && !key_store_is_path(planned->key_path);
	const uint8_t *at;
	int r;

	buffer_clear(&signature->texts);
	r = buffer_append(&signature->texts, planned->signing_domain);
	if (r == 0)
		r = buffer_append(&signature->texts, planned->selector);
	if (r == 0)
		r = buffer_append(&signature->texts, planned->identity);
	if (r == 0)
		r = buffer_append_string(&signature->texts, bare_path ? "./" : "");
	if (r == 0)
		r = buffer_append(&signature->texts, key);
	if (r == 0)
		r = buffer_append_byte(&signature->texts, '\0');
	if (r != 0)
		return r;
	at = signature->texts.data;
	signature->domain = bytes_of(at, planned->signing_domain.size);
	at += planned->signing_domain.size;
	signature->selector = bytes_of(at, planned->selector.size);
	at += planned->selector.size;
	signature->identity = bytes_of(at, planned->identity.size);
	at += planned->identity.size;
	signature->reference = (const char *)at;
	return 0;
}

static int refuse_algorithm(struct message_signature *signature, enum dkim_algorithm actual,
			    enum dkim_algorithm wanted)
{
	const struct problem_place *place = &signature->key_place;
	char where[KEY_PROBLEM_TEXT_SIZE / 2] = "";

	message_signature_reset(signature);
	if (place->file != NULL)
		snprintf(where, sizeof(where), " (%s:%u)", place->file, place->line);
	return key_problem_set(&signature->load.problem, MESSAGE_SIGNATURE_E_KEY,
			       "%s: the key is for %s, but it is to sign with %s%s",
			       key_store_is_path(signature->reference) ? signature->reference
								       : "the key in the table",
			       dkim_algorithm_name(actual), dkim_algorithm_name(wanted), where);
}

/* A row that asks for what its key cannot do is broken, as one whose key is missing. */
static int check_algorithm(struct message_signature *signature)
{
	enum dkim_algorithm wanted = signature->wanted == SIGNER_ALGORITHM_ED25519_SHA256
					     ? DKIM_ALGORITHM_ED25519_SHA256
					     : DKIM_ALGORITHM_RSA_SHA256;
	enum dkim_algorithm actual = message_signature_algorithm(signature);

	if (signature->wanted == SIGNER_ALGORITHM_BY_KEY || wanted == actual)
		return 0;
	return refuse_algorithm(signature, actual, wanted);
}

int message_signature_prepare(struct message_signature *signature,
			      const struct planned_signature *planned,
			      const struct signing_context *context,
			      const struct message_tools *tools)
{
	int r = copy_texts(signature, planned);

	if (r != 0)
		return r;
	signature->wanted = planned->algorithm;
	signature->key_place = planned->key_place;
	r = key_store_peek(context->keys, signature->reference, tools->keys_since_ns,
			   &signature->key, &signature->load.problem);
	if (r == 0)
		return check_algorithm(signature);
	if (r < 0)
		return r;
	if (r != KEY_STORE_E_NOT_LOADED)
		return MESSAGE_SIGNATURE_E_KEY;
	signature->load.store = context->keys;
	signature->load.reference = signature->reference;
	sign_client_submit_load(tools->client, &signature->load);
	return MESSAGE_SIGNATURE_LOADING;
}

static void loaded(struct key_load_job *job)
{
	struct message_signature *signature = CONTAINER_OF(job, struct message_signature, load);
	int r = job->error > 0 ? MESSAGE_SIGNATURE_E_KEY : job->error;

	if (r == 0) {
		signature->key = job->key;
		r = check_algorithm(signature);
	}
	signature->done(signature, r);
}

enum dkim_algorithm message_signature_algorithm(const struct message_signature *signature)
{
	return key_type(signature->key) == KEY_ED25519 ? DKIM_ALGORITHM_ED25519_SHA256
						       : DKIM_ALGORITHM_RSA_SHA256;
}

void message_signature_submit(struct message_signature *signature, struct sign_client *client,
			      const uint8_t digest[SHA256_SIZE])
{
	signature->job.key = signature->key;
	memcpy(signature->job.digest, digest, SHA256_SIZE);
	sign_client_submit(client, &signature->job);
}

static void was_signed(struct sign_job *job)
{
	struct message_signature *signature = CONTAINER_OF(job, struct message_signature, job);
	int error = job->error > 0 ? MESSAGE_SIGNATURE_E_FAILED : job->error;

	if (error == 0)
		error = signature_field_set_signature(
			&signature->field, bytes_of(job->signature, job->signature_size));
	signature->done(signature, error);
}
