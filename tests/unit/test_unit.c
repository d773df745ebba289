/*
 * Goal:   each unit ends where docs/architecture.md, "What becomes of a unit", says, with the reason in
 *         words, and is counted as what it became.
 * Method: by row, one unit in a spool of its own, taken through spool_run() on both engines, with one and
 *         with more I/O threads.
 */
#include "signer/spool/unit.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

#define FROM_US	   "From: a@example.com\r\n"
#define FROM_OTHER "From: a@other.example\r\n"
#define FROM_NOKEY "From: a@nokey.example\r\n"
#define BODY	   "\r\nhello\r\n"

#define OPEN  "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
#define CLOSE ".\r\n"

struct row {
	const char *name;
	const char *unit;
	const char *content;
	/* Names in the directories afterwards, and what failed/NAME.reason says. */
	const char *in;
	const char *out;
	const char *failed;
	const char *note;
	/* Messages: signed, passed, already signed, refused. */
	struct unit_counts counts;
	const char *options[3];
};

static const struct row rows[] = {
	{"message_of_ours_is_signed",
	 "a.eml",
	 FROM_US BODY,
	 "",
	 "a.eml",
	 "",
	 NULL,
	 {1, 0, 0, 0},
	 {0}},
	{"message_without_body_is_signed", "a", FROM_US, "", "a", "", NULL, {1, 0, 0, 0}, {0}},
	{"message_without_line_end_is_signed",
	 "a",
	 "From: a@example.com",
	 "",
	 "a",
	 "",
	 NULL,
	 {1, 0, 0, 0},
	 {0}},
	{"nobodys_message_passes", "a", FROM_OTHER BODY, "", "a", "", NULL, {0, 1, 0, 0}, {0}},
	{"exempt_message_passes",
	 "a",
	 FROM_US BODY,
	 "",
	 "a",
	 "",
	 NULL,
	 {0, 1, 0, 0},
	 {"ExemptDomains", "example.com", NULL}},
	{"message_without_key_stays", "a", FROM_NOKEY BODY, "a", "", "", NULL, {0, 0, 0, 0}, {0}},

	{"empty_file_fails",
	 "a",
	 "",
	 "",
	 "",
	 "a a.reason",
	 "the message has no header\n",
	 {0, 0, 0, 1},
	 {0}},
	{"no_header_fails",
	 "a",
	 "\r\nhello\r\n",
	 "",
	 "",
	 "a a.reason",
	 "the message has no header\n",
	 {0, 0, 0, 1},
	 {0}},
	{"text_alone_fails",
	 "a",
	 "hello\r\n",
	 "",
	 "",
	 "a a.reason",
	 "line 1: neither a header field nor the continuation of one\n",
	 {0, 0, 0, 1},
	 {0}},
	{"no_from_fails",
	 "a",
	 "To: b@example.net\r\n" BODY,
	 "",
	 "",
	 "a a.reason",
	 "it has no From field\n",
	 {0, 0, 0, 1},
	 {0}},
	{"two_from_fail",
	 "a",
	 FROM_US FROM_US BODY,
	 "",
	 "",
	 "a a.reason",
	 "it has more than one From field\n",
	 {0, 0, 0, 1},
	 {0}},
	/* RFC 6854 2: a group may be empty, and then nobody's domain is named. */
	{"from_without_address_passes",
	 "a",
	 "From: undisclosed:;\r\n" BODY,
	 "",
	 "a",
	 "",
	 NULL,
	 {0, 1, 0, 0},
	 {0}},
	{"from_with_broken_address_fails",
	 "a",
	 "From: user@exa mple.com\r\n" BODY,
	 "",
	 "",
	 "a a.reason",
	 "the address in its From field is broken\n",
	 {0, 0, 0, 1},
	 {0}},
	{"bare_cr_in_header_fails",
	 "a",
	 "Subject: a\rb\r\n" FROM_US BODY,
	 "",
	 "",
	 "a a.reason",
	 "line 1: a carriage return without a line feed in the header\n",
	 {0, 0, 0, 1},
	 {0}},
	{"bare_cr_in_body_fails",
	 "a",
	 FROM_US "\r\na\rb\r\n",
	 "",
	 "",
	 "a a.reason",
	 "its body has a CR without LF\n",
	 {0, 0, 0, 1},
	 {0}},
	{"bare_cr_is_signed_with_fixcrlf",
	 "a",
	 FROM_US "\r\na\rb\r\n",
	 "",
	 "a",
	 "",
	 NULL,
	 {1, 0, 0, 0},
	 {"FixCRLF", "yes", NULL}},
	{"header_over_the_maximum_fails",
	 "a",
	 FROM_US "Subject: 12345678901234567890\r\n" BODY,
	 "",
	 "",
	 "a a.reason",
	 "line 2: the header is larger than allowed\n",
	 {0, 0, 0, 1},
	 {"MaximumHeaders", "40", NULL}},
	{"header_over_the_maximum_passes_if_on_security_says_so",
	 "a",
	 FROM_US "Subject: 12345678901234567890\r\n" BODY,
	 "",
	 "a",
	 "",
	 NULL,
	 {0, 1, 0, 0},
	 {"MaximumHeaders", "40", "On-Security"}},
	{"unit_over_the_maximum_fails",
	 "a",
	 FROM_US BODY,
	 "",
	 "",
	 "a a.reason",
	 "it is larger than SpoolMaxUnit allows\n",
	 {0, 0, 0, 0},
	 {"SpoolMaxUnit", "20", NULL}},

	{"batch_is_signed",
	 "a.bsmtp",
	 OPEN FROM_US BODY CLOSE OPEN FROM_US BODY CLOSE,
	 "",
	 "a.bsmtp",
	 "",
	 NULL,
	 {2, 0, 0, 0},
	 {0}},
	{"batch_passes",
	 "a.bsmtp",
	 OPEN FROM_OTHER BODY CLOSE,
	 "",
	 "a.bsmtp",
	 "",
	 NULL,
	 {0, 1, 0, 0},
	 {0}},
	{"batch_with_a_dot_not_doubled_fails",
	 "a.bsmtp",
	 OPEN "x\r\n" CLOSE OPEN FROM_US ".y\r\n" CLOSE,
	 "",
	 "",
	 "a.bsmtp a.bsmtp.reason",
	 "line 10: a dot at the start of a line is not doubled\n",
	 {0, 0, 0, 0},
	 {0}},
	{"batch_of_refused_messages_fails",
	 "a.bsmtp",
	 OPEN "To: x\r\n" CLOSE OPEN "To: x\r\n" CLOSE,
	 "",
	 "",
	 "a.bsmtp a.bsmtp.reason",
	 "message 1 (line 1): it has no From field; message 2 (line 6): it has no From field\n",
	 {0, 0, 0, 2},
	 {0}},
	{"batch_is_split_where_messages_differ",
	 "a.bsmtp",
	 OPEN FROM_US BODY CLOSE OPEN "To: x\r\n" CLOSE OPEN FROM_OTHER BODY CLOSE,
	 "",
	 "a.bsmtp",
	 "a.bsmtp a.bsmtp.reason",
	 "message 2 (line 8): it has no From field\n",
	 {1, 1, 0, 1},
	 {0}},
	{"batch_without_key_stays_uncounted",
	 "a.bsmtp",
	 OPEN FROM_US BODY CLOSE OPEN FROM_NOKEY BODY CLOSE,
	 "a.bsmtp",
	 "",
	 "",
	 NULL,
	 {0, 0, 0, 0},
	 {0}},
	{"broken_batch_fails_uncounted",
	 "a.bsmtp",
	 OPEN FROM_US BODY CLOSE "RCPT TO:<x@y>\r\n",
	 "",
	 "",
	 "a.bsmtp a.bsmtp.reason",
	 "line 8: RCPT without MAIL before it\n",
	 {0, 0, 0, 0},
	 {0}},
	{"unterminated_batch_fails",
	 "a.bsmtp",
	 OPEN FROM_US BODY,
	 "",
	 "",
	 "a.bsmtp a.bsmtp.reason",
	 "line 7: the file ends inside a message or a transaction\n",
	 {0, 0, 0, 0},
	 {0}},
	{"empty_batch_fails",
	 "a.bsmtp",
	 "",
	 "",
	 "",
	 "a.bsmtp a.bsmtp.reason",
	 "line 1: the file holds no SMTP command\n",
	 {0, 0, 0, 0},
	 {0}},
	{"batch_by_name_alone_is_hidden", ".bsmtp", "", "", "", "", NULL, {0, 0, 0, 0}, {0}},
};

