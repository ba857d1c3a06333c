// SPDX-License-Identifier: MPL-2.0
#include "vmm/cli/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/report.h"
#include "vmm/picture/page.h"

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

int mz_cli_picture_begin(struct mz_cli_picture *picture, const char *path,
			 struct mz_failure *failure)
{
	picture->json = ends_with(path, ".json");
	return mz_new_file_begin(&picture->file, path, failure);
}

/* All of the text is made before any of it is written. */
static int put_text(struct mz_cli_picture *picture, const json_t *recording,
		    struct mz_failure *failure)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);
	int result = -1;

	if (file) {
		if (picture->json)
			mz_page_write_json(file, recording);
		else
			mz_page_write(file, recording);
		result = ferror(file) ? -1 : 0;
		result |= fclose(file);
	}
	if (result)
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to make it",
			picture->file.path);
	else
		result = mz_new_file_write(&picture->file, text, bytes, 0, failure);
	free(text);
	return result;
}

int mz_cli_picture_put(struct mz_cli_picture *picture, const json_t *recording,
		       struct mz_failure *failure)
{
	if (!put_text(picture, recording, failure))
		return mz_new_file_commit(&picture->file, failure);
	mz_new_file_drop(&picture->file);
	return -1;
}

int mz_cli_picture_end(struct mz_cli_picture *picture, const struct mz_vm *vm,
		       const struct mz_recording_run *run, const struct mz_vm_stats *stats,
		       struct mz_failure *failure)
{
	json_t *recording = mz_recording_make(run, mz_vm_recorder(vm), stats->format,
					      mz_report_object(stats));
	int result;

	if (!recording) {
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to make it",
			picture->file.path);
		mz_new_file_drop(&picture->file);
		return -1;
	}
	result = mz_cli_picture_put(picture, recording, failure);
	json_decref(recording);
	return result;
}
