/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A run that was recorded, as JSON: what the page shows, and what `mezz report` makes pages from.
 * docs/report-format.md describes it.
 */
#ifndef MZ_VMM_PICTURE_RECORDING_H
#define MZ_VMM_PICTURE_RECORDING_H

#include <jansson.h>

#include "core/format.h"
#include "vmm/base/failure.h"
#include "vmm/memory/recorder.h"

#define MZ_RECORDING_VERSION 1

/* What names a run to its readers. */
struct mz_recording_run {
	const char *command, *image;
	int status;
	const char *end; /* in words */
};

/* Takes the reference to `stats`, the run's numbers. NULL: no memory. */
json_t *mz_recording_make(const struct mz_recording_run *run, const struct mz_recorder *recorder,
			  const struct mz_format *format, json_t *stats);

/*
 * Reads a file. NULL: MZ_STATUS_BAD_IMAGE, and the failure tells what is wrong and where: it can't
 * be read, is no JSON, of another version, or holds what no run has.
 */
json_t *mz_recording_read(const char *path, struct mz_failure *failure);

/* Is it what mz_recording_make() could have made? `name` is for the failure, MZ_STATUS_BAD_IMAGE.
 */
int mz_recording_check(const json_t *recording, const char *name, struct mz_failure *failure);

#endif
