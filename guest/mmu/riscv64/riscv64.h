/* SPDX-License-Identifier: MPL-2.0 */
/* What start.S and the C sources of this platform share. */
#ifndef GUEST_MMU_RISCV64_H
#define GUEST_MMU_RISCV64_H

#include "guest/mmu/platform.h"

/* A run of the guest. start.S knows where the members are. */
struct guest_state {
	uint64_t pc, a0, a1, a2;
	uint64_t scause, stval, htval, htinst;
	uint64_t a0_after, hstatus;
};

void guest_enter(struct guest_state *state);

/* The code that the guest executes, 16 bytes for each: read, write, and both kinds of poke. */
extern const char guest_stub[], guest_stub_end[];
enum { STUB_READ = 0, STUB_WRITE = 16, STUB_POKE = 32, STUB_POKE_WRITE = 48 };

extern char image_end[];

_Noreturn void riscv_main(const uint8_t *device_tree);
_Noreturn void own_trapped(uint64_t cause, uint64_t pc, uint64_t value);

/* Does the device tree name this extension of the processor? */
bool machine_has(const uint8_t *device_tree, const char *extension);

/* Is the syndrome what the privileged specification says? */
bool riscv_syndrome_right(const struct stage *stage, const struct expected *expected,
			  const struct outcome *outcome);

/* The n-th way to spoil an entry of a G-stage. */
bool riscv_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
		 unsigned n, struct spoilt *out);

const char *riscv_deviation(const struct stage *stage, const char *test,
			    const struct expected *expected, const struct outcome *outcome);

#endif
