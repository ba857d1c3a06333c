/* SPDX-License-Identifier: MPL-2.0 */
/* A machine's virtio devices: where they are, and how they reach KVM. */
#ifndef MZ_VMM_MACHINE_VIRTIO_H
#define MZ_VMM_MACHINE_VIRTIO_H

#include "vmm/machine/vm.h"

/* The input of the interrupt controllers that device `index` raises, by edges. */
uint32_t mz_vm_virtio_gsi(unsigned index);

/* Makes the devices that the configuration asks for. */
int mz_vm_add_virtio(struct mz_vm *vm, struct mz_failure *failure);

/* Nothing of theirs is left. */
void mz_vm_close_virtio(struct mz_vm *vm);

/*
 * If a device is going to change the table beside the faults, gives its configuration what it needs
 * for that: read-copy-update. MZ_STATUS_HOST_LACKS: this build has none.
 */
int mz_vm_open_to_changes(struct mz_vm *vm, struct mz_config *config, struct mz_failure *failure);

/* Waits until nothing of the table is in use, before it is destroyed; ends it, after that. */
void mz_vm_await_readers(struct mz_vm *vm);
void mz_vm_close_to_changes(struct mz_vm *vm);

#endif
