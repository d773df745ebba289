/*
 * crypto_version - which library signs, for people: "OpenSSL 3.0.17 1 Jul 2025".
 */
#ifndef SIGNER_KEYS_CRYPTO_VERSION_H
#define SIGNER_KEYS_CRYPTO_VERSION_H

const char *crypto_version(void);

#endif
