// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_dump_json() of any table of the shape, and what any flags take of a line.
 * Long proof dump_json: -DSHAPE=22 -DLINKS --function dump_json --unwind 6
 *   --unwindset take_word.0:15,hear_string.0:20,is_key.0:11
 * Long proof dump_json_flags: -DSHAPE=22 --function dump_json_flags --unwind 17
 *   --unwindset hear_string.0:20,is_key.0:11
 */
#include "tests/proof/lines.h"

#define same_prop alike /* of the dump's own */
#include "core/dump.c"
#undef same_prop

#include "core/dump_json.c"

/* Where a reader of JSON stands (RFC 8259). */
static struct reader {
	enum { VALUE, VALUE_OR_END, KEY, KEY_OR_END, IN_KEY, COLON, IN_STRING, IN_WORD, BEHIND } at;
	unsigned depth;
	bool objects[5]; /* else arrays, by depth */
} reader;

/* Of a visit, each entry by itself, between its node and the one below: any of these there are. */
static unsigned at_frame, at_index;

bool mz_table_visit(const struct mz_table *of, const struct mz_visitor *visitor)
{
	unsigned level = at_frame == 0 ? 2 : 1, child = at_frame * ENTRIES + 1 + at_index;
	kept_entry entry = pool[at_frame * ENTRIES + at_index];
	mz_ia ia = mz_ia_from(begin_of(at_frame));
	mz_ia at = mz_ia_from(ia.addr + at_index * span_of(level));

	CLAIM(of == &table, "the table is visited");
	visitor->node(visitor->context, address_of(at_frame), level, ia,
		      frames[at_frame].child_count);
	if (small_kind(entry, level) == MZ_ABSENT || (at_frame == 0 && !is_managed(at_index)))
		return true;
	visitor->entry(visitor->context, address_of(at_frame), level, at_index, at, entry);
	if (small_kind(entry, level) == MZ_NODE)
		visitor->node(visitor->context, address_of(child), level - 1, at,
			      frames[child].child_count);
	return true;
}

static const char *key, *keys[NUMBERS];
static unsigned nodes_told, leaves_told;

static void open_json(bool object)
{
	CLAIM(reader.depth < 4, "a table is as deep as it is said to be");
	reader.objects[++reader.depth] = object;
	reader.at = object ? KEY_OR_END : VALUE_OR_END;
}

static void close_json(bool object)
{
	CLAIM(reader.depth > 0 && reader.objects[reader.depth] == object, "what ends was begun");
	reader.depth--;
	reader.at = BEHIND;
}

static void read_json(char c)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

	if (reader.at == IN_KEY || reader.at == IN_STRING) {
		CLAIM(c >= ' ' && c != '\\', "no character of a string has to be escaped");
		if (c == '"')
			reader.at = reader.at == IN_KEY ? COLON : BEHIND;
		return;
	}
	if (reader.at == IN_WORD && letter)
		return;
	if (reader.at == IN_WORD)
		reader.at = BEHIND;
	if (reader.at == VALUE || reader.at == VALUE_OR_END) {
		if (c == '{' || c == '[')
			open_json(c == '{');
		else if (c == ']' && reader.at == VALUE_OR_END)
			close_json(false);
		else
			reader.at = c == '"' ? IN_STRING : IN_WORD;
		CLAIM(c == '"' || c == '{' || c == '[' || c == ']' || letter, "a value");
	} else if (c == '}' || c == ']') {
		CLAIM(reader.at == BEHIND || (c == '}' && reader.at == KEY_OR_END),
		      "an end where one may be");
		close_json(c == '}');
	} else if (reader.at == BEHIND) {
		CLAIM(c == ',' && reader.depth > 0, "and then the next");
		reader.at = reader.objects[reader.depth] ? KEY : VALUE;
	} else if (reader.at == COLON) {
		CLAIM(c == ':', "a key has a value");
		reader.at = VALUE;
	} else {
		CLAIM(c == '"', "a key is a string");
		reader.at = IN_KEY;
	}
}

static bool is_key(const char *of, const char *name)
{
	while (*of == *name && *of != '\0')
		of++, name++;
	return *of == *name;
}

static void hear_char(char c)
{
	if (c == '0')
		keys[said.count - 1] = key;
	read_json(c);
}

/* The words of JSON, read at once: which of them it is does not matter to what comes next. */
static void read_truth(struct text *text, const char *string)
{
	bool is = is_key(string, "true");

	CLAIM(is || is_key(string, "false"), "true or false");
	said.perm |= is && is_key(key, "read") ? MZ_READ : 0u;
	said.perm |= is && is_key(key, "write") ? MZ_WRITE : 0u;
	said.perm |= is && is_key(key, "exec") ? MZ_EXEC : 0u;
	said.perm |= is && is_key(key, "exec_user") ? MZ_EXEC_USER : 0u;
	said.bytes += 4;
	take_char(text, 'e');
	reader.at = BEHIND;
}

