// SPDX-License-Identifier: MPL-2.0
#include "vmm/cli/sketch.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arch/x86/ept.h"
#include "arch/x86/ia32e.h"
#include "core/format.h"
#include "core/visit.h"
#include "vmm/base/text.h"

/* Address space for nodes; memory follows use. Where there is not so much, less may do. */
#define NODE_BYTES       ((uint64_t)16 << 30)
#define NODE_BYTES_LEAST ((uint64_t)1 << 20)

static const struct mz_format *const formats[] = {&mz_ept, &mz_ia32e};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const char *mz_sketch_formats(void)
{
	static char names[64];
	size_t used = 0;

	for (size_t i = 0; i < FORMAT_COUNT; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 i > 0 ? ", " : "", formats[i]->name);
	return names;
}

int mz_sketch_init(struct mz_sketch *sketch, const char *name, struct mz_failure *failure)
{
	struct mz_config config = {.format = NULL};
	uint64_t bytes = NODE_BYTES;
	enum mz_error error;

	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (strcmp(formats[i]->name, name) == 0)
			config.format = formats[i];
	if (config.format == NULL)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "--format %s: not one of %s", name,
			       mz_sketch_formats());
	do
		error = mz_arena_init(&sketch->arena, bytes, config.format->page_lg2);
	while (error == MZ_NO_MEMORY && (bytes /= 2) >= NODE_BYTES_LEAST);
	if (error != MZ_OK)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "can't make room for nodes: %s",
			       mz_error_text(error));
	config.memory = sketch->arena.memory;
	config.features = config.format->features & MZ_EXEC_ONLY;
	error = mz_table_init(&sketch->table, &config);
	if (error != MZ_OK) {
		mz_arena_destroy(&sketch->arena);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "can't make a table: %s",
			       mz_error_text(error));
	}
	return 0;
}

void mz_sketch_destroy(struct mz_sketch *sketch)
{
	mz_table_destroy(&sketch->table);
	mz_arena_destroy(&sketch->arena);
}

static bool parse_perm(const char *text, unsigned *perm)
{
	static const char letters[] = "rwx";

	*perm = 0;
	for (; *text != '\0'; text++) {
		const char *letter = strchr(letters, *text);

		if (*text == '-')
			continue;
		if (letter == NULL)
			return false;
		*perm |= 1u << (letter - letters);
	}
	return true;
}

static bool parse_word(const char *text, struct mz_prop *prop)
{
	for (unsigned type = 0; type < MZ_MEM_TYPES; type++) {
		if (strcasecmp(text, mz_memory_type_text(type)) == 0) {
			prop->memory = (uint8_t)type;
			return true;
		}
	}
	for (unsigned flag = 1; flag <= UINT16_MAX; flag <<= 1) {
		if (strcasecmp(text, mz_prop_flag_text(flag)) == 0) {
			prop->flags |= (uint16_t)flag;
			return true;
		}
	}
	return false;
}

static int bad_part(struct mz_failure *failure, const char *mapping, const char *part,
		    const char *wanted)
{
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "--map %s: '%s' is not %s", mapping, part,
		       wanted);
}

int mz_sketch_map(struct mz_sketch *sketch, const char *mapping, struct mz_failure *failure)
{
	static const char *const numbers[] = {"an input address", "an output address", "a size"};
	char parts[256], *rest = parts, *part;
	uint64_t values[3];
	struct mz_prop prop = {0};
	enum mz_error error;
	unsigned perm;

	if (snprintf(parts, sizeof(parts), "%s", mapping) >= (int)sizeof(parts))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "--map %.40s...: too long",
			       mapping);
	for (unsigned i = 0; i < 3; i++) {
		part = strsep(&rest, ":");
		if (part == NULL || !mz_number_parse(part, &values[i]))
			return bad_part(failure, mapping, part != NULL ? part : "", numbers[i]);
	}
	part = strsep(&rest, ":");
	if (part == NULL || !parse_perm(part, &perm))
		return bad_part(failure, mapping, part != NULL ? part : "",
				"permissions out of r, w, x");
	prop.perm = (uint8_t)perm;
	while ((part = strsep(&rest, ":")) != NULL)
		if (!parse_word(part, &prop))
			return bad_part(failure, mapping, part, "a memory type or a flag");
	error = mz_table_map(&sketch->table, mz_ia_from(values[0]), values[2],
			     mz_oa_from(values[1]), prop);
	if (error == MZ_NO_MEMORY)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "--map %s: %s", mapping,
			       mz_error_text(error));
	if (error != MZ_OK)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "--map %s: %s", mapping,
			       mz_error_text(error));
	return 0;
}
