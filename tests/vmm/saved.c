// SPDX-License-Identifier: MPL-2.0
/* What every state must stand. */
#include "tests/vmm/saved.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/must.h"
#include "tests/rng.h"

struct mz_state saved_of(const struct saved_thing *of)
{
	struct mz_failure failure;
	struct mz_state state;

	mz_state_save(&state);
	of->go_over(of->thing, &state);
	must(!mz_state_end(&state, &failure));
	return state;
}

int saved_load(const struct saved_thing *into, const void *bytes, size_t size,
	       struct mz_failure *failure)
{
	struct mz_state state;

	mz_state_load(&state, bytes, size);
	into->go_over(into->thing, &state);
	return mz_state_end(&state, failure);
}

void saved_put_back(const struct saved_thing *into, const struct mz_state *saved)
{
	struct mz_failure failure;
	int result = saved_load(into, saved->bytes, saved->size, &failure);

	must_say(result == 0, "%s", failure.text);
}

/* In memory of just that size, so that reading on is found. */
void saved_cut_anywhere(const struct saved_thing *into, const struct mz_state *saved)
{
	struct mz_failure failure;

	for (size_t size = 0; size < saved->size; size++) {
		unsigned char *bytes = malloc(size + 1);

		must(bytes != NULL);
		memcpy(bytes + 1, saved->bytes, size);
		must_equal(saved_load(into, bytes + 1, size, &failure), -1);
		must_equal(failure.status, MZ_STATUS_BAD_IMAGE);
		free(bytes);
	}
}

void saved_turn_bits(const struct saved_thing *into, const struct mz_state *saved, unsigned rounds,
		     void (*use)(void))
{
	unsigned char *bytes = malloc(saved->size);
	struct rng rng = {.state = rng_seed()};
	struct mz_failure failure;

	printf("# MZ_SEED=%" PRIu64 "\n", rng.state);
	must(bytes != NULL);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned turns = 1 + (unsigned)rng_below(&rng, 4);

		memcpy(bytes, saved->bytes, saved->size);
		while (turns-- > 0)
			bytes[rng_below(&rng, saved->size)] ^=
				(unsigned char)(1u << rng_below(&rng, 8));
		(void)saved_load(into, bytes, saved->size, &failure);
		use();
	}
	free(bytes);
}
