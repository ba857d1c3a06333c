/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Knowing what the guest writes, by write-protect events: all that the guest's mapping has is
 * protected, and the pager lifts that from a page once it is written. Nothing is lost where the
 * kernel takes a page back, for what was written is noted here.
 */
#ifndef MZ_VMM_PROTECTION_H
#define MZ_VMM_PROTECTION_H

#include <pthread.h>
#include <stdbool.h>

#include "ept/space.h"
#include "vmm/base/failure.h"
#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_protection {
	const struct mz_ram *ram;
	/* Held by one to protect, by many to let be written. */
	pthread_rwlock_t lock;
	bool on;
	uint64_t *written; /* a bit a page of the memory file: may be written without an event */
};

int mz_protection_init(struct mz_protection *protection, const struct mz_ram *ram,
		       struct mz_failure *failure);
void mz_protection_destroy(struct mz_protection *protection);

/*
 * The userfaultfd of all that follows is the one that serves the guest's mapping. Answers are 0 or
 * an errno value.
 */

/* Protects all. Nobody writes meanwhile. */
int mz_protection_begin(struct mz_protection *protection, int uffd);

/* Maps pages of the memory file for the guest: protected, once that has begun. */
int mz_protection_let_in(struct mz_protection *protection, int uffd, uint64_t offset,
			 uint64_t bytes);

/* The page at `offset` is to be written: lets it be, and notes that. */
int mz_protection_lift(struct mz_protection *protection, int uffd, uint64_t offset);

/*
 * Protects again what was written, and tells the space of it. MZ_NO_MEMORY: not of all; the rest
 * stays noted. MZ_BAD_HOOKS: the kernel refuses, errno says why.
 */
enum mz_error mz_protection_tell(struct mz_protection *protection, int uffd,
				 struct mz_space *space);

#ifdef __cplusplus
}
#endif

#endif
