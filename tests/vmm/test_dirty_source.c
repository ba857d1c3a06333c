// SPDX-License-Identifier: MPL-2.0
/* Where it is known from what is written, while the host is short of something. The test is KVM. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/linux/arena.h"
#include "arch/x86/ept.h"
#include "ept/change.h"
#include "ept/dirty.h"
#include "tests/must.h"
#include "tests/suite.h"
#include "vmm/machine/dirty_source.h"

#define KVM_FD     (-2) /* stands for the machine: what is asked of it, the test answers */
#define PAGES      1024u
#define RING_BYTES 65536

static struct mz_failure failure;
static struct mz_arena arena;
static struct mz_space space;
static struct mz_region regions[2];
static struct mz_dirty consumer;
static struct mz_pager pager = {.space = &space};
static struct mz_kvm kvm;
static struct mz_vcpu vcpus[2];
static struct mz_dirty_source source;
static struct kvm_dirty_gfn *rings[2];

static bool refused;                /* that KVM keeps account */
static uint64_t log_of[PAGES / 64]; /* what it has to tell of */

static int answer(unsigned long request, void *argument)
{
	struct kvm_dirty_log *log = argument;

	switch (request) {
	case KVM_CHECK_EXTENSION:
		return RING_BYTES;
	case KVM_SET_USER_MEMORY_REGION:
		errno = ENOMEM;
		return refused ? -1 : 0;
	case KVM_GET_DIRTY_LOG:
		memcpy(log->dirty_bitmap, log_of, sizeof(log_of));
		memset(log_of, 0, sizeof(log_of));
		return 0;
	default:
		return 0;
	}
}

/* This one stands before the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return fd == KVM_FD ? answer(request, argument)
			    : (int)syscall(SYS_ioctl, fd, request, argument);
}

static void open_space(void)
{
	struct mz_config config = {.format = &mz_ept};
	const struct mz_region ram = {.bytes = PAGES * MZ_RAM_PAGE, .kind = MZ_REGION_RAM};

	must(!mz_arena_init(&arena, (uint64_t)1 << 20, mz_ept.page_lg2));
	config.memory = arena.memory;
	must(!mz_space_init(&space, &config, NULL, regions, 2));
	must(!mz_space_add(&space, &ram));
	mz_space_log_writes(&space);
	must(!mz_dirty_start(&consumer, &space, 0));
}

/* What a vCPU shares with the kernel, as far as it matters here. */
static void open_vcpu(unsigned index)
{
	const off_t at = (off_t)KVM_DIRTY_LOG_PAGE_OFFSET * MZ_RAM_PAGE;
	int fd = memfd_create("vcpu", MFD_CLOEXEC);

	must(fd >= 0 && !ftruncate(fd, at + RING_BYTES));
	vcpus[index] = (struct mz_vcpu) {.index = index, .fd = fd};
	rings[index] = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	must(rings[index] != MAP_FAILED);
}

static void set_up(void)
{
	open_space();
	kvm = (struct mz_kvm) {.vm = KVM_FD, .slot_count = 1};
	kvm.slots[0].bytes = PAGES * MZ_RAM_PAGE;
	open_vcpu(0);
	open_vcpu(1);
	refused = false;
}

static void tear_down(void)
{
	for (unsigned i = 0; i < 2; i++) {
		munmap(rings[i], RING_BYTES);
		close(vcpus[i].fd);
	}
	mz_dirty_source_destroy(&source);
	mz_dirty_stop(&consumer);
	mz_space_destroy(&space);
	mz_arena_destroy(&arena);
}

static void open_source(enum mz_dirty_kind kind)
{
	must(!mz_dirty_source_init(&source, kind, &kvm, &pager, &failure));
}

static int begin(void)
{
	const struct mz_vcpu *const all[] = {&vcpus[0], &vcpus[1]};

	return mz_dirty_source_begin(&source, all, 2, &failure);
}

/* The guest writes to a page, on a vCPU. */
static void write_page(unsigned vcpu, unsigned page)
{
	struct kvm_dirty_gfn *entry = rings[vcpu];

	while (entry->flags)
		entry++;
	*entry = (struct kvm_dirty_gfn) {.offset = page, .flags = KVM_DIRTY_GFN_F_DIRTY};
	log_of[page / 64] |= UINT64_C(1) << page % 64;
}

static bool is_told(unsigned page)
{
	uint64_t words[PAGES / 64];

	must(!mz_dirty_collect(&consumer, mz_ia_from(0), PAGES * MZ_RAM_PAGE));
	mz_dirty_bitmap(&consumer, mz_ia_from(0), PAGES * MZ_RAM_PAGE, words);
	return words[page / 64] >> page % 64 & 1;
}

START_TEST(what_could_not_begin_may_begin_later)
{
	open_source((enum mz_dirty_kind)_i);
	refused = true;
	must(begin() && failure.status == MZ_STATUS_HOST_FAILED);
	must(begin() && failure.status == MZ_STATUS_HOST_FAILED);
	refused = false;
	must(!begin());
	write_page(0, 3);
	write_page(1, 700);
	must(!mz_dirty_source_tell(&source, &failure));
	must(is_told(3) && is_told(700) && !is_told(4));
}
END_TEST

static enum mz_error no_memory(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	(void)size_lg2;
	(void)pa;
	return MZ_NO_MEMORY;
}

START_TEST(what_there_is_no_memory_to_tell_is_told_later)
{
	open_source((enum mz_dirty_kind)_i);
	must(!begin());
	write_page(0, 3);
	write_page(1, 700);
	consumer.written.memory.alloc = no_memory;
	must(mz_dirty_source_tell(&source, &failure));
	must(failure.status == MZ_STATUS_HOST_FAILED);
	consumer.written.memory.alloc = arena.memory.alloc;
	write_page(1, 701);
	must(!mz_dirty_source_tell(&source, &failure));
	must(is_told(3) && is_told(700) && is_told(701) && !is_told(4));
}
END_TEST

START_TEST(a_ring_that_has_run_over_is_not_trusted)
{
	const unsigned entries = RING_BYTES / sizeof(struct kvm_dirty_gfn);

	open_source(MZ_DIRTY_RING);
	must(!begin());
	for (unsigned i = 1; i < entries; i++)
		write_page(0, i % PAGES);
	must(!mz_dirty_source_tell(&source, &failure));
	memset(rings[0], 0, RING_BYTES);
	for (unsigned i = 0; i < entries; i++)
		write_page(0, i % PAGES);
	for (unsigned i = 0; i < 2; i++) {
		failure.status = MZ_STATUS_OK;
		must(mz_dirty_source_tell(&source, &failure));
		must(failure.status == MZ_STATUS_HOST_FAILED);
		must(strstr(failure.text, "run over"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dirty source");
	TCase *tcase = tcase_create("what is written");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, what_could_not_begin_may_begin_later, MZ_DIRTY_RING,
			    MZ_DIRTY_LOG + 1);
	tcase_add_loop_test(tcase, what_there_is_no_memory_to_tell_is_told_later, MZ_DIRTY_RING,
			    MZ_DIRTY_LOG + 1);
	tcase_add_test(tcase, a_ring_that_has_run_over_is_not_trusted);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
