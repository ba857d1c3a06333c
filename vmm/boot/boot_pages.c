// SPDX-License-Identifier: MPL-2.0
/* The boot page tables: in guest memory, built by libmezz. */
#include <string.h>

#include "arch/x86/ia32e.h"
#include "vmm/boot/boot_protocol.h"

/* A root, a node for 512 GiB and four for the 2 MiB leaves of 1 GiB each. */
#define NODE_COUNT 6
#define PAGE_LG2   12
#define PAGE_BYTES (1u << PAGE_LG2)

/*
 * Where the nodes come from: guest pages out of the boot area, and their metadata, which the guest
 * does not see.
 */
struct node_pages {
	uint64_t first; /* gpa */
	unsigned used;
	struct mz_frame frames[NODE_COUNT];
};

static enum mz_error node_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	struct node_pages *pages = context;

	if (size_lg2 != PAGE_LG2 || pages->used == NODE_COUNT)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from(pages->first + (uint64_t)pages->used++ * PAGE_BYTES);
	return MZ_OK;
}

/*
 * The one map below either succeeds with every page in use or ends the run: nothing would take a
 * page again.
 */
static void node_free(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	(void)pa;
	(void)size_lg2;
}

/*
 * Leaves of 2 MiB: every 64-bit processor has them, not every one has 1 GiB. The table object ends
 * with this function and its nodes stay, for the guest's processor walks them from now on.
 */
static enum mz_error build_page_tables(struct node_pages *pages, const struct mz_ram *ram,
				       uint64_t *cr3)
{
	const struct mz_config config = {
		.format = &mz_ia32e,
		.leaf_levels = 1u << 1 | 1u << 2,
		.memory =
			{
				.context = pages,
				.alloc = node_alloc,
				.free = node_free,
				.linear = (uintptr_t)mz_ram_at(ram, 0, MZ_BOOT_LOW_END),
				.frames = pages->frames,
				.first_frame = pages->first >> PAGE_LG2,
				.frame_count = NODE_COUNT,
			},
	};
	struct mz_prop prop = mz_prop_from(MZ_READ | MZ_WRITE | MZ_EXEC);
	struct mz_table table;
	enum mz_error error = mz_table_init(&table, &config);

	if (error)
		return error;
	prop.flags = MZ_USER;
	*cr3 = mz_table_root_register(&table);
	return mz_table_map(&table, mz_ia_from(0), MZ_BOOT_MAPPED_BYTES, mz_oa_from(0), prop);
}

int mz_boot_put_page_tables_(struct mz_boot *boot, uint64_t *cr3, struct mz_failure *failure)
{
	struct node_pages pages;
	enum mz_error error;

	memset(&pages, 0, sizeof(pages));
	if (!mz_boot_take_(boot, NODE_COUNT * PAGE_BYTES, PAGE_BYTES, &pages.first, failure))
		return -1;
	error = build_page_tables(&pages, boot->ram, cr3);
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot build the guest's boot page tables: %s",
			       mz_error_text(error));
	return 0;
}
