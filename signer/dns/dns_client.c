/*
 * How it works: two rounds over all servers, the first one with little patience. An error that a server
 * answers sends the question to the next one; only silence is worth a second round.
 */
#include "signer/dns/dns_client.h"

#include "common/clock.h"
#include "common/config_lines.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define RESOLV_CONF	     "/etc/resolv.conf"
#define RESOLV_CONF_SIZE_MAX 65536
#define PORT		     "53"
#define MESSAGE_SIZE_MAX     65535
#define ALIASES_MAX	     8
#define ROUNDS		     2

#define OPT_SIZE 11 /* RFC 6891 6.1.2, without options */

struct query {
	uint8_t bytes[2 + NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + OPT_SIZE]; /* 2: for TCP */
	size_t question_size;
	size_t size; /* without those 2 */
};

static void add_servers(struct dns_client *client, const struct addrinfo *found)
{
	for (; found != NULL && client->server_count < DNS_CLIENT_SERVERS_MAX;
	     found = found->ai_next) {
		struct dns_server *server = &client->servers[client->server_count];

		if (found->ai_addrlen > sizeof(server->address))
			continue;
		memcpy(&server->address, found->ai_addr, found->ai_addrlen);
		server->address_size = found->ai_addrlen;
		if (getnameinfo(found->ai_addr, found->ai_addrlen, server->name,
				sizeof(server->name), NULL, 0, NI_NUMERICHOST) == 0)
			client->server_count++;
	}
}

static int find_server(struct dns_client *client, const char *host, const char *port, int flags)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = flags};
	struct addrinfo *found;
	int r = getaddrinfo(host, port, &hints, &found);

	if (r != 0)
		return r;
	add_servers(client, found);
	freeaddrinfo(found);
	return 0;
}

/* Cuts [ADDRESS]:PORT, ADDRESS:PORT or ADDRESS; one with several colons is IPv6 alone. */
static int split_server(char *text, const char **host_out, const char **port_out)
{
	char *colon = strchr(text, ':');

	*host_out = text;
	*port_out = PORT;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return DNS_CLIENT_E_SERVER;
		if (end[1] == ':')
			*port_out = end + 2;
		*end = '\0';
		*host_out = text + 1;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*port_out = colon + 1;
	}
	return (*host_out)[0] == '\0' || (*port_out)[0] == '\0' ? DNS_CLIENT_E_SERVER : 0;
}

static bool is_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return ascii_is_digit((uint8_t)text[0]) && *end == '\0' && port > 0 && port <= 65535;
}

static int take_server(struct dns_client *client, const char *server, char *why)
{
	char *text = strdup(server);
	const char *host;
	const char *port;
	int r;

	if (text == NULL)
		return -ENOMEM;
	r = split_server(text, &host, &port);
	if (r != 0 || !is_port(port)) {
		snprintf(why, DNS_CLIENT_WHY_SIZE, "want ADDRESS, ADDRESS:PORT or [IPV6]:PORT");
		r = DNS_CLIENT_E_SERVER;
	} else {
		r = find_server(client, host, port, AI_NUMERICSERV);
		if (r != 0) {
			snprintf(why, DNS_CLIENT_WHY_SIZE, "%s", gai_strerror(r));
			r = DNS_CLIENT_E_SERVER;
		}
	}
	free(text);
	return r;
}

/* resolv.conf(5): without a file, or with none in it, there is one on this machine. */
static int take_resolv_conf(struct dns_client *client)
{
	struct config_lines lines = {0};
	struct config_line line;
	int r = config_lines_read(&lines, RESOLV_CONF, RESOLV_CONF_SIZE_MAX);

	if (r == -ENOMEM)
		return r;
	while (r == 0 && config_lines_next(&lines, &line)) {
		struct bytes text = line.text;
		size_t size = bytes_find_space(text);
		char address[64];

		if (!bytes_equal(bytes_slice(text, 0, size), BYTES_LITERAL("nameserver")))
			continue;
		text = bytes_trim(bytes_skip(text, size));
		text = bytes_slice(text, 0, bytes_find_space(text));
		snprintf(address, sizeof(address), "%.*s", BYTES_PRINTF(text));
		(void)find_server(client, address, PORT, AI_NUMERICHOST | AI_NUMERICSERV);
	}
	config_lines_deinit(&lines);
	if (client->server_count == 0)
		(void)find_server(client, "127.0.0.1", PORT, AI_NUMERICHOST | AI_NUMERICSERV);
	return client->server_count == 0 ? -ENOMEM : 0;
}

