/*
 * der - the little of ASN.1 DER that keys need.
 *
 * Is:       takes elements off the front of borrowed bytes, and appends elements to a buffer.
 * Is not:   BER: an indefinite length is refused. A length with more bytes than it needs is taken
 *           nevertheless, because there are keys in use that were written so.
 * Source:   ITU-T X.690 8.1, 8.3.
 * Errors:   false: the bytes do not begin with that element; nothing was taken.
 * Owns:     nothing; contents point into the input. It copies nothing, so a secret stays in place.
 * Threads:  any; no state.
 */
#ifndef SIGNER_KEYS_DER_H
#define SIGNER_KEYS_DER_H

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/compiler.h"

#define DER_INTEGER	 0x02
#define DER_BIT_STRING	 0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL	 0x05
#define DER_OID		 0x06
#define DER_SEQUENCE	 0x30
#define DER_CONTEXT_1	 0x81 /* [1] IMPLICIT, primitive */

/* Object identifiers, without tag and length. */
#define DER_OID_RSA_ENCRYPTION                                                                     \
	BYTES_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") /* RFC 8017 A.1 */
#define DER_OID_RSA_PSS	      BYTES_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a") /* RFC 8017 A.2.3 */
#define DER_OID_EC_PUBLIC_KEY BYTES_LITERAL("\x2a\x86\x48\xce\x3d\x02\x01") /* RFC 5480 2.1.1 */
#define DER_OID_ED25519	      BYTES_LITERAL("\x2b\x65\x70")		    /* RFC 8410 3 */

MUST_CHECK bool der_take(struct bytes *input, uint8_t tag, struct bytes *content_out);

/* A non-negative INTEGER, as its bytes without leading zeros; 0 has no bytes. */
MUST_CHECK bool der_take_unsigned(struct bytes *input, struct bytes *magnitude_out);

/* A BIT STRING of whole bytes. */
MUST_CHECK bool der_take_bit_string(struct bytes *input, struct bytes *content_out);

MUST_CHECK int der_append(struct buffer *output, uint8_t tag, struct bytes content);
MUST_CHECK int der_append_unsigned(struct buffer *output, struct bytes magnitude);
MUST_CHECK int der_append_bit_string(struct buffer *output, struct bytes content);

#endif
