/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where start.S leaves what C must find: segments and exceptions. Sections are those of the Intel
 * SDM, volume 3A (September 2023).
 */
#ifndef GUEST_MMU_X86_SEGMENTS_H
#define GUEST_MMU_X86_SEGMENTS_H

/* Selectors. */
#define X86_CODE   0x08 /* 64-bit, level 0 */
#define X86_DATA   0x10
#define X86_CODE32 0x18
#define X86_TASK   0x20

#define X86_TASK_BYTES 104 /* section 8.7 "Task management in 64-bit mode" */

#define X86_EXCEPTIONS  32
#define X86_ERROR_CODES 0x60227d00 /* bit v: exception v pushes an error code; section 6.15 */
#define X86_ENTRY_BYTES 16

#endif
