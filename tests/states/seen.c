// SPDX-License-Identifier: MPL-2.0
/* A hash table that doubles, over an array. */
#include "tests/states/seen.h"

#define EMPTY       UINT32_MAX
#define SLOTS_LEAST (1u << 12)

static struct seen seen[STATES_MAX];
static uint32_t slots[2 * STATES_MAX];
static uint32_t count, slot_count;

static bool same(const struct state *a, const struct state *b)
{
	for (unsigned i = 0; i < STATE_BYTES; i++)
		if (a->codes[i] != b->codes[i])
			return false;
	return true;
}

/* FNV-1a, mixed once more because only the low bits are used. */
static uint32_t hash(const struct state *state)
{
	uint32_t h = 2166136261u;

	for (unsigned i = 0; i < STATE_BYTES; i++)
		h = (h ^ state->codes[i]) * 16777619u;
	return h ^ h >> 15;
}

/* Where the state is, or belongs. */
static uint32_t *find(const struct state *state)
{
	uint32_t slot = hash(state) & (slot_count - 1);

	while (slots[slot] != EMPTY && !same(&seen[slots[slot]].state, state))
		slot = (slot + 1) & (slot_count - 1);
	return &slots[slot];
}

static void resize(uint32_t to)
{
	slot_count = to;
	for (uint32_t i = 0; i < slot_count; i++)
		slots[i] = EMPTY;
	for (uint32_t i = 0; i < count; i++)
		*find(&seen[i].state) = i;
}

void seen_reset(void)
{
	count = 0;
	resize(SLOTS_LEAST);
}

bool seen_add(const struct state *state, uint32_t parent, uint32_t step)
{
	uint32_t *slot = find(state);

	if (*slot != EMPTY)
		return true;
	if (count == STATES_MAX)
		return false;
	*slot = count;
	seen[count++] = (struct seen) {*state, parent, step};
	if (2 * count > slot_count)
		resize(2 * slot_count);
	return true;
}

uint32_t seen_count(void)
{
	return count;
}

const struct seen *seen_at(uint32_t number)
{
	return &seen[number];
}
