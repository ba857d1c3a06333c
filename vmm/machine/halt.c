// SPDX-License-Identifier: MPL-2.0
/* Telling that a guest has halted for good. */
#include "vmm/machine/halt.h"

#include <time.h>

#include "vmm/machine/machine.h"

/*
 * The first look comes soon, for a guest that only halts should end at once; a guest that idles is
 * looked at ever less often.
 */
#define FIRST_WAIT_NS 5000000u
#define LAST_WAIT_NS  1000000000u

/* How long to wait for a vCPU that is writing to somebody slow. */
#define PAUSE_NS 50000000u

void mz_halt_watch_begin(struct mz_halt_watch *watch)
{
	watch->wait_ns = FIRST_WAIT_NS;
	watch->next_ns = mz_now_ns() + FIRST_WAIT_NS;
	watch->used_ns = 0;
}

static uint64_t used_by(const struct mz_vm *vm)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		struct timespec time;
		clockid_t clock;

		if (!pthread_getcpuclockid(vm->vcpus[i].thread, &clock) &&
		    !clock_gettime(clock, &time))
			used += (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
	}
	return used;
}

static bool all_dead(struct mz_vm *vm)
{
	bool dead = mz_vm_hold(vm, mz_now_ns() + PAUSE_NS);

	for (unsigned i = 0; i < vm->vcpu_count && dead; i++)
		dead = mz_vcpu_is_dead(&vm->vcpus[i].vcpu);
	mz_vm_let_go(vm);
	return dead;
}

bool mz_halt_watch_look(struct mz_halt_watch *watch, struct mz_vm *vm)
{
	uint64_t now = mz_now_ns();
	uint64_t used, before = watch->used_ns;
	bool idle;

	if (now < watch->next_ns)
		return false;
	used = used_by(vm);
	idle = used - before < watch->wait_ns / 4;
	watch->used_ns = used;
	if (idle && all_dead(vm))
		return true;
	if (watch->wait_ns < LAST_WAIT_NS)
		watch->wait_ns *= 2;
	watch->next_ns = mz_now_ns() + watch->wait_ns;
	return false;
}
