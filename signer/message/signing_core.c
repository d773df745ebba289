#include "signer/message/signing_core.h"

#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

int signing_core_init(struct signing_core *core, struct signing_context *context,
		      unsigned sign_threads)
{
	const struct signer_config *config = context->config;
	int r;

	*core = (struct signing_core){0};
	(void)pthread_mutex_init(&core->mutex, NULL);
	core->context = signing_context_ref(context);
	r = sign_engine_choice_init(&core->engine, config->sign_engine != SIGNER_SIGN_OPENSSL,
				    (size_t)config->lane_cache_size);
	if (r != 0) {
		signing_core_deinit(core);
		return r == -ENOMEM ? SIGNING_CORE_E_LANE_CACHE : r;
	}
	r = sign_service_new(sign_threads, core->engine.engine, &core->service);
	if (r != 0)
		signing_core_deinit(core);
	return r;
}

void signing_core_lock_keys(struct signing_core *core)
{
	if (core->engine.lanes != NULL)
		lanes_engine_lock_keys(core->engine.lanes);
}

void signing_core_deinit(struct signing_core *core)
{
	sign_service_free(core->service);
	core->service = NULL;
	sign_engine_choice_deinit(&core->engine);
	signing_context_unref(core->context);
	core->context = NULL;
	(void)pthread_mutex_destroy(&core->mutex);
}

struct signing_context *signing_core_context(struct signing_core *core)
{
	struct signing_context *context;

	(void)pthread_mutex_lock(&core->mutex);
	context = signing_context_ref(core->context);
	(void)pthread_mutex_unlock(&core->mutex);
	return context;
}

void signing_core_set_context(struct signing_core *core, struct signing_context *context)
{
	struct signing_context *old;

	(void)pthread_mutex_lock(&core->mutex);
	old = core->context;
	core->context = context;
	(void)pthread_mutex_unlock(&core->mutex);
	(void)atomic_fetch_add(&core->context_number, 1);
	signing_context_unref(old);
}

void signing_core_tell_engine(struct signing_core *core)
{
	struct signing_context *context = signing_core_context(core);
	bool is_wanted = context->config->sign_engine == SIGNER_SIGN_LANES;

	signing_context_unref(context);
	if (core->engine.lanes != NULL)
		log_notice("RSA signatures: up to eight at once, in lanes of AVX-512 IFMA, where "
			   "that is faster than OpenSSL");
	else
		log_line(is_wanted ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
			 "RSA signatures: one at a time, by OpenSSL: %s", core->engine.reason);
}

void signing_core_look_after(struct signing_core *core)
{
	struct signing_context *context = signing_core_context(core);
	struct lanes_engine *lanes = core->engine.lanes;
	char text[KEY_STORE_NOTICE_SIZE];

	while (key_store_take_notice(context->keys, text))
		log_warning("%s", text);
	signing_context_unref(context);
	if (lanes == NULL)
		return;
	while (lanes_engine_take_news(lanes, text))
		log_info("%s", text);
	while (lanes_engine_take_notice(lanes, text))
		log_warning("%s", text);
	lanes_engine_sweep(lanes);
}

struct signing_core_counts signing_core_counts(const struct signing_core *core)
{
	struct signing_core_counts counts = {0};

	if (core->engine.lanes != NULL) {
		counts.in_lanes = lanes_engine_signatures(core->engine.lanes);
		counts.made_again = lanes_engine_faults(core->engine.lanes);
	}
	return counts;
}

void signing_core_tell_faults(const struct signing_core *core)
{
	uint64_t faults = signing_core_counts(core).made_again;

	if (faults > 0)
		log_warning("RSA signatures that came out wrong and were made again: %" PRIu64
			    ": the CPU or its memory may be failing",
			    faults);
}
