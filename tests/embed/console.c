// SPDX-License-Identifier: MPL-2.0
/* The example's console, where there is a C library. */
#include <stddef.h>
#include <stdio.h>

void console_write(const char *text, size_t bytes);

void console_write(const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stdout);
}
