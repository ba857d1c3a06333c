// SPDX-License-Identifier: MPL-2.0
/* The fault path. */
#include "ept/fault.h"

static enum mz_answer deny(struct job *job, enum mz_denial cause)
{
	job->fault->cause = cause;
	if (job->region != NULL)
		job->fault->region = *job->region;
	return MZ_DENIED;
}

/* Clones map the same frames where these follow from the address, also what is new in both. */
static bool may_be_anothers(const struct job *job)
{
	return MZ_UNLIKELY(job->space->table.shares) && job->region->kind == MZ_REGION_RAM &&
		!job->region->supplied;
}

/* May this access be written down in the leaf, or has the leaf to wait for a write? */
MZ_INLINE struct mz_prop leaf_prop(const struct job *job)
{
	struct mz_prop prop = job->region->prop;
	unsigned perm = mz_region_perm(job->region);

	if (may_be_anothers(job) ||
	    (writes_are_tracked(job->space) && (job->access & MZ_WRITE) == 0))
		perm &= ~(unsigned)MZ_WRITE;
	return mz_prop_pack(perm, prop.memory, prop.flags | job->space->fault_flags);
}

/* The leaf allows the access, but lacks flags without which the MMU faults. */
static enum mz_answer answer_unmarked(struct job *job)
{
	enum mz_error error = mz_table_mark(&job->space->table, mz_ia_from(job->gpa),
					    job->space->fault_flags);

	return error == MZ_OK ? answer_resolved(job) : answer_changed(job);
}

/* The address is mapped already. */
MZ_NOINLINE enum mz_answer answer_mapped(struct job *job, const struct mz_fill *fill)
{
	struct mz_item item = mz_leaf_item(&job->space->table, fill->leaf);
	unsigned perm = item.prop.perm & (fill->writable ? ~0u : ~(unsigned)MZ_WRITE);
	unsigned missing = job->access & ~perm;

	describe(job, fill->leaf);
	job->fault->item.prop.perm = (uint8_t)perm;
	if (missing == 0)
		return MZ_UNLIKELY((job->space->fault_flags & ~item.prop.flags) != 0)
			? answer_unmarked(job)
			: MZ_RETRY;
	if (missing == MZ_WRITE)
		return mz_fault_write_(job, fill->leaf);
	return deny(job, MZ_DENIAL_PERMISSION);
}

/* A leaf has been mapped, for an access that may be a write. */
MZ_INLINE enum mz_answer answer_filled(struct job *job, const struct mz_fill *fill)
{
	unsigned level = mz_leaf_level(fill->leaf);

	count(&job->worker->stats.mapped[level]);
	describe_leaf(job->space->table.config.format, job->gpa, fill->leaf, fill->prop,
		      job->fault);
	if ((job->access & MZ_WRITE) == 0)
		return MZ_RESOLVED;
	if (may_be_anothers(job))
		return mz_fault_write_(job, fill->leaf);
	if (MZ_UNLIKELY(!fill->writable))
		return mz_fault_let_write_(job, level, NULL);
	if (MZ_UNLIKELY(writes_are_told(job->space)))
		written_tell(job->space, job->fault->ia.addr, job->fault->bytes);
	return MZ_RESOLVED;
}

static bool is_mapped(const struct job *job)
{
	return mz_leaf_level(mz_table_find(&job->space->table, mz_ia_from(job->gpa))) != 0;
}

/* What came of an attempt to map a leaf. */
MZ_INLINE enum mz_answer answer_fill(struct job *job, const struct mz_fill *fill,
				     enum mz_error error)
{
	if (error == MZ_OK)
		return answer_filled(job, fill);
	return error == MZ_OCCUPIED ? answer_mapped(job, fill) : MZ_EXHAUSTED;
}

/* Maps a leaf of the level or below, unless something is there. */
MZ_INLINE enum mz_answer fill_leaf(struct job *job, uint64_t offset, unsigned level_min,
				   unsigned level_max, enum mz_error *error)
{
	struct mz_space *space = job->space;
	struct mz_fill fill = {
		.offset = offset,
		.prop = leaf_prop(job),
		.level_min = level_min,
		.level_max = level_max,
		.reserve = reserve_of(job),
	};

	if (MZ_UNLIKELY(writes_are_told(space)) && (job->access & MZ_WRITE) != 0) {
		uint64_t span = mz_span(space->table.config.format, level_max);

		*error = written_prepare(space, job->gpa & ~(span - 1), span);
		if (*error != MZ_OK)
			return MZ_EXHAUSTED;
	}
	if (MZ_UNLIKELY(space->table.shares) && !is_mapped(job)) {
		enum mz_answer answer = mz_fault_own_(job);

		*error = MZ_NO_MEMORY;
		if (answer != MZ_RESOLVED)
			return answer;
	}
	*error = mz_table_fill(&space->table, mz_ia_from(job->gpa), &fill);
	return answer_fill(job, &fill, *error);
}

