/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A hypervisor on bare metal, as small as one can be: it runs a 64-bit guest of guest/ under SVM,
 * on the same machine that `mezz run` gives it. All memory of the guest comes in by nested page
 * faults that mz_space_fault() answers.
 */
#ifndef GUEST_BARE_BARE_H
#define GUEST_BARE_BARE_H

#include "ept/change.h"
#include "guest/mmu/npt/svm.h"

#define MEBIBYTE  0x100000u
#define RAM_BYTES (64 * MEBIBYTE) /* of the guest, at its address 0 */

struct bare {
	struct mz_space space;
	struct mz_worker worker;
	struct vmcb *vmcb;
	struct svm_registers registers;
	uint8_t *ram; /* the guest's */
	uint64_t faults[5]
		       [MZ_LEVELS_MAX + 1]; /* by what was tried, by level of the leaf; 0: none */
	uint64_t port_exits, fault_exits, rom_writes;
};

/* What was tried: rows of `faults`. */
enum { TRIED_READ, TRIED_WRITE, TRIED_EXEC, TRIED_WALK, TRIED };

/* Ends the run: something is not as it must be. */
_Noreturn void give_up(const char *why);

/* The guest's second stage: RAM, ROM and the device of guest/lib/machine.h. */
void space_make(struct bare *bare);

/* Copies an ELF64 image into the guest's RAM, makes its boot page tables, and sets it to begin. */
void guest_load(struct bare *bare, const uint8_t *image, uint64_t bytes);

/* Runs the guest to its end; answers its status. */
unsigned guest_run(struct bare *bare);

/*
 * Does the instruction that the guest is at, a move from or to the device or to ROM, which is at
 * `gpa`; false: it is no move.
 */
bool move_instead(struct bare *bare, mz_ia gpa, bool read_only);

/* Prints what the run came to. */
void report(struct bare *bare);

#endif
