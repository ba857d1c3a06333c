// SPDX-License-Identifier: MPL-2.0
#include "vmm/walk_text.h"

#include <inttypes.h>

#include "core/geometry.h"
#include "core/visit.h"
#include "vmm/text.h"

static void print_flags(FILE *file, struct mz_prop prop)
{
	for (unsigned bit = 1; bit <= prop.flags; bit <<= 1)
		if (prop.flags & bit)
			fprintf(file, " %s", mz_prop_flag_text(bit));
}

static void print_step(FILE *file, const struct mz_format *f, const struct mz_walk_step *step)
{
	fprintf(file, "  level %u  node 0x%-9" PRIx64 " [%3u]  0x%016" PRIx64, step->level,
		step->node.addr, step->index, step->entry);
	switch (step->kind) {
	case MZ_ABSENT:
		fprintf(file, "  absent");
		break;
	case MZ_NODE:
		fprintf(file, "  node 0x%" PRIx64, f->oa(step->entry, step->level).addr);
		if (f->hierarchical)
			fprintf(file, " %s", mz_perm_text(step->prop.perm).text);
		break;
	case MZ_LEAF:
		fprintf(file, "  leaf 0x%" PRIx64 " %s %s", f->oa(step->entry, step->level).addr,
			mz_perm_text(step->prop.perm).text, mz_memory_type_text(step->prop.memory));
		break;
	}
	print_flags(file, step->prop);
	fputc('\n', file);
}

void mz_walk_print(FILE *file, const struct mz_format *f, mz_ia ia, const struct mz_walk *walk)
{
	for (unsigned i = 0; i < walk->step_count; i++)
		print_step(file, f, &walk->steps[i]);
	if (walk->item.level == 0)
		fprintf(file, "0x%" PRIx64 " is not mapped\n", ia.addr);
	else
		fprintf(file, "0x%" PRIx64 " -> 0x%" PRIx64 " %s, in a leaf of %s\n", ia.addr,
			walk->item.oa.addr, mz_perm_text(walk->item.prop.perm).text,
			mz_size_text(mz_span(f, walk->item.level)).text);
}
