/*
 * Goal:   what is free is used again, is not kept without end, and those at work are counted.
 * Method: more messages than are kept are taken and given back. A leak is valgrind's to find.
 */
#include "signer/spool/unit_message.h"

#include "tests/unit/unit_test.h"

#define COUNT 3000

static void free_messages_are_used_again_and_bounded(void **state)
{
	static struct unit_message *messages[COUNT];
	struct unit_message_pool pool = {0};
	struct unit_message *again;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		messages[i] = unit_message_take(&pool);
		assert_non_null(messages[i]);
	}
	assert_int_equal(pool.at_work_count, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		unit_message_give_back(&pool, messages[i]);
	assert_int_equal(pool.at_work_count, 0);
	assert_true(pool.free_count > 0 && pool.free_count < COUNT);
	again = pool.first;
	assert_ptr_equal(unit_message_take(&pool), again);
	unit_message_give_back(&pool, again);
	unit_message_pool_deinit(&pool);
	assert_null(pool.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_messages_are_used_again_and_bounded),
	};

	return cmocka_run_group_tests_name("unit_message", tests, NULL, NULL);
}
