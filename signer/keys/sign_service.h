/*
 * sign_service - digests in, signatures out, in any order.
 *
 * Is:       a pool of worker threads, and one client per I/O thread that submits jobs (sign_job.h)
 *           and collects them when they are done.
 * Is not:   the arithmetic (sign_engine.h), or a bound on what waits: callers bound the messages
 *           that they have in flight, and each has few jobs.
 * Source:   DKIM signs the SHA-256 digest of a message (RFC 6376 3.7, RFC 8463 3).
 * Errors:   of making a service or client: -errno. Of a job: in the job.
 * Owns:     its threads; a client its descriptor. Jobs stay the caller's memory.
 * Threads:  a client belongs to one thread, which makes all calls on it; done() runs there, too.
 *           The service is made and stopped by one thread.
 * Order:    free the clients, each after in_flight is 0, then the service.
 *
 *	sign_client_submit(client, &job);      for each digest that is ready
 *	sign_client_flush(client);             once a turn: they start now
 *	if (there is nothing else to do) sign_client_help(client);
 *	...poll sign_client_fd(client) for reading...
 *	sign_client_collect(client);           runs done() of what is finished
 */
#ifndef SIGNER_KEYS_SIGN_SERVICE_H
#define SIGNER_KEYS_SIGN_SERVICE_H

#include "common/compiler.h"
#include "signer/keys/sign_engine.h"
#include "signer/keys/sign_job.h"

struct sign_service;
struct sign_client;

/* `threads`: SignThreads; 0 is one per CPU that we may use. The threads take no signals. */
MUST_CHECK int sign_service_new(unsigned threads, const struct sign_engine *engine,
				struct sign_service **service_out);

/* Waits until the workers have done what was flushed, and ends them. Clients collect that
 * afterwards; what is flushed later comes back with -ECANCELED. */
void sign_service_stop(struct sign_service *service);
void sign_service_free(struct sign_service *service); /* stops it, too */

unsigned sign_service_threads(const struct sign_service *service);

MUST_CHECK int sign_client_new(struct sign_service *service, struct sign_client **client_out);
void sign_client_free(struct sign_client *client);

/* Readable (an eventfd) while finished jobs wait; sign_client_collect() reads it. */
int sign_client_fd(const struct sign_client *client);

/* Jobs that were submitted and not collected yet. */
size_t sign_client_in_flight(const struct sign_client *client);

/* Hands the job over; it starts with the next flush. The job's task, error and outputs need no
 * values before. */
void sign_client_submit(struct sign_client *client, struct sign_job *job);
void sign_client_submit_load(struct sign_client *client, struct key_load_job *job);
void sign_client_flush(struct sign_client *client);

/* Waits for all jobs, and those that done() submits meanwhile. */
void sign_client_drain(struct sign_client *client);

/* Runs done() of the jobs that are finished now, and returns their number. Costs one load from
 * memory when there are none. done() may submit, free its job, and flush. */
size_t sign_client_collect(struct sign_client *client);

/*
 * Signs in the calling thread what waits while all workers are busy, whoever submitted it: until there
 * is something worth collecting, or a few milliseconds are over. Returns how many signatures it
 * made. If that is not 0, the owner collects before it waits: nothing wakes it.
 */
size_t sign_client_help(struct sign_client *client);

#endif
