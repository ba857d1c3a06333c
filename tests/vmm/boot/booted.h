/* SPDX-License-Identifier: MPL-2.0 */
/* What tests of the boot protocols share: one machine's memory, an image in it, and what came of
 * it. */
#ifndef MZ_TESTS_VMM_BOOT_BOOTED_H
#define MZ_TESTS_VMM_BOOT_BOOTED_H

#include <stdbool.h>

#include "vmm/boot/boot.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

extern struct mz_image image;
extern struct mz_ram ram;
extern struct mz_boot_state state;
extern struct mz_failure failure;

void ram_begin(uint64_t bytes);
void ram_end(void);

/*
 * A low and a high bank, of more memory than a host may have; nothing of it is used but what is
 * touched.
 */
void large_ram_begin(void);
void large_ram_end(void);

/* What is at an address, which must be memory. */
const void *at(uint64_t gpa, uint64_t bytes);
uint32_t word_at(uint64_t gpa);
uint64_t long_at(uint64_t gpa);
bool in_boot_area(uint64_t gpa, uint64_t bytes);

void assert_fits(void);

/* Opens the bytes as an image that fits; the file is gone afterwards. NULL: by its content. */
void open_image(const void *bytes, size_t count, const struct mz_image_as *as);

void load(const struct mz_boot_request *request);
void assert_load_fails(const struct mz_boot_request *request, enum mz_status status,
		       const char *words);

/* A text of `length` letters, for the caller to free. */
char *long_text(size_t length);

#endif
