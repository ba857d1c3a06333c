// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/memory.h"

#include "tests/explore/outside.h"
#include "tests/explore/search.h"

#include <stdio.h>
#include <string.h>

#define FRAME_BYTES sizeof(struct mz_frame)

/* What a fresh page holds: a link, in every format here, to a node that never is. */
#define GARBAGE 0x7u

/* All that a run changes. */
struct state {
	_Alignas(64) uint64_t slots[MEMORY_SLOTS];
	struct mz_frame frames[MEMORY_NODES];
	bool live[MEMORY_NODES];
	unsigned handed_out[THREADS_MAX];
	unsigned begin_handed_out;
};

/* Who touched a slot, or a byte of metadata, and when. */
struct cell {
	uint32_t run; /* of which run all of this is; of another: nothing was touched yet */
	struct clock plain_read, plain_write, atomic_read, atomic_write;
	struct clock released; /* what an acquire of it sees */
};

static struct state now, kept;
static struct cell slot_cells[MEMORY_SLOTS];
static struct cell frame_cells[MEMORY_NODES * FRAME_BYTES];
static struct cell content_cells[MEMORY_CONTENTS];
static uint32_t run_number;
static bool mmu_writes_entries;

/*
 * Who has marked a node, as task + 1; and is it left alone from now on? So it is when its lock was
 * waited for, or when who has marked it has given any lock of a marked node back.
 */
static unsigned marked_by[MEMORY_NODES];
static bool left_alone[MEMORY_NODES];

/* Marks that others do not see yet. */
static struct {
	struct {
		uint8_t *place, to;
	} marks[MEMORY_NODES];
	unsigned count;
} kept_back[TASKS_MAX];

/*
 * What each task sees of the others. A task's own part is its turn, doubled so that what it does in
 * a turn after a release is later than that; 1 before its first.
 */
static struct clock sees[TASKS_MAX];

void memory_turn(unsigned task)
{
	sees[task].at[task] = (uint16_t)(2 * (search_turn() + 1));
}

void memory_see(const struct clock *other)
{
	if (current >= 0)
		clock_join(&sees[current], other);
}

void memory_show(struct clock *other)
{
	if (current < 0)
		return;
	clock_join(other, &sees[current]);
	sees[current].at[current] |= 1;
}

/* ---- Cells ---- */

static struct cell *fresh(struct cell *cell)
{
	if (cell->run != run_number) {
		memset(cell, 0, sizeof(*cell));
		cell->run = run_number;
	}
	return cell;
}

enum touch { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE, LOCKED_READ, LOCKED_WRITE };

static void stamp(struct clock *clock)
{
	clock->at[current] = sees[current].at[current];
}

/* False: something that this access must come after is not seen. */
static bool touch(struct cell *cell, enum touch how)
{
	const struct clock *me = &sees[current];
	bool ordered = clock_covers(me, &cell->plain_write);

	switch (how) {
	case PLAIN_READ:
		ordered &= clock_covers(me, &cell->atomic_write);
		stamp(&cell->plain_read);
		break;
	case PLAIN_WRITE:
		ordered &= clock_covers(me, &cell->atomic_write) &&
			clock_covers(me, &cell->atomic_read) && clock_covers(me, &cell->plain_read);
		stamp(&cell->plain_write);
		break;
	case LOCKED_READ:
		ordered &= mmu_writes_entries || clock_covers(me, &cell->atomic_write);
		stamp(&cell->atomic_read);
		break;
	case ATOMIC_READ:
		stamp(&cell->atomic_read);
		break;
	case LOCKED_WRITE:
		ordered &= (mmu_writes_entries || clock_covers(me, &cell->atomic_write)) &&
			clock_covers(me, &cell->plain_read);
		stamp(&cell->atomic_write);
		break;
	case ATOMIC_WRITE:
		ordered &= clock_covers(me, &cell->plain_read);
		stamp(&cell->atomic_write);
		break;
	}
	return ordered;
}

static const char *field_text(size_t byte)
{
	if (byte < offsetof(struct mz_frame, next))
		return "refs";
	if (byte < offsetof(struct mz_frame, child_count))
		return "next";
	if (byte < offsetof(struct mz_frame, level_stray))
		return "child_count";
	if (byte < offsetof(struct mz_frame, lock))
		return byte == offsetof(struct mz_frame, level_stray) ? "stray" : "touched";
	return "lock";
}

static bool in_slots(const void *place, size_t *slot)
{
	*slot = ((uintptr_t)place - (uintptr_t)now.slots) / sizeof(uint64_t);
	return *slot < MEMORY_SLOTS;
}

