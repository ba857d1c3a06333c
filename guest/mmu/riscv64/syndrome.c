// SPDX-License-Identifier: MPL-2.0
/*
 * What guest-page faults must say of themselves, and what raw bits of entries do. Sections are
 * those of the RISC-V privileged specification, version 20211203.
 */
#include "guest/mmu/riscv64/riscv64.h"

#include "guest/mmu/spoil.h"

/* 4.3.1, figure 4.18 and 4.4.1, figure 4.21. */
#define PTE_V    (uint64_t)1
#define PTE_RWX  ((uint64_t)7 << 1)
#define PTE_U    ((uint64_t)1 << 4)
#define PTE_G    ((uint64_t)1 << 5)
#define PTE_A    ((uint64_t)1 << 6)
#define PTE_D    ((uint64_t)1 << 7)
#define PTE_RSW  ((uint64_t)3 << 8)
#define PTE_PBMT ((uint64_t)3 << 61)

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

#define BIT(n)           ((uint64_t)1 << (n))
#define BITS(from, last) ((BIT(last) - BIT(from)) | BIT(last))

/*
 * 4.3.2, step 3: any reserved bit that is set is a page fault. 4.4.1: bits 60:54; 62:61 without
 * Svpbmt, 63 without Svnapot, and both in links; D, A and U in links. RSW, bits 9:8, is for
 * software; 8.5.1: G is ignored by the G-stage. A leaf without U is no user's, and the G-stage has
 * only users; the address of a large one is aligned to its size.
 */
static struct spoil_bits bits_of(const struct stage *stage, enum mz_kind kind, unsigned level)
{
	struct spoil_bits bits = {BITS(54, 63) | PTE_U, PTE_G | PTE_RSW};

	if (kind == MZ_LEAF && (stage->config.features & MZ_SVPBMT) != 0)
		bits.reserved &= ~PTE_PBMT;

	if (kind == MZ_NODE)
		bits.reserved |= PTE_A | PTE_D;
	else if (level > 1)
		bits.reserved |= BITS(10, 10 + 9 * (level - 1) - 1);
	return bits;
}

bool riscv_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
		 unsigned n, struct spoilt *out)
{
	const struct {
		const char *what;
		uint64_t entry;
		uint8_t cause;
		bool can_be;
	} ways[] = {
		{"valid_clear", entry & ~PTE_V, MZ_FAULT_ABSENT, true},
		/* 4.3.2, step 4: the last level has no links. */
		{"link", entry & ~PTE_RWX, MZ_FAULT_MISCONFIGURED, kind == MZ_LEAF && level == 1},
		/* 4.4.1, table 4.6: 3 is reserved. */
		{"memory_type", entry | PTE_PBMT, MZ_FAULT_MISCONFIGURED, kind == MZ_LEAF},
	};

	if (spoil_bit(bits_of(stage, kind, level), entry, &n, out))
		return true;
	out->bit = -1;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		out->what = ways[i].what;
		out->entry = ways[i].entry;
		out->cause = ways[i].cause;
		if (ways[i].can_be && n-- == 0)
			return true;
	}
	return false;
}