int dns_client_init(struct dns_client *client, const char *server, char why[DNS_CLIENT_WHY_SIZE])
{
	*client = (struct dns_client){.timeout_ms = DNS_CLIENT_TIMEOUT_MS};
	why[0] = '\0';
	client->message = malloc(MESSAGE_SIZE_MAX);
	if (client->message == NULL)
		return -ENOMEM;
	return server == NULL ? take_resolv_conf(client) : take_server(client, server, why);
}

void dns_client_deinit(struct dns_client *client)
{
	free(client->message);
	client->message = NULL;
}

/* A question with an unpredictable number. */
static int make_query(struct query *query, const char *name, enum dns_type type)
{
	uint8_t *at = query->bytes + 2;
	int size;

	memset(query, 0, sizeof(*query));
	if (getrandom(at, 2, 0) != 2)
		return -EIO;
	at[2] = 0x01; /* RD: recursion is wanted */
	ns_put16(1, at + 4);
	at += NS_HFIXEDSZ;
	size = dn_comp(name, at, NS_MAXCDNAME, NULL, NULL);
	if (size < 0)
		return -EINVAL;
	at += size;
	ns_put16(type, at);
	ns_put16(ns_c_in, at + 2);
	query->question_size = (size_t)size + NS_QFIXEDSZ;
	query->size = NS_HFIXEDSZ + query->question_size;
	return 0;
}

/* Puts on, or takes off, what says that answers may be of more than 512 bytes. */
static void set_edns(struct query *query, bool has_edns)
{
	uint8_t *header = query->bytes + 2;
	uint8_t *option = header + NS_HFIXEDSZ + query->question_size;

	memset(option, 0, OPT_SIZE);
	ns_put16(ns_t_opt, option + 1); /* behind the name of the root */
	ns_put16(DNS_CLIENT_UDP_SIZE, option + 3);
	ns_put16(has_edns ? 1 : 0, header + 10);
	query->size = NS_HFIXEDSZ + query->question_size + (has_edns ? OPT_SIZE : 0);
}

/* Whether it is the answer to that question, and not what somebody else sent here. */
static bool is_reply(const struct query *query, struct bytes message)
{
	const uint8_t *header = query->bytes + 2;
	struct bytes question = bytes_of(header + NS_HFIXEDSZ, query->question_size);

	if (message.size < NS_HFIXEDSZ || memcmp(message.data, header, 2) != 0 ||
	    (message.data[2] & 0x80) == 0)
		return false;
	/* What could not read the question need not repeat it. */
	if (ns_get16(message.data + 4) == 0)
		return (message.data[3] & 0x0f) == DNS_RCODE_FORMAT;
	return ns_get16(message.data + 4) == 1 &&
	       bytes_start_with_nocase(bytes_skip(message, NS_HFIXEDSZ), question);
}

static int wait_for(int fd, short events, int64_t until_ns)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = events};
		int64_t left_ms = (until_ns - clock_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
		int r = left_ms <= 0 ? 0 : poll(&poll_fd, 1, (int)left_ms);

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int open_socket(const struct dns_server *server, int type, int64_t until_ns, int *fd_out)
{
	int fd = socket(server->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;
	socklen_t error_size = sizeof(error);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&server->address, server->address_size) != 0)
		r = errno == EINPROGRESS ? wait_for(fd, POLLOUT, until_ns) : -errno;
	if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) == 0)
		r = -error;
	if (r != 0) {
		(void)close(fd);
		return r;
	}
	*fd_out = fd;
	return 0;
}

