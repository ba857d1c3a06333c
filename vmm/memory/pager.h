/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The pager: threads that answer the guest's first touches. The kernel reports each as a
 * userfaultfd event; the space decides; and exactly the leaf that the space has mapped is filled
 * in, in one go. So a page is in the guest's mapping only if the table maps it. Contents that come
 * from elsewhere (vmm/memory/lazy.h) are brought first, with no lock of the table held. Writes to
 * what is protected (vmm/memory/protection.h) come the same way.
 */
#ifndef MZ_VMM_PAGER_H
#define MZ_VMM_PAGER_H

#include <pthread.h>
#include <stdbool.h>

#include "ept/space.h"
#include "vmm/base/failure.h"
#include "vmm/memory/ram.h"
#include "vmm/memory/fault_counts.h"
#include "vmm/memory/protection.h"
#include "vmm/memory/recorder.h"
#include "vmm/base/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_PAGER_THREADS_MAX 16

struct mz_pager_thread {
	struct mz_pager *pager;
	pthread_t thread;
	struct mz_worker worker;
};

struct mz_pager {
	int uffd;
	int quit;              /* readable: the threads are to end */
	unsigned thread_count; /* 0: one */
	unsigned running;
	struct mz_pager_thread threads[MZ_PAGER_THREADS_MAX];
	struct mz_ram *ram;
	struct mz_space *space;
	struct mz_protection *protection; /* NULL: the userfaultfd reports no writes */
	const struct mz_tracer *tracer;
	struct mz_fault_counts *counts; /* one a thread */
	struct mz_recorder *recorder;   /* NULL: nobody records */
	void *context;
	void (*failed)(void *context, const struct mz_failure *failure);
};

/*
 * Starts to serve the guest's mapping of `ram` on `uffd`, which the pager then owns. `failed` is
 * called on one of the pager's threads if a touch can't be answered: once it returns, the guest's
 * memory is the kernel's, so that nobody waits for ever, and the run must end.
 */
int mz_pager_start(struct mz_pager *pager, struct mz_failure *failure);

/* Ends the threads and closes the userfaultfd. No vCPU may run. */
void mz_pager_stop(struct mz_pager *pager);

#ifdef __cplusplus
}
#endif

#endif
