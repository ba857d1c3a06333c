// SPDX-License-Identifier: MPL-2.0
#include "vmm/machine/walk_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/geometry.h"
#include "core/visit.h"
#include "vmm/base/text.h"

__attribute__((format(printf, 3, 4))) static void add(struct mz_step_text *step, size_t *used,
						      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	*used += (size_t)vsnprintf(step->text + *used, sizeof(step->text) - *used, format,
				   arguments);
	va_end(arguments);
}

struct mz_step_text mz_step_text(const struct mz_format *f, const struct mz_walk_step *step)
{
	struct mz_step_text text;
	size_t used = 0;

	add(&text, &used, "level %u node 0x%" PRIx64 " index %3u entry 0x%016" PRIx64, step->level,
	    step->node.addr, step->index, step->entry);
	if (step->kind == MZ_ABSENT) {
		add(&text, &used, " absent");
		return text;
	}
	add(&text, &used, " %s 0x%" PRIx64, step->kind == MZ_NODE ? "node" : "leaf",
	    f->oa(step->entry, step->level).addr);
	if (step->kind == MZ_LEAF || f->hierarchical)
		add(&text, &used, " %s", mz_perm_text(step->prop.perm).text);
	if (step->kind == MZ_LEAF)
		add(&text, &used, " %s", mz_memory_type_text(step->prop.memory));
	for (unsigned bit = 1; bit <= step->prop.flags; bit <<= 1)
		if (step->prop.flags & bit)
			add(&text, &used, " %s", mz_prop_flag_text(bit));
	return text;
}
