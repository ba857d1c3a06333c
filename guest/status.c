// SPDX-License-Identifier: MPL-2.0
/*
 * Ends with the status that it is told to.
 *
 * Words: status=N     the status; 0
 *        width=1|2|4  how many bytes of it are written to the debug-exit port; 4
 * Prints: nothing.
 * Status: N, or 99 where N is greater.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

unsigned guest_main(void)
{
	uint32_t status = (uint32_t)word_number("status", 0);

	switch (word_number("width", 4)) {
	case 1:
		out8(FINISH_PORT, (uint8_t)status);
		break;
	case 2:
		out16(FINISH_PORT, (uint16_t)status);
		break;
	case 4:
		out32(FINISH_PORT, status);
		break;
	}
	word_refuse("width", "not 1, 2 or 4");
}
