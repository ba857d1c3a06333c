/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An interrupt line: an event descriptor that whoever makes the line wires to an interrupt
 * controller, or reads in a test. A raise is an edge; those that come before the line is looked at
 * become one. Any thread may raise.
 */
#ifndef MZ_VMM_IRQ_H
#define MZ_VMM_IRQ_H

#include <sys/eventfd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The descriptor is its maker's to close. -1: nobody listens. */
struct mz_irq {
	int fd;
};

static inline void mz_irq_raise(const struct mz_irq *irq)
{
	if (irq->fd >= 0)
		eventfd_write(irq->fd, 1);
}

#ifdef __cplusplus
}
#endif

#endif
