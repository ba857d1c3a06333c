// SPDX-License-Identifier: MPL-2.0
/* Resets by the keyboard controller and by the chipset. */
#include "vmm/device/reset.h"

/* IBM PC AT Technical Reference, "Keyboard controller": pulse the output that is the reset. */
#define COMMAND_RESET 0xfe

/* Intel 82371AB (PIIX4) data sheet, 4.2.5 "RC, reset control": bit 2 resets when it goes up. */
#define CONTROL_RESET 0x04
#define CONTROL_HARD  0x02

static uint64_t read_zero(void *context, uint64_t offset, unsigned bytes)
{
	(void)context;
	(void)offset;
	(void)bytes;
	return 0;
}

static void write_nothing(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	(void)context;
	(void)offset;
	(void)data;
	(void)bytes;
}

static void command_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_reset *reset = context;

	(void)offset;
	(void)bytes;
	if ((data & 0xff) == COMMAND_RESET)
		mz_power_ask(reset->power, MZ_POWER_RESET);
}

static uint64_t control_read(void *context, uint64_t offset, unsigned bytes)
{
	const struct mz_reset *reset = context;

	(void)offset;
	(void)bytes;
	return reset->control;
}

static void control_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_reset *reset = context;

	(void)offset;
	(void)bytes;
	if (data & CONTROL_RESET)
		mz_power_ask(reset->power, MZ_POWER_RESET);
	reset->control = (unsigned char)(data & CONTROL_HARD);
}

int mz_reset_init(struct mz_reset *reset, struct mz_bus *bus, struct mz_power *power,
		  struct mz_failure *failure)
{
	const struct mz_device devices[] = {
		{.name = "keyboard",
		 .base = MZ_I8042_DATA,
		 .bytes = 1,
		 .context = reset,
		 .read = read_zero,
		 .write = write_nothing},
		{.name = "keyboard",
		 .base = MZ_I8042_COMMAND,
		 .bytes = 1,
		 .context = reset,
		 .read = read_zero,
		 .write = command_write},
		{.name = "reset",
		 .base = MZ_RESET_CONTROL,
		 .bytes = 1,
		 .context = reset,
		 .read = control_read,
		 .write = control_write},
	};

	*reset = (struct mz_reset) {.power = power};
	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (mz_bus_add(bus, &devices[i], failure))
			return -1;
	return 0;
}

void mz_reset_state(struct mz_reset *reset, struct mz_state *state)
{
	uint8_t control = reset->control;

	mz_state_part(state, "reset", 1);
	mz_state_u8(state, &control);
	if (mz_state_check(state, (control & ~CONTROL_HARD) == 0, "a control that does not stay"))
		reset->control = control;
}
