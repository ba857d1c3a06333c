// SPDX-License-Identifier: MPL-2.0
/*
 * A harness for libFuzzer and AFL++: the input is an image file behind two bytes that say what to
 * take it for and what to give it. It is opened, checked against a machine's memory, and loaded.
 * With MZ_FUZZ_SEEDS in the environment, a directory, the templates of the unit tests are written
 * there and nothing else is done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vmm/boot/images.h"
#include "tests/must.h"
#include "vmm/boot/boot.h"

#define PREFIX 2u

#define LOW_BYTES  ((uint64_t)4 << 20)
#define HIGH_BYTES ((uint64_t)1 << 20)

/* What the second byte of the input asks for. */
enum {
	GIVE_COMMAND_LINE = 1,
	GIVE_INITRD = 2,
	GIVE_MODULES = 4,
	GIVE_RSDP = 8,
};

static const struct mz_image_as choices[] = {
	{MZ_IMAGE_ANY, MZ_MODE_REAL, 0},
	{MZ_IMAGE_LINUX, MZ_MODE_LONG, 0},
	{MZ_IMAGE_PVH, MZ_MODE_PROTECTED, 0},
	{MZ_IMAGE_MULTIBOOT2, MZ_MODE_PROTECTED, 0},
	{MZ_IMAGE_MULTIBOOT, MZ_MODE_PROTECTED, 0},
	{MZ_IMAGE_ELF, MZ_MODE_LONG, 0},
	{MZ_IMAGE_FLAT, MZ_MODE_REAL, 0x7c00},
	{MZ_IMAGE_FLAT, MZ_MODE_LONG, UINT64_MAX - 100},
};

#define CHOICES (sizeof(choices) / sizeof(choices[0]))

static struct mz_ram ram;
static struct image_file file, module;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_seed(const char *directory, const char *name, const void *bytes, size_t count)
{
	const unsigned char prefix[PREFIX] = {0, GIVE_COMMAND_LINE | GIVE_INITRD};
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "wb");
	must(out && fwrite(prefix, PREFIX, 1, out) == 1 && fwrite(bytes, count, 1, out) == 1);
	must(fclose(out) == 0);
}

static void write_seeds(const char *directory)
{
	const struct elf64_image elf64 = image_elf64();
	const struct elf32_image elf32 = image_elf32();
	const struct linux_image bzimage = image_linux();
	const struct note_image pvh = image_note("Xen", 18, IMAGE_BASE);
	const struct note_image vmlinux = image_note("Linux", 0x100, 0);

	write_seed(directory, "elf64", &elf64, sizeof(elf64));
	write_seed(directory, "elf32", &elf32, sizeof(elf32));
	write_seed(directory, "bzimage", &bzimage, sizeof(bzimage));
	write_seed(directory, "pvh", &pvh, sizeof(pvh));
	write_seed(directory, "vmlinux", &vmlinux, sizeof(vmlinux));
}

static void make_ram(void)
{
	ram.bytes = LOW_BYTES + HIGH_BYTES;
	ram.bank_count = 2;
	ram.banks[0] = (struct mz_bank) {.gpa = 0, .bytes = LOW_BYTES, .offset = 0};
	ram.banks[1] = (struct mz_bank) {
		.gpa = MZ_RAM_HIGH_BASE, .bytes = HIGH_BYTES, .offset = LOW_BYTES};
	ram.rom = (struct mz_bank) {.gpa = MZ_ROM_BASE, .bytes = MZ_ROM_BYTES};
	/* Nodes of page tables lie in it. */
	ram.alias = aligned_alloc(MZ_RAM_PAGE, ram.bytes);
	must(ram.alias != NULL);
	memset(ram.alias, 0, ram.bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *seeds = getenv("MZ_FUZZ_SEEDS");

	(void)argc;
	(void)argv;
	if (seeds) {
		write_seeds(seeds);
		exit(0);
	}
	make_ram();
	file = image_file_make("", 0);
	module = image_file_make("module", 6);
	return 0;
}

static bool in_segment(const struct mz_image *image, uint64_t gpa)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		if (gpa - image->segments[i].gpa < image->segments[i].memory_bytes)
			return true;
	}
	return false;
}

