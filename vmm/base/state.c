// SPDX-License-Identifier: MPL-2.0
/* The state of a machine as bytes. */
#include "vmm/base/state.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096u

bool mz_state_fail(struct mz_state *state, enum mz_status status, const char *what)
{
	if (!state->failed)
		mz_fail(&state->failure, status, "%s%s%s", state->part, state->part[0] ? ": " : "",
			what);
	state->failed = true;
	return false;
}

void mz_state_save(struct mz_state *state)
{
	*state = (struct mz_state) {.loading = false};
}

void mz_state_load(struct mz_state *state, const void *bytes, size_t size)
{
	*state = (struct mz_state) {.loading = true, .bytes = (void *)bytes, .size = size};
}

int mz_state_end(struct mz_state *state, struct mz_failure *failure)
{
	if (state->loading && state->at != state->size)
		mz_state_fail(state, MZ_STATUS_BAD_IMAGE, "the state goes on behind its last part");
	if (!state->failed)
		return 0;
	*failure = state->failure;
	return -1;
}

void mz_state_free(struct mz_state *state)
{
	if (!state->loading)
		free(state->bytes);
	state->bytes = NULL;
	state->size = state->room = 0;
}

static bool make_room(struct mz_state *state, size_t count)
{
	size_t room = state->room ? state->room : FIRST_ROOM;
	unsigned char *bytes;

	if (count <= state->room - state->size)
		return true;
	while (room - state->size < count)
		room *= 2;
	bytes = realloc(state->bytes, room);
	if (!bytes)
		return mz_state_fail(state, MZ_STATUS_HOST_FAILED,
				     "no memory for the machine's state");
	state->bytes = bytes;
	state->room = room;
	return true;
}

static void append(struct mz_state *state, const void *bytes, size_t count)
{
	if (state->failed || !make_room(state, count))
		return;
	memcpy(state->bytes + state->size, bytes, count);
	state->size += count;
}

static void take(struct mz_state *state, void *bytes, size_t count)
{
	if (!state->failed && count > state->size - state->at)
		mz_state_fail(state, MZ_STATUS_BAD_IMAGE, "the state ends too early");
	if (state->failed) {
		memset(bytes, 0, count);
		return;
	}
	memcpy(bytes, state->bytes + state->at, count);
	state->at += count;
}

void mz_state_bytes(struct mz_state *state, void *bytes, size_t count)
{
	if (state->loading)
		take(state, bytes, count);
	else
		append(state, bytes, count);
}

/* A number of `count` bytes, as it was given, or as it is loaded. */
static uint64_t number(struct mz_state *state, uint64_t value, size_t count)
{
	unsigned char bytes[sizeof(value)];

	for (size_t i = 0; i < count; i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
	mz_state_bytes(state, bytes, count);
	value = 0;
	for (size_t i = count; i-- > 0;)
		value = value << 8 | bytes[i];
	return value;
}

void mz_state_u8(struct mz_state *state, uint8_t *value)
{
	*value = (uint8_t)number(state, *value, 1);
}

void mz_state_u16(struct mz_state *state, uint16_t *value)
{
	*value = (uint16_t)number(state, *value, 2);
}

void mz_state_u32(struct mz_state *state, uint32_t *value)
{
	*value = (uint32_t)number(state, *value, 4);
}

void mz_state_u64(struct mz_state *state, uint64_t *value)
{
	*value = number(state, *value, 8);
}

void mz_state_bool(struct mz_state *state, bool *value)
{
	/* What is going to be loaded may hold anything now. */
	uint8_t byte = !state->loading && *value;

	mz_state_u8(state, &byte);
	mz_state_check(state, byte <= 1, "neither yes nor no");
	*value = byte == 1;
}

void mz_state_part(struct mz_state *state, const char *name, uint32_t version)
{
	char found[MZ_STATE_NAME] = {0};
	uint32_t found_version = version;

	memset(state->part, 0, sizeof(state->part));
	strncpy(state->part, name, MZ_STATE_NAME);
	memcpy(found, state->part, MZ_STATE_NAME);
	mz_state_bytes(state, found, sizeof(found));
	mz_state_u32(state, &found_version);
	mz_state_check(state, memcmp(found, state->part, MZ_STATE_NAME) == 0,
		       "another part is here: the state is of another machine");
	mz_state_check(state, found_version == version, "its state is of another version");
}

bool mz_state_check(struct mz_state *state, bool right, const char *what)
{
	if (state->loading && !right)
		mz_state_fail(state, MZ_STATUS_BAD_IMAGE, what);
	return !state->failed;
}
