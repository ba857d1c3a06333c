/* SPDX-License-Identifier: MPL-2.0 */
/* Where seeds come from. */
#include "tests/rng.h"

#include <stdlib.h>
#include <time.h>

/* gcc defines the one, clang has the other. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define STEPS_DIVISOR 3
#else
#define STEPS_DIVISOR 1
#endif

uint64_t rng_seed(void)
{
	const char *text = getenv("MZ_SEED");
	struct rng rng;

	if (text)
		return strtoull(text, NULL, 0);
	rng.state = (uint64_t)time(NULL);
	return rng_next(&rng) & 0xffffffff;
}

unsigned rng_steps(unsigned steps)
{
	const char *text = getenv("MZ_STEPS");

	return text ? (unsigned)strtoul(text, NULL, 0) : steps / STEPS_DIVISOR;
}
