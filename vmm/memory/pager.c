// SPDX-License-Identifier: MPL-2.0
/* The pager. */
#include "vmm/memory/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/base/thread.h"
#include "vmm/memory/contents.h"
#include "vmm/memory/lazy.h"
#include "vmm/memory/uffd.h"

#define BATCH 16

static bool gpa_in(const struct mz_bank *bank, uint64_t offset, uint64_t *gpa)
{
	if (offset < bank->offset || offset - bank->offset >= bank->bytes)
		return false;
	*gpa = bank->gpa + (offset - bank->offset);
	return true;
}

/* The kernel reports addresses of the guest's mapping, all of which is banks and the ROM. */
static uint64_t gpa_of(const struct mz_ram *ram, uint64_t offset)
{
	uint64_t gpa = 0;

	for (unsigned i = 0; i < ram->bank_count; i++)
		if (gpa_in(&ram->banks[i], offset, &gpa))
			return gpa;
	gpa_in(&ram->rom, offset, &gpa);
	return gpa;
}

/*
 * Makes [offset, offset + bytes) of the memory file have pages. fallocate() takes about half the
 * time of touching the pages through the alias, for it maps nothing; but only a touch of a mapping
 * that asks for them brings transparent huge pages. The ROM has its pages from the start.
 */
static int supply(const struct mz_ram *ram, uint64_t offset, uint64_t bytes)
{
	int result = 0;

	if (offset >= ram->file_bytes)
		return 0;
	if (ram->huge == MZ_HUGE_THP)
		result = madvise(ram->alias + offset, bytes, MADV_POPULATE_WRITE);
	else
		result = fallocate(ram->fd, 0, (off_t)offset, (off_t)bytes);
	return result ? errno : 0;
}

/*
 * Maps a leaf for the guest. The kernel's own way maps a transparent huge page by small entries,
 * and so would KVM; but where writes are to be told of, pages are what it takes.
 */
static int let_in(const struct mz_pager *pager, uint64_t offset, uint64_t bytes)
{
	unsigned char *at = pager->ram->guest + offset;

	if (pager->ram->cow && offset < pager->ram->file_bytes)
		mz_contents_note_own(pager->ram->own, offset, bytes);
	if (pager->protection && offset < pager->ram->file_bytes)
		return mz_protection_let_in(pager->protection, pager->uffd, offset, bytes);
	if (pager->ram->huge == MZ_HUGE_THP && bytes == MZ_HUGE_PAGE && mz_huge_collapse(at)) {
		mz_uffd_wake(pager->uffd, at, bytes);
		return 0;
	}
	return mz_uffd_continue(pager->uffd, at, bytes, mz_ram_grain(pager->ram), false);
}

/* EFAULT: a balloon has given a page back in between, so that there is none to be let in. */
static int fill(const struct mz_pager *pager, uint64_t offset, uint64_t bytes)
{
	int error;

	do {
		error = supply(pager->ram, offset, bytes);
		if (error)
			return error;
		error = let_in(pager, offset, bytes);
	} while (error == EFAULT);
	return error;
}

/*
 * Is what was touched a single page, of which there is nothing yet? In a private mapping the file
 * would not get it, and what it lacks is taken for zeros: see vmm/memory/contents.h. Nor would it
 * be protected.
 */
static bool is_new_page(const struct mz_pager *pager, const struct mz_event *event)
{
	return event->fault.bytes == MZ_RAM_PAGE && event->source == MZ_FAULT_MISSING &&
		!pager->ram->lazy && !pager->ram->cow && !pager->protection;
}

/* One call instead of two, unless somebody has written to the page since. */
static int fill_page(const struct mz_pager *pager, uint64_t offset)
{
	int error = mz_uffd_zero(pager->uffd, pager->ram->guest + offset, MZ_RAM_PAGE);

	return error == EEXIST ? fill(pager, offset, MZ_RAM_PAGE) : error;
}

/* The least that can come in around an offset. */
static int fill_again(const struct mz_pager *pager, uint64_t offset)
{
	uint64_t grain = offset < pager->ram->file_bytes ? mz_ram_grain(pager->ram) : MZ_RAM_PAGE;

	return fill(pager, offset / grain * grain, grain);
}

