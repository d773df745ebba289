#include "bench/rsa_key_form.h"

int rsa_key_form_init(struct rsa_key_form *form, const struct rsa_keys *keys,
		      const struct rsa_lanes *lanes, const double *seconds, struct failure *failure)
{
	int r;

	*form = (struct rsa_key_form){.keys = keys, .lanes = lanes, .seconds = seconds};
	snprintf(form->id, sizeof(form->id), "key_form_rsa%u", keys->bits);
	snprintf(form->title, sizeof(form->title), "RSA-%u, keys into the form of lanes",
		 keys->bits);
	r = secret_memory_init(&form->workspace, lanes->workspace_size);
	if (r == 0)
		r = secret_memory_init(&form->place, rsa_lane_key_size(keys->bits));
	return r == 0 ? 0 : failure_set(failure, r, "keys in lane form");
}

void rsa_key_form_deinit(struct rsa_key_form *form)
{
	secret_memory_deinit(&form->workspace);
	secret_memory_deinit(&form->place);
}

static int make_form(void *arg, uint64_t *work_out, struct failure *failure)
{
	struct rsa_key_form *form = arg;
	int r = rsa_keys_make_form(form->keys, form->next_key, form->lanes, &form->workspace,
				   (struct rsa_lane_key *)(void *)form->place.data, failure);

	form->next_key = (form->next_key + 1) % form->keys->count;
	*work_out = 1;
	return r;
}

int rsa_key_form_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	struct rsa_key_form *form = arg;
	struct timed_thread thread = {.step = make_form, .arg = form, .step_ns = &form->key_ns};

	return timed_threads_run(&thread, 1, *form->seconds, measure_out, failure);
}
