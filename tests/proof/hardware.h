/* SPDX-License-Identifier: MPL-2.0 */
/* What proofs of arch/ share: any configuration, and what a `configure` may do to it. */
#ifndef MZ_TESTS_PROOF_HARDWARE_H
#define MZ_TESTS_PROOF_HARDWARE_H

#include "core/config.h"
#include "core/fault.h"
#include "tests/proof/prove.h"

static bool has_bit(uint64_t value, unsigned bit)
{
	return (value >> bit & 1) != 0;
}

/* Any configuration for a format, before the hardware has been asked. */
static struct mz_config free_config_of(const struct mz_format *f)
{
	struct mz_config c = {
		.format = f,
		.leaf_levels = nondet_u32(),
		.features = nondet_u32(),
		.oa_lg2 = nondet_u8(),
		.root_first = nondet_u16(),
		.root_end = nondet_u16(),
		.root_fixed = nondet_bool(),
		.memory = {.linear = nondet_u64(), .first_frame = nondet_u64()},
	};

	return c;
}

static bool same_hardware(const struct mz_config *a, const struct mz_config *b)
{
	return a->leaf_levels == b->leaf_levels && a->features == b->features &&
		a->oa_lg2 == b->oa_lg2;
}

/* Claims that a refusal has changed nothing; and in any case nothing that is the embedder's. */
static void claim_configured(const struct mz_config *is, const struct mz_config *was, bool done)
{
	CLAIM(done || same_hardware(is, was), "what is refused leaves the configuration alone");
	CLAIM(is->format == was->format && is->root_first == was->root_first &&
		      is->root_end == was->root_end && is->root_fixed == was->root_fixed &&
		      is->memory.linear == was->memory.linear &&
		      is->memory.first_frame == was->memory.first_frame,
	      "what is the embedder's stays");
	if (!done)
		return;
	CLAIM((is->leaf_levels & ~is->format->leaf_levels) == 0 &&
		      (is->features & ~is->format->features) == 0 &&
		      mz_oa_lg2(is) <= is->format->oa_lg2 && mz_oa_lg2(is) > is->format->page_lg2,
	      "a table takes what was configured");
}

static bool same_fault(const struct mz_fault_record *a, const struct mz_fault_record *b)
{
	return a->ia.addr == b->ia.addr && a->guest_va == b->guest_va && a->access == b->access &&
		a->cause == b->cause && a->level == b->level && a->has_ia == b->has_ia &&
		a->has_guest_va == b->has_guest_va && a->walk == b->walk && a->user == b->user;
}

#endif
