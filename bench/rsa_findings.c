/* How it works: a ratio looks for its two contenders; if one was not asked for, the ratio is not there. */
#include "bench/rsa_findings.h"

#include "bench/multiply_counts.h"

#include <assert.h>

#define NO_LANES    "no AVX-512 IFMA in this CPU or in this build"
#define TWO_THREADS 1.9 /* times one, for every size */

/* What a size is to reach; 0: there is no target. */
static const struct size_target {
	unsigned bits;
	double speed;
	double share;
} size_targets[RSA_CONTEST_BITS] = {
	{1024, 6.5, 0},
	{2048, 3.5, 0.8},
	{3072, 7, 0},
	{4096, 6, 0},
};

const struct rsa_entry *rsa_findings_lanes(const struct rsa_contest *contest, unsigned bits,
					   unsigned threads)
{
	return rsa_contest_find(contest, true, bits, threads, RSA_LANES);
}

const struct rsa_entry *rsa_findings_openssl(const struct rsa_contest *contest, unsigned bits,
					     unsigned threads)
{
	return rsa_contest_find(contest, false, bits, threads, 1);
}

/* "rsa2048_WHAT" and "RSA-2048, TITLE". */
static struct finding *add(struct rsa_findings *findings, unsigned bits, const char *what,
			   const char *title)
{
	const size_t place = findings->count++;
	char *id = findings->texts[place].id;
	char *text = findings->texts[place].title;

	assert(findings->count <= RSA_FINDINGS_MAX);
	snprintf(id, sizeof(findings->texts[place].id), "rsa%u_%s", bits, what);
	snprintf(text, sizeof(findings->texts[place].title), "RSA-%u, %s", bits, title);
	findings->items[place] = (struct finding){.id = id, .title = text, .unit = ""};
	return &findings->items[place];
}

/* Portable lanes have no targets. */
static struct finding *add_target(struct rsa_findings *findings, unsigned bits, const char *what,
				  const char *title, enum finding_limit kind, double limit)
{
	struct finding *finding = add(findings, bits, what, title);

	if (limit > 0 && findings->contest->options->lanes != &rsa_lanes_portable) {
		finding->limit_kind = kind;
		finding->limit = limit;
	}
	return finding;
}

static void skip(struct finding *finding, const char *reason)
{
	(void)failure_set(&finding->skipped, BENCH_E_SKIPPED, "%s", reason);
}

static void find_speed(struct rsa_findings *findings, const struct size_target *target)
{
	static const char title[] = "8 in lanes / OpenSSL";
	const struct rsa_contest *contest = findings->contest;
	const struct rsa_entry *lanes = rsa_findings_lanes(contest, target->bits, 1);
	const struct rsa_entry *openssl = rsa_findings_openssl(contest, target->bits, 1);
	const bool has_none = rsa_lanes_fast() == NULL && contest->options->lanes == NULL;
	struct finding *finding;

	if (!has_none && (lanes == NULL || openssl == NULL))
		return;
	finding = add_target(findings, target->bits, "lanes_to_openssl", title, FINDING_AT_LEAST,
			     target->speed);
	if (has_none)
		skip(finding, NO_LANES);
	else
		contenders_ratio(lanes->contender, openssl->contender, &finding->samples);
}

/* Multiply-adds that were used of those that could have been, `adds` for eight signatures. */
static void set_share(struct finding *finding, const struct rsa_entry *entry,
		      const struct contender *multiply, uint64_t adds)
{
	contenders_ratio(entry->contender, multiply, &finding->samples);
	samples_scale(&finding->samples, (double)adds / RSA_LANES);
}

static void find_share(struct rsa_findings *findings, const struct size_target *target)
{
	const struct rsa_size *size = rsa_contest_size(findings->contest, target->bits);
	const struct rsa_entry *entry = rsa_findings_lanes(findings->contest, target->bits, 1);
	const struct multiply_counts counts = multiply_counts_of(target->bits);

	if (entry == NULL || size->multiply == NULL || contender_was_skipped(size->multiply))
		return;
	set_share(add_target(findings, target->bits, "port_share", "port share", FINDING_AT_LEAST,
			     target->share),
		  entry, size->multiply, counts.all);
	if (target->share > 0)
		set_share(add(findings, target->bits, "port_share_of_powers",
			      "port share, powers alone"),
			  entry, size->multiply, counts.exponentiation);
}

