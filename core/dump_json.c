// SPDX-License-Identifier: MPL-2.0
/* A table as JSON. Addresses are strings: they have more bits than a number of JSON may have. */
#include "core/geometry.h"
#include "core/text.h"
#include "core/visit.h"

struct json {
	const struct mz_table *table;
	void (*line)(void *context, const char *text);
	void *context;
	bool narrow; /* the link to the next node forbids writing */
	bool first;  /* nothing stands before the next object */
};

static void put_key(struct text *text, const char *key)
{
	put_string(text, text->line[text->used - 1] == '{' ? "\"" : ",\"");
	put_string(text, key);
	put_string(text, "\":");
}

static void put_key_number(struct text *text, const char *key, uint64_t value)
{
	put_key(text, key);
	put_number(text, value);
}

static void put_key_hex(struct text *text, const char *key, uint64_t value)
{
	put_key(text, key);
	put_char(text, '"');
	put_hex(text, value);
	put_char(text, '"');
}

static void put_key_string(struct text *text, const char *key, const char *value)
{
	put_key(text, key);
	put_char(text, '"');
	put_string(text, value);
	put_char(text, '"');
}

static void put_key_bool(struct text *text, const char *key, bool value)
{
	put_key(text, key);
	put_string(text, value ? "true" : "false");
}

static struct text begin_object(struct json *json)
{
	struct text text = {.used = 0};

	put_string(&text, json->first ? "{" : ",{");
	json->first = false;
	return text;
}

static void end_object(struct json *json, struct text *text)
{
	put_char(text, '}');
	json->line(json->context, text->line);
}

static bool json_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	struct json *json = context;
	struct text text = begin_object(json);

	put_key_string(&text, "kind", "node");
	put_key_number(&text, "level", level);
	put_key_hex(&text, "ia", ia.addr);
	put_key_hex(&text, "node", node.addr);
	put_key_number(&text, "present", child_count);
	put_key_number(&text, "entries", mz_entry_count(json->table->config.format, level));
	put_key_bool(&text, "write", !json->narrow);
	json->narrow = false;
	end_object(json, &text);
	return true;
}

static void put_flags(struct text *text, unsigned flags)
{
	bool first = true;

	put_key(text, "flags");
	put_char(text, '[');
	for (unsigned bit = 1; bit <= flags; bit <<= 1) {
		if ((flags & bit) == 0)
			continue;
		put_string(text, first ? "\"" : ",\"");
		put_string(text, mz_prop_flag_text((enum mz_prop_flag)bit));
		put_char(text, '"');
		first = false;
	}
	put_char(text, ']');
}

static void json_leaf(struct json *json, unsigned level, mz_ia ia, uint64_t entry)
{
	const struct mz_format *f = json->table->config.format;
	struct mz_prop prop = f->prop(entry, level);
	struct text text = begin_object(json);

	put_key_string(&text, "kind", "leaf");
	put_key_number(&text, "level", level);
	put_key_hex(&text, "ia", ia.addr);
	put_key_hex(&text, "oa", f->oa(entry, level).addr);
	put_key_hex(&text, "bytes", mz_span(f, level));
	put_key_bool(&text, "read", (prop.perm & MZ_READ) != 0);
	put_key_bool(&text, "write", (prop.perm & MZ_WRITE) != 0);
	put_key_bool(&text, "exec", (prop.perm & MZ_EXEC) != 0);
	put_key_bool(&text, "exec_user", (prop.perm & MZ_EXEC_USER) != 0);
	put_key_string(&text, "memory", mz_memory_type_text((enum mz_memory_type)prop.memory));
	put_flags(&text, prop.flags);
	end_object(json, &text);
}

static bool json_entry(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
		       uint64_t entry)
{
	struct json *json = context;
	const struct mz_format *f = json->table->config.format;

	(void)node, (void)index;
	if (f->kind(entry, level) == MZ_LEAF)
		json_leaf(json, level, ia, entry);
	else
		json->narrow = f->hierarchical && (f->prop(entry, level).perm & MZ_WRITE) == 0;
	return true;
}

void mz_table_dump_json(const struct mz_table *table, void (*line)(void *context, const char *text),
			void *context)
{
	struct json json = {.table = table, .line = line, .context = context, .first = true};
	struct mz_visitor visitor = {&json, json_node, json_entry, NULL};
	struct text text = {.used = 0};

	put_char(&text, '{');
	put_key_string(&text, "format", table->config.format->name);
	put_key_number(&text, "levels", table->config.format->levels);
	put_key(&text, "table");
	put_char(&text, '[');
	line(context, text.line);
	mz_table_visit(table, &visitor);
	line(context, "]}");
}
