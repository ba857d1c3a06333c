// SPDX-License-Identifier: MPL-2.0
/* A virtual processor. */
#include "vmm/machine/vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/trace.h"
#include "vmm/machine/cpuid.h"

/* Control registers. Source: Intel SDM volume 3A, sections 2.5 and 2.2.1. */
#define CR0_PE         (UINT64_C(1) << 0)
#define CR0_MP         (UINT64_C(1) << 1)
#define CR0_ET         (UINT64_C(1) << 4)
#define CR0_NE         (UINT64_C(1) << 5)
#define CR0_PG         (UINT64_C(1) << 31)
#define CR4_PAE        (UINT64_C(1) << 5)
#define CR4_OSFXSR     (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define EFER_LME       (UINT64_C(1) << 8)
#define EFER_LMA       (UINT64_C(1) << 10)
#define EFER_NXE       (UINT64_C(1) << 11)

/* Segment types. Source: Intel SDM volume 3A, table 3-1. */
#define SEGMENT_DATA 3  /* read, write, accessed */
#define SEGMENT_CODE 11 /* execute, read, accessed */

#define TASK_LIMIT 0x67 /* of a 32-bit task-state segment: Intel SDM volume 3A, section 8.2.1 */

#define REAL_VECTORS_LIMIT 0x3ff /* 256 of 4 bytes: Intel SDM volume 3A, section 21.1.4 */

#define RFLAGS_RESERVED 2 /* bit 1 is always set */
#define RFLAGS_IF       (1u << 9)

static int fail(struct mz_failure *failure, const char *what)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: %s", what, strerror(errno));
}

/* The processor is what KVM can offer on this host. */
static int set_cpuid(struct mz_vcpu *vcpu, const struct mz_kvm *kvm, unsigned count)
{
	const struct mz_cpuid_place place = {
		.index = vcpu->index,
		.count = count,
		.deadline_timer = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) >
			0,
	};
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) + MZ_CPUID_MAX * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return -1;
	vcpu->cpuid = cpuid;
	cpuid->nent = MZ_CPUID_MAX;
	if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid))
		return -1;
	mz_cpuid_shape(cpuid, &place);
	return ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid);
}

int mz_vcpu_init(struct mz_vcpu *vcpu, const struct mz_kvm *kvm, unsigned index, unsigned count,
		 struct mz_failure *failure)
{
	void *run;

	*vcpu = (struct mz_vcpu) {.index = index, .run_bytes = kvm->run_bytes};
	vcpu->fd = ioctl(kvm->vm, KVM_CREATE_VCPU, (unsigned long)index);
	if (vcpu->fd < 0)
		return fail(failure, "KVM cannot make a vCPU");
	run = mmap(NULL, vcpu->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED) {
		fail(failure, "cannot map a vCPU");
		mz_vcpu_destroy(vcpu);
		return -1;
	}
	vcpu->run = run;
	if (set_cpuid(vcpu, kvm, count)) {
		fail(failure, "KVM refuses the vCPU's features");
		mz_vcpu_destroy(vcpu);
		return -1;
	}
	return 0;
}

void mz_vcpu_destroy(struct mz_vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_bytes);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	free(vcpu->cpuid);
	vcpu->run = NULL;
	vcpu->cpuid = NULL;
	vcpu->fd = -1;
}

/* A segment of all 4 GiB. */
static struct kvm_segment flat_segment(uint16_t selector, uint8_t type, bool wide)
{
	return (struct kvm_segment) {
		.limit = UINT32_MAX,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.db = !wide,
		.l = wide,
		.g = 1,
	};
}

/* Real mode: Intel SDM volume 3A, section 21.1.1. */
static struct kvm_segment real_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment) {
		.base = (uint64_t)selector << 4,
		.limit = UINT16_MAX,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
	};
}

static void set_segments(struct kvm_sregs *sregs, const struct mz_boot_state *state)
{
	bool wide = state->mode == MZ_MODE_LONG;

	if (state->mode == MZ_MODE_REAL) {
		sregs->cs = real_segment(state->code, SEGMENT_CODE);
		sregs->ds = real_segment(state->data, SEGMENT_DATA);
	} else {
		sregs->cs = flat_segment(state->code, SEGMENT_CODE, wide);
		sregs->ds = flat_segment(state->data, SEGMENT_DATA, false);
	}
	sregs->es = sregs->fs = sregs->gs = sregs->ss = sregs->ds;
}

