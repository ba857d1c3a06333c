// SPDX-License-Identifier: MPL-2.0
/* Boot: what all protocols have in common. */
#include "vmm/boot/boot.h"

#include <string.h>

#include "vmm/boot/boot_protocol.h"

/*
 * Segment descriptors as in the Intel SDM, volume 3, section 3.4.5: base 0, limit 4 GiB, present,
 * ring 0, accessed (so that loading one writes nothing).
 */
static int put_gdt(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure)
{
	static const uint64_t descriptors[] = {
		0, [MZ_BOOT_CODE64 / 8] = 0x00af9b000000ffff, /* code: L set, D clear */
		[MZ_BOOT_DATA / 8] = 0x00cf93000000ffff,      /* data: writable, B set */
		[MZ_BOOT_CODE32 / 8] = 0x00cf9b000000ffff,    /* code: L clear, D set */
	};
	void *gdt = mz_boot_take_(boot, sizeof(descriptors), 8, &state->gdt, failure);

	if (!gdt)
		return -1;
	memcpy(gdt, descriptors, sizeof(descriptors));
	state->gdt_bytes = sizeof(descriptors);
	return 0;
}

/*
 * What a segment does not take from the file stays as it is: fresh memory is 0, and untouched it
 * costs no page.
 */
static void copy_segments(const struct mz_image *image, struct mz_ram *ram)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];

		if (segment->data_bytes > 0)
			memcpy(mz_ram_at(ram, segment->gpa, segment->memory_bytes), segment->data,
			       segment->data_bytes);
	}
}

int mz_boot_load(const struct mz_image *image, const struct mz_boot_request *request,
		 struct mz_ram *ram, struct mz_boot_state *state, struct mz_failure *failure)
{
	struct mz_boot boot = {
		.image = image,
		.request = request,
		.ram = ram,
		.next = MZ_BOOT_AREA_BASE,
	};

	memset(state, 0, sizeof(*state));
	state->rip = image->entry;
	copy_segments(image, ram);
	if (put_gdt(&boot, state, failure))
		return -1;
	return image->kind == MZ_IMAGE_MULTIBOOT ? mz_boot_multiboot_(&boot, state, failure)
						 : mz_boot_long_(&boot, state, failure);
}
