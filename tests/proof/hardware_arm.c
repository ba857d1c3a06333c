// SPDX-License-Identifier: MPL-2.0
/*
 * arch/arm/arm.h but for the laws of its formats: any registers, anything wanted. Fields are those
 * of the Arm ARM's descriptions of registers.
 * Proof arm_hardware: -Itests/proof/formats arch/arm/hardware.c --function arm_hardware
 * Proof arm_format: -Itests/proof/formats arch/arm/[fh]*.c
 *   --function arm_format --unwind 8 --object-bits 11
 * Proof arm_supported: -Itests/proof/formats arch/arm/[fh]*.c
 *   --function arm_supported --unwind 8 --object-bits 11
 * Proof arm_control: -Itests/proof/formats arch/arm/[fh]*.c
 *   --function arm_control --unwind 8 --object-bits 11
 * Proof arm_fault: -Itests/proof/formats arch/arm/hardware.c --function arm_fault
 */
#include "arch/arm/arm.h"
#include "core/geometry.h"
#include "tests/proof/hardware.h"

static unsigned field(uint64_t value, unsigned last, unsigned first)
{
	return (unsigned)(value >> first & (((uint64_t)2 << (last - first)) - 1));
}

/* PARange, IPS and PS. */
static unsigned address_bits(unsigned code)
{
	return code == 0    ? 32
		: code == 1 ? 36
		: code == 2 ? 40
		: code == 3 ? 42
		: code == 4 ? 44
		: code == 5 ? 48
			    : 52;
}

/* TGran*_2: 0 is as stage 1, 2 there, 3 there with LPA2; claims it of what was answered. */
static void claim_granule(const struct mz_arm_hardware *is, unsigned page_lg2, unsigned code,
			  bool wide)
{
	bool in_1 = has_bit(is->s1_pages, page_lg2), wide_1 = has_bit(is->s1_wide, page_lg2);

	CLAIM(has_bit(is->s2_pages, page_lg2) == (code == 0 ? in_1 : code == 2 || code == 3),
	      "stage 2 has the pages that the register says, or those of stage 1");
	CLAIM(has_bit(is->s2_wide, page_lg2) ==
		      ((code == 0 ? wide_1 : code == 3) ||
		       (wide && has_bit(is->s2_pages, page_lg2))),
	      "and wide addresses with them");
}

/* ID_AA64MMFR0_EL1, ID_AA64MMFR1_EL1, ID_AA64MMFR2_EL1. */
void arm_hardware(void)
{
	uint64_t mmfr0 = nondet_u64(), mmfr1 = nondet_u64(), mmfr2 = nondet_u64();
	struct mz_arm_hardware is = mz_arm_hardware_from(mmfr0, mmfr1, mmfr2);
	unsigned gran4 = field(mmfr0, 31, 28), gran16 = field(mmfr0, 23, 20);
	unsigned gran64 = field(mmfr0, 27, 24), dirty = field(mmfr1, 3, 0);
	uint32_t pages = 1u << 12 | 1u << 14 | 1u << 16;
	bool lpa = is.oa_bits == 52;

	CLAIM(is.oa_bits == address_bits(field(mmfr0, 3, 0)), "PARange");
	CLAIM(has_bit(is.s1_pages, 12) == (gran4 <= 7) &&
		      has_bit(is.s1_wide, 12) == (gran4 >= 1 && gran4 <= 7),
	      "TGran4: 0 there, 1 with LPA2, 15 none");
	CLAIM(has_bit(is.s1_pages, 14) == (gran16 >= 1) && has_bit(is.s1_wide, 14) == (gran16 >= 2),
	      "TGran16: 0 none, 1 there, 2 with LPA2");
	CLAIM(has_bit(is.s1_pages, 16) == (gran64 <= 7) &&
		      has_bit(is.s1_wide, 16) == (gran64 <= 7 && lpa),
	      "TGran64: 0 there, 15 none");
	claim_granule(&is, 12, field(mmfr0, 43, 40), false);
	claim_granule(&is, 14, field(mmfr0, 35, 32), false);
	claim_granule(&is, 16, field(mmfr0, 39, 36), lpa);
	CLAIM(((is.s1_pages | is.s2_pages) & ~pages) == 0 && (is.s1_wide & ~is.s1_pages) == 0 &&
		      (is.s2_wide & ~is.s2_pages) == 0,
	      "no other pages, and wide addresses with none that are not there");
	CLAIM(is.features ==
		      ((dirty >= 1 ? MZ_HW_ACCESSED_DIRTY : 0u) |
		       (field(mmfr2, 55, 52) >= 2 ? MZ_LIVE_SPLITS : 0u)),
	      "HAFDBS: the access flag; BBM: splits without a break");
	CLAIM(is.options ==
		      ((dirty >= 2 ? MZ_ARM_DBM : 0u) |
		       (field(mmfr1, 31, 28) != 0 ? MZ_ARM_XNX : 0u) |
		       (field(mmfr2, 43, 40) != 0 ? MZ_ARM_FWB : 0u)),
	      "HAFDBS: dirty state; XNX; FWB");
	CLAIM(is.vmid_bits == (field(mmfr1, 7, 4) == 2 ? 16 : 8), "VMIDBits");
	CLAIM(is.bbm == field(mmfr2, 55, 52), "BBM");
	REACHES(is.s2_pages == pages && is.s1_pages == 0);
	REACHES(is.s2_wide == pages);
}

