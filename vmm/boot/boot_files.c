// SPDX-License-Identifier: MPL-2.0
/* Files that the guest gets beside its image. */
#include <inttypes.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/boot/boot_protocol.h"
#include "vmm/boot/memory_map.h"

#define PAGE_MASK ((uint64_t)0xfff)

/* The first page behind the image, the files and what a PC keeps for itself below 1 MiB. */
static uint64_t free_base(const struct mz_boot *boot)
{
	const struct mz_image *image = boot->image;
	uint64_t end = MZ_MEMORY_UPPER_BASE;

	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];
		uint64_t behind = segment->gpa + segment->memory_bytes;

		if (segment->gpa < MZ_RAM_HIGH_BASE && behind > end)
			end = behind;
	}
	if (boot->next_module > end)
		end = boot->next_module;
	return (end + PAGE_MASK) & ~PAGE_MASK;
}

static uint64_t bank_end(const struct mz_bank *bank)
{
	return bank->gpa + bank->bytes;
}

static int does_not_fit(const char *path, const struct mz_boot_file *file, uint64_t base,
			uint64_t end, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: %" PRIu64 " bytes at 0x%" PRIx64 " do not fit below 0x%" PRIx64
		       ", where the guest's memory for it ends",
		       path, file->bytes, base, end);
}

static int read_to(struct mz_boot *boot, int fd, const char *path, const struct mz_boot_file *file,
		   struct mz_failure *failure)
{
	return file->bytes == 0
		? 0
		: mz_file_read(fd, path, mz_ram_at(boot->ram, file->gpa, file->bytes), file->bytes,
			       0, failure);
}

static int load_behind(struct mz_boot *boot, int fd, const char *path, struct mz_boot_file *file,
		       struct mz_failure *failure)
{
	uint64_t end = bank_end(&boot->ram->banks[0]);

	file->gpa = free_base(boot);
	if (file->gpa > end || file->bytes > end - file->gpa)
		return does_not_fit(path, file, file->gpa, end, failure);
	boot->next_module = file->gpa + file->bytes;
	return read_to(boot, fd, path, file, failure);
}

int mz_boot_load_module_(struct mz_boot *boot, const char *path, struct mz_boot_file *file,
			 struct mz_failure *failure)
{
	int result, fd = mz_file_open(path, &file->bytes, failure);

	if (fd < 0)
		return -1;
	result = load_behind(boot, fd, path, file, failure);
	close(fd);
	return result;
}

/* The highest page in [base, end) where the file fits; false: there is none. */
static bool place_high(struct mz_boot_file *file, uint64_t base, uint64_t end)
{
	if (end < base || file->bytes > end - base)
		return false;
	file->gpa = (end - file->bytes) & ~PAGE_MASK;
	return file->gpa >= base;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Image segments beyond 4 GiB are no concern: what has them is no Linux image. */
static int load_high(struct mz_boot *boot, int fd, const char *path, uint64_t last, bool above_4g,
		     struct mz_boot_file *file, struct mz_failure *failure)
{
	const struct mz_ram *ram = boot->ram;
	uint64_t base = free_base(boot), end = bank_end(&ram->banks[0]);
	bool placed;

	if (last < end)
		end = last + 1;
	placed = place_high(file, base, end);
	for (unsigned i = ram->bank_count - 1; i > 0 && above_4g && !placed; i--)
		placed = place_high(file, greater(base, ram->banks[i].gpa),
				    bank_end(&ram->banks[i]));
	return placed ? read_to(boot, fd, path, file, failure)
		      : does_not_fit(path, file, base, end, failure);
}

int mz_boot_load_high_(struct mz_boot *boot, const char *path, uint64_t last, bool above_4g,
		       struct mz_boot_file *file, struct mz_failure *failure)
{
	int result, fd = mz_file_open(path, &file->bytes, failure);

	if (fd < 0)
		return -1;
	result = load_high(boot, fd, path, last, above_4g, file, failure);
	close(fd);
	return result;
}

int mz_boot_refuse_modules_(const struct mz_boot *boot, struct mz_failure *failure)
{
	if (boot->request->module_count == 0)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "module %s: modules are for multiboot and PVH images, and %s is a %s image",
		       boot->request->modules[0].path, boot->image->path,
		       mz_image_text(boot->image));
}

int mz_boot_refuse_initrd_(const struct mz_boot *boot, struct mz_failure *failure)
{
	if (!boot->request->initrd)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "initrd %s: an initrd is for Linux and PVH images, and %s is a %s image",
		       boot->request->initrd, boot->image->path, mz_image_text(boot->image));
}