static bool in_frames(const void *place, size_t *byte)
{
	*byte = (uintptr_t)place - (uintptr_t)now.frames;
	return *byte < sizeof(now.frames);
}

static void must_live(size_t node, const char *what)
{
	if (!now.live[node])
		fail("%s of node %zu is used, and the node is not allocated", what, node);
}

static struct cell *touch_slot(size_t slot, enum touch how)
{
	struct cell *cell = fresh(&slot_cells[slot]);

	must_live(slot / MEMORY_NODE_SLOTS, "a slot");
	if (!touch(cell, how))
		fail("data race: slot %zu of node %zu", slot % MEMORY_NODE_SLOTS,
		     slot / MEMORY_NODE_SLOTS);
	return cell;
}

static struct cell *touch_frame(size_t byte, size_t bytes, enum touch how)
{
	struct cell *cell = NULL;

	must_live(byte / FRAME_BYTES, field_text(byte % FRAME_BYTES));
	for (size_t i = byte + bytes; i-- > byte;) {
		cell = fresh(&frame_cells[i]);
		if (!touch(cell, how))
			fail("data race: %s of node %zu", field_text(i % FRAME_BYTES),
			     i / FRAME_BYTES);
	}
	return cell;
}

static void acquire(const struct cell *cell)
{
	clock_join(&sees[current], &cell->released);
}

/* A store begins anew what an acquire sees; an update adds to it (C17, release sequences). */
static void release(struct cell *cell, bool update)
{
	if (!update)
		memset(&cell->released, 0, sizeof(cell->released));
	memory_show(&cell->released);
}

/* ---- Atomic accesses ---- */

/* What is neither a node nor metadata, and nobody shares while the threads run. */
static struct {
	uintptr_t begin;
	size_t bytes;
} besides;

void memory_besides(const void *begin, size_t bytes)
{
	besides.begin = (uintptr_t)begin;
	besides.bytes = bytes;
}

static bool is_explored(const uint64_t *place)
{
	return current >= 0 && (uintptr_t)place - besides.begin >= besides.bytes;
}

static size_t slot_of(const uint64_t *place)
{
	size_t slot;

	if (!in_slots(place, &slot))
		fail("an entry is used that is in no node: a link points anywhere");
	return slot;
}

static size_t byte_of(const void *place)
{
	size_t byte;

	if (!in_frames(place, &byte))
		fail("metadata is used that belongs to no node: a link points anywhere");
	return byte;
}

static unsigned refs_object(size_t byte)
{
	return MEMORY_SLOTS + 3 * (unsigned)(byte / FRAME_BYTES);
}

static unsigned lock_object(size_t byte)
{
	return refs_object(byte) + 1;
}

static unsigned mark_object(size_t byte)
{
	return refs_object(byte) + 2;
}

void memory_mark(uint8_t *mark, uint8_t to)
{
	if (current < 0) {
		*mark = to;
		return;
	}
	kept_back[current].marks[kept_back[current].count].place = mark;
	kept_back[current].marks[kept_back[current].count++].to = to;
}

void memory_marks_out(void)
{
	for (unsigned i = 0; current >= 0 && i < kept_back[current].count; i++) {
		uint8_t *mark = kept_back[current].marks[i].place;
		size_t byte = byte_of(mark);

		task_point(OP_STORE, mark_object(byte));
		touch_frame(byte, 1, ATOMIC_WRITE);
		*mark = kept_back[current].marks[i].to;
		marked_by[byte / FRAME_BYTES] = (unsigned)current + 1;
	}
	if (current >= 0)
		kept_back[current].count = 0;
}

uint8_t memory_marked(const uint8_t *mark)
{
	if (current >= 0) {
		size_t byte = byte_of(mark);

		task_point(OP_LOAD, mark_object(byte));
		touch_frame(byte, 1, ATOMIC_READ);
	}
	return *mark;
}

uint8_t memory_peek(const uint8_t *mark)
{
	return *mark;
}

void memory_fill(uint64_t *slot, uint64_t entry)
{
	if (current >= 0)
		touch_slot(slot_of(slot), PLAIN_WRITE);
	*slot = entry;
}

uint64_t memory_load(const uint64_t *slot, bool acquires)
{
	if (outside_find(slot) != MEMORY_OBJECTS) {
		outside_load(outside_find(slot));
	} else if (is_explored(slot)) {
		size_t number = slot_of(slot);
		struct cell *cell;

		task_point(OP_LOAD, (unsigned)number);
		cell = touch_slot(number, acquires ? ATOMIC_READ : LOCKED_READ);
		if (acquires)
			acquire(cell);
	}
	return *slot;
}

