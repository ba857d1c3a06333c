// SPDX-License-Identifier: MPL-2.0
/*
 * What single bits of an entry do. Source: AMD APM volume 2, section 5.3.3 "4-Kbyte page
 * translation" and the two after it, with figures 5-19 to 5-27; section 15.25.5 for the user bit.
 */
#include "guest/mmu/npt/npt.h"

/* A range of bits, and what comes of flipping one of them. */
struct bits {
	const char *what;
	uint8_t cause;
	uint8_t first, last;
};

static const struct bits user = {"user_bit", MZ_FAULT_DENIED, 2, 2};
/* Under the execute trap: section 15.25.13. What it does in a leaf is a matter of permissions. */
static const struct bits user_trap = {"user_bit", MZ_FAULT_UNKNOWN, 2, 2};
static const struct bits available = {"available_bit", MZ_FAULT_UNKNOWN, 9, 11};
/* With the host's CR4.PKE clear, the protection key is available, too. */
static const struct bits available_high = {"available_bit", MZ_FAULT_UNKNOWN, 52, 62};
static const struct bits cache_control = {"cache_control", MZ_FAULT_UNKNOWN, 3, 4};
static const struct bits global = {"global_bit", MZ_FAULT_UNKNOWN, 8, 8};
static const struct bits ignored = {"ignored_bit", MZ_FAULT_UNKNOWN, 6, 6};
static const struct bits reserved_root = {"reserved_bit", MZ_FAULT_MISCONFIGURED, 7, 8};
static const struct bits reserved_2m = {"reserved_bit", MZ_FAULT_MISCONFIGURED, 13, 20};
static const struct bits reserved_1g = {"reserved_bit", MZ_FAULT_MISCONFIGURED, 13, 29};

#define RULES_MAX 8

/* The rules for an entry; answers how many. */
static unsigned rules_for(const struct stage *stage, enum mz_kind kind, unsigned level,
			  struct bits rules[RULES_MAX])
{
	unsigned count = 0;

	if (!npt_traps(stage))
		rules[count++] = user;
	else if (kind == MZ_NODE)
		rules[count++] = user_trap;
	rules[count++] = available;
	rules[count++] = available_high;
	rules[count++] = cache_control;
	if (kind == MZ_NODE)
		rules[count++] = ignored;
	if (level < 4)
		rules[count++] = global;
	else
		rules[count++] = reserved_root;
	if (kind == MZ_LEAF && level == 2)
		rules[count++] = reserved_2m;
	if (kind == MZ_LEAF && level == 3)
		rules[count++] = reserved_1g;
	/* Section 5.3: beyond the processor's physical addresses. */
	if (stage->config.oa_lg2 < 52)
		rules[count++] = (struct bits) {"reserved_bit", MZ_FAULT_MISCONFIGURED,
						stage->config.oa_lg2, 51};
	return count;
}

bool npt_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out)
{
	struct bits rules[RULES_MAX];
	unsigned count = rules_for(stage, kind, level, rules);

	for (unsigned i = 0; i < count; i++) {
		unsigned width = rules[i].last - rules[i].first + 1u;

		if (n < width) {
			out->what = rules[i].what;
			out->bit = (int)(rules[i].first + n);
			out->entry = entry ^ (uint64_t)1 << out->bit;
			out->cause = rules[i].cause;
			return true;
		}
		n -= width;
	}
	return false;
}
