/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What NPT and EPT have in common: the machine in 64-bit mode, and a nested guest that runs one
 * access at a time.
 *
 * A platform is one function, platform_main(). It runs at level 0 with interrupts off, on a stack
 * of 64 KiB; the first 4 GiB are mapped to themselves, write-back; EFER.NXE, CR0.WP and the
 * compiler's vector registers are on; a task segment is loaded. Its own exceptions end the run.
 */
#ifndef GUEST_MMU_X86_X86_H
#define GUEST_MMU_X86_X86_H

#include "guest/mmu/platform.h"
#include "guest/mmu/x86/segments.h"

/* The platform's own part. */
_Noreturn void platform_main(void);

/* Fills in what is the same on both: RAM, the guest's stage 1, its code page. */
void x86_describe(struct platform *platform);

/*
 * Has the processor's own paging walk 4 or 5 levels (section numbers and names as in start.S). CR4
 * is as at the start of the image then.
 */
void x86_paging(unsigned levels);

/* Prints a line that ends the tests, "Bail out!" and why, and ends the run. */
_Noreturn void x86_give_up(const char *why);

/* ---- The nested guest ----------------------------------------------------------------------- */

/*
 * Its registers, as an access begins and as it has ended. It changes rax, too, and needs no stack;
 * rflags is 2.
 */
struct x86_registers {
	uint64_t rip;
	uint64_t rdi; /* the address */
	uint64_t rsi; /* the value to write; then the one that was read, or the tag of a fetch */
	uint64_t rdx; /* `poke_va` */
};

/* Its control registers: stage 1 as `x86_describe` tells of it, in user and kernel mode. */
#define X86_GUEST_CR0  0x80010033u /* PG, WP, NE, ET, MP, PE */
#define X86_GUEST_CR4  0x00300020u /* SMAP, SMEP, PAE */
#define X86_GUEST_EFER 0x00000d00u /* NXE, LMA, LME */

/*
 * It has no tables of descriptors and loads no segment: these are what the processor holds of them.
 * Attributes are bits 15:8 and 23:20 of a descriptor's upper half, put together to 12 bits.
 */
#define X86_GUEST_CODE         0x08 /* selectors, as they are in kernel and in user mode */
#define X86_GUEST_DATA         0x10
#define X86_GUEST_USER_CODE    0x1b
#define X86_GUEST_USER_DATA    0x23
#define X86_GUEST_CODE_BITS(l) (0xa9bu | (l) << 5) /* 64-bit, present, of privilege level l */
#define X86_GUEST_DATA_BITS(l) (0xc93u | (l) << 5)
#define X86_GUEST_TASK         0x28
#define X86_GUEST_TASK_BITS    0x08bu

/*
 * Where the guest begins, with its code page at `code_va`. It comes back by the instruction CPUID,
 * from either mode: VMX always exits there, and SVM must be told to intercept it.
 */
struct x86_registers x86_access_begin(const struct access *access, uint64_t code_va);

/* Is the CPUID at `registers->rip` the one behind the access, which was carried out then? */
bool x86_access_done(const struct access *access, uint64_t code_va,
		     const struct x86_registers *registers);

#endif
