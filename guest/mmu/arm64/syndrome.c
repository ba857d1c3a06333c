// SPDX-License-Identifier: MPL-2.0
/*
 * What the syndrome registers must hold. Arm ARM (DDI 0487): ESR_EL2, "ISS encoding for an
 * exception from an Instruction Abort" and "from a Data Abort", HPFAR_EL2, FAR_EL2.
 */
#include "guest/mmu/arm64/guest.h"

/* ESR_EL2: EC 31:26, and IL, which is 1 with these. */
#define ESR_INSTRUCTION_ABORT ((uint64_t)0x20 << 26 | 1u << 25)
#define ESR_DATA_ABORT        ((uint64_t)0x24 << 26 | 1u << 25)

/*
 * ISS of a data abort: ISV 24, SAS 23:22, SSE 21, SRT 20:16, SF 15, AR 14. All of it is valid for a
 * load or store of one general register, unless a walk was stopped, and then 0.
 */
#define ISS_ISV   (1u << 24)
#define ISS_DWORD (3u << 22)
#define ISS_SRT   16
#define ISS_SF    (1u << 15)

#define ISS_S1PTW (1u << 7)
/* Of the instruction, and not of the walk that it made. */
#define ISS_WNR   (1u << 6)

/* DFSC and IFSC, 5:0: the cause, and the level in 1:0. */
enum {
	STATUS_ADDRESS_SIZE = 0x00,
	STATUS_TRANSLATION = 0x04,
	STATUS_ACCESS_FLAG = 0x08,
	STATUS_PERMISSION = 0x0c,
	STATUS_NONE = 0xff,
};

static unsigned status(const struct expected *expected)
{
	/* Arm counts from the root of four levels. Beyond the table: level 0. */
	unsigned level = expected->level == 0 ? 0 : 4u - expected->level;

	switch (expected->cause) {
	case MZ_FAULT_ADDRESS_SIZE:
		return STATUS_ADDRESS_SIZE | level;
	case MZ_FAULT_ABSENT:
		return STATUS_TRANSLATION | level;
	case MZ_FAULT_ACCESS_FLAG:
		return STATUS_ACCESS_FLAG | level;
	case MZ_FAULT_DENIED:
		return STATUS_PERMISSION | level;
	}
	return STATUS_NONE;
}

/* The stub's instructions: LDR x0, and STR x1. */
static uint64_t instruction(const struct access *access)
{
	bool write = access->kind == MZ_WRITE;

	return ISS_ISV | ISS_DWORD | (uint64_t)(write ? 1 : 0) << ISS_SRT | ISS_SF;
}

static uint64_t esr(const struct expected *expected)
{
	const struct access *access = &expected->access;
	uint64_t value = status(expected) | (expected->walk ? ISS_S1PTW : 0u);

	if (access->kind == MZ_EXEC)
		return value | ESR_INSTRUCTION_ABORT;
	value |= ESR_DATA_ABORT | (access->kind == MZ_WRITE ? ISS_WNR : 0u);
	return expected->walk ? value : value | instruction(access);
}

/* A permission fault leaves HPFAR_EL2 unknown, unless a walk made it. FIPA: 51:12 in 43:4. */
static bool hpfar_right(const struct expected *expected, uint64_t hpfar)
{
	if (expected->cause == MZ_FAULT_DENIED && !expected->walk)
		return true;
	return hpfar == expected->ia.addr >> 12 << 4;
}

bool syndrome_right(const struct stage *stage, const struct expected *expected,
		    const struct outcome *outcome)
{
	(void)stage;
	return outcome->raw[0] == esr(expected) && outcome->raw[1] == expected->access.va &&
		hpfar_right(expected, outcome->raw[2]);
}
