/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A bus: devices by address, for ports and for memory-mapped registers alike.
 *
 * Devices are added before the machine runs. From then on any thread may access the bus: a device
 * serves one access at a time, different devices serve theirs side by side.
 */
#ifndef MZ_VMM_BUS_H
#define MZ_VMM_BUS_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_BUS_DEVICES 32

/*
 * A device answers accesses of 1, 2, 4 or 8 bytes, of any alignment, that lie wholly inside its
 * range; the bus answers those of other widths, or that reach over an end, as if no device were
 * there. `offset` counts from `base`; data is little-endian in the low bytes. `context` is the
 * device's own.
 */
struct mz_device {
	const char *name;
	uint64_t base, bytes;
	void *context;
	uint64_t (*read)(void *context, uint64_t offset, unsigned bytes);
	void (*write)(void *context, uint64_t offset, uint64_t data, unsigned bytes);
	/*
	 * The bus's own: written at each access, by whoever has the mutex, and in a cache line that
	 * nothing else is in.
	 */
	pthread_mutex_t mutex __attribute__((aligned(64)));
	uint64_t reads, writes; /* atomic */
};

struct mz_bus {
	const char *name; /* "port" or "memory", for messages */
	struct mz_device devices[MZ_BUS_DEVICES];
	unsigned count;
};

void mz_bus_init(struct mz_bus *bus, const char *name);

/* Adds a device; the description is copied. Overlap or a full bus is MZ_STATUS_HOST_FAILED. */
int mz_bus_add(struct mz_bus *bus, const struct mz_device *device, struct mz_failure *failure);

/* The device that answers [address, address + bytes), or NULL. */
struct mz_device *mz_bus_find(struct mz_bus *bus, uint64_t address, unsigned bytes);

/* Does the access. Where no device answers, reads yield all ones and writes vanish, as on a PC. */
uint64_t mz_bus_read(struct mz_bus *bus, uint64_t address, unsigned bytes);
void mz_bus_write(struct mz_bus *bus, uint64_t address, uint64_t data, unsigned bytes);

/* The same for what mz_bus_find() has answered. */
uint64_t mz_device_read(struct mz_device *device, uint64_t address, unsigned bytes);
void mz_device_write(struct mz_device *device, uint64_t address, uint64_t data, unsigned bytes);

#ifdef __cplusplus
}
#endif

#endif
