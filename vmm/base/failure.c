// SPDX-License-Identifier: MPL-2.0
#include "vmm/base/failure.h"

#include <stdarg.h>
#include <stdio.h>

int mz_fail(struct mz_failure *failure, enum mz_status status, const char *format, ...)
{
	va_list arguments;

	failure->status = status;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return -1;
}
