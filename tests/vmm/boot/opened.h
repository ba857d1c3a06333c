/* SPDX-License-Identifier: MPL-2.0 */
/* What tests of images share: bytes that are opened as an image and closed again. */
#ifndef MZ_TESTS_VMM_BOOT_OPENED_H
#define MZ_TESTS_VMM_BOOT_OPENED_H

#include "vmm/boot/image.h"

extern struct mz_image image;
extern struct mz_failure failure;

/* What open_bytes() is to take the bytes for; NULL: what they hold. */
extern const struct mz_image_as *open_as;

extern const struct mz_image_as as_elf, as_multiboot;

/* What mz_image_open() promises about every image that it accepts, whatever the file says. */
void assert_sound(size_t file_bytes);

/* Opens what the bytes make, and closes it: a failure must be well told, a success sound. */
int open_bytes(const void *bytes, size_t count);

void assert_refused(const void *bytes, size_t count, const char *words);

#define ASSERT_OPENS(bytes) \
	ck_assert_msg(open_bytes(&(bytes), sizeof(bytes)) == 0, "%s", failure.text)
#define ASSERT_REFUSED(bytes, words) assert_refused(&(bytes), sizeof(bytes), words)

#endif
