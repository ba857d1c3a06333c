// SPDX-License-Identifier: MPL-2.0
/* ACPI's fixed registers. */
#include "vmm/device/acpi_pm.h"

#include <time.h>

/* Offsets of registers. */
#define ENABLE  2
#define CONTROL 4
#define TIMER   8

/* ACPI 6.4, 4.8.3.2.1: PM1 control, by its two bytes. */
#define CONTROL_SCI_EN   0x01 /* low byte: ACPI mode */
#define CONTROL_SLP_EN   0x20 /* high byte */
#define CONTROL_SLP_TYPE 0x1c /* high byte */

/* 4.8.3.3: the timer counts 3.579545 MHz in 24 bits. */
#define TIMER_HZ   3579545u
#define TIMER_MASK 0xffffffu

static uint32_t host_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((uint64_t)now.tv_sec * TIMER_HZ +
			  (uint64_t)now.tv_nsec * TIMER_HZ / 1000000000u);
}

static uint32_t timer(const struct mz_acpi_pm *pm)
{
	return (host_ticks() + pm->ahead) & TIMER_MASK;
}

/* The status is 0: nothing ever happened. */
static uint64_t registers_read(void *context, uint64_t offset, unsigned bytes)
{
	const struct mz_acpi_pm *pm = context;
	uint32_t now = timer(pm);
	unsigned char all[MZ_ACPI_PM_BYTES] = {
		[ENABLE] = pm->enable[0],
		[ENABLE + 1] = pm->enable[1],
		[CONTROL] = pm->control[0] | CONTROL_SCI_EN,
		[CONTROL + 1] = pm->control[1],
		[TIMER] = (unsigned char)now,
		[TIMER + 1] = (unsigned char)(now >> 8),
		[TIMER + 2] = (unsigned char)(now >> 16),
	};
	uint64_t data = 0;

	for (unsigned i = 0; i < bytes; i++)
		data |= (uint64_t)all[offset + i] << (8 * i);
	return data;
}

static void write_byte(struct mz_acpi_pm *pm, uint64_t offset, unsigned char byte)
{
	if (offset == ENABLE || offset == ENABLE + 1)
		pm->enable[offset - ENABLE] = byte;
	if (offset == CONTROL)
		pm->control[0] = byte;
	if (offset != CONTROL + 1)
		return;
	pm->control[1] = byte & (unsigned char)~CONTROL_SLP_EN; /* write-only */
	if ((byte & CONTROL_SLP_EN) && (byte & CONTROL_SLP_TYPE) >> 2 == MZ_ACPI_SLEEP_OFF)
		mz_power_ask(pm->power, MZ_POWER_OFF);
}

static void registers_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		write_byte(context, offset + i, (unsigned char)(data >> (8 * i)));
}

int mz_acpi_pm_init(struct mz_acpi_pm *pm, struct mz_bus *bus, struct mz_power *power,
		    struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "acpi",
		.base = MZ_ACPI_PM_BASE,
		.bytes = MZ_ACPI_PM_BYTES,
		.context = pm,
		.read = registers_read,
		.write = registers_write,
	};

	*pm = (struct mz_acpi_pm) {.power = power};
	return mz_bus_add(bus, &device, failure);
}

static void timer_state(struct mz_acpi_pm *pm, struct mz_state *state)
{
	uint32_t now = timer(pm);

	mz_state_u32(state, &now);
	mz_state_check(state, now <= TIMER_MASK, "a timer of more than 24 bits");
	if (state->loading)
		pm->ahead = now - host_ticks();
}

void mz_acpi_pm_state(struct mz_acpi_pm *pm, struct mz_state *state)
{
	mz_state_part(state, "acpi", 1);
	mz_state_bytes(state, pm->enable, sizeof(pm->enable));
	mz_state_bytes(state, pm->control, sizeof(pm->control));
	mz_state_check(state, !(pm->control[1] & CONTROL_SLP_EN), "a bit that can't be read");
	timer_state(pm, state);
}
