// SPDX-License-Identifier: MPL-2.0
/* A driver that does anything. */
#include "tests/vmm/virtio/virtio_hostile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/must.h"

#define ALL_FEATURES UINT64_MAX

static uint64_t any_gpa(struct driver *driver, struct rng *rng)
{
	uint64_t near = rng_below(rng, 0x2000);

	switch (rng_below(rng, 8)) {
	case 0:
		return MZ_ROM_BASE + near;
	case 1:
		return MZ_VIRTIO_BASE + near;
	case 2:
		return DRIVER_RAM - near;
	case 3:
		return rng_next(rng);
	case 4:
		return UINT64_MAX - near;
	case 5: /* the rings themselves */
		return driver->queues[rng_below(rng, MZ_VIRTIO_QUEUES)].table_gpa + near;
	default:
		return DRIVER_BUFFERS + near;
	}
}

static uint32_t any_bytes(struct rng *rng)
{
	switch (rng_below(rng, 8)) {
	case 0:
		return UINT32_MAX - (uint32_t)rng_below(rng, 32);
	case 1:
		return (uint32_t)rng_next(rng);
	case 2:
		return 0;
	case 3:
		return 16 * (uint32_t)rng_below(rng, 20);
	case 4:
		return 4096 * (uint32_t)rng_below(rng, 64);
	default:
		return (uint32_t)rng_below(rng, 600);
	}
}

static struct driver_descriptor any_descriptor(struct driver *driver, struct rng *rng,
					       unsigned entries)
{
	struct driver_descriptor descriptor = {
		.gpa = DRIVER_BUFFERS + rng_below(rng, 0x10000),
		.bytes = (uint32_t)rng_below(rng, 600),
		.flags = (uint16_t)(rng_below(rng, 4)),
		.next = (uint16_t)rng_below(rng, entries + 1),
	};

	if (rng_below(rng, 8) == 0)
		descriptor.gpa = any_gpa(driver, rng);
	if (rng_below(rng, 8) == 0)
		descriptor.bytes = any_bytes(rng);
	if (rng_below(rng, 16) == 0)
		descriptor.flags = (uint16_t)rng_below(rng, 16);
	if (rng_below(rng, 32) == 0)
		descriptor.next = (uint16_t)rng_next(rng);
	return descriptor;
}

/* Half of the time a chain that is right: parts to read, then parts to write. */
static void any_chain(struct driver *driver, struct rng *rng, struct driver_queue *queue)
{
	unsigned out = (unsigned)rng_below(rng, 4), in = (unsigned)rng_below(rng, 4);
	unsigned at = (unsigned)rng_below(rng, queue->size);

	for (unsigned i = 0; i < out + in; i++) {
		struct driver_descriptor *descriptor = &queue->table[(at + i) % queue->size];

		*descriptor = any_descriptor(driver, rng, queue->size);
		if (rng_below(rng, 16) == 0)
			continue;
		descriptor->gpa = DRIVER_BUFFERS + 0x1000 * i;
		descriptor->bytes = i == 0 && out > 0 ? 16 : (uint32_t)rng_below(rng, 1025);
		descriptor->flags = (uint16_t)((i >= out ? DESC_WRITE : 0) |
					       (i + 1 < out + in ? DESC_NEXT : 0));
		descriptor->next = (uint16_t)((at + i + 1) % queue->size);
	}
	queue->available[2 + queue->next % queue->size] = (uint16_t)at;
}

static void any_indirect(struct driver *driver, struct rng *rng, struct driver_queue *queue)
{
	struct driver_descriptor *table = driver_at(driver, DRIVER_BUFFERS + 0x20000);
	unsigned entries = 1 + (unsigned)rng_below(rng, 300);
	unsigned at = (unsigned)rng_below(rng, queue->size);

	for (unsigned i = 0; i < entries; i++) {
		table[i] = any_descriptor(driver, rng, entries);
		if (rng_below(rng, 8) != 0)
			table[i].next = (uint16_t)(i + 1);
	}
	queue->table[at] = (struct driver_descriptor) {
		.gpa = DRIVER_BUFFERS + 0x20000, .bytes = 16 * entries, .flags = DESC_INDIRECT};
	queue->available[2 + queue->next % queue->size] = (uint16_t)at;
}

