// SPDX-License-Identifier: MPL-2.0
/* Huge pages. */
#include "vmm/memory/huge.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRANSPARENT "/sys/kernel/mm/transparent_hugepage/"
#define MODE_FILE   TRANSPARENT "shmem_enabled"
#define SIZE_FILE   TRANSPARENT "hugepages-2048kB/shmem_enabled" /* Linux 6.10 and later */
#define POOL        "/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* Headers older than Linux 6.1 do not name it. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

const char *mz_huge_text(enum mz_huge huge)
{
	static const char *const texts[] = {
		[MZ_HUGE_NONE] = "none",
		[MZ_HUGE_THP] = "thp",
		[MZ_HUGE_POOL] = "hugetlb",
	};

	return texts[huge];
}

int mz_huge_file(enum mz_huge huge)
{
	unsigned flags = huge == MZ_HUGE_POOL ? MFD_HUGETLB | MFD_HUGE_2MB : 0;

	return memfd_create("mezz-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
}

/* The word in brackets, of a file as "always [never]"; "" if there is none. */
static void selected(const char *path, char word[16])
{
	FILE *file = fopen(path, "r");

	word[0] = 0;
	if (!file)
		return;
	if (fscanf(file, "%*[^[][%15[^]]", word) != 1 &&
	    (rewind(file), fscanf(file, "[%15[^]]", word) != 1))
		word[0] = 0;
	fclose(file);
}

static bool gives_when_asked(const char *mode)
{
	return strcmp(mode, "always") == 0 || strcmp(mode, "within_size") == 0 ||
		strcmp(mode, "advise") == 0;
}

/* The switch of all sizes rules in its extremes, and where that of 2 MiB leaves it to it. */
static bool memory_files_have_them(void)
{
	char all[16], size[16];

	selected(MODE_FILE, all);
	selected(SIZE_FILE, size);
	if (strcmp(all, "deny") == 0 || strcmp(all, "force") == 0)
		return *all == 'f';
	return gives_when_asked(!*size || strcmp(size, "inherit") == 0 ? all : size);
}

int mz_huge_check(enum mz_huge huge, struct mz_failure *failure)
{
	if (huge != MZ_HUGE_THP || memory_files_have_them())
		return 0;
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "this kernel gives memory files no transparent huge pages: echo advise > %s "
		       "lets it",
		       MODE_FILE);
}

static uint64_t free_in_pool(void)
{
	FILE *file = fopen(POOL "free_hugepages", "r");
	uint64_t count = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &count) != 1)
		count = 0;
	fclose(file);
	return count;
}

int mz_huge_explain(uint64_t bytes, int error, struct mz_failure *failure)
{
	uint64_t wanted = bytes / MZ_HUGE_PAGE, have = free_in_pool();

	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "guest memory takes %" PRIu64
		       " huge pages of 2 MiB, and the host has %" PRIu64
		       " free (%s): echo COUNT > " POOL "nr_hugepages reserves as many in all",
		       wanted, have, strerror(error));
}

void mz_huge_advise(void *at, uint64_t bytes)
{
	madvise(at, bytes, MADV_HUGEPAGE);
}

bool mz_huge_collapse(void *at)
{
	return !madvise(at, MZ_HUGE_PAGE, MADV_COLLAPSE);
}

/* A line of smaps that counts what one entry of a higher level maps. */
static uint64_t huge_kib(const char *line)
{
	static const char *const names[] = {
		"ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"};
	uint64_t kib = 0;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0 &&
		    sscanf(line + strlen(names[i]), "%" SCNu64, &kib) != 1)
			kib = 0;
	return kib;
}

uint64_t mz_huge_mapped(const void *at, uint64_t bytes)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	uint64_t first, end, kib = 0;
	bool inside = false;
	char line[512];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &first, &end) == 2)
			inside = first >= (uintptr_t)at && end <= (uintptr_t)at + bytes;
		else if (inside)
			kib += huge_kib(line);
	}
	fclose(file);
	return kib << 10;
}
