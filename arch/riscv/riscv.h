/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The tables of RISC-V: the G-stage (Sv39x4, Sv48x4, Sv57x4; the root has 16 KiB) and stage 1
 * (Sv39, Sv48, Sv57). Unless the MMU sets A and D (Svadu: MZ_HW_ACCESSED_DIRTY), a leaf without
 * them faults: map with MZ_ACCESSED, and with MZ_DIRTY where it is writable, if nobody asks. All
 * processors have MZ_EXEC_ONLY; other memory types than write-back take MZ_SVPBMT.
 */
#ifndef MZ_ARCH_RISCV_RISCV_H
#define MZ_ARCH_RISCV_RISCV_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct mz_format mz_riscv_sv39x4;
extern const struct mz_format mz_riscv_sv48x4;
extern const struct mz_format mz_riscv_sv57x4;
extern const struct mz_format mz_riscv_sv39;
extern const struct mz_format mz_riscv_sv48;
extern const struct mz_format mz_riscv_sv57;

#ifdef __cplusplus
}
#endif

#endif
