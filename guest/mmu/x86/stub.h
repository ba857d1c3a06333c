/* SPDX-License-Identifier: MPL-2.0 */
/* The ways into the guest's code page, and where the CPUID is that comes back. */
#ifndef GUEST_MMU_X86_STUB_H
#define GUEST_MMU_X86_STUB_H

#define X86_STUB_READ           0
#define X86_STUB_READ_END       3
#define X86_STUB_WRITE          16
#define X86_STUB_WRITE_END      19
#define X86_STUB_EXEC           32
#define X86_STUB_POKE           48
#define X86_STUB_POKE_END       57
#define X86_STUB_POKE_WRITE     64
#define X86_STUB_POKE_WRITE_END 73

#endif
