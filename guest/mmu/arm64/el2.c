// SPDX-License-Identifier: MPL-2.0
/* EL2's own stage 1: libmezz's format of EL2, everything mapped one to one. */
#include "arch/arm/arm.h"
#include "guest/lib/guest.h"
#include "guest/mmu/arm64/machine.h"
#include "guest/mmu/arm64/registers.h"
#include "guest/mmu/arm64/stages.h"

#define PAGE_LG2  12
#define PAGE      (1u << PAGE_LG2)
#define NODES_MAX 16

static _Alignas(PAGE) unsigned char nodes[NODES_MAX][PAGE];
static struct mz_frame frames[NODES_MAX];
static unsigned node_count;

static struct mz_format format;
static struct mz_table table;

static enum mz_error alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	if (size_lg2 != PAGE_LG2 || node_count == NODES_MAX)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from((uintptr_t)nodes[node_count++]);
	return MZ_OK;
}

/* Nothing is ever unmapped. */
static void give_back(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	(void)pa;
	(void)size_lg2;
}

static enum mz_error map(uint64_t first, uint64_t end, unsigned perm, unsigned memory)
{
	struct mz_prop prop = {(uint8_t)perm, (uint8_t)memory, MZ_ACCESSED | MZ_SHARED_INNER};

	return mz_table_map(&table, mz_ia_from(first), end - first, mz_oa_from(first), prop);
}

static enum mz_error fill(const struct mz_arm_s1 *wanted)
{
	uint64_t text = (uintptr_t)text_first, data = (uintptr_t)text_end;
	enum mz_error error = mz_arm_s1_supported(hardware(), wanted);

	if (error == MZ_OK)
		error = mz_arm_s1_format(wanted, &format);
	if (error == MZ_OK)
		error = mz_table_init(
			&table,
			&(struct mz_config) {
				.format = &format,
				.memory =
					{
						.alloc = alloc,
						.free = give_back,
						.frames = frames,
						.first_frame = (uintptr_t)nodes >> PAGE_LG2,
						.frame_count = NODES_MAX,
					},
			});
	if (error == MZ_OK)
		error = map(MACHINE_DEVICES, MACHINE_DEVICES + MACHINE_DEVICES_BYTES,
			    MZ_READ | MZ_WRITE, MZ_MEM_DEVICE);
	if (error == MZ_OK)
		error = map(MACHINE_RAM, text, MZ_READ | MZ_WRITE, MZ_MEM_WRITE_BACK);
	if (error == MZ_OK)
		error = map(text, data, MZ_READ | MZ_EXEC, MZ_MEM_WRITE_BACK);
	if (error == MZ_OK)
		error = map(data, MACHINE_RAM + MACHINE_RAM_BYTES, MZ_READ | MZ_WRITE,
			    MZ_MEM_WRITE_BACK);
	return error;
}

/*
 * SCTLR_EL2 where HCR_EL2.E2H is 0. RES1: 29, 28, 23, 22, 18, 16, 11, 5, 4. M 0, C 2, SA 3, I 12;
 * A, bit 1, is 0: unaligned accesses work.
 */
#define SCTLR_EL2_RES1 0x30c50830u
#define SCTLR_EL2_ON   (1u << 0 | 1u << 2 | 1u << 3 | 1u << 12)

void el2_mmu_on(void)
{
	const struct mz_arm_s1 wanted = {PAGE_LG2, 39, 40, MZ_ARM_EL2};
	enum mz_error error = fill(&wanted);

	if (error != MZ_OK) {
		print("Bail out! the table of EL2: %s\n", mz_error_text(error));
		finish(1);
	}
	WRITE_REGISTER("mair_el2", MZ_ARM_MAIR);
	WRITE_REGISTER("tcr_el2", mz_arm_tcr(&wanted, 0));
	WRITE_REGISTER("ttbr0_el2", mz_table_root_register(&table));
	dsb();
	isb();
	__asm__ volatile("tlbi alle2\n\tic iallu" ::: "memory");
	dsb();
	isb();
	WRITE_REGISTER("sctlr_el2", SCTLR_EL2_RES1 | SCTLR_EL2_ON);
	isb();
}