void memory_store(uint64_t *slot, uint64_t entry, bool releases)
{
	if (outside_find(slot) != MEMORY_OBJECTS) {
		outside_store(outside_find(slot));
	} else if (is_explored(slot)) {
		size_t number = slot_of(slot);
		struct cell *cell;

		memory_marks_out();
		task_point(OP_STORE, (unsigned)number);
		if (left_alone[number / MEMORY_NODE_SLOTS])
			fail("node %zu is changed, and is stray", number / MEMORY_NODE_SLOTS);
		cell = touch_slot(number, LOCKED_WRITE);
		if (releases)
			release(cell, false);
		else
			memset(&cell->released, 0, sizeof(cell->released));
	}
	*slot = entry;
}

/* The scheduling point of an update, in both ways ordered. */
static void update(const uint64_t *slot)
{
	size_t number;
	struct cell *cell;

	if (current < 0)
		return;
	number = slot_of(slot);
	memory_marks_out();
	task_point(OP_UPDATE, (unsigned)number);
	cell = touch_slot(number, ATOMIC_WRITE);
	acquire(cell);
	release(cell, true);
}

uint64_t memory_exchange(uint64_t *slot, uint64_t entry)
{
	uint64_t before;

	update(slot);
	before = *slot;
	*slot = entry;
	return before;
}

bool memory_replace(uint64_t *slot, uint64_t *from, uint64_t to)
{
	update(slot);
	if (*slot != *from) {
		*from = *slot;
		return false;
	}
	*slot = to;
	return true;
}

void memory_lock(uint32_t *lock)
{
	if (outside_find(lock) != MEMORY_OBJECTS) {
		outside_lock(outside_find(lock));
	} else if (current >= 0) {
		size_t byte = byte_of(lock);
		struct cell *cell;

		memory_marks_out();
		task_point(OP_LOCK, lock_object(byte));
		cell = touch_frame(byte, sizeof(*lock), ATOMIC_WRITE);
		acquire(cell);
	}
	if (*lock != 0)
		fail("a lock is taken twice by one thread");
	*lock = 1;
}

static void leave_alone(unsigned task)
{
	for (unsigned i = 0; i < MEMORY_NODES; i++) {
		if (left_alone[i] || marked_by[i] != task + 1)
			continue;
		/* Who changes it earlier is told from who does later. */
		for (unsigned k = 0; k < MEMORY_NODE_SLOTS; k++)
			task_point(OP_STORE, i * MEMORY_NODE_SLOTS + k);
		left_alone[i] = true;
	}
}

void memory_unlock(uint32_t *lock)
{
	if (outside_find(lock) != MEMORY_OBJECTS) {
		outside_unlock(outside_find(lock));
	} else if (current >= 0) {
		size_t byte = byte_of(lock);
		struct cell *cell;

		memory_marks_out();
		task_point(OP_UNLOCK, lock_object(byte));
		cell = touch_frame(byte, sizeof(*lock), ATOMIC_WRITE);
		release(cell, false);
	}
	if (*lock != 1)
		fail("a lock is given back that nobody holds");
	*lock = 0;
	if (current >= 0 && outside_find(lock) == MEMORY_OBJECTS &&
	    marked_by[byte_of(lock) / FRAME_BYTES] != 0)
		leave_alone((unsigned)current);
}

void memory_await(const uint32_t *lock)
{
	if (current >= 0) {
		size_t byte = byte_of(lock);

		task_point(OP_AWAIT, lock_object(byte));
		acquire(touch_frame(byte, sizeof(*lock), ATOMIC_READ));
		left_alone[byte / FRAME_BYTES] = true;
	}
}

bool memory_lock_free(unsigned object)
{
	unsigned node = (object - MEMORY_SLOTS) / 3;

	if (object >= MEMORY_OUTSIDE)
		return outside_lock_free(object);
	/* Nobody waits for a node that is gone: to go on is an error, and is told. */
	return !now.live[node] || now.frames[node].lock == 0;
}

static struct cell *touch_refs(const uint32_t *refs, enum op_kind kind, enum touch how)
{
	size_t byte = byte_of(refs);

	if (kind != OP_LOAD)
		memory_marks_out();
	task_point(kind, refs_object(byte));
	return touch_frame(byte, sizeof(*refs), how);
}

void memory_refs_take(uint32_t *refs)
{
	if (current >= 0)
		touch_refs(refs, OP_UPDATE, ATOMIC_WRITE);
	++*refs;
}

uint32_t memory_refs_load(uint32_t *refs)
{
	if (current >= 0)
		acquire(touch_refs(refs, OP_LOAD, ATOMIC_READ));
	return *refs;
}

