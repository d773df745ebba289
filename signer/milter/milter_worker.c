/*
 * How it works: the sockets that listen are polled by every worker, and whoever comes first accepts. A turn takes what came
 * on connections, hands out the digests that came up with it, and collects signatures; with nothing else to do, it
 * signs. Connections stand in the order in which they moved last, so that the ones that are late are found at the front.
 *
 * To stop, connections at rest are closed at once. Those with a message are given STOP_NS to end it, and then what is
 * left is closed, too: their MTAs try again later.
 */
#include "signer/milter/milter_worker.h"

#include "common/clock.h"
#include "common/log.h"
#include "signer/message/signing_loop.h"
#include "signer/message/signing_threads.h"
#include "signer/milter/milter_connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_SIZE	 ((size_t)256 * 1024)
#define ACCEPTS_A_TURN	 64
#define RING_WORKERS	 2
#define RING_ENTRIES_MIN 64
#define RING_ENTRIES_MAX 32768
#define OTHER_OPS	 32 /* of a ring besides those of connections */
#define ACCEPT_PAUSE_NS	 (100 * NS_PER_MS)
#define STOP_NS		 (800 * NS_PER_MS)
#define STOP_STEP_NS	 (10 * NS_PER_MS)

/* libmilter's own limit for a connection on which nothing moves. */
#define MOVE_NS	   (7210 * NS_PER_S)
#define MESSAGE_NS (3600 * NS_PER_S)

struct listener {
	struct ring_op poll;
	struct milter_worker *worker;
	int fd;
	bool is_polled;
};

struct milter_worker {
	struct milter_shared *shared;
	struct signing_loop loop;
	struct pattern_matcher *matcher;
	struct signing_context *context;
	unsigned context_number;
	struct milter_setting setting;
	struct milter_room room;
	struct listener listeners[MILTER_ADDRESSES_MAX];
	int64_t accepts_from_ns; /* paused until then */
	int64_t stop_ns;	 /* 0: it does not stop; else when it is to be over */
};

static void incoming(struct ring_op *op, int res);

int milter_worker_new(struct milter_shared *shared, struct milter_worker **worker_out)
{
	struct milter_worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (worker == NULL)
		return -ENOMEM;
	worker->shared = shared;
	r = signing_loop_init(&worker->loop, shared->core->service);
	if (r == 0)
		r = pattern_matcher_new(&worker->matcher);
	if (r == 0) {
		worker->room.input_size = INPUT_SIZE;
		worker->room.input = malloc(INPUT_SIZE);
		r = worker->room.input == NULL ? -ENOMEM : 0;
	}
	if (r != 0) {
		milter_worker_free(worker);
		return r;
	}
	*worker_out = worker;
	return 0;
}

void milter_worker_free(struct milter_worker *worker)
{
	if (worker == NULL)
		return;
	/* First no more callbacks, then what they are for. */
	signing_loop_close(&worker->loop);
	milter_room_clear(&worker->room);
	signing_loop_deinit(&worker->loop);
	pattern_matcher_free(worker->matcher);
	signing_context_unref(worker->context);
	free(worker->room.input);
	free(worker);
}

void milter_worker_wake(struct milter_worker *worker)
{
	signing_loop_wake(&worker->loop);
}

const char *milter_worker_ring_reason(const struct milter_worker *worker)
{
	return ring_engine_reason(worker->loop.ring);
}

/* "HOSTNAME" is OpenDKIM's word for the name of the host. */
static const char *authserv_id(const struct milter_worker *worker)
{
	const char *id = worker->context->config->authserv_id;

	return id == NULL || strcasecmp(id, "HOSTNAME") == 0 ? worker->shared->host : id;
}

/* The context in force, for what begins from now on. */
static void refresh_context(struct milter_worker *worker)
{
	unsigned number = atomic_load(&worker->shared->core->context_number);

	if (worker->context != NULL && worker->context_number == number)
		return;
	signing_context_unref(worker->context);
	worker->context = signing_core_context(worker->shared->core);
	worker->context_number = number;
	worker->setting.context = worker->context;
	worker->setting.authserv_id = authserv_id(worker);
}

/* A poll for each connection is in the kernel at once. */
static unsigned ring_entries(size_t connections)
{
	unsigned entries = RING_ENTRIES_MIN;

	while (entries < connections + OTHER_OPS && entries < RING_ENTRIES_MAX)
		entries *= 2;
	return entries;
}

int milter_worker_open(struct milter_worker *worker)
{
	struct milter_shared *shared = worker->shared;
	struct ring_config config = {
		.entries = ring_entries(shared->connections_max),
		.workers = RING_WORKERS,
		.allowed = RING_BIT(RING_POLL),
	};
	int r;

	refresh_context(worker);
	config.engine = ring_engine_of(worker->context->config);
	r = signing_loop_open(&worker->loop, &config, shared->fault);
	if (r != 0)
		return r;
	worker->setting.signers = worker->loop.signers;
	worker->setting.matcher = worker->matcher;
	worker->setting.counts = &shared->counts;
	worker->setting.host = shared->host;
	worker->room.ring = worker->loop.ring;
	worker->room.setting = &worker->setting;
	for (size_t i = 0; i < shared->addresses.count; i++)
		worker->listeners[i] = (struct listener){
			.worker = worker, .fd = shared->listeners[i], .poll.done = incoming};
	return 0;
}

