// SPDX-License-Identifier: MPL-2.0
/* Guest memory through the guest's own page tables. */
#include "vmm/memory/guest_memory.h"

#include "arch/x86/ia32e.h"

#define CR0_PG   (UINT64_C(1) << 31)
#define CR4_LA57 (UINT64_C(1) << 12)
#define EFER_LMA (UINT64_C(1) << 10)
#define CR3_ROOT UINT64_C(0x000ffffffffff000)

struct mz_guest_paging mz_guest_paging(uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
	struct mz_guest_paging paging = {.kind = MZ_PAGING_OTHER, .root = cr3 & CR3_ROOT};

	if (!(cr0 & CR0_PG))
		paging.kind = MZ_PAGING_OFF;
	else if ((efer & EFER_LMA) && !(cr4 & CR4_LA57))
		paging.kind = MZ_PAGING_4_LEVEL;
	return paging;
}

static const uint64_t *node_at(void *context, mz_oa node, size_t bytes)
{
	return mz_ram_peek(context, node.addr, bytes);
}

enum mz_error mz_guest_walk(const struct mz_ram *ram, const struct mz_guest_paging *paging,
			    uint64_t address, struct mz_walk *walk)
{
	return mz_walk_root(&mz_ia32e, mz_oa_from(paging->root), node_at, (void *)ram,
			    mz_ia_from(address), walk);
}

bool mz_guest_translate(const struct mz_ram *ram, const struct mz_guest_paging *paging,
			uint64_t address, uint64_t *gpa)
{
	struct mz_walk walk;

	switch (paging->kind) {
	case MZ_PAGING_OFF:
		*gpa = address;
		return true;
	case MZ_PAGING_4_LEVEL:
		if (mz_guest_walk(ram, paging, address, &walk) != MZ_OK)
			return false;
		*gpa = walk.item.oa.addr;
		return true;
	case MZ_PAGING_OTHER:
		break;
	}
	return false;
}

size_t mz_guest_read(const struct mz_ram *ram, const struct mz_guest_paging *paging,
		     uint64_t address, unsigned char *bytes, size_t count)
{
	size_t done;

	for (done = 0; done < count; done++) {
		const unsigned char *at = NULL;
		uint64_t gpa;

		if (mz_guest_translate(ram, paging, address + done, &gpa))
			at = mz_ram_peek(ram, gpa, 1);
		if (!at)
			break;
		bytes[done] = *at;
	}
	return done;
}
