#include "signer/milter/milter_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG	     4096 /* the kernel cuts it to net.core.somaxconn */
#define PORT_MAX     65535
#define HOST_MAX     256
#define PORT_DIGITS  6
#define ALLOWED_TEXT "inet:PORT@HOST, inet6:PORT@HOST, or local:PATH"

static int wrong(char why[MILTER_ADDRESS_WHY], struct bytes text, const char *what)
{
	(void)snprintf(why, MILTER_ADDRESS_WHY, "%.*s: %s; allowed is " ALLOWED_TEXT,
		       BYTES_PRINTF(text), what);
	return MILTER_ADDRESS_E_WRONG;
}

static int parse_local(struct bytes text, struct bytes path, struct milter_address *address,
		       char why[MILTER_ADDRESS_WHY])
{
	struct sockaddr_un *local = (struct sockaddr_un *)&address->address;

	if (path.size == 0)
		return wrong(why, text, "it has no path");
	if (path.size >= sizeof(local->sun_path))
		return wrong(why, text, "its path is too long for a socket");
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path.data, path.size);
	address->size = sizeof(*local);
	return 0;
}

static bool parse_port(struct bytes text, unsigned *port_out)
{
	unsigned port = 0;

	if (text.size == 0 || text.size >= PORT_DIGITS)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (!ascii_is_digit(text.data[i]))
			return false;
		port = 10 * port + (text.data[i] - '0');
	}
	*port_out = port;
	return port > 0 && port <= PORT_MAX;
}

static struct bytes without_brackets(struct bytes host)
{
	if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
		return bytes_slice(host, 1, host.size - 1);
	return host;
}

static int look_up(struct bytes text, const char *host, const char *port, int family,
		   struct milter_address *address, char why[MILTER_ADDRESS_WHY])
{
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *found = NULL;
	int r = getaddrinfo(host, port, &hints, &found);

	if (r != 0) {
		(void)snprintf(why, MILTER_ADDRESS_WHY, "%.*s: %s", BYTES_PRINTF(text),
			       r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
		return MILTER_ADDRESS_E_WRONG;
	}
	memcpy(&address->address, found->ai_addr, found->ai_addrlen);
	address->size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int parse_inet(struct bytes text, struct bytes rest, int family,
		      struct milter_address *address, char why[MILTER_ADDRESS_WHY])
{
	size_t at = bytes_find(rest, '@');
	struct bytes host = without_brackets(
		bytes_trim(at == rest.size ? bytes_of(NULL, 0) : bytes_skip(rest, at + 1)));
	char host_text[HOST_MAX];
	char port_text[PORT_DIGITS];
	unsigned port;

	if (!parse_port(bytes_trim(bytes_slice(rest, 0, at)), &port))
		return wrong(why, text, "its port is no number from 1 to 65535");
	if (host.size >= sizeof(host_text))
		return wrong(why, text, "the name of its host is too long");
	(void)snprintf(host_text, sizeof(host_text), "%.*s", BYTES_PRINTF(host));
	(void)snprintf(port_text, sizeof(port_text), "%u", port);
	return look_up(text, host.size == 0 ? NULL : host_text, port_text, family, address, why);
}

static int parse_one(struct bytes text, struct milter_address *address,
		     char why[MILTER_ADDRESS_WHY])
{
	size_t colon = bytes_find(text, ':');
	struct bytes family = bytes_slice(text, 0, colon);
	struct bytes rest = colon == text.size ? text : bytes_skip(text, colon + 1);

	*address = (struct milter_address){0};
	if (text.size >= sizeof(address->text))
		return wrong(why, text, "it is too long");
	(void)snprintf(address->text, sizeof(address->text), "%.*s", BYTES_PRINTF(text));
	if (text.data[0] == '/' || text.data[0] == '.')
		return parse_local(text, text, address, why);
	if (bytes_equal_nocase(family, BYTES_LITERAL("inet")))
		return parse_inet(text, rest, AF_INET, address, why);
	if (bytes_equal_nocase(family, BYTES_LITERAL("inet6")))
		return parse_inet(text, rest, AF_INET6, address, why);
	if (bytes_equal_nocase(family, BYTES_LITERAL("local")) ||
	    bytes_equal_nocase(family, BYTES_LITERAL("unix")))
		return parse_local(text, rest, address, why);
	return wrong(why, text, "it is of no family that there is");
}

int milter_addresses_parse(const char *text, struct milter_addresses *addresses_out,
			   char why[MILTER_ADDRESS_WHY])
{
	struct bytes rest = bytes_of_string(text);
	int r = 0;

	addresses_out->count = 0;
	while (r == 0 && rest.size > 0) {
		size_t comma = bytes_find(rest, ',');
		struct bytes item = bytes_trim(bytes_slice(rest, 0, comma));

		rest = comma == rest.size ? bytes_of(NULL, 0) : bytes_skip(rest, comma + 1);
		if (item.size == 0)
			continue;
		if (addresses_out->count == MILTER_ADDRESSES_MAX)
			return wrong(why, item, "it is one too many");
		r = parse_one(item, &addresses_out->items[addresses_out->count], why);
		if (r == 0)
			addresses_out->count++;
	}
	if (r == 0 && addresses_out->count == 0)
		return wrong(why, bytes_of_string(text), "it names no place");
	return r;
}

static const char *local_path(const struct milter_address *address)
{
	return ((const struct sockaddr_un *)&address->address)->sun_path;
}

static int say(char why[MILTER_ADDRESS_WHY], const struct milter_address *address, int error)
{
	(void)snprintf(why, MILTER_ADDRESS_WHY, "%s: %s", address->text, strerror(error));
	return -error;
}

/* Nobody listens at the socket in that file any more. */
static bool is_stale(const struct milter_address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)&address->address, address->size) != 0 &&
		errno == ECONNREFUSED;
	(void)close(fd);
	return stale;
}

static int bind_local(int fd, const struct milter_address *address, char why[MILTER_ADDRESS_WHY])
{
	const struct sockaddr *name = (const struct sockaddr *)&address->address;
	struct stat status;

	if (bind(fd, name, address->size) == 0)
		return 0;
	if (errno != EADDRINUSE || lstat(local_path(address), &status) != 0)
		return say(why, address, errno);
	if (!S_ISSOCK(status.st_mode)) {
		(void)snprintf(why, MILTER_ADDRESS_WHY, "%s: there is a file that is no socket",
			       address->text);
		return -EADDRINUSE;
	}
	if (!is_stale(address) || unlink(local_path(address)) != 0 ||
	    bind(fd, name, address->size) != 0)
		return say(why, address, EADDRINUSE);
	return 0;
}

static int bind_inet(int fd, const struct milter_address *address, char why[MILTER_ADDRESS_WHY])
{
	const int yes = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(fd, (const struct sockaddr *)&address->address, address->size) != 0)
		return say(why, address, errno);
	return 0;
}

int milter_address_listen(const struct milter_address *address, int *fd_out,
			  char why[MILTER_ADDRESS_WHY])
{
	int fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return say(why, address, errno);
	r = milter_address_is_local(address) ? bind_local(fd, address, why)
					     : bind_inet(fd, address, why);
	if (r == 0 && listen(fd, BACKLOG) != 0)
		r = say(why, address, errno);
	if (r != 0) {
		(void)close(fd);
		return r;
	}
	*fd_out = fd;
	return 0;
}

void milter_address_remove(const struct milter_address *address)
{
	if (milter_address_is_local(address))
		(void)unlink(local_path(address));
}
