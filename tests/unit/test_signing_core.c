/*
 * Goal:   what all that sign share says what an operator must hear, and names what keeps it from starting.
 * Method: the linker puts an engine in the place of the real one that has made signatures again, or has no room.
 */
#include "signer/message/signing_core.h"

#include "common/log.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_uint faults;
static atomic_uint told_faults;

uint64_t __wrap_lanes_engine_faults(const struct lanes_engine *engine);
uint64_t __wrap_lanes_engine_faults(const struct lanes_engine *engine)
{
	(void)engine;
	return atomic_load(&faults);
}

PRINTF_LIKE(2, 3) void __wrap_log_line(enum log_level level, const char *format, ...);
static atomic_bool has_no_room;

int __real_lanes_engine_new(const struct rsa_lanes *lanes, size_t keys_max,
			    struct lanes_engine **engine_out);
int __wrap_lanes_engine_new(const struct rsa_lanes *lanes, size_t keys_max,
			    struct lanes_engine **engine_out);
int __wrap_lanes_engine_new(const struct rsa_lanes *lanes, size_t keys_max,
			    struct lanes_engine **engine_out)
{
	return atomic_load(&has_no_room) ? -ENOMEM
					 : __real_lanes_engine_new(lanes, keys_max, engine_out);
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (level == LOG_LEVEL_WARNING &&
	    strcmp(text, "RSA signatures that came out wrong and were made again: 7: the CPU or "
			 "its memory may be failing") == 0)
		(void)atomic_fetch_add(&told_faults, 1);
}

/* They may be hidden although the CPU has them (OPENSSL_ia32cap). */
static bool lanes_are_used(void)
{
	struct sign_engine_choice choice;
	bool are_used;

	assert_int_equal(sign_engine_choice_init(&choice, true, 1), 0);
	are_used = choice.lanes != NULL;
	sign_engine_choice_deinit(&choice);
	return are_used;
}

static void signatures_made_again_are_told_in_the_end(void **state)
{
	struct spool_fixture fixture;
	struct signing_core core;

	(void)state;
	if (!lanes_are_used())
		skip();
	spool_fixture_open(&fixture, NULL);
	assert_int_equal(spool_fixture_core(&fixture, &core), 0);
	assert_int_equal(signing_core_counts(&core).made_again, 0);
	signing_core_tell_faults(&core);
	assert_int_equal(atomic_load(&told_faults), 0);
	atomic_store(&faults, 7);
	assert_int_equal(signing_core_counts(&core).made_again, 7);
	signing_core_tell_faults(&core);
	assert_int_equal(atomic_load(&told_faults), 1);
	atomic_store(&faults, 0);
	signing_core_deinit(&core);
	spool_fixture_close(&fixture);
}

static void lane_cache_that_is_too_large_is_an_error_of_its_own(void **state)
{
	struct spool_fixture fixture;
	struct signing_core core;

	(void)state;
	if (!lanes_are_used())
		skip();
	spool_fixture_open(&fixture, NULL);
	atomic_store(&has_no_room, true);
	assert_int_equal(spool_fixture_core(&fixture, &core), SIGNING_CORE_E_LANE_CACHE);
	atomic_store(&has_no_room, false);
	spool_fixture_close(&fixture);
}

static void new_context_is_for_those_who_ask_from_then_on(void **state)
{
	struct signing_context *before;
	struct signing_context *other;
	struct spool_fixture fixture;
	struct signing_core core;
	unsigned number;

	(void)state;
	spool_fixture_open(&fixture, NULL);
	assert_int_equal(spool_fixture_core(&fixture, &core), 0);
	number = atomic_load(&core.context_number);
	before = signing_core_context(&core);
	assert_ptr_equal(before, fixture.context);
	spool_fixture_configure(&fixture, NULL);
	assert_ptr_not_equal(before, fixture.context);
	signing_core_set_context(&core, signing_context_ref(fixture.context));
	other = signing_core_context(&core);
	assert_ptr_equal(other, fixture.context);
	assert_int_not_equal(atomic_load(&core.context_number), number);
	signing_context_unref(other);
	signing_context_unref(before);
	signing_core_deinit(&core);
	spool_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_made_again_are_told_in_the_end),
		cmocka_unit_test(lane_cache_that_is_too_large_is_an_error_of_its_own),
		cmocka_unit_test(new_context_is_for_those_who_ask_from_then_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
