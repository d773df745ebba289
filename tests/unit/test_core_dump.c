/*
 * Goal:   after core_dump_disable() the process leaves no core.
 * Method: a child switches them off, looks at both settings, and aborts.
 */
#include "signer/keys/core_dump.h"

#include "tests/unit/unit_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_run(void)
{
	struct rlimit limit;

	if (core_dump_disable() != 0)
		_exit(1);
	if (prctl(PR_GET_DUMPABLE) != 0)
		_exit(2);
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0)
		_exit(3);
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

static void abort_afterwards_dumps_no_core(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		child_run();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(WCOREDUMP(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abort_afterwards_dumps_no_core),
	};

	return cmocka_run_group_tests_name("core_dump", tests, NULL, NULL);
}
