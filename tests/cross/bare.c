// SPDX-License-Identifier: MPL-2.0
/*
 * All that a freestanding program needs on Linux beside guest/lib/memory.c: an entry point and two
 * system calls. The console of the example embedder is in here too.
 */
#include <stddef.h>
#include <stdint.h>

int main(void);
void console_write(const char *text, size_t bytes);
_Noreturn void _start(void);

#if defined(__x86_64__)
enum { CALL_WRITE = 1, CALL_EXIT = 60 };

static long call(long number, long a, long b, long c)
{
	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return number;
}
#elif defined(__aarch64__)
enum { CALL_WRITE = 64, CALL_EXIT = 93 };

static long call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
#elif defined(__riscv)
enum { CALL_WRITE = 64, CALL_EXIT = 93 };

static long call(long number, long a, long b, long c)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
	return a0;
}
#elif defined(__arm__)
enum { CALL_WRITE = 4, CALL_EXIT = 1 };

/* In Arm state, where r7 is no frame pointer. */
static long call(long number, long a, long b, long c)
{
	register long r7 __asm__("r7") = number;
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
	return r0;
}
#else
#error "no system calls are known for this processor"
#endif

void console_write(const char *text, size_t bytes)
{
	call(CALL_WRITE, 1, (long)(intptr_t)text, (long)bytes);
}

/* Where the kernel jumps to. x86-64 functions expect the stack as a call leaves it. */
#ifdef __x86_64__
__attribute__((force_align_arg_pointer))
#endif
_Noreturn void
_start(void)
{
#ifdef __riscv
	/* The linker turns addresses into distances from here. */
	__asm__ volatile(".option push\n.option norelax\nla gp, __global_pointer$\n.option pop");
#endif
	call(CALL_EXIT, main(), 0, 0);
	__builtin_unreachable();
}
