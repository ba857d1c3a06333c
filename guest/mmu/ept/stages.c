// SPDX-License-Identifier: MPL-2.0
/* The second stages that EPT can be, and those of them that the processor has. */
#include "guest/mmu/ept/ept.h"

#include "guest/mmu/ept/vmx.h"
#include "guest/mmu/report.h"

#define BIT(n) ((uint64_t)1 << (n))

/* IA32_VMX_EPT_VPID_CAP; appendix A.10 of volume 3D. */
#define CAP_EXEC_ONLY      BIT(0)
#define CAP_ACCESSED_DIRTY BIT(21)
#define CAP_ADVANCED       BIT(22)

struct kind {
	const char *name;
	const struct mz_format *format;
	uint64_t cap_needed;
	uint64_t cap_unused; /* what the hardware has of it is left off */
	uint32_t secondary;  /* needed */
	const char *lacking; /* said where one of them is missing */
};

static const struct kind kinds[EPT_STAGES] = {
	{"ept", &mz_ept, CAP_ACCESSED_DIRTY, 0, 0,
	 "the processor has no accessed and dirty flags in EPT"},
	{"ept_without_ad", &mz_ept, 0, CAP_ACCESSED_DIRTY, 0,
	 "the processor has no EPT of 4 levels"},
	{"ept_soft", &mz_ept_soft, 0, CAP_ACCESSED_DIRTY, 0,
	 "the processor has no EPT of 4 levels"},
	{"ept_mbe", &mz_ept_mbe, 0, 0, SECONDARY_MODES,
	 "the processor has no mode-based execute control"},
	{"ept5", &mz_ept5, 0, 0, 0, "the processor has no EPT of 5 levels"},
	{"ept5_mbe", &mz_ept5_mbe, 0, 0, SECONDARY_MODES,
	 "the processor has no EPT of 5 levels with mode-based execute control"},
};

/* Section 29.3.3.1: write without read; execute without read, where the processor says so. */
static uint16_t bad_perms(const struct mz_config *config, bool modes)
{
	unsigned all = modes ? 16 : 8, bad = 0;

	for (unsigned perm = 1; perm < all; perm++)
		if (!(perm & MZ_READ) && ((perm & MZ_WRITE) || !(config->features & MZ_EXEC_ONLY)))
			bad |= 1u << perm;
	return (uint16_t)bad;
}

/* Sections 29.3.5 for the flags, 29.3.3.2 for the guest's page walk. */
static bool make_stage(const struct kind *kind, struct stage *stage, struct ept_stage *own)
{
	struct mz_ept_hardware hardware = vmx_hardware();
	bool flags;

	if ((hardware.ept_vpid_cap & kind->cap_needed) != kind->cap_needed ||
	    !vmx_can(kind->secondary))
		return false;
	flags = (hardware.ept_vpid_cap & ~kind->cap_unused & CAP_ACCESSED_DIRTY) != 0;
	*own = (struct ept_stage) {
		.secondary = kind->secondary |
			(flags && vmx_can(SECONDARY_PML) ? SECONDARY_PML : 0),
		.modes = kind->secondary == SECONDARY_MODES,
		.advanced = (hardware.ept_vpid_cap & CAP_ADVANCED) != 0,
	};
	hardware.ept_vpid_cap &= ~kind->cap_unused;
	*stage = (struct stage) {
		.name = kind->name,
		.config.format = kind->format,
		.own = own,
		.flags_set = flags ? MZ_ACCESSED | MZ_DIRTY : 0,
		.flags_demanded = kind->format->flags_fault ? MZ_ACCESSED : 0,
		.flags_hide = kind->format->flags_fault,
		.links_accessed = flags,
		.walk_writes = flags,
		.spoil = ept_spoil,
	};
	if (mz_ept_configure(&stage->config, &hardware) != MZ_OK)
		return false;
	stage->bad_perms = bad_perms(&stage->config, own->modes);
	return true;
}

static bool lacks[EPT_STAGES];

unsigned ept_find_stages(struct stage stages[EPT_STAGES])
{
	static struct ept_stage own[EPT_STAGES];
	unsigned count = 0;

	for (unsigned i = 0; i < EPT_STAGES; i++) {
		lacks[i] = !make_stage(&kinds[i], &stages[count], &own[count]);
		count += !lacks[i];
	}
	return count;
}

void ept_report_lacking(void)
{
	for (unsigned i = 0; i < EPT_STAGES; i++) {
		if (!lacks[i])
			continue;
		report_test("%s_is_walked", kinds[i].name);
		report_skip(kinds[i].lacking);
	}
}
