/*
 * signing_loop - what an I/O thread turns in: its ring, and its side of the signature service.
 *
 * Is:       the ring, the client, message tools and free signers of one thread; the turn that hands digests out, runs what
 *           the ring has ready, collects signatures, and signs where there is nothing else to do; and a way for other
 *           threads to wake it.
 * Is not:   what is read and written (signer/spool, signer/milter).
 * Use:      init; in the thread itself open, start, and turn until the end. To end: close, then the owner frees what its
 *           operations and messages are in, then deinit.
 * Errors:   -errno.
 * Owns:     all of it.
 * Threads:  one, but for wake.
 */
#ifndef SIGNER_MESSAGE_SIGNING_LOOP_H
#define SIGNER_MESSAGE_SIGNING_LOOP_H

#include "common/ring.h"
#include "signer/keys/sign_service.h"
#include "signer/message/message_tools.h"
#include "signer/message/signer_pool.h"

struct signing_loop {
	/* For the owner. */
	struct ring *ring; /* NULL until open */
	struct message_tools tools;
	struct signer_pool *signers;
	bool at_rest; /* after a turn: nothing moves, and there is nothing to help with */

	/* Private. */
	struct sign_client *client;
	int wake_fd;
	struct ring_op client_poll;
	struct ring_op wake_poll;
};

/* On error there is nothing to deinit. */
MUST_CHECK int signing_loop_init(struct signing_loop *loop, struct sign_service *service);

/* `fault` may be NULL. */
MUST_CHECK int signing_loop_open(struct signing_loop *loop, const struct ring_config *config,
				 const struct ring_fault *fault);
void signing_loop_start(struct signing_loop *loop);

/* Waits up to `wait_ns`; an error is that of the ring. */
MUST_CHECK int signing_loop_turn(struct signing_loop *loop, int64_t wait_ns);

/* There may be something to do. Any thread may call it. */
void signing_loop_wake(const struct signing_loop *loop);

/* No more callbacks: first those of signatures that are under way, then none at all. */
void signing_loop_close(struct signing_loop *loop);
void signing_loop_deinit(struct signing_loop *loop);

#endif
