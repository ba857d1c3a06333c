/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A guest of a space: what its processor does. It reads and writes as the table lets it, marks
 * entries as the MMU of the format does, and faults where it may not.
 */
#ifndef MZ_TESTS_GUEST_H
#define MZ_TESTS_GUEST_H

#include "ept/change.h"
#include "tests/fixture.h"

#define GUEST_RX  (MZ_READ | MZ_EXEC)
#define GUEST_RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

#define GUEST_REGIONS 16

struct guest {
	const struct fixture *x;
	struct mz_space space;
	struct mz_worker worker;
	struct mz_region regions[GUEST_REGIONS];
};

/* Makes the space by the configuration of a fixture that is prepared and has no table. */
void guest_begin(struct guest *guest, struct fixture *x, const struct mz_backing *backing);

/* Fails the test if the table is not sound, and drops the space. */
void guest_end(struct guest *guest, struct fixture *x);

struct mz_region guest_region(enum mz_region_kind kind, uint64_t ia, uint64_t bytes, uint64_t oa);
enum mz_error guest_add(struct guest *guest, enum mz_region_kind kind, uint64_t ia, uint64_t bytes,
			uint64_t oa);

struct mz_request guest_request(enum mz_change_kind change, uint64_t ia, uint64_t bytes);
enum mz_error guest_change(struct guest *guest, enum mz_change_kind change, uint64_t ia,
			   uint64_t bytes);

/* A fault of the guest's own worker. What `fault` held before is garbage. */
enum mz_answer guest_fault(struct guest *guest, uint64_t gpa, enum mz_perm access,
			   struct mz_fault *fault);

/* Does the table allow the access, as an MMU sees it? Where it does, `item` says what is there. */
bool guest_may(const struct guest *guest, uint64_t gpa, enum mz_perm access, struct mz_item *item);

/* The MMU's part of an access that is allowed: its flags, where it has such. */
void guest_mark(struct guest *guest, uint64_t gpa, enum mz_perm access);

/*
 * An access, with all the faults it takes by this worker. False: it was denied. Otherwise `oa` is
 * where it went.
 */
bool guest_access(struct guest *guest, struct mz_worker *worker, uint64_t gpa, enum mz_perm access,
		  uint64_t *oa);

#endif
