/* SPDX-License-Identifier: MPL-2.0 */
/* The port by which a guest says: here is where I want to be put back to. */
#ifndef MZ_VMM_MARK_PORT_H
#define MZ_VMM_MARK_PORT_H

#include "vmm/device/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_MARK_PORT 0xf8

struct mz_mark_port {
	void *context;
	void (*wanted)(void *context); /* on the thread of the vCPU that wrote */
};

/* Puts the port on the bus; whatever is written to it counts. Errors as for mz_bus_add(). */
int mz_mark_port_init(struct mz_mark_port *port, struct mz_bus *bus, void *context,
		      void (*wanted)(void *context), struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
