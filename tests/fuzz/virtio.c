// SPDX-License-Identifier: MPL-2.0
/*
 * A harness for libFuzzer and AFL++: the input is what a driver does with a virtio disk, through
 * the registers of the transport and through memory. It has no thread; the device's work is done
 * when the driver notifies. Whatever comes, nothing but RAM is written, and after a reset the disk
 * works.
 */
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "tests/vmm/virtio/virtio_hostile.h"
#include "vmm/virtio/block.h"

#define SECTORS   64u
#define HEADER    DRIVER_BUFFERS
#define DATA      (DRIVER_BUFFERS + 0x1000)
#define STATUS    (DRIVER_BUFFERS + 0x3000)
#define INDIRECT  (DRIVER_BUFFERS + 0x4000)
#define UNTOUCHED 0xee

static struct driver driver;
static struct mz_virtio *disk;
static struct mz_failure failure;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, taken piece by piece; behind its end all is 0. */
struct input {
	const uint8_t *data;
	size_t left;
};

static uint64_t take(struct input *input, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && input->left > 0; i++, input->left--)
		value |= (uint64_t)*input->data++ << (8 * i);
	return value;
}

static void make_disk(void)
{
	char path[64];
	int file = memfd_create("disk", 0);
	struct mz_disk config = {.path = path};

	must(!ftruncate(file, SECTORS * 512));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	driver_open(&driver);
	must(!mz_block_open(&disk, &config, &driver.place, &failure));
	driver_attach_idle(&driver, disk);
}

/* Places that are worth a try, a byte each. */
static uint64_t take_gpa(struct input *input)
{
	static const uint64_t bases[] = {HEADER,          DATA,        STATUS,
					 INDIRECT,        0x8000, /* the rings of queue 0 */
					 DRIVER_RAM - 16, MZ_ROM_BASE, MZ_VIRTIO_BASE,
					 UINT64_MAX - 15};
	uint64_t which = take(input, 1);

	if (which < sizeof(bases) / sizeof(bases[0]))
		return bases[which] + take(input, 1);
	return which == 0xff ? take(input, 8) : HEADER + 16 * which;
}

static uint32_t take_bytes(struct input *input)
{
	uint64_t bytes = take(input, 1);

	if (bytes < 0x80)
		return (uint32_t)bytes;
	return bytes == 0xff ? (uint32_t)take(input, 4) : (uint32_t)(bytes - 0x7f) * 512;
}

static struct driver_descriptor take_descriptor(struct input *input)
{
	struct driver_descriptor descriptor = {.gpa = take_gpa(input), .bytes = take_bytes(input)};

	descriptor.flags = (uint16_t)take(input, 1);
	descriptor.next = (uint16_t)take(input, 1);
	return descriptor;
}

static void step(struct input *input)
{
	struct driver_queue *queue = &driver.queues[0];
	struct virtio_blk_outhdr header = {0};
	struct driver_descriptor descriptor;
	uint32_t offset;

	switch (take(input, 1) % 8) {
	case 0:
		driver_begin(&driver, take(input, 1) & 1 ? UINT64_MAX : MZ_VIRTIO_F_VERSION_1);
		break;
	case 1:
		offset = (uint32_t)take(input, 1) * 2;
		driver_write(&driver, offset, (uint32_t)take(input, 4));
		break;
	case 2:
		driver_read(&driver, (uint32_t)take(input, 1) * 2);
		break;
	case 3:
		header.type = (uint32_t)take(input, 1);
		header.sector = take(input, 1) - 1;
		memcpy(driver_at(&driver, HEADER), &header, sizeof(header));
		break;
	case 4:
		offset = (uint32_t)take(input, 1) % 16;
		queue->table[offset] = take_descriptor(input);
		break;
	case 5:
		offset = (uint32_t)take(input, 1);
		descriptor = take_descriptor(input);
		memcpy(driver_at(&driver, INDIRECT + 16 * offset), &descriptor, 16);
		break;
	case 6:
		queue->available[take(input, 1) % 20] = (uint16_t)take(input, 2);
		break;
	default:
		driver_make_available(&driver, 0, (uint16_t)take(input, 1));
	}
	mz_virtio_turn_(disk);
}

static void expect_disk_to_work(void)
{
	const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN, .sector = 1};
	const struct driver_part parts[] = {
		{HEADER, 16, false}, {DATA, 512, true}, {STATUS, 1, true}};
	uint8_t *status = driver_at(&driver, STATUS);
	uint32_t written;
	uint16_t head;

	driver_begin(&driver, UINT64_MAX);
	memcpy(driver_at(&driver, HEADER), &header, sizeof(header));
	*status = UNTOUCHED;
	driver_send(&driver, 0, parts, 3);
	mz_virtio_turn_(disk);
	must(driver_given(&driver, 0, &head, &written));
	must_equal(written, 513);
	must_equal(*status, VIRTIO_BLK_S_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.data = data, .left = size};

	if (!disk)
		make_disk();
	driver_begin(&driver, UINT64_MAX);
	while (input.left > 0)
		step(&input);
	hostile_check_rom(&driver.ram);
	expect_disk_to_work();
	return 0;
}
