/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is written of a table, under proof. In the place of core/text.h, whose own proofs are in
 * text.c, is a line that keeps what it is told piece by piece. A visit is of what visit_all has
 * proven it to be, with the nodes where free_table() has put them.
 */
#ifndef MZ_TESTS_PROOF_LINES_H
#define MZ_TESTS_PROOF_LINES_H

#include "tests/proof/table.h"

#include "core/visit.h"

/* Of this nothing is used but how much room a line has. */
#define text       real_text
#define put_char   real_put_char
#define put_string real_put_string
#define put_number real_put_number
#define put_hex    real_put_hex
#define put_size   real_put_size
#include "core/text.h"
#undef text
#undef put_char
#undef put_string
#undef put_number
#undef put_hex
#undef put_size

#define NUMBERS 6u
#define WORDS   3u

enum notation { DECIMAL, HEX, SIZE };

/* What came so far in the line that is being made. */
static struct said {
	size_t bytes;
	unsigned count, word_count;
	uint64_t numbers[NUMBERS];
	enum notation notations[NUMBERS];
	const char *words[WORDS]; /* the texts of properties */
	unsigned perm;
	bool is_node, is_narrow;
} said;

/* Of the real one's characters, the last is all that is looked at again. */
struct text {
	char line[1];
	size_t used;
};

/* What a proof does with each character that comes by itself, and each string. */
static void hear_char(char c);
static void hear_string(struct text *text, const char *string);

static void take_char(struct text *text, char c)
{
	text->line[0] = c;
	text->used = 1;
	said.bytes++;
}

static void take_word(const char *word)
{
	if (said.word_count < WORDS)
		said.words[said.word_count] = word;
	said.word_count++;
	while (*word++ != '\0')
		said.bytes++;
}

static void put_char(struct text *text, char c)
{
	take_char(text, c);
	hear_char(c);
}

static void put_string(struct text *text, const char *string)
{
	hear_string(text, string);
}

static void take_number(struct text *text, uint64_t value, enum notation notation, size_t bytes)
{
	CLAIM(said.count < NUMBERS, "no more numbers than a line has");
	said.numbers[said.count] = value;
	said.notations[said.count++] = notation;
	said.bytes += bytes;
	take_char(text, '0');
	hear_char('0');
}

static void put_number(struct text *text, uint64_t value)
{
	take_number(text, value, DECIMAL, 19);
}

static void put_hex(struct text *text, uint64_t value)
{
	take_number(text, value, HEX, 17);
}

static void put_size(struct text *text, uint64_t bytes)
{
	take_number(text, bytes, SIZE, 3);
}

/* Where node `frame` of the heap begins, of two levels. */
static uint64_t begin_of(unsigned frame)
{
	return frame == 0 ? 0 : (frame - 1) * span_of(2);
}

/* Claims that none of the line was left out, and begins the next. */
static void end_line(void)
{
	CLAIM(said.bytes < TEXT_BYTES, "there is room for all of a line");
	said = (struct said) {0};
}

/* Does the link to the node in `frame` forbid writing? */
static bool is_narrow_link(unsigned frame)
{
	return frame > 0 && (small_prop(pool[frame - 1], 2).perm & MZ_WRITE) == 0;
}

/* Claims that the line says of the node in `frame` what it is. */
static void claim_node(unsigned frame, uint64_t level, uint64_t ia, uint64_t present,
		       uint64_t entries)
{
	CLAIM(frame < FRAMES && live[frame] && mz_frame_level(&frames[frame]) == level &&
		      ia == begin_of(frame) && present == frames[frame].child_count &&
		      entries == ENTRIES,
	      "a node is what the table has there");
}

/* Claims that the line says of the watched address, behind `offset`, what it is mapped to. */
static void claim_leaf(uint64_t offset, uint64_t oa, uint64_t bytes)
{
	struct mz_prop prop = watched.was.prop;

	CLAIM(watched.was.level != 0 && bytes == span_of(watched.was.level) &&
		      oa + offset == watched.was.oa.addr,
	      "leaves are where they map to");
	CLAIM(said.perm == prop.perm, "with their permissions");
	CLAIM(said.words[0] == mz_memory_type_text((enum mz_memory_type)prop.memory),
	      "their memory type");
	CLAIM(said.word_count ==
		      1u + ((prop.flags & MZ_ACCESSED) != 0) + ((prop.flags & MZ_DIRTY) != 0),
	      "and as many flags as they have");
	CLAIM((prop.flags & MZ_ACCESSED) == 0 || said.words[1] == mz_prop_flag_text(MZ_ACCESSED),
	      "these");
	CLAIM((prop.flags & MZ_DIRTY) == 0 ||
		      said.words[said.word_count - 1] == mz_prop_flag_text(MZ_DIRTY),
	      "and these");
}

/* Claims that all numbers of the line are written as `notations` says, from the first on. */
static void claim_numbers(unsigned count, const enum notation *notations)
{
	unsigned i = nondet_unsigned();

	CLAIM(said.count == count, "a line has its numbers");
	ASSUME(i < count);
	CLAIM(said.notations[i] == notations[i], "each in its notation");
}

#endif
