// SPDX-License-Identifier: MPL-2.0
/*
 * arch/riscv/riscv.h but for its formats: any registers. Sections are those of the RISC-V
 * privileged specification.
 * Proof riscv_configure: -Itests/proof/formats arch/riscv/*.c --function riscv_configure --unwind 8
 * Proof riscv_fault: -Itests/proof/formats arch/riscv/hardware.c --function riscv_fault
 */
#include "arch/riscv/riscv.h"
#include "tests/proof/hardware.h"

/* One of the six, or another; `*mode` gets its MODE in hgatp or satp, 0 for another. */
static const struct mz_format *free_format(unsigned *mode)
{
	static const struct mz_format *const formats[] = {
		&mz_riscv_sv39x4, &mz_riscv_sv48x4, &mz_riscv_sv57x4,
		&mz_riscv_sv39,   &mz_riscv_sv48,   &mz_riscv_sv57,
	};
	static const struct mz_format other = {.levels = 3, .page_lg2 = 12, .oa_lg2 = 56};
	unsigned which = nondet_unsigned();

	*mode = which < 6 ? 8 + which % 3 : 0;
	return which < 6 ? formats[which] : &other;
}

void riscv_configure(void)
{
	unsigned mode;
	const struct mz_format *f = free_format(&mode);
	struct mz_config c = free_config_of(f), was = c;
	struct mz_riscv_hardware h = {nondet_u32(), nondet_bool(), nondet_bool()};
	enum mz_error error = mz_riscv_configure(&c, &h);

	CLAIM(error ==
		      (mode == 0                         ? MZ_BAD_FORMAT
			       : !has_bit(h.modes, mode) ? MZ_BAD_LEVEL
							 : MZ_OK),
	      "refuses what the hardware lacks");
	CLAIM(c.leaf_levels == was.leaf_levels && c.oa_lg2 == was.oa_lg2,
	      "leaves and output addresses are left to the embedder");
	CLAIM(c.format == f && c.root_first == was.root_first && c.root_end == was.root_end &&
		      c.root_fixed == was.root_fixed,
	      "what is the embedder's stays");
	CLAIM(error == MZ_OK || same_hardware(&c, &was),
	      "what is refused leaves the configuration alone");
	if (error != MZ_OK)
		return;
	CLAIM(c.features ==
		      ((uint32_t)MZ_EXEC_ONLY | (h.svadu ? MZ_HW_ACCESSED_DIRTY : 0) |
		       (h.svpbmt ? MZ_SVPBMT : 0)),
	      "features are those that the processor has");
	CLAIM((c.features & ~f->features) == 0, "a table takes what was configured");
	REACHES(f == &mz_riscv_sv57x4 && h.svadu && h.svpbmt);
	REACHES(f == &mz_riscv_sv39 && !h.svadu);
}

/*
 * Section "Trap Cause Codes": 1, 5, 7 are access faults of fetches, loads and stores, 12, 13, 15
 * page faults, 20, 21, 23 guest-page faults.
 */
static unsigned access_of(uint64_t scause, unsigned page_fault)
{
	return scause == 1 || scause == page_fault        ? MZ_EXEC
		: scause == 5 || scause == page_fault + 1 ? MZ_READ
		: scause == 7 || scause == page_fault + 3 ? MZ_WRITE
							  : 0;
}

/* Section "Guest-Page Faults": htval holds an address >> 2, and htinst what a walk tried. */
static void guest_fault(uint64_t scause, uint64_t stval)
{
	uint64_t htval = nondet_u64(), htinst = nondet_u64();
	struct mz_fault_record is = mz_riscv_g_fault(scause, stval, htval, htinst), wanted = {0};
	bool reads = htinst == 0x2000 || htinst == 0x3000;
	bool writes = htinst == 0x2020 || htinst == 0x3020;

	wanted.access = (uint8_t)access_of(scause, 20);
	wanted.has_guest_va = wanted.access != 0;
	wanted.guest_va = wanted.has_guest_va ? stval : 0;
	if (scause < 20 && wanted.access != 0) {
		wanted.cause = MZ_FAULT_OTHER;
	} else if (wanted.access != 0) {
		wanted.walk = reads || writes;
		if (wanted.walk)
			wanted.access = reads ? MZ_READ : MZ_WRITE;
		wanted.has_ia = htval != 0;
		if (wanted.has_ia)
			wanted.ia.addr = htval * 4 + (wanted.walk ? 0 : stval % 4);
	}
	CLAIM(same_fault(&is, &wanted), "a guest's fault is what the registers say");
	REACHES(is.walk && is.access == MZ_WRITE && scause == 20);
	REACHES(is.has_ia && !is.walk && is.access == MZ_EXEC);
	REACHES(is.cause == MZ_FAULT_OTHER);
	REACHES(is.access == 0);
}

void riscv_fault(void)
{
	uint64_t scause = nondet_u64(), stval = nondet_u64();
	struct mz_fault_record is = mz_riscv_s1_fault(scause, stval), wanted = {0};

	wanted.access = (uint8_t)access_of(scause, 12);
	wanted.has_ia = wanted.access != 0;
	wanted.ia.addr = wanted.has_ia ? stval : 0;
	if (scause < 12 && wanted.access != 0)
		wanted.cause = MZ_FAULT_OTHER;
	CLAIM(same_fault(&is, &wanted), "a fault of stage 1 is what the registers say");
	REACHES(is.access == MZ_WRITE && is.cause == MZ_FAULT_UNKNOWN);
	guest_fault(scause, stval);
}
