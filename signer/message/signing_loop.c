#include "signer/message/signing_loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void client_ready(struct ring_op *op, int res)
{
	struct signing_loop *loop = CONTAINER_OF(op, struct signing_loop, client_poll);

	(void)res; /* the turn collects in any case */
	ring_poll(loop->ring, op, sign_client_fd(loop->client), POLLIN);
}

static void woken(struct ring_op *op, int res)
{
	struct signing_loop *loop = CONTAINER_OF(op, struct signing_loop, wake_poll);
	uint64_t count;

	(void)res;
	(void)!read(loop->wake_fd, &count, sizeof(count));
	ring_poll(loop->ring, op, loop->wake_fd, POLLIN);
}

int signing_loop_init(struct signing_loop *loop, struct sign_service *service)
{
	int r;

	*loop = (struct signing_loop){
		.client_poll.done = client_ready,
		.wake_poll.done = woken,
		.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	r = loop->wake_fd < 0 ? -errno : 0;
	if (r == 0)
		r = sign_client_new(service, &loop->client);
	if (r == 0)
		r = message_tools_init(&loop->tools, loop->client);
	if (r == 0)
		r = signer_pool_new(&loop->tools, &loop->signers);
	if (r != 0)
		signing_loop_deinit(loop);
	return r;
}

int signing_loop_open(struct signing_loop *loop, const struct ring_config *config,
		      const struct ring_fault *fault)
{
	int r = ring_new(config, &loop->ring);

	if (r == 0 && fault != NULL)
		ring_set_fault(loop->ring, fault);
	return r;
}

void signing_loop_start(struct signing_loop *loop)
{
	ring_poll(loop->ring, &loop->client_poll, sign_client_fd(loop->client), POLLIN);
	ring_poll(loop->ring, &loop->wake_poll, loop->wake_fd, POLLIN);
}

int signing_loop_turn(struct signing_loop *loop, int64_t wait_ns)
{
	bool moves;
	int r;

	sign_client_flush(loop->client);
	r = ring_turn(loop->ring, wait_ns);
	moves = sign_client_collect(loop->client) > 0 || !ring_is_idle(loop->ring);
	if (!moves && sign_client_help(loop->client) > 0) {
		(void)sign_client_collect(loop->client);
		moves = true;
	}
	loop->at_rest = !moves;
	return r;
}

void signing_loop_wake(const struct signing_loop *loop)
{
	const uint64_t one = 1;

	(void)!write(loop->wake_fd, &one, sizeof(one));
}

void signing_loop_close(struct signing_loop *loop)
{
	if (loop->client != NULL)
		sign_client_drain(loop->client);
	ring_free(loop->ring);
	loop->ring = NULL;
}

void signing_loop_deinit(struct signing_loop *loop)
{
	signer_pool_free(loop->signers);
	message_tools_deinit(&loop->tools);
	sign_client_free(loop->client);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	*loop = (struct signing_loop){.wake_fd = -1};
}
