/* SPDX-License-Identifier: MPL-2.0 */
/* Random numbers that depend on their seed alone, so that every run can be had again. */
#ifndef MZ_TESTS_RNG_H
#define MZ_TESTS_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A number below `end`, which is not 0. */
static inline uint64_t rng_below(struct rng *rng, uint64_t end)
{
	return rng_next(rng) % end;
}

/* MZ_SEED, or a seed that differs from run to run; printed by whoever uses it. */
uint64_t rng_seed(void);

/* MZ_STEPS, or `steps`: fewer with AddressSanitizer, where each takes several times as long. */
unsigned rng_steps(unsigned steps);

#endif
