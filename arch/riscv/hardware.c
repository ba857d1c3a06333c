// SPDX-License-Identifier: MPL-2.0
/* What surrounds RISC-V's tables: what a processor has, and what its faults say. */
#include "arch/riscv/riscv.h"

enum mz_error mz_riscv_configure(struct mz_config *config, const struct mz_riscv_hardware *hardware)
{
	static const struct mz_format *const formats[] = {
		&mz_riscv_sv39x4, &mz_riscv_sv48x4, &mz_riscv_sv57x4,
		&mz_riscv_sv39,   &mz_riscv_sv48,   &mz_riscv_sv57,
	};
	unsigned i = 0;

	while (config->format != formats[i])
		if (++i == sizeof(formats) / sizeof(formats[0]))
			return MZ_BAD_FORMAT;
	/* Three levels are MODE 8. */
	if ((hardware->modes >> (config->format->levels + 5) & 1) == 0)
		return MZ_BAD_LEVEL;
	config->features = MZ_EXEC_ONLY | (hardware->svadu ? MZ_HW_ACCESSED_DIRTY : 0u) |
		(hardware->svpbmt ? MZ_SVPBMT : 0u);
	return MZ_OK;
}

/* scause; section "Trap Cause Codes". */
enum {
	FETCH_ACCESS_FAULT = 1,
	LOAD_ACCESS_FAULT = 5,
	STORE_ACCESS_FAULT = 7,
	FETCH_PAGE_FAULT = 12,
	LOAD_PAGE_FAULT = 13,
	STORE_PAGE_FAULT = 15,
	GUEST_FAULT = 8, /* a guest-page fault's code is that of the page fault, and this */
};

/* htinst; section "Transformed Instruction or Pseudoinstruction for mtinst or htinst". */
enum {
	WALK_READ_32 = 0x2000,
	WALK_WRITE_32 = 0x2020,
	WALK_READ_64 = 0x3000,
	WALK_WRITE_64 = 0x3020,
};

/* `guest`: what the codes of page faults are raised by. */
static struct mz_fault_record fault_from(uint64_t scause, unsigned guest)
{
	struct mz_fault_record fault = {0};

	if (scause == FETCH_ACCESS_FAULT || scause == FETCH_PAGE_FAULT + guest)
		fault.access = MZ_EXEC;
	else if (scause == LOAD_ACCESS_FAULT || scause == LOAD_PAGE_FAULT + guest)
		fault.access = MZ_READ;
	else if (scause == STORE_ACCESS_FAULT || scause == STORE_PAGE_FAULT + guest)
		fault.access = MZ_WRITE;
	if (fault.access != 0 && scause <= STORE_ACCESS_FAULT)
		fault.cause = MZ_FAULT_OTHER;
	return fault;
}

struct mz_fault_record mz_riscv_g_fault(uint64_t scause, uint64_t stval, uint64_t htval,
					uint64_t htinst)
{
	struct mz_fault_record fault = fault_from(scause, GUEST_FAULT);

	if (fault.access == 0)
		return fault;
	fault.guest_va = stval;
	fault.has_guest_va = true;
	if (fault.cause == MZ_FAULT_OTHER)
		return fault;
	/* The code is the access's own; the pseudoinstruction is what the walk tried. */
	if (htinst == WALK_READ_32 || htinst == WALK_READ_64) {
		fault.walk = true;
		fault.access = MZ_READ;
	} else if (htinst == WALK_WRITE_32 || htinst == WALK_WRITE_64) {
		fault.walk = true;
		fault.access = MZ_WRITE;
	}
	/* Section "Guest-Page Faults": 0 is nothing said. The two low bits are stval's. */
	fault.has_ia = htval != 0;
	if (fault.has_ia)
		fault.ia = mz_ia_from(htval << 2 | (fault.walk ? 0 : stval & 3));
	return fault;
}

struct mz_fault_record mz_riscv_s1_fault(uint64_t scause, uint64_t stval)
{
	struct mz_fault_record fault = fault_from(scause, 0);

	if (fault.access != 0) {
		fault.ia = mz_ia_from(stval);
		fault.has_ia = true;
	}
	return fault;
}