uint32_t memory_refs_put(uint32_t *refs)
{
	if (current >= 0) {
		struct cell *cell = touch_refs(refs, OP_UPDATE, ATOMIC_WRITE);

		acquire(cell);
		release(cell, true);
	}
	if (*refs == 0)
		fail("a reference is given back that nobody has");
	return (*refs)--;
}

/* ---- Plain accesses ---- */

void memory_plain(const void *place, size_t bytes, bool write)
{
	enum touch how = write ? PLAIN_WRITE : PLAIN_READ;
	size_t number;

	if (current < 0)
		return;
	if (in_frames(place, &number)) {
		touch_frame(number, bytes, how);
	} else if (in_slots(place, &number)) {
		for (size_t i = 0; i < bytes; i += sizeof(uint64_t))
			touch_slot(number++, how);
	}
}

void memory_content(unsigned page, bool write)
{
	if (page < MEMORY_CONTENTS &&
	    !touch(fresh(&content_cells[page]), write ? PLAIN_WRITE : PLAIN_READ))
		fail("data race: the contents of output page %u", page);
}

/* ---- Nodes ---- */

static size_t take_number(void)
{
	if (current < 0)
		return ++now.begin_handed_out < MEMORY_BEGIN_NODES ? now.begin_handed_out : 0;
	if (now.handed_out[current] == MEMORY_TASK_NODES)
		return 0;
	return MEMORY_BEGIN_NODES + (unsigned)current * MEMORY_TASK_NODES +
		now.handed_out[current]++;
}

/* All of a node and its metadata, as a plain write: whoever comes next must have seen it. */
static void overwrite(size_t node)
{
	for (size_t i = 0; i < MEMORY_NODE_SLOTS; i++) {
		if (current >= 0)
			touch_slot(node * MEMORY_NODE_SLOTS + i, PLAIN_WRITE);
		now.slots[node * MEMORY_NODE_SLOTS + i] = GARBAGE;
	}
	if (current >= 0)
		touch_frame(node * FRAME_BYTES, FRAME_BYTES, PLAIN_WRITE);
	memset(&now.frames[node], 0xff, FRAME_BYTES);
}

static enum mz_error node_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	size_t node = take_number();

	(void)context;
	if (size_lg2 != MEMORY_PAGE_LG2 || node == 0) {
		fail("no node of 2^%u bytes is left", size_lg2);
		return MZ_NO_MEMORY;
	}
	now.live[node] = true;
	overwrite(node);
	*pa = mz_oa_from((uint64_t)node << MEMORY_PAGE_LG2);
	return MZ_OK;
}

static void node_free(void *context, mz_oa pa, unsigned size_lg2)
{
	size_t node = (size_t)(pa.addr >> MEMORY_PAGE_LG2);

	(void)context;
	if (size_lg2 != MEMORY_PAGE_LG2 || node >= MEMORY_NODES || !now.live[node])
		fail("node %zu is freed, and is not allocated", node);
	overwrite(node);
	now.live[node] = false;
}

struct mz_memory memory_hooks(void)
{
	return (struct mz_memory) {
		.alloc = node_alloc,
		.free = node_free,
		.linear = (uintptr_t)now.slots,
		.frames = now.frames,
		.frame_count = MEMORY_NODES,
	};
}

void memory_clear(bool mmu_writes)
{
	mmu_writes_entries = mmu_writes;
	memset(&now, 0, sizeof(now));
}

void memory_keep(void)
{
	kept = now;
}

void memory_restore(void)
{
	now = kept;
	memset(sees, 0, sizeof(sees));
	memset(kept_back, 0, sizeof(kept_back));
	memset(marked_by, 0, sizeof(marked_by));
	memset(left_alone, 0, sizeof(left_alone));
	for (unsigned i = 0; i < TASKS_MAX; i++)
		sees[i].at[i] = 1;
	run_number++;
}

unsigned memory_live_nodes(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MEMORY_NODES; i++)
		count += now.live[i];
	return count;
}

void memory_object_text(unsigned object, char *text, unsigned bytes)
{
	static const char *const what[] = {"refs", "lock", "mark"};

	if (object < MEMORY_SLOTS)
		snprintf(text, bytes, "slot %u of node %u", object % MEMORY_NODE_SLOTS,
			 object / MEMORY_NODE_SLOTS);
	else if (object < MEMORY_READERS)
		snprintf(text, bytes, "%s of node %u", what[(object - MEMORY_SLOTS) % 3],
			 (object - MEMORY_SLOTS) / 3);
	else if (object < MEMORY_OUTSIDE)
		snprintf(text, bytes, object == MEMORY_CACHES ? "caches" : "readers");
	else
		outside_text(object, text, bytes);
}
