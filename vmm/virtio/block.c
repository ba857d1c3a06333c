// SPDX-License-Identifier: MPL-2.0
/* A disk: its requests. */
#include "vmm/virtio/block.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/virtio/block_file.h"
#include "vmm/virtio/parts.h"

#define SECTOR       512u
#define SEGMENTS_MAX (MZ_QUEUE_MAX - 2u) /* parts of data, beside header and status */
#define RANGES_MAX   32u                 /* in a request that discards or writes zeroes */
#define SECTORS_MAX  (1u << 22)          /* in each of them */
#define HEADER_BYTES sizeof(struct virtio_blk_outhdr)

struct mz_block {
	struct mz_virtio virtio;
	struct virtio_blk_config config;
	struct mz_block_file file;
	char id[VIRTIO_BLK_ID_BYTES];
	struct mz_chain chain;
	struct iovec data[MZ_QUEUE_MAX];
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

static uint8_t read_sectors(struct mz_block *block, const struct mz_chain *chain, uint64_t sector)
{
	uint64_t bytes = chain->in_bytes - 1;
	unsigned count;

	if (!inside(block, sector, bytes))
		return VIRTIO_BLK_S_IOERR;
	count = mz_parts_slice(chain->parts + chain->out_count, chain->in_count, 0, bytes,
			       block->data);
	return status_of(mz_block_file_read(&block->file, sector * SECTOR, block->data, count));
}

/* 5.2.6.2: a driver that cannot flush gets what it has written for good. */
static uint8_t write_sectors(struct mz_block *block, const struct mz_chain *chain, uint64_t sector)
{
	uint64_t bytes = chain->out_bytes - HEADER_BYTES;
	unsigned count;

	if (block->file.read_only || !inside(block, sector, bytes))
		return VIRTIO_BLK_S_IOERR;
	count = mz_parts_slice(chain->parts, chain->out_count, HEADER_BYTES, bytes, block->data);
	return status_of(mz_block_file_write(&block->file, sector * SECTOR, block->data, count,
					     !mz_virtio_has(&block->virtio, VIRTIO_BLK_F_FLUSH)));
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
	return status;
}

static uint8_t do_request(struct mz_block *block, const struct mz_chain *chain)
{
	struct virtio_blk_outhdr header;

	mz_chain_copy_out(chain, 0, &header, sizeof(header));
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
		return read_sectors(block, chain, header.sector);
	case VIRTIO_BLK_T_OUT:
		return write_sectors(block, chain, header.sector);
	case VIRTIO_BLK_T_FLUSH:
		return status_of(mz_block_file_flush(&block->file));
	case VIRTIO_BLK_T_GET_ID:
		return give_id(block, chain);
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return change_ranges(block, chain, header.type);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

/* 5.2.6: a header in front of what is read, the status behind what is written. */
static uint32_t serve_request(void *context, struct mz_chain *chain)
{
	struct mz_block *block = context;
	uint8_t status;

	if (chain->out_bytes < HEADER_BYTES || chain->in_bytes < sizeof(status)) {
		mz_virtio_break(&block->virtio, "a disk's request has no header or no status");
		return 0;
	}
	status = do_request(block, chain);
	mz_chain_copy_in(chain, chain->in_bytes - 1, &status, sizeof(status));
	return (uint32_t)chain->in_bytes;
}

static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_block *block = context;

	(void)watch;
	mz_virtio_drain(&block->virtio, 0, &block->chain, serve_request);
}

static void close_block(void *context)
{
	struct mz_block *block = context;

	mz_block_file_close(&block->file);
	free(block);
}

static const struct mz_virtio_type block_type = {
	.name = "virtio-block",
	.id = VIRTIO_ID_BLOCK,
	.queue_count = 1,
	.serve = serve,
	.close = close_block,
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
	return mz_virtio_open(virtio, &block->virtio, &setup, failure);
}
