/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An entry format: constant data and pure functions on a 64-bit entry. No state, no context, no
 * memory access.
 *
 * The laws, for every level L the format has, every entry e of level L, every encodable property p,
 * and every oa that is aligned to what an entry of level L maps and lies below 2^oa_lg2.
 * mz_format_check() tests each.
 *
 *  1. Geometry: 1 <= levels <= MZ_LEVELS_MAX; 1 <= index_lg2[L] <= 15; `shift[1]` is page_lg2,
 * `shift[L + 1]` is shift[L] + index_lg2[L], and the root's sum is ia_lg2; oa_lg2 <= MZ_OA_LG2_MAX;
 * leaves are allowed at level 1 and at no level beyond the root.
 *  2. kind(absent, L) is MZ_ABSENT.
 *  3. kind(make_leaf(oa, L, p), L) is MZ_LEAF where leaves are allowed at L.
 *  4. kind(make_node(oa, L), L) is MZ_NODE where L > 1, for every page-aligned oa.
 *  5. oa(make_leaf(oa, L, p), L) is oa; oa(make_node(oa, L), L) is oa.
 *  6. prop(make_leaf(oa, L, p), L) is p. Where the format is hierarchical, prop(make_node(oa, L),
 * L) has every permission that a leaf can have.
 *  7. Changing the bits of hw_bits(L) in a present entry changes neither its kind nor its oa nor
 * its permissions.
 *  8. clean(e, L, F) changes nothing in prop(e, L) but the accessed and dirty flags named by F,
 * which it clears; it touches no bit but those of hw_bits(L).
 *  9. with_perm(make_leaf(oa, L, p), L, q) is make_leaf(oa, L, p with permissions q).
 * 10. A property with no permission at all is not encodable, and neither is one with a permission
 * bit, a memory type or a flag unknown to the format. Permissions are encodable with every memory
 * type and flag, or with none.
 *
 * 11. Where the format is hierarchical, and e is a link, with `links_accessed` one whose hw_bits(L)
 * are as they may be: link_write(e, L, false) and link_write(e, L, true) are links to the same
 * node, with `links_accessed` with the same hw_bits(L), whose permissions are those of e but for
 * MZ_WRITE, which they lack or have; and link_write(make_node(oa, L), L, true) is make_node(oa, L).
 * Without `links_accessed`, nobody but link_write() changes a link.
 *
 * 12. Where the format is hierarchical, forbid_write(e, L) is: of a link, link_write(e, L, false);
 * of a leaf with permissions p that has MZ_READ and MZ_WRITE, with_perm(e, L, p without MZ_WRITE);
 * of everything else, e. It is what the bits of a whole node are changed by, and made to be fast.
 *
 * `flags_fault`: without MZ_HW_ACCESSED_DIRTY, any access to a leaf without MZ_ACCESSED faults, and
 * a write to one without MZ_DIRTY, so far as these are hw_flags.
 *
 * `break_before_make` is for an MMU that must not meet two translations of an address that differ
 * in more than permissions and hw_bits(). An entry of such a format becomes absent and is flushed
 * before it says something else; MZ_LIVE_SPLITS lets a leaf become a node of smaller leaves at
 * once.
 */
#ifndef MZ_CORE_FORMAT_H
#define MZ_CORE_FORMAT_H

#include "core/types.h"

/* What an entry is. */
enum mz_kind { MZ_ABSENT, MZ_NODE, MZ_LEAF };

/* Hardware features that formats build on. A table has those that its configuration grants. */
enum mz_feature {
	MZ_HW_ACCESSED_DIRTY = 1, /* the MMU sets accessed and dirty bits by itself */
	MZ_EXEC_ONLY = 2,         /* execute without read can be encoded */
	MZ_MMIO_MARKERS = 4,      /* EPT: MZ_WRITE | MZ_EXEC marks a device; see arch/x86/ept.h */
	MZ_GUEST_PAGING = 8,      /* EPT: verification and write control of guest paging */
	MZ_SHADOW_STACKS = 16,    /* EPT: control of the supervisor's shadow stack */
	MZ_PAT = 32,              /* x86: the PAT holds what arch/x86/pat.h says */
	MZ_PROTECTION_KEYS = 64,  /* x86-64 stage 1: leaves have protection keys */
	MZ_SVPBMT = 128,          /* RISC-V: leaves have memory types */
	MZ_LIVE_SPLITS = 256,     /* Arm: leaves are split without a break (FEAT_BBM level 2) */
};

struct mz_ops;

struct mz_format {
	const char *name;
	uint8_t levels;        /* the root's level */
	uint8_t page_lg2;      /* the base page, and the unit in which nodes are allocated */
	uint8_t ia_lg2;        /* input addresses are this wide */
	uint8_t oa_lg2;        /* output addresses are this wide */
	bool ia_signed;        /* bits above ia_lg2 repeat the topmost bit (canonical addresses) */
	bool hierarchical;     /* a link's permissions are ANDed to those of all that lies below */
	bool links_accessed;   /* the MMU sets the accessed flag of links too */
	bool links_cached_raw; /* the MMU may cache of a link what it says, not narrowed by others
				*/
	bool flags_fault; /* an MMU that does not set hw_flags faults where a leaf lacks them */
	bool break_before_make;               /* an entry is flushed before it changes, see above */
	uint8_t index_lg2[MZ_LEVELS_MAX + 1]; /* by level: the bits of an index; [0] is unused */
	uint8_t shift[MZ_LEVELS_MAX + 1];     /* by level: log2 of the bytes that one entry maps */
	uint32_t leaf_levels;                 /* bit L: leaves are allowed at level L */
	uint32_t features;                    /* features that the format can make use of */
	uint16_t flags;                       /* property flags that the format can hold */
	uint16_t hw_flags; /* those of them that an MMU with MZ_HW_ACCESSED_DIRTY sets */
	uint64_t absent;   /* the entry of a fresh slot */

	enum mz_kind (*kind)(uint64_t entry, unsigned level);
	uint64_t (*make_node)(mz_oa node, unsigned level);
	uint64_t (*make_leaf)(mz_oa oa, unsigned level, struct mz_prop prop);
	mz_oa (*oa)(uint64_t entry, unsigned level);
	struct mz_prop (*prop)(uint64_t entry, unsigned level);
	uint64_t (*with_perm)(uint64_t leaf, unsigned level, unsigned perm);
	bool (*encodable)(struct mz_prop prop, unsigned level, uint32_t features);
	uint64_t (*hw_bits)(unsigned level);
	uint64_t (*clean)(uint64_t entry, unsigned level, unsigned flags);
	uint64_t (*link_write)(uint64_t link, unsigned level, bool on); /* NULL: not hierarchical */
	uint64_t (*forbid_write)(uint64_t entry, unsigned level);       /* NULL: not hierarchical */
	uint64_t (*root_register)(mz_oa root, uint32_t features);

	/* The algorithms compiled for this format; NULL picks the run-time instance. */
	const struct mz_ops *ops;
};

#endif
