// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/arm64/el2.h"

#include "guest/lib/guest.h"
#include "guest/mmu/arm64/machine.h"
#include "guest/mmu/arm64/stages.h"

/* Room for nodes of every page size, for two tables. */
#define NODES_LG2 20
#define PAGE_LG2  12
#define PAGES     (1u << (NODES_LG2 - PAGE_LG2))

static _Alignas(1 << 16) unsigned char nodes[1 << NODES_LG2];
static struct mz_frame frames[PAGES];
static uintptr_t nodes_next;

static struct {
	struct mz_format format;
	struct mz_table table;
} used[2];
static unsigned current; /* which of the two */

static enum mz_error alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	uintptr_t bytes = (uintptr_t)1 << size_lg2;
	uintptr_t first = (nodes_next + bytes - 1) & ~(bytes - 1);

	(void)context;
	if (first + bytes > (uintptr_t)nodes + sizeof(nodes))
		return MZ_NO_MEMORY;
	nodes_next = first + bytes;
	*pa = mz_oa_from(first);
	return MZ_OK;
}

/* Nothing is unmapped: a table that is no longer used leaves all its room to the next. */
static void give_back(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	(void)pa;
	(void)size_lg2;
}

static enum mz_error map(struct mz_table *table, uint64_t first, uint64_t end, unsigned perm,
			 unsigned memory)
{
	struct mz_prop prop = mz_prop_from(perm);

	prop.memory = (uint8_t)memory;
	prop.flags = MZ_ACCESSED | (table->config.format->flags & MZ_SHARED_INNER);
	return mz_table_map(table, mz_ia_from(first), end - first, mz_oa_from(first), prop);
}

static enum mz_error fill(struct mz_table *table)
{
	uint64_t text = (uintptr_t)text_first, data = (uintptr_t)text_end;
	uint64_t ram_end = (uint64_t)MACHINE_RAM + MACHINE_RAM_BYTES;
	enum mz_error error;

	error = map(table, MACHINE_DEVICES, MACHINE_DEVICES + MACHINE_DEVICES_BYTES,
		    MZ_READ | MZ_WRITE, MZ_MEM_DEVICE);
	if (error == MZ_OK)
		error = map(table, MACHINE_RAM, text, MZ_READ | MZ_WRITE, MZ_MEM_WRITE_BACK);
	if (error == MZ_OK)
		error = map(table, text, data, MZ_READ | MZ_EXEC, MZ_MEM_WRITE_BACK);
	if (error == MZ_OK)
		error = map(table, data, ram_end, MZ_READ | MZ_WRITE, MZ_MEM_WRITE_BACK);
	return error;
}

/* In the half of the room that the table in use has not. */
static enum mz_error make(unsigned which, const struct mz_arm_s1 *wanted)
{
	struct mz_config config = {
		.format = &used[which].format,
		.memory =
			{
				.alloc = alloc,
				.free = give_back,
				.frames = frames,
				.frame_count = sizeof(nodes) >> wanted->page_lg2,
				.first_frame = (uintptr_t)nodes >> wanted->page_lg2,
			},
	};
	enum mz_error error = mz_arm_s1_supported(hardware(), wanted);

	nodes_next = (uintptr_t)nodes + which * sizeof(nodes) / 2;
	if (error == MZ_OK)
		error = mz_arm_s1_format(wanted, &used[which].format);
	if (error == MZ_OK)
		error = mz_table_init(&used[which].table, &config);
	return error != MZ_OK ? error : fill(&used[which].table);
}

/*
 * SCTLR_EL2 where HCR_EL2.E2H is 0. RES1: 29, 28, 23, 22, 18, 16, 11, 5, 4. M 0, C 2, SA 3, I 12;
 * A, bit 1, is 0: unaligned accesses work.
 */
#define SCTLR_EL2_RES1 0x30c50830u
#define SCTLR_EL2_ON   (SCTLR_EL2_RES1 | 1u << 0 | 1u << 2 | 1u << 3 | 1u << 12)

bool el2_mmu_use(const struct mz_arm_s1 *wanted)
{
	unsigned next = 1 - current;

	if (make(next, wanted) != MZ_OK)
		return false;
	current = next;
	el2_mmu_switch(mz_table_root_register(&used[next].table), mz_arm_tcr(wanted, 0),
		       MZ_ARM_MAIR, SCTLR_EL2_ON);
	return true;
}

void el2_mmu_on(void)
{
	const struct mz_arm_s1 wanted = {PAGE_LG2, 39, 40, MZ_ARM_EL2};

	if (el2_mmu_use(&wanted))
		return;
	print("Bail out! there is no table for EL2\n");
	finish(1);
}

const struct mz_table *el2_table(void)
{
	return &used[current].table;
}
