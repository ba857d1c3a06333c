// SPDX-License-Identifier: MPL-2.0
/* Arm's stage 2 under EL2: what the scenarios get. */
#include "guest/mmu/platform.h"

#include "guest/mmu/arm64/el2.h"
#include "guest/mmu/arm64/guest.h"
#include "guest/mmu/arm64/machine.h"
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/arm64/stages.h"

extern const uint8_t stub_first[], stub_end[];

/* In stage 1 whatever is mapped can be read. */
static struct mz_prop stage1_prop(unsigned perm, bool user)
{
	struct mz_prop prop = mz_prop_from(MZ_READ | (perm & MZ_WRITE));

	if ((perm & MZ_EXEC) != 0)
		prop.perm |= user ? MZ_EXEC_USER : MZ_EXEC;
	prop.flags = MZ_ACCESSED | MZ_DIRTY | (user ? MZ_USER : 0);
	return prop;
}

/* The peripheral's identification, PL011 (DDI 0183): UARTPeriphID0 and 1. */
#define UART_IDENTIFICATION (MACHINE_UART + 0xfe0)

static void own_tests(void);

static struct platform platform = {
	.name = "arm64",
	.stage1_prop = stage1_prop,
	.stub = stub_first,
	.write_return = guest_write_return,
	.use = guest_use,
	.flush = guest_flush,
	.flush_stage1 = guest_flush_stage1,
	.access = guest_access,
	.syndrome_right = syndrome_right,
	.deviation = deviation,
	.own_tests = own_tests,
	.device = {UART_IDENTIFICATION},
};

static void own_tests(void)
{
	own_attributes(&platform);
	own_addresses(&platform);
	own_instructions(&platform);
	own_stage1(&platform);
	own_el2();
	own_caches(&platform);
	own_wide(&platform);
}

/* RAM behind the image, from a round address on. */
static void add_ram(void)
{
	uint64_t first = ((uintptr_t)image_end | (UINT64_C(0x1000000) - 1)) + 1;

	platform.ram_first = mz_oa_from(first);
	platform.ram_bytes = (uint64_t)MACHINE_RAM + MACHINE_RAM_BYTES - first;
}

static void add_stage1(void)
{
	const struct arm_stage1 *stage1 = guest_stage1();
	bool dbm = (stage1->wanted.options & MZ_ARM_DBM) != 0;

	platform.stage1 = &stage1->format;
	platform.stage1_features = hardware()->features;
	platform.stage1_oa_lg2 = stage1->format.oa_lg2;
	if ((hardware()->features & MZ_HW_ACCESSED_DIRTY) != 0)
		platform.stage1_flags_set = (uint16_t)(MZ_ACCESSED | (dbm ? MZ_DIRTY : 0u));
}

void el2_main(void)
{
	el2_mmu_on();
	platform.stages = stages(&platform.stage_count);
	platform.stub_bytes = (size_t)(stub_end - stub_first);
	add_ram();
	add_stage1();
	mmu_main(&platform);
}
