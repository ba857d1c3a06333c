// SPDX-License-Identifier: MPL-2.0
/* The panic port. */
#include "vmm/device/pvpanic.h"

/* What can be told here. */
static uint64_t port_read(void *context, uint64_t offset, unsigned bytes)
{
	(void)context;
	(void)offset;
	(void)bytes;
	return MZ_PVPANIC_PANICKED | MZ_PVPANIC_DUMPING;
}

static void port_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_pvpanic *pvpanic = context;

	(void)offset;
	(void)bytes;
	if (data & MZ_PVPANIC_PANICKED)
		mz_power_ask(pvpanic->power, MZ_POWER_PANIC);
}

int mz_pvpanic_init(struct mz_pvpanic *pvpanic, struct mz_bus *bus, struct mz_power *power,
		    struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "pvpanic",
		.base = MZ_PVPANIC_PORT,
		.bytes = 1,
		.context = pvpanic,
		.read = port_read,
		.write = port_write,
	};

	*pvpanic = (struct mz_pvpanic) {.power = power};
	return mz_bus_add(bus, &device, failure);
}
