/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A driver that does anything: random descriptors, rings, indices and registers, with just enough
 * sense to get far. Whatever it does, the VMM must live, the ROM must stay as it is, and after a
 * reset the device must work as before; the first two are checked here.
 */
#ifndef MZ_TESTS_VMM_VIRTIO_VIRTIO_HOSTILE_H
#define MZ_TESTS_VMM_VIRTIO_VIRTIO_HOSTILE_H

#include "tests/rng.h"
#include "tests/vmm/virtio/virtio_driver.h"

/* `fill` may be NULL: puts what makes sense to the device, such as a request, at DRIVER_BUFFERS. */
void hostile_run(struct driver *driver, uint64_t seed, unsigned steps,
		 void (*fill)(struct driver *driver, struct rng *rng));

/* Nobody has written into the ROM. */
void hostile_check_rom(const struct mz_ram *ram);

/* The same as hostile_run(), with a seed that is printed. */
void hostile_run_seeded(struct driver *driver, unsigned steps,
			void (*fill)(struct driver *driver, struct rng *rng));

#endif
