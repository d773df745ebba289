#include "signer/cmd/version.h"

#include "common/ring.h"
#include "signer/cmd/output.h"
#include "signer/keys/crypto_version.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void print_pcre2(void)
{
	char number[64];
	uint32_t has_jit = 0;

	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof(number))
		(void)pcre2_config(PCRE2_CONFIG_VERSION, number);
	else
		number[0] = '\0';
	(void)pcre2_config(PCRE2_CONFIG_JIT, &has_jit);
	printf("patterns:    PCRE2 %s, JIT %s\n", number, has_jit ? "yes" : "no");
}

static void print_engine(void)
{
	const struct ring_config config = {
		.engine = RING_ENGINE_AUTO,
		.entries = 8,
		.workers = 1,
		.allowed = RING_FILE_OPS,
	};
	struct ring *ring;
	int r = ring_new(&config, &ring);

	if (r != 0) {
		printf("I/O engine:  none: %s\n", strerror(-r));
		return;
	}
	printf("I/O engine:  %s\n", ring_engine_reason(ring));
	ring_free(ring);
}

int version_print(void)
{
	printf("postseal %s\n", POSTSEAL_VERSION);
	printf("signatures:  %s\n", crypto_version());
	puts("algorithms:  rsa-sha256, ed25519-sha256");
	print_engine();
	print_pcre2();
	return output_end(EX_OK);
}
