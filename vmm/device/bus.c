// SPDX-License-Identifier: MPL-2.0
/* A bus: finds the device of an access and counts. */
#include "vmm/device/bus.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

void mz_bus_init(struct mz_bus *bus, const char *name)
{
	memset(bus, 0, sizeof(*bus));
	bus->name = name;
}

static bool overlap(const struct mz_device *a, const struct mz_device *b)
{
	return a->base <= b->base + (b->bytes - 1) && b->base <= a->base + (a->bytes - 1);
}

int mz_bus_add(struct mz_bus *bus, const struct mz_device *device, struct mz_failure *failure)
{
	if (device->bytes == 0 || device->bytes - 1 > UINT64_MAX - device->base)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "%s bus: device %s: 0x%" PRIx64 "+0x%" PRIx64
			       " is empty or wraps around",
			       bus->name, device->name, device->base, device->bytes);
	for (unsigned i = 0; i < bus->count; i++) {
		if (overlap(device, &bus->devices[i]))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "%s bus: device %s at 0x%" PRIx64
				       " overlaps device %s at 0x%" PRIx64,
				       bus->name, device->name, device->base, bus->devices[i].name,
				       bus->devices[i].base);
	}
	if (bus->count == MZ_BUS_DEVICES)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "%s bus: no room for device %s: %u devices are there already",
			       bus->name, device->name, bus->count);
	bus->devices[bus->count] = *device;
	bus->devices[bus->count].reads = 0;
	bus->devices[bus->count].writes = 0;
	pthread_mutex_init(&bus->devices[bus->count].mutex, NULL);
	bus->count++;
	return 0;
}

static bool width_valid(unsigned bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* The low `bytes` bytes, all ones. */
static uint64_t width_mask(unsigned bytes)
{
	return bytes >= 8 ? UINT64_MAX : ((uint64_t)1 << (8 * bytes)) - 1;
}

struct mz_device *mz_bus_find(struct mz_bus *bus, uint64_t address, unsigned bytes)
{
	if (!width_valid(bytes))
		return NULL;
	for (unsigned i = 0; i < bus->count; i++) {
		struct mz_device *device = &bus->devices[i];

		if (address < device->base || address - device->base >= device->bytes)
			continue;
		/* Devices do not overlap: no other one can hold the whole access. */
		return device->bytes - (address - device->base) >= bytes ? device : NULL;
	}
	return NULL;
}

/* Whoever has the mutex counts; others only look. */
static void count(uint64_t *accesses)
{
	__atomic_store_n(accesses, *accesses + 1, __ATOMIC_RELAXED);
}

uint64_t mz_device_read(struct mz_device *device, uint64_t address, unsigned bytes)
{
	uint64_t data;

	if (!device)
		return width_mask(bytes);
	pthread_mutex_lock(&device->mutex);
	count(&device->reads);
	data = device->read(device->context, address - device->base, bytes);
	pthread_mutex_unlock(&device->mutex);
	return data & width_mask(bytes);
}

void mz_device_write(struct mz_device *device, uint64_t address, uint64_t data, unsigned bytes)
{
	if (!device)
		return;
	pthread_mutex_lock(&device->mutex);
	count(&device->writes);
	device->write(device->context, address - device->base, data & width_mask(bytes), bytes);
	pthread_mutex_unlock(&device->mutex);
}

uint64_t mz_bus_read(struct mz_bus *bus, uint64_t address, unsigned bytes)
{
	return mz_device_read(mz_bus_find(bus, address, bytes), address, bytes);
}

void mz_bus_write(struct mz_bus *bus, uint64_t address, uint64_t data, unsigned bytes)
{
	mz_device_write(mz_bus_find(bus, address, bytes), address, data, bytes);
}
