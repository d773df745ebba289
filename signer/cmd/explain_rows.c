/*
 * How it works: in a pattern file the index gives all rows that match; those between them did not. In
 * any other set the lookups are made one after the other.
 */
#include "signer/cmd/explain_rows.h"

#include "common/pattern.h"

#include <errno.h>
#include <stdlib.h>

struct search {
	struct explain_rows *rows;
	struct pattern_matcher *matcher;
	struct sender_address sender;
	bool all;
	bool is_multiple;
	bool is_over; /* the first match ends it, without MultipleSignatures */
};

static int add_step(struct search *search, struct explain_step step)
{
	struct explain_rows *rows = search->rows;
	size_t capacity = rows->capacity == 0 ? 16 : 2 * rows->capacity;
	struct explain_step *steps;

	if (!step.matches && !step.undecided && !search->all)
		return 0;
	if (rows->count == rows->capacity) {
		steps = reallocarray(rows->steps, capacity, sizeof(*steps));
		if (steps == NULL)
			return -ENOMEM;
		rows->steps = steps;
		rows->capacity = capacity;
	}
	rows->steps[rows->count++] = step;
	return 0;
}

/* local@DOTdomain, or without the local part; the step's subject. */
static int make_subject(struct search *search, bool with_local, struct bytes domain,
			struct explain_step *step)
{
	struct buffer *subjects = &search->rows->subjects;
	int r = 0;

	step->subject_offset = subjects->size;
	if (with_local)
		r = buffer_append(subjects, search->sender.local_part);
	if (r == 0 && with_local)
		r = buffer_append_byte(subjects, '@');
	if (r == 0)
		r = buffer_append(subjects, domain);
	step->subject_size = subjects->size - step->subject_offset;
	return r;
}

static void take_row(struct explain_step *step, const struct search *search, size_t row)
{
	const struct data_set *set = row_index_set(search->rows->index);

	step->row = data_set_row(set, row);
	step->place = data_set_place(set, row);
}

static int look_up(struct search *search, bool with_local, struct bytes domain)
{
	struct explain_step step = {0};
	struct row_match match;
	int r;

	if (search->is_over)
		return 0;
	r = make_subject(search, with_local, domain, &step);
	if (r != 0)
		return r;
	r = row_index_first(search->rows->index, search->matcher,
			    explain_rows_subject(search->rows, &step), &match);
	if (r < 0)
		return r;
	if (r == 0) {
		step.matches = true;
		take_row(&step, search, match.row);
		search->is_over = !search->is_multiple;
	}
	return add_step(search, step);
}

static int look_up_both(struct search *search, struct bytes domain)
{
	int r = look_up(search, true, domain);

	return r == 0 ? look_up(search, false, domain) : r;
}

static int search_keys(struct search *search)
{
	struct bytes rest = search->sender.domain;
	int r = look_up_both(search, rest);

	while (r == 0) {
		size_t dot = bytes_find(rest, '.');

		if (dot == rest.size)
			break;
		r = look_up_both(search, bytes_skip(rest, dot));
		rest = bytes_skip(rest, dot + 1);
	}
	return r == 0 ? look_up_both(search, BYTES_LITERAL("*")) : r;
}

static int search_patterns(struct search *search)
{
	struct explain_step step = {0};
	struct row_matches matches = {0};
	size_t count = data_set_count(row_index_set(search->rows->index));
	size_t next = 0; /* of the matches */
	int r = make_subject(search, true, search->sender.domain, &step);

	if (r == 0)
		r = row_index_all(search->rows->index, search->matcher,
				  explain_rows_subject(search->rows, &step), &matches);
	if (r == ROW_INDEX_E_NONE)
		r = 0;
	for (size_t i = 0; r == 0 && !search->is_over && i < count; i++) {
		bool is_next = next < matches.count && matches.items[next].row == i;

		take_row(&step, search, i);
		step.undecided = is_next && matches.items[next].undecided;
		step.matches = is_next && !step.undecided;
		next += is_next;
		search->is_over = is_next && !search->is_multiple;
		r = add_step(search, step);
	}
	row_matches_deinit(&matches);
	return r;
}

int explain_rows_find(struct explain_rows *rows, const struct signer_config *config,
		      struct sender_address sender, bool all)
{
	struct problems problems;
	struct search search = {
		.rows = rows,
		.sender = sender,
		.all = all,
		.is_multiple = config->multiple_signatures,
	};
	int r;

	*rows = (struct explain_rows){0};
	problems_init(&problems, NULL, NULL); /* the first reading has told them */
	r = row_index_load(config->signing_table_set, config->base_directory,
			   signer_config_place(config, "SigningTable"), STRING_MAP_CASELESS,
			   &problems, &rows->index);
	if (r == ROW_INDEX_E_REFUSED)
		return EXPLAIN_ROWS_E_REFUSED;
	if (r == 0)
		r = pattern_matcher_new(&search.matcher);
	if (r == 0 && data_set_kind(row_index_set(rows->index)) == DATA_SET_PATTERN_FILE)
		r = search_patterns(&search);
	else if (r == 0)
		r = search_keys(&search);
	pattern_matcher_free(search.matcher);
	return r;
}

void explain_rows_deinit(struct explain_rows *rows)
{
	row_index_free(rows->index);
	buffer_deinit(&rows->subjects);
	free(rows->steps);
	*rows = (struct explain_rows){0};
}