static struct mz_arm_s2 free_s2(void)
{
	struct mz_arm_s2 wanted = {nondet_unsigned(), nondet_unsigned(), nondet_unsigned(),
				   nondet_unsigned()};

	return wanted;
}

static struct mz_arm_s1 free_s1(void)
{
	struct mz_arm_s1 wanted = {nondet_unsigned(), nondet_unsigned(), nondet_unsigned(),
				   nondet_unsigned()};

	return wanted;
}

/* The first that is wrong of what both stages are asked for. */
static enum mz_error refusal(unsigned page_lg2, unsigned options, unsigned all, bool widths)
{
	if (page_lg2 != 12 && page_lg2 != 14 && page_lg2 != 16)
		return MZ_BAD_GRANULE;
	return (options & ~all) != 0 ? MZ_BAD_FEATURES : widths ? MZ_OK : MZ_BAD_WIDTH;
}

static bool oa_exists(unsigned oa_bits, unsigned options)
{
	return oa_bits == 32 || oa_bits == 36 || oa_bits == 40 || oa_bits == 42 || oa_bits == 44 ||
		oa_bits == 48 || (oa_bits == 52 && (options & MZ_ARM_WIDE) != 0);
}

/* As arch/arm/arm.h says at the two structs. */
static enum mz_error s2_refusal(const struct mz_arm_s2 *w)
{
	return refusal(w->page_lg2, w->options, MZ_ARM_WIDE | MZ_ARM_DBM | MZ_ARM_XNX | MZ_ARM_FWB,
		       oa_exists(w->oa_bits, w->options) && w->ia_bits >= 32 &&
			       w->ia_bits <= w->oa_bits);
}

static enum mz_error s1_refusal(const struct mz_arm_s1 *w)
{
	return refusal(w->page_lg2, w->options, MZ_ARM_WIDE | MZ_ARM_DBM | MZ_ARM_EL2,
		       oa_exists(w->oa_bits, w->options) && w->ia_bits >= 25 &&
			       w->ia_bits <= (w->options & MZ_ARM_WIDE ? 52 : 48));
}

/* Claims law 1 of core/format.h, and that a level less would not do. `extra`: the root's
 * bits more than a page's; it has levels_min at least. */
static void claim_shape(const struct mz_format *f, unsigned page_lg2, unsigned ia_bits,
			unsigned oa_bits, unsigned extra, unsigned levels_min)
{
	unsigned index = page_lg2 - 3, level = nondet_unsigned(), root;

	CLAIM(f->page_lg2 == page_lg2 && f->ia_lg2 == ia_bits && f->oa_lg2 == oa_bits,
	      "a format has the sizes that were wanted");
	CLAIM(f->levels >= 1 && f->levels <= MZ_LEVELS_MAX - 1, "and levels that there can be");
	ASSUME(level >= 1 && level <= f->levels);
	CLAIM(f->shift[level] == page_lg2 + (level - 1) * index, "law 1: shifts are sums");
	CLAIM(level == f->levels || f->index_lg2[level] == index, "law 1: nodes are of a page");
	root = f->index_lg2[f->levels];
	CLAIM(f->shift[f->levels] + root == ia_bits, "law 1: the sum is the address's width");
	CLAIM(root >= 1 && root <= index + extra && root <= 15, "the root is not too wide");
	CLAIM(mz_leaf_allowed(f->leaf_levels, 1) && f->leaf_levels >> (f->levels + 1) == 0,
	      "law 1: leaves are at level 1 and not beyond the root");
	/* A root of 15 bits is the widest that the library has. */
	extra = index + extra > 15 ? 15 - index : extra;
	CLAIM(f->levels == levels_min || page_lg2 + (f->levels - 1) * index + extra < ia_bits,
	      "a level less would not reach, however wide the root");
}

