/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How a guest ends its machine, whichever register it writes to: several devices share one of
 * these, and whoever serves the accesses looks at it after each. The first request counts.
 */
#ifndef MZ_VMM_POWER_H
#define MZ_VMM_POWER_H

#include "vmm/base/state.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_power_request {
	MZ_POWER_ON,    /* nothing was asked for */
	MZ_POWER_OFF,   /* ACPI's soft off */
	MZ_POWER_RESET, /* a reset of the whole machine */
	MZ_POWER_PANIC, /* the guest's kernel has given up */
};

struct mz_power {
	int request; /* enum mz_power_request, of any thread */
};

static inline void mz_power_ask(struct mz_power *power, enum mz_power_request request)
{
	int on = MZ_POWER_ON;

	__atomic_compare_exchange_n(&power->request, &on, (int)request, 0, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
}

static inline enum mz_power_request mz_power_asked(const struct mz_power *power)
{
	return (enum mz_power_request)__atomic_load_n(&power->request, __ATOMIC_ACQUIRE);
}

/* Nothing was asked for. No vCPU runs. */
static inline void mz_power_forget(struct mz_power *power)
{
	__atomic_store_n(&power->request, MZ_POWER_ON, __ATOMIC_RELEASE);
}

/* Saves or loads what was asked for. No vCPU runs. */
void mz_power_state(struct mz_power *power, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
