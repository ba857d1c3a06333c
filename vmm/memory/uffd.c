// SPDX-License-Identifier: MPL-2.0
/* userfaultfd. */
#include "vmm/memory/uffd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Headers older than Linux 6.4 do not name these. */
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED ((uint64_t)1 << 13)
#endif
#ifndef UFFDIO_CONTINUE_MODE_WP
#define UFFDIO_CONTINUE_MODE_WP ((uint64_t)1 << 1)
#endif

#define FEATURES_SMALL (UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM)
#define FEATURES_POOL  (UFFD_FEATURE_MISSING_HUGETLBFS | UFFD_FEATURE_MINOR_HUGETLBFS)
/* The last of them for UFFDIO_CONTINUE_MODE_WP, which is as old and has no bit of its own. */
#define FEATURES_PROTECT                                                    \
	(UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | \
	 UFFD_FEATURE_WP_UNPOPULATED)

static int open_device(void)
{
	int device = open(MZ_UFFD_DEVICE, O_RDWR | O_CLOEXEC);
	int uffd, error;

	if (device < 0)
		return -1;
	uffd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	error = errno;
	close(device);
	errno = error;
	return uffd;
}

/* Without UFFD_USER_MODE_ONLY: KVM touches guest memory from inside the kernel. */
static int open_any(struct mz_uffd_access *access)
{
	int uffd = open_device();

	if (uffd >= 0)
		return uffd;
	access->device_error = errno;
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0)
		access->syscall_error = errno;
	return uffd;
}

/* A userfaultfd agrees on features once, so asking and using take one each. */
static int agree(int uffd, uint64_t features, struct mz_uffd_access *access)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features};

	if (ioctl(uffd, UFFDIO_API, &api)) {
		access->api_error = errno;
		return -1;
	}
	access->features = api.features;
	return 0;
}

void mz_uffd_probe(struct mz_uffd_access *access)
{
	int uffd;

	memset(access, 0, sizeof(*access));
	uffd = open_any(access);
	if (uffd < 0)
		return;
	agree(uffd, 0, access);
	close(uffd);
}

int mz_uffd_open(struct mz_uffd_access *access, enum mz_huge huge, bool protects)
{
	/* The ROM has small pages in any case. */
	uint64_t needed = FEATURES_SMALL | (huge == MZ_HUGE_POOL ? FEATURES_POOL : 0) |
		(protects ? FEATURES_PROTECT : 0);
	int uffd;

	*access = (struct mz_uffd_access) {.protects = protects};
	uffd = open_any(access);
	if (uffd >= 0 && agree(uffd, needed, access)) {
		close(uffd);
		return -1;
	}
	return uffd;
}

void mz_uffd_explain(const struct mz_uffd_access *access, char *text, size_t size)
{
	if (access->api_error && access->protects)
		snprintf(text, size,
			 "userfaultfd has no write-protect events on memory files: Linux 6.4 or "
			 "later has");
	else if (access->api_error)
		snprintf(
			text, size,
			"userfaultfd has no minor faults on memory files: Linux 5.14 or later has");
	else if (access->syscall_error == ENOSYS)
		snprintf(text, size, "this kernel is built without userfaultfd");
	else if (access->syscall_error)
		snprintf(text, size,
			 "userfaultfd is not permitted (%s: %s; system call: %s): give access to "
			 "%s, or set vm.unprivileged_userfaultfd=1, or run with CAP_SYS_PTRACE",
			 MZ_UFFD_DEVICE, strerror(access->device_error),
			 strerror(access->syscall_error), MZ_UFFD_DEVICE);
	else
		snprintf(text, size, "userfaultfd can be used");
}

int mz_uffd_register(int uffd, void *at, uint64_t bytes, bool protects)
{
	struct uffdio_register range = {
		.range = {.start = (uintptr_t)at, .len = bytes},
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR |
			(protects ? UFFDIO_REGISTER_MODE_WP : 0),
	};

	return ioctl(uffd, UFFDIO_REGISTER, &range);
}

void mz_uffd_release(int uffd, void *at, uint64_t bytes)
{
	struct uffdio_range range = {.start = (uintptr_t)at, .len = bytes};

	ioctl(uffd, UFFDIO_UNREGISTER, &range);
}

void mz_uffd_wake(int uffd, void *at, uint64_t bytes)
{
	struct uffdio_range range = {.start = (uintptr_t)at, .len = bytes};

	ioctl(uffd, UFFDIO_WAKE, &range);
}

int mz_uffd_zero(int uffd, void *at, uint64_t bytes)
{
	struct uffdio_zeropage request = {.range = {.start = (uintptr_t)at, .len = bytes}};
	int error;

	/* EAGAIN: the mappings are being changed. */
	do
		error = ioctl(uffd, UFFDIO_ZEROPAGE, &request) ? errno : 0;
	while (error == EAGAIN);
	return error;
}

int mz_uffd_protect(int uffd, void *at, uint64_t bytes, bool read_only)
{
	struct uffdio_writeprotect request = {
		.range = {.start = (uintptr_t)at, .len = bytes},
		.mode = read_only ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};
	int error;

	do
		error = ioctl(uffd, UFFDIO_WRITEPROTECT, &request) ? errno : 0;
	while (error == EAGAIN);
	return error;
}

int mz_uffd_continue(int uffd, void *at, uint64_t bytes, uint64_t page_bytes, bool read_only)
{
	uint64_t start = (uintptr_t)at;
	bool found_mapped = false;
	uint64_t done = 0;

	while (done < bytes) {
		struct uffdio_continue request = {
			.range = {.start = start + done, .len = bytes - done},
			.mode = read_only ? UFFDIO_CONTINUE_MODE_WP : 0,
		};

		if (!ioctl(uffd, UFFDIO_CONTINUE, &request))
			break;
		if (errno == EAGAIN) {
			/*
			 * Cut short, or the mappings are being changed: `mapped` may be an error.
			 */
			done += request.mapped > 0 ? (uint64_t)request.mapped : 0;
		} else if (errno == EEXIST) {
			done += page_bytes;
			found_mapped = true;
		} else {
			return errno;
		}
	}
	/* Only pages that the call maps wake their waiters. */
	if (found_mapped)
		mz_uffd_wake(uffd, at, bytes);
	return 0;
}
