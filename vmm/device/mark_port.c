// SPDX-License-Identifier: MPL-2.0
/* The mark port. */
#include "vmm/device/mark_port.h"

static uint64_t port_read(void *context, uint64_t offset, unsigned bytes)
{
	(void)context;
	(void)offset;
	(void)bytes;
	return 0;
}

static void port_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	const struct mz_mark_port *port = context;

	(void)offset;
	(void)data;
	(void)bytes;
	port->wanted(port->context);
}

int mz_mark_port_init(struct mz_mark_port *port, struct mz_bus *bus, void *context,
		      void (*wanted)(void *context), struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "mark",
		.base = MZ_MARK_PORT,
		.bytes = 1,
		.context = port,
		.read = port_read,
		.write = port_write,
	};

	*port = (struct mz_mark_port) {.context = context, .wanted = wanted};
	return mz_bus_add(bus, &device, failure);
}
