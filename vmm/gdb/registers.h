/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A processor's registers as GDB wants them: in the order of its target description, without gaps.
 * Source: Debugging with GDB, appendix G.5.8 "i386 Features".
 */
#ifndef MZ_VMM_GDB_REGISTERS_H
#define MZ_VMM_GDB_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

struct mz_gdb_registers {
	uint64_t general[16]; /* rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 to r15 */
	uint64_t rip;
	uint32_t eflags, cs, ss, ds, es, fs, gs;
	uint8_t st[8][10];
	uint32_t fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop;
	uint8_t xmm[16][16];
	uint32_t mxcsr;
	uint64_t fs_base, gs_base;
	uint64_t cr0, cr2, cr3, cr4, cr8, efer;
} __attribute__((packed));

/* Where register `number` stands. Answers its bytes; 0: there is no such register. */
size_t mz_gdb_register_at(unsigned number, size_t *offset);

/* The target description, an XML document. */
const char *mz_gdb_description(void);

#endif
