/* SPDX-License-Identifier: MPL-2.0 */
/* A moment of the guest of another process, through its control socket. */
#ifndef MZ_VMM_CLI_MOMENT_CLIENT_H
#define MZ_VMM_CLI_MOMENT_CLIENT_H

#include <stdint.h>

#include "vmm/machine/moment.h"

/*
 * The guest goes on; `held_ns`: for so long it was held. The moment is the caller's. Failures are
 * those of mz_vm_freeze() and of mz_control_ask(); texts name the socket.
 */
int mz_moment_ask(const char *socket, struct mz_moment *moment, uint64_t *held_ns,
		  struct mz_failure *failure);

#endif