void arm_format(void)
{
	struct mz_arm_s2 w2 = free_s2();
	struct mz_arm_s1 w1 = free_s1();
	struct mz_format f;
	enum mz_error error = mz_arm_s2_format(&w2, &f);

	CLAIM(error == s2_refusal(&w2), "refuses a stage 2 that is not");
	if (error == MZ_OK) {
		claim_shape(&f, w2.page_lg2, w2.ia_bits, w2.oa_bits, 4, 2);
		CLAIM(f.ops == NULL || f.ops == mz_arm_s2_4k.ops || f.ops == mz_arm_s2_4k_40.ops ||
			      f.ops == mz_arm_s2_4k_full.ops || f.ops == mz_arm_s2_16k.ops ||
			      f.ops == mz_arm_s2_64k.ops,
		      "its operations are its own");
		REACHES(f.levels == 4 && w2.page_lg2 == 14 && w2.ia_bits == 52);
		REACHES(f.ops == mz_arm_s2_4k_40.ops);
	}
	error = mz_arm_s1_format(&w1, &f);
	CLAIM(error == s1_refusal(&w1), "refuses a stage 1 that is not");
	if (error == MZ_OK) {
		claim_shape(&f, w1.page_lg2, w1.ia_bits, w1.oa_bits, 0, 1);
		CLAIM(f.ops == NULL || f.ops == mz_arm_s1_4k.ops, "its operations are its own");
		REACHES(f.levels == 1);
		REACHES(f.levels == 5);
	}
}

/* The first that the processor lacks. */
static enum mz_error lack(const struct mz_arm_hardware *h, uint32_t pages, uint32_t wide,
			  unsigned page_lg2, unsigned oa_bits, unsigned options)
{
	bool has_options = ((options & MZ_ARM_DBM) == 0 || (h->options & MZ_ARM_DBM) != 0) &&
		((options & MZ_ARM_XNX) == 0 || (h->options & MZ_ARM_XNX) != 0) &&
		((options & MZ_ARM_FWB) == 0 || (h->options & MZ_ARM_FWB) != 0);

	if (!has_bit(pages, page_lg2))
		return MZ_BAD_GRANULE;
	if (!has_options)
		return MZ_BAD_FEATURES;
	return oa_bits <= h->oa_bits && ((options & MZ_ARM_WIDE) == 0 || has_bit(wide, page_lg2))
		? MZ_OK
		: MZ_BAD_WIDTH;
}

void arm_supported(void)
{
	struct mz_arm_hardware h = {
		.s1_pages = nondet_u32(),
		.s2_pages = nondet_u32(),
		.s1_wide = nondet_u32(),
		.s2_wide = nondet_u32(),
		.s1_wide_ia = nondet_u32(),
		.oa_bits = nondet_unsigned(),
		.options = nondet_unsigned(),
	};
	struct mz_arm_s2 w2 = free_s2();
	struct mz_arm_s1 w1 = free_s1();
	enum mz_error error = mz_arm_s2_supported(&h, &w2), wanted = s2_refusal(&w2);

	if (wanted == MZ_OK)
		wanted = lack(&h, h.s2_pages, h.s2_wide, w2.page_lg2, w2.oa_bits, w2.options);
	CLAIM(error == wanted, "refuses what the hardware lacks");
	REACHES(error == MZ_OK && w2.options == 15);
	error = mz_arm_s1_supported(&h, &w1);
	wanted = s1_refusal(&w1);
	if (wanted == MZ_OK)
		wanted = lack(&h, h.s1_pages, h.s1_wide, w1.page_lg2, w1.oa_bits, w1.options);
	if (wanted == MZ_OK && w1.ia_bits > 48 && !has_bit(h.s1_wide_ia, w1.page_lg2))
		wanted = MZ_BAD_WIDTH;
	CLAIM(error == wanted, "refuses what the hardware lacks");
	REACHES(error == MZ_OK && w1.options == (MZ_ARM_WIDE | MZ_ARM_EL2));
}

