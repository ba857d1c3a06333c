// SPDX-License-Identifier: MPL-2.0
/*
 * What VMX says of its EPT, and of faults in it. Section numbers are those of the Intel SDM,
 * volumes 3C and 3D, in the edition of September 2023.
 */
#include "arch/x86/ept.h"

#include "core/geometry.h"

#define BIT(n) ((uint64_t)1 << (n))

/* IA32_VMX_EPT_VPID_CAP; appendix A.10. */
#define CAP_EXEC_ONLY      BIT(0)
#define CAP_LEVELS_4       BIT(6)
#define CAP_LEVELS_5       BIT(7)
#define CAP_WALK_WB        BIT(14)
#define CAP_LEAF_2M        BIT(16)
#define CAP_LEAF_1G        BIT(17)
#define CAP_ACCESSED_DIRTY BIT(21)
#define CAP_SHADOW_STACK   BIT(23)

/* Secondary controls that may be 1 are in bits 63:32 of the MSR; appendix A.3.3. */
#define CTLS2_MODES BIT(32 + 22)

/* Tertiary controls that may be 1; appendix A.3.4. */
#define CTLS3_PAGING_WRITE  BIT(2)
#define CTLS3_VERIFY_PAGING BIT(3)
#define CTLS3_GUEST_PAGING  (CTLS3_PAGING_WRITE | CTLS3_VERIFY_PAGING)

static bool format_has_modes(const struct mz_format *f)
{
	return f == &mz_ept_mbe || f == &mz_ept5_mbe;
}

static bool format_is_soft(const struct mz_format *f)
{
	return f == &mz_ept_soft || f == &mz_ept5_soft;
}

/* What the processor lacks of a format. */
static enum mz_error lack(const struct mz_format *f, const struct mz_ept_hardware *h)
{
	if ((h->ept_vpid_cap & (f->levels == 5 ? CAP_LEVELS_5 : CAP_LEVELS_4)) == 0)
		return MZ_BAD_LEVEL;
	if (format_has_modes(f) && (h->procbased_ctls2 & CTLS2_MODES) == 0)
		return MZ_BAD_FEATURES;
	return (h->ept_vpid_cap & CAP_WALK_WB) != 0 ? MZ_OK : MZ_BAD_CONFIG;
}

enum mz_error mz_ept_configure(struct mz_config *config, const struct mz_ept_hardware *hardware)
{
	const struct mz_format *f = config->format;
	uint64_t cap = hardware->ept_vpid_cap;
	unsigned oa_lg2 = hardware->address_sizes & 0xff;
	enum mz_error error;

	if (f != &mz_ept && f != &mz_ept5 && !format_has_modes(f) && !format_is_soft(f))
		return MZ_BAD_FORMAT;
	error = lack(f, hardware);
	if (error != MZ_OK)
		return error;
	if (oa_lg2 <= f->page_lg2 || oa_lg2 > f->oa_lg2)
		return MZ_BAD_WIDTH;
	config->leaf_levels = 1u << 1 | (cap & CAP_LEAF_2M ? 1u << 2 : 0u) |
		(cap & CAP_LEAF_1G ? 1u << 3 : 0u);
	config->features = (cap & CAP_ACCESSED_DIRTY && !format_is_soft(f) ? MZ_HW_ACCESSED_DIRTY
									   : 0u) |
		(cap & CAP_EXEC_ONLY ? MZ_EXEC_ONLY : 0u) |
		(cap & CAP_SHADOW_STACK ? MZ_SHADOW_STACKS : 0u) |
		((hardware->procbased_ctls3 & CTLS3_GUEST_PAGING) == CTLS3_GUEST_PAGING
			 ? MZ_GUEST_PAGING
			 : 0u) |
		MZ_MMIO_MARKERS;
	config->oa_lg2 = (uint8_t)oa_lg2;
	return MZ_OK;
}

/* Bits 51:12 beyond the processor's addresses, and those below the address of a large leaf. */
static uint64_t reserved_address_bits(const struct mz_format *f, unsigned oa_lg2, uint64_t entry,
				      unsigned level)
{
	uint64_t address = BIT(52) - BIT(12), reserved = address & ~(BIT(oa_lg2) - 1);

	if (f->kind(entry, level) == MZ_LEAF)
		reserved |= address & (mz_span(f, level) - 1);
	return reserved;
}

bool mz_ept_is_misconfigured(const struct mz_format *format, uint32_t features, unsigned oa_lg2,
			     uint64_t entry, unsigned level)
{
	/* The processor knows nothing of what stands in bits that it ignores. */
	const struct mz_format *f = format == &mz_ept_soft ? &mz_ept
		: format == &mz_ept5_soft                  ? &mz_ept5
							   : format;
	enum mz_kind kind = f->kind(entry, level);
	struct mz_prop plain = mz_prop_from(f->prop(entry, level).perm);

	if (kind == MZ_ABSENT)
		return false;
	features &= ~(uint32_t)MZ_MMIO_MARKERS;
	if (!f->encodable(plain, level, features) ||
	    (entry & reserved_address_bits(f, oa_lg2, entry, level)) != 0)
		return true;
	/* Section 29.3.2: bits 7:3 of a link are reserved, and bit 7 where no leaf may be. */
	if (kind == MZ_NODE)
		return (entry & 0xf8) != 0;
	plain.memory = f->prop(entry, level).memory;
	return !mz_leaf_allowed(f->leaf_levels, level) || !f->encodable(plain, level, features);
}

/* Exit qualification; section 28.2.1, table 28-7. */
#define QUAL_READ      BIT(0)
#define QUAL_WRITE     BIT(1)
#define QUAL_FETCH     BIT(2)
#define QUAL_PERM      (BIT(3) | BIT(4) | BIT(5))
#define QUAL_PERM_USER BIT(6) /* under mode-based execute control */
#define QUAL_LINEAR    BIT(7) /* the guest linear address is valid */
#define QUAL_ACCESS    BIT(8) /* with it: the access itself, not the guest's page walk */
#define QUAL_USER      BIT(9) /* with both, and advanced information */

struct mz_fault_record mz_ept_violation(uint64_t qualification, uint64_t guest_physical,
					uint64_t guest_linear, bool advanced, bool modes)
{
	bool linear = (qualification & QUAL_LINEAR) != 0;
	bool access = linear && (qualification & QUAL_ACCESS) != 0;
	uint64_t perm = QUAL_PERM | (modes ? QUAL_PERM_USER : 0);
	struct mz_fault_record fault = {0};
	unsigned fetch;

	fault.ia = mz_ia_from(guest_physical);
	fault.has_ia = true;
	fault.has_guest_va = linear;
	fault.guest_va = linear ? guest_linear : 0;
	fault.walk = linear && !access;
	fault.user = access && advanced && (qualification & QUAL_USER) != 0;
	fault.cause = (qualification & perm) != 0 ? MZ_FAULT_DENIED : MZ_FAULT_ABSENT;
	fetch = modes && fault.user ? MZ_EXEC_USER : MZ_EXEC;
	fault.access = (uint8_t)((qualification & QUAL_READ ? MZ_READ : 0u) |
				 (qualification & QUAL_WRITE ? MZ_WRITE : 0u) |
				 (qualification & QUAL_FETCH ? fetch : 0u));
	return fault;
}

struct mz_fault_record mz_ept_misconfiguration(uint64_t guest_physical)
{
	struct mz_fault_record fault = {0};

	fault.ia = mz_ia_from(guest_physical);
	fault.has_ia = true;
	fault.cause = MZ_FAULT_MISCONFIGURED;
	return fault;
}
