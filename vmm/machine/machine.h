/* SPDX-License-Identifier: MPL-2.0 */
/* The inside of a virtual machine. */
#ifndef MZ_VMM_MACHINE_H
#define MZ_VMM_MACHINE_H

#include "arch/linux/arena.h"
#include "vmm/device/console.h"
#include "vmm/machine/debug.h"
#include "vmm/machine/dirty_source.h"
#include "vmm/machine/devices.h"
#include "vmm/machine/looks.h"
#include "vmm/machine/mark.h"
#include "vmm/machine/since.h"
#include "vmm/machine/snapshot.h"
#include "vmm/memory/pager.h"
#include "vmm/virtio/set.h"
#include "vmm/machine/pause.h"
#include "vmm/machine/vcpu.h"
#include "vmm/machine/vm.h"

#define MZ_REGION_MAX 64

struct mz_urcu;

/* Inputs of the interrupt controllers. */
#define MZ_GSI_SERIAL 4

/* What a vCPU's thread counts, and nobody else. */
struct mz_runner_counts {
	struct mz_fault_counts faults;
	uint64_t rom_writes;      /* dropped */
	uint64_t unclaimed_ports; /* accesses to ports without a device */
};

/* A vCPU and its thread. No two of them share a cache line. */
struct mz_runner {
	_Alignas(64) struct mz_vm *vm;
	struct mz_vcpu vcpu;
	struct mz_worker worker; /* of the space, the thread's */
	struct mz_runner_counts counts;
	uint64_t out_of_reach; /* behind the address that KVM could not reach at the last exit; 0 */
	pthread_t thread;
};

/* What the guest asked for, and the thread of mz_vm_run() does. */
enum mz_turn { MZ_TURN_NONE, MZ_TURN_MARK = 1, MZ_TURN_END = 2, MZ_TURN_SNAPSHOT = 4 };

/* How long to wait for all vCPUs, of which one may be writing to somebody slow. */
#define MZ_HOLD_NS 10000000000u

/* What is asked of the thread of mz_vm_run(). */
struct mz_calls {
	pthread_mutex_t mutex;
	struct mz_call *first, *last;
	bool closed; /* the run is over: calls are answered where they are made */
};

struct mz_vm {
	struct mz_vm_config config;
	struct mz_tracer tracer;
	char note[320];
	const char *backend; /* the one that was chosen, for people */

	struct mz_ram ram;
	struct mz_arena arena;
	struct mz_space space;
	struct mz_urcu *urcu; /* of the table, if something changes it beside faults */
	struct mz_region regions[MZ_REGION_MAX];
	struct mz_worker worker; /* of whoever makes and loads the machine */
	struct mz_fault_counts faults[MZ_PAGER_THREADS_MAX]; /* of the pager */
	struct mz_pager pager;

	struct mz_kvm kvm;
	struct mz_runner *vcpus;
	unsigned vcpu_count; /* those of `vcpus` that are made */
	struct mz_pause pause;
	struct mz_dirty_source dirty_source;
	struct mz_mark mark;
	struct mz_since since;
	struct mz_origin origin;
	struct mz_looks looks;
	struct mz_debug debug;

	struct mz_bus ports, memory;
	struct mz_console console;
	struct mz_devices devices;
	struct mz_virtio_set virtio;
	struct mz_irq virtio_irqs[MZ_VIRTIO_DEVICES];

	bool paused; /* by the user; of the thread of mz_vm_run() */

	int stop;        /* readable: the run is to end, */
	int stop_status; /* with this; 0: nobody asked */
	int done; /* readable: the guest has ended by itself, has a turn to be done, or is called */

	struct mz_calls calls;
	pthread_mutex_t end_mutex;
	bool running;              /* all vCPUs have threads, of which none was waited for */
	unsigned turn;             /* enum mz_turn: what is to be done while all vCPUs are held, */
	uint64_t turn_ns;          /* since when */
	bool saved;                /* the snapshot that was wished for is taken, or due */
	bool reset;                /* in a turn: the guest does not end, for it was put back */
	bool ended;                /* the guest has ended by itself, */
	unsigned ender;            /* on this vCPU, */
	struct mz_outcome outcome; /* like this */
	bool failed;
	struct mz_failure failure; /* the first of the run */
};

