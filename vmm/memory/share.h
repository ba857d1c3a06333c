/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A file that the guest has as memory, in common with whoever else has it. What it writes reaches
 * the file, up to the file's end: the rest of the last page is zeros that are lost.
 *
 * The file may become shorter at any time. A touch of what is gone would kill the process
 * (SIGBUS), so nothing here and nobody else looks at a share through a pointer: KVM and the kernel
 * answer with errors instead.
 */
#ifndef MZ_VMM_SHARE_H
#define MZ_VMM_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/memory/ram.h"

/* Opens what is to be shared, and says how long it is: bytes and whole pages. -1: `failure`. */
int mz_share_open_(struct mz_share *share, const struct mz_share_request *request,
		   struct mz_failure *failure);
void mz_share_close_(struct mz_share *share);

/* Maps it into both windows. -1: errno. */
int mz_share_map_(const struct mz_ram *ram, const struct mz_share *share);

#endif