static void check_counts(const struct row *row, const struct unit_counts *got)
{
	if (memcmp(got, &row->counts, sizeof(*got)) != 0)
		fail_msg("%s: got %d signed, %d passed, %d already, %d refused", row->name,
			 (int)got->signed_count, (int)got->passed_count,
			 (int)got->already_signed_count, (int)got->refused_count);
}

static void check_names(const struct spool_fixture *fixture, const struct row *row,
			const char *directory, const char *want)
{
	struct buffer names = {0};
	const char *got = spool_fixture_list(fixture, directory, &names);

	if (strcmp(got, want) != 0)
		fail_msg("%s: got '%s' in %s/, want '%s'", row->name, got, directory, want);
	buffer_deinit(&names);
}

static void check_note(const struct spool_fixture *fixture, const struct row *row)
{
	struct buffer content = {0};
	char path[300];

	if (row->note == NULL)
		return;
	snprintf(path, sizeof(path), "failed/%s.reason", row->unit);
	if (!spool_fixture_get(fixture, path, &content))
		fail_msg("%s: there is no reason", row->name);
	if (strcmp(buffer_string(&content), row->note) != 0)
		fail_msg("%s: got '%s', want '%s'", row->name, buffer_string(&content), row->note);
	buffer_deinit(&content);
}

