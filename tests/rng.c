/* SPDX-License-Identifier: MPL-2.0 */
/* Where seeds come from. */
#include "tests/rng.h"

#include <stdlib.h>
#include <time.h>

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

	return text ? (unsigned)strtoul(text, NULL, 0) : steps;
}
