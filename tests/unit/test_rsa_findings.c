/*
 * Goal:   each size is held against what was measured beside it, and every target is there.
 * Method: a contest whose figures are made up: all rates are round numbers.
 */
#include "tests/unit/unit_test.h"

#include "bench/multiply_counts.h"
#include "bench/rsa_findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZES	RSA_CONTEST_BITS
#define ENTRIES (4 * SIZES)

static const struct rsa_lanes fast = {.name = "fast"};

struct made_up {
	struct rsa_options options;
	struct rsa_contest contest;
	struct rsa_entry entries[ENTRIES];
	struct contender contenders[ENTRIES + 2 * SIZES];
	size_t contender_count;
};

/* Two rounds, the second twice as fast. */
static struct contender *add_contender(struct made_up *made_up, uint64_t rate)
{
	struct contender *contender = &made_up->contenders[made_up->contender_count++];

	contender->count = 2;
	contender->measures[0] = (struct measure){.seconds = 1, .work = rate, .round = 0};
	contender->measures[1] = (struct measure){.seconds = 1, .work = 2 * rate, .round = 1};
	return contender;
}

static void add_entry(struct made_up *made_up, bool in_lanes, unsigned bits, unsigned threads,
		      uint64_t rate)
{
	made_up->entries[made_up->contest.entry_count++] = (struct rsa_entry){
		.in_lanes = in_lanes,
		.bits = bits,
		.threads = threads,
		.lanes_filled = in_lanes ? RSA_LANES : 1,
		.contender = add_contender(made_up, rate),
	};
}

/* The n-th size: eight lanes make 8000 n, OpenSSL 1000, two threads twice as many less a tenth. */
static struct made_up *new_made_up(const struct rsa_lanes *lanes)
{
	struct made_up *made_up = calloc(1, sizeof(*made_up));

	assert_non_null(made_up);
	made_up->options = (struct rsa_options){.lanes = lanes, .openssl = true};
	made_up->contest.options = &made_up->options;
	made_up->contest.entries = made_up->entries;
	for (unsigned n = 1; n <= SIZES; n++) {
		struct rsa_size *size = &made_up->contest.sizes[made_up->contest.size_count++];

		size->bits = 1024 * n;
		add_entry(made_up, true, size->bits, 1, 8000 * n);
		add_entry(made_up, false, size->bits, 1, 1000);
		add_entry(made_up, true, size->bits, 2, 15200 * n);
		add_entry(made_up, false, size->bits, 2, 1800);
		size->multiply = add_contender(made_up,
					       2000 * n * multiply_counts_of(size->bits).all);
		size->key_form = add_contender(made_up, 4000);
	}
	return made_up;
}

static const struct finding *find(const struct rsa_findings *findings, unsigned bits,
				  const char *what)
{
	char id[64];

	snprintf(id, sizeof(id), "rsa%u_%s", bits, what);
	for (size_t i = 0; i < findings->count; i++) {
		if (strcmp(findings->items[i].id, id) == 0)
			return &findings->items[i];
	}
	return NULL;
}

static void assert_found(const struct rsa_findings *findings, unsigned bits, const char *what,
			 double value, double limit)
{
	const struct finding *finding = find(findings, bits, what);

	if (finding == NULL)
		fail_msg("rsa%u_%s: not there", bits, what);
	else if (fabs(samples_median(&finding->samples) - value) > 1e-6 ||
		 finding->limit - limit != 0)
		fail_msg("%s: got %g and limit %g, want %g and %g", finding->id,
			 samples_median(&finding->samples), finding->limit, value, limit);
}

static void test_each_size_has_its_own(void **state)
{
	static const double speeds[SIZES] = {6.5, 3.5, 7, 6};
	struct made_up *made_up = new_made_up(&fast);
	struct rsa_findings *findings = calloc(1, sizeof(*findings));

	(void)state;
	assert_non_null(findings);
	rsa_findings_init(findings, &made_up->contest, 2);
	for (unsigned n = 1; n <= SIZES; n++) {
		const unsigned bits = 1024 * n;

		assert_found(findings, bits, "lanes_to_openssl", 8 * n, speeds[n - 1]);
		assert_found(findings, bits, "port_share", 0.5, bits == 2048 ? 0.8 : 0);
		assert_found(findings, bits, "lanes_two_threads", 1.9, 1.9);
		assert_found(findings, bits, "openssl_two_threads", 1.8, 0);
		assert_found(findings, bits, "key_to_lanes", 2 * n, 0);
		assert_found(findings, bits, "key_to_openssl", 0.25, 0);
	}
	assert_null(find(findings, 2048, "at_rest")); /* it was not measured */
	free(findings);
	free(made_up);
}

static void test_one_cpu_says_nothing_of_two_threads(void **state)
{
	struct made_up *made_up = new_made_up(&fast);
	struct rsa_findings *findings = calloc(1, sizeof(*findings));

	(void)state;
	assert_non_null(findings);
	rsa_findings_init(findings, &made_up->contest, 1);
	for (unsigned n = 1; n <= SIZES; n++)
		assert_string_equal(find(findings, 1024 * n, "lanes_two_threads")->skipped.text,
				    "there is one CPU");
	free(findings);
	free(made_up);
}

static void test_portable_lanes_have_no_targets(void **state)
{
	struct made_up *made_up = new_made_up(&rsa_lanes_portable);
	struct rsa_findings *findings = calloc(1, sizeof(*findings));

	(void)state;
	assert_non_null(findings);
	rsa_findings_init(findings, &made_up->contest, 2);
	assert_true(findings->count > 0);
	for (size_t i = 0; i < findings->count; i++)
		assert_int_equal(findings->items[i].limit_kind, FINDING_NO_LIMIT);
	free(findings);
	free(made_up);
}

/* Nobody is slower at rest: that is met, too, where the rounds are on both sides of 1. */
static void test_at_rest_may_straddle(void **state)
{
	struct made_up *made_up = new_made_up(&fast);
	struct rsa_findings *findings = calloc(1, sizeof(*findings));
	struct rsa_at_rest *at_rest = calloc(1, sizeof(*at_rest));
	const struct finding *finding;

	(void)state;
	assert_non_null(findings);
	assert_non_null(at_rest);
	made_up->contest.at_rest = at_rest;
	for (unsigned i = 0; i < RSA_AT_REST_ENGINES; i++) {
		struct rsa_at_rest_row *row = &at_rest->rows[at_rest->row_count++];

		row->in_lanes = i == 0;
		row->bits = 3072;
		samples_add(&row->p50_us, i == 0 ? 99 : 100);
		samples_add(&row->p50_us, i == 0 ? 103 : 100);
		samples_add(&row->p99_us, i == 0 ? 300 : 150);
	}
	rsa_findings_init(findings, &made_up->contest, 2);
	assert_found(findings, 3072, "at_rest", 1.01, 1);
	assert_found(findings, 3072, "at_rest_p99", 2, 0);
	finding = find(findings, 3072, "at_rest");
	assert_int_equal(finding_verdict(finding), FINDING_PASS);
	assert_null(find(findings, 2048, "at_rest"));
	free(at_rest);
	free(findings);
	free(made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_size_has_its_own),
		cmocka_unit_test(test_one_cpu_says_nothing_of_two_threads),
		cmocka_unit_test(test_portable_lanes_have_no_targets),
		cmocka_unit_test(test_at_rest_may_straddle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
