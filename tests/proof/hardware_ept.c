// SPDX-License-Identifier: MPL-2.0
/*
 * arch/x86/ept.h but for its formats: any registers, any entries. Sections are those of the Intel
 * SDM, volumes 3C and 3D, in the edition of September 2023.
 * Proof ept_configure: -Itests/proof/formats arch/x86/ept*.c --function ept_configure --unwind 7
 * Proof ept_misconfigured: -Itests/proof/formats arch/x86/ept*.c
 *   --function ept_misconfigured --unwind 7
 * Proof ept_fault: -Itests/proof/formats arch/x86/ept_hardware.c --function ept_fault
 */
#include "arch/x86/ept.h"
#include "core/geometry.h"
#include "tests/proof/hardware.h"

/* One of the six, or another. */
static const struct mz_format *free_format(void)
{
	static const struct mz_format other = {.levels = 4, .page_lg2 = 12, .oa_lg2 = 52};
	unsigned which = nondet_unsigned();

	return which == 0    ? &mz_ept
		: which == 1 ? &mz_ept5
		: which == 2 ? &mz_ept_mbe
		: which == 3 ? &mz_ept5_mbe
		: which == 4 ? &mz_ept_soft
		: which == 5 ? &mz_ept5_soft
			     : &other;
}

static bool has_modes(const struct mz_format *f)
{
	return f == &mz_ept_mbe || f == &mz_ept5_mbe;
}

static bool is_soft(const struct mz_format *f)
{
	return f == &mz_ept_soft || f == &mz_ept5_soft;
}

void ept_configure(void)
{
	const struct mz_format *f = free_format();
	struct mz_config c = free_config_of(f), was = c;
	struct mz_ept_hardware h = {nondet_u64(), nondet_u64(), nondet_u64(), nondet_u32()};
	unsigned oa_lg2 = h.address_sizes & 255;
	uint64_t cap = h.ept_vpid_cap;
	enum mz_error error;
	enum mz_error wanted = MZ_OK;

	/* Appendix A.10: 6 and 7 are the walk's length, 14 its caching; A.3.3: mode-based execute.
	 */
	if (f != &mz_ept && f != &mz_ept5 && !has_modes(f) && !is_soft(f))
		wanted = MZ_BAD_FORMAT;
	else if (!has_bit(cap, f->levels == 5 ? 7 : 6))
		wanted = MZ_BAD_LEVEL;
	else if (has_modes(f) && !has_bit(h.procbased_ctls2, 32 + 22))
		wanted = MZ_BAD_FEATURES;
	else if (!has_bit(cap, 14))
		wanted = MZ_BAD_CONFIG;
	else if (oa_lg2 <= 12 || oa_lg2 > 52)
		wanted = MZ_BAD_WIDTH;

	error = mz_ept_configure(&c, &h);

	CLAIM(error == wanted, "refuses what the hardware lacks");
	claim_configured(&c, &was, error == MZ_OK);
	if (error != MZ_OK)
		return;
	CLAIM(c.oa_lg2 == oa_lg2, "output addresses are the processor's");
	CLAIM(c.leaf_levels == (2u | (has_bit(cap, 16) ? 4u : 0u) | (has_bit(cap, 17) ? 8u : 0u)),
	      "leaves are those that the processor has");
	CLAIM(((c.features & MZ_EXEC_ONLY) != 0) == has_bit(cap, 0) &&
		      ((c.features & MZ_HW_ACCESSED_DIRTY) != 0) ==
			      (has_bit(cap, 21) && !is_soft(f)) &&
		      ((c.features & MZ_SHADOW_STACKS) != 0) == has_bit(cap, 23) &&
		      ((c.features & MZ_GUEST_PAGING) != 0) == ((h.procbased_ctls3 & 0xc) == 0xc) &&
		      (c.features & MZ_MMIO_MARKERS) != 0,
	      "features are those that the processor has, and markers");
	REACHES(f == &mz_ept5_mbe && c.leaf_levels == 14);
	REACHES(f == &mz_ept && c.features == MZ_MMIO_MARKERS);
	REACHES(is_soft(f) && has_bit(cap, 21));
}

