/*
 * milter_session - one connection of an MTA: packets in, answers out.
 *
 * Is:       the conversation: what is negotiated, which message is under way, and what is answered when. It signs with
 *           a message_signer, which it has only while a message is.
 * Is not:   sockets and time (milter_connection.h).
 * Use:      for each packet of the decoder: milter_session_take(). Then what is in `answers` is sent. MILTER_SESSION_WAIT:
 *           no packet may be given until resumed() was called; then there may be answers, too.
 * Answers:  only those that the MTA waits for: what was negotiated away is not sent. A message ends with one write:
 *           its fields, and that it is accepted.
 * Source:   Sendmail's libmilter (engine.c) for the order of the steps, opendkim(8) and opendkim.c for what is answered;
 *           docs/milter.md lists it.
 * Errors:   -ENOMEM and what an MTA should not have said end the connection, with one line in the log.
 * Owns:     its buffers; a reference to the context of the message; the signer while a message is under way.
 * Threads:  that of its milter_setting.
 */
#ifndef SIGNER_MILTER_MILTER_SESSION_H
#define SIGNER_MILTER_MILTER_SESSION_H

#include "signer/message/signer_pool.h"
#include "signer/message/signing_context.h"
#include "signer/milter/milter_answer.h"
#include "signer/milter/milter_macros.h"
#include "signer/milter/milter_packet.h"

/* Of one I/O thread. Sessions take a reference to the context for each message. */
struct milter_setting {
	struct signer_pool *signers;
	struct pattern_matcher *matcher;
	struct signing_context *context; /* in force */
	struct milter_counts *counts;
	const char *host;	 /* this host's name */
	const char *authserv_id; /* AuthservID */
};

enum milter_session_result {
	MILTER_SESSION_MORE,
	MILTER_SESSION_WAIT,
	MILTER_SESSION_CLOSE, /* after the answers are sent */
};

struct milter_session;

/* From sign_client_collect(): the session waits no more, and `result` is what take() would have returned. */
typedef void milter_session_resumed(void *arg, enum milter_session_result result);

MUST_CHECK int milter_session_new(const struct milter_setting *setting,
				  milter_session_resumed *resumed, void *arg,
				  struct milter_session **session_out);

/* Not while it waits. */
void milter_session_free(struct milter_session *session);

enum milter_session_result milter_session_take(struct milter_session *session,
					       const struct milter_packet *packet);

/* The connection is gone: nothing is answered any more. True: it can be freed; false: after resumed(). */
bool milter_session_abandon(struct milter_session *session);

/* Of a message now: more than a greeting is under way. */
bool milter_session_in_message(const struct milter_session *session);

/* What is to be sent; the caller takes it off. */
struct buffer *milter_session_answers(struct milter_session *session);

/* One line about the connection: it is closed, and why. */
void milter_session_log(const struct milter_session *session, const char *why);

/* Gives back memory for answers above that; while nothing is to be answered. */
void milter_session_shrink(struct milter_session *session, size_t size_max);

#endif
