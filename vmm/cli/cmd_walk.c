// SPDX-License-Identifier: MPL-2.0
/* mezz walk: the steps of translations through a table. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/format.h"
#include "core/geometry.h"
#include "core/walk.h"
#include "vmm/cli/cli.h"
#include "vmm/base/text.h"
#include "vmm/cli/sketch.h"
#include "vmm/machine/walk_text.h"

struct options {
	const char *format;
	const char **maps;
	size_t map_count;
	const char **addresses;
	size_t address_count;
};

static const struct argp_option option_list[] = {
	{"format", 'f', "NAME", 0, "The entry format: ept (default) or ia32e", 0},
	{"map", 'm', "IA:OA:SIZE:PERM", 0,
	 "Map a range first, as for mezz table. Can be given many times", 0},
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
	case ARGP_KEY_ARG:
		options->addresses[options->address_count++] = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no address to walk");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_walk(const struct mz_format *f, uint64_t address, const struct mz_walk *walk)
{
	for (unsigned i = 0; i < walk->step_count; i++)
		printf("  %s\n", mz_step_text(f, &walk->steps[i]).text);
	if (walk->item.level == 0)
		printf("0x%" PRIx64 " is not mapped\n", address);
	else
		printf("0x%" PRIx64 " -> 0x%" PRIx64 " %s, in a leaf of %s\n", address,
		       walk->item.oa.addr, mz_perm_text(walk->item.prop.perm).text,
		       mz_size_text(mz_span(f, walk->item.level)).text);
}

static int walk_and_print(const struct mz_table *table, const char *text,
			  struct mz_failure *failure)
{
	struct mz_walk walk;
	uint64_t address;
	enum mz_error error;

	if (!mz_number_parse(text, &address))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "'%s' is not an address", text);
	error = mz_table_walk(table, mz_ia_from(address), &walk);
	if (error == MZ_OUT_OF_RANGE)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: beyond the %u-bit input addresses of %s", text,
			       table->config.format->ia_lg2, table->config.format->name);
	print_walk(table->config.format, address, &walk);
	return 0;
}

static int build_and_walk(const struct options *options, struct mz_failure *failure)
{
	struct mz_sketch sketch;
	int result = 0;

	if (mz_sketch_init(&sketch, options->format, failure) != 0)
		return -1;
	for (size_t i = 0; result == 0 && i < options->map_count; i++)
		result = mz_sketch_map(&sketch, options->maps[i], failure);
	for (size_t i = 0; result == 0 && i < options->address_count; i++)
		result = walk_and_print(&sketch.table, options->addresses[i], failure);
	mz_sketch_destroy(&sketch);
	return result;
}

int mz_cmd_walk(int argc, char **argv)
{
	static const struct argp argp = {option_list,
					 parse,
					 "ADDRESS...",
					 "Build a table from mappings, without KVM, and show each "
					 "step that an MMU takes to translate the addresses.",
					 NULL,
					 NULL,
					 NULL};
	struct options options = {
		.format = "ept",
		.maps = calloc((size_t)argc, sizeof(char *)),
		.addresses = calloc((size_t)argc, sizeof(char *)),
	};
	struct mz_failure failure = {MZ_STATUS_HOST_FAILED, "out of memory"};
	int result = options.maps != NULL && options.addresses != NULL ? 0 : -1;

	if (result == 0) {
		argp_parse(&argp, argc, argv, 0, NULL, &options);
		result = build_and_walk(&options, &failure);
	}
	free(options.maps);
	free(options.addresses);
	return mz_cli_finish("walk", result, &failure);
}
