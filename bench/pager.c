// SPDX-License-Identifier: MPL-2.0
/*
 * First touches of guest memory, with this thread in the guest's place; there is no guest.
 * `make bench-pager` runs it. Each touch waits for the one before.
 *
 *   fault-4k  the pager with leaves of 4 KiB, against a loop that answers with UFFDIO_COPY
 *   touch-2m  every page, of leaves of 2 MiB, against a memory file that the kernel itself fills in
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/linux/arena.h"
#include "arch/x86/ept.h"
#include "ept/change.h"
#include "tests/must.h"
#include "vmm/memory/pager.h"
#include "vmm/memory/uffd.h"

#define BYTES       ((uint64_t)64 << 20)
#define PAGES       (BYTES / MZ_RAM_PAGE)
#define ARENA_BYTES ((uint64_t)1 << 20)
#define RUNS        15u

static double touch_all(volatile unsigned char *at)
{
	uint64_t start = mz_now_ns();

	for (uint64_t offset = 0; offset < BYTES; offset += MZ_RAM_PAGE)
		at[offset] = 1;
	return (double)(mz_now_ns() - start);
}

/* ---- The pager ---- */

static void failed(void *context, const struct mz_failure *why)
{
	(void)context;
	must_say(false, "%s", why->text);
}

static void make_space(struct mz_space *space, struct mz_arena *arena, const struct mz_ram *ram,
		       uint8_t level)
{
	static struct mz_region place;
	const struct mz_region region = {
		.ia = mz_ia_from(ram->banks[0].gpa),
		.bytes = BYTES,
		.oa = mz_oa_from(ram->banks[0].offset),
		.kind = MZ_REGION_RAM,
		.leaf_level_max = level,
	};
	struct mz_config config = {.format = &mz_ept};

	must(!mz_arena_init(arena, ARENA_BYTES, mz_ept.page_lg2));
	config.memory = arena->memory;
	must(!mz_space_init(space, &config, NULL, &place, 1));
	must(!mz_space_add(space, &region));
}

static double by_pager(uint8_t level)
{
	const struct mz_ram_config config = {.bytes = BYTES};
	struct mz_uffd_access access;
	struct mz_fault_counts counts = {0};
	struct mz_tracer tracer = {0};
	struct mz_failure failure;
	struct mz_arena arena;
	struct mz_space space;
	struct mz_ram ram;
	struct mz_pager pager = {
		.uffd = mz_uffd_open(&access, MZ_HUGE_NONE, false),
		.ram = &ram,
		.space = &space,
		.tracer = &tracer,
		.counts = &counts,
		.failed = failed,
	};
	double ns;

	must(pager.uffd >= 0 && !mz_ram_make(&ram, &config, &failure));
	make_space(&space, &arena, &ram, level);
	must(!mz_pager_start(&pager, &failure));
	ns = touch_all(ram.guest);
	mz_pager_stop(&pager);
	mz_space_destroy(&space);
	mz_arena_destroy(&arena);
	mz_ram_destroy(&ram);
	return ns;
}

/* ---- What it is held against ---- */

static unsigned char *map_file(void)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	void *at;

	must(fd >= 0 && !ftruncate(fd, (off_t)BYTES));
	at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(at != MAP_FAILED);
	close(fd);
	return at;
}

static double by_kernel(void)
{
	unsigned char *at = map_file();
	double ns = touch_all(at);

	munmap(at, BYTES);
	return ns;
}

static void *copy_main(void *context)
{
	static unsigned char zeros[MZ_RAM_PAGE] __attribute__((aligned(MZ_RAM_PAGE)));
	struct pollfd fd = {.fd = *(const int *)context, .events = POLLIN};

	for (uint64_t page = 0; page < PAGES; page++) {
		struct uffdio_copy copy = {.src = (uintptr_t)zeros, .len = MZ_RAM_PAGE};
		struct uffd_msg message;

		must(poll(&fd, 1, -1) == 1);
		must(read(fd.fd, &message, sizeof(message)) == sizeof(message));
		copy.dst = message.arg.pagefault.address & ~(uint64_t)(MZ_RAM_PAGE - 1);
		must(!ioctl(fd.fd, UFFDIO_COPY, &copy));
	}
	return NULL;
}

static double by_copies(void)
{
	unsigned char *at = map_file();
	struct uffdio_register range = {
		.range = {.start = (uintptr_t)at, .len = BYTES},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct mz_uffd_access access;
	int uffd = mz_uffd_open(&access, MZ_HUGE_NONE, false);
	pthread_t thread;
	double ns;

	must(uffd >= 0 && !ioctl(uffd, UFFDIO_REGISTER, &range));
	must(!pthread_create(&thread, NULL, copy_main, &uffd));
	ns = touch_all(at);
	pthread_join(thread, NULL);
	close(uffd);
	munmap(at, BYTES);
	return ns;
}

/* ---- Rows ---- */

struct row {
	const char *name;
	uint8_t level;
	double (*other)(void);
	double goal;
};

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(values[0]), ascending);
	return values[RUNS / 2];
}

static void measure(const struct row *row)
{
	double pager[RUNS], other[RUNS], ratio[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		pager[i] = by_pager(row->level) / PAGES;
		other[i] = row->other() / PAGES;
		ratio[i] = pager[i] / other[i];
	}
	printf("%-16s %10.0f %10.0f %8.3f %8.1f\n", row->name, median(pager), median(other),
	       median(ratio), row->goal);
}

int main(void)
{
	static const struct row rows[] = {
		{"fault-4k", 1, by_copies, 1.1},
		{"touch-2m", 2, by_kernel, 1.0},
	};
	struct mz_uffd_access access;
	char why[256];
	int uffd = mz_uffd_open(&access, MZ_HUGE_NONE, false);

	if (uffd < 0) {
		mz_uffd_explain(&access, why, sizeof(why));
		printf("bench: %s; nothing to measure\n", why);
		return 0;
	}
	close(uffd);
	printf("%-16s %10s %10s %8s %8s\n", "first touch", "pager ns", "other ns", "ratio", "goal");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(&rows[i]);
	return 0;
}
