/* SPDX-License-Identifier: MPL-2.0 */
/* The file that a run is shown in: a page, or a recording. */
#ifndef MZ_VMM_CLI_PICTURE_H
#define MZ_VMM_CLI_PICTURE_H

#include "vmm/base/new_file.h"
#include "vmm/machine/vm.h"
#include "vmm/picture/recording.h"

struct mz_cli_picture {
	struct mz_new_file file;
	bool json; /* the recording alone */
};

/*
 * Before the run, so that a file that can't be written is known of in time. MZ_STATUS_HOST_FAILED.
 */
int mz_cli_picture_begin(struct mz_cli_picture *picture, const char *path,
			 struct mz_failure *failure);

/* Ends it, either way; it is there then, or the failure says why not. */
int mz_cli_picture_end(struct mz_cli_picture *picture, const struct mz_vm *vm,
		       const struct mz_recording_run *run, const struct mz_vm_stats *stats,
		       struct mz_failure *failure);

/* Ends one whose recording comes from elsewhere. */
int mz_cli_picture_put(struct mz_cli_picture *picture, const json_t *recording,
		       struct mz_failure *failure);

#endif
