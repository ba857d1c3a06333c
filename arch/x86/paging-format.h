/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Entries of x86-64 paging, once for all variants: a source defines PAGING_VARIANT (the format's
 * symbol), PAGING_NAME, PAGING_LEVELS, PAGING_NESTED (1: the second stage of AMD's SVM, which is
 * made of the same entries) and PAGING_TRAPS (1: with the guest-mode execute trap), then includes
 * this file. Section and table numbers are those of the Intel SDM, volume 3A, in the edition of
 * September 2023; for nested paging, of the AMD APM, volume 2.
 */
#include "arch/x86/pat.h"
#include "core/format.h"
#include "core/table.h"

/*
 * The tables of entries in section 4.5.4 "Linear-address translation with 4-level and 5-level
 * paging"; APM section 5.3 "Long-mode page translation".
 */
enum {
	PAGING_PRESENT = 1 << 0,
	PAGING_WRITE = 1 << 1,
	PAGING_USER = 1 << 2,          /* nested: see perm_bits() */
	PAGING_WRITE_THROUGH = 1 << 3, /* PWT */
	PAGING_CACHE_DISABLE = 1 << 4, /* PCD */
	PAGING_ACCESSED = 1 << 5,      /* section 4.8 "Accessed and dirty flags" */
	PAGING_DIRTY = 1 << 6,         /* leaf */
	PAGING_LEAF = 1 << 7,          /* PS: a leaf above level 1 */
	PAGING_PAT = 1 << 7,           /* of a leaf at level 1 */
	PAGING_GLOBAL = 1 << 8,        /* leaf; section 4.10.2.4 "Global pages" */
};

#define PAGING_LARGE_PAT ((uint64_t)1 << 12)  /* PAT of a leaf above level 1 */
#define PAGING_KEY       ((uint64_t)15 << 59) /* leaf; section 4.6.2 "Protection keys" */
#define PAGING_NO_EXEC   ((uint64_t)1 << 63)  /* XD, with IA32_EFER.NXE; nested: the host's */
#define PAGING_OA \
	0x000ffffffffff000u /* bits 51:12, of which the processor has those below MAXPHYADDR */

_Static_assert((PAGING_OA & (PAGING_NO_EXEC | PAGING_KEY | 0xfff)) == 0 &&
		       (PAGING_NO_EXEC & PAGING_KEY) == 0,
	       "fields must not overlap");
_Static_assert((int)PAGING_PRESENT == MZ_READ && (int)PAGING_WRITE == MZ_WRITE,
	       "read and write are copied, not translated");

/* The flags of a property, and how far they stand from their place in an entry. */
#define STAGE_1(flag) (uint32_t)(PAGING_NESTED ? 0 : (flag))
#define HW_FLAGS      (uint32_t)(MZ_ACCESSED | MZ_DIRTY)
#define HW_SHIFT      3
#define USER_FLAG     STAGE_1(MZ_USER)
#define USER_SHIFT    1
#define GLOBAL_FLAG   STAGE_1(MZ_GLOBAL)
#define GLOBAL_SHIFT  2
#define KEY_FLAGS     STAGE_1(MZ_KEY)
#define KEY_SHIFT     47

_Static_assert((int)PAGING_ACCESSED == MZ_ACCESSED << HW_SHIFT &&
		       (int)PAGING_DIRTY == MZ_DIRTY << HW_SHIFT &&
		       (int)PAGING_USER == MZ_USER << USER_SHIFT &&
		       (int)PAGING_GLOBAL == MZ_GLOBAL << GLOBAL_SHIFT &&
		       PAGING_KEY == (uint64_t)MZ_KEY << KEY_SHIFT,
	       "flags are shifted, not translated");

/*
 * Section 4.5: bit 0 alone says whether an entry is present. PS is reserved in the root, which has
 * no leaves.
 */
static inline enum mz_kind paging_kind(uint64_t entry, unsigned level)
{
	if ((entry & PAGING_PRESENT) == 0)
		return MZ_ABSENT;
	/* Bit by bit: of an entry found to be a link, paging_oa() need not look at PS again. */
	if (level == 1 || (entry & PAGING_LEAF) != 0)
		return MZ_LEAF;
	return MZ_NODE;
}

static inline uint64_t paging_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr | PAGING_PRESENT | PAGING_WRITE | PAGING_USER;
}

/*
 * Section 4.9 "Paging and memory typing": PAT, PCD and PWT number one of the eight types in
 * MZ_PAT_VALUE. A digit each: the type of number n; the number of type t.
 */
