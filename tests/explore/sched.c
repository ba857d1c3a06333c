// SPDX-License-Identifier: MPL-2.0
/* Jumps from stack to stack are what the checks of a fortified longjmp() would refuse. */
#undef _FORTIFY_SOURCE
#include "tests/explore/sched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <ucontext.h>

#define STACK_BYTES (64 * 1024)

/* ucontext makes stacks; the jumps between them cost no system call. */
struct stack {
	bool unbegun;
	jmp_buf top;  /* begins anew */
	jmp_buf here; /* goes on */
	void (*body)(unsigned task);
	_Alignas(16) char bytes[STACK_BYTES];
};

struct task tasks[TASKS_MAX];
int current = -1;
char failure[512];

static struct stack stacks[TASKS_MAX];
static jmp_buf scheduler;

_Noreturn static void back_to_scheduler(void)
{
	_longjmp(scheduler, 1);
}

static void stack_main(void)
{
	if (_setjmp(stacks[current].top) == 0)
		back_to_scheduler();
	stacks[current].body((unsigned)current);
	tasks[current].live = false;
	back_to_scheduler();
}

static void stack_make(struct stack *stack)
{
	ucontext_t context;

	getcontext(&context);
	context.uc_stack.ss_sp = stack->bytes;
	context.uc_stack.ss_size = sizeof(stack->bytes);
	context.uc_link = NULL;
	makecontext(&context, stack_main, 0);
	if (_setjmp(scheduler) == 0)
		setcontext(&context);
}

void tasks_make(void)
{
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		current = (int)i;
		stack_make(&stacks[i]);
	}
	current = -1;
}

static void run(unsigned task, jmp_buf *place)
{
	current = (int)task;
	if (_setjmp(scheduler) == 0)
		_longjmp(*place, 1);
	current = -1;
}

void task_begin(unsigned task, void (*body)(unsigned task))
{
	stacks[task].body = body;
	stacks[task].unbegun = false;
	tasks[task].live = true;
	run(task, &stacks[task].top);
}

void task_prepare(unsigned task, void (*body)(unsigned task), struct op first)
{
	stacks[task].body = body;
	stacks[task].unbegun = true;
	tasks[task].live = true;
	tasks[task].pending = first;
}

void task_turn(unsigned task)
{
	bool begins = stacks[task].unbegun;

	stacks[task].unbegun = false;
	run(task, begins ? &stacks[task].top : &stacks[task].here);
}

void tasks_abandon(void)
{
	for (unsigned i = 0; i < TASKS_MAX; i++)
		tasks[i].live = false;
}

void task_point(enum op_kind kind, unsigned object)
{
	if (current < 0)
		return;
	tasks[current].pending = (struct op) {kind, object};
	if (_setjmp(stacks[current].here) == 0)
		back_to_scheduler();
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (failure[0] == '\0')
		vsnprintf(failure, sizeof(failure), format, arguments);
	va_end(arguments);
	if (current >= 0)
		back_to_scheduler();
}
