// SPDX-License-Identifier: MPL-2.0
/* The guest's second stage: nested page tables, and what lies where. */
#include "guest/bare/bare.h"
#include "guest/lib/machine.h"

#define PAGE       4096u
#define NODE_COUNT 64

/* Memory for nodes, which is mapped to itself. */
static uint8_t nodes[NODE_COUNT][PAGE] __attribute__((aligned(PAGE)));
static struct mz_frame frames[NODE_COUNT];
static unsigned given_back[NODE_COUNT], given_back_count, used;

static enum mz_error node_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	(void)size_lg2;
	if (given_back_count == 0 && used == NODE_COUNT)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from(
		(uintptr_t)nodes[given_back_count > 0 ? given_back[--given_back_count] : used++]);
	return MZ_OK;
}

static void node_free(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	(void)size_lg2;
	given_back[given_back_count++] = (unsigned)((pa.addr - (uintptr_t)nodes) / PAGE);
}

static void flush(void *context, mz_ia first, mz_ia last, bool with_nodes)
{
	struct bare *bare = context;

	(void)first;
	(void)last;
	(void)with_nodes;
	svm_guest_flush(bare->vmcb);
}

static uint8_t rom[ROM_BYTES] __attribute__((aligned(PAGE)));

static void add(struct bare *bare, const struct mz_region *region)
{
	if (mz_space_add(&bare->space, region) != MZ_OK)
		give_up("a region of the guest does not fit");
}

void space_make(struct bare *bare)
{
	static struct mz_region regions[3];
	struct mz_npt_hardware hardware = svm_hardware();
	struct mz_config config = {
		.format = &mz_npt,
		.memory =
			{
				.alloc = node_alloc,
				.free = node_free,
				.frames = frames,
				.first_frame = (uintptr_t)nodes / PAGE,
				.frame_count = NODE_COUNT,
			},
		.flush = {bare, flush},
	};

	for (unsigned i = 0; i < ROM_BYTES; i++)
		rom[i] = rom_byte(i);
	if (mz_npt_configure(&config, &hardware) != MZ_OK ||
	    mz_space_init(&bare->space, &config, NULL, regions, 3) != MZ_OK)
		give_up("no nested page table can be made");
	mz_worker_begin(&bare->worker, &bare->space);
	add(bare,
	    &(struct mz_region) {.ia = mz_ia_from(0),
				 .bytes = RAM_BYTES,
				 .oa = mz_oa_from((uintptr_t)bare->ram),
				 .kind = MZ_REGION_RAM});
	add(bare,
	    &(struct mz_region) {.ia = mz_ia_from(ROM_BASE),
				 .bytes = ROM_BYTES,
				 .oa = mz_oa_from((uintptr_t)rom),
				 .kind = MZ_REGION_ROM});
	add(bare,
	    &(struct mz_region) {
		    .ia = mz_ia_from(DEVICE_BASE), .bytes = DEVICE_BYTES, .kind = MZ_REGION_MMIO});
}
