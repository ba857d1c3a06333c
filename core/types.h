/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The words of the library.
 *
 * input address (ia)   what a table translates: a guest-physical address for a second stage
 * output address (oa)  what it yields: host-physical for a second stage
 * node                 one page of entries, or 2^n contiguous pages for a wide root
 * level                1 = the node that holds base-page leaves; the root is at `format->levels`.
 *                      An entry's level is its node's level, always
 * entry                one slot of a node: absent, a link to a node of the level below, or a leaf
 * item                 the mapped thing: (oa, level, prop)
 *
 * `end` is exclusive, `last` is inclusive; `_lg2` is a log2; `_bytes` and `_count` name the unit.
 */
#ifndef MZ_CORE_TYPES_H
#define MZ_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The deepest table that any format may have. */
#define MZ_LEVELS_MAX 6

/* One-member structs, so that swapping the two does not compile. */
typedef struct mz_ia {
	uint64_t addr;
} mz_ia;

typedef struct mz_oa {
	uint64_t addr;
} mz_oa;

static inline mz_ia mz_ia_from(uint64_t addr)
{
	mz_ia ia;

	ia.addr = addr;
	return ia;
}

static inline mz_oa mz_oa_from(uint64_t addr)
{
	mz_oa oa;

	oa.addr = addr;
	return oa;
}

/* What may be done to an address: bits of `mz_prop.perm`, and the kind of an access. */
enum mz_perm {
	MZ_READ = 1,
	MZ_WRITE = 2,
	MZ_EXEC = 4,
	MZ_EXEC_USER = 8, /* where user mode is told apart: MZ_EXEC is the supervisor's then */
};

/*
 * Memory types. Write-back is 0, so that a property without a word about it is ordinary memory. The
 * numbers make those of x86 cheap to tell: they are EPT's and the PAT's, exclusive or 6.
 */
enum mz_memory_type {
	MZ_MEM_WRITE_BACK = 0,
	MZ_MEM_DEVICE = 1, /* uncached, writes acknowledged early (Arm: nGnRE) */
	MZ_MEM_WRITE_THROUGH = 2,
	MZ_MEM_WRITE_PROTECTED = 3,
	MZ_MEM_DEVICE_REORDERED = 4, /* as device, and out of order (Arm: nGRE) */
	MZ_MEM_DEVICE_GATHERED = 5,  /* and put together (Arm: GRE) */
	MZ_MEM_UNCACHED = 6,
	MZ_MEM_WRITE_COMBINING = 7,
	MZ_MEM_TYPES,
};

/* Bits of `mz_prop.flags`; where some stand together in an entry, they stand so here. */
enum mz_prop_flag {
	MZ_IGNORE_PAT = 1, /* EPT: the guest's own memory type does not count */
	MZ_USER = 2,       /* stage 1: reachable from user mode */
	MZ_ACCESSED = 4,   /* set by hardware, or by software ahead of it */
	MZ_DIRTY = 8,
	MZ_VERIFY_PAGING = 16, /* EPT: verify guest paging */
	MZ_PAGING_WRITE = 32,  /* EPT: the guest's page walk may write */
	MZ_GLOBAL = 64,        /* stage 1: kept over a change of address space */
	MZ_SHADOW_STACK = 128, /* EPT: the supervisor's shadow stack */
	MZ_SHARED_INNER = 256, /* Arm: inner shareable */
	MZ_SHARED_OUTER = 512, /* Arm: outer shareable */
	MZ_SUPPRESS_VE = 1024, /* EPT: a violation exits and is never a #VE */
	MZ_CONTIGUOUS = 2048,  /* Arm: one of a run that one translation may cache */
};

/* Stage 1: the protection key is the upper bits of `mz_prop.flags`. */
#define MZ_KEY_SHIFT 12
#define MZ_KEY       (15u << MZ_KEY_SHIFT)

/*
 * The properties of a leaf; of a link to a node, the permissions and flags that it imposes on what
 * lies below.
 */
struct mz_prop {
	uint8_t perm;   /* MZ_READ | MZ_WRITE | MZ_EXEC */
	uint8_t memory; /* enum mz_memory_type */
	uint16_t flags; /* enum mz_prop_flag */
};

/* A mapped thing. `level` 0: nothing is mapped. */
struct mz_item {
	mz_oa oa;
	struct mz_prop prop;
	uint8_t level;
};

/* Output addresses have at most as many bits as leave a leaf's level its place. */
#define MZ_OA_LG2_MAX 60

/*
 * A leaf as it was found: its entry, and where the address goes. Two words, which travel in
 * registers; what the entry says is decoded when somebody asks.
 */
struct mz_leaf {
	uint64_t target; /* the output address, and above it the level less 1 */
	uint64_t entry;
};

static inline struct mz_leaf mz_leaf_from(uint64_t oa, unsigned level, uint64_t entry)
{
	struct mz_leaf leaf;

	leaf.target = oa | (uint64_t)(level - 1) << MZ_OA_LG2_MAX;
	leaf.entry = entry;
	return leaf;
}

static inline mz_oa mz_leaf_oa(struct mz_leaf leaf)
{
	return mz_oa_from(leaf.target & (((uint64_t)1 << MZ_OA_LG2_MAX) - 1));
}

/* 0: nothing is mapped. */
static inline unsigned mz_leaf_level(struct mz_leaf leaf)
{
	return ((unsigned)(leaf.target >> MZ_OA_LG2_MAX) + 1) & 15;
}

static inline struct mz_prop mz_prop_from(unsigned perm)
{
	struct mz_prop prop = {0, 0, 0};

	prop.perm = (uint8_t)perm;
	return prop;
}

/* The same from words, which the processor puts together faster than bytes. */
static inline struct mz_prop mz_prop_pack(uint32_t perm, uint32_t memory, uint32_t flags)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	union {
		uint32_t word;
		struct mz_prop prop;
	} as;

	as.word = perm | memory << 8 | flags << 16;
	return as.prop;
#else
	struct mz_prop prop = {(uint8_t)perm, (uint8_t)memory, (uint16_t)flags};

	return prop;
#endif
}

static inline struct mz_item mz_item_pack(mz_oa oa, struct mz_prop prop, unsigned level)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	union {
		struct mz_prop prop;
		uint32_t word;
	} low;
	union {
		uint64_t words[2];
		struct mz_item item;
	} as;

	low.prop = prop;
	as.words[0] = oa.addr;
	as.words[1] = low.word | (uint64_t)level << 32;
	return as.item;
#else
	struct mz_item item = {oa, prop, (uint8_t)level};

	return item;
#endif
}

#endif
