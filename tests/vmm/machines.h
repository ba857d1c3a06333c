/* SPDX-License-Identifier: MPL-2.0 */
/* Machines for tests, whose guests are a few bytes of code. */
#ifndef MZ_TESTS_VMM_MACHINES_H
#define MZ_TESTS_VMM_MACHINES_H

#include <stdbool.h>

#include "vmm/machine/vm.h"

extern struct mz_failure failure;

/*
 * False: no guest can run here, which was told. check calls the function of a test by its name and
 * _fn.
 */
bool have_kvm(const char *function);

/* A machine with so much memory, and no input. */
struct mz_vm_config config_of(uint64_t bytes);

/* Makes it, and loads code that begins in long mode. */
struct mz_vm *create(const struct mz_vm_config *config, const unsigned char *code, size_t bytes);

/* How many descriptors this process has. */
unsigned descriptor_count(void);

#endif
