#include "signer/cmd/version.h"

#include "common/pattern.h"
#include "common/ring.h"
#include "signer/cmd/output.h"
#include "signer/keys/crypto_version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void print_patterns(void)
{
	char text[96];

	pattern_describe(text, sizeof(text));
	printf("patterns:    %s\n", text);
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
	print_patterns();
	return output_end(EX_OK);
}
