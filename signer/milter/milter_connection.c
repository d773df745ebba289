/*
 * How it works: one poll is armed at a time, for input, or for room where answers did not fit. While the session waits
 * none is. To end a connection whose poll is armed, the socket is shut down, and the poll comes back.
 *
 *   poll --> read --> packets --> session --> answers --> write --> poll
 *                                   |
 *                                   +-- waits: the rest of what was read is kept, and taken when it is resumed
 */
#include "signer/milter/milter_connection.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a connection at rest may keep. */
#define MEMORY_AT_REST_MAX 4096

struct milter_connection {
	struct milter_room *room;
	struct milter_connection *older;
	struct milter_connection *newer;
	int64_t moved_ns;
	int64_t message_ns; /* when the message began; 0: there is none */
	int fd;
	struct ring_op poll;
	bool is_polled;
	bool waits;   /* the session does */
	bool is_over; /* nothing is read any more; what is to be written still is */
	bool is_lost; /* nothing is written any more either */
	struct milter_session *session;
	struct milter_decoder decoder;
	struct buffer held; /* input that came before the session waited */
};

static void proceed(struct milter_connection *connection);
static void read_some(struct milter_connection *connection);

static void leave_list(struct milter_connection *connection)
{
	struct milter_room *room = connection->room;

	if (connection->older != NULL)
		connection->older->newer = connection->newer;
	else
		room->oldest = connection->newer;
	if (connection->newer != NULL)
		connection->newer->older = connection->older;
	else
		room->newest = connection->older;
}

static void join_list(struct milter_connection *connection)
{
	struct milter_room *room = connection->room;

	connection->moved_ns = ring_now_ns(room->ring);
	connection->newer = NULL;
	connection->older = room->newest;
	if (room->newest != NULL)
		room->newest->newer = connection;
	else
		room->oldest = connection;
	room->newest = connection;
}

static void has_moved(struct milter_connection *connection)
{
	leave_list(connection);
	join_list(connection);
}

static void connection_free(struct milter_connection *connection)
{
	assert(!connection->is_polled && !connection->waits);
	leave_list(connection);
	connection->room->count--;
	milter_session_free(connection->session);
	milter_decoder_deinit(&connection->decoder);
	buffer_deinit(&connection->held);
	(void)close(connection->fd);
	free(connection);
}

/* Nobody is there any more. */
static void lose(struct milter_connection *connection)
{
	connection->is_over = true;
	connection->is_lost = true;
}

static void polled(struct ring_op *op, int res)
{
	struct milter_connection *connection = CONTAINER_OF(op, struct milter_connection, poll);

	connection->is_polled = false;
	if (res < 0)
		lose(connection);
	else if (!connection->is_over && milter_session_answers(connection->session)->size == 0)
		read_some(connection);
	proceed(connection);
}

static void arm_poll(struct milter_connection *connection, unsigned events)
{
	assert(!connection->is_polled);
	connection->is_polled = true;
	ring_poll(connection->room->ring, &connection->poll, connection->fd, events);
}

static void note_message(struct milter_connection *connection)
{
	if (!milter_session_in_message(connection->session))
		connection->message_ns = 0;
	else if (connection->message_ns == 0)
		connection->message_ns = ring_now_ns(connection->room->ring);
}

static void take_result(struct milter_connection *connection, enum milter_session_result result)
{
	connection->waits = result == MILTER_SESSION_WAIT;
	connection->is_over |= result == MILTER_SESSION_CLOSE;
}

/* Gives packets to the session until it waits, it is over, or there are no more. */
static void take_input(struct milter_connection *connection, struct bytes *input)
{
	struct milter_packet packet;
	bool has_packet = true;

	while (!connection->waits && !connection->is_over && has_packet) {
		int r = milter_decoder_next(&connection->decoder, input, &packet, &has_packet);

		if (r != 0) {
			milter_session_log(connection->session, milter_packet_reason(r));
			connection->is_over = true;
		} else if (has_packet) {
			take_result(connection, milter_session_take(connection->session, &packet));
		}
	}
	note_message(connection);
}

