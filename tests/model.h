/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a table should translate: a flat, sorted array of ranges, far from any tree. Permissions are
 * those that an MMU finds, narrowed by links; but what may not be read is no memory, and its
 * permissions mean something else: they are as they were given.
 */
#ifndef MZ_TESTS_MODEL_H
#define MZ_TESTS_MODEL_H

#include "core/error.h"
#include "core/types.h"

/* Translates [first, last] to oa and on. */
struct model_range {
	uint64_t first, last;
	uint64_t oa;
	struct mz_prop prop;
};

struct model {
	struct model_range *ranges;
	size_t count, max;
};

void model_init(struct model *model);
void model_destroy(struct model *model);
void model_clear(struct model *model);

/* MZ_OCCUPIED or MZ_OK. `bytes` is not 0 and the range does not wrap. */
enum mz_error model_map(struct model *model, uint64_t ia, uint64_t bytes, uint64_t oa,
			struct mz_prop prop);
void model_unmap(struct model *model, uint64_t ia, uint64_t bytes);
void model_protect(struct model *model, uint64_t ia, uint64_t bytes, unsigned perm);
/* Lets what may be read be written, or forbids it. */
void model_write(struct model *model, uint64_t ia, uint64_t bytes, bool on);
void model_flag(struct model *model, uint64_t ia, uint64_t bytes, unsigned flags);

/* The range that ia lies in, or NULL. */
const struct model_range *model_find(const struct model *model, uint64_t ia);

/* Adds a range behind all others, without a look; joins it to the last if it continues that. */
void model_append(struct model *model, struct model_range range);

/* Joins ranges that continue one another: two models are equal if their joined ranges are. */
void model_join(struct model *model);
bool model_equal(const struct model *a, const struct model *b);

#endif
