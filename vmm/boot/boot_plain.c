// SPDX-License-Identifier: MPL-2.0
/* Images without a protocol: ELF and flat. */
#include "vmm/boot/boot_protocol.h"

/* There is no boot area to put it into. */
static int refuse_command_line(const struct mz_boot *boot, struct mz_failure *failure)
{
	if (!boot->request->command_line)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "%s: a 16-bit image takes no command line",
		       boot->image->path);
}

int mz_boot_plain_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure)
{
	const char *command_line = boot->request->command_line;

	if (mz_boot_refuse_modules_(boot, failure) || mz_boot_refuse_initrd_(boot, failure))
		return -1;
	if (state->mode == MZ_MODE_REAL)
		return refuse_command_line(boot, failure);
	if (state->mode == MZ_MODE_LONG && mz_boot_put_page_tables_(boot, &state->cr3, failure))
		return -1;
	return command_line ? mz_boot_put_text_(boot, command_line, &state->rdi, failure) : 0;
}
