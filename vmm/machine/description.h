/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What kind of machine a configuration makes, as bytes, so that a machine of the same kind can be
 * made again. Files of the host that it uses are kept by their absolute names; what a run decides
 * (input and output, time-out, tracing, how memory is let in) is not kept.
 */
#ifndef MZ_VMM_DESCRIPTION_H
#define MZ_VMM_DESCRIPTION_H

#include "vmm/base/state.h"
#include "vmm/machine/vm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_DESCRIPTION_TEXTS (MZ_VM_FILES_MAX * 2 + MZ_VIRTIO_DEVICES * 2)

/* `config` points into the rest. */
struct mz_description {
	struct mz_vm_config config;
	struct mz_vm_file files[MZ_VM_FILES_MAX];
	struct mz_virtio_request virtio[MZ_VIRTIO_DEVICES];
	char *texts[MZ_DESCRIPTION_TEXTS]; /* that were loaded */
	unsigned text_count;
};

/* Begins with a configuration, whose texts stay the caller's, or with {0} to be loaded into. */
void mz_description_of(struct mz_description *description, const struct mz_vm_config *config);

void mz_description_state(struct mz_description *description, struct mz_state *state);

/* Saves that of a configuration. */
void mz_description_save(const struct mz_vm_config *config, struct mz_state *state);

/* Frees what was loaded. */
void mz_description_free(struct mz_description *description);

#ifdef __cplusplus
}
#endif

#endif
