// SPDX-License-Identifier: MPL-2.0
#include "vmm/machine/debug_registers.h"

#include <string.h>
#include <sys/ioctl.h>

struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
};

static bool get_state(const struct mz_vcpu *vcpu, struct state *state)
{
	return !ioctl(vcpu->fd, KVM_GET_REGS, &state->regs) &&
		!ioctl(vcpu->fd, KVM_GET_SREGS, &state->sregs) &&
		!ioctl(vcpu->fd, KVM_GET_FPU, &state->fpu);
}

/* GDB's order; KVM's is that of struct kvm_regs. */
static __u64 *general(struct kvm_regs *regs, unsigned number)
{
	__u64 *const order[] = {&regs->rax, &regs->rbx, &regs->rcx, &regs->rdx,
				&regs->rsi, &regs->rdi, &regs->rbp, &regs->rsp};
	__u64 *const rest = &regs->r8;

	return number < 8 ? order[number] : rest + (number - 8);
}

/*
 * The abridged tag word has a bit a register, set where one is in use; GDB wants two, 3 where it is
 * empty. Source: Intel SDM volume 1, section 8.1.7, and volume 2, FXSAVE.
 */
static uint32_t full_tags(uint8_t abridged)
{
	uint32_t tags = 0;

	for (unsigned i = 0; i < 8; i++)
		tags |= (abridged >> i & 1 ? 0u : 3u) << (2 * i);
	return tags;
}

static uint8_t abridged_tags(uint32_t full)
{
	unsigned tags = 0;

	for (unsigned i = 0; i < 8; i++)
		tags |= (unsigned)((full >> (2 * i) & 3) != 3) << i;
	return (uint8_t)tags;
}

bool mz_debug_get_registers(const struct mz_vcpu *vcpu, struct mz_gdb_registers *registers)
{
	struct state state;

	if (!get_state(vcpu, &state))
		return false;
	memset(registers, 0, sizeof(*registers));
	for (unsigned i = 0; i < 16; i++)
		registers->general[i] = *general(&state.regs, i);
	registers->rip = state.regs.rip;
	registers->eflags = (uint32_t)state.regs.rflags;
	registers->cs = state.sregs.cs.selector;
	registers->ss = state.sregs.ss.selector;
	registers->ds = state.sregs.ds.selector;
	registers->es = state.sregs.es.selector;
	registers->fs = state.sregs.fs.selector;
	registers->gs = state.sregs.gs.selector;
	for (unsigned i = 0; i < 8; i++)
		memcpy(registers->st[i], state.fpu.fpr[i], sizeof(registers->st[i]));
	registers->fctrl = state.fpu.fcw;
	registers->fstat = state.fpu.fsw;
	registers->ftag = full_tags(state.fpu.ftwx);
	registers->fioff = (uint32_t)state.fpu.last_ip;
	registers->fooff = (uint32_t)state.fpu.last_dp;
	registers->fop = state.fpu.last_opcode;
	memcpy(registers->xmm, state.fpu.xmm, sizeof(registers->xmm));
	registers->mxcsr = state.fpu.mxcsr;
	registers->fs_base = state.sregs.fs.base;
	registers->gs_base = state.sregs.gs.base;
	registers->cr0 = state.sregs.cr0;
	registers->cr2 = state.sregs.cr2;
	registers->cr3 = state.sregs.cr3;
	registers->cr4 = state.sregs.cr4;
	registers->cr8 = state.sregs.cr8;
	registers->efer = state.sregs.efer;
	return true;
}

/* Segments stay as they are: a selector alone does not say what KVM wants to know. */
static void set_system(struct kvm_sregs *sregs, const struct mz_gdb_registers *registers)
{
	sregs->fs.base = registers->fs_base;
	sregs->gs.base = registers->gs_base;
	sregs->cr0 = registers->cr0;
	sregs->cr2 = registers->cr2;
	sregs->cr3 = registers->cr3;
	sregs->cr4 = registers->cr4;
	sregs->cr8 = registers->cr8;
	sregs->efer = registers->efer;
}

bool mz_debug_set_registers(const struct mz_vcpu *vcpu, const struct mz_gdb_registers *registers)
{
	struct state state;
	struct kvm_sregs before;

	if (!get_state(vcpu, &state))
		return false;
	before = state.sregs;
	for (unsigned i = 0; i < 16; i++)
		*general(&state.regs, i) = registers->general[i];
	state.regs.rip = registers->rip;
	state.regs.rflags = (state.regs.rflags & ~(uint64_t)UINT32_MAX) | registers->eflags;
	for (unsigned i = 0; i < 8; i++)
		memcpy(state.fpu.fpr[i], registers->st[i], sizeof(registers->st[i]));
	state.fpu.fcw = (uint16_t)registers->fctrl;
	state.fpu.fsw = (uint16_t)registers->fstat;
	state.fpu.ftwx = abridged_tags(registers->ftag);
	memcpy(state.fpu.xmm, registers->xmm, sizeof(registers->xmm));
	state.fpu.mxcsr = registers->mxcsr;
	set_system(&state.sregs, registers);
	/* KVM takes registers that it is given anew for a reason to forget translations. */
	if (memcmp(&before, &state.sregs, sizeof(before)) != 0 &&
	    ioctl(vcpu->fd, KVM_SET_SREGS, &state.sregs))
		return false;
	return !ioctl(vcpu->fd, KVM_SET_REGS, &state.regs) &&
		!ioctl(vcpu->fd, KVM_SET_FPU, &state.fpu);
}
