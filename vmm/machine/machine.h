/* SPDX-License-Identifier: MPL-2.0 */
/* The inside of a virtual machine. */
#ifndef MZ_VMM_MACHINE_H
#define MZ_VMM_MACHINE_H

#include "arch/linux/arena.h"
#include "vmm/device/console.h"
#include "vmm/device/debug_exit.h"
#include "vmm/memory/pager.h"
#include "vmm/device/serial.h"
#include "vmm/device/test_device.h"
#include "vmm/machine/vcpu.h"
#include "vmm/machine/vm.h"

#define MZ_REGION_MAX 8

struct mz_vm {
	struct mz_vm_config config;
	struct mz_tracer tracer;
	char note[320];
	const char *backend; /* the one that was chosen, for people */

	struct mz_ram ram;
	struct mz_arena arena;
	struct mz_space space;
	struct mz_region regions[MZ_REGION_MAX];
	struct mz_worker worker; /* the vCPU's thread */
	struct mz_fault_counts faults;
	uint64_t rom_writes;
	struct mz_pager pager;

	struct mz_kvm kvm;
	struct mz_vcpu vcpu;
	pthread_t vcpu_thread;

	struct mz_bus ports, memory;
	struct mz_console console;
	struct mz_serial serial;
	struct mz_debug_exit debug_exit;
	struct mz_test_device test_device;

	int stop;        /* readable: the run is to end, */
	int stop_status; /* with this; 0: nobody asked */
	int done;        /* readable: the vCPU's thread has ended */
	struct mz_outcome outcome;

	pthread_mutex_t failure_mutex;
	bool failed;
	struct mz_failure failure; /* the first of the run */
};

/* Notes why the run can't go on, and ends it. From any thread; the first failure counts. */
void mz_vm_fail(struct mz_vm *vm, const struct mz_failure *failure);

/* Serves the exit that the vCPU has just made. False: the run is over, and the outcome says how. */
bool mz_vm_serve_exit(struct mz_vm *vm);

#endif