/* Section 29.3.3.1, "EPT misconfigurations", by the bits of an entry. */
static bool misconfigured(const struct mz_format *f, uint32_t features, unsigned oa_lg2,
			  uint64_t entry, unsigned level)
{
	bool read = has_bit(entry, 0), write = has_bit(entry, 1), user = has_bit(entry, 10);
	bool exec = has_bit(entry, 2) || (has_modes(f) && user);
	bool leaf = level == 1 || has_bit(entry, 7);
	unsigned type = (unsigned)(entry >> 3 & 7);

	if (!read && !write && !exec)
		return false;
	if (!read && (write || (features & MZ_EXEC_ONLY) == 0))
		return true;
	if (entry << 12 >> 12 >> oa_lg2 != 0)
		return true;
	/* The address of a large leaf is aligned to it: 12, 21 or 30 bits. */
	if (leaf && (entry >> 12 << 12 & (((uint64_t)1 << (9 * level + 3)) - 1)) != 0)
		return true;
	/* A link has 7:3 reserved, and levels above the third have no leaves. */
	if (!leaf || level > 3)
		return (entry & 0xf8) != 0;
	return type == 2 || type == 3 || type == 7;
}

void ept_misconfigured(void)
{
	const struct mz_format *f = free_format();
	uint32_t features = nondet_u32();
	unsigned oa_lg2 = nondet_unsigned(), level = nondet_unsigned();
	uint64_t entry = nondet_u64();
	bool is, marker;

	ASSUME(f == &mz_ept || f == &mz_ept5 || has_modes(f) || is_soft(f));
	ASSUME(oa_lg2 > 12 && oa_lg2 <= 52 && level >= 1 && level <= f->levels);

	is = mz_ept_is_misconfigured(f, features, oa_lg2, entry, level);

	CLAIM(is == misconfigured(f, features, oa_lg2, entry, level),
	      "an entry is misconfigured where the manual says so");
	/* One that the format makes, which matters where what hardware sees is a copy. */
	marker = mz_ept_is_mmio_marker(f->prop(entry, level)) &&
		f->with_perm(entry, level, MZ_EPT_MMIO_PERM) == entry;
	CLAIM(!marker || f->kind(entry, level) == MZ_ABSENT || is, "a marker always is");
	REACHES(is && marker);
	REACHES(is && marker && is_soft(f));
	REACHES(!is && is_soft(f) && f->kind(entry, level) == MZ_LEAF && (entry & 7) == 0);
	REACHES(!is && f->kind(entry, level) == MZ_LEAF && level == 3);
	REACHES(!is && f->kind(entry, level) == MZ_NODE && level == 5);
}

/* Section 28.2.1, table 28-7: bits of an exit qualification. */
static void violation(void)
{
	uint64_t q = nondet_u64(), gpa = nondet_u64(), gla = nondet_u64();
	bool advanced = nondet_bool(), modes = nondet_bool();
	struct mz_fault_record is = mz_ept_violation(q, gpa, gla, advanced, modes), wanted = {0};
	bool mapped = (q >> 3 & 7) != 0 || (modes && has_bit(q, 6));

	wanted.ia = mz_ia_from(gpa);
	wanted.has_ia = true;
	wanted.has_guest_va = has_bit(q, 7);
	wanted.guest_va = has_bit(q, 7) ? gla : 0;
	wanted.walk = has_bit(q, 7) && !has_bit(q, 8);
	wanted.user = advanced && (q >> 7 & 7) == 7;
	wanted.cause = mapped ? MZ_FAULT_DENIED : MZ_FAULT_ABSENT;
	if (has_bit(q, 0))
		wanted.access |= MZ_READ;
	if (has_bit(q, 1))
		wanted.access |= MZ_WRITE;
	if (has_bit(q, 2))
		wanted.access |= modes && wanted.user ? MZ_EXEC_USER : MZ_EXEC;
	CLAIM(same_fault(&is, &wanted), "a violation is what the qualification says");
	REACHES(is.access == MZ_EXEC_USER && is.cause == MZ_FAULT_DENIED);
	REACHES(is.walk && is.cause == MZ_FAULT_ABSENT);
}

static void misconfiguration(void)
{
	uint64_t gpa = nondet_u64();
	struct mz_fault_record is = mz_ept_misconfiguration(gpa), wanted = {0};

	wanted.ia = mz_ia_from(gpa);
	wanted.has_ia = true;
	wanted.cause = MZ_FAULT_MISCONFIGURED;
	CLAIM(same_fault(&is, &wanted), "a misconfiguration tells its address");
}

void ept_fault(void)
{
	violation();
	misconfiguration();
}
