/* SPDX-License-Identifier: MPL-2.0 */
/*
 * userfaultfd: the kernel reports touches of the guest's mapping instead of serving them itself.
 * Source: userfaultfd(2), ioctl_userfaultfd(2), and admin-guide/mm/userfaultfd of the Linux
 * documentation.
 */
#ifndef MZ_VMM_UFFD_H
#define MZ_VMM_UFFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/memory/huge.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_UFFD_DEVICE "/dev/userfaultfd"

/* How userfaultfd was had, or why not: errno values, 0 for success. */
struct mz_uffd_access {
	int device_error;  /* of opening the device node, which decides alone if it succeeds */
	int syscall_error; /* of the system call, tried where the device node failed */
	int api_error;     /* of agreeing on the features */
	bool protects;     /* write-protect events were among them */
	uint64_t features; /* that the kernel offers */
};

/*
 * Opens a userfaultfd that reports the kernel's own touches (KVM's are) and both kinds of fault on
 * a memory file on such pages: no page in the file, and a page in the file that is not mapped. With
 * `protects`, also writes to pages that were protected. Answers the descriptor, or -1 with the
 * reason in `access`.
 */
int mz_uffd_open(struct mz_uffd_access *access, enum mz_huge huge, bool protects);

/* What the kernel offers, in `features`; the same errors as mz_uffd_open(). */
void mz_uffd_probe(struct mz_uffd_access *access);

/* What is in the way and what would remove it, in words. */
void mz_uffd_explain(const struct mz_uffd_access *access, char *text, size_t size);

/*
 * Reports, from now on, every first touch of [at, at + bytes), and with `protects` each write to
 * what is protected; or never again, and lets all who wait go on.
 */
int mz_uffd_register(int uffd, void *at, uint64_t bytes, bool protects);
void mz_uffd_release(int uffd, void *at, uint64_t bytes);

/*
 * Maps new small pages of zeros for [at, at + bytes) and lets those who wait for them go on.
 * Answers 0 or an errno value; EEXIST: the memory file holds the first page, which stays.
 */
int mz_uffd_zero(int uffd, void *at, uint64_t bytes);

/*
 * Maps the pages, of `page_bytes` each, that the memory file holds for [at, at + bytes) and lets
 * those who wait for them go on; protected against writes, if that is wanted. Pages that are mapped
 * already stay as they are. Answers 0 or an errno value.
 */
int mz_uffd_continue(int uffd, void *at, uint64_t bytes, uint64_t page_bytes, bool read_only);

/*
 * Protects [at, at + bytes) against writes, or no longer, and lets those who wait to write go on.
 * What has no pages yet is protected, too. Answers 0 or an errno value.
 */
int mz_uffd_protect(int uffd, void *at, uint64_t bytes, bool read_only);

/* Lets those go on who wait for [at, at + bytes), which was mapped by other means. */
void mz_uffd_wake(int uffd, void *at, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
