/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Guest memory: one memory file, mapped twice. The guest's mapping is what KVM's slots point to; its pages appear only
 * when the space has let them in. The VMM's own mapping (`alias`) reaches the same bytes at any time and is how images,
 * boot tables and devices write guest memory.
 */
#ifndef MZ_VMM_RAM_H
#define MZ_VMM_RAM_H

#include <stdint.h>

#include "vmm/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* RAM below this address, then a hole for devices up to 4 GiB, then the rest of RAM. */
#define MZ_RAM_LOW_END   0xc0000000u
#define MZ_RAM_HIGH_BASE 0x100000000u
#define MZ_BANK_MAX      2

/* A run of RAM: [gpa, gpa + bytes) is [offset, offset + bytes) of the memory file. */
struct mz_bank {
	uint64_t gpa, bytes, offset;
};

struct mz_ram {
	int fd;
	uint64_t bytes;       /* of all banks */
	unsigned char *guest; /* the guest's mapping of the file */
	unsigned char *alias; /* the VMM's mapping of the file */
	struct mz_bank banks[MZ_BANK_MAX];
	unsigned bank_count;
};

/* Makes the file and both mappings. `bytes` is a multiple of 4096 and not 0, else MZ_STATUS_BAD_ARGUMENT. */
int mz_ram_init(struct mz_ram *ram, uint64_t bytes, struct mz_failure *failure);
void mz_ram_destroy(struct mz_ram *ram);

/* The VMM's view of [gpa, gpa + bytes), or NULL where that is not all in one bank. */
void *mz_ram_at(const struct mz_ram *ram, uint64_t gpa, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
