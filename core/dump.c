// SPDX-License-Identifier: MPL-2.0
/* The text form of a table. */
#include "core/geometry.h"
#include "core/text.h"
#include "core/visit.h"

const char *mz_memory_type_text(enum mz_memory_type type)
{
	static const char *const texts[MZ_MEM_TYPES] = {
		[MZ_MEM_WRITE_BACK] = "WB",       [MZ_MEM_WRITE_THROUGH] = "WT",
		[MZ_MEM_UNCACHED] = "UC",         [MZ_MEM_WRITE_COMBINING] = "WC",
		[MZ_MEM_WRITE_PROTECTED] = "WP",  [MZ_MEM_DEVICE] = "DE",
		[MZ_MEM_DEVICE_REORDERED] = "DR", [MZ_MEM_DEVICE_GATHERED] = "DG",
	};

	return (unsigned)type < MZ_MEM_TYPES ? texts[type] : "??";
}

const char *mz_prop_flag_text(enum mz_prop_flag flag)
{
	/* By the number of the bit. */
	static const char *const texts[] = {
		"ignore-pat",    "user",         "accessed",    "dirty",
		"verify-paging", "paging-write", "global",      "shadow-stack",
		"inner",         "outer",        "suppress-ve", "contiguous",
		"key-bit-0",     "key-bit-1",    "key-bit-2",   "key-bit-3",
	};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if ((unsigned)flag == 1u << i)
			return texts[i];
	return "??";
}

static void put_prop(struct text *text, struct mz_prop prop)
{
	put_char(text, prop.perm & MZ_READ ? 'r' : '-');
	put_char(text, prop.perm & MZ_WRITE ? 'w' : '-');
	put_char(text, prop.perm & MZ_EXEC ? 'x' : '-');
	if (prop.perm & MZ_EXEC_USER)
		put_char(text, 'u');
	put_char(text, ' ');
	put_string(text, mz_memory_type_text(prop.memory));
	for (unsigned bit = 1; bit <= prop.flags; bit <<= 1) {
		if (prop.flags & bit) {
			put_char(text, ' ');
			put_string(text, mz_prop_flag_text(bit));
		}
	}
}

/* A dump under way; `run` is a run of leaves that has not been written yet. */
struct dump {
	const struct mz_table *table;
	void (*line)(void *context, const char *text);
	void *context;
	bool narrow; /* the link to the next node forbids writing */
	struct {
		uint64_t count, ia, oa;
		unsigned level, index;
		struct mz_prop prop;
	} run;
};

static void indent(const struct dump *dump, struct text *text, unsigned level)
{
	for (unsigned i = level; i < dump->table->config.format->levels; i++)
		put_string(text, "  ");
}

static void end_run(struct dump *dump)
{
	const struct mz_format *f = dump->table->config.format;
	struct text text = {.used = 0};

	if (dump->run.count == 0)
		return;
	indent(dump, &text, dump->run.level);
	put_string(&text, "  [");
	put_number(&text, dump->run.index);
	if (dump->run.count > 1) {
		put_string(&text, "..");
		put_number(&text, dump->run.index + dump->run.count - 1);
	}
	put_string(&text, "] ");
	put_hex(&text, dump->run.ia);
	put_string(&text, " -> ");
	put_hex(&text, dump->run.oa);
	put_char(&text, ' ');
	put_number(&text, dump->run.count);
	put_string(&text, " x ");
	put_size(&text, mz_span(f, dump->run.level));
	put_char(&text, ' ');
	put_prop(&text, dump->run.prop);
	dump->line(dump->context, text.line);
	dump->run.count = 0;
}

static bool dump_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	struct dump *dump = context;
	struct text text = {.used = 0};

	end_run(dump);
	indent(dump, &text, level);
	put_string(&text, "level ");
	put_number(&text, level);
	put_string(&text, " node ");
	put_hex(&text, node.addr);
	put_string(&text, " from ");
	put_hex(&text, ia.addr);
	put_string(&text, ", ");
	put_number(&text, child_count);
	put_string(&text, " of ");
	put_number(&text, mz_entry_count(dump->table->config.format, level));
	if (dump->narrow)
		put_string(&text, ", not to be written");
	dump->narrow = false;
	dump->line(dump->context, text.line);
	return true;
}

static bool same_prop(struct mz_prop a, struct mz_prop b)
{
	return a.perm == b.perm && a.memory == b.memory && a.flags == b.flags;
}

static bool dump_entry(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
		       uint64_t entry)
{
	struct dump *dump = context;
	const struct mz_format *f = dump->table->config.format;
	struct mz_prop prop;
	uint64_t oa;

	(void)node;
	if (f->kind(entry, level) != MZ_LEAF) {
		dump->narrow = f->hierarchical && (f->prop(entry, level).perm & MZ_WRITE) == 0;
		return true;
	}
	prop = f->prop(entry, level);
	oa = f->oa(entry, level).addr;
	if (dump->run.count == 0 || dump->run.level != level ||
	    dump->run.index + dump->run.count != index ||
	    oa - dump->run.oa != dump->run.count * mz_span(f, level) ||
	    !same_prop(prop, dump->run.prop)) {
		end_run(dump);
		dump->run.ia = ia.addr;
		dump->run.oa = oa;
		dump->run.level = level;
		dump->run.index = index;
		dump->run.prop = prop;
	}
	dump->run.count++;
	return true;
}

static bool dump_leave(void *context, mz_oa node, unsigned level)
{
	(void)node, (void)level;
	end_run(context);
	return true;
}

void mz_table_dump(const struct mz_table *table, void (*line)(void *context, const char *text),
		   void *context)
{
	struct dump dump = {.table = table, .line = line, .context = context};
	struct mz_visitor visitor = {&dump, dump_node, dump_entry, dump_leave};

	mz_table_visit(table, &visitor);
}