/* The parts of the guest's window that files back: what lies between is nothing. */
static int serve(const struct mz_pager *pager)
{
	const struct mz_ram *ram = pager->ram;

	if (mz_uffd_register(pager->uffd, ram->guest, ram->file_bytes, pager->protection))
		return -1;
	return mz_uffd_register(pager->uffd, ram->guest + ram->rom.offset, ram->rom.bytes, false);
}

static void release(const struct mz_pager *pager)
{
	struct mz_ram *ram = pager->ram;

	ram->paged = false;
	mz_uffd_release(pager->uffd, ram->guest, ram->file_bytes);
	mz_uffd_release(pager->uffd, ram->guest + ram->rom.offset, ram->rom.bytes);
}

static int give_up(struct mz_pager *pager, const char *what, uint64_t gpa, const char *why)
{
	struct mz_failure failure;

	mz_fail(&failure, MZ_STATUS_HOST_FAILED, "%s at guest-physical 0x%" PRIx64 ": %s", what,
		gpa, why);
	pager->failed(pager->context, &failure);
	release(pager);
	return -1;
}

/* Contents come first, for what is mapped can be read. */
static int bring(struct mz_pager *pager, const struct mz_event *event, uint64_t offset,
		 uint64_t bytes)
{
	struct mz_lazy *lazy = pager->ram->lazy;
	struct mz_failure failure;

	if (!lazy)
		return 0;
	if (mz_lazy_bring(lazy, offset, bytes, &failure))
		return give_up(pager, "cannot bring in memory", event->address, failure.text);
	if (lazy->source.touched)
		lazy->source.touched(lazy->source.context, offset / MZ_RAM_PAGE,
				     bytes / MZ_RAM_PAGE);
	return 0;
}

/* Touches of the page at `offset` may go on. Answers errno, 0, or -1 where it gave up. */
static int let_touch(struct mz_pager *pager, const struct mz_event *event, uint64_t offset)
{
	const struct mz_fault *fault = &event->fault;

	if (event->source == MZ_FAULT_PROTECTED)
		return mz_protection_lift(pager->protection, pager->uffd, offset);
	if (event->answer == MZ_RESOLVED) {
		if (bring(pager, event, fault->item.oa.addr, fault->bytes))
			return -1;
		return is_new_page(pager, event) ? fill_page(pager, offset)
						 : fill(pager, fault->item.oa.addr, fault->bytes);
	}
	/*
	 * The leaf is in the table, but the kernel has lost this page, which was reclaimed: or all,
	 * when the machine began to share its memory.
	 */
	if (pager->ram->cow && fault->bytes)
		return fill(pager, fault->item.oa.addr, fault->bytes);
	if (bring(pager, event, offset, MZ_RAM_PAGE))
		return -1;
	return fill_again(pager, offset);
}

/* The space has answered a touch of the page at `offset`. */
static int serve_touch(struct mz_pager *pager, const struct mz_event *event, uint64_t offset)
{
	int error;

	switch (event->answer) {
	case MZ_RESOLVED:
	case MZ_RETRY:
		error = let_touch(pager, event, offset);
		break;
	case MZ_DENIED:
		return give_up(pager, "memory that the guest may not touch", event->address,
			       mz_denial_text(event->fault.cause));
	default:
		return give_up(pager, "the table cannot map memory", event->address,
			       mz_answer_text(event->answer));
	}
	if (error > 0)
		return give_up(pager, "cannot fill in memory", event->address, strerror(error));
	return error;
}

/*
 * A balloon may have unmapped the leaf, or a part, before its pages came in: what the guest has is
 * in the table. What is unmapped behind this is dropped behind this, too.
 */
static int keep_mapped(struct mz_pager_thread *thread, const struct mz_event *event)
{
	const struct mz_fault *fault = &event->fault;
	enum mz_error error = fault->bytes
		? mz_space_populate(&thread->worker, fault->ia, fault->bytes)
		: mz_space_populate(&thread->worker, mz_ia_from(event->address), MZ_RAM_PAGE);

	return error == MZ_OK ? 0
			      : give_up(thread->pager, "the table cannot keep memory mapped",
					event->address, mz_error_text(error));
}

