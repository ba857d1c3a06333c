// SPDX-License-Identifier: MPL-2.0
#include "tests/states/world.h"

#include "core/check.h"
#include "core/geometry.h"

#define NODE_BYTES 32
#define NODE_PA    0x300000000u /* where nodes are, beyond 32 bits */
#define PATTERN    0xa5a5a5a5a5a5a5a5u

static uint64_t nodes[WORLD_NODES][NODE_BYTES / 8];
static struct mz_frame frames[WORLD_NODES];

static mz_oa node_pa(unsigned node)
{
	return mz_oa_from(NODE_PA + node * NODE_BYTES);
}

static unsigned node_at(mz_oa pa)
{
	return (unsigned)((pa.addr - NODE_PA) / NODE_BYTES);
}

static void fill(unsigned node)
{
	for (unsigned i = 0; i < NODE_BYTES / 8; i++)
		nodes[node][i] = PATTERN;
}

static bool filled(unsigned node)
{
	for (unsigned i = 0; i < NODE_BYTES / 8; i++)
		if (nodes[node][i] != PATTERN)
			return false;
	return true;
}

static enum mz_error world_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	struct world *w = context;

	if (size_lg2 != w->format.page_lg2 || ++w->alloc_count == w->fail_at)
		return MZ_NO_MEMORY;
	for (unsigned i = 0; i < WORLD_NODES; i++) {
		if (w->live[i])
			continue;
		w->live[i] = true;
		*pa = node_pa(i);
		return MZ_OK;
	}
	return MZ_NO_MEMORY;
}

/* A node that is freed twice keeps its slot live: world_read() finds it lost. */
static void world_free(void *context, mz_oa pa, unsigned size_lg2)
{
	struct world *w = context;

	(void)size_lg2;
	w->live[node_at(pa)] = !w->live[node_at(pa)];
	fill(node_at(pa));
}

static void count(struct world *w, struct mz_item item, int sign)
{
	uint64_t page = (item.oa.addr - WORLD_OA) >> w->format.page_lg2;
	uint64_t end = page + (mz_span(&w->format, item.level) >> w->format.page_lg2);

	for (; page < end && page < WORLD_PAGES + WORLD_SHIFTS; page++)
		w->refs[page] += sign;
}

static void world_take(void *context, struct mz_item item)
{
	count(context, item, 1);
}

static void world_put(void *context, struct mz_item item)
{
	count(context, item, -1);
}

static void world_flush(void *context, mz_ia first, mz_ia last, bool cut)
{
	struct world *w = context;

	(void)cut;
	for (unsigned page = 0; page < w->page_count; page++) {
		uint64_t ia = world_bytes(w, page);

		w->flushed[page] |= ia >= first.addr && ia <= last.addr;
	}
}

uint64_t world_bytes(const struct world *w, unsigned page_count)
{
	return (uint64_t)page_count << w->format.page_lg2;
}

void world_init(struct world *w, const struct mz_format *format, unsigned has, unsigned shifts)
{
	static const struct world empty;
	struct mz_config config = {
		.features = has & WORLD_HARDWARE_FLAGS ? MZ_HW_ACCESSED_DIRTY : 0,
		.memory =
			{
				.context = w,
				.alloc = world_alloc,
				.free = world_free,
				.linear = (uintptr_t)nodes - (uintptr_t)NODE_PA,
				.frames = frames,
				.first_frame = NODE_PA / NODE_BYTES,
				.frame_count = WORLD_NODES,
			},
		.flush = {w, world_flush},
	};

	if (has & WORLD_TRACKED)
		config.items = (struct mz_items) {w, world_take, world_put};
	*w = empty;
	w->format = *format;
	w->shifts = shifts;
	w->page_count = 1u << (format->ia_lg2 - format->page_lg2);
	config.format = &w->format;
	if (mz_table_init(&w->table, &config) != MZ_OK)
		__builtin_trap();
}

/* ---- Writing a state down in memory --------------------------------------------------------- */

struct restore {
	struct world *w;
	const uint8_t *code;
	unsigned node_count;
};

static void restore_leaf(struct world *w, unsigned code, unsigned level, uint64_t ia,
			 uint64_t *slot)
{
	struct mz_prop prop = mz_prop_from(code_perm(code));
	mz_oa oa = mz_oa_from(WORLD_OA + ia + world_bytes(w, code_shift(code)));
	struct mz_item item = {oa, prop, (uint8_t)level};

	prop.flags = (uint16_t)((code - CODE_LEAF) / 16);
	*slot = w->format.make_leaf(oa, level, prop);
	count(w, item, 1);
}

static unsigned restore_node(struct restore *r, unsigned level, uint64_t ia)
{
	const struct mz_format *f = &r->w->format;
	unsigned node = r->node_count++;
	unsigned entry_count = mz_entry_count(f, level);
	const uint8_t *codes = r->code;

	r->code += entry_count;
	r->w->live[node] = true;
	frames[node] = mz_frame_new(level);
	for (unsigned i = 0; i < entry_count; i++, ia += mz_span(f, level)) {
		nodes[node][i] = f->absent;
		if (codes[i] == CODE_ABSENT)
			continue;
		frames[node].child_count++;
		if (codes[i] == CODE_LINK)
			nodes[node][i] = f->make_node(node_pa(restore_node(r, level - 1, ia)),
						      level);
		else
			restore_leaf(r->w, codes[i], level, ia, &nodes[node][i]);
	}
	return node;
}