static int receive_datagram(struct dns_client *client, int fd, const struct query *query,
			    int64_t until_ns, size_t *size_out)
{
	for (;;) {
		int r = wait_for(fd, POLLIN, until_ns);
		ssize_t size;

		if (r != 0)
			return r;
		size = recv(fd, client->message, MESSAGE_SIZE_MAX, 0);
		if (size < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (size >= 0 && is_reply(query, bytes_of(client->message, (size_t)size))) {
			*size_out = (size_t)size;
			return 0;
		}
	}
}

static int ask_udp(struct dns_client *client, const struct dns_server *server,
		   const struct query *query, int64_t until_ns, size_t *size_out)
{
	int fd;
	int r = open_socket(server, SOCK_DGRAM, until_ns, &fd);

	if (r != 0)
		return r;
	if (send(fd, query->bytes + 2, query->size, MSG_NOSIGNAL) < 0)
		r = -errno;
	if (r == 0)
		r = receive_datagram(client, fd, query, until_ns, size_out);
	(void)close(fd);
	return r;
}

static int send_all(int fd, struct bytes bytes, int64_t until_ns)
{
	while (bytes.size > 0) {
		int r = wait_for(fd, POLLOUT, until_ns);
		ssize_t size;

		if (r != 0)
			return r;
		size = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
		if (size < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (size > 0)
			bytes = bytes_skip(bytes, (size_t)size);
	}
	return 0;
}

static int receive_all(int fd, uint8_t *data, size_t wanted, int64_t until_ns)
{
	while (wanted > 0) {
		int r = wait_for(fd, POLLIN, until_ns);
		ssize_t size;

		if (r != 0)
			return r;
		size = recv(fd, data, wanted, 0);
		if (size == 0)
			return -ECONNRESET;
		if (size < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (size > 0) {
			data += size;
			wanted -= (size_t)size;
		}
	}
	return 0;
}

/* RFC 1035 4.2.2: the size stands before the message. */
static int ask_tcp(struct dns_client *client, const struct dns_server *server, struct query *query,
		   int64_t until_ns, size_t *size_out)
{
	uint8_t size_bytes[2];
	size_t size = 0;
	int fd;
	int r = open_socket(server, SOCK_STREAM, until_ns, &fd);

	if (r != 0)
		return r;
	ns_put16((unsigned)query->size, query->bytes);
	r = send_all(fd, bytes_of(query->bytes, query->size + 2), until_ns);
	if (r == 0)
		r = receive_all(fd, size_bytes, sizeof(size_bytes), until_ns);
	if (r == 0) {
		size = ns_get16(size_bytes);
		r = receive_all(fd, client->message, size, until_ns);
	}
	(void)close(fd);
	if (r == 0 && !is_reply(query, bytes_of(client->message, size)))
		r = -EPROTO;
	if (r == 0)
		*size_out = size;
	return r;
}

static const char *rcode_text(unsigned rcode)
{
	switch (rcode) {
	case DNS_RCODE_FORMAT: return "it did not understand the question (FORMERR)";
	case DNS_RCODE_SERVER:
		return "it cannot answer (SERVFAIL): the zone or its DNSSEC may be broken";
	case DNS_RCODE_NOT_IMPLEMENTED: return "it cannot do that (NOTIMP)";
	case DNS_RCODE_REFUSED: return "it does not answer that to us (REFUSED)";
	default: return "it answered with an error";
	}
}

static const char *error_text(int r)
{
	return r == -ETIMEDOUT ? "no answer in time" : strerror(-r);
}

/* What a server sent last, by UDP or TCP. */
struct exchange {
	struct dns_client *client;
	const struct dns_server *server;
	struct query *query;
	const char *name;
	enum dns_type type;
	int64_t until_ns; /* of this try */
	int64_t end_ns;	  /* of the question */
	struct dns_answer *answer;
	char *why;
};

static int no_answer(const struct exchange *exchange, const char *what, const char *why)
{
	snprintf(exchange->why, DNS_CLIENT_WHY_SIZE, "%s: %s%s", exchange->server->name, what, why);
	return DNS_CLIENT_E_NO_ANSWER;
}

static int parse(const struct exchange *exchange, size_t size)
{
	int r = dns_answer_parse(exchange->answer, exchange->name, exchange->type,
				 bytes_of(exchange->client->message, size));

	return r > 0 ? no_answer(exchange, "", "its answer is malformed") : r;
}

static int try_udp(struct exchange *exchange, bool has_edns)
{
	size_t size = 0;
	int r;

	set_edns(exchange->query, has_edns);
	r = ask_udp(exchange->client, exchange->server, exchange->query, exchange->until_ns, &size);
	if (r == -ETIMEDOUT)
		(void)no_answer(exchange, "", error_text(r));
	if (r != 0)
		return r == -ETIMEDOUT ? r : no_answer(exchange, "", error_text(r));
	/* What was cut off need not be well formed. */
	if (size > 2 && (exchange->client->message[2] & 0x02) != 0) {
		exchange->answer->is_truncated = true;
		exchange->answer->rcode = DNS_RCODE_OK;
		return 0;
	}
	return parse(exchange, size);
}

static int try_tcp(struct exchange *exchange)
{
	size_t size = 0;
	int r = ask_tcp(exchange->client, exchange->server, exchange->query, exchange->end_ns,
			&size);

	if (r != 0)
		return no_answer(exchange,
				 "the answer is too large for UDP, and by TCP: ", error_text(r));
	return parse(exchange, size);
}

/* -ETIMEDOUT: silence, which may be another server's luck, or that of another try. */
static int try_server(struct exchange *exchange)
{
	int r = try_udp(exchange, true);

	if (r == 0 && (exchange->answer->rcode == DNS_RCODE_FORMAT ||
		       exchange->answer->rcode == DNS_RCODE_NOT_IMPLEMENTED))
		r = try_udp(exchange, false); /* a server of before 1999 */
	if (r == 0 && exchange->answer->is_truncated)
		r = try_tcp(exchange);
	if (r == 0 && exchange->answer->rcode != DNS_RCODE_OK &&
	    exchange->answer->rcode != DNS_RCODE_NO_NAME)
		r = no_answer(exchange, "", rcode_text(exchange->answer->rcode));
	return r;
}

static int ask_all(struct exchange *exchange)
{
	struct dns_client *client = exchange->client;
	int64_t start_ns = clock_monotonic_ns();
	int64_t whole_ns = client->timeout_ms * NS_PER_MS;
	int r = -ETIMEDOUT;

	exchange->end_ns = start_ns + whole_ns;
	for (int round = 0; round < ROUNDS && r == -ETIMEDOUT; round++) {
		/* A fifth of the time for the first round: most of the time a lost packet is just lost. */
		int64_t share_ns = (round == 0 ? whole_ns / 5 : whole_ns / 5 * 4) /
				   (int64_t)client->server_count;
		bool is_silent = false;

		for (size_t i = 0; i < client->server_count && r != 0; i++) {
			exchange->server = &client->servers[i];
			exchange->until_ns = clock_monotonic_ns() + share_ns;
			if (exchange->until_ns > exchange->end_ns)
				exchange->until_ns = exchange->end_ns;
			r = try_server(exchange);
			if (r < 0 && r != -ETIMEDOUT)
				return r;
			is_silent |= r == -ETIMEDOUT;
		}
		if (r != 0 && is_silent)
			r = -ETIMEDOUT;
	}
	return r == -ETIMEDOUT ? DNS_CLIENT_E_SILENCE : r;
}

static int ask_once(struct dns_client *client, const char *name, enum dns_type type,
		    struct dns_answer *answer, char why[DNS_CLIENT_WHY_SIZE])
{
	struct query query;
	struct exchange exchange = {
		.client = client,
		.query = &query,
		.name = name,
		.type = type,
		.answer = answer,
		.why = why,
	};
	int r = make_query(&query, name, type);

	if (r == -EINVAL) {
		snprintf(why, DNS_CLIENT_WHY_SIZE, "%s: this is no name", name);
		return DNS_CLIENT_E_NO_ANSWER;
	}
	return r == 0 ? ask_all(&exchange) : r;
}

/* A server that has the zone of the name may not know that of its alias. */
static int follow_aliases(struct dns_client *client, enum dns_type type, struct dns_answer *answer,
			  char why[DNS_CLIENT_WHY_SIZE])
{
	char alias[DNS_ANSWER_NAME_SIZE];
	int r = 0;

	for (int i = 0; r == 0 && answer->alias[0] != '\0' && answer->count == 0; i++) {
		if (i == ALIASES_MAX) {
			snprintf(why, DNS_CLIENT_WHY_SIZE,
				 "the aliases (CNAME) never end: the last one was %s",
				 answer->alias);
			return DNS_CLIENT_E_NO_ANSWER;
		}
		memcpy(alias, answer->alias, sizeof(alias));
		r = ask_once(client, alias, type, answer, why);
		if (r == 0 && answer->alias[0] == '\0') {
			memcpy(answer->alias, alias, sizeof(alias));
			return 0;
		}
	}
	return r;
}

int dns_client_ask(struct dns_client *client, const char *name, enum dns_type type,
		   struct dns_answer *answer, char why[DNS_CLIENT_WHY_SIZE])
{
	int r;

	why[0] = '\0';
	r = ask_once(client, name, type, answer, why);
	return r == 0 ? follow_aliases(client, type, answer, why) : r;
}
