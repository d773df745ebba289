/*
 * Goal:   Socket is understood in all its forms, and what is wrong with one is said.
 * Method: by row; then sockets are opened in a directory that is gone afterwards.
 */
#include "signer/milter/milter_address.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* "inet 127.0.0.1 8891", "inet6 ::1 8891" or "local /path". */
static void describe(const struct milter_address *address, char text[256])
{
	const struct sockaddr_in *inet = (const void *)&address->address;
	const struct sockaddr_in6 *inet6 = (const void *)&address->address;
	char host[INET6_ADDRSTRLEN];

	switch (address->address.ss_family) {
	case AF_INET:
		(void)snprintf(text, 256, "inet %s %u",
			       inet_ntop(AF_INET, &inet->sin_addr, host, sizeof(host)),
			       ntohs(inet->sin_port));
		return;
	case AF_INET6:
		(void)snprintf(text, 256, "inet6 %s %u",
			       inet_ntop(AF_INET6, &inet6->sin6_addr, host, sizeof(host)),
			       ntohs(inet6->sin6_port));
		return;
	default:
		(void)snprintf(
			text, 256, "local %s",
			((const struct sockaddr_un *)(const void *)&address->address)->sun_path);
	}
}

static void all_forms_are_understood(void **state)
{
	static const struct {
		const char *text;
		const char *first;
		size_t count;
	} rows[] = {
		{"inet:8891@127.0.0.1", "inet 127.0.0.1 8891", 1},
		{"inet:8891@[127.0.0.1]", "inet 127.0.0.1 8891", 1},
		{"inet:8891", "inet 0.0.0.0 8891", 1},
		{"INET:8891@127.0.0.1", "inet 127.0.0.1 8891", 1},
		{"inet6:8891@::1", "inet6 ::1 8891", 1},
		{"inet6:8891@[::1]", "inet6 ::1 8891", 1},
		{"local:/run/x.sock", "local /run/x.sock", 1},
		{"unix:/run/x.sock", "local /run/x.sock", 1},
		{"unix:x.sock", "local x.sock", 1},
		{"/run/x.sock", "local /run/x.sock", 1},
		{"./x.sock", "local ./x.sock", 1},
		{"inet:1@127.0.0.1, local:/x ,inet6:2@::1", "inet 127.0.0.1 1", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct milter_addresses addresses;
		char why[MILTER_ADDRESS_WHY];
		char text[256];

		if (milter_addresses_parse(rows[i].text, &addresses, why) != 0)
			fail_msg("%s: %s", rows[i].text, why);
		assert_int_equal(addresses.count, rows[i].count);
		describe(&addresses.items[0], text);
		assert_string_equal(text, rows[i].first);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{"inet:@localhost", "its port is no number from 1 to 65535"},
		{"inet:0@localhost", "its port is no number from 1 to 65535"},
		{"inet:65536", "its port is no number from 1 to 65535"},
		{"inet:smtp", "its port is no number from 1 to 65535"},
		{"8891", "it is of no family that there is"},
		{"tcp:8891", "it is of no family that there is"},
		{"local:", "it has no path"},
		{"", "it names no place"},
		{" , ", "it names no place"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct milter_addresses addresses;
		char want[MILTER_ADDRESS_WHY];
		char why[MILTER_ADDRESS_WHY];

		(void)snprintf(want, sizeof(want),
			       "%s: %s; allowed is inet:PORT@HOST, inet6:PORT@HOST, or local:PATH",
			       rows[i].text, rows[i].why);
		assert_int_equal(milter_addresses_parse(rows[i].text, &addresses, why),
				 MILTER_ADDRESS_E_WRONG);
		assert_string_equal(why, want);
	}
}

static void listen_at(const char *path, int want, int *fd_out, char why[MILTER_ADDRESS_WHY])
{
	struct milter_addresses addresses;

	assert_int_equal(milter_addresses_parse(path, &addresses, why), 0);
	assert_int_equal(milter_address_listen(&addresses.items[0], fd_out, why), want);
}

static void socket_that_nobody_listens_at_is_taken_over(void **state)
{
	struct temp_dir dir;
	const char *path;
	char why[MILTER_ADDRESS_WHY];
	int first;
	int second;

	(void)state;
	temp_dir_make(&dir);
	path = temp_dir_name(&dir, "s");
	listen_at(path, 0, &first, why);
	listen_at(path, -EADDRINUSE, &second, why); /* somebody listens */
	assert_int_equal(close(first), 0);
	listen_at(path, 0, &second, why);
	assert_int_equal(close(second), 0);
	temp_dir_remove(&dir);
}

static void file_that_is_no_socket_stays(void **state)
{
	struct temp_dir dir;
	const char *path;
	char why[MILTER_ADDRESS_WHY];
	struct stat status;
	int fd;

	(void)state;
	temp_dir_make(&dir);
	path = temp_dir_name(&dir, "s");
	temp_dir_write(&dir, "s", BYTES_LITERAL("text"), 0600);
	listen_at(path, -EADDRINUSE, &fd, why);
	assert_non_null(strstr(why, "there is a file that is no socket"));
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_are_understood),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(socket_that_nobody_listens_at_is_taken_over),
		cmocka_unit_test(file_that_is_no_socket_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
