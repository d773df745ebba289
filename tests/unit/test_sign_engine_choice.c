/*
 * Goal:   lanes sign exactly where the operator, OpenSSL and the CPU all let them, and otherwise the reason is told.
 * Method: what OpenSSL sees of the CPU, and its FIPS mode, are settled in a process once: so the test
 *         starts itself again, with a word that says what the child is to find.
 */
#include "signer/keys/sign_engine_choice.h"

#include "tests/unit/unit_test.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPABILITIES "OPENSSL_ia32cap"

static const char no_ifma[] = "this CPU, or this program, has no AVX-512 IFMA";

/* Whether the choice is OpenSSL, for that reason, or with NULL lanes. */
static bool chooses(bool may_use_lanes, const char *reason)
{
	struct sign_engine_choice choice;
	bool is_right;

	if (sign_engine_choice_init(&choice, may_use_lanes, 10) != 0)
		return false;
	if (reason == NULL)
		is_right = choice.lanes != NULL && choice.reason == NULL &&
			   choice.engine == lanes_engine_as_engine(choice.lanes);
	else
		is_right = choice.lanes == NULL && choice.engine == &sign_engine_openssl &&
			   choice.reason != NULL && strcmp(choice.reason, reason) == 0;
	if (!is_right)
		print_error("got %s, want %s\n", choice.reason == NULL ? "lanes" : choice.reason,
			    reason == NULL ? "lanes" : reason);
	sign_engine_choice_deinit(&choice);
	return is_right && choice.engine == NULL && choice.lanes == NULL;
}

/* What there is to say where nothing is hidden and everything allowed; NULL: lanes. */
static const char *reason_of_this_machine(void)
{
	return rsa_lanes_fast() == NULL ? no_ifma : NULL;
}

/* The roles of a child. */

static bool child_sees_all(void)
{
	return chooses(true, reason_of_this_machine());
}

static bool child_sees_no_ifma(void)
{
	return chooses(true,
		       rsa_lanes_fast() == NULL ? no_ifma : "OPENSSL_ia32cap hides AVX-512 IFMA");
}

static bool child_is_in_fips_mode(void)
{
	return EVP_default_properties_enable_fips(NULL, 1) == 1 &&
	       chooses(true, "OpenSSL is in FIPS mode, and only it may sign") &&
	       chooses(false, "SignEngine says so");
}

static const struct role {
	const char *name;
	bool (*run)(void);
} roles[] = {
	{"sees_all", child_sees_all},
	{"sees_no_ifma", child_sees_no_ifma},
	{"is_in_fips_mode", child_is_in_fips_mode},
};

/* The exit code: 0 if the child found what it is to find. */
static int run_role(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].run() ? 0 : 1;
	}
	return 2;
}

static char *program;

static void become(const char *role, const char *capabilities)
{
	char *const arguments[] = {program, (char *)(uintptr_t)role, NULL};

	if (capabilities == NULL)
		(void)unsetenv(CAPABILITIES);
	else
		(void)setenv(CAPABILITIES, capabilities, 1);
	(void)execv(program, arguments);
	_exit(3);
}

static void assert_child(const char *role, const char *capabilities)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		become(role, capabilities);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void lanes_are_chosen_where_the_cpu_has_them(void **state)
{
	(void)state;
	if (rsa_lanes_fast() == NULL)
		print_message("there is no AVX-512 IFMA here: the choice of lanes was not seen\n");
	assert_child("sees_all", NULL);
	assert_child("sees_all", ":~0x100"); /* BMI2: nothing to lanes */
}

static void instructions_hidden_from_openssl_are_hidden_from_lanes(void **state)
{
	(void)state;
	assert_child("sees_no_ifma", ":~0x200000"); /* AVX512IFMA */
	assert_child("sees_no_ifma", ":~0x10000");  /* AVX512F */
	assert_child("sees_no_ifma", ":0");
}

static void operator_may_refuse_lanes(void **state)
{
	(void)state;
	assert_true(chooses(false, "SignEngine says so"));
}

static void in_fips_mode_only_openssl_signs(void **state)
{
	(void)state;
	assert_child("is_in_fips_mode", NULL);
}

static void no_choice_may_be_freed(void **state)
{
	struct sign_engine_choice choice = {0};

	(void)state;
	sign_engine_choice_deinit(&choice);
}

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_are_chosen_where_the_cpu_has_them),
		cmocka_unit_test(instructions_hidden_from_openssl_are_hidden_from_lanes),
		cmocka_unit_test(operator_may_refuse_lanes),
		cmocka_unit_test(in_fips_mode_only_openssl_signs),
		cmocka_unit_test(no_choice_may_be_freed),
	};

	program = arguments[0];
	if (argument_count > 1)
		return run_role(arguments[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
