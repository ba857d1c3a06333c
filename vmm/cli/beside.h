/* SPDX-License-Identifier: MPL-2.0 */
/* The programs that lie beside this one. */
#ifndef MZ_VMM_BESIDE_H
#define MZ_VMM_BESIDE_H

#include <limits.h>

#define MZ_BESIDE_BYTES (PATH_MAX + NAME_MAX)

/* The path of the one with this name, in the folder of this program. 0, or -1 with errno. */
int mz_beside(char path[MZ_BESIDE_BYTES], const char *name);

#endif