/* The leaf that may be mapped for this access. */
MZ_INLINE unsigned level_wanted(const struct job *job)
{
	unsigned most = job->space->leaf_top;

	if ((job->access & MZ_WRITE) != 0 && most > written_level(job->space))
		most = written_level(job->space);
	return region_level(job, most);
}

/* A frame from the embedder, who may sleep: outside of the gate. */
static enum mz_error supply(struct job *job, const struct mz_region *region, unsigned *level,
			    mz_oa *oa)
{
	struct mz_space *space = job->space;
	uint64_t mask = mz_span(space->table.config.format, *level) - 1;
	enum mz_error error;

	gate_leave(space);
	error = space->backing.supply(space->backing.context, region, mz_ia_from(job->gpa & ~mask),
				      level, oa);
	gate_enter(space);
	return error;
}

/*
 * Maps a frame that the embedder supplies. Where others were faster it goes back: all of it is
 * mapped, or nothing. False: a leaf of this level does not fit any more, but one below may.
 */
static bool map_supplied(struct job *job, unsigned level, enum mz_answer *answer)
{
	struct mz_space *space = job->space;
	struct mz_region region = *job->region;
	uint64_t version = space->version;
	unsigned got = level;
	enum mz_error error;
	mz_oa oa;

	*answer = MZ_EXHAUSTED;
	if (supply(job, &region, &got, &oa) != MZ_OK)
		return true;
	error = MZ_BAD_LEVEL;
	if (version != space->version) {
		*answer = answer_changed(job);
	} else if (got >= 1 && got <= level) {
		uint64_t mask = mz_span(space->table.config.format, got) - 1;

		*answer = fill_leaf(job, oa.addr - (job->gpa & ~mask), got, got, &error);
	}
	if (error != MZ_OK)
		space->backing.release(space->backing.context, &region, oa, got);
	return error != MZ_BAD_LEVEL || version != space->version;
}

MZ_NOINLINE enum mz_answer answer_supplied(struct job *job)
{
	const struct mz_config *config = &job->space->table.config;
	uint64_t page = job->gpa & ~(mz_span(config->format, 1) - 1);
	enum mz_answer answer;
	enum mz_error error;

	/* No leaf is as large as this: asks for what is there, and maps nothing. */
	answer = fill_leaf(job, -page, MZ_LEVELS_MAX + 1, 1, &error);
	if (error != MZ_BAD_LEVEL)
		return answer;
	for (unsigned level = level_wanted(job); level >= 1; level--)
		if (mz_leaf_allowed(config->leaf_levels, level) &&
		    map_supplied(job, level, &answer))
			break;
	return answer;
}

/* Keeps what is known of memory where nothing but the regions decides what is mapped. */
static void remember(const struct job *job)
{
	const struct mz_space *space = job->space;
	const struct mz_region *region = job->region;

	if (space->table.shares || writes_are_told(space))
		return;
	job->worker->near = (struct mz_near) {
		.first = region->ia.addr,
		.bytes = region->bytes,
		.version = space->version,
		.offset = region->oa.addr - region->ia.addr,
		.prop = leaf_prop(job),
		.level_max = region_level_max(region, space->leaf_top),
		.kind = region->kind,
	};
}

/* Memory that the guest may access so. */
static enum mz_answer answer_memory(struct job *job)
{
	const struct mz_region *region = job->region;
	enum mz_error error;

	if (MZ_UNLIKELY(region->supplied))
		return answer_supplied(job);
	remember(job);
	return fill_leaf(job, region->oa.addr - region->ia.addr, 0, level_wanted(job), &error);
}

/*
 * A device. Where the format has entries that tell so by themselves, one is put there. Without
 * memory, or where clones have the node too, the next access takes as long as this one.
 */
MZ_NOINLINE enum mz_answer answer_device(struct job *job)
{
	struct mz_space *space = job->space;
	const struct mz_region *region = job->region;

	job->fault->region = *region;
	if ((space->table.config.features & MZ_MMIO_MARKERS) != 0 && !space->table.shares) {
		struct mz_fill fill = {
			.offset = region->oa.addr - region->ia.addr,
			.prop = mz_prop_pack(MZ_WRITE | MZ_EXEC, MZ_MEM_UNCACHED, 0),
			.level_max = region_level(job, space->leaf_top),
			.reserve = reserve_of(job),
		};
		enum mz_error error = mz_table_fill(&space->table, mz_ia_from(job->gpa), &fill);

		(void)error;
	}
	return MZ_MMIO;
}

