// SPDX-License-Identifier: MPL-2.0
/* The debug-exit port. */
#include "vmm/device/debug_exit.h"

static uint64_t port_read(void *context, uint64_t offset, unsigned bytes)
{
	(void)context;
	(void)offset;
	(void)bytes;
	return 0;
}

static void port_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_debug_exit *debug_exit = context;

	(void)bytes;
	if (offset != 0 || debug_exit->requested)
		return;
	debug_exit->value = (uint32_t)data;
	__atomic_store_n(&debug_exit->requested, true, __ATOMIC_RELEASE);
}

int mz_debug_exit_init(struct mz_debug_exit *debug_exit, struct mz_bus *bus, uint64_t base,
		       struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "debug-exit",
		.base = base,
		.bytes = 4,
		.context = debug_exit,
		.read = port_read,
		.write = port_write,
	};

	debug_exit->requested = false;
	debug_exit->value = 0;
	return mz_bus_add(bus, &device, failure);
}

void mz_debug_exit_forget(struct mz_debug_exit *debug_exit)
{
	__atomic_store_n(&debug_exit->requested, false, __ATOMIC_RELEASE);
	debug_exit->value = 0;
}

void mz_debug_exit_state(struct mz_debug_exit *debug_exit, struct mz_state *state)
{
	mz_state_part(state, "debug-exit", 1);
	mz_state_bool(state, &debug_exit->requested);
	mz_state_u32(state, &debug_exit->value);
}