static void find_scaling(struct rsa_findings *findings, const struct size_target *target)
{
	const unsigned bits = target->bits;
	const bool has_two = findings->cpus >= 2;
	static const char what[] = "lanes_two_threads";
	static const char title[] = "8 in lanes, two threads / one";
	const struct rsa_entry *one = rsa_findings_lanes(findings->contest, bits, 1);
	const struct rsa_entry *two = rsa_findings_lanes(findings->contest, bits, 2);
	struct finding *finding;

	if (one != NULL && (two != NULL || !has_two)) {
		finding = add_target(findings, bits, what, title, FINDING_AT_LEAST, TWO_THREADS);
		if (has_two)
			contenders_ratio(two->contender, one->contender, &finding->samples);
		else
			skip(finding, "there is one CPU");
	}
	one = rsa_findings_openssl(findings->contest, bits, 1);
	two = rsa_findings_openssl(findings->contest, bits, 2);
	if (one != NULL && two != NULL)
		contenders_ratio(
			two->contender, one->contender,
			&add(findings, bits, "openssl_two_threads", "OpenSSL, two threads / one")
				 ->samples);
}

/* The engines do the same with one job, so the ratio is about 1, and the rounds may lie on both sides of it. */
static void find_at_rest(struct rsa_findings *findings, const struct size_target *target)
{
	const unsigned bits = target->bits;
	const struct rsa_at_rest *at_rest = findings->contest->at_rest;

	for (size_t i = 0; at_rest != NULL && i < at_rest->row_count; i += RSA_AT_REST_ENGINES) {
		const struct rsa_at_rest_row *lanes = &at_rest->rows[i];
		const struct rsa_at_rest_row *openssl = &at_rest->rows[i + 1];
		struct finding *finding;

		if (lanes->bits != bits)
			continue;
		finding = add_target(findings, bits, "at_rest",
				     "at rest, median time: lanes engine / OpenSSL",
				     FINDING_AT_MOST, 1);
		finding->may_straddle = true;
		samples_ratio(&lanes->p50_us, &openssl->p50_us, &finding->samples);
		finding = add(findings, bits, "at_rest_p99",
			      "at rest, p99 of the time: lanes engine / OpenSSL");
		samples_ratio(&lanes->p99_us, &openssl->p99_us, &finding->samples);
	}
}

/* The time of a key in units of a signature: the rate of signatures in units of the rate of keys. */
static void add_key_cost(struct rsa_findings *findings, unsigned bits, const char *what,
			 const char *title, const struct rsa_entry *entry)
{
	const struct rsa_size *size = rsa_contest_size(findings->contest, bits);

	if (entry != NULL && size->key_form != NULL)
		contenders_ratio(entry->contender, size->key_form,
				 &add(findings, bits, what, title)->samples);
}

static void find_key_costs(struct rsa_findings *findings, const struct size_target *target)
{
	add_key_cost(findings, target->bits, "key_to_lanes",
		     "time of a key into lanes / of a signature in lanes",
		     rsa_findings_lanes(findings->contest, target->bits, 1));
	add_key_cost(findings, target->bits, "key_to_openssl",
		     "time of a key into lanes / of a signature of OpenSSL",
		     rsa_findings_openssl(findings->contest, target->bits, 1));
}

void rsa_findings_init(struct rsa_findings *findings, const struct rsa_contest *contest,
		       unsigned cpus)
{
	static void (*const finders[])(struct rsa_findings *, const struct size_target *) = {
		find_speed, find_share, find_scaling, find_at_rest, find_key_costs,
	};

	*findings = (struct rsa_findings){.contest = contest, .cpus = cpus};
	for (size_t k = 0; k < ARRAY_COUNT(finders); k++) {
		for (size_t i = 0; i < ARRAY_COUNT(size_targets); i++) {
			if (rsa_contest_size(contest, size_targets[i].bits) != NULL)
				finders[k](findings, &size_targets[i]);
		}
	}
}
