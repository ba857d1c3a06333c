// SPDX-License-Identifier: MPL-2.0
#include "vmm/cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *argp_program_version = "mezz (Mezzanine) " PACKAGE_VERSION;

int mz_cli_finish(const char *command, int result, const struct mz_failure *failure)
{
	if (result != 0) {
		fflush(stdout);
		fprintf(stderr, "mezz %s: %s\n", command, failure->text);
		return (int)failure->status;
	}
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "mezz %s: can't write to standard output: %s\n", command,
			errno != 0 ? strerror(errno) : "output is lost");
		return MZ_STATUS_HOST_FAILED;
	}
	return MZ_STATUS_OK;
}