static void set_system_registers(struct kvm_sregs *sregs, const struct mz_boot_state *state)
{
	set_segments(sregs, state);
	sregs->cr0 = CR0_ET;
	if (state->mode == MZ_MODE_REAL)
		return;
	sregs->gdt.base = state->gdt;
	sregs->gdt.limit = (uint16_t)(state->gdt_bytes - 1);
	/* In 32-bit mode as firmware leaves it: guests are a step from real mode there. */
	sregs->idt.base = 0;
	sregs->idt.limit = state->mode == MZ_MODE_PROTECTED ? REAL_VECTORS_LIMIT : 0;
	sregs->tr.limit = TASK_LIMIT;
	sregs->cr0 |= CR0_PE;
	if (state->mode == MZ_MODE_LONG) {
		sregs->cr0 |= CR0_MP | CR0_NE | CR0_PG;
		sregs->cr3 = state->cr3;
		sregs->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
		sregs->efer = EFER_LME | EFER_LMA | EFER_NXE;
	}
}

int mz_vcpu_set_boot_state(struct mz_vcpu *vcpu, const struct mz_boot_state *state,
			   struct mz_failure *failure)
{
	struct kvm_regs regs = {
		.rip = state->rip,
		.rsp = state->rsp,
		.rax = state->rax,
		.rbx = state->rbx,
		.rdi = state->rdi,
		.rsi = state->rsi,
		.rflags = RFLAGS_RESERVED,
	};
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return fail(failure, "KVM does not give a vCPU's registers");
	set_system_registers(&sregs, state);
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) || ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return fail(failure, "KVM refuses a vCPU's registers");
	return 0;
}

static int kick_signal(void)
{
	return SIGRTMIN + 1;
}

int mz_vcpu_open_to_kicks(struct mz_vcpu *vcpu)
{
	/* The kernel's signal sets are 8 bytes, the C library's are larger and begin the same. */
	enum { KERNEL_SET_BYTES = 8 };
	_Alignas(struct kvm_signal_mask) unsigned char
		buffer[sizeof(struct kvm_signal_mask) + KERNEL_SET_BYTES];
	struct kvm_signal_mask *mask = (struct kvm_signal_mask *)buffer;
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, kick_signal());
	mask->len = KERNEL_SET_BYTES;
	memcpy(mask->sigset, &set, KERNEL_SET_BYTES);
	return ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, mask) ? errno : 0;
}

/* The kick that has ended KVM_RUN still waits to be delivered, and would end the next one, too. */
static void take_kick(void)
{
	const struct timespec at_once = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, kick_signal());
	sigtimedwait(&set, NULL, &at_once);
}

void mz_vcpu_kick(pthread_t thread)
{
	pthread_kill(thread, kick_signal());
}

static void count_exit(struct mz_vcpu *vcpu, uint32_t reason)
{
	vcpu->stats.exits[reason < MZ_KVM_EXIT_MAX ? reason : MZ_KVM_EXIT_MAX]++;
}

/*
 * Unlike other exits, memory faults come with an error. KVM may leave the reason of the exit before
 * where there is an error without one.
 */
static int run(struct mz_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	if (!ioctl(vcpu->fd, KVM_RUN, 0))
		return 0;
	return vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT ? 0 : errno;
}

int mz_vcpu_enter(struct mz_vcpu *vcpu)
{
	uint64_t entered = mz_now_ns();
	int error;

	if (vcpu->left_ns)
		vcpu->stats.out_ns += entered - vcpu->left_ns;
	error = run(vcpu);
	if (error == EINTR)
		take_kick();
	vcpu->left_ns = mz_now_ns();
	vcpu->stats.guest_ns += vcpu->left_ns - entered;
	if (!error || error == EINTR)
		count_exit(vcpu, error ? KVM_EXIT_INTR : vcpu->run->exit_reason);
	return error;
}

bool mz_vcpu_translate(const struct mz_vcpu *vcpu, uint64_t address, uint64_t *gpa)
{
	struct kvm_translation translation = {.linear_address = address};

	if (ioctl(vcpu->fd, KVM_TRANSLATE, &translation) || !translation.valid)
		return false;
	*gpa = translation.physical_address;
	return true;
}

int mz_vcpu_registers(const struct mz_vcpu *vcpu, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	return ioctl(vcpu->fd, KVM_GET_REGS, regs) || ioctl(vcpu->fd, KVM_GET_SREGS, sregs) ? -1
											    : 0;
}

bool mz_vcpu_is_dead(const struct mz_vcpu *vcpu)
{
	struct kvm_vcpu_events events;
	struct kvm_mp_state state;
	struct kvm_regs regs;

	if (ioctl(vcpu->fd, KVM_GET_MP_STATE, &state) || ioctl(vcpu->fd, KVM_GET_REGS, &regs) ||
	    ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &events))
		return false;
	if (events.nmi.pending || events.smi.pending)
		return false;
	return state.mp_state == KVM_MP_STATE_UNINITIALIZED ||
		state.mp_state == KVM_MP_STATE_INIT_RECEIVED ||
		(state.mp_state == KVM_MP_STATE_HALTED && !(regs.rflags & RFLAGS_IF));
}

struct mz_guest_paging mz_vcpu_paging(const struct kvm_sregs *sregs)
{
	return mz_guest_paging(sregs->cr0, sregs->cr3, sregs->cr4, sregs->efer);
}
