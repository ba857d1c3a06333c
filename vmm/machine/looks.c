// SPDX-License-Identifier: MPL-2.0
/* Looking at a machine's memory from time to time. */
#include "vmm/machine/looks.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/geometry.h"
#include "core/walk.h"
#include "vmm/base/thread.h"
#include "vmm/machine/machine.h"

/* The first looks come so soon after one another; what one takes is a small part of that. */
#define LEAST_WAIT_NS  8000000u
#define WAIT_PER_TAKEN 10u

/* So long it takes at least until pages of all rows have been picked once. */
#define ROUND_NS 64000000u

/* ---- Making ---- */

static void add_area(struct mz_record_area *areas, unsigned *count, const char *name,
		     const char *kind, uint64_t gpa, uint64_t bytes)
{
	if (*count < MZ_RECORD_AREAS)
		areas[(*count)++] = (struct mz_record_area) {
			.name = name, .kind = kind, .gpa = gpa, .bytes = bytes};
}

static unsigned find_areas(const struct mz_vm *vm, struct mz_record_area *areas)
{
	const struct mz_ram *ram = &vm->ram;
	unsigned count = 0;

	for (unsigned i = 0; i < ram->bank_count; i++)
		add_area(areas, &count, "RAM", "ram", ram->banks[i].gpa, ram->banks[i].bytes);
	for (unsigned i = 0; i < ram->share_count; i++)
		add_area(areas, &count, ram->shares[i].name, "shared", ram->shares[i].bank.gpa,
			 ram->shares[i].bank.bytes);
	add_area(areas, &count, "ROM", "rom", ram->rom.gpa, ram->rom.bytes);
	for (unsigned i = 0; i < vm->memory.count; i++)
		add_area(areas, &count, vm->memory.devices[i].name, "device",
			 vm->memory.devices[i].base, vm->memory.devices[i].bytes);
	return count;
}

