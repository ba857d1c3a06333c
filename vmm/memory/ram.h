/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Guest memory: one memory file for RAM and a small one for the ROM, mapped twice, in two windows
 * that look alike. The guest's window is what KVM's slots point to; its pages appear only when the
 * space has let them in. The VMM's own (`alias`) reaches the same bytes at any time and is how
 * images, boot tables and devices write guest memory. Where memory is shared copy-on-write, both
 * are one: see vmm/memory/frozen.h.
 *
 * Files that are shared with the guest lie in the windows, too. The VMM does not reach them through
 * its own but by mz_ram_access(), nor do devices.
 *
 * Guest memory is overcommitted: the file's pages take host memory when they are first touched. But
 * huge pages of a pool are set aside when it is made.
 */
#ifndef MZ_VMM_RAM_H
#define MZ_VMM_RAM_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/failure.h"
#include "vmm/memory/huge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* RAM below this address, then a hole for devices up to 4 GiB, then the rest of RAM. */
#define MZ_RAM_LOW_END   0xc0000000u
#define MZ_RAM_HIGH_BASE 0x100000000u
#define MZ_PLACE_MAX     8 /* further banks */
#define MZ_BANK_MAX      (2 + MZ_PLACE_MAX)

/* The ROM. It holds a pattern that a test can tell from RAM: byte i is (7 i + 3) mod 256. */
#define MZ_ROM_BASE  0xe0000000u
#define MZ_ROM_BYTES 0x10000u

/*
 * Shares lie one behind the other, each at a multiple of MZ_HUGE_PAGE: here those that fit, and the
 * others from the first multiple of MZ_SHARE_HIGH_UNIT on that is behind all memory and 4 GiB.
 */
#define MZ_SHARE_LOW_BASE  0xe0200000u
#define MZ_SHARE_LOW_END   0xfe000000u
#define MZ_SHARE_HIGH_UNIT ((uint64_t)1 << 30)
#define MZ_SHARE_MAX       8

#define MZ_RAM_PAGE 4096u

/* A run of memory: [gpa, gpa + bytes) is [offset, offset + bytes) of a window. */
struct mz_bank {
	uint64_t gpa, bytes, offset;
};

/* A further bank. */
struct mz_place {
	uint64_t gpa, bytes;
};

/* A file that the guest is to have as memory, or a System V segment where there is no path. */
struct mz_share_request {
	const char *name, *path;
	bool read_only;
	int segment; /* its identifier */
};

struct mz_share {
	const char *name, *path;
	int fd; /* -1: it is a segment, */
	int segment;
	bool read_only;
	uint64_t bytes;      /* of the file when it was opened, */
	struct mz_bank bank; /* which is so many whole pages */
};

struct mz_frozen;

/* What guest memory is made from. Texts must stay. */
struct mz_ram_config {
	uint64_t bytes; /* from 0 on, with the hole */
	const struct mz_place *more;
	unsigned more_count;
	enum mz_huge huge;
	const struct mz_share_request *shares;
	unsigned share_count;
	const struct mz_frozen *frozen; /* what RAM holds; NULL: zeros */
};

struct mz_lazy;

/* A mapping that is not needed any more. */
struct mz_past {
	void *at; /* NULL: there is none */
	uint64_t bytes;
};

struct mz_ram {
	int fd;                /* the memory file of RAM: its offsets are those of the windows */
	uint64_t bytes;        /* of all banks */
	uint64_t file_bytes;   /* of the memory file */
	uint64_t window_bytes; /* of everything, a multiple of MZ_HUGE_PAGE */
	unsigned char *guest;  /* the guest's window */
	unsigned char *alias;  /* the VMM's window */
	enum mz_huge huge;
	bool cow;      /* what is written goes to pages of its own, and both windows are one */
	int pagemap;   /* of this process, where there are such pages; else -1 */
	uint64_t *own; /* then: a bit for each MZ_HUGE_PAGE in which there may be such pages, */
	bool paged;    /* if all touches come to a pager, which sets them; else, anywhere may be */
	struct mz_past past[2]; /* both windows of before: see mz_ram_share() */
	struct mz_bank
		banks[MZ_BANK_MAX]; /* by address; one begins at 0. Between any two is a gap */
	unsigned bank_count;
	struct mz_bank rom;
	struct mz_lazy *lazy; /* where contents come from when they are first wanted; or NULL */
	struct mz_share shares[MZ_SHARE_MAX];
	unsigned share_count;
};

/*
 * Makes the files and both windows, and fills the ROM. MZ_STATUS_BAD_ARGUMENT: `bytes` is 0 or not
 * a multiple of MZ_RAM_PAGE, or of MZ_HUGE_PAGE where those come from the pool; a further bank has
 * no place; a share can't be opened, is empty or no regular file; huge pages are wished for of what
 * is frozen.
 * MZ_STATUS_HOST_FAILED: more than the host has. MZ_STATUS_HOST_LACKS: no such huge pages.
 * MZ_STATUS_BAD_IMAGE: what is frozen is of another size, or may be written to.
 */
int mz_ram_make(struct mz_ram *ram, const struct mz_ram_config *config, struct mz_failure *failure);

/* The same for so much memory, and all else as it is usual. */
int mz_ram_init(struct mz_ram *ram, uint64_t bytes, struct mz_failure *failure);
void mz_ram_destroy(struct mz_ram *ram);

/*
 * The VMM's view of [gpa, gpa + bytes), or NULL where that is not all in one bank, or its contents
 * can't be had.
 */
void *mz_ram_at(const struct mz_ram *ram, uint64_t gpa, uint64_t bytes);

/* The same for looking only: reaches the ROM too. */
const void *mz_ram_peek(const struct mz_ram *ram, uint64_t gpa, uint64_t bytes);

/* Sees to it that contents are there, where they come from elsewhere. False: they can't be had. */
bool mz_ram_bring(const struct mz_ram *ram, uint64_t offset, uint64_t bytes);
/*
 * Reads or writes bytes of a window, in a share too. False: the file that is shared has become
 * shorter.
 */
bool mz_ram_access(const struct mz_ram *ram, uint64_t offset, void *data, uint64_t bytes,
		   bool write);

/*
 * Drops [offset, offset + bytes) from the guest's mapping, so that KVM forgets it: the next touch
 * brings it in again. Not where memory is shared copy-on-write: the mapping may hold the only copy.
 */
void mz_ram_forget(const struct mz_ram *ram, uint64_t offset, uint64_t bytes);

/*
 * Gives [offset, offset + bytes) back to the host: there are zeros now, or, where memory is shared
 * copy-on-write, what was there when it began to be. 0, or -1 with errno.
 */
int mz_ram_drop(const struct mz_ram *ram, uint64_t offset, uint64_t bytes);

/* A share whose file is shorter than it was, or NULL. */
const struct mz_share *mz_ram_shrunk(const struct mz_ram *ram);

/* The least that comes in at a time, or goes. */
uint64_t mz_ram_grain(const struct mz_ram *ram);

/* How much of RAM the guest's window maps by huge pages right now. */
uint64_t mz_ram_huge_bytes(const struct mz_ram *ram);

#ifdef __cplusplus
}
#endif

#endif
