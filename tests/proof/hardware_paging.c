// SPDX-License-Identifier: MPL-2.0
/*
 * arch/x86/ia32e.h and arch/x86/npt.h but for their formats: any registers. Sections are those of
 * the Intel SDM, volume 3A, in the edition of September 2023, and of the AMD APM, volume 2.
 * Proof ia32e_configure: -Itests/proof/formats arch/x86/[ip]*.c
 *   --function ia32e_configure --unwind 7
 * Proof npt_configure: -Itests/proof/formats arch/x86/[np]*.c --function npt_configure --unwind 7
 * Proof paging_fault: -Itests/proof/formats arch/x86/paging_hardware.c --function paging_fault
 */
#include "arch/x86/ia32e.h"
#include "arch/x86/npt.h"
#include "tests/proof/hardware.h"

static const struct mz_format *free_format(void)
{
	static const struct mz_format other = {.levels = 4, .page_lg2 = 12, .oa_lg2 = 52};
	unsigned which = nondet_unsigned();

	return which == 0    ? &mz_ia32e
		: which == 1 ? &mz_ia32e5
		: which == 2 ? &mz_npt
		: which == 3 ? &mz_npt5
		: which == 4 ? &mz_npt_gmet
		: which == 5 ? &mz_npt5_gmet
			     : &other;
}

/* What both ask for: PAE, NX, long mode, and LA57 for five levels. */
static enum mz_error lack(const struct mz_format *f, const struct mz_ia32e_hardware *h)
{
	unsigned oa_lg2 = h->address_sizes_eax & 255;

	if (!has_bit(h->features_edx, 6) || !has_bit(h->extended_edx, 20) ||
	    !has_bit(h->extended_edx, 29))
		return MZ_BAD_CONFIG;
	if (f->levels == 5 && !has_bit(h->structured_ecx, 16))
		return MZ_BAD_LEVEL;
	return oa_lg2 > 12 && oa_lg2 <= 52 ? MZ_OK : MZ_BAD_WIDTH;
}

static void claim_paging(const struct mz_config *c, const struct mz_ia32e_hardware *h,
			 uint32_t features)
{
	CLAIM(c->oa_lg2 == (h->address_sizes_eax & 255), "output addresses are the processor's");
	CLAIM(c->leaf_levels == (has_bit(h->extended_edx, 26) ? 14 : 6),
	      "leaves are those that the processor has");
	if (has_bit(h->features_edx, 16))
		features |= MZ_PAT;
	CLAIM(c->features == (features | MZ_HW_ACCESSED_DIRTY),
	      "features are those that the processor has");
}

void ia32e_configure(void)
{
	const struct mz_format *f = free_format();
	struct mz_config c = free_config_of(f), was = c;
	struct mz_ia32e_hardware h = {nondet_u32(), nondet_u32(), nondet_u32(), nondet_u32()};
	enum mz_error error = mz_ia32e_configure(&c, &h);
	bool known = f == &mz_ia32e || f == &mz_ia32e5;

	CLAIM(error == (known ? lack(f, &h) : MZ_BAD_FORMAT), "refuses what the hardware lacks");
	claim_configured(&c, &was, error == MZ_OK);
	if (error != MZ_OK)
		return;
	claim_paging(&c, &h, has_bit(h.structured_ecx, 4) ? MZ_PROTECTION_KEYS : 0);
	REACHES(f == &mz_ia32e5 && c.leaf_levels == 14 && (c.features & MZ_PROTECTION_KEYS) != 0);
	REACHES(f == &mz_ia32e && c.features == MZ_HW_ACCESSED_DIRTY);
}

void npt_configure(void)
{
	const struct mz_format *f = free_format();
	struct mz_config c = free_config_of(f), was = c;
	struct mz_npt_hardware h = {nondet_u32(), nondet_u32(), nondet_u32(), nondet_u32(),
				    nondet_u32()};
	struct mz_ia32e_hardware host = {h.features_edx, h.structured_ecx, h.extended_edx,
					 h.address_sizes_eax};
	enum mz_error error = mz_npt_configure(&c, &h);
	bool traps = f == &mz_npt_gmet || f == &mz_npt5_gmet;
	enum mz_error wanted = lack(f, &host);

	if (!traps && f != &mz_npt && f != &mz_npt5)
		wanted = MZ_BAD_FORMAT;
	else if (!has_bit(h.svm_edx, 0))
		wanted = MZ_BAD_CONFIG;
	else if (traps && !has_bit(h.svm_edx, 17))
		wanted = MZ_BAD_FEATURES;
	CLAIM(error == wanted, "refuses what the hardware lacks");
	claim_configured(&c, &was, error == MZ_OK);
	if (error != MZ_OK)
		return;
	claim_paging(&c, &host, 0);
	REACHES(f == &mz_npt5 && c.leaf_levels == 6);
	REACHES(f == &mz_npt && (c.features & MZ_PAT) != 0);
}

/*
 * What error codes have in common: bit 0 present, 1 a write, 3 reserved bits, 4 a fetch. A fetch
 * never writes.
 */
static struct mz_fault_record common(uint64_t code, uint64_t address)
{
	struct mz_fault_record fault = {0};

	fault.ia = mz_ia_from(address);
	fault.has_ia = true;
	fault.access = has_bit(code, 1) ? MZ_WRITE : MZ_READ;
	if (has_bit(code, 4))
		fault.access = MZ_EXEC;
	fault.cause = has_bit(code, 0) ? MZ_FAULT_DENIED : MZ_FAULT_ABSENT;
	if (has_bit(code, 3))
		fault.cause = MZ_FAULT_MISCONFIGURED;
	return fault;
}

/* Section 4.7 for stage 1: 2 user, 15 SGX. APM 15.25.6 for nested paging: 33 the guest's walk. */
void paging_fault(void)
{
	uint64_t code = nondet_u64(), address = nondet_u64();
	struct mz_fault_record is = mz_ia32e_fault((uint32_t)code, address);
	struct mz_fault_record nested = mz_npt_fault(code, address);
	struct mz_fault_record wanted = common(code, address);

	wanted.walk = has_bit(code, 33);
	CLAIM(same_fault(&nested, &wanted), "a nested fault is what the error code says");
	wanted.walk = false;
	wanted.user = has_bit(code, 2);
	if (has_bit(code, 15))
		wanted.cause = MZ_FAULT_OTHER;
	CLAIM(same_fault(&is, &wanted), "a page fault is what the error code says");
	REACHES(nested.walk && nested.cause == MZ_FAULT_MISCONFIGURED);
	REACHES(is.user && is.access == MZ_EXEC && is.cause == MZ_FAULT_DENIED);
	REACHES(is.cause == MZ_FAULT_OTHER);
}
