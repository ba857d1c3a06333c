/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Looking at a machine's memory from time to time, for its recorder (vmm/memory/recorder.h): what
 * the table maps, what was written, and what was used.
 *
 * What was written is known from KVM, as for resets: looks are one more consumer of that. What was
 * used is known of pages that are picked at random: a page is dropped from the guest's mapping,
 * which makes KVM forget it, and if it is mapped again at the next look, somebody has used it. That
 * costs the guest a fault, so only some are picked, and looks are rarer the longer they take.
 */
#ifndef MZ_VMM_LOOKS_H
#define MZ_VMM_LOOKS_H

#include <pthread.h>

#include "ept/dirty.h"
#include "vmm/machine/vm.h"
#include "vmm/memory/recorder.h"

#define MZ_UNWATCHED UINT64_MAX

struct mz_looks {
	struct mz_recorder *recorder; /* NULL: nobody looks */
	uint64_t *watched; /* where the page of each row lies in the window, or MZ_UNWATCHED */
	uint64_t offsets[MZ_RECORD_AREAS]; /* where RAM lies in the window; else MZ_UNWATCHED */
	struct mz_dirty dirty;
	bool tracking; /* `dirty` has begun */
	int pagemap;   /* of this process; -1: none */
	uint64_t count, random;
	pthread_mutex_t mutex; /* held while it looks */
	int quit;              /* readable: the thread is to end */
	pthread_t thread;
	bool running;
};

/* Makes the recorder, if the machine is to have one. All regions are there, and nobody runs. */
int mz_looks_init(struct mz_vm *vm, struct mz_failure *failure);

/* Looks for the first time, and goes on by a thread of its own. No vCPU is inside the guest. */
int mz_looks_begin(struct mz_vm *vm, struct mz_failure *failure);

/* No look is under way from here on, until they go on. From any thread but theirs. */
void mz_looks_hold(struct mz_vm *vm);
void mz_looks_let_go(struct mz_vm *vm);

/*
 * Memory is shared copy-on-write: a page that were dropped now might be the only one. From now on
 * it is not known what is used. Looks are held.
 */
void mz_looks_spare_pages(struct mz_vm *vm);

/* Ends the thread, after a last look. No vCPU is inside the guest any more. */
void mz_looks_end(struct mz_vm *vm);

/* No fault is under way. */
void mz_looks_destroy(struct mz_vm *vm);

#endif
