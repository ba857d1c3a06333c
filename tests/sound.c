/* SPDX-License-Identifier: MPL-2.0 */
/* Invariants, remembered. */
#include "tests/sound.h"

#include <stdlib.h>
#include <string.h>

#include "core/frame.h"
#include "core/geometry.h"
#include "core/node.h"
#include "tests/must.h"

/* A node whose rules hold. Its links lead to the nodes that are looked at next. */
struct sound_node {
	struct mz_frame frame;
	uint64_t *entries; /* NULL: none has been looked at yet */
	uint16_t *links;   /* indices, in order */
	unsigned count, link_count;
};

static void remember(struct sound_node *seen, const struct mz_table *table, unsigned level,
		     const struct mz_frame *frame, const uint64_t *slots)
{
	const struct mz_format *f = table->config.format;
	unsigned count = mz_entry_count(f, level);
	bool root = level == f->levels;
	unsigned end = root ? table->config.root_end : count;

	if (seen->count != count) {
		seen->count = count;
		seen->entries = realloc(seen->entries, count * sizeof(*seen->entries));
		seen->links = realloc(seen->links, count * sizeof(*seen->links));
		must(seen->entries && seen->links);
	}
	seen->frame = *frame;
	memcpy(seen->entries, slots, count * sizeof(*slots));
	seen->link_count = 0;
	for (unsigned i = root ? table->config.root_first : 0; i < end; i++)
		if (f->kind(slots[i], level) == MZ_NODE)
			seen->links[seen->link_count++] = (uint16_t)i;
}

/* A frame says at which level its node is, and so how many entries it has. */
static bool is_as_seen(const struct sound_node *seen, unsigned level, const struct mz_frame *frame,
		       const uint64_t *slots)
{
	return seen->entries && mz_frame_level(frame) == level &&
		memcmp(&seen->frame, frame, sizeof(*frame)) == 0 &&
		memcmp(seen->entries, slots, seen->count * sizeof(*slots)) == 0;
}

static struct mz_violation check_node(struct sound *sound, const struct mz_table *table, mz_oa node,
				      unsigned level)
{
	const struct mz_format *f = table->config.format;
	const struct mz_memory *memory = &table->config.memory;
	struct sound_node *seen = &sound->nodes[(node.addr >> f->page_lg2) - memory->first_frame];
	const struct mz_frame *frame = mz_frame_at(f, &table->config, node);
	const uint64_t *slots = (const uint64_t *)mz_slots_at(&table->config, node);
	struct mz_violation violation = {.rule = MZ_RULE_NONE};

	if (!is_as_seen(seen, level, frame, slots)) {
		violation = mz_node_check(table, node, level);
		if (violation.rule != MZ_RULE_NONE)
			return violation;
		remember(seen, table, level, frame, slots);
	}
	for (unsigned i = 0; violation.rule == MZ_RULE_NONE && i < seen->link_count; i++)
		violation = check_node(sound, table, f->oa(slots[seen->links[i]], level),
				       level - 1);
	return violation;
}

struct mz_violation sound_check(struct sound *sound, const struct mz_table *table)
{
	if (!sound->nodes) {
		sound->count = (uint32_t)table->config.memory.frame_count;
		sound->nodes = calloc(sound->count, sizeof(*sound->nodes));
		must(sound->nodes != NULL);
	}
	return check_node(sound, table, table->root_oa, table->config.format->levels);
}

void sound_destroy(struct sound *sound)
{
	for (uint32_t i = 0; i < sound->count; i++) {
		free(sound->nodes[i].entries);
		free(sound->nodes[i].links);
	}
	free(sound->nodes);
	*sound = (struct sound) {0};
}
