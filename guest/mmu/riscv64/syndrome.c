// SPDX-License-Identifier: MPL-2.0
/*
 * What guest-page faults must say of themselves, and what raw bits of entries do. Sections are
 * those of the RISC-V privileged specification, version 20211203.
 */
#include "guest/mmu/riscv64/riscv64.h"

/* 8.6.3, table 8.12: pseudoinstructions for the 64-bit reads and writes of the guest's page walk.
 */
#define WALK_READ  0x3000u
#define WALK_WRITE 0x3020u

/*
 * 8.6.3, figures 8.9 and 8.10: the transformed `ld a0, 0(a0)` and `sd a1, 0(a0)` of start.S: no
 * offset, and in place of rs1 the offset of the address, which is 0.
 */
#define LOAD_TRANSFORMED  0x00003503u
#define STORE_TRANSFORMED 0x00b03023u

/* 8.6.1, table 8.6: the code is that of the access, whoever has come upon the fault. */
static uint64_t code_of(unsigned kind)
{
	return kind == MZ_EXEC ? 20 : kind == MZ_READ ? 21 : 23;
}

/*
 * 8.6.3: a transformed instruction or 0; but for the walk's faults the pseudoinstruction, which may
 * be left out only where htval is 0.
 */
static bool instruction_right(const struct expected *expected, uint64_t htval, uint64_t htinst)
{
	if (expected->walk)
		return (htinst == 0 && htval == 0) ||
			htinst == (expected->tried == MZ_WRITE ? WALK_WRITE : WALK_READ);
	if (htinst == 0 || expected->access.kind == MZ_EXEC)
		return htinst == 0;
	return htinst == (expected->access.kind == MZ_READ ? LOAD_TRANSFORMED : STORE_TRANSFORMED);
}

bool riscv_syndrome_right(const struct stage *stage, const struct expected *expected,
			  const struct outcome *outcome)
{
	uint64_t scause = outcome->raw[0], stval = outcome->raw[1], htval = outcome->raw[2];

	(void)stage;
	/* 8.2.7, htval: 0, or the address shifted right by 2. QEMU says it always. */
	return scause == code_of(expected->access.kind) && stval == expected->access.va &&
		htval == expected->ia.addr >> 2 &&
		instruction_right(expected, htval, outcome->raw[3]);
}

bool riscv_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
		 unsigned n, struct spoilt *out)
{
	(void)stage;
	(void)entry;
	(void)kind;
	(void)level;
	(void)n;
	(void)out;
	return false;
}

const char *riscv_deviation(const struct stage *stage, const char *test,
			    const struct expected *expected, const struct outcome *outcome)
{
	(void)stage;
	(void)test;
	(void)expected;
	(void)outcome;
	return NULL;
}
