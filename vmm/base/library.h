/* SPDX-License-Identifier: MPL-2.0 */
/* Libraries that are loaded when they are needed, so that no other run waits for them. */
#ifndef MZ_VMM_LIBRARY_H
#define MZ_VMM_LIBRARY_H

#include <stdbool.h>

/*
 * Sets `*function`, a pointer to a function, to that of a library from dlopen(). False: it has none
 * of that name, and dlerror() says so.
 */
bool mz_library_find(void *library, const char *name, void *function);

#endif
