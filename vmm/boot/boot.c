// SPDX-License-Identifier: MPL-2.0
/* Boot: what all protocols have in common. */
#include "vmm/boot/boot.h"

#include <string.h>

#include "vmm/boot/boot_protocol.h"

/*
 * Segment descriptors as in the Intel SDM, volume 3, section 3.4.5: base 0, limit 4 GiB, present,
 * ring 0, accessed (so that loading one writes nothing).
 */
#define CODE64 0x00af9b000000ffff /* code: L set, D clear */
#define CODE32 0x00cf9b000000ffff /* code: L clear, D set */
#define DATA   0x00cf93000000ffff /* data: writable, B set */

/* The Linux/x86 Boot Protocol, both parts on how to begin: __BOOT_CS and __BOOT_DS. */
#define LINUX_CODE 0x10
#define LINUX_DATA 0x18

static const uint64_t common[] = {
	0,
	[MZ_BOOT_CODE64 / 8] = CODE64,
	[MZ_BOOT_DATA / 8] = DATA,
	[MZ_BOOT_CODE32 / 8] = CODE32,
};

static const uint64_t for_linux[] = {
	0,
	[LINUX_CODE / 8] = CODE64,
	[LINUX_DATA / 8] = DATA,
};

static const uint64_t for_linux32[] = {
	0,
	[LINUX_CODE / 8] = CODE32,
	[LINUX_DATA / 8] = DATA,
};

_Static_assert(sizeof(common) == sizeof(for_linux), "tables of one size");
_Static_assert(sizeof(common) == sizeof(for_linux32), "tables of one size");

static int put_segments(struct mz_boot *boot, struct mz_boot_state *state,
			struct mz_failure *failure)
{
	bool is_linux = boot->image->kind == MZ_IMAGE_LINUX, wide = state->mode == MZ_MODE_LONG;
	const uint64_t *table = !is_linux ? common : wide ? for_linux : for_linux32;
	void *gdt = mz_boot_take_(boot, sizeof(common), 8, &state->gdt, failure);

	if (!gdt)
		return -1;
	memcpy(gdt, table, sizeof(common));
	state->gdt_bytes = sizeof(common);
	state->code = wide ? MZ_BOOT_CODE64 : MZ_BOOT_CODE32;
	state->data = MZ_BOOT_DATA;
	if (is_linux) {
		state->code = LINUX_CODE;
		state->data = LINUX_DATA;
	}
	return 0;
}

/* A boot sector's code is linked to run in segment 0; what lies higher is out of its reach. */
static void use_real_segment(struct mz_boot_state *state, uint64_t entry)
{
	state->code = state->data = (uint16_t)(entry < 0x10000 ? 0 : entry >> 4);
	state->rip = entry - ((uint64_t)state->code << 4);
}

/*
 * What a segment does not take from the file stays as it is: fresh memory is 0, and untouched it
 * costs no page.
 */
static int load_segments(const struct mz_image *image, struct mz_ram *ram,
			 struct mz_failure *failure)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];

		if (mz_image_read_segment(image, segment,
					  mz_ram_at(ram, segment->gpa, segment->memory_bytes),
					  failure))
			return -1;
	}
	return 0;
}

static int begin(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure)
{
	state->mode = boot->image->mode;
	state->rip = boot->image->entry;
	if (state->mode != MZ_MODE_REAL)
		return put_segments(boot, state, failure);
	use_real_segment(state, boot->image->entry);
	return 0;
}

int mz_boot_load(const struct mz_image *image, const struct mz_boot_request *request,
		 struct mz_ram *ram, struct mz_boot_state *state, struct mz_failure *failure)
{
	struct mz_boot boot = {
		.image = image,
		.request = request,
		.ram = ram,
		.area = mz_image_largest_gap(image, MZ_BOOT_LOW_BASE, MZ_BOOT_LOW_END),
	};

	boot.next = boot.area.base;
	memset(state, 0, sizeof(*state));
	if (load_segments(image, ram, failure) || begin(&boot, state, failure))
		return -1;
	switch (image->kind) {
	case MZ_IMAGE_LINUX:
		return mz_boot_linux_(&boot, state, failure);
	case MZ_IMAGE_PVH:
		return mz_boot_pvh_(&boot, state, failure);
	case MZ_IMAGE_MULTIBOOT2:
		return mz_boot_multiboot2_(&boot, state, failure);
	case MZ_IMAGE_MULTIBOOT:
		return mz_boot_multiboot_(&boot, state, failure);
	case MZ_IMAGE_ELF:
	case MZ_IMAGE_FLAT:
	case MZ_IMAGE_ANY:
		break;
	}
	return mz_boot_plain_(&boot, state, failure);
}
