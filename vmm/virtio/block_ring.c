// SPDX-License-Identifier: MPL-2.0
/* Transfers of a disk's file by io_uring. */
#include "vmm/virtio/block_ring.h"

#include <stddef.h>

#ifdef MZ_HAVE_URING

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often, and how long after, a kernel that is short of something is asked again. */
#define TRIES   100u
#define WAIT_NS 1000000

struct mz_block_ring {
	struct io_uring uring;
	void *noted[MZ_BLOCK_DEPTH]; /* tags of what the kernel has not taken yet, in order */
	unsigned noted_count;
};

struct mz_block_ring *mz_block_ring_open(void)
{
	struct mz_block_ring *ring = calloc(1, sizeof(*ring));

	if (ring && io_uring_queue_init(MZ_BLOCK_DEPTH, &ring->uring, 0)) {
		free(ring);
		ring = NULL;
	}
	return ring;
}

void mz_block_ring_close(struct mz_block_ring *ring)
{
	if (ring)
		io_uring_queue_exit(&ring->uring);
	free(ring);
}

int mz_block_ring_fd(const struct mz_block_ring *ring)
{
	return ring->uring.ring_fd;
}

/* There is an entry for each transfer that may be under way, so one is always free. */
void mz_block_ring_add(struct mz_block_ring *ring, const struct mz_block_file *file,
		       enum mz_block_transfer kind, uint64_t offset, const struct iovec *parts,
		       unsigned count, bool durable, void *tag)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);

	switch (kind) {
	case MZ_BLOCK_READ:
		io_uring_prep_readv(entry, file->fd, parts, count, offset);
		break;
	case MZ_BLOCK_WRITE:
		io_uring_prep_writev2(entry, file->fd, parts, count, offset,
				      durable ? RWF_DSYNC : 0);
		break;
	default:
		io_uring_prep_fsync(entry, file->fd, IORING_FSYNC_DATASYNC);
	}
	io_uring_sqe_set_data(entry, tag);
	ring->noted[ring->noted_count++] = tag;
}

static void forget_taken(struct mz_block_ring *ring, unsigned count)
{
	ring->noted_count -= count;
	memmove(ring->noted, ring->noted + count, ring->noted_count * sizeof(ring->noted[0]));
}

bool mz_block_ring_submit(struct mz_block_ring *ring)
{
	const struct timespec wait = {.tv_nsec = WAIT_NS};
	unsigned tries = 0;

	while (ring->noted_count > 0) {
		int taken = io_uring_submit(&ring->uring);

		if (taken > 0) {
			forget_taken(ring, (unsigned)taken);
			continue;
		}
		if ((taken != 0 && taken != -EINTR && taken != -EAGAIN && taken != -EBUSY) ||
		    ++tries == TRIES)
			return false;
		nanosleep(&wait, NULL);
	}
	return true;
}

void *mz_block_ring_take_back(struct mz_block_ring *ring)
{
	return ring->noted_count > 0 ? ring->noted[--ring->noted_count] : NULL;
}

void *mz_block_ring_next(struct mz_block_ring *ring, bool wait, int *result)
{
	struct io_uring_cqe *entry = NULL;
	void *tag;
	int error;

	do
		error = wait ? io_uring_wait_cqe(&ring->uring, &entry)
			     : io_uring_peek_cqe(&ring->uring, &entry);
	while (error == -EINTR);
	if (error || !entry)
		return NULL;
	tag = io_uring_cqe_get_data(entry);
	*result = entry->res;
	io_uring_cqe_seen(&ring->uring, entry);
	return tag;
}

#else

struct mz_block_ring *mz_block_ring_open(void)
{
	return NULL;
}

void mz_block_ring_close(struct mz_block_ring *ring)
{
	(void)ring;
}

int mz_block_ring_fd(const struct mz_block_ring *ring)
{
	(void)ring;
	return -1;
}

void mz_block_ring_add(struct mz_block_ring *ring, const struct mz_block_file *file,
		       enum mz_block_transfer kind, uint64_t offset, const struct iovec *parts,
		       unsigned count, bool durable, void *tag)
{
	(void)ring;
	(void)file;
	(void)kind;
	(void)offset;
	(void)parts;
	(void)count;
	(void)durable;
	(void)tag;
}

bool mz_block_ring_submit(struct mz_block_ring *ring)
{
	(void)ring;
	return false;
}

void *mz_block_ring_take_back(struct mz_block_ring *ring)
{
	(void)ring;
	return NULL;
}

void *mz_block_ring_next(struct mz_block_ring *ring, bool wait, int *result)
{
	(void)ring;
	(void)wait;
	(void)result;
	return NULL;
}

#endif