/* Neither of the two ends of a conversation waits for the other to fill a segment. */
static void set_no_delay(int fd, const struct milter_address *address)
{
	const int yes = 1;

	if (!milter_address_is_local(address))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static bool is_full(const struct milter_worker *worker)
{
	return worker->room.count >= worker->shared->connections_max;
}

static void pause_accepting(struct milter_worker *worker, int error)
{
	log_warning("milter connections have to wait: %s", strerror(error));
	worker->accepts_from_ns = ring_now_ns(worker->loop.ring) + ACCEPT_PAUSE_NS;
}

/* False: there is no more to accept, or nothing to do it with. */
static bool accept_one(struct listener *listener)
{
	struct milter_worker *worker = listener->worker;
	size_t which = (size_t)(listener - worker->listeners);
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_accepting(worker, errno);
		return errno == ECONNABORTED || errno == EINTR;
	}
	set_no_delay(fd, &worker->shared->addresses.items[which]);
	r = milter_connection_new(&worker->room, fd);
	if (r != 0) {
		(void)close(fd);
		pause_accepting(worker, -r);
	}
	return r == 0;
}

static void incoming(struct ring_op *op, int res)
{
	struct listener *listener = CONTAINER_OF(op, struct listener, poll);

	listener->is_polled = false;
	if (res < 0 || listener->worker->stop_ns != 0)
		return;
	for (unsigned i = 0; i < ACCEPTS_A_TURN && !is_full(listener->worker); i++) {
		if (!accept_one(listener))
			return;
	}
}

static bool accepts(const struct milter_worker *worker)
{
	return worker->stop_ns == 0 && !is_full(worker) &&
	       ring_now_ns(worker->loop.ring) >= worker->accepts_from_ns;
}

static void poll_listeners(struct milter_worker *worker)
{
	if (!accepts(worker))
		return;
	for (size_t i = 0; i < worker->shared->addresses.count; i++) {
		struct listener *listener = &worker->listeners[i];

		if (listener->is_polled)
			continue;
		listener->is_polled = true;
		ring_poll(worker->loop.ring, &listener->poll, listener->fd, POLLIN);
	}
}

/* Those that take too long; a message that does is found when its connection comes to the front. */
static void end_late(struct milter_worker *worker)
{
	int64_t now_ns = ring_now_ns(worker->loop.ring);
	struct milter_connection *next;

	for (struct milter_connection *connection = worker->room.oldest; connection != NULL;
	     connection = next) {
		next = milter_connection_next(connection);
		if (!milter_connection_is_late(connection, now_ns - MOVE_NS, now_ns - MESSAGE_NS))
			break;
		milter_connection_close(connection);
	}
}

static void close_connections(struct milter_worker *worker, bool all)
{
	struct milter_connection *next;

	for (struct milter_connection *connection = worker->room.oldest; connection != NULL;
	     connection = next) {
		next = milter_connection_next(connection);
		if (all || !milter_connection_in_message(connection))
			milter_connection_close(connection);
	}
}

/* The first time, and from then on each turn. */
static void stop_step(struct milter_worker *worker)
{
	int64_t now_ns = clock_monotonic_ns();

	if (worker->stop_ns == 0)
		worker->stop_ns = now_ns + STOP_NS;
	close_connections(worker, now_ns >= worker->stop_ns);
}

static bool is_over(const struct milter_worker *worker)
{
	if (worker->stop_ns == 0)
		return false;
	return worker->room.count == 0 || clock_monotonic_ns() >= worker->stop_ns + STOP_STEP_NS;
}

static int64_t wait_limit(const struct milter_worker *worker)
{
	int64_t now_ns = ring_now_ns(worker->loop.ring);
	int64_t limit = RING_WAIT_FOREVER;

	if (!worker->loop.at_rest)
		return 0;
	if (worker->stop_ns != 0)
		return STOP_STEP_NS;
	if (worker->room.oldest != NULL)
		limit = milter_connection_moved_ns(worker->room.oldest) + MOVE_NS - now_ns;
	if (worker->accepts_from_ns > now_ns && worker->accepts_from_ns - now_ns < limit)
		limit = worker->accepts_from_ns - now_ns;
	return limit < 0 ? 0 : limit;
}

int milter_worker_run(struct milter_worker *worker)
{
	int r = 0;

	signing_loop_start(&worker->loop);
	while (r == 0 && !is_over(worker)) {
		refresh_context(worker);
		if (atomic_load(&worker->shared->is_stopping))
			stop_step(worker);
		poll_listeners(worker);
		end_late(worker);
		/* What a key's file says in this turn is true for all that came in it. */
		worker->loop.tools.keys_since_ns = clock_monotonic_ns();
		r = signing_loop_turn(&worker->loop, wait_limit(worker));
	}
	return r;
}
