// SPDX-License-Identifier: MPL-2.0
/* The virtio devices of a machine. */
#include "vmm/virtio/set.h"

#include <linux/virtio_ids.h>

#include "vmm/virtio/balloon.h"
#include "vmm/virtio/block.h"
#include "vmm/virtio/entropy.h"
#include "vmm/virtio/net.h"
#include "vmm/virtio/terminal.h"
#include "vmm/virtio/vsock.h"

/* The first device of a kind, by its number in section 5; NULL: there is none. */
static struct mz_virtio *find(const struct mz_virtio_set *set, uint32_t id)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->devices[i]->type->id == id)
			return set->devices[i];
	return NULL;
}

static int open_device(const struct mz_virtio_set *set, struct mz_virtio **virtio,
		       const struct mz_virtio_request *request, const struct mz_virtio_place *place,
		       struct mz_console *console, struct mz_failure *failure)
{
	switch (request->kind) {
	case MZ_VIRTIO_DISK:
		return mz_block_open(virtio, &request->disk, place, failure);
	case MZ_VIRTIO_ENTROPY:
		return mz_entropy_open(virtio, place, failure);
	case MZ_VIRTIO_CONSOLE:
		return mz_terminal_open(virtio, console, !find(set, VIRTIO_ID_CONSOLE), place,
					failure);
	case MZ_VIRTIO_BALLOON:
		return mz_balloon_open(virtio, request->balloon_bytes, place, failure);
	case MZ_VIRTIO_NET_USER:
		return mz_net_open_user(virtio, &request->net, set->count, place, failure);
	case MZ_VIRTIO_NET_TAP:
		return mz_net_open_tap(virtio, &request->net, set->count, place, failure);
	case MZ_VIRTIO_VSOCK:
		return mz_vsock_open(virtio, request->guest_cid, place, failure);
	default:
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "no virtio device of kind %d",
			       (int)request->kind);
	}
}

int mz_virtio_set_add(struct mz_virtio_set *set, const struct mz_virtio_request *request,
		      const struct mz_virtio_place *place, struct mz_bus *bus,
		      struct mz_console *console, struct mz_failure *failure)
{
	uint64_t base = MZ_VIRTIO_BASE + (uint64_t)set->count * MZ_VIRTIO_BYTES;
	struct mz_virtio *virtio;

	if (set->count == MZ_VIRTIO_DEVICES)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "more than %d virtio devices",
			       MZ_VIRTIO_DEVICES);
	if (open_device(set, &virtio, request, place, console, failure))
		return -1;
	set->devices[set->count++] = virtio;
	return mz_virtio_attach(virtio, bus, base, failure);
}

int mz_virtio_set_start(struct mz_virtio_set *set, struct mz_failure *failure)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (mz_virtio_start(set->devices[i], failure)) {
			mz_virtio_set_stop(set);
			return -1;
		}
	}
	return 0;
}

void mz_virtio_set_stop(struct mz_virtio_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		mz_virtio_stop(set->devices[i]);
}

int mz_virtio_set_flush(const struct mz_virtio_set *set, struct mz_failure *failure)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct mz_virtio *virtio = set->devices[i];

		if (virtio->type->flush && virtio->type->flush(virtio->context, failure))
			return -1;
	}
	return 0;
}

void mz_virtio_set_moved(struct mz_virtio_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		mz_virtio_moved(set->devices[i]);
}

bool mz_virtio_set_balloon(struct mz_virtio_set *set, uint64_t bytes)
{
	struct mz_virtio *balloon = find(set, VIRTIO_ID_BALLOON);

	if (balloon)
		mz_balloon_set(balloon, bytes);
	return balloon != NULL;
}

bool mz_virtio_set_has_vsock(const struct mz_virtio_set *set)
{
	return find(set, VIRTIO_ID_VSOCK) != NULL;
}

void mz_virtio_set_state(struct mz_virtio_set *set, struct mz_state *state)
{
	uint32_t count = set->count;

	mz_state_part(state, "virtio", 1);
	mz_state_u32(state, &count);
	mz_state_check(state, count == set->count, "another number of devices");
	for (unsigned i = 0; i < set->count; i++)
		mz_virtio_state(set->devices[i], state);
}

void mz_virtio_set_wake(struct mz_virtio_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		mz_virtio_wake(set->devices[i]);
}

void mz_virtio_set_close(struct mz_virtio_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		mz_virtio_close(set->devices[i]);
	set->count = 0;
}
