/* SPDX-License-Identifier: MPL-2.0 */
/* Makes the guest access memory, and holds what came of it against the prediction. */
#ifndef GUEST_MMU_JUDGE_H
#define GUEST_MMU_JUDGE_H

#include "guest/mmu/predict.h"

struct verdict {
	const char *wrong; /* what is not as predicted, or NULL */
	const char *known; /* if so: why the platform is known to do just this, or NULL */
	struct prediction prediction;
	struct outcome outcome;
};

/* Says nothing. */
struct verdict judge(const struct world *world, const struct access *access);

/* The same for an access whose prediction was made before something changed. */
struct verdict judge_by(const struct world *world, const struct prediction *prediction);

/* Sees whether what is wrong is known, after something else was found wrong. */
void judge_ask_deviation(const struct world *world, struct verdict *verdict);

/* Reports the named test by a verdict; `wanted` is the ending that the test is about. */
void judge_report(const struct verdict *verdict, enum ending wanted);

/* Both, for most tests. */
void judge_test(const struct world *world, const struct access *access, enum ending wanted);

/* Comment lines about a verdict. */
void judge_explain(const struct verdict *verdict);

/* An access of this kind to the word of a data frame that suits it, the frame being at page `va`.
 */
struct access judge_access(uint64_t va, unsigned kind, bool user);

#endif
