// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_dump() of any table of the shape.
 * Long proof dump: -DSHAPE=22 -DLINKS --function dump --unwind 5
 *   --unwindset take_word.0:15,hear_string.0:21
 */
#include "tests/proof/lines.h"

#define same_prop alike /* of the dump's own */
#include "core/dump.c"
#undef same_prop

/* A visit of the nodes from `frame` on, and what is below. */
static void visit_node(const struct mz_visitor *visitor, unsigned frame, unsigned level, mz_ia ia)
{
	visitor->node(visitor->context, address_of(frame), level, ia, frames[frame].child_count);
	for (unsigned i = 0; i < ENTRIES; i++) {
		kept_entry entry = pool[frame * ENTRIES + i];
		mz_ia at = mz_ia_from(ia.addr + i * span_of(level));

		if (small_kind(entry, level) == MZ_ABSENT || (frame == 0 && !is_managed(i)))
			continue;
		visitor->entry(visitor->context, address_of(frame), level, i, at, entry);
		if (level > 1 && small_kind(entry, level) == MZ_NODE)
			visit_node(visitor, frame * ENTRIES + 1 + i, level - 1, at);
	}
	if (visitor->leave != NULL)
		visitor->leave(visitor->context, address_of(frame), level);
}

bool mz_table_visit(const struct mz_table *of, const struct mz_visitor *visitor)
{
	CLAIM(of == &table, "the table is visited");
	visit_node(visitor, 0, SHAPE_LEVELS, mz_ia_from(0));
	return true;
}

static unsigned at_frame, in_frame, nodes_told, leaves_told;

/* The run before, if it is of the same node, and what would go on with it. */
static struct run {
	bool is;
	uint64_t next_ia, next_oa, bytes;
	struct said said;
} before_it;

static void hear_char(char c)
{
	said.perm |= c == 'r' ? MZ_READ : 0u;
	said.perm |= c == 'w' ? MZ_WRITE : 0u;
	said.perm |= c == 'x' ? MZ_EXEC : 0u;
	said.perm |= c == 'u' ? MZ_EXEC_USER : 0u;
}

/* What comes behind the size is words. */
static void hear_string(struct text *text, const char *string)
{
	(void)text;
	if (said.count > 0 && said.notations[said.count - 1] == SIZE)
		take_word(string);
	else
		for (const char *c = string; *c != '\0'; c++)
			said.bytes++;
	said.is_node |= string[0] == 'l';
	said.is_narrow |= string[0] == ',' && string[2] == 'n';
}

static void claim_node_line(void)
{
	static const enum notation notations[] = {DECIMAL, HEX, HEX, DECIMAL, DECIMAL};
	unsigned frame = frame_of(mz_oa_from(said.numbers[1]));

	claim_numbers(5, notations);
	claim_node(frame, said.numbers[0], said.numbers[2], said.numbers[3], said.numbers[4]);
	CLAIM(said.is_narrow == is_narrow_link(frame), "and says where the link forbids writing");
	in_frame = frame;
	nodes_told += frame == at_frame;
	before_it.is = false;
}

static void claim_run_line(void)
{
	static const enum notation one[] = {DECIMAL, HEX, HEX, DECIMAL, SIZE};
	static const enum notation more[] = {DECIMAL, DECIMAL, HEX, HEX, DECIMAL, SIZE};
	bool is_more = said.count == 6;
	const uint64_t *numbers = &said.numbers[is_more];
	uint64_t ia = numbers[1], oa = numbers[2], count = numbers[3], bytes = numbers[4];

	claim_numbers(is_more ? 6 : 5, is_more ? more : one);
	CLAIM(count > 0 && count <= ENTRIES && numbers[0] == said.numbers[0] + (count - 1) &&
		      (count > 1) == is_more,
	      "a run has so many entries, from the first to the last");
	CLAIM(ia == begin_of(in_frame) + said.numbers[0] * bytes, "from there on");
	CLAIM(!before_it.is || ia != before_it.next_ia || oa != before_it.next_oa ||
		      bytes != before_it.bytes || said.perm != before_it.said.perm ||
		      said.word_count != before_it.said.word_count ||
		      said.words[0] != before_it.said.words[0] ||
		      said.words[1] != before_it.said.words[1],
	      "what goes on with a run is in it");
	before_it = (struct run) {true, ia + count * bytes, oa + count * bytes, bytes, said};
	if (is_inside(watched.addr, ia, ia + (count * bytes - 1))) {
		uint64_t skipped = (watched.addr - ia) & ~(bytes - 1);

		claim_leaf(watched.addr - ia - skipped, oa + skipped, bytes);
		leaves_told++;
		REACHES(is_more && watched.was.level == 2);
	}
}

static void take_line(void *context, const char *line)
{
	(void)line;
	CLAIM(context == &at_frame, "who asked is told");
	if (said.is_node)
		claim_node_line();
	else
		claim_run_line();
	end_line();
}

void dump(void)
{
	free_table();
	at_frame = nondet_unsigned();
	ASSUME(at_frame < FRAMES);

	mz_table_dump(&table, take_line, &at_frame);

	CLAIM(nodes_told == live[at_frame], "each node has a line");
	CLAIM(leaves_told == (watched.was.level != 0), "each leaf is in one");
	claim_unchanged();
}