/* T0SZ, IRGN0, ORGN0, SH0 and TG0 are the same in all three registers. */
static void claim_control(uint64_t is, unsigned page_lg2, unsigned ia_bits)
{
	CLAIM(field(is, 5, 0) == 64 - ia_bits, "T0SZ");
	CLAIM(field(is, 9, 8) == 1 && field(is, 11, 10) == 1 && field(is, 13, 12) == 3,
	      "walks are inner shareable and write-back");
	CLAIM(field(is, 15, 14) == (page_lg2 == 12 ? 0 : page_lg2 == 16 ? 1 : 2), "TG0");
}

static void vtcr(uint32_t features)
{
	struct mz_arm_s2 w = free_s2();
	unsigned vmid_bits = nondet_unsigned();
	uint64_t is = mz_arm_vtcr(&w, features, vmid_bits);
	bool ha = (features & MZ_HW_ACCESSED_DIRTY) != 0;
	bool lpa2 = (w.options & MZ_ARM_WIDE) != 0 && w.page_lg2 != 16;
	struct mz_format f;
	unsigned start;

	CLAIM((is == 0) == (s2_refusal(&w) != MZ_OK), "0 for a format that is not");
	if (is == 0 || mz_arm_s2_format(&w, &f) != MZ_OK)
		return;
	claim_control(is, w.page_lg2, w.ia_bits);
	/* The level that walks start at, as Arm counts: our root's is 4 less that. */
	start = w.page_lg2 == 12 ? 2 - field(is, 7, 6) : 3 - field(is, 7, 6);
	CLAIM(start == 4u - f.levels, "SL0 is the root's level");
	CLAIM(address_bits(field(is, 18, 16)) == w.oa_bits, "PS");
	CLAIM(has_bit(is, 19) == (vmid_bits == 16), "VS");
	CLAIM(has_bit(is, 21) == ha && has_bit(is, 22) == (ha && (w.options & MZ_ARM_DBM) != 0),
	      "HA and HD");
	CLAIM(has_bit(is, 31) && has_bit(is, 32) == lpa2, "RES1, and DS");
	CLAIM(!has_bit(is, 20) && field(is, 30, 23) == 0 && is >> 33 == 0, "all else is 0");
	REACHES(has_bit(is, 22) && lpa2);
}

static void tcr(uint32_t features)
{
	struct mz_arm_s1 w = free_s1();
	uint64_t is = mz_arm_tcr(&w, features);
	bool el2 = (w.options & MZ_ARM_EL2) != 0, ha = (features & MZ_HW_ACCESSED_DIRTY) != 0;
	bool hd = ha && (w.options & MZ_ARM_DBM) != 0;
	bool lpa2 = (w.options & MZ_ARM_WIDE) != 0 && w.page_lg2 != 16;

	CLAIM((is == 0) == (s1_refusal(&w) != MZ_OK), "0 for a format that is not");
	if (is == 0)
		return;
	claim_control(is, w.page_lg2, w.ia_bits);
	CLAIM(!has_bit(is, 6) && !has_bit(is, 7), "EPD0 and what is reserved are 0");
	if (el2) {
		CLAIM(address_bits(field(is, 18, 16)) == w.oa_bits, "PS");
		CLAIM(has_bit(is, 21) == ha && has_bit(is, 22) == hd, "HA and HD");
		CLAIM(has_bit(is, 23) && has_bit(is, 31) && has_bit(is, 32) == lpa2,
		      "RES1, and DS");
		CLAIM(field(is, 20, 19) == 0 && field(is, 30, 24) == 0 && is >> 33 == 0,
		      "all else is 0");
	} else {
		CLAIM(address_bits(field(is, 34, 32)) == w.oa_bits, "IPS");
		CLAIM(has_bit(is, 39) == ha && has_bit(is, 40) == hd, "HA and HD");
		CLAIM(has_bit(is, 23) && has_bit(is, 59) == lpa2, "EPD1, and DS");
		CLAIM(field(is, 22, 16) == 0 && field(is, 31, 24) == 0 && field(is, 38, 35) == 0 &&
			      field(is, 58, 41) == 0 && is >> 60 == 0,
		      "all else is 0");
	}
	REACHES(el2 && hd && lpa2);
	REACHES(!el2 && w.page_lg2 == 16);
}

