// SPDX-License-Identifier: MPL-2.0
#include "vmm/base/library.h"

#include <dlfcn.h>
#include <stddef.h>

/* ISO C knows no way from an object's address to a function's; POSIX has this one. */
bool mz_library_find(void *library, const char *name, void *function)
{
	*(void **)function = dlsym(library, name);
	return *(void **)function != NULL;
}