/* Makes a machine, whose memory is what `frozen` says. NULL: zeros. */
int mz_vm_make(struct mz_vm **vm, const struct mz_vm_config *config, const struct mz_frozen *frozen,
	       struct mz_failure *failure);

/*
 * Does something with all vCPUs held and the virtio devices stopped, while no turn is due; only
 * from `key` and calls. Tells for how long the guest was held.
 */
int mz_vm_at_rest(struct mz_vm *vm,
		  int (*work)(struct mz_vm *vm, void *context, struct mz_failure *failure),
		  void *context, uint64_t *held_ns, struct mz_failure *failure);

/* Notes why the run can't go on, and ends it. From any thread; the first failure counts. */
void mz_vm_fail(struct mz_vm *vm, const struct mz_failure *failure);

/* Says so of an entry of the guest that did not work; errno. */
void mz_vm_fail_entry(struct mz_vm *vm, int error);

/*
 * The guest has ended by itself, on vCPU `ender`, like this. From any thread; the first end counts.
 */
void mz_vm_end(struct mz_vm *vm, unsigned ender, const struct mz_outcome *outcome);

/* The guest wants its mark here, if it is ever going to be reset. From a vCPU's thread. */
void mz_vm_want_mark(struct mz_vm *vm);

/* It is time for the snapshot, unless it was taken. From any thread. */
void mz_vm_want_snapshot(struct mz_vm *vm);

/*
 * Does the turn that is due, if one is and all vCPUs are held, and lets them go on. When they are,
 * `done` is readable. From the thread of mz_vm_run(), as the next two: one that waits for the
 * vCPUs, but not for ever; and, when the run is over, one that lets them go without the turn.
 */
void mz_vm_take_turn(struct mz_vm *vm);
void mz_vm_await_turn(struct mz_vm *vm);
void mz_vm_drop_turn(struct mz_vm *vm);

/* Runs the calls that have been made. Once closed, calls are told that the run is over. */
void mz_vm_run_calls(struct mz_vm *vm);
void mz_vm_close_calls(struct mz_vm *vm);

/* May somebody want to know of writes? It is a log of KVM's that tells of them then. */
static inline bool mz_vm_may_watch_writes(const struct mz_vm *vm)
{
	return vm->config.resets != MZ_RESETS_NONE || vm->config.track || vm->config.record;
}

/*
 * Begins an epoch of a consumer, which is told of all that is written from now on. All vCPUs are
 * held or not started, and the virtio devices stopped.
 */
int mz_vm_watch_writes(struct mz_vm *vm, struct mz_dirty *dirty, struct mz_failure *failure);

/*
 * Collects what was written. While the guest runs, what it is just writing may be left for the next
 * time.
 */
int mz_vm_collect_writes(struct mz_vm *vm, struct mz_dirty *dirty, struct mz_failure *failure);

/*
 * The guest has ended as `outcome` says. Is it held, to be saved, or since it may be put back? The
 * end's mutex is held.
 */
bool mz_vm_holds_end(struct mz_vm *vm);

/* The guest has had its time, if it runs. From the thread of mz_vm_run(). */
void mz_vm_limit(struct mz_vm *vm);

/* Is the run over, for whatever reason? */
bool mz_vm_over(const struct mz_vm *vm);

/*
 * Holds all vCPUs outside of the guest; false if some have not come out by the deadline.
 * mz_vm_let_go() follows in any case. From the thread of mz_vm_run().
 */
bool mz_vm_hold(struct mz_vm *vm, uint64_t deadline_ns);
void mz_vm_let_go(struct mz_vm *vm);

/* Makes all vCPUs leave the guest, once. */
void mz_vm_kick(struct mz_vm *vm);

/*
 * The run is over: makes all vCPUs leave the guest, and waits until they have, if they can. From
 * any thread but theirs, at any time.
 */
void mz_vm_expel(struct mz_vm *vm);

/* Serves the exit that the vCPU has just made. The run may be over then. */
void mz_vm_serve_exit(struct mz_runner *runner);

#endif
