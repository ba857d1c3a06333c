/* SPDX-License-Identifier: MPL-2.0 */
/* The guest's processor. */
#include "tests/guest.h"

#include <string.h>

#include "core/walk.h"
#include "tests/tree.h"

/* An access that is answered as often as this and not denied is going round in circles. */
#define TRIES_MAX 32

void guest_begin(struct guest *guest, struct fixture *x, const struct mz_backing *backing)
{
	x->destroyed = true;
	guest->x = x;
	expect_ok(mz_space_init(&guest->space, &x->config, backing, guest->regions, GUEST_REGIONS));
	mz_worker_begin(&guest->worker, &guest->space);
}

void guest_end(struct guest *guest, struct fixture *x)
{
	struct mz_violation violation = mz_table_check(&guest->space.table);

	must_say(violation.rule == MZ_RULE_NONE, "%s: %s", x->test_case->name,
		 mz_rule_text(violation.rule));
	mz_worker_end(&guest->worker);
	witness_reclaim(&x->witness);
	mz_space_destroy(&guest->space);
}

struct mz_region guest_region(enum mz_region_kind kind, uint64_t ia, uint64_t bytes, uint64_t oa)
{
	return (struct mz_region) {
		.ia = mz_ia_from(ia), .bytes = bytes, .oa = mz_oa_from(oa), .kind = kind};
}

enum mz_error guest_add(struct guest *guest, enum mz_region_kind kind, uint64_t ia, uint64_t bytes,
			uint64_t oa)
{
	struct mz_region region = guest_region(kind, ia, bytes, oa);

	return mz_space_add(&guest->space, &region);
}

struct mz_request guest_request(enum mz_change_kind change, uint64_t ia, uint64_t bytes)
{
	return (struct mz_request) {.change = change, .ia = mz_ia_from(ia), .bytes = bytes};
}

enum mz_error guest_change(struct guest *guest, enum mz_change_kind change, uint64_t ia,
			   uint64_t bytes)
{
	struct mz_request request = guest_request(change, ia, bytes);

	return mz_space_change(&guest->space, &request, NULL);
}

enum mz_answer guest_fault(struct guest *guest, uint64_t gpa, enum mz_perm access,
			   struct mz_fault *fault)
{
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(gpa), access);

	memset(fault, 0xa5, sizeof(*fault));
	return mz_space_fault(&guest->worker, &record, fault);
}

/* Flags for the lack of which the MMU faults, if it does. */
static unsigned flags_needed(const struct mz_config *c, enum mz_perm access)
{
	if (!c->format->flags_fault || (c->features & MZ_HW_ACCESSED_DIRTY) != 0)
		return 0;
	return c->format->hw_flags & (access == MZ_WRITE ? MZ_ACCESSED | MZ_DIRTY : MZ_ACCESSED);
}

bool guest_may(const struct guest *guest, uint64_t gpa, enum mz_perm access, struct mz_item *item)
{
	struct mz_walk walk;
	enum mz_error error;

	mz_reader_enter(&guest->space.table);
	error = mz_table_walk(&guest->space.table, mz_ia_from(gpa), &walk);
	mz_reader_leave(&guest->space.table);
	*item = walk.item;
	return error == MZ_OK && (walk.item.prop.perm & access) != 0 &&
		!tree_is_marker(&guest->space.table.config, walk.steps[walk.step_count - 1].prop) &&
		(flags_needed(&guest->space.table.config, access) & ~walk.item.prop.flags) == 0;
}

static void mark_entry(const struct mz_format *f, uint64_t *slot, unsigned level, enum mz_kind kind,
		       enum mz_perm access)
{
	uint64_t entry = mz_load_acquire(slot), marked;

	do {
		if (f->kind(entry, level) != kind)
			return;
		marked = tree_with_flag(f, entry, level, MZ_ACCESSED);
		if (kind == MZ_LEAF && access == MZ_WRITE &&
		    (f->prop(entry, level).perm & MZ_WRITE) != 0)
			marked = tree_with_flag(f, marked, level, MZ_DIRTY);
	} while (!mz_replace(slot, &entry, marked));
}

void guest_mark(struct guest *guest, uint64_t gpa, enum mz_perm access)
{
	const struct mz_table *table = &guest->space.table;
	const struct mz_format *f = table->config.format;

	if ((table->config.features & MZ_HW_ACCESSED_DIRTY) == 0)
		return;
	mz_reader_enter(table);
	for (unsigned level = f->levels; level > 0; level--) {
		uint64_t *slot = tree_slot(table, gpa, level, NULL);

		if (slot == NULL)
			break;
		if (f->links_accessed)
			mark_entry(f, slot, level, MZ_NODE, access);
		mark_entry(f, slot, level, MZ_LEAF, access);
	}
	mz_reader_leave(table);
}

bool guest_access(struct guest *guest, struct mz_worker *worker, uint64_t gpa, enum mz_perm access,
		  uint64_t *oa)
{
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(gpa), access);

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		struct mz_item item;
		struct mz_fault fault;
		enum mz_answer answer;

		if (guest_may(guest, gpa, access, &item)) {
			guest_mark(guest, gpa, access);
			*oa = item.oa.addr;
			return true;
		}
		answer = mz_space_fault(worker, &record, &fault);
		must(answer != MZ_EXHAUSTED);
		if (answer == MZ_DENIED || answer == MZ_MMIO)
			return false;
	}
	ck_abort_msg("%s: an access at %#llx goes round in circles", guest->x->test_case->name,
		     (unsigned long long)gpa);
	return false;
}
