// SPDX-License-Identifier: MPL-2.0
/* Reading recordings from files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/picture/recording.h"

/* Many times what the largest recording takes. */
#define BYTES_MAX (UINT64_C(64) << 20)

static char *read_text(const char *path, uint64_t *bytes, struct mz_failure *failure)
{
	int fd = mz_file_open(path, bytes, failure);
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (*bytes > BYTES_MAX)
		mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			"%s: %" PRIu64 " bytes are more than any recording has", path, *bytes);
	else if (!(text = malloc(*bytes + 1)))
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to read it", path);
	else if (mz_file_read(fd, path, text, *bytes, 0, failure)) {
		free(text);
		text = NULL;
	}
	close(fd);
	return text;
}

/* The parser's words may quote the file, up to what would steer a terminal. */
static int fail_text(const char *path, json_error_t *error, struct mz_failure *failure)
{
	for (char *at = error->text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: is no JSON: line %d, column %d: %s", path,
		       error->line, error->column, error->text);
}

json_t *mz_recording_read(const char *path, struct mz_failure *failure)
{
	uint64_t bytes;
	char *text = read_text(path, &bytes, failure);
	json_error_t error;
	json_t *recording;

	if (!text)
		return NULL;
	recording = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!recording) {
		fail_text(path, &error, failure);
		return NULL;
	}
	if (!mz_recording_check(recording, path, failure))
		return recording;
	json_decref(recording);
	return NULL;
}
