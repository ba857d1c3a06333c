/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Files that come to be as a whole or not at all: written under another name in the same folder,
 * brought to the disk, then renamed. Whatever ends the writer, and at whatever byte, the name
 * stands for the old file or for the new one.
 *
 * The other name is .NAME.new. Its writer holds a lock on it for as long as it lives, so the next
 * one knows what a dead writer has left behind, and removes it.
 *
 * Every failure is MZ_STATUS_HOST_FAILED and names the file and the cause.
 */
#ifndef MZ_VMM_NEW_FILE_H
#define MZ_VMM_NEW_FILE_H

#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_new_file {
	char *path;       /* what it will be called */
	const char *name; /* its last part */
	char *temporary;  /* what its last part is until then */
	int folder, fd;
};

/*
 * Begins one, for its owner's eyes only. Refused: a name that stands for something else than a
 * regular file, and one that another writer is at work on.
 */
int mz_new_file_begin(struct mz_new_file *file, const char *path, struct mz_failure *failure);

/* Writes all of it. */
int mz_new_file_write(struct mz_new_file *file, const void *bytes, uint64_t count, uint64_t offset,
		      struct mz_failure *failure);

/*
 * Ends it, either way: it has its name now, or it is gone and the old file is still there. The one
 * failure in between, which says so: it has its name, but not for sure after a crash of the host.
 */
int mz_new_file_commit(struct mz_new_file *file, struct mz_failure *failure);

/* Ends it without a trace. */
void mz_new_file_drop(struct mz_new_file *file);

#ifdef __cplusplus
}
#endif

#endif
