/*
 * openssl_error - what a failure of OpenSSL means to us.
 *
 * Is:       for the files of this folder that include OpenSSL. OpenSSL keeps a queue of errors per
 *           thread; a failure that we have understood is taken off it.
 */
#ifndef SIGNER_KEYS_OPENSSL_ERROR_H
#define SIGNER_KEYS_OPENSSL_ERROR_H

#include <errno.h>
#include <openssl/err.h>

/* -ENOMEM if that was among the reasons, else `otherwise`. Empties the queue. */
static inline int openssl_error(int otherwise)
{
	unsigned long error;
	int r = otherwise;

	while ((error = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
			r = -ENOMEM;
	}
	return r;
}

#endif