struct tally {
	const struct spool_fixture *fixture;
	struct unit_counts counts;
};

static void tally_message(void *arg, size_t index, struct bytes message)
{
	struct tally *tally = arg;
	struct mail_report report;

	(void)index;
	mail_check(message, tally->fixture->key, &report);
	assert_int_equal(report.valid, report.signatures);
	tally->counts.signed_count += report.valid == 1;
	tally->counts.passed_count += report.signatures == 0;
}

/* What is in out/ is what was counted, and verifies. */
static void check_out(const struct spool_fixture *fixture, const struct row *row)
{
	struct tally tally = {.fixture = fixture};
	struct buffer content = {0};
	char path[300];

	snprintf(path, sizeof(path), "out/%s", row->unit);
	if (spool_fixture_get(fixture, path, &content))
		assert_true(
			mail_check_each(row->unit, buffer_bytes(&content), tally_message, &tally));
	if (tally.counts.signed_count != row->counts.signed_count ||
	    tally.counts.passed_count != row->counts.passed_count)
		fail_msg("%s: %d messages are signed in out/, %d are not", row->name,
			 (int)tally.counts.signed_count, (int)tally.counts.passed_count);
	buffer_deinit(&content);
}

static void run_row(const struct row *row, const char *engine, const char *io_threads)
{
	const char *options[] = {"IoEngine",	  engine,	   "IoThreads",
				 io_threads,	  row->options[0], row->options[1],
				 row->options[2], "accept",	   NULL};
	struct spool_fixture fixture;
	struct spool_result result;
	char path[300];

	spool_fixture_open(&fixture, options);
	snprintf(path, sizeof(path), "in/%s", row->unit);
	spool_fixture_put_text(&fixture, path, row->content);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	check_names(&fixture, row, "in", row->in);
	check_names(&fixture, row, "out", row->out);
	check_names(&fixture, row, "failed", row->failed);
	check_names(&fixture, row, "tmp", "");
	check_note(&fixture, row);
	check_counts(row, &result.messages);
	check_out(&fixture, row);
	assert_int_equal(result.stayed_units, row->in[0] != '\0');
	assert_int_equal(result.failed_units, row->failed[0] != '\0' && row->out[0] == '\0');
	spool_fixture_close(&fixture);
}

static void every_row_holds_on_both_engines_with_any_threads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (!test_is_slow() || i % 2 == 0) {
			run_row(&rows[i], "auto", "1");
			run_row(&rows[i], "threads", "2");
		}
		if (!test_is_slow() || i % 2 == 1) {
			run_row(&rows[i], "threads", "1");
			run_row(&rows[i], "auto", "3");
		}
	}
}

