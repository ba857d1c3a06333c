/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A 16550A serial port on the port bus. Source: National Semiconductor PC16550D data sheet,
 * section 8. Its interrupt reaches the line only while the output OUT 2 is on, as in a PC. The line
 * status and the modem status never interrupt, for there are no errors and the other side stays.
 *
 * What is sent goes to the console at once, at any divisor and line setting, so the transmitter is
 * always empty. The receiver is the console's input. In loopback mode what is sent comes back
 * instead; one byte is kept, a later one replaces it.
 */
#ifndef MZ_VMM_SERIAL_H
#define MZ_VMM_SERIAL_H

#include <stdbool.h>

#include "vmm/base/state.h"
#include "vmm/device/bus.h"
#include "vmm/device/console.h"
#include "vmm/device/irq.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_SERIAL_BASE  0x3f8
#define MZ_SERIAL_PORTS 8

struct mz_serial {
	struct mz_console *console;
	struct mz_irq irq;
	bool deaf; /* the console's input is somebody else's; set before the guest begins */
	/*
	 * Of what follows: the guest's side and mz_serial_receive(). Not held while output is
	 * written, which may take long; the bus lets no other access of the guest's in meanwhile.
	 */
	pthread_mutex_t mutex;
	unsigned char ier, fcr, lcr, mcr, scr, dll, dlm;
	bool looped; /* loopback: loop_byte waits in the receiver */
	unsigned char loop_byte;
	bool status_read; /* the last access read the line status */
	bool sent;        /* the transmitter's interrupt is pending */
	bool line;        /* the interrupt line is up */
};

/*
 * Puts the port at [base, base + MZ_SERIAL_PORTS) on the bus. An access wider than a byte is done
 * byte by byte from the lowest port up, as a PC's chipset splits it for a device of 8 bits. `irq`
 * is raised for each interrupt. Errors as for mz_bus_add().
 */
int mz_serial_init(struct mz_serial *serial, struct mz_bus *bus, uint64_t base,
		   struct mz_console *console, const struct mz_irq *irq,
		   struct mz_failure *failure);

/* The console has input that was not there before. From any thread. */
void mz_serial_receive(struct mz_serial *serial);

/*
 * Saves or loads the registers; the console's input is not state. Loading raises the line once more
 * if it is up, for the edge may have been on its way when it was saved: the interrupt controllers'
 * state is loaded first. No vCPU runs.
 */
void mz_serial_state(struct mz_serial *serial, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
