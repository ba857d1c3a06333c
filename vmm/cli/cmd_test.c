// SPDX-License-Identifier: MPL-2.0
/*
 * mezz test: a program of its own, for to load what it needs takes a good part of the time of a
 * small guest.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/beside.h"
#include "vmm/cli/cli.h"

int mz_cmd_test(int argc, char **argv)
{
	char path[MZ_BESIDE_BYTES];

	(void)argc;
	if (!mz_beside(path, "mezz-test"))
		execv(path, argv);
	fprintf(stderr, "mezz test: cannot start mezz-test beside this program: %s\n",
		strerror(errno));
	return MZ_STATUS_HOST_LACKS;
}