/* Puts something that is no file into in/. */
static void put_other(const struct spool_fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int in_fd;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[128];

	snprintf(path, sizeof(path), "%s/in", fixture->spool);
	in_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(in_fd, "directory", 0700), 0);
	assert_int_equal(mkfifoat(in_fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("a", in_fd, "link"), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/in/socket", fixture->spool);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	close(in_fd);
}

static void what_is_no_file_stays_and_the_rest_goes_on(void **state)
{
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer names = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	put_other(&fixture);
	spool_fixture_put_text(&fixture, "in/a", FROM_US BODY);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_string_equal(spool_fixture_list(&fixture, "in", &names),
			    "directory fifo link socket");
	assert_string_equal(spool_fixture_list(&fixture, "out", &names), "a");
	assert_string_equal(spool_fixture_list(&fixture, "failed", &names), "");
	assert_int_equal(result.stayed_units, 4);
	assert_int_equal(result.messages.signed_count, 1);
	buffer_deinit(&names);
	spool_fixture_close(&fixture);
}

static void check_taken_name(const char *unit, const char *content, const char *taken,
			     const char *out, const char *failed)
{
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer names = {0};
	struct buffer content_now = {0};
	char path[300];

	spool_fixture_open(&fixture, NULL);
	snprintf(path, sizeof(path), "in/%s", unit);
	spool_fixture_put_text(&fixture, path, content);
	spool_fixture_put_text(&fixture, taken, "older");
	spool_fixture_put_text(&fixture, "failed/a.bsmtp.reason", "why the older one");
	spool_fixture_put_text(&fixture, "failed/a.reason", "why the older one");
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_string_equal(spool_fixture_list(&fixture, "in", &names), unit);
	assert_string_equal(spool_fixture_list(&fixture, "out", &names), out);
	assert_string_equal(spool_fixture_list(&fixture, "failed", &names), failed);
	assert_string_equal(spool_fixture_list(&fixture, "tmp", &names), "");
	assert_true(spool_fixture_get(&fixture, taken, &content_now));
	assert_string_equal(buffer_string(&content_now), "older");
	assert_true(spool_fixture_get(&fixture, "failed/a.reason", &content_now));
	assert_string_equal(buffer_string(&content_now), "why the older one");
	assert_true(spool_fixture_get(&fixture, "failed/a.bsmtp.reason", &content_now));
	assert_string_equal(buffer_string(&content_now), "why the older one");
	assert_int_equal(result.stayed_units, 1);
	assert_int_equal(result.messages.signed_count + result.messages.passed_count +
				 result.messages.refused_count,
			 0);
	buffer_deinit(&content_now);
	buffer_deinit(&names);
	spool_fixture_close(&fixture);
}

#define NOTES	 "a.bsmtp.reason a.reason"
#define TWO_KIND OPEN FROM_US BODY CLOSE OPEN "To: x\r\n" CLOSE

static void unit_whose_place_is_taken_stays(void **state)
{
	(void)state;
	check_taken_name("a", FROM_US BODY, "out/a", "a", NOTES);
	check_taken_name("a", FROM_OTHER BODY, "out/a", "a", NOTES);
	check_taken_name("a", "To: x\r\n", "failed/a", "", "a " NOTES);
	check_taken_name("a.bsmtp", TWO_KIND, "out/a.bsmtp", "a.bsmtp", NOTES);
	check_taken_name("a.bsmtp", TWO_KIND, "failed/a.bsmtp", "",
			 "a.bsmtp a.bsmtp.reason a.reason");
}

/* failed/a.reason would be taken for the note on failed/a, and be replaced by it. */
static void failed_unit_never_takes_the_name_of_a_note(void **state)
{
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer names = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	spool_fixture_put_text(&fixture, "in/a.reason", "To: x\r\n");
	spool_fixture_put_text(&fixture, "in/b.reason", FROM_US BODY);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	spool_fixture_put_text(&fixture, "in/a", "To: x\r\n");
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_string_equal(spool_fixture_list(&fixture, "in", &names), "a.reason");
	assert_string_equal(spool_fixture_list(&fixture, "failed", &names), "a a.reason");
	assert_string_equal(spool_fixture_list(&fixture, "out", &names), "b.reason");
	assert_int_equal(result.stayed_units, 1);
	buffer_deinit(&names);
	spool_fixture_close(&fixture);
}

static void long_name_is_cut_for_its_note(void **state)
{
	struct spool_fixture fixture;
	struct spool_result result;
	char name[NAME_MAX + 1];
	char path[NAME_MAX + 16];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf(path, sizeof(path), "in/%s", name);
	spool_fixture_put_text(&fixture, path, "To: x\r\n");
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	snprintf(path, sizeof(path), "failed/%s", name);
	assert_true(spool_fixture_has(&fixture, path));
	snprintf(path, sizeof(path), "failed/%.*s.reason", NAME_MAX - 7, name);
	assert_true(spool_fixture_has(&fixture, path));
	spool_fixture_close(&fixture);
}

static void signed_message_is_left_alone_the_second_time(void **state)
{
	struct spool_fixture fixture;
	struct spool_result result;
	struct buffer first = {0};
	struct buffer second = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	spool_fixture_put_text(&fixture, "in/a", FROM_US BODY);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_true(spool_fixture_get(&fixture, "out/a", &first));
	spool_fixture_put(&fixture, "in/b", buffer_bytes(&first));
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_int_equal(result.messages.already_signed_count, 1);
	assert_true(spool_fixture_get(&fixture, "out/b", &second));
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
	buffer_deinit(&first);
	buffer_deinit(&second);
	spool_fixture_close(&fixture);
}

static void mode_is_the_inputs_or_as_configured(void **state)
{
	const char *const options[] = {"SpoolMode", "0604", NULL};
	struct spool_fixture fixture;
	struct spool_result result;
	struct stat status;
	char path[128];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	umask(0); /* as the program does */
	snprintf(path, sizeof(path), "%s/out/a", fixture.spool);
	spool_fixture_put_text(&fixture, "in/a", FROM_US BODY);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(unlink(path), 0);
	spool_fixture_configure(&fixture, options);
	spool_fixture_put_text(&fixture, "in/a", FROM_US BODY);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
	umask(077);
	spool_fixture_close(&fixture);
}

/* A child that is nobody, in a spool of its own where root has put units. */
static int sign_as_nobody(struct spool_fixture *fixture)
{
	struct spool_result result;

	if (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return 1;
	spool_fixture_configure(fixture,
				NULL); /* keys are safe from another user's point of view */
	if (spool_fixture_run(fixture, NULL, &result) != 0)
		return 2;
	return result.released_units == 1 && result.stayed_units == 1 ? 0 : 3;
}

static void who_is_not_root_keeps_what_it_signs_and_leaves_what_it_cannot_read(void **state)
{
	static const char *const theirs[] = {
		"spool",	"spool/in", "spool/tmp", "spool/out",
		"spool/failed", "key.pem",  "keys",	 "senders",
	};
	struct spool_fixture fixture;
	struct stat status;
	char path[128];
	pid_t child;
	int code;

	(void)state;
	if (geteuid() != 0)
		skip();
	spool_fixture_open(&fixture, NULL);
	spool_fixture_put_text(&fixture, "in/readable", FROM_US BODY);
	spool_fixture_put_text(&fixture, "in/unreadable", FROM_US BODY);
	snprintf(path, sizeof(path), "%s/in/readable", fixture.spool);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(fixture.root, 0755), 0);
	for (size_t i = 0; i < ARRAY_COUNT(theirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture.root, theirs[i]);
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(sign_as_nobody(&fixture));
	assert_int_equal(waitpid(child, &code, 0), child);
	assert_true(WIFEXITED(code));
	assert_int_equal(WEXITSTATUS(code), 0);
	snprintf(path, sizeof(path), "%s/out/readable", fixture.spool);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, NOBODY);
	assert_true(spool_fixture_has(&fixture, "in/unreadable"));
	spool_fixture_close(&fixture);
}

static void owner_is_the_inputs_or_as_configured(void **state)
{
	const char *const options[] = {"SpoolOwner", "123:456", NULL};
	struct spool_fixture fixture;
	struct spool_result result;
	struct stat status;
	char path[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	spool_fixture_open(&fixture, NULL);
	spool_fixture_put_text(&fixture, "in/a", FROM_US BODY);
	snprintf(path, sizeof(path), "%s/in/a", fixture.spool);
	assert_int_equal(chown(path, 77, 88), 0);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	snprintf(path, sizeof(path), "%s/out/a", fixture.spool);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, 77);
	assert_int_equal(status.st_gid, 88);
	assert_int_equal(unlink(path), 0);
	spool_fixture_configure(&fixture, options);
	spool_fixture_put_text(&fixture, "in/a", FROM_US BODY);
	assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, 123);
	assert_int_equal(status.st_gid, 456);
	spool_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds_on_both_engines_with_any_threads),
		cmocka_unit_test(what_is_no_file_stays_and_the_rest_goes_on),
		cmocka_unit_test(unit_whose_place_is_taken_stays),
		cmocka_unit_test(failed_unit_never_takes_the_name_of_a_note),
		cmocka_unit_test(long_name_is_cut_for_its_note),
		cmocka_unit_test(signed_message_is_left_alone_the_second_time),
		cmocka_unit_test(mode_is_the_inputs_or_as_configured),
		cmocka_unit_test(owner_is_the_inputs_or_as_configured),
		cmocka_unit_test(
			who_is_not_root_keeps_what_it_signs_and_leaves_what_it_cannot_read),
	};

	return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
