/*
 * How it works: OpenSSL tells, as text, what it sees of the CPU: two numbers, and bits 16 and 21 of the second are
 * those of CPUID leaf 7 in EBX. So one setting hides instructions from OpenSSL and from the lanes.
 */
#include "signer/keys/sign_engine_choice.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_7_AVX512F	  ((uint64_t)1 << 16)
#define LEAF_7_AVX512IFMA ((uint64_t)1 << 21)

/* True also where the text is of another form: the CPU itself is asked, too. */
static bool openssl_has_ifma(void)
{
	const uint64_t wanted = LEAF_7_AVX512F | LEAF_7_AVX512IFMA;
	const char *text = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);
	const char *second;

	text = text == NULL ? NULL : strstr(text, "OPENSSL_ia32cap=");
	second = text == NULL ? NULL : strchr(text, ':');
	return second == NULL || (strtoull(second + 1, NULL, 16) & wanted) == wanted;
}

/* Why lanes are not used; NULL: they are. */
static const char *reason_against(bool may_use_lanes)
{
	if (!may_use_lanes)
		return "SignEngine says so";
	if (EVP_default_properties_is_fips_enabled(NULL) == 1)
		return "OpenSSL is in FIPS mode, and only it may sign";
	if (rsa_lanes_fast() == NULL)
		return "this CPU, or this program, has no AVX-512 IFMA";
	if (!openssl_has_ifma())
		return "OPENSSL_ia32cap hides AVX-512 IFMA";
	return NULL;
}

int sign_engine_choice_init(struct sign_engine_choice *choice, bool may_use_lanes, size_t keys_max)
{
	int r;

	*choice = (struct sign_engine_choice){
		.engine = &sign_engine_openssl,
		.reason = reason_against(may_use_lanes),
	};
	if (choice->reason != NULL)
		return 0;
	r = lanes_engine_new(rsa_lanes_fast(), keys_max, &choice->lanes);
	if (r == 0)
		choice->engine = lanes_engine_as_engine(choice->lanes);
	return r;
}

void sign_engine_choice_deinit(struct sign_engine_choice *choice)
{
	lanes_engine_free(choice->lanes);
	*choice = (struct sign_engine_choice){0};
}