#define TYPE_OF   0x66376620u
#define NUMBER_OF 0x43005100u

static inline uint64_t memory_bits(unsigned memory, unsigned level)
{
	uint64_t number = NUMBER_OF >> 4 * memory & 7;

	/* Ordinary memory at once: single pages are mapped fast enough to notice the rest. */
	return memory == MZ_MEM_WRITE_BACK
		? 0
		: (number & 3) << 3 | (number >> 2) * (level > 1 ? PAGING_LARGE_PAT : PAGING_PAT);
}

static inline uint32_t memory_of(uint64_t entry, unsigned level)
{
	uint64_t large = level > 1 ? PAGING_LARGE_PAT : PAGING_PAT;
	unsigned number = (unsigned)(entry >> 3 & 3) | (entry & large ? 4u : 0u);

	/* Ordinary memory at once: a look-up is short enough to notice the rest. */
	return number == 0 ? MZ_MEM_WRITE_BACK : TYPE_OF >> 4 * number & 7;
}

/*
 * The bits of a leaf that its permissions decide. APM 15.25.5: nested walks are a user's, so the
 * user bit is set in nested leaves. Under the guest-mode execute trap (15.25.13, table 15-21) it
 * tells of execution alone: what all levels call the user's, the guest's supervisor can't execute.
 * Links set it, so that leaves decide. NX keeps everybody out, and then the user bit is set: clear,
 * it would make a supervisor's shadow stack (15.25.14).
 */
#define PERM_BITS  (PAGING_WRITE | PAGING_NO_EXEC | (PAGING_TRAPS ? PAGING_USER : 0u))
#define PERM_EXECS (PAGING_TRAPS ? MZ_EXEC | MZ_EXEC_USER : MZ_EXEC)

_Static_assert((int)PAGING_USER == MZ_EXEC, "what is not the supervisor's is the user's");

static inline uint64_t perm_bits(unsigned perm)
{
	uint64_t no_exec = perm & PERM_EXECS ? 0 : PAGING_NO_EXEC;
	uint64_t user = PAGING_TRAPS ? ~perm & PAGING_USER : PAGING_NESTED ? PAGING_USER : 0u;

	return PAGING_PRESENT | (perm & MZ_WRITE) | no_exec | user;
}

static inline uint32_t perm_of(uint64_t entry, bool leaf)
{
	uint32_t low = (uint32_t)entry;
	uint32_t exec = (uint32_t)(entry >> 63) ^ 1;

	if (PAGING_TRAPS)
		exec *= MZ_EXEC_USER | (leaf ? ~low & PAGING_USER : MZ_EXEC);
	else
		exec *= MZ_EXEC;
	return (low & (MZ_READ | MZ_WRITE)) | exec;
}

static inline uint64_t paging_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	uint64_t flags = (uint64_t)(prop.flags & HW_FLAGS) << HW_SHIFT |
		(uint64_t)(prop.flags & USER_FLAG) << USER_SHIFT |
		(uint64_t)(prop.flags & GLOBAL_FLAG) << GLOBAL_SHIFT |
		(uint64_t)(prop.flags & KEY_FLAGS) << KEY_SHIFT;
	uint64_t bits = perm_bits(prop.perm) | memory_bits(prop.memory, level) | flags |
		(level > 1 ? PAGING_LEAF : 0u);

	/* In a run only the address changes: a sum keeps the compiler from mixing the rest in. */
	return oa.addr + bits;
}

static inline mz_oa paging_oa(uint64_t entry, unsigned level)
{
	/* A large leaf has PAT at bit 12. */
	if (level > 1 && (entry & PAGING_LEAF) != 0)
		return mz_oa_from(entry & PAGING_OA & ~PAGING_LARGE_PAT);
	return mz_oa_from(entry & PAGING_OA);
}

static inline struct mz_prop paging_prop(uint64_t entry, unsigned level)
{
	uint32_t low = (uint32_t)entry;
	uint32_t user = low >> USER_SHIFT & USER_FLAG;

	if (paging_kind(entry, level) != MZ_LEAF)
		return mz_prop_pack(perm_of(entry, false), MZ_MEM_WRITE_BACK,
				    user | (low >> HW_SHIFT & MZ_ACCESSED));
	return mz_prop_pack(perm_of(entry, true), memory_of(entry, level),
			    user | (low >> HW_SHIFT & HW_FLAGS) |
				    (low >> GLOBAL_SHIFT & GLOBAL_FLAG) |
				    ((uint32_t)(entry >> KEY_SHIFT) & KEY_FLAGS));
}