/* What was not taken, because the session waits. */
static void hold(struct milter_connection *connection, struct bytes input)
{
	if (input.size > 0 && !connection->is_over && buffer_append(&connection->held, input) != 0)
		lose(connection);
}

static void read_some(struct milter_connection *connection)
{
	struct milter_room *room = connection->room;
	ssize_t size = recv(connection->fd, room->input, room->input_size, 0);
	struct bytes input;

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		lose(connection);
		return;
	}
	has_moved(connection);
	input = bytes_of(room->input, (size_t)size);
	take_input(connection, &input);
	hold(connection, input);
}

/* What came before the session waited. */
static void take_held(struct milter_connection *connection)
{
	struct buffer held = connection->held;
	struct bytes input = buffer_bytes(&held);

	if (held.size == 0)
		return;
	connection->held = (struct buffer){0};
	take_input(connection, &input);
	hold(connection, input);
	buffer_deinit(&held);
}

/* False: not all of it went. */
static bool write_answers(struct milter_connection *connection)
{
	struct buffer *answers = milter_session_answers(connection->session);
	ssize_t size;

	if (answers->size == 0 || connection->is_lost)
		return true;
	size = send(connection->fd, answers->data, answers->size, MSG_NOSIGNAL);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (size < 0) {
		lose(connection);
		return true;
	}
	has_moved(connection);
	buffer_drop_front(answers, (size_t)size);
	return answers->size == 0;
}

static void shrink(struct milter_connection *connection)
{
	if (connection->held.capacity > 0 && connection->held.size == 0)
		buffer_deinit(&connection->held);
	if (milter_decoder_held(&connection->decoder) == 0 &&
	    milter_decoder_memory(&connection->decoder) > MEMORY_AT_REST_MAX)
		milter_decoder_deinit(&connection->decoder);
	milter_session_shrink(connection->session, MEMORY_AT_REST_MAX);
}

/* All that can be done now: the order is that of the drawing above. */
static void proceed(struct milter_connection *connection)
{
	if (!connection->waits && !connection->is_over)
		take_held(connection);
	if (!write_answers(connection)) {
		if (!connection->is_polled)
			arm_poll(connection, POLLOUT);
		return;
	}
	if (connection->is_over) {
		milter_connection_close(connection);
		return;
	}
	if (connection->waits || connection->is_polled)
		return;
	if (!milter_session_in_message(connection->session))
		shrink(connection);
	arm_poll(connection, POLLIN);
}

static void resumed(void *arg, enum milter_session_result result)
{
	struct milter_connection *connection = arg;

	connection->waits = false;
	take_result(connection, result);
	note_message(connection);
	proceed(connection);
}

int milter_connection_new(struct milter_room *room, int fd)
{
	struct milter_connection *connection = calloc(1, sizeof(*connection));
	int r;

	if (connection == NULL)
		return -ENOMEM;
	r = milter_session_new(room->setting, resumed, connection, &connection->session);
	if (r != 0) {
		free(connection);
		return r;
	}
	connection->room = room;
	connection->fd = fd;
	connection->poll.done = polled;
	join_list(connection);
	room->count++;
	arm_poll(connection, POLLIN);
	return 0;
}

bool milter_connection_is_late(const struct milter_connection *connection, int64_t moved_ns,
			       int64_t message_ns)
{
	return connection->moved_ns < moved_ns ||
	       (connection->message_ns != 0 && connection->message_ns < message_ns);
}

bool milter_connection_in_message(const struct milter_connection *connection)
{
	return connection->message_ns != 0;
}

int64_t milter_connection_moved_ns(const struct milter_connection *connection)
{
	return connection->moved_ns;
}

struct milter_connection *milter_connection_next(struct milter_connection *connection)
{
	return connection->newer;
}

void milter_connection_close(struct milter_connection *connection)
{
	lose(connection);
	if (connection->is_polled) {
		(void)shutdown(connection->fd, SHUT_RDWR);
		return;
	}
	if (!milter_session_abandon(connection->session))
		return; /* it is resumed, and comes back here */
	connection->waits = false;
	connection_free(connection);
}

void milter_room_clear(struct milter_room *room)
{
	while (room->oldest != NULL) {
		room->oldest->is_polled = false;
		connection_free(room->oldest);
	}
}
