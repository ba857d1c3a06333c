/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The test device of PCs that guests of the kvm-unit-tests kind use. Source: the behaviour of
 * QEMU's device pc-testdev.
 *
 *	ports 0xe0 to 0xe3	keep what is written, by any width; 0xe8 to 0xeb are the same bytes
 *	port 0xe4, 4 bytes	the processors forget how the page of this guest-physical address is
 *				mapped
 *	ports 0x2000 to 0x2017	put input 0 to 23 of the interrupt controllers on the level of the
 *				byte
 *	memory 0xff000000	64 KiB that keep what is written
 */
#ifndef MZ_VMM_PC_TEST_H
#define MZ_VMM_PC_TEST_H

#include <stdbool.h>

#include "vmm/base/state.h"
#include "vmm/device/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_PC_TEST_PORTS        0xe0
#define MZ_PC_TEST_LINES        0x2000
#define MZ_PC_TEST_LINE_COUNT   24
#define MZ_PC_TEST_MEMORY       0xff000000u
#define MZ_PC_TEST_MEMORY_BYTES 0x10000u

/* What the device asks of its machine. */
struct mz_pc_test_hooks {
	void *context;
	void (*forget)(void *context, uint64_t gpa);
	void (*set_level)(void *context, unsigned line, bool high);
};

struct mz_pc_test {
	struct mz_pc_test_hooks hooks;
	unsigned char port[4];
	unsigned char memory[MZ_PC_TEST_MEMORY_BYTES];
};

/* Puts the device on both buses. Errors as for mz_bus_add(). */
int mz_pc_test_init(struct mz_pc_test *test, struct mz_bus *ports, struct mz_bus *memory,
		    const struct mz_pc_test_hooks *hooks, struct mz_failure *failure);

/*
 * Saves or loads the ports and the memory; the levels of the inputs are the interrupt controllers'.
 * No vCPU runs.
 */
void mz_pc_test_state(struct mz_pc_test *test, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