int mz_looks_init(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_record_area areas[MZ_RECORD_AREAS];
	struct mz_looks *looks = &vm->looks;

	if (!vm->config.record)
		return 0;
	if (mz_recorder_make(&looks->recorder, areas, find_areas(vm, areas), vm->tracer.start_ns,
			     failure))
		return -1;
	pthread_mutex_init(&looks->mutex, NULL);
	looks->watched = calloc(looks->recorder->row_count, sizeof(looks->watched[0]));
	looks->quit = eventfd(0, EFD_CLOEXEC);
	looks->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (!looks->watched || looks->quit < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory to record the run");
	for (unsigned i = 0; i < MZ_RECORD_AREAS; i++)
		looks->offsets[i] = i < vm->ram.bank_count ? vm->ram.banks[i].offset : MZ_UNWATCHED;
	for (unsigned i = 0; i < looks->recorder->row_count; i++)
		looks->watched[i] = MZ_UNWATCHED;
	looks->random = mz_now_ns() | 1;
	vm->pager.recorder = looks->recorder;
	return 0;
}

/* ---- What the table maps ---- */

/* The entry that decides about the address, a leaf or a hole: where it ends, and a leaf's level. */
static uint64_t entry_end(const struct mz_table *table, uint64_t gpa, unsigned *level)
{
	struct mz_walk walk;
	unsigned deepest = 1;

	*level = mz_table_walk(table, mz_ia_from(gpa), &walk) == MZ_OK ? walk.item.level : 0;
	if (walk.step_count)
		deepest = walk.steps[walk.step_count - 1].level;
	return mz_span_last(table->config.format, gpa, deepest) + 1;
}

static void look_at_row(struct mz_vm *vm, unsigned row, uint64_t gpa, uint64_t end)
{
	uint64_t mapped[MZ_LEVELS_MAX + 1] = {0};

	while (gpa < end) {
		unsigned level;
		uint64_t next = entry_end(&vm->space.table, gpa, &level);

		next = next < end ? next : end;
		mapped[level] += next - gpa;
		gpa = next;
	}
	mz_recorder_mapped(vm->looks.recorder, row, mapped);
}

static uint64_t row_end(const struct mz_record_area *area, unsigned row)
{
	uint64_t end = (row + 1) * area->row_bytes;

	return area->gpa + (end < area->bytes ? end : area->bytes);
}

static void look_at_table(struct mz_vm *vm)
{
	const struct mz_recorder *recorder = vm->looks.recorder;

	for (unsigned i = 0; i < recorder->area_count; i++) {
		const struct mz_record_area *area = &recorder->areas[i];

		if (strcmp(area->kind, "device") == 0)
			continue;
		for (unsigned row = 0; row < area->rows; row++)
			look_at_row(vm, area->row + row, area->gpa + row * area->row_bytes,
				    row_end(area, row));
	}
}

/* ---- What is written ---- */

static bool tell_written(void *context, mz_ia ia, uint64_t bytes)
{
	mz_recorder_written(context, ia.addr, bytes);
	return true;
}

static void look_at_writes(struct mz_vm *vm)
{
	const struct mz_bank *last = &vm->ram.banks[vm->ram.bank_count - 1];
	struct mz_looks *looks = &vm->looks;
	struct mz_failure failure;

	if (mz_vm_collect_writes(vm, &looks->dirty, &failure))
		mz_vm_fail(vm, &failure);
	mz_dirty_each(&looks->dirty, mz_ia_from(0), last->gpa + last->bytes, tell_written,
		      looks->recorder);
	mz_dirty_commit(&looks->dirty);
}

/* ---- What is used ---- */

/* Is the page mapped? Source: admin-guide/mm/pagemap of the Linux documentation, bit 63. */
static bool is_mapped(const struct mz_vm *vm, uint64_t offset)
{
	uint64_t entry = 0;
	uintptr_t page = (uintptr_t)(vm->ram.guest + offset) / MZ_RAM_PAGE;

	return pread(vm->looks.pagemap, &entry, sizeof(entry), (off_t)(page * sizeof(entry))) ==
		sizeof(entry) &&
		entry >> 63;
}

static uint64_t random_below(struct mz_looks *looks, uint64_t count)
{
	looks->random ^= looks->random << 13;
	looks->random ^= looks->random >> 7;
	looks->random ^= looks->random << 17;
	return looks->random % count;
}

static void watch_another(struct mz_vm *vm, const struct mz_record_area *area, uint64_t offset,
			  unsigned row)
{
	uint64_t first = row * area->row_bytes;
	uint64_t pages = (row_end(area, row) - area->gpa - first) / MZ_RAM_PAGE;
	uint64_t at = offset + first + random_below(&vm->looks, pages) * MZ_RAM_PAGE;

	mz_ram_forget(&vm->ram, at, MZ_RAM_PAGE);
	vm->looks.watched[area->row + row] = at;
}

/* Of the rows, one in `stride` gets a page that is watched until the next look. */
static void look_at_uses(struct mz_vm *vm, unsigned stride)
{
	struct mz_looks *looks = &vm->looks;

	for (unsigned i = 0; i < looks->recorder->area_count; i++) {
		const struct mz_record_area *area = &looks->recorder->areas[i];

		for (unsigned row = 0; row < area->rows && looks->offsets[i] != MZ_UNWATCHED;
		     row++) {
			uint64_t *watched = &looks->watched[area->row + row];

			if (*watched != MZ_UNWATCHED)
				mz_recorder_sampled(looks->recorder, area->row + row,
						    is_mapped(vm, *watched));
			*watched = MZ_UNWATCHED;
			if (row % stride == looks->count % stride)
				watch_another(vm, area, looks->offsets[i], row);
		}
	}
}

/* ---- Looking ---- */

static void look(struct mz_vm *vm, uint64_t wait_ns)
{
	pthread_mutex_lock(&vm->looks.mutex);
	look_at_writes(vm);
	if (!vm->looks.recorder->blind)
		look_at_uses(vm, wait_ns < ROUND_NS ? (unsigned)(ROUND_NS / wait_ns) : 1);
	look_at_table(vm);
	vm->looks.count++;
	mz_recorder_looked(vm->looks.recorder);
	pthread_mutex_unlock(&vm->looks.mutex);
}

/* Of a processor, by this thread. */
static uint64_t taken_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t next_wait(const struct mz_recorder *recorder, uint64_t taken)
{
	uint64_t wait = WAIT_PER_TAKEN * taken;

	wait = wait > recorder->column_ns ? wait : recorder->column_ns;
	return wait > LEAST_WAIT_NS ? wait : LEAST_WAIT_NS;
}

static void *looks_main(void *context)
{
	struct mz_vm *vm = context;
	struct pollfd quit = {.fd = vm->looks.quit, .events = POLLIN};
	uint64_t wait = LEAST_WAIT_NS;

	for (;;) {
		const struct timespec time = {.tv_sec = (time_t)(wait / 1000000000u),
					      .tv_nsec = (long)(wait % 1000000000u)};
		uint64_t begun;

		if (ppoll(&quit, 1, &time, NULL) > 0)
			return NULL;
		begun = taken_ns();
		look(vm, wait);
		wait = next_wait(vm->looks.recorder, taken_ns() - begun);
	}
}

#define BLIND_SHARED "memory is shared with clones, and pages that it has for itself would be lost"

/* Whatever would be changed by dropping pages is more important than to know what is used. */
static const char *why_blind(const struct mz_vm *vm)
{
	if (vm->ram.huge != MZ_HUGE_NONE)
		return "it would break up huge pages";
	if (vm->ram.cow)
		return BLIND_SHARED;
	if (vm->origin.record_path)
		return "it would disturb the order of first touches that is recorded";
	if (vm->looks.pagemap < 0)
		return "/proc/self/pagemap can't be read";
	return NULL;
}

int mz_looks_begin(struct mz_vm *vm, struct mz_failure *failure)
{
	int error;

	if (!vm->looks.recorder)
		return 0;
	vm->looks.recorder->blind = why_blind(vm);
	if (mz_vm_watch_writes(vm, &vm->looks.dirty, failure))
		return -1;
	vm->looks.tracking = true;
	look(vm, LEAST_WAIT_NS);
	error = mz_thread_start(&vm->looks.thread, looks_main, vm);
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot record the run: %s",
			       strerror(error));
	vm->looks.running = true;
	return 0;
}

