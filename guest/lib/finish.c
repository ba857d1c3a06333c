// SPDX-License-Identifier: MPL-2.0
/* The end of a run, through the debug-exit port. */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

_Noreturn void finish(unsigned status)
{
	out32(FINISH_PORT, status);
	/* A machine without that port stops here: halted in ring 0, crashed in ring 3. */
	for (;;)
		__asm__ volatile("hlt");
}
