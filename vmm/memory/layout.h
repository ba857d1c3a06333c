/* SPDX-License-Identifier: MPL-2.0 */
/* Where everything lies, for the guest and in the windows: from what was asked for. */
#ifndef MZ_VMM_LAYOUT_H
#define MZ_VMM_LAYOUT_H

#include "vmm/memory/ram.h"

/*
 * Fills in the banks and their sizes. MZ_STATUS_BAD_ARGUMENT: one is empty, not made of whole
 * pages, too far up, where devices are, or meets another.
 */
int mz_lay_out_banks_(struct mz_ram *ram, const struct mz_ram_config *config,
		      struct mz_failure *failure);

/* Places the ROM and the shares, whose sizes are known, behind them. */
void mz_lay_out_rest_(struct mz_ram *ram);

#endif
