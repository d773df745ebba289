/*
 * milter_server - takes messages from MTAs, on any number of sockets and connections.
 *
 * Is:       the sockets and the I/O threads, each with a ring of its own.
 * Is not:   signals, or when it ends and what a new configuration is: the owner says so.
 * Use:      new; start; stop, from any thread; free.
 * Errors:   -errno or MILTER_ADDRESS_E_WRONG, with one line for a person.
 * Owns:     its sockets and threads.
 * Threads:  new, start and free are for one; stop and the counts are for any.
 */
#ifndef SIGNER_MILTER_MILTER_SERVER_H
#define SIGNER_MILTER_MILTER_SERVER_H

#include "common/ring.h"
#include "signer/message/signing_core.h"
#include "signer/milter/milter_address.h"
#include "signer/milter/milter_answer.h"

struct milter_server_options {
	struct signing_core *core; /* borrowed */
	const char *sockets;	   /* Socket */
	unsigned io_threads;

	/* A thread cannot go on, and the server ends: why. From that thread. */
	void (*failed)(void *arg, const char *why);
	void *arg;

	/* For tests: what makes operations of the rings fail. NULL: nothing does. */
	const struct ring_fault *fault;
};

struct milter_server;

/* Listens, and takes nothing yet. */
MUST_CHECK int milter_server_new(const struct milter_server_options *options,
				 struct milter_server **server_out, char why[MILTER_ADDRESS_WHY]);
MUST_CHECK int milter_server_start(struct milter_server *server, char why[MILTER_ADDRESS_WHY]);

/* No new connections, and an end to those at rest; messages under way are given a moment. */
void milter_server_stop(struct milter_server *server);

/* Stops, and waits for the end. */
void milter_server_free(struct milter_server *server);

const struct milter_counts *milter_server_counts(const struct milter_server *server);

/* There is a new context. */
void milter_server_wake(struct milter_server *server);

#endif
