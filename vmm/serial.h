/* SPDX-License-Identifier: MPL-2.0 */
/* A 16550A serial port on the port bus, polled. Source: National Semiconductor PC16550D data sheet, section 8. */
#ifndef MZ_VMM_SERIAL_H
#define MZ_VMM_SERIAL_H

#include "vmm/bus.h"
#include "vmm/console.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_SERIAL_BASE 0x3f8

struct mz_serial {
	struct mz_console *console;
	unsigned char ier, fcr, lcr, mcr, scr, dll, dlm;
};

/* Puts the port at `base` on the bus. */
int mz_serial_init(struct mz_serial *serial, struct mz_bus *bus, uint64_t base, struct mz_console *console,
		   struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
