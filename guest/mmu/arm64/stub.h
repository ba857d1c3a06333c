/* SPDX-License-Identifier: MPL-2.0 */
/* What lies where in the nested guest's code page, and what it says when it comes back. */
#ifndef GUEST_MMU_ARM64_STUB_H
#define GUEST_MMU_ARM64_STUB_H

#define STUB_READ         0x000 /* x0: the address, and what was read */
#define STUB_WRITE        0x010 /* x0: the address; x1: what is written */
#define STUB_POKE         0x020 /* reads at x0, writes x1 to x2, reads at x0 again */
#define STUB_POKE_WRITE   0x040 /* the same, but writes x1 at x0, twice */
#define STUB_INSTRUCTIONS 0x100 /* each of 8 bytes */
#define STUB_VECTORS      0x800 /* VBAR_EL1, aligned to 2 KiB */

#define STUB_DONE    0x10 /* BRK: the access was carried out */
#define STUB_FETCHED 0x11 /* BRK: the target of a fetch was executed */
#define STUB_TRAPPED 0x12 /* HVC: an exception has come to EL1 */

#endif