/* What mz_image_open() promises. */
static void check_image(const struct mz_image *image)
{
	must(image->segment_count > 0 && image->segment_count <= MZ_SEGMENT_MAX);
	must(image->kind != MZ_IMAGE_ANY && in_segment(image, image->entry));
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];

		must(segment->memory_bytes > 0);
		must(segment->memory_bytes - 1 <= UINT64_MAX - segment->gpa);
		must(segment->data_bytes <= segment->memory_bytes);
		must(segment->data_offset <= image->file_bytes);
		must(segment->data_bytes <= image->file_bytes - segment->data_offset);
	}
}

/* Does guest memory hold what a segment takes from the file? */
static bool is_loaded(const struct mz_image *image, const struct mz_segment *segment,
		      const unsigned char *at)
{
	unsigned char *data = malloc(segment->data_bytes + 1);
	struct mz_failure failure;
	bool same = data && mz_image_read_segment(image, segment, data, &failure) == 0 &&
		memcmp(at, data, segment->data_bytes) == 0;

	free(data);
	return same;
}

/* The segments hold what the file says, and the boot structures are where they belong. */
static void check_loaded(const struct mz_image *image, const struct mz_boot_state *state)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];
		const unsigned char *at = mz_ram_at(&ram, segment->gpa, segment->memory_bytes);

		must(at && is_loaded(image, segment, at));
		for (uint64_t byte = segment->data_bytes; byte < segment->memory_bytes; byte += 997)
			must(at[byte] == 0);
	}
	must(state->mode == image->mode);
	if (state->mode == MZ_MODE_REAL)
		return;
	must_equal(state->rip, image->entry);
	must(state->gdt >= MZ_BOOT_LOW_BASE && state->gdt + state->gdt_bytes <= MZ_BOOT_LOW_END);
	must(state->code < state->gdt_bytes && state->data < state->gdt_bytes);
	must((state->mode == MZ_MODE_LONG) == (state->cr3 != 0));
}

static void load(const struct mz_image *image, unsigned give)
{
	const struct mz_module modules[] = {{module.path, "module with words"},
					    {module.path, "again"}};
	const struct mz_boot_request request = {
		.command_line = give & GIVE_COMMAND_LINE ? "some words" : NULL,
		.initrd = give & GIVE_INITRD ? module.path : NULL,
		.modules = modules,
		.module_count = give & GIVE_MODULES ? 2 : 0,
		.rsdp = give & GIVE_RSDP ? 0xe0000 : 0,
	};
	struct mz_boot_state state;
	struct mz_failure failure = {0};

	if (mz_boot_load(image, &request, &ram, &state, &failure) == 0)
		check_loaded(image, &state);
	else
		must(failure.status == MZ_STATUS_BAD_IMAGE ||
		     failure.status == MZ_STATUS_BAD_ARGUMENT);
	memset(ram.alias, 0, ram.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mz_failure failure = {0};
	struct mz_image image;

	if (size < PREFIX)
		return 0;
	must(ftruncate(file.fd, (off_t)(size - PREFIX)) == 0);
	must(pwrite(file.fd, data + PREFIX, size - PREFIX, 0) == (ssize_t)(size - PREFIX));
	if (mz_image_open(&image, file.path, &choices[data[0] % CHOICES], &failure)) {
		must(failure.status == MZ_STATUS_BAD_IMAGE && failure.text[0]);
		return 0;
	}
	check_image(&image);
	if (mz_image_fits(&image, &ram, &failure) == 0)
		load(&image, data[1]);
	else
		must(failure.status == MZ_STATUS_BAD_IMAGE);
	mz_image_close(&image);
	return 0;
}
