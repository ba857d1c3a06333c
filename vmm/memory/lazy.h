/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Guest memory whose contents come from elsewhere, such as a snapshot, when they are first wanted.
 * Until then the memory file has holes there.
 */
#ifndef MZ_VMM_LAZY_H
#define MZ_VMM_LAZY_H

#include <pthread.h>
#include <stdbool.h>

#include "vmm/memory/ram.h"
#include "vmm/memory/reads.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where contents come from. Pages are counted from the beginning of the memory file. */
struct mz_page_source {
	void *context;
	/* Is the page anything but zeros? */
	bool (*present)(void *context, uint64_t page);
	/* Reads pages; from any thread. */
	int (*read)(void *context, uint64_t first, uint64_t count, void *buffer,
		    struct mz_failure *failure);
	/* May be NULL: the guest has touched these. From any of the pager's threads. */
	void (*touched)(void *context, uint64_t first, uint64_t count);
	/* Something could not be brought: the machine can't go on. From any thread. */
	void (*failed)(void *context, const struct mz_failure *failure);
	/*
	 * May be NULL: a read has taken longer than `patience_ns`. From a thread of its own, once.
	 * Who waits for the read goes on waiting.
	 */
	void (*stuck)(void *context, const struct mz_failure *failure);
	uint64_t patience_ns;
};

#define MZ_LAZY_LOCKS 64u

struct mz_lazy {
	const struct mz_ram *ram;
	struct mz_page_source source;
	uint64_t page_count;
	uint64_t *brought; /* a bit a page: it is in the memory file, or is zeros and may be */
	pthread_mutex_t locks[MZ_LAZY_LOCKS]; /* of 2 MiB each, in turn */
	struct mz_reads reads;                /* of the source */
};

/* All of RAM comes from the source. Nobody reaches guest memory yet. */
int mz_lazy_init(struct mz_lazy *lazy, const struct mz_ram *ram,
		 const struct mz_page_source *source, struct mz_failure *failure);
void mz_lazy_destroy(struct mz_lazy *lazy);

/*
 * Brings [offset, offset + bytes) of the memory file into it: what was brought once stays as it is,
 * whatever the guest has made of it. From any thread; those that want the same memory wait for each
 * other. Failures are the source's, and the host's; `failed` has been told.
 */
int mz_lazy_bring(struct mz_lazy *lazy, uint64_t offset, uint64_t bytes,
		  struct mz_failure *failure);

/* The same for who can do without: `failed` is not told. */
int mz_lazy_try(struct mz_lazy *lazy, uint64_t offset, uint64_t bytes, struct mz_failure *failure);

/* Has the page been brought? */
bool mz_lazy_has(const struct mz_lazy *lazy, uint64_t page);

#ifdef __cplusplus
}
#endif

#endif
