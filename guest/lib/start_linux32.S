/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a bzImage begins that has no 64-bit entry point: a boot sector and one sector of setup part,
 * of which only the setup header is there, then the kernel, entered at its first byte. Source: The
 * Linux/x86 Boot Protocol, "The Real-Mode Kernel Header" and "32-bit Boot Protocol". esi holds the
 * address of the zero page; ebx, ebp and edi are 0. Both are handed to guest_main32(), the three as
 * one, and what that answers is the run's status.
 */
#define SECTOR 512

	.section .start, "ax"
	.org	0x1f1
	.byte	1		/* setup_sects */
	.org	0x1fe
	.word	0xaa55		/* boot_flag */
	.byte	0xeb, 0x264 - 0x202 /* jump, which says where the header ends */
	.ascii	"HdrS"
	.word	0x020f		/* version */
	.org	0x211
	.byte	1		/* loadflags: LOADED_HIGH */
	.org	0x214
	.long	_start		/* code32_start */
	.org	0x22c
	.long	0x7fffffff	/* initrd_addr_max */
	.long	4096		/* kernel_alignment */
	.org	0x236
	.word	0		/* xloadflags: XLF_KERNEL_64 is not there */
	.long	255		/* cmdline_size */
	.org	0x258
	.long	_start, 0	/* pref_address */
	.long	0x100000	/* init_size: enough for what the file does not hold */

#define FIRST  %esi
#define SECOND %edi

	.org	2 * SECTOR
	.globl	_start
_start:
	or	%ebx, %edi
	or	%ebp, %edi
#include "guest/lib/enter32.S"
