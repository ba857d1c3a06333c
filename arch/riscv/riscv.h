/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The tables of RISC-V: the G-stage (Sv39x4, Sv48x4, Sv57x4; the root has 16 KiB) and stage 1
 * (Sv39, Sv48, Sv57). Source: RISC-V privileged specification.
 *
 * What goes into an entry:
 *  - MZ_ACCESSED and MZ_DIRTY are A and D. Unless the MMU sets them (Svadu:
 *    MZ_HW_ACCESSED_DIRTY), a leaf without them faults: map with MZ_ACCESSED, and with MZ_DIRTY
 *    where it is writable, if nobody asks.
 *  - Write without read is reserved. All processors have MZ_EXEC_ONLY.
 *  - MZ_USER is U and MZ_GLOBAL is G. Every access of a guest is a user's to the G-stage: U is
 *    always set, and G is reserved.
 *  - Svpbmt (MZ_SVPBMT): MZ_MEM_WRITE_COMBINING is NC, MZ_MEM_UNCACHED is IO. MZ_MEM_WRITE_BACK is
 *    what the physical memory attributes say, and the only type without Svpbmt.
 *
 * Flushes. A fence works on the hart that executes it: the others are made to execute theirs, by an
 * interrupt or the firmware's remote fences. Each also orders earlier stores to the tables before
 * later walks. For the flush hook:
 *  - G-stage ("Hypervisor Memory-Management Fence Instructions"): HFENCE.GVMA with the VMID in rs2;
 *    in rs1 an address of the leaf >> 2, once a leaf. It reaches translations that were combined
 *    with the guest's own stage, so that HFENCE.VVMA is not needed.
 *  - stage 1 ("Supervisor Memory-Management Fence Instruction"): SFENCE.VMA with the ASID in rs2,
 *    in rs1 an address of the leaf. If the leaf is MZ_GLOBAL, rs2 is x0.
 *  - rs1 is x0 if `nodes` is true: with an address, SFENCE.VMA reaches leaves alone. HFENCE.GVMA is
 *    kept to the same. rs1 is x0 too where there are more leaves than are worth naming.
 *  - with Svinval, SFENCE.W.INVAL, then HINVAL.GVMA or SINVAL.VMA for each, then SFENCE.INVAL.IR.
 *  - An absent entry may be cached, and so may lesser permissions: where one is made present or
 *    gets more, nothing is flushed if the fault that may come is answered with a fence.
 *  - A and D may be cached: flush after they are cleared.
 *  - HFENCE.GVMA with x0 in rs1, before a VMID is used again or hgatp.MODE is changed for it.
 * A leaf may be replaced by a node, or by another leaf, in place: until the fence either of the two
 * translates.
 */
#ifndef MZ_ARCH_RISCV_RISCV_H
#define MZ_ARCH_RISCV_RISCV_H

#include "core/error.h"
#include "core/fault.h"
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

/* What a processor has; firmware and the device tree tell of the extensions. */
struct mz_riscv_hardware {
	uint32_t modes; /* bit N: MODE N stays when it is written to hgatp (stage 1: to satp) */
	bool svadu;     /* the MMU sets A and D: Svadu, switched on by ADUE */
	bool svpbmt;    /* leaves have memory types: Svpbmt, switched on by PBMTE */
};

/*
 * Sets the features of a configuration whose format is one of those above; leaves may be at any
 * level. What physical addresses the processor has is not told anywhere: the embedder sets oa_lg2,
 * or leaves it. With nothing changed: MZ_BAD_FORMAT, the format is another; MZ_BAD_LEVEL, the
 * processor lacks the mode, which is one for each number of levels.
 */
MZ_MUST_CHECK enum mz_error mz_riscv_configure(struct mz_config *config,
					       const struct mz_riscv_hardware *hardware);

/*
 * A guest-page fault, by the registers that it leaves. No register tells what stood against the
 * access, so that `cause` is MZ_FAULT_UNKNOWN: mz_table_query() tells. `access` is that of the
 * guest's page walk if `walk`, and a fetch by HLVX counts as a read. A processor may leave htval 0
 * (and does for the first four bytes): `has_ia` is false then. An access fault is MZ_FAULT_OTHER;
 * all else has no `access`. Whether it was user mode is in sstatus.SPP.
 */
struct mz_fault_record mz_riscv_g_fault(uint64_t scause, uint64_t stval, uint64_t htval,
					uint64_t htinst);

/* A page fault of stage 1, likewise. */
struct mz_fault_record mz_riscv_s1_fault(uint64_t scause, uint64_t stval);

#ifdef __cplusplus
}
#endif

#endif
