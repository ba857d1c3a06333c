/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The shapes of tables under proof: small enough for all their states, deep and wide enough for
 * every path. A proof picks one by -DSHAPE=LEVELS * 10 + ENTRIES: 22 is two levels of two entries
 * (4 pages of 16 bytes), 32 three levels of two (8 pages of 16 bytes), 24 two levels of four (16
 * pages of 32 bytes). There are as many frames as a full tree has nodes, and SPARE more; that no
 * operation needs more at any time is claimed where frames are handed out.
 *
 * With -DFORMAT a proof is of a real format (tests/proof/real.h). Its nodes have whole pages, of
 * which only the first entries are used.
 */
#ifndef MZ_TESTS_PROOF_GEOMETRIES_H
#define MZ_TESTS_PROOF_GEOMETRIES_H

#include <stdint.h>

#ifndef SPARE
#define SPARE 0
#endif

#if SHAPE == 22
#define SHAPE_LEVELS 2
#define ENTRIES_LG2  1
#define FRAMES       (3 + SPARE)
#elif SHAPE == 32
#define SHAPE_LEVELS 3
#define ENTRIES_LG2  1
#define FRAMES       (7 + SPARE)
#else
#define SHAPE_LEVELS 2
#define ENTRIES_LG2  2
#define FRAMES       (5 + SPARE)
#endif

#define ENTRIES    (1u << ENTRIES_LG2)
#define NODE_BYTES (1u << PAGE_LG2)
#define IA_LG2     (PAGE_LG2 + SHAPE_LEVELS * ENTRIES_LG2)
#define PAGES      (1u << (SHAPE_LEVELS * ENTRIES_LG2))

/* By level, as a format has them. */
#define SHAPE_LEAVES ((1u << (SHAPE_LEVELS + 1)) - 2)
#define SHAPE_INDICES                                                           \
	{                                                                       \
		0, ENTRIES_LG2, ENTRIES_LG2, SHAPE_LEVELS > 2 ? ENTRIES_LG2 : 0 \
	}
#define SHAPE_SHIFTS                                                      \
	{                                                                 \
		0, PAGE_LG2, PAGE_LG2 + ENTRIES_LG2,                      \
			SHAPE_LEVELS > 2 ? PAGE_LG2 + 2 * ENTRIES_LG2 : 0 \
	}

/* What is kept of an entry; that it is all of it is claimed of every store. */
#ifdef FORMAT
#ifndef GRANULE_LG2
#define GRANULE_LG2 12
#endif
#define PAGE_LG2 GRANULE_LG2
typedef uint64_t kept_entry;
#else
#define PAGE_LG2 (ENTRIES_LG2 + 3)
#define OA_LG2   16
typedef uint32_t kept_entry;
#endif

#endif