void arm_control(void)
{
	uint32_t features = nondet_u32();

	vtcr(features);
	tcr(features);
}

/* DFSC and IFSC: what stood against the walk, and the level as the library counts. */
static void status(unsigned code, struct mz_fault_record *wanted)
{
	wanted->cause = MZ_FAULT_OTHER;
	if (code <= 3 || code == 0x29)
		wanted->cause = MZ_FAULT_ADDRESS_SIZE;
	else if (code <= 7 || code == 0x2b)
		wanted->cause = MZ_FAULT_ABSENT;
	else if (code <= 11)
		wanted->cause = MZ_FAULT_ACCESS_FLAG;
	else if (code <= 15)
		wanted->cause = MZ_FAULT_DENIED;
	/* External aborts on walks have levels, too. */
	if (code <= 15 || (code >= 0x14 && code <= 0x17))
		wanted->level = (uint8_t)(4 - (code & 3));
	else if (code == 0x29 || code == 0x2b || code == 0x13)
		wanted->level = 5;
}

/* ESR_ELx: EC 31:26, FnV 10, CM 8, S1PTW 7, WnR 6, the status 5:0. */
void arm_fault(void)
{
	uint64_t esr = nondet_u64(), far = nondet_u64(), hpfar = nondet_u64();
	unsigned class = field(esr, 31, 26);
	bool fetch = class == 0x20 || class == 0x21, data = class == 0x24 || class == 0x25;
	struct mz_fault_record s1 = mz_arm_s1_fault(esr, far),
			       s2 = mz_arm_s2_fault(esr, far, hpfar);
	struct mz_fault_record wanted = {0};

	if (fetch || data) {
		status(field(esr, 5, 0), &wanted);
		wanted.access = has_bit(esr, 6) && !has_bit(esr, 8) ? MZ_WRITE : MZ_READ;
		if (fetch)
			wanted.access = MZ_EXEC;
		wanted.has_guest_va = wanted.has_ia = !has_bit(esr, 10);
		wanted.guest_va = wanted.ia.addr = has_bit(esr, 10) ? 0 : far;
		wanted.user = class == 0x20 || class == 0x24;
	}
	CLAIM(same_fault(&s1, &wanted), "an abort of stage 1 is what the registers say");
	REACHES(s1.user && s1.access == MZ_WRITE && s1.cause == MZ_FAULT_DENIED && s1.level == 2);

	wanted.user = wanted.has_ia = false;
	wanted.ia.addr = 0;
	if (fetch || data) {
		wanted.walk = has_bit(esr, 7);
		/* A walk reads, but what lacks permission for it is the setting of a flag. */
		if (wanted.walk)
			wanted.access = wanted.cause == MZ_FAULT_DENIED ? MZ_WRITE : MZ_READ;
		if (wanted.cause != MZ_FAULT_OTHER &&
		    (wanted.walk || wanted.cause != MZ_FAULT_DENIED)) {
			wanted.has_ia = true;
			/* FIPA, 47:4, is an address's 55:12. */
			wanted.ia.addr = (uint64_t)(hpfar << 16 >> 20) << 12;
			wanted.ia.addr |= wanted.walk ? 0 : far & 0xfff;
		}
	}
	CLAIM(same_fault(&s2, &wanted), "an abort of stage 2 is what the registers say");
	REACHES(s2.walk && s2.cause == MZ_FAULT_DENIED && s2.has_ia);
	REACHES(!s2.walk && s2.cause == MZ_FAULT_DENIED && !s2.has_ia);
	REACHES(s2.level == 5);
	REACHES(s2.cause == MZ_FAULT_UNKNOWN);
}
