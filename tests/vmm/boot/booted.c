// SPDX-License-Identifier: MPL-2.0
/* A machine's memory, and an image in it. */
#include "tests/vmm/boot/booted.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/vmm/boot/images.h"
#include "tests/suite.h"

struct mz_image image;
struct mz_ram ram;
struct mz_boot_state state;
struct mz_failure failure;

void ram_begin(uint64_t bytes)
{
	ck_assert_msg(mz_ram_init(&ram, bytes, &failure) == 0, "%s", failure.text);
}

void ram_end(void)
{
	mz_ram_destroy(&ram);
}

void large_ram_begin(void)
{
	const uint64_t low = MZ_RAM_LOW_END, high = GIB;

	memset(&ram, 0, sizeof(ram));
	ram.bytes = low + high;
	ram.bank_count = 2;
	ram.banks[0] = (struct mz_bank) {.gpa = 0, .bytes = low, .offset = 0};
	ram.banks[1] = (struct mz_bank) {.gpa = MZ_RAM_HIGH_BASE, .bytes = high, .offset = low};
	ram.rom = (struct mz_bank) {.gpa = MZ_ROM_BASE, .bytes = MZ_ROM_BYTES};
	ram.alias = mmap(NULL, ram.bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(ram.alias, MAP_FAILED);
}

void large_ram_end(void)
{
	munmap(ram.alias, ram.bytes);
}

const void *at(uint64_t gpa, uint64_t bytes)
{
	const void *host = mz_ram_at(&ram, gpa, bytes);

	ck_assert_msg(host != NULL, "0x%jx is not in memory", (uintmax_t)gpa);
	return host;
}

uint32_t word_at(uint64_t gpa)
{
	uint32_t word;

	memcpy(&word, at(gpa, sizeof(word)), sizeof(word));
	return word;
}

uint64_t long_at(uint64_t gpa)
{
	return word_at(gpa) | (uint64_t)word_at(gpa + 4) << 32;
}

bool in_boot_area(uint64_t gpa, uint64_t bytes)
{
	return gpa >= MZ_BOOT_LOW_BASE && bytes <= MZ_BOOT_LOW_END - gpa;
}

void assert_fits(void)
{
	ck_assert_msg(mz_image_fits(&image, &ram, &failure) == 0, "%s", failure.text);
}

void open_image(const void *bytes, size_t count, const struct mz_image_as *as)
{
	static struct image_file file;

	file = image_file_make(bytes, count);
	ck_assert_msg(mz_image_open(&image, file.path, as, &failure) == 0, "%s", failure.text);
	image_file_close(&file);
	assert_fits();
}

void load(const struct mz_boot_request *request)
{
	ck_assert_msg(mz_boot_load(&image, request, &ram, &state, &failure) == 0, "%s",
		      failure.text);
}

void assert_load_fails(const struct mz_boot_request *request, enum mz_status status,
		       const char *words)
{
	ck_assert_int_eq(mz_boot_load(&image, request, &ram, &state, &failure), -1);
	ck_assert_int_eq(failure.status, status);
	ck_assert_msg(strstr(failure.text, words) != NULL, "\"%s\" is not in: %s", words,
		      failure.text);
}

char *long_text(size_t length)
{
	char *text = malloc(length + 1);

	memset(text, 'x', length);
	text[length] = 0;
	return text;
}
