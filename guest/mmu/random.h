/* SPDX-License-Identifier: MPL-2.0 */
/* Random numbers that depend on their seed alone: xorshift64*. */
#ifndef GUEST_MMU_RANDOM_H
#define GUEST_MMU_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* Neighbouring seeds begin far apart, and no state is 0. */
static inline struct random random_from(uint64_t seed)
{
	struct random random = {(seed + 1) * 0x9e3779b97f4a7c15u | 1};

	return random;
}

static inline uint64_t random_next(struct random *random)
{
	uint64_t x = random->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random->state = x;
	return x * 0x2545f4914f6cdd1du;
}

/* A number below `end`, which is not 0. */
static inline uint64_t random_below(struct random *random, uint64_t end)
{
	return (random_next(random) >> 16) % end;
}

static inline bool random_one_in(struct random *random, unsigned n)
{
	return random_below(random, n) == 0;
}

#endif
