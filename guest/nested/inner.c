// SPDX-License-Identifier: MPL-2.0
/* The inner guest, which obeys its orders: guest/nested.c has them. */
#include "guest/lib/guest.h"
#include "guest/nested/nested.h"

static void check(void)
{
	processor_check(INNER);
	window_check();
	print(wrong ? "wrong, inside\n" : "right, inside\n");
}

static void mark(void)
{
	if (!mark_with_registers())
		expect("registers", 0, 1);
	print("marked, inside\n");
}

static void obey(uint8_t order)
{
	switch (order) {
	case 'c':
		check();
		break;
	case 'w':
		window_write();
		break;
	case 'm':
		mark();
		break;
	case 'p':
		extension->ask(REQUEST_INTERRUPT);
		break;
	case 'q':
		interrupt_take(INNER);
		print("interrupted, inside\n");
		break;
	case 't':
		extension->ask(REQUEST_TURN);
		break;
	case 'o':
		extension->ask(REQUEST_LEAVE);
		break;
	default:
		print("?\n");
	}
}

/*
 * KVM tells of the DR7 of a guest's guest (KVM_GET_DEBUGREGS) only once that has accessed it since
 * it was entered: so that it be saved, this does.
 */
static uint8_t next_order(void)
{
	dr7_read();
	return serial_receive();
}

_Noreturn void inner_main(void)
{
	uint8_t order;

	processor_set(INNER);
	processor_note(INNER);
	print("ready\n");
	while ((order = next_order()) != '.')
		obey(order);
	finish(wrong);
}
