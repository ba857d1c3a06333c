// SPDX-License-Identifier: MPL-2.0
/* QEMU's machine `virt`: its serial port, its end, and what EL2 does not expect. */
#include "guest/lib/guest.h"
#include "guest/mmu/arm64/machine.h"
#include "guest/mmu/arm64/registers.h"

/* PrimeCell UART PL011 (DDI 0183), section "Register descriptions". */
enum {
	UART_DATA = 0x00,
	UART_FLAGS = 0x18,
	UART_FLAG_TX_FULL = 1 << 5,
};

static volatile uint32_t *uart(unsigned offset)
{
	return (volatile uint32_t *)(uintptr_t)(MACHINE_UART + offset);
}

void serial_send(uint8_t byte)
{
	while ((*uart(UART_FLAGS) & UART_FLAG_TX_FULL) != 0)
		;
	*uart(UART_DATA) = byte;
}

/* PSCI (DEN 0022), SYSTEM_OFF, by SMC where the machine has EL2. It has no status to give. */
_Noreturn void finish(unsigned status)
{
	register uint64_t function __asm__("x0") = 0x84000008;

	(void)status;
	for (;;)
		__asm__ volatile("smc #0" : "+r"(function)::"memory");
}

_Noreturn void el2_astray(uint64_t vector)
{
	print("Bail out! vector %lu of EL2: ESR %lx, ELR %lx, FAR %lx\n", vector,
	      READ_REGISTER("esr_el2"), READ_REGISTER("elr_el2"), READ_REGISTER("far_el2"));
	finish(1);
}
