/*
 * Goal:   when a key is prepared and when it signs, nothing of it stays on the stack.
 * Method: both run on a stack of the test's own, which is full of a pattern before. Afterwards what they have used
 *         of it is zeros, but for a few addresses of calls. How much was used at all is asserted, too. Under ASan,
 *         frames are not where they otherwise are, so nothing is tested.
 */
#include "signer/lanes/rsa_lanes.h"

#include "tests/unit/rsa_pool.h"
#include "tests/unit/unit_test.h"

#include <ucontext.h>

#define STACK_SIZE   (1024 * 1024)
#define PATTERN	     0xa5
#define CALLS_MAX    512 /* bytes of addresses, saved registers and canaries */
#define USED_MIN     4096
#define WORD_PATTERN UINT64_C(0xa5a5a5a5a5a5a5a5)

#if defined(__SANITIZE_ADDRESS__)
#define FRAMES_ARE_ON_THE_STACK false
#elif defined(__has_feature)
#define FRAMES_ARE_ON_THE_STACK (!__has_feature(address_sanitizer))
#else
#define FRAMES_ARE_ON_THE_STACK true
#endif

/* What runs on the other stack. */
struct call {
	const struct rsa_lanes *lanes;
	struct rsa_lanes_workspace *workspace;
	struct rsa_lane_key *key;
	struct rsa_lane_job *job; /* NULL: prepare */
	ucontext_t back;
	ucontext_t there;
};

static struct call *current; /* makecontext() passes ints only */

static void run_call(void)
{
	if (current->job == NULL)
		current->lanes->prepare(current->workspace, current->key);
	else
		current->lanes->sign(current->workspace, current->job, 1);
}

static void run_on(struct call *call, uint64_t *stack)
{
	memset(stack, PATTERN, STACK_SIZE);
	assert_int_equal(getcontext(&call->there), 0);
	call->there.uc_stack.ss_sp = stack;
	call->there.uc_stack.ss_size = STACK_SIZE;
	call->there.uc_link = &call->back;
	current = call;
	makecontext(&call->there, run_call, 0);
	assert_int_equal(swapcontext(&call->back, &call->there), 0);
}

static void assert_stack_is_wiped(const struct call *call, const uint64_t *stack)
{
	const char *what = call->job == NULL ? "prepare" : "sign";
	size_t used = 0;
	size_t left = 0;

	for (size_t i = 0; i < STACK_SIZE / sizeof(*stack); i++) {
		if (stack[i] == WORD_PATTERN)
			continue;
		used += sizeof(*stack);
		if (stack[i] != 0)
			left += sizeof(*stack);
	}
	assert_true(used > USED_MIN);
	if (left > CALLS_MAX)
		fail_msg("%s, %u bits, %s: %zu of %zu bytes are left", call->lanes->name,
			 call->key->bits, what, left, used);
}

static void check_size(const struct rsa_lanes *lanes, unsigned bits)
{
	static const uint8_t digest[RSA_LANES_DIGEST_SIZE];
	uint8_t signature[RSA_LANE_BITS_MAX / 8];
	struct rsa_pool_key *key = rsa_pool_key_new(bits, 0);
	uint64_t *stack = aligned_alloc(64, STACK_SIZE);
	struct call call = {
		.lanes = lanes,
		.workspace = aligned_alloc(64, (lanes->workspace_size + 63) / 64 * 64),
		.key = aligned_alloc(sizeof(uint64_t), rsa_lane_key_size(bits)),
	};
	struct rsa_lane_job job = {.key = call.key, .digest = digest, .signature = signature};

	assert_true(stack != NULL && call.workspace != NULL && call.key != NULL);
	rsa_lane_key_set(call.key, &key->numbers);
	run_on(&call, stack);
	assert_stack_is_wiped(&call, stack);
	call.job = &job;
	run_on(&call, stack);
	assert_false(job.has_failed);
	assert_stack_is_wiped(&call, stack);
	free(call.key);
	free(call.workspace);
	free(stack);
	rsa_pool_key_free(key);
}

static void check_lanes(const struct rsa_lanes *lanes)
{
	for (unsigned bits = 1024; bits <= RSA_LANE_BITS_MAX; bits += 1024)
		check_size(lanes, bits);
}

static void nothing_of_a_key_stays_on_the_stack(void **state)
{
	(void)state;
	if (!FRAMES_ARE_ON_THE_STACK)
		skip();
	check_lanes(&rsa_lanes_portable);
	if (rsa_lanes_fast() != NULL)
		check_lanes(rsa_lanes_fast());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_key_stays_on_the_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
