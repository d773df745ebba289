/*
 * signing_context - what a message is signed by: one configuration, made ready.
 *
 * Is:       the tables, the header lists and the key store of one configuration, read-only once
 *           made. A reload makes a new one beside the old; messages under way keep theirs.
 * Threads:  shared by all; the reference count is atomic.
 */
#ifndef MESSAGE_SIGNING_CONTEXT_H
#define MESSAGE_SIGNING_CONTEXT_H

#include "common/compiler.h"

struct signing_context;

struct signing_context *signing_context_ref(struct signing_context *context);
void signing_context_unref(struct signing_context *context);

#endif
