// SPDX-License-Identifier: MPL-2.0
/*
 * How the guest begins: as `mezz run` has it begin, in 64-bit mode, at level 0, with the first 4
 * GiB mapped to themselves. Source of the file format: System V ABI, chapters 4 and 5.
 */
#include "arch/x86/ia32e.h"
#include "guest/bare/bare.h"

#define CR4_AT_BOOT 0x620u /* PAE, OSFXSR, OSXMMEXCPT: APM volume 2, section 3.1.3 */

struct elf_header {
	uint8_t identification[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments, sections;
	uint32_t flags;
	uint16_t header_bytes, segment_bytes, segment_count;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, va, pa, file_bytes, memory_bytes, align;
};

#define ELF_MAGIC    0x464c457fu
#define ELF_64       2
#define SEGMENT_LOAD 1

static bool is_elf64(const uint8_t *image, uint64_t bytes)
{
	return bytes >= sizeof(struct elf_header) && *(const uint32_t *)image == ELF_MAGIC &&
		image[4] == ELF_64;
}

static bool within(uint64_t first, uint64_t bytes, uint64_t limit)
{
	return first <= limit && bytes <= limit - first;
}

static void load_segment(struct bare *bare, const struct elf_segment *segment, const uint8_t *image,
			 uint64_t bytes)
{
	if (!within(segment->offset, segment->file_bytes, bytes) ||
	    !within(segment->pa, segment->memory_bytes, RAM_BYTES) ||
	    segment->file_bytes > segment->memory_bytes)
		give_up("the guest's image does not fit");
	__builtin_memcpy(bare->ram + segment->pa, image + segment->offset, segment->file_bytes);
}

static uint64_t load_image(struct bare *bare, const uint8_t *image, uint64_t bytes)
{
	const struct elf_header *header = (const struct elf_header *)image;

	if (!is_elf64(image, bytes) ||
	    !within(header->segments, (uint64_t)header->segment_count * sizeof(struct elf_segment),
		    bytes))
		give_up("the guest's image is no 64-bit ELF file");
	for (unsigned i = 0; i < header->segment_count; i++) {
		const struct elf_segment *segment =
			(const struct elf_segment *)(image + header->segments) + i;

		if (segment->type == SEGMENT_LOAD)
			load_segment(bare, segment, image, bytes);
	}
	return header->entry;
}

/* The guest's own tables, in its memory below its image: a root, a node, and four of 1 GiB each. */
#define TABLES_AT   0x1000u
#define TABLES_END  0x7000u
#define MAPPED      (4 * 1024 * (uint64_t)MEBIBYTE)
#define TABLE_COUNT ((TABLES_END - TABLES_AT) / 4096)

static enum mz_error table_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	uint64_t *next = context;

	(void)size_lg2;
	if (*next == TABLES_END)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from(*next);
	*next += 4096;
	return MZ_OK;
}

/* Only a table that fails gives nodes back, and then the run ends. */
static void table_free(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	(void)pa;
	(void)size_lg2;
}

static uint64_t make_tables(struct bare *bare)
{
	static struct mz_frame frames[TABLE_COUNT];
	uint64_t next = TABLES_AT;
	struct mz_config config = {
		.format = &mz_ia32e,
		.leaf_levels = 1u << 1 | 1u << 2,
		.memory =
			{
				.context = &next,
				.alloc = table_alloc,
				.free = table_free,
				.linear = (uintptr_t)bare->ram,
				.frames = frames,
				.first_frame = TABLES_AT / 4096,
				.frame_count = TABLE_COUNT,
			},
	};
	struct mz_prop prop = mz_prop_from(MZ_READ | MZ_WRITE | MZ_EXEC);
	struct mz_table table;

	prop.flags = MZ_USER;
	if (mz_table_init(&table, &config) != MZ_OK ||
	    mz_table_map(&table, mz_ia_from(0), MAPPED, mz_oa_from(0), prop) != MZ_OK)
		give_up("the guest's page tables can't be made");
	return mz_table_root_register(&table);
}

void guest_load(struct bare *bare, const uint8_t *image, uint64_t bytes)
{
	struct vmcb *vmcb = bare->vmcb;

	svm_guest_make(vmcb);
	__builtin_memset(bare->ram, 0, RAM_BYTES);
	vmcb->rip = load_image(bare, image, bytes);
	vmcb->cr3 = make_tables(bare);
	vmcb->cr4 = CR4_AT_BOOT;
	svm_guest_use(vmcb, &bare->space.table);
}
