/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The pager: a thread that answers the guest's first touches. The kernel reports each as a
 * userfaultfd event; the space decides; and exactly the leaf that the space has mapped is filled
 * in, in one go. So a page is in the guest's mapping only if the table maps it.
 */
#ifndef MZ_VMM_PAGER_H
#define MZ_VMM_PAGER_H

#include <pthread.h>
#include <stdbool.h>

#include "ept/space.h"
#include "vmm/base/failure.h"
#include "vmm/memory/ram.h"
#include "vmm/memory/fault_counts.h"
#include "vmm/base/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_pager {
	int uffd;
	int quit; /* readable: the thread is to end */
	bool running;
	pthread_t thread;
	const struct mz_ram *ram;
	struct mz_space *space;
	struct mz_worker worker; /* while it is running */
	const struct mz_tracer *tracer;
	struct mz_fault_counts *counts;
	void *context;
	void (*failed)(void *context, const struct mz_failure *failure);
};

/*
 * Starts to serve the guest's mapping of `ram` on `uffd`, which the pager then owns. `failed` is
 * called once, on the pager's thread, if a touch can't be answered: the guest's memory is the
 * kernel's from then on, so that nobody waits for ever, and the run must end.
 */
int mz_pager_start(struct mz_pager *pager, struct mz_failure *failure);

/* Ends the thread and closes the userfaultfd. No vCPU may run. */
void mz_pager_stop(struct mz_pager *pager);

#ifdef __cplusplus
}
#endif

#endif
