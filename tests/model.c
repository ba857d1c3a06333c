/* SPDX-License-Identifier: MPL-2.0 */
/* The flat model. */
#include "tests/model.h"

#include <stdlib.h>
#include <string.h>

void model_init(struct model *model)
{
	memset(model, 0, sizeof(*model));
}

void model_destroy(struct model *model)
{
	free(model->ranges);
}

void model_clear(struct model *model)
{
	model->count = 0;
}

static void insert(struct model *model, size_t at, struct model_range range)
{
	if (model->count == model->max) {
		model->max = model->max ? model->max * 2 : 64;
		model->ranges = realloc(model->ranges, model->max * sizeof(range));
		if (!model->ranges)
			abort();
	}
	memmove(&model->ranges[at + 1], &model->ranges[at], (model->count++ - at) * sizeof(range));
	model->ranges[at] = range;
}

/* The number of the first range that does not end before ia. */
static size_t seek(const struct model *model, uint64_t ia)
{
	size_t low = 0, high = model->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->ranges[middle].last < ia)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Makes ia the beginning of a range, if it lies inside one. */
static void cut(struct model *model, uint64_t ia)
{
	size_t at = seek(model, ia);
	struct model_range upper;

	if (at == model->count || model->ranges[at].first >= ia)
		return;
	upper = model->ranges[at];
	upper.oa += ia - upper.first;
	upper.first = ia;
	model->ranges[at].last = ia - 1;
	insert(model, at + 1, upper);
}

/* Makes both ends of [ia, last] those of ranges; answers the numbers of the ranges between. */
static size_t cut_out(struct model *model, uint64_t ia, uint64_t last, size_t *end)
{
	cut(model, ia);
	if (last != UINT64_MAX)
		cut(model, last + 1);
	*end = last == UINT64_MAX ? model->count : seek(model, last + 1);
	return seek(model, ia);
}

enum mz_error model_map(struct model *model, uint64_t ia, uint64_t bytes, uint64_t oa,
			struct mz_prop prop)
{
	uint64_t last = ia + bytes - 1;
	size_t at = seek(model, ia);

	if (at < model->count && model->ranges[at].first <= last)
		return MZ_OCCUPIED;
	insert(model, at, (struct model_range) {ia, last, oa, prop});
	return MZ_OK;
}

void model_unmap(struct model *model, uint64_t ia, uint64_t bytes)
{
	size_t end, at = cut_out(model, ia, ia + bytes - 1, &end);

	if (at == end)
		return;
	memmove(&model->ranges[at], &model->ranges[end],
		(model->count - end) * sizeof(*model->ranges));
	model->count -= end - at;
}

void model_protect(struct model *model, uint64_t ia, uint64_t bytes, unsigned perm)
{
	size_t end, at = cut_out(model, ia, ia + bytes - 1, &end);

	for (; at < end; at++)
		model->ranges[at].prop.perm = (uint8_t)perm;
}

void model_write(struct model *model, uint64_t ia, uint64_t bytes, bool on)
{
	size_t end, at = cut_out(model, ia, ia + bytes - 1, &end);

	for (; at < end; at++) {
		uint8_t *perm = &model->ranges[at].prop.perm;

		if (*perm & MZ_READ)
			*perm = (uint8_t)((*perm & ~MZ_WRITE) | (on ? MZ_WRITE : 0));
	}
}

void model_flag(struct model *model, uint64_t ia, uint64_t bytes, unsigned flags)
{
	size_t end, at = cut_out(model, ia, ia + bytes - 1, &end);

	for (; at < end; at++)
		model->ranges[at].prop.flags |= (uint16_t)flags;
}

const struct model_range *model_find(const struct model *model, uint64_t ia)
{
	size_t at = seek(model, ia);

	return at < model->count && model->ranges[at].first <= ia ? &model->ranges[at] : NULL;
}

static bool same_prop(struct mz_prop a, struct mz_prop b)
{
	return a.perm == b.perm && a.memory == b.memory && a.flags == b.flags;
}

void model_append(struct model *model, struct model_range range)
{
	struct model_range *last = model->count ? &model->ranges[model->count - 1] : NULL;

	if (last && range.first - last->last == 1 &&
	    range.oa - last->oa == range.first - last->first && same_prop(range.prop, last->prop))
		last->last = range.last;
	else
		insert(model, model->count, range);
}

void model_join(struct model *model)
{
	size_t count = model->count;

	model->count = 0;
	for (size_t i = 0; i < count; i++)
		model_append(model, model->ranges[i]);
}

bool model_equal(const struct model *a, const struct model *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct model_range *x = &a->ranges[i], *y = &b->ranges[i];

		if (x->first != y->first || x->last != y->last || x->oa != y->oa ||
		    !same_prop(x->prop, y->prop))
			return false;
	}
	return true;
}