static void any_register(struct driver *driver, struct rng *rng)
{
	static const unsigned widths[] = {1, 2, 4, 8};
	uint64_t offset = rng_below(rng, 0x140), data = rng_next(rng);
	unsigned bytes = 4;

	if (rng_below(rng, 4) == 0)
		bytes = widths[rng_below(rng, 4)];
	else
		offset &= ~(uint64_t)3;
	if (rng_below(rng, 2) == 0)
		data &= 0xf;
	if (rng_below(rng, 2) == 0)
		mz_bus_read(&driver->bus, MZ_VIRTIO_BASE + offset, bytes);
	else
		mz_bus_write(&driver->bus, MZ_VIRTIO_BASE + offset, data, bytes);
}

/* Rings that lie anywhere, of any size. */
static void any_queue(struct driver *driver, struct rng *rng)
{
	driver_write(driver, REG_QUEUE_SEL, (uint32_t)rng_below(rng, MZ_VIRTIO_QUEUES + 1));
	driver_write(driver, REG_QUEUE_READY, 0);
	if (rng_below(rng, 2) == 0)
		driver_write(driver, REG_QUEUE_NUM, (uint32_t)1 << rng_below(rng, 10));
	for (uint32_t offset = REG_QUEUE_DESC; offset <= REG_QUEUE_DEVICE; offset += 0x10) {
		uint64_t gpa = any_gpa(driver, rng) & ~(uint64_t)15;

		if (rng_below(rng, 3) != 0)
			continue;
		driver_write(driver, offset, (uint32_t)gpa);
		driver_write(driver, offset + 4, (uint32_t)(gpa >> 32));
	}
	driver_write(driver, REG_QUEUE_READY, 1);
}

static void any_step(struct driver *driver, struct rng *rng)
{
	unsigned index = (unsigned)rng_below(rng, driver->virtio->type->queue_count);
	struct driver_queue *queue = &driver->queues[index];

	switch (rng_below(rng, 32)) {
	case 0:
		any_register(driver, rng);
		break;
	case 1:
		any_queue(driver, rng);
		break;
	case 2:
		queue->available[rng_below(rng, queue->size + 3)] = (uint16_t)rng_next(rng);
		break;
	case 3:
		queue->table[rng_below(rng, queue->size)] = any_descriptor(driver, rng,
									   queue->size);
		break;
	case 4:
	case 5:
	case 6:
		any_indirect(driver, rng, queue);
		break;
	default:
		any_chain(driver, rng, queue);
	}
	if (rng_below(rng, 64) == 0)
		queue->next = (uint16_t)rng_next(rng);
	__atomic_store_n(&queue->available[1], ++queue->next, __ATOMIC_RELEASE);
	driver_notify(driver, index);
}

void hostile_check_rom(const struct mz_ram *ram)
{
	const unsigned char *rom = mz_ram_peek(ram, MZ_ROM_BASE, MZ_ROM_BYTES);

	for (unsigned i = 0; i < MZ_ROM_BYTES; i++)
		must_equal(rom[i], (unsigned char)(i * 7 + 3));
}

void hostile_run(struct driver *driver, uint64_t seed, unsigned steps,
		 void (*fill)(struct driver *driver, struct rng *rng))
{
	struct rng rng = {.state = seed};

	for (unsigned step = 0; step < steps; step++) {
		bool stuck = driver_read(driver, REG_STATUS) != 0xf;

		if (step == 0 || rng_below(&rng, stuck ? 4 : 64) == 0)
			driver_begin(driver,
				     rng_below(&rng, 2) == 0 ? ALL_FEATURES
							     : MZ_VIRTIO_F_VERSION_1);
		if (fill)
			fill(driver, &rng);
		any_step(driver, &rng);
	}
	driver_write(driver, REG_STATUS, 0);
	hostile_check_rom(&driver->ram);
}

void hostile_run_seeded(struct driver *driver, unsigned steps,
			void (*fill)(struct driver *driver, struct rng *rng))
{
	uint64_t seed = rng_seed();

	printf("# MZ_SEED=%" PRIu64 "\n", seed);
	hostile_run(driver, seed, rng_steps(steps), fill);
}
