/* SPDX-License-Identifier: MPL-2.0 */
/* A vCPU's registers between KVM and GDB. */
#ifndef MZ_VMM_DEBUG_REGISTERS_H
#define MZ_VMM_DEBUG_REGISTERS_H

#include "vmm/gdb/registers.h"
#include "vmm/machine/vcpu.h"

/* While nobody is inside. False: KVM refuses. */
bool mz_debug_get_registers(const struct mz_vcpu *vcpu, struct mz_gdb_registers *registers);
bool mz_debug_set_registers(const struct mz_vcpu *vcpu, const struct mz_gdb_registers *registers);

#endif