void world_restore(struct world *w, const struct state *state)
{
	struct restore r = {w, state->codes, 0};

	for (unsigned i = 0; i < WORLD_NODES; i++) {
		w->live[i] = false;
		fill(i);
	}
	for (unsigned i = 0; i < WORLD_PAGES + WORLD_SHIFTS; i++)
		w->refs[i] = 0;
	for (unsigned i = 0; i < WORLD_PAGES; i++)
		w->flushed[i] = false;
	w->alloc_count = 0;
	restore_node(&r, w->format.levels, 0);
}

/* ---- And reading it back -------------------------------------------------------------------- */

struct reading {
	const struct world *w;
	uint8_t *code;
	struct flat *flat;
	unsigned node_count;
	const char *broken;
};

static uint8_t read_leaf(struct reading *r, uint64_t entry, unsigned level, uint64_t ia)
{
	const struct mz_format *f = &r->w->format;
	struct mz_prop prop = f->prop(entry, level);
	uint64_t shift = (f->oa(entry, level).addr - WORLD_OA - ia) >> f->page_lg2;
	unsigned page = (unsigned)(ia >> f->page_lg2);
	unsigned end = page + (unsigned)(mz_span(f, level) >> f->page_lg2);
	uint8_t code = code_of((unsigned)shift, prop.perm, prop.flags);

	if (shift >= WORLD_SHIFTS)
		r->broken = "a leaf leads where nobody mapped it to";
	else if (!mz_leaf_allowed(f->leaf_levels, level))
		r->broken = "a leaf is at a level that has none";
	while (page < end)
		r->flat->codes[page++] = code;
	return code;
}

static void read_node(struct reading *r, unsigned node, unsigned level, uint64_t ia)
{
	const struct mz_format *f = &r->w->format;
	const struct mz_frame *frame = &frames[node];
	unsigned entry_count = mz_entry_count(f, level), children = 0;
	uint8_t *codes = r->code;

	if (node >= WORLD_NODES || !r->w->live[node]) {
		r->broken = "a link leads to no node";
		return;
	}
	r->node_count++;
	r->code += entry_count;
	for (unsigned i = 0; i < entry_count && r->broken == NULL; i++, ia += mz_span(f, level)) {
		uint64_t entry = nodes[node][i];
		enum mz_kind kind = f->kind(entry, level);

		codes[i] = kind == MZ_ABSENT ? CODE_ABSENT : CODE_LINK;
		children += kind != MZ_ABSENT;
		if (kind == MZ_LEAF)
			codes[i] = read_leaf(r, entry, level, ia);
		else if (kind == MZ_NODE)
			read_node(r, node_at(f->oa(entry, level)), level - 1, ia);
	}
	if (frame->level_stray != level || frame->refs != 1 || frame->lock != 0 ||
	    frame->child_count != children || (children == 0 && level < f->levels))
		r->broken = "a node's metadata is wrong";
}

static const char *read_rest(const struct world *w, const struct flat *flat, unsigned node_count)
{
	int refs[WORLD_PAGES + WORLD_SHIFTS] = {0};

	for (unsigned page = 0; page < w->page_count; page++)
		if (flat->codes[page] != CODE_ABSENT)
			refs[page + code_shift(flat->codes[page])]++;
	for (unsigned i = 0; i < WORLD_PAGES + WORLD_SHIFTS; i++)
		if (w->table.config.items.put != NULL && refs[i] != w->refs[i])
			return "a reference to mapped memory is lost, or one too many";
	for (unsigned i = 0; i < WORLD_NODES; i++) {
		node_count -= w->live[i];
		if (!w->live[i] && !filled(i))
			return "a free node was written to";
	}
	return node_count != 0 ? "a node is lost" : NULL;
}

const char *world_read(const struct world *w, struct state *state, struct flat *flat)
{
	static const struct state no_state;
	static const struct flat no_flat;
	struct reading r = {w, state->codes, flat, 0, NULL};
	struct mz_violation violation = mz_table_check(&w->table);

	*state = no_state;
	*flat = no_flat;
	if (violation.rule != MZ_RULE_NONE)
		return mz_rule_text(violation.rule);
	read_node(&r, 0, w->format.levels, 0);
	return r.broken != NULL ? r.broken : read_rest(w, flat, r.node_count);
}

bool world_touch(struct world *w, unsigned page)
{
	const struct mz_format *f = &w->format;
	uint64_t ia = world_bytes(w, page);
	unsigned node = 0;

	for (unsigned level = f->levels;; level--) {
		uint64_t *slot = &nodes[node][mz_index(f, ia, level)];
		struct mz_prop prop = f->prop(*slot, level);

		switch (f->kind(*slot, level)) {
		case MZ_NODE:
			node = node_at(f->oa(*slot, level));
			continue;
		case MZ_LEAF:
			prop.flags = MZ_ACCESSED | MZ_DIRTY;
			*slot = f->make_leaf(f->oa(*slot, level), level, prop);
			return true;
		default:
			return false;
		}
	}
}
