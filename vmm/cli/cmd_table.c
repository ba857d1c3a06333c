// SPDX-License-Identifier: MPL-2.0
/* mezz table: builds a table and shows it. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "core/format.h"
#include "core/geometry.h"
#include "core/visit.h"
#include "vmm/cli/cli.h"
#include "vmm/base/text.h"
#include "vmm/cli/sketch.h"

struct options {
	const char *format;
	const char **maps;
	size_t map_count;
	bool json;
};

static const struct argp_option option_list[] = {
	{"format", 'f', "NAME", 0, "The entry format: ept (default) or ia32e", 0},
	{"map", 'm', "IA:OA:SIZE:PERM", 0,
	 "Map SIZE bytes at input address IA to output address OA; PERM is made of r, w, x. Behind "
	 "it may follow "
	 "colons with a memory type (WB, WT, UC, WC, WP) and flags (accessed, dirty, user, global, "
	 "ignore-pat). "
	 "Can be given many times",
	 0},
	{"json", 'j', NULL, 0, "Print every node and every present entry as JSON", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'f':
		options->format = argument;
		return 0;
	case 'm':
		options->maps[options->map_count++] = argument;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_line(void *context, const char *text)
{
	(void)context;
	puts(text);
}

static void print_counts(const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;
	struct mz_usage usage = mz_table_usage(table);
	uint64_t nodes = 0;

	for (unsigned level = 1; level <= f->levels; level++)
		nodes += usage.node_count[level];
	printf("%" PRIu64 " nodes, %s bytes\n", nodes, mz_size_text(usage.node_bytes).text);
	for (unsigned level = f->levels; level >= 1; level--)
		if (usage.leaf_count[level] > 0)
			printf("%" PRIu64 " leaves of %s\n", usage.leaf_count[level],
			       mz_size_text(mz_span(f, level)).text);
	printf("%s bytes mapped\n", mz_size_text(usage.mapped_bytes).text);
}

static void print_text(const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;

	printf("%s: %u levels, pages of %s, %u-bit input and %u-bit output addresses\n", f->name,
	       f->levels, mz_size_text(mz_span(f, 1)).text, f->ia_lg2, f->oa_lg2);
	mz_table_dump(table, print_line, NULL);
	print_counts(table);
}

/* A JSON document under way; `entries` is that of the node at each level. */
struct document {
	const struct mz_format *format;
	json_t *nodes;
	json_t *entries[MZ_LEVELS_MAX + 1];
};

static json_t *hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

static bool add_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	struct document *document = context;
	json_t *entries = json_array();

	document->entries[level] = entries;
	return json_array_append_new(document->nodes,
				     json_pack("{so si so si si so}", "address", hex(node.addr),
					       "level", (int)level, "ia", hex(ia.addr), "present",
					       (int)child_count, "bytes",
					       1 << mz_node_lg2(document->format, level), "entries",
					       entries)) == 0;
}

static json_t *flags_of(struct mz_prop prop)
{
	json_t *flags = json_array();

	for (unsigned bit = 1; bit <= prop.flags; bit <<= 1)
		if (prop.flags & bit)
			json_array_append_new(flags, json_string(mz_prop_flag_text(bit)));
	return flags;
}

static bool add_entry(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
		      uint64_t entry)
{
	struct document *document = context;
	const struct mz_format *f = document->format;
	bool leaf = f->kind(entry, level) == MZ_LEAF;
	struct mz_prop prop = f->prop(entry, level);
	json_t *object = json_pack("{si so so ss so ss so}", "index", (int)index, "ia",
				   hex(ia.addr), "entry", hex(entry), "kind",
				   leaf ? "leaf" : "node", "oa", hex(f->oa(entry, level).addr),
				   "perm", mz_perm_text(prop.perm).text, "flags", flags_of(prop));

	(void)node;
	if (leaf) {
		json_object_set_new(object, "memory",
				    json_string(mz_memory_type_text(prop.memory)));
		json_object_set_new(object, "bytes", json_integer((json_int_t)mz_span(f, level)));
	}
	return json_array_append_new(document->entries[level], object) == 0;
}

static json_t *by_level(const uint64_t *counts, unsigned levels)
{
	json_t *object = json_object();

	for (unsigned level = 1; level <= levels; level++)
		json_object_set_new(object, (char[2]) {(char)('0' + level), '\0'},
				    json_integer((json_int_t)counts[level]));
	return object;
}

/* False: no memory for the document. */
static bool print_json(const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;
	struct mz_usage usage = mz_table_usage(table);
	struct document document = {.format = f, .nodes = json_array()};
	struct mz_visitor visitor = {.context = &document, .node = add_node, .entry = add_entry};
	bool complete = mz_table_visit(table, &visitor);
	json_t *root = json_pack(
		"{ss si si so so so so sI sI}", "format", f->name, "levels", f->levels,
		"page_bytes", 1 << f->page_lg2, "root", hex(table->root_oa.addr), "nodes",
		document.nodes, "node_count", by_level(usage.node_count, f->levels), "leaf_count",
		by_level(usage.leaf_count, f->levels), "node_bytes", (json_int_t)usage.node_bytes,
		"mapped_bytes", (json_int_t)usage.mapped_bytes);

	complete = complete && root != NULL && json_dumpf(root, stdout, JSON_INDENT(1)) == 0;
	putchar('\n');
	json_decref(root);
	return complete;
}

static int build_and_print(const struct options *options, struct mz_failure *failure)
{
	struct mz_sketch sketch;
	int result = 0;

	if (mz_sketch_init(&sketch, options->format, failure) != 0)
		return -1;
	for (size_t i = 0; result == 0 && i < options->map_count; i++)
		result = mz_sketch_map(&sketch, options->maps[i], failure);
	if (result == 0 && !options->json)
		print_text(&sketch.table);
	else if (result == 0 && !print_json(&sketch.table))
		result = mz_fail(failure, MZ_STATUS_HOST_FAILED, "can't write the table as JSON");
	mz_sketch_destroy(&sketch);
	return result;
}

int mz_cmd_table(int argc, char **argv)
{
	static const struct argp argp = {option_list,
					 parse,
					 NULL,
					 "Build a table from mappings, without KVM, and print it "
					 "as a tree with its node and byte counts.",
					 NULL,
					 NULL,
					 NULL};
	struct options options = {.format = "ept", .maps = calloc((size_t)argc, sizeof(char *))};
	struct mz_failure failure = {MZ_STATUS_HOST_FAILED, "out of memory"};
	int result = options.maps != NULL ? 0 : -1;

	if (result == 0) {
		argp_parse(&argp, argc, argv, 0, NULL, &options);
		result = build_and_print(&options, &failure);
	}
	free(options.maps);
	return mz_cli_finish("table", result, &failure);
}