void mz_looks_hold(struct mz_vm *vm)
{
	if (vm->looks.recorder)
		pthread_mutex_lock(&vm->looks.mutex);
}

void mz_looks_let_go(struct mz_vm *vm)
{
	if (vm->looks.recorder)
		pthread_mutex_unlock(&vm->looks.mutex);
}

void mz_looks_spare_pages(struct mz_vm *vm)
{
	if (vm->looks.recorder)
		vm->looks.recorder->blind = BLIND_SHARED;
}

void mz_looks_end(struct mz_vm *vm)
{
	if (!vm->looks.running)
		return;
	eventfd_write(vm->looks.quit, 1);
	pthread_join(vm->looks.thread, NULL);
	vm->looks.running = false;
	look(vm, LEAST_WAIT_NS);
}

void mz_looks_destroy(struct mz_vm *vm)
{
	struct mz_looks *looks = &vm->looks;

	if (!looks->recorder)
		return;
	if (looks->tracking)
		mz_dirty_stop(&looks->dirty);
	if (looks->quit >= 0)
		close(looks->quit);
	if (looks->pagemap >= 0)
		close(looks->pagemap);
	pthread_mutex_destroy(&looks->mutex);
	free(looks->watched);
	mz_recorder_free(looks->recorder);
	looks->recorder = NULL;
}

const struct mz_recorder *mz_vm_recorder(const struct mz_vm *vm)
{
	return vm->looks.recorder;
}
