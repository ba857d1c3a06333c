// SPDX-License-Identifier: MPL-2.0
/* A disk: its requests. */
#include "vmm/virtio/block.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/virtio/block_file.h"
#include "vmm/virtio/block_ring.h"
#include "vmm/virtio/parts.h"

#define SECTOR       512u
#define SEGMENTS_MAX (MZ_QUEUE_MAX - 2u) /* parts of data, beside header and status */
#define RANGES_MAX   32u                 /* in a request that discards or writes zeroes */
#define SECTORS_MAX  (1u << 22)          /* in each of them */
#define HEADER_BYTES sizeof(struct virtio_blk_outhdr)

/* A request of the driver, from the ring until it is back there. */
struct request {
	struct mz_chain chain;
	enum mz_block_transfer kind;
	uint64_t offset, bytes;
	struct iovec data[MZ_QUEUE_MAX]; /* all that is to be transferred, and never changes */
	unsigned count;
	bool under_way;       /* in the ring */
	struct request *next; /* while it is free */
};

struct mz_block {
	struct mz_virtio virtio;
	struct virtio_blk_config config;
	struct mz_block_file file;
	struct mz_block_ring *ring; /* NULL: transfers are done one after the other */
	unsigned under_way;
	char id[VIRTIO_BLK_ID_BYTES];
	struct request requests[MZ_BLOCK_DEPTH];
	struct request *free;
};

/* 5.2.6.2: what lies beyond the end fails. */
static bool inside(const struct mz_block *block, uint64_t sector, uint64_t bytes)
{
	uint64_t sectors = block->file.bytes / SECTOR;

	return bytes % SECTOR == 0 && sector <= sectors && bytes / SECTOR <= sectors - sector;
}

