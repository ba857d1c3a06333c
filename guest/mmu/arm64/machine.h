/* SPDX-License-Identifier: MPL-2.0 */
/* Where things are in QEMU's machine `virt`, and what start.S shares with C. */
#ifndef GUEST_MMU_ARM64_MACHINE_H
#define GUEST_MMU_ARM64_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* The PL011, in a range of devices. */
#define MACHINE_DEVICES       0x08000000u
#define MACHINE_DEVICES_BYTES 0x08000000u
#define MACHINE_UART          0x09000000u

/* RAM, with -m 512M. */
#define MACHINE_RAM       0x40000000u
#define MACHINE_RAM_BYTES 0x20000000u

/* image.lds */
extern uint8_t text_first[], text_end[], image_end[];

/* start.S */
struct guest_run {
	uint64_t pc, pstate;
	uint64_t x[3];
};

void guest_enter(struct guest_run *run);
bool el2_attempt(unsigned kind, void *at);
void el2_return(void);

/* What start.S calls. */
_Noreturn void el2_main(void);
_Noreturn void el2_astray(uint64_t vector);

void el2_mmu_switch(uint64_t ttbr0, uint64_t tcr, uint64_t mair, uint64_t sctlr);

#endif