static void hear_string(struct text *text, const char *string)
{
	if (reader.at == VALUE) {
		read_truth(text, string);
		return;
	}
	if (reader.at == IN_STRING && (is_key(key, "memory") || is_key(key, "flags"))) {
		take_word(string);
		return;
	}
	if (reader.at == IN_KEY && string[0] != '"')
		key = string;
	if (reader.at == IN_STRING && is_key(key, "kind"))
		said.is_node = string[0] == 'n';
	for (; *string != '\0'; string++) {
		take_char(text, *string);
		read_json(*string);
	}
}

static bool are_keys(const char *const *names, unsigned count)
{
	bool are = said.count == count;

	for (unsigned i = 0; i < count; i++)
		are = are && is_key(keys[i], names[i]) &&
			said.notations[i] ==
				(names[i][0] == 'i' || names[i][0] == 'o' || names[i][0] == 'b' ||
						 names[i][0] == 'n'
					 ? HEX
					 : DECIMAL);
	return are;
}

static void claim_node_line(void)
{
	static const char *const names[] = {"level", "ia", "node", "present", "entries"};
	unsigned frame = frame_of(mz_oa_from(said.numbers[2]));

	CLAIM(are_keys(names, 5), "a node tells all that it has to");
	claim_node(frame, said.numbers[0], said.numbers[1], said.numbers[3], said.numbers[4]);
	CLAIM(((said.perm & MZ_WRITE) == 0) == (nodes_told > 0 && is_narrow_link(frame)),
	      "and whether the link that was visited before it lets write");
	nodes_told++;
}

static void claim_leaf_line(void)
{
	static const char *const names[] = {"level", "ia", "oa", "bytes"};
	uint64_t ia = said.numbers[1], bytes = said.numbers[3];

	CLAIM(are_keys(names, 4), "and so does a leaf");
	CLAIM(bytes == span_of((unsigned)said.numbers[0]), "which is as large as its level says");
	if (is_inside(watched.addr, ia, ia + (bytes - 1)))
		claim_leaf(watched.addr - ia, said.numbers[2], bytes);
	leaves_told++;
}

static void take_line(void *context, const char *line)
{
	CLAIM(context == &at_frame, "who asked is told");
	if (line[0] == ']') {
		read_json(line[0]);
		read_json(line[1]);
		CLAIM(line[2] == '\0' && reader.at == BEHIND && reader.depth == 0,
		      "all of it is one object");
		return;
	}
	if (reader.at == VALUE_OR_END) {
		end_line();
		return;
	}
	if (said.is_node)
		claim_node_line();
	else
		claim_leaf_line();
	end_line();
	CLAIM(reader.at == BEHIND && reader.depth == 2 && reader.objects[1] && !reader.objects[2],
	      "a line is an object of the table");
	/* Which CBMC knows by this. */
	reader = (struct reader) {BEHIND, 2, {false, true, false, false, false}};
}

void dump_json(void)
{
	enum mz_kind kind;

	free_table();
	at_frame = nondet_unsigned();
	at_index = nondet_unsigned();
	ASSUME(at_frame < FRAMES && live[at_frame] && at_index < ENTRIES);
	kind = small_kind(pool[at_frame * ENTRIES + at_index], 1);
	if (at_frame == 0 && !is_managed(at_index))
		kind = MZ_ABSENT;

	mz_table_dump_json(&table, take_line, &at_frame);

	CLAIM(reader.at == BEHIND && reader.depth == 0, "and ends");
	CLAIM(nodes_told == 1u + (kind == MZ_NODE) && leaves_told == (kind == MZ_LEAF),
	      "each node and each leaf is told of");
	claim_unchanged();
	REACHES(kind == MZ_NODE);
	REACHES(kind == MZ_LEAF && watched.slot == at_frame * ENTRIES + at_index);
}

/* Formats have more flags than that of these tables. */
void dump_json_flags(void)
{
	unsigned flags = nondet_u16();
	struct text text = {"}", 1};

	reader.at = BEHIND;
	reader.objects[++reader.depth] = true;

	put_flags(&text, flags);

	CLAIM(reader.at == BEHIND, "is an array");
	CLAIM(said.bytes <= TEXT_BYTES - 192, "and leaves room for the rest of a line");
	REACHES(flags == UINT16_MAX);
}