static enum mz_answer answer_inside(struct job *job)
{
	job->region = mz_regions_find(&job->space->regions, job->gpa);
	if (job->region == NULL)
		return deny(job, MZ_DENIAL_NO_REGION);
	job->fault->kind = job->region->kind;
	if (MZ_LIKELY((mz_region_perm(job->region) & job->access) == job->access))
		return answer_memory(job);
	switch (job->region->kind) {
	case MZ_REGION_MMIO:
		return answer_device(job);
	case MZ_REGION_LENT:
		return deny(job, MZ_DENIAL_LENT);
	case MZ_REGION_ROM:
		if ((job->access & MZ_WRITE) != 0)
			return deny(job, MZ_DENIAL_READ_ONLY);
		break;
	default:
		break;
	}
	return deny(job, MZ_DENIAL_PERMISSION);
}

/* The long way, for whatever it is. */
MZ_NOINLINE enum mz_answer answer_any(struct mz_worker *worker, uint64_t gpa, unsigned access,
				      struct mz_fault *fault)
{
	struct job job = {worker, worker->space, NULL, gpa, access, fault};

	return answer_inside(&job);
}

/* Where the last fault was, the leaf was there already, or more is to be done than to map it. */
MZ_NOINLINE enum mz_answer answer_near_fill(struct mz_worker *worker, uint64_t gpa, unsigned access,
					    struct mz_fault *fault, const struct mz_fill *fill,
					    enum mz_error error)
{
	struct job job = {worker, worker->space, NULL, gpa, access, fault};

	job.region = mz_regions_find(&job.space->regions, gpa);
	fault->kind = worker->near.kind;
	return answer_fill(&job, fill, error);
}

/* May the guest do this in the memory where the last fault was? */
MZ_INLINE bool is_near(const struct mz_worker *worker, uint64_t gpa, unsigned access)
{
	const struct mz_near *near = &worker->near;

	return MZ_LIKELY(gpa - near->first < near->bytes) && (access & ~near->prop.perm) == 0 &&
		near->version == worker->space->version;
}

/* The short way, for a page that nothing is mapped at yet. */
MZ_INLINE enum mz_answer answer_near(struct mz_worker *worker, uint64_t gpa, unsigned access,
				     struct mz_fault *fault)
{
	struct mz_space *space = worker->space;
	const struct mz_format *f = space->table.config.format;
	const struct mz_near *near = &worker->near;
	struct mz_fill fill;
	struct mz_leaf leaf;
	enum mz_error error;

	fill.offset = near->offset;
	fill.prop = near->prop;
	fill.level_min = 0;
	fill.level_max = level_inside(f, gpa, near->first, near->bytes, near->level_max);
	fill.reserve = &worker->reserve;
	error = mz_table_fill(&space->table, mz_ia_from(gpa), &fill);
	/* An entry above may forbid writes. */
	if (MZ_UNLIKELY(error != MZ_OK || (!fill.writable && (access & MZ_WRITE) != 0)))
		return answer_near_fill(worker, gpa, access, fault, &fill, error);
	leaf = fill.leaf;
	count(&worker->stats.mapped[mz_leaf_level(leaf)]);
	fault->kind = near->kind;
	describe_leaf(f, gpa, leaf, near->prop, fault);
	return MZ_RESOLVED;
}

/* Inside the gate, but while a frame is supplied. */
MZ_INLINE enum mz_answer answer_access(struct mz_worker *worker, uint64_t gpa, unsigned access,
				       struct mz_fault *fault)
{
	enum mz_answer answer;

	gate_enter(worker->space);
	if (MZ_LIKELY(is_near(worker, gpa, access)))
		answer = answer_near(worker, gpa, access, fault);
	else
		answer = answer_any(worker, gpa, access, fault);
	gate_leave(worker->space);
	return answer;
}

static void begin(struct mz_fault *fault)
{
	fault->cause = MZ_DENIAL_NONE;
	fault->kind = MZ_REGION_KINDS;
	fault->region.bytes = 0;
	describe_nothing(fault);
}

enum mz_answer mz_fault_answer_(struct mz_worker *worker, uint64_t gpa, unsigned access,
				struct mz_fault *fault)
{
	begin(fault);
	return answer_access(worker, gpa, access, fault);
}

/* Nothing that a page table could mend, or it is not said where. */
MZ_NOINLINE enum mz_answer refuse(struct mz_worker *worker, struct mz_fault *fault)
{
	fault->cause = MZ_DENIAL_UNKNOWN;
	count(&worker->stats.answers[MZ_DENIED]);
	count(&worker->stats.denials[MZ_DENIAL_UNKNOWN]);
	return MZ_DENIED;
}

enum mz_answer mz_space_fault(struct mz_worker *worker, const struct mz_fault_record *record,
			      struct mz_fault *fault)
{
	unsigned access = record->access != 0 ? record->access : MZ_READ;
	enum mz_answer answer;

	begin(fault);
	if (MZ_UNLIKELY(!record->has_ia || record->cause == MZ_FAULT_OTHER))
		return refuse(worker, fault);
	answer = answer_access(worker, record->ia.addr, access, fault);
	count(&worker->stats.answers[answer]);
	if (MZ_UNLIKELY(answer == MZ_DENIED))
		count(&worker->stats.denials[fault->cause]);
	return answer;
}
