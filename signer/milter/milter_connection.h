/*
 * milter_connection - a socket with a milter_session behind it.
 *
 * Is:       what reads from the socket when there is something, gives it to the session, and writes its answers. A
 *           connection at rest is a poll in the ring and a few hundred bytes.
 * Is not:   who accepts it, or says that it takes too long (milter_worker.h).
 * Limits:   bytes are taken as they come and not held, but for a packet that is not complete, and for what comes while the
 *           session waits, which is not more than one read.
 * Errors:   end the connection; the MTA then does what it is told to do without a milter.
 * Owns:     the socket, from new on.
 * Threads:  that of its ring.
 */
#ifndef SIGNER_MILTER_MILTER_CONNECTION_H
#define SIGNER_MILTER_MILTER_CONNECTION_H

#include "common/ring.h"
#include "signer/milter/milter_session.h"

struct milter_connection;

/* What the connections of a thread share. */
struct milter_room {
	struct ring *ring;
	const struct milter_setting *setting;
	uint8_t *input; /* what is read, until it is taken */
	size_t input_size;
	size_t count;
	struct milter_connection *oldest; /* by the last thing that moved */
	struct milter_connection *newest;
};

MUST_CHECK int milter_connection_new(struct milter_room *room, int fd);

/* Whether nothing has moved since then, or its message began before the other time. */
bool milter_connection_is_late(const struct milter_connection *connection, int64_t moved_ns,
			       int64_t message_ns);

bool milter_connection_in_message(const struct milter_connection *connection);

/* When something moved last. */
int64_t milter_connection_moved_ns(const struct milter_connection *connection);

struct milter_connection *milter_connection_next(struct milter_connection *connection);

/* Ends it; it may take a turn of the ring, and longer while signatures are made. */
void milter_connection_close(struct milter_connection *connection);

/* Frees all that are left, after their ring. */
void milter_room_clear(struct milter_room *room);

#endif
