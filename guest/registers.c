// SPDX-License-Identifier: MPL-2.0
/*
 * Dies with a known value in every register, so that a dump of them can be checked.
 *
 * Words: none.
 * Prints: nothing.
 * Status: 1 if it lives. The write of rax to 0xc8000000, where nothing is, should end the run.
 *
 * The fatal instruction carries the symbol `fatal_write` and is 48 a3 00 00 00 c8 00 00 00 00;
 * KVM may give rip as behind it, for a write is done when it is reported. The other registers are:
 * rax 0x1111111111111111, rbx 2..., rcx 3..., rdx 4..., rsi 5..., rdi 6..., rbp 7..., r8 8... and
 * so on to r15 0xffffffffffffffff, rsp 0x1234567812345678.
 */
#include "guest/lib/guest.h"

unsigned guest_main(void)
{
	/* There is no stack while rsp holds its known value. */
	__asm__ volatile("mov %%rsp, saved_stack(%%rip)\n\t"
			 "movabs $0x1111111111111111, %%rax\n\t"
			 "movabs $0x2222222222222222, %%rbx\n\t"
			 "movabs $0x3333333333333333, %%rcx\n\t"
			 "movabs $0x4444444444444444, %%rdx\n\t"
			 "movabs $0x5555555555555555, %%rsi\n\t"
			 "movabs $0x6666666666666666, %%rdi\n\t"
			 "movabs $0x7777777777777777, %%rbp\n\t"
			 "movabs $0x8888888888888888, %%r8\n\t"
			 "movabs $0x9999999999999999, %%r9\n\t"
			 "movabs $0xaaaaaaaaaaaaaaaa, %%r10\n\t"
			 "movabs $0xbbbbbbbbbbbbbbbb, %%r11\n\t"
			 "movabs $0xcccccccccccccccc, %%r12\n\t"
			 "movabs $0xdddddddddddddddd, %%r13\n\t"
			 "movabs $0xeeeeeeeeeeeeeeee, %%r14\n\t"
			 "movabs $0xffffffffffffffff, %%r15\n\t"
			 "movabs $0x1234567812345678, %%rsp\n"
			 ".globl fatal_write\n"
			 "fatal_write:\n\t"
			 "movabs %%rax, 0xc8000000\n\t"
			 "mov saved_stack(%%rip), %%rsp\n\t"
			 "mov $1, %%edi\n\t"
			 "call finish\n\t"
			 ".pushsection .bss\n"
			 "saved_stack: .skip 8\n\t"
			 ".popsection"
			 :
			 :
			 : "memory");
	return 1;
}