static inline uint64_t paging_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return (leaf & ~PERM_BITS) | perm_bits(perm);
}

/* Section 4.6: a write is allowed where every entry on the way has R/W set. */
static inline uint64_t paging_link_write(uint64_t link, unsigned level, bool on)
{
	(void)level;
	return on ? link | PAGING_WRITE : link & ~(uint64_t)PAGING_WRITE;
}

static inline uint64_t paging_forbid_write(uint64_t entry, unsigned level)
{
	(void)level;
	return entry & ~((entry & PAGING_PRESENT) * PAGING_WRITE);
}

_Static_assert(PAGING_PRESENT == 1, "presence selects the permission to write");

static inline bool paging_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	unsigned types = 1u << MZ_MEM_WRITE_BACK | 1u << MZ_MEM_WRITE_THROUGH |
		1u << MZ_MEM_UNCACHED |
		(features & MZ_PAT ? 1u << MZ_MEM_WRITE_COMBINING | 1u << MZ_MEM_WRITE_PROTECTED
				   : 0u);
	unsigned flags = HW_FLAGS | USER_FLAG | GLOBAL_FLAG |
		(features & MZ_PROTECTION_KEYS ? KEY_FLAGS : 0u);

	(void)level;
	/* What the supervisor can execute, the user can, too. */
	return (prop.perm & MZ_READ) != 0 &&
		(prop.perm & ~(unsigned)(MZ_READ | MZ_WRITE | PERM_EXECS)) == 0 &&
		(!PAGING_TRAPS || (prop.perm & PERM_EXECS) != MZ_EXEC) &&
		prop.memory < MZ_MEM_TYPES && (types >> prop.memory & 1) != 0 &&
		(prop.flags & ~flags) == 0;
}

static inline uint64_t paging_hw_bits(unsigned level)
{
	(void)level;
	return PAGING_ACCESSED | PAGING_DIRTY;
}

static inline uint64_t paging_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	return entry &
		~(uint64_t)((flags & MZ_ACCESSED ? PAGING_ACCESSED : 0) |
			    (flags & MZ_DIRTY ? PAGING_DIRTY : 0));
}

/* CR3 without a process-context identifier: section 4.5.2. nCR3 is the same. */
static inline uint64_t paging_root_register(mz_oa root, uint32_t features)
{
	(void)features;
	return root.addr;
}

#define MZ_INSTANCE_FORMAT PAGING_VARIANT
#include "core/instance.h"

static const struct mz_ops paging_ops = MZ_INSTANCE_OPS;

_Static_assert(PAGING_LEVELS == 4 || PAGING_LEVELS == 5, "walks of 4 or 5 levels");
_Static_assert(PAGING_LEVELS <= MZ_LEVELS_MAX, "geometry has room for the levels");

const struct mz_format PAGING_VARIANT = {
	.name = PAGING_NAME,
	.levels = PAGING_LEVELS,
	.page_lg2 = 12,
	.ia_lg2 = 12 + 9 * PAGING_LEVELS,
	.oa_lg2 = 52,
	.ia_signed = !PAGING_NESTED, /* section 3.3.7.1 of volume 1: canonical addresses */
	.hierarchical = true,
	.links_accessed = true,
	/* Intel's caches narrow (section 4.10.3.1); AMD's manual does not say that its caches do.
	 */
	.links_cached_raw = true,
	.index_lg2 = {0, 9, 9, 9, 9, PAGING_LEVELS == 5 ? 9 : 0},
	.shift = {0, 12, 21, 30, 39, PAGING_LEVELS == 5 ? 48 : 0},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.features = MZ_HW_ACCESSED_DIRTY | MZ_PAT | STAGE_1(MZ_PROTECTION_KEYS),
	.flags = HW_FLAGS | USER_FLAG | GLOBAL_FLAG | KEY_FLAGS,
	.hw_flags = MZ_ACCESSED | MZ_DIRTY,
	.absent = 0,
	.kind = paging_kind,
	.make_node = paging_make_node,
	.make_leaf = paging_make_leaf,
	.oa = paging_oa,
	.prop = paging_prop,
	.with_perm = paging_with_perm,
	.encodable = paging_encodable,
	.hw_bits = paging_hw_bits,
	.clean = paging_clean,
	.link_write = paging_link_write,
	.forbid_write = paging_forbid_write,
	.root_register = paging_root_register,
	.ops = &paging_ops,
};
