/* SPDX-License-Identifier: MPL-2.0 */
/* What a user at the terminal of a run can ask of mezz. */
#ifndef MZ_VMM_CLI_KEYS_H
#define MZ_VMM_CLI_KEYS_H

#include "vmm/machine/vm.h"

/* Does what the key asks for; `line` is the command line. Of struct mz_vm_config. */
void mz_cli_key(void *context, struct mz_vm *vm, enum mz_key key, const char *line);

#endif
