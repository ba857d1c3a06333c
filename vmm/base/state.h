/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The state of a machine as bytes. Each part of the machine has one function that goes over what it
 * consists of, in one order; that function both saves and loads, so that the two can't differ:
 *
 *	void mz_rtc_state(struct mz_rtc *rtc, struct mz_state *state)
 *	{
 *		mz_state_part(state, "rtc", 1);
 *		mz_state_u8(state, &rtc->index);
 *	}
 *
 * The first error counts and stays: what is loaded after it is 0. Bytes may come from anywhere, so
 * a function that loads checks each value before it is used (mz_state_check()).
 *
 * A part is its name in 16 bytes, filled up with 0, its version in 4, and what its function says.
 * Numbers are little-endian.
 */
#ifndef MZ_VMM_STATE_H
#define MZ_VMM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_STATE_NAME 16

struct mz_state {
	bool loading;
	unsigned char *bytes;
	size_t size; /* bytes that there are */
	size_t room; /* saving: bytes that there is memory for */
	size_t at;   /* loading: how far it has come */
	char part[MZ_STATE_NAME + 1];
	bool failed;
	struct mz_failure failure;
};

/* Begins an empty state, to be saved into. */
void mz_state_save(struct mz_state *state);

/* Begins to load [bytes, bytes + size), which stay the caller's. */
void mz_state_load(struct mz_state *state, const void *bytes, size_t size);

/*
 * Ends both. 0, or -1: MZ_STATUS_HOST_FAILED: no memory; MZ_STATUS_BAD_IMAGE: the bytes end too
 * early, go on behind the end, or hold what can't be. What was saved is in `bytes`, `size`.
 */
int mz_state_end(struct mz_state *state, struct mz_failure *failure);

/* Frees what was saved. */
void mz_state_free(struct mz_state *state);

/* Begins a part; loading it from another version, or finding another part, is an error. */
void mz_state_part(struct mz_state *state, const char *name, uint32_t version);

void mz_state_bytes(struct mz_state *state, void *bytes, size_t count);
void mz_state_u8(struct mz_state *state, uint8_t *value);
void mz_state_u16(struct mz_state *state, uint16_t *value);
void mz_state_u32(struct mz_state *state, uint32_t *value);
void mz_state_u64(struct mz_state *state, uint64_t *value);
void mz_state_bool(struct mz_state *state, bool *value);

/* An error of the part, in words; answers false. */
bool mz_state_fail(struct mz_state *state, enum mz_status status, const char *what);

/* Loading: it is an error, which `what` names, unless `right`. Answers whether all is well. */
bool mz_state_check(struct mz_state *state, bool right, const char *what);

#ifdef __cplusplus
}
#endif

#endif