static uint8_t status_of(int error)
{
	if (error == EOPNOTSUPP)
		return VIRTIO_BLK_S_UNSUPP;
	return error ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

/* Data that the driver gets, or gives; 5.2.6.2 says what is wrong with it. */
static bool describe_read(struct mz_block *block, struct request *request, uint64_t sector)
{
	const struct mz_chain *chain = &request->chain;

	request->kind = MZ_BLOCK_READ;
	request->bytes = chain->in_bytes - 1;
	request->offset = sector * SECTOR;
	request->count = mz_parts_slice(chain->parts + chain->out_count, chain->in_count, 0,
					request->bytes, request->data);
	return inside(block, sector, request->bytes);
}

static bool describe_write(struct mz_block *block, struct request *request, uint64_t sector)
{
	const struct mz_chain *chain = &request->chain;

	request->kind = MZ_BLOCK_WRITE;
	request->bytes = chain->out_bytes - HEADER_BYTES;
	request->offset = sector * SECTOR;
	request->count = mz_parts_slice(chain->parts, chain->out_count, HEADER_BYTES,
					request->bytes, request->data);
	return !block->file.read_only && inside(block, sector, request->bytes);
}

static bool describe_flush(struct request *request)
{
	request->kind = MZ_BLOCK_FLUSH;
	request->bytes = 0;
	request->count = 0;
	return true;
}

/* 5.2.6.2: a driver that cannot flush gets what it has written for good. */
static bool durable(const struct mz_block *block)
{
	return !mz_virtio_has(&block->virtio, VIRTIO_BLK_F_FLUSH);
}

/* All of it from `done` on, here and now. */
static int transfer(struct mz_block *block, struct request *request, uint64_t done)
{
	struct iovec *parts = request->data;
	unsigned count = request->count;

	mz_parts_skip(&parts, &count, done);
	switch (request->kind) {
	case MZ_BLOCK_READ:
		return mz_block_file_read(&block->file, request->offset + done, parts, count);
	case MZ_BLOCK_WRITE:
		return mz_block_file_write(&block->file, request->offset + done, parts, count,
					   durable(block));
	default:
		return mz_block_file_flush(&block->file);
	}
}

static uint8_t give_id(const struct mz_block *block, const struct mz_chain *chain)
{
	if (chain->in_bytes - 1 < sizeof(block->id))
		return VIRTIO_BLK_S_IOERR;
	mz_chain_copy_in(chain, 0, block->id, sizeof(block->id));
	return VIRTIO_BLK_S_OK;
}

/* 5.2.6.2: which flags a range may have. */
static uint8_t change_range(struct mz_block *block, uint32_t type,
			    const struct virtio_blk_discard_write_zeroes *range)
{
	uint64_t bytes = (uint64_t)range->num_sectors * SECTOR;
	bool zero = type == VIRTIO_BLK_T_WRITE_ZEROES;

	if (range->flags & ~(zero ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0u))
		return VIRTIO_BLK_S_UNSUPP;
	if (!inside(block, range->sector, bytes) || range->num_sectors > SECTORS_MAX)
		return VIRTIO_BLK_S_IOERR;
	if (bytes == 0)
		return VIRTIO_BLK_S_OK;
	if (!zero)
		return status_of(
			mz_block_file_discard(&block->file, range->sector * SECTOR, bytes));
	return status_of(
		mz_block_file_zero(&block->file, range->sector * SECTOR, bytes, range->flags == 0));
}

static uint8_t change_ranges(struct mz_block *block, const struct mz_chain *chain, uint32_t type)
{
	struct virtio_blk_discard_write_zeroes ranges[RANGES_MAX];
	uint64_t bytes = chain->out_bytes - HEADER_BYTES;
	uint8_t status = VIRTIO_BLK_S_OK;

	if (block->file.read_only || bytes == 0 || bytes % sizeof(ranges[0]) != 0 ||
	    bytes > sizeof(ranges))
		return VIRTIO_BLK_S_IOERR;
	mz_chain_copy_out(chain, HEADER_BYTES, ranges, bytes);
	for (unsigned i = 0; i < bytes / sizeof(ranges[0]) && status == VIRTIO_BLK_S_OK; i++)
		status = change_range(block, type, &ranges[i]);
	if (status == VIRTIO_BLK_S_OK && type == VIRTIO_BLK_T_WRITE_ZEROES && durable(block))
		status = status_of(mz_block_file_flush(&block->file));
	return status;
}

static uint8_t do_other(struct mz_block *block, const struct mz_chain *chain, uint32_t type)
{
	switch (type) {
	case VIRTIO_BLK_T_GET_ID:
		return give_id(block, chain);
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return change_ranges(block, chain, type);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

/* 5.2.6: the status is behind all that is written. 2.7.8: what is told has 32 bits. */
static void finish(struct mz_block *block, struct request *request, uint8_t status)
{
	const struct mz_chain *chain = &request->chain;

	mz_chain_copy_in(chain, chain->in_bytes - 1, &status, sizeof(status));
	mz_virtio_give(&block->virtio, 0, chain,
		       chain->in_bytes < UINT32_MAX ? (uint32_t)chain->in_bytes : UINT32_MAX);
	request->next = block->free;
	block->free = request;
}

static void begin_transfer(struct mz_block *block, struct request *request)
{
	if (!block->ring || (request->count == 0 && request->kind != MZ_BLOCK_FLUSH)) {
		finish(block, request, status_of(transfer(block, request, 0)));
		return;
	}
	mz_block_ring_add(block->ring, &block->file, request->kind, request->offset, request->data,
			  request->count, durable(block), request);
	request->under_way = true;
	block->under_way++;
}

/* False: it is no transfer. `right`: it can be done. */
static bool describe_transfer(struct mz_block *block, struct request *request,
			      const struct virtio_blk_outhdr *header, bool *right)
{
	switch (header->type) {
	case VIRTIO_BLK_T_IN:
		*right = describe_read(block, request, header->sector);
		return true;
	case VIRTIO_BLK_T_OUT:
		*right = describe_write(block, request, header->sector);
		return true;
	case VIRTIO_BLK_T_FLUSH:
		*right = describe_flush(request);
		return true;
	default:
		return false;
	}
}

static void begin(struct mz_block *block, struct request *request)
{
	const struct mz_chain *chain = &request->chain;
	struct virtio_blk_outhdr header;
	bool right;

	mz_chain_copy_out(chain, 0, &header, sizeof(header));
	if (!describe_transfer(block, request, &header, &right))
		finish(block, request, do_other(block, chain, header.type));
	else if (right)
		begin_transfer(block, request);
	else
		finish(block, request, VIRTIO_BLK_S_IOERR);
}

/* Takes a request from the driver and begins it. False: there is none, or no room for one. */
static bool begin_next(struct mz_block *block)
{
	struct request *request = block->free;

	if (!request || !mz_virtio_take(&block->virtio, 0, &request->chain))
		return false;
	if (request->chain.out_bytes < HEADER_BYTES || request->chain.in_bytes == 0) {
		mz_virtio_break(&block->virtio, "a disk's request has no header or no status");
		return false;
	}
	block->free = request->next;
	begin(block, request);
	return true;
}

static void leave_ring(struct mz_block *block, struct request *request)
{
	request->under_way = false;
	block->under_way--;
}

/* What the kernel did only in part is done here. */
static bool finish_next(struct mz_block *block, bool wait)
{
	struct request *request = NULL;
	int result;

	if (block->under_way > 0)
		request = mz_block_ring_next(block->ring, wait, &result);
	if (!request)
		return false;
	leave_ring(block, request);
	if (result == -EAGAIN || result == -EINTR)
		result = -transfer(block, request, 0);
	else if (result >= 0 && (uint64_t)result < request->bytes)
		result = -transfer(block, request, (uint64_t)result);
	finish(block, request, status_of(result < 0 ? -result : 0));
	return true;
}

/* A transfer that the kernel never tells of may yet end, so its ring must not be heard again. */
static void close_ring(struct mz_block *block)
{
	mz_block_ring_close(block->ring);
	block->ring = NULL;
	for (unsigned i = 0; i < MZ_BLOCK_DEPTH && block->under_way > 0; i++) {
		if (!block->requests[i].under_way)
			continue;
		leave_ring(block, &block->requests[i]);
		finish(block, &block->requests[i], VIRTIO_BLK_S_IOERR);
	}
}

static void settle(void *context)
{
	struct mz_block *block = context;

	while (finish_next(block, true))
		;
	if (block->under_way > 0)
		close_ring(block);
}

/* The kernel takes no more: what it has not taken is done here, and so is all that comes. */
static void give_up_ring(struct mz_block *block)
{
	struct request *request;

	while ((request = mz_block_ring_take_back(block->ring)) != NULL) {
		leave_ring(block, request);
		finish(block, request, status_of(transfer(block, request, 0)));
	}
	settle(block);
	close_ring(block);
}

/* As long as there is something to begin or to finish without waiting. */
static void serve_once(struct mz_block *block)
{
	bool more;

	do {
		more = false;
		while (begin_next(block))
			more = true;
		if (block->under_way > 0 && !mz_block_ring_submit(block->ring))
			give_up_ring(block);
		while (finish_next(block, false))
			more = true;
	} while (more);
}

/* Without a free request, it is the next one that is done that goes on. */
static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_block *block = context;

	(void)watch;
	do {
		mz_queue_quiet(&block->virtio.queues[0]);
		serve_once(block);
	} while (block->free && mz_virtio_listen(&block->virtio, 0));
}

static void watch_ring(void *context, struct mz_watch *watch)
{
	const struct mz_block *block = context;

	if (block->under_way > 0)
		mz_watch_add(watch, mz_block_ring_fd(block->ring), POLLIN);
}

/* What the disk holds is not state; that it is as large as the guest has found it must be so. */
static void go_over(void *context, struct mz_state *state)
{
	const struct mz_block *block = context;
	uint64_t bytes = block->file.bytes;

	mz_state_u64(state, &bytes);
	mz_state_check(state, bytes == block->file.bytes, "the disk had another size");
}

static int flush_file(const struct mz_block_file *file, const char *name, size_t length,
		      struct mz_failure *failure)
{
	int error = file->read_only ? 0 : mz_block_file_flush(file);

	if (!error)
		return 0;
	return mz_fail(failure, MZ_STATUS_HOST_FAILED,
		       "what was written to the disk %.*s can't be kept: %s", (int)length, name,
		       strerror(error));
}

static int flush(void *context, struct mz_failure *failure)
{
	const struct mz_block *block = context;

	return flush_file(&block->file, block->id, sizeof(block->id), failure);
}

static void close_block(void *context)
{
	struct mz_block *block = context;

	mz_block_ring_close(block->ring);
	mz_block_file_close(&block->file);
	free(block);
}

static const struct mz_virtio_type block_type = {
	.name = "virtio-block",
	.id = VIRTIO_ID_BLOCK,
	.queue_count = 1,
	.serve = serve,
	.watch = watch_ring,
	.settle = settle,
	.flush = flush,
	.close = close_block,
	.go_over = go_over,
};

static uint64_t describe(struct mz_block *block)
{
	uint64_t features = (uint64_t)1 << VIRTIO_BLK_F_SEG_MAX |
		(uint64_t)1 << VIRTIO_BLK_F_BLK_SIZE | (uint64_t)1 << VIRTIO_BLK_F_FLUSH;

	block->config.capacity = block->file.bytes / SECTOR;
	block->config.seg_max = SEGMENTS_MAX;
	block->config.blk_size = SECTOR;
	if (block->file.read_only)
		return features | (uint64_t)1 << VIRTIO_BLK_F_RO;
	block->config.max_discard_sectors = block->config.max_write_zeroes_sectors = SECTORS_MAX;
	block->config.max_discard_seg = block->config.max_write_zeroes_seg = RANGES_MAX;
	block->config.discard_sector_alignment = 1;
	block->config.write_zeroes_may_unmap = 1;
	return features | (uint64_t)1 << VIRTIO_BLK_F_DISCARD |
		(uint64_t)1 << VIRTIO_BLK_F_WRITE_ZEROES;
}

/* The end of the file's name, by which a guest tells its disks apart; what is behind it is 0. */
static void name(struct mz_block *block, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *end = slash ? slash + 1 : path;

	memcpy(block->id, end, strnlen(end, sizeof(block->id)));
}

int mz_block_flush(const struct mz_disk *disk, struct mz_failure *failure)
{
	struct mz_block_file file;
	int result;

	if (mz_block_file_open(&file, disk->path, disk->read_only, failure))
		return -1;
	result = flush_file(&file, disk->path, strlen(disk->path), failure);
	mz_block_file_close(&file);
	return result;
}

int mz_block_open(struct mz_virtio **virtio, const struct mz_disk *disk,
		  const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct mz_block *block = calloc(1, sizeof(*block));
	struct mz_virtio_setup setup = {.type = &block_type, .context = block, .place = place};

	*virtio = NULL;
	if (!block)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a disk");
	if (mz_block_file_open(&block->file, disk->path, disk->read_only, failure)) {
		free(block);
		return -1;
	}
	setup.features = describe(block);
	setup.config = &block->config;
	setup.config_bytes = sizeof(block->config);
	name(block, disk->path);
	block->ring = mz_block_ring_open();
	for (unsigned i = 0; i < MZ_BLOCK_DEPTH; i++) {
		block->requests[i].next = block->free;
		block->free = &block->requests[i];
	}
	return mz_virtio_open(virtio, &block->virtio, &setup, failure);
}
