// SPDX-License-Identifier: MPL-2.0
/* An entropy device. */
#include "vmm/virtio/entropy.h"

#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/random.h>

#include "vmm/virtio/parts.h"

#define BYTES_MAX 4096u /* for a chain, however long it is: the rest stays as it was */

struct mz_entropy {
	struct mz_virtio virtio;
	struct mz_chain chain;
};

/* 5.4.6: at least a byte is written, and what can be read is wrong. */
static uint32_t fill(void *context, struct mz_chain *chain)
{
	struct mz_entropy *entropy = context;
	unsigned char bytes[BYTES_MAX];
	ssize_t got;

	if (chain->in_bytes == 0 || chain->out_bytes > 0) {
		mz_virtio_break(&entropy->virtio, "a chain for entropy can't be written");
		return 0;
	}
	got = getrandom(bytes, chain->in_bytes < BYTES_MAX ? chain->in_bytes : BYTES_MAX, 0);
	return got < 0 ? 0 : (uint32_t)mz_chain_copy_in(chain, 0, bytes, (size_t)got);
}

static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_entropy *entropy = context;

	(void)watch;
	mz_virtio_drain(&entropy->virtio, 0, &entropy->chain, fill);
}

static const struct mz_virtio_type entropy_type = {
	.name = "virtio-entropy",
	.id = VIRTIO_ID_RNG,
	.queue_count = 1,
	.serve = serve,
	.close = free,
};

int mz_entropy_open(struct mz_virtio **virtio, const struct mz_virtio_place *place,
		    struct mz_failure *failure)
{
	struct mz_entropy *entropy = calloc(1, sizeof(*entropy));
	const struct mz_virtio_setup setup = {
		.type = &entropy_type, .context = entropy, .place = place};

	*virtio = NULL;
	if (!entropy)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for an entropy device");
	return mz_virtio_open(virtio, &entropy->virtio, &setup, failure);
}