static enum mz_fault_source source_of(uint64_t flags)
{
	if (flags & UFFD_PAGEFAULT_FLAG_WP)
		return MZ_FAULT_PROTECTED;
	return flags & UFFD_PAGEFAULT_FLAG_MINOR ? MZ_FAULT_MINOR : MZ_FAULT_MISSING;
}

static int answer_touch(struct mz_pager_thread *thread, uint64_t address, uint64_t flags)
{
	struct mz_pager *pager = thread->pager;
	uint64_t offset = (address & ~(uint64_t)(MZ_RAM_PAGE - 1)) - (uintptr_t)pager->ram->guest;
	struct mz_event event = {
		.kind = MZ_TRACE_FAULTS,
		.address = gpa_of(pager->ram, offset),
		.write = flags & UFFD_PAGEFAULT_FLAG_WRITE,
		.source = source_of(flags),
	};
	uint64_t begun = mz_record_begin(pager->recorder);
	struct mz_fault_record record;
	int result;

	record = mz_fault_record_of(mz_ia_from(event.address), event.write ? MZ_WRITE : MZ_READ);
	event.answer = mz_space_fault(&thread->worker, &record, &event.fault);
	mz_count_fault(&pager->counts[thread - pager->threads], &event);
	mz_trace(pager->tracer, &event);
	result = serve_touch(pager, &event, offset);
	if (!result)
		result = keep_mapped(thread, &event);
	mz_record_fault(pager->recorder, &event, begun);
	return result;
}

/* Answers what has been reported; -1 once a touch can't be answered. */
static int answer_batch(struct mz_pager_thread *thread)
{
	struct uffd_msg messages[BATCH];
	ssize_t got = read(thread->pager->uffd, messages, sizeof(messages));

	for (ssize_t i = 0; i < got / (ssize_t)sizeof(messages[0]); i++)
		if (messages[i].event == UFFD_EVENT_PAGEFAULT &&
		    answer_touch(thread, messages[i].arg.pagefault.address,
				 messages[i].arg.pagefault.flags))
			return -1;
	return 0;
}

static void *pager_main(void *context)
{
	struct mz_pager_thread *thread = context;
	struct pollfd fds[] = {
		{.fd = thread->pager->uffd, .events = POLLIN},
		{.fd = thread->pager->quit, .events = POLLIN},
	};

	do
		poll(fds, 2, -1);
	while (!(fds[1].revents & POLLIN) && !answer_batch(thread));
	return NULL;
}

static int start_thread(struct mz_pager *pager)
{
	struct mz_pager_thread *thread = &pager->threads[pager->running];
	int error;

	thread->pager = pager;
	mz_worker_begin(&thread->worker, pager->space);
	error = mz_thread_start(&thread->thread, pager_main, thread);
	if (error)
		mz_worker_end(&thread->worker);
	else
		pager->running++;
	return error;
}

static int start(struct mz_pager *pager)
{
	unsigned wanted = pager->thread_count ? pager->thread_count : 1;
	int error = 0;

	pager->quit = eventfd(0, EFD_CLOEXEC);
	if (pager->quit < 0 || serve(pager))
		return errno;
	pager->ram->paged = true;
	while (pager->running < wanted && !error)
		error = start_thread(pager);
	return error;
}

int mz_pager_start(struct mz_pager *pager, struct mz_failure *failure)
{
	int error = start(pager);

	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot start the pager: %s",
			       strerror(error));
	return 0;
}

void mz_pager_stop(struct mz_pager *pager)
{
	if (pager->running)
		eventfd_write(pager->quit, 1);
	while (pager->running) {
		struct mz_pager_thread *thread = &pager->threads[--pager->running];

		pthread_join(thread->thread, NULL);
		mz_worker_end(&thread->worker);
	}
	if (pager->quit >= 0)
		close(pager->quit);
	if (pager->uffd >= 0)
		close(pager->uffd);
	pager->quit = pager->uffd = -1;
	pager->ram->paged = false;
}
