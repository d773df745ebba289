#include "signer/milter/milter_server.h"

#include "common/descriptor.h"
#include "common/log.h"
#include "signer/message/signing_threads.h"
#include "signer/milter/milter_worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors that are for other things than connections. */
#define DESCRIPTORS_RESERVED 64
#define DESCRIPTORS_A_THREAD 16
#define CONNECTIONS_MIN	     16
#define CONNECTIONS_MAX	     32000 /* of one thread: what its ring can hold */

struct milter_server {
	struct milter_shared shared;
	struct milter_server_options options;
	struct milter_worker *workers[SIGNING_IO_THREADS_MAX];
	pthread_t threads[SIGNING_IO_THREADS_MAX];
	unsigned worker_count;
	unsigned thread_count;
	_Atomic unsigned next_thread;
};

static size_t connections_max(unsigned threads)
{
	unsigned count = descriptor_room(DESCRIPTORS_RESERVED + DESCRIPTORS_A_THREAD * threads,
					 threads, CONNECTIONS_MIN);

	return count < CONNECTIONS_MAX ? count : CONNECTIONS_MAX;
}

static int listen_all(struct milter_shared *shared, const char *text, char why[MILTER_ADDRESS_WHY])
{
	struct milter_addresses wanted;
	int r = milter_addresses_parse(text, &wanted, why);

	for (size_t i = 0; r == 0 && i < wanted.count; i++) {
		r = milter_address_listen(&wanted.items[i], &shared->listeners[i], why);
		if (r == 0)
			shared->addresses.items[shared->addresses.count++] = wanted.items[i];
	}
	return r;
}

static int cannot(char why[MILTER_ADDRESS_WHY], const char *what, int error)
{
	(void)snprintf(why, MILTER_ADDRESS_WHY, "%s: %s", what, strerror(-error));
	return error;
}

static int make_workers(struct milter_server *server, char why[MILTER_ADDRESS_WHY])
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < server->options.io_threads; i++) {
		r = milter_worker_new(&server->shared, &server->workers[i]);
		if (r == 0)
			server->worker_count++;
	}
	return r == 0 ? 0 : cannot(why, "cannot start", r);
}

int milter_server_new(const struct milter_server_options *options,
		      struct milter_server **server_out, char why[MILTER_ADDRESS_WHY])
{
	struct milter_server *server = calloc(1, sizeof(*server));
	int r;

	if (server == NULL)
		return cannot(why, "cannot start", -ENOMEM);
	server->options = *options;
	server->shared.core = options->core;
	server->shared.fault = options->fault;
	server->shared.connections_max = connections_max(options->io_threads);
	if (gethostname(server->shared.host, sizeof(server->shared.host) - 1) != 0)
		(void)snprintf(server->shared.host, sizeof(server->shared.host), "localhost");
	r = listen_all(&server->shared, options->sockets, why);
	if (r == 0)
		r = make_workers(server, why);
	if (r != 0) {
		milter_server_free(server);
		return r;
	}
	*server_out = server;
	return 0;
}

/* A thread whose ring is broken ends the server: what it cannot do, the others would do no better. */
static void *thread_run(void *arg)
{
	struct milter_server *server = arg;
	unsigned which = atomic_fetch_add(&server->next_thread, 1);
	struct milter_worker *worker = server->workers[which];
	int r = milter_worker_open(worker);

	if (r == 0) {
		if (which == 0)
			log_notice("milter on %s: I/O engine %s, %u I/O threads",
				   server->options.sockets, milter_worker_ring_reason(worker),
				   server->worker_count);
		r = milter_worker_run(worker);
	}
	if (r != 0)
		server->options.failed(server->options.arg, strerror(-r));
	return NULL;
}

int milter_server_start(struct milter_server *server, char why[MILTER_ADDRESS_WHY])
{
	for (unsigned i = 0; i < server->worker_count; i++) {
		int r = pthread_create(&server->threads[i], NULL, thread_run, server);

		if (r != 0)
			return cannot(why, "cannot start a thread", -r);
		server->thread_count++;
	}
	return 0;
}

void milter_server_wake(struct milter_server *server)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		milter_worker_wake(server->workers[i]);
}

void milter_server_stop(struct milter_server *server)
{
	atomic_store(&server->shared.is_stopping, true);
	milter_server_wake(server);
}

void milter_server_free(struct milter_server *server)
{
	if (server == NULL)
		return;
	milter_server_stop(server);
	for (unsigned i = 0; i < server->thread_count; i++)
		(void)pthread_join(server->threads[i], NULL);
	for (unsigned i = 0; i < server->worker_count; i++)
		milter_worker_free(server->workers[i]);
	for (size_t i = 0; i < server->shared.addresses.count; i++) {
		(void)close(server->shared.listeners[i]);
		milter_address_remove(&server->shared.addresses.items[i]);
	}
	free(server);
}

const struct milter_counts *milter_server_counts(const struct milter_server *server)
{
	return &server->shared.counts;
}
