/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From M mode to HS mode, and from there into the guest and back. Sections are those of the RISC-V
 * privileged specification, version 20211203.
 */

/* CSRs of the hypervisor extension, by number: the assembler need not know them. */
#define CSR_HEDELEG 0x602
#define CSR_HSTATUS 0x600
#define CSR_HTVAL   0x643
#define CSR_HTINST  0x64a

/* 3.1.6, mstatus: MPP is bits 12:11; 1 is S. */
#define MSTATUS_MPP   0x1800
#define MSTATUS_MPP_S 0x0800

/* 3.1.8, medeleg: all that a guest can cause; 8.6.1, table 8.6 "cause codes". ECALL from HS is not in. */
#define DELEGATED 0x00f0b5ff

/* 3.7.1, pmpcfg: R, W, X, TOR. */
#define PMP_ALL 0x0f

	.section .text.start, "ax"
	.globl start
start:
	/* The device tree is in a1, as QEMU's first instructions leave it. */
	mv	s1, a1
	/* All of memory for the modes below. */
	li	t0, -1
	csrw	pmpaddr0, t0
	li	t0, PMP_ALL
	csrw	pmpcfg0, t0
	li	t0, DELEGATED
	csrw	medeleg, t0
	csrw	mideleg, zero
	csrw	mie, zero
	la	t0, machine_trap
	csrw	mtvec, t0
	/* 3.1.18, menvcfg: PBMTE (62) and, where there is Svadu, ADUE (61). */
	li	t0, 3 << 61
	csrs	0x30a, t0

	li	t0, MSTATUS_MPP
	csrc	mstatus, t0
	li	t0, MSTATUS_MPP_S
	csrs	mstatus, t0
	la	t0, supervisor
	csrw	mepc, t0
	mret

	/* Nothing is meant to come here. */
	.balign 4
machine_trap:
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	la	sp, stack_end
	j	own_trapped

	.text
supervisor:
	la	sp, stack_end
	la	t0, bss_first
	la	t1, bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	csrw	satp, zero
	la	t0, guest_left
	csrw	stvec, t0
	csrw	CSR_HEDELEG, zero
	csrw	CSR_HSTATUS, zero
	mv	a0, s1
	j	riscv_main

/*
 * void guest_enter(struct guest_state *state): what is at 0 goes to sepc, then a0, a1, a2; back
 * come, from 32 on, scause, stval, htval, htinst, a0, hstatus.
 */
	.globl guest_enter
guest_enter:
	addi	sp, sp, -112
	sd	ra, 0(sp)
	sd	s0, 8(sp)
	sd	s1, 16(sp)
	sd	s2, 24(sp)
	sd	s3, 32(sp)
	sd	s4, 40(sp)
	sd	s5, 48(sp)
	sd	s6, 56(sp)
	sd	s7, 64(sp)
	sd	s8, 72(sp)
	sd	s9, 80(sp)
	sd	s10, 88(sp)
	sd	s11, 96(sp)
	sd	a0, 104(sp)
	csrw	sscratch, sp
	ld	t0, 0(a0)
	csrw	sepc, t0
	ld	a1, 16(a0)
	ld	a2, 24(a0)
	ld	a0, 8(a0)
	fence.i
	sret

	.balign 4
guest_left:
	/* 8.2.1, hstatus.SPV (bit 7): without it, this is no trap of the guest's. */
	csrr	t0, CSR_HSTATUS
	andi	t0, t0, 0x80
	beqz	t0, own_trap
	/* What the guest's registers hold is forgotten, but for a0. */
	csrr	sp, sscratch
	ld	t0, 104(sp)
	sd	a0, 64(t0)
	csrr	t1, scause
	sd	t1, 32(t0)
	csrr	t1, stval
	sd	t1, 40(t0)
	csrr	t1, CSR_HTVAL
	sd	t1, 48(t0)
	csrr	t1, CSR_HTINST
	sd	t1, 56(t0)
	csrr	t1, CSR_HSTATUS
	sd	t1, 72(t0)
	ld	ra, 0(sp)
	ld	s0, 8(sp)
	ld	s1, 16(sp)
	ld	s2, 24(sp)
	ld	s3, 32(sp)
	ld	s4, 40(sp)
	ld	s5, 48(sp)
	ld	s6, 56(sp)
	ld	s7, 64(sp)
	ld	s8, 72(sp)
	ld	s9, 80(sp)
	ld	s10, 88(sp)
	ld	s11, 96(sp)
	addi	sp, sp, 112
	ret

own_trap:
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	la	sp, stack_end
	j	own_trapped

/* What the guest executes, from the start of its code page: 16 bytes for each kind of access. */
	.option norvc
	.balign 16
	.globl guest_stub, guest_stub_end
guest_stub:
	ld	a0, 0(a0)
	ecall
	.balign 16
	sd	a1, 0(a0)
	ecall
	.balign 16
	ld	a3, 0(a0)
	sd	a1, 0(a2)
	ld	a0, 0(a0)
	ecall
	.balign 16
	sd	a1, 0(a0)
	sd	a1, 0(a2)
	sd	a1, 0(a0)
	ecall
guest_stub_end:
	.option rvc

	.bss
	.balign 16
	.skip 65536
stack_end:
