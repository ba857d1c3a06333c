// SPDX-License-Identifier: MPL-2.0
#include "vmm/cli/beside.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int mz_beside(char path[MZ_BESIDE_BYTES], const char *name)
{
	ssize_t bytes = readlink("/proc/self/exe", path, PATH_MAX);

	if (bytes < 0)
		return -1;
	if (bytes == PATH_MAX || strlen(name) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	while (bytes > 0 && path[bytes - 1] != '/')
		bytes--;
	strcpy(path + bytes, name);
	return 0;
}
