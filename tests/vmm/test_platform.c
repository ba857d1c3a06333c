// SPDX-License-Identifier: MPL-2.0
/* What makes a machine a PC: its old devices, its interrupts, and the tables that describe it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch/linux/arena.h"
#include "arch/x86/ept.h"
#include "ept/dirty.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/device/acpi_pm.h"
#include "vmm/device/fw_cfg.h"
#include "vmm/device/pc_test.h"
#include "vmm/device/pvpanic.h"
#include "vmm/device/reset.h"
#include "vmm/device/rtc.h"
#include "vmm/device/serial.h"
#include "vmm/machine/cpuid.h"
#include "vmm/machine/firmware.h"

static struct mz_failure failure;
static struct mz_bus bus, memory_bus;
static struct mz_power power;

static uint64_t in(uint64_t port, unsigned bytes)
{
	return mz_bus_read(&bus, port, bytes);
}

static void out(uint64_t port, uint64_t data, unsigned bytes)
{
	mz_bus_write(&bus, port, data, bytes);
}

static void begin(void)
{
	mz_bus_init(&bus, "port");
	mz_bus_init(&memory_bus, "memory");
	power = (struct mz_power) {0};
}

/* ---- Ends ---- */

START_TEST(each_register_asks_for_its_end)
{
	static const struct {
		uint64_t port, data;
		unsigned bytes;
		enum mz_power_request request;
	} writes[] = {{0x64, 0xfe, 1, MZ_POWER_RESET},    {0x64, 0xfd, 1, MZ_POWER_ON},
		      {0x60, 0xfe, 1, MZ_POWER_ON},       {0xcf9, 0x06, 1, MZ_POWER_RESET},
		      {0xcf9, 0x02, 1, MZ_POWER_ON},      {0x505, 0x01, 1, MZ_POWER_PANIC},
		      {0x505, 0x02, 1, MZ_POWER_ON},      {0x604, 0x3401, 2, MZ_POWER_OFF},
		      {0x604, 0x1401, 2, MZ_POWER_ON},    {0x604, 0x2001, 2, MZ_POWER_ON},
		      {0x605, 0x34, 1, MZ_POWER_OFF},     {0x602, 0x34343434, 4, MZ_POWER_OFF},
		      {0x600, 0x34343434, 4, MZ_POWER_ON}};
	struct mz_pvpanic pvpanic;
	struct mz_acpi_pm pm;
	struct mz_reset reset;

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		begin();
		ck_assert(!mz_reset_init(&reset, &bus, &power, &failure));
		ck_assert(!mz_acpi_pm_init(&pm, &bus, &power, &failure));
		ck_assert(!mz_pvpanic_init(&pvpanic, &bus, &power, &failure));
		out(writes[i].port, writes[i].data, writes[i].bytes);
		ck_assert_msg(mz_power_asked(&power) == writes[i].request, "write %zu", i);
		mz_power_ask(&power, MZ_POWER_OFF);
		if (writes[i].request)
			ck_assert_int_eq((int)mz_power_asked(&power), (int)writes[i].request);
	}
}
END_TEST

START_TEST(the_power_registers_read_as_acpi_says)
{
	struct mz_acpi_pm pm;
	uint64_t first;

	begin();
	ck_assert(!mz_acpi_pm_init(&pm, &bus, &power, &failure));
	out(0x600, 0xffffffff, 4);
	ck_assert_uint_eq(in(0x600, 2), 0);
	ck_assert_uint_eq(in(0x602, 2), 0xffff);
	ck_assert_uint_eq(in(0x604, 2), 1);
	out(0x604, 0x0800, 2);
	ck_assert_uint_eq(in(0x604, 2), 0x0801);
	first = in(0x608, 4);
	usleep(2000);
	ck_assert_uint_ge((in(0x608, 4) - first) & 0xffffff, 7000);
	ck_assert_uint_eq(in(0x60b, 1), 0);
}
END_TEST

/* ---- The clock ---- */

static unsigned cmos(unsigned index)
{
	out(0x70, index, 1);
	return (unsigned)in(0x71, 1);
}

START_TEST(the_clock_tells_the_time_and_the_sizes)
{
	const struct mz_rtc_sizes sizes = {
		.low_bytes = (uint64_t)3 << 30, .high_bytes = (uint64_t)5 << 30, .cpus = 4};
	time_t now = time(NULL);
	struct mz_rtc rtc;
	struct tm utc;

	gmtime_r(&now, &utc);
	begin();
	ck_assert(!mz_rtc_init(&rtc, &bus, &sizes, &failure));
	ck_assert_uint_eq(cmos(0x32), 0x20);
	ck_assert_uint_eq(cmos(0x09), (unsigned)(utc.tm_year % 100 / 10 * 16 + utc.tm_year % 10));
	ck_assert_uint_eq(cmos(0x0a) & 0x7f, 0x26);
	ck_assert_uint_eq(cmos(0x0b), 0x02);
	ck_assert_uint_eq(cmos(0x8d), 0x80);
	ck_assert_uint_eq(cmos(0x15) | cmos(0x16) << 8, 640);
	ck_assert_uint_eq(cmos(0x17) | cmos(0x18) << 8, 63 * 1024);
	ck_assert_uint_eq(cmos(0x34) | cmos(0x35) << 8, (3072 - 16) * 16);
	ck_assert_uint_eq(cmos(0x5b) | cmos(0x5c) << 8 | cmos(0x5d) << 16, 5 * 1024 * 16);
	ck_assert_uint_eq(cmos(0x5f), 3);
	out(0x70, 0x5540, 2);
	ck_assert_uint_eq(cmos(0x40), 0x55);
	out(0x70, 0xff0b, 2);
	ck_assert_uint_eq(cmos(0x0b), 0x02);
}
END_TEST

static bool clock_is_in_update(void)
{
	return (cmos(0x0a) & 0x80) != 0;
}

/* The seconds that an update is about to change; it lasts for 244 us, which this may miss. */
static unsigned seconds_in_update(void)
{
	unsigned seconds;

	do {
		while (!clock_is_in_update())
			continue;
		seconds = cmos(0);
	} while (!clock_is_in_update());
	return (seconds >> 4) * 10 + (seconds & 0xf);
}

START_TEST(the_clock_tells_of_an_update_before_the_time_changes)
{
	const struct mz_rtc_sizes sizes = {.low_bytes = 1 << 20, .cpus = 1};
	unsigned before, after;
	struct mz_rtc rtc;

	begin();
	ck_assert(!mz_rtc_init(&rtc, &bus, &sizes, &failure));
	before = seconds_in_update();
	while (clock_is_in_update())
		continue;
	after = cmos(0);
	ck_assert_uint_eq((after >> 4) * 10 + (after & 0xf), (before + 1) % 60);
}
END_TEST

/* ---- fw_cfg ---- */

static struct mz_ram ram;
static struct mz_fw_cfg fw_cfg;

static void fw_cfg_begin(void)
{
	begin();
	ck_assert(!mz_ram_init(&ram, 1 << 20, &failure));
	ck_assert(!mz_fw_cfg_init(&fw_cfg, &bus, &ram, 3, &failure));
}

static uint64_t item(uint16_t key, unsigned bytes)
{
	uint64_t value = 0;

	out(0x510, key, 2);
	for (unsigned i = 0; i < bytes; i++)
		value |= in(0x511, 1) << (8 * i);
	return value;
}

START_TEST(items_are_read_byte_by_byte)
{
	fw_cfg_begin();
	ck_assert_uint_eq(item(0, 4), 0x554d4551);
	ck_assert_uint_eq(in(0x511, 1), 0);
	ck_assert_uint_eq(item(1, 4), 3);
	ck_assert_uint_eq(item(3, 8), 1 << 20);
	ck_assert_uint_eq(item(5, 2), 3);
	ck_assert_uint_eq(item(0x0f, 2), 3);
	ck_assert_uint_eq(item(0x1234, 8), 0);
	ck_assert_uint_eq(in(0x514, 4), 0x554d4551);
	mz_ram_destroy(&ram);
}
END_TEST

/* Describes a copy at `at` and starts it; answers what its control word becomes. */
static uint32_t copy(uint32_t at, uint32_t control, uint32_t length, uint64_t to)
{
	unsigned char *words = mz_ram_at(&ram, at, 16);
	const uint32_t values[] = {control, length, (uint32_t)(to >> 32), (uint32_t)to};
	uint32_t after;

	for (unsigned i = 0; words && i < 4; i++)
		memcpy(words + (size_t)i * 4, &(uint32_t) {__builtin_bswap32(values[i])}, 4);
	out(0x514, 0, 4);
	out(0x518, __builtin_bswap32(at), 4);
	if (!words)
		return 0;
	memcpy(&after, words, 4);
	return __builtin_bswap32(after);
}

START_TEST(files_are_listed_and_copied)
{
	static const unsigned char data[] = "what the file holds";
	unsigned char *memory;

	fw_cfg_begin();
	ck_assert(!mz_fw_cfg_add(&fw_cfg, "opt/file", data, sizeof(data), &failure));
	ck_assert_int_eq(mz_fw_cfg_add(&fw_cfg, "opt/file", data, 1, &failure), -1);
	ck_assert_int_eq(mz_fw_cfg_add(&fw_cfg, "", data, 1, &failure), -1);
	memory = mz_ram_at(&ram, 0, 1 << 20);
	ck_assert_uint_eq(copy(0x1000, 0x19u << 16 | 8 | 2, 68, 0x2000), 0);
	ck_assert_int_eq(memcmp(memory + 0x2000, "\0\0\0\1\0\0\0\24\0\40\0\0opt/file", 21), 0);
	ck_assert_uint_eq(copy(0x1000, 0x20u << 16 | 8 | 4, 5, 0), 0);
	ck_assert_uint_eq(copy(0x1000, 2, 32, 0x3000), 0);
	ck_assert_str_eq((char *)memory + 0x3000, "the file holds");
	mz_ram_destroy(&ram);
}
END_TEST

START_TEST(a_copy_to_nowhere_is_an_error)
{
	fw_cfg_begin();
	ck_assert_uint_eq(copy(0x1000, 8 | 2, 4, (1 << 20) - 3), 1);
	ck_assert_uint_eq(copy(0x1000, 8 | 2, 0xffffffff, 0), 1);
	ck_assert_uint_eq(copy(0x1000, 8 | 2, 4, UINT64_MAX - 1), 1);
	ck_assert_uint_eq(copy(0x1000, 8 | 16, 4, 0), 1);
	copy((1 << 20) - 8, 8 | 2, 4, 0x2000);
	copy(0x1000, 4, 0xffffffff, 0);
	copy(0x1000, 4, 0xffffffff, 0);
	ck_assert_uint_eq(copy(0x1000, 2, 4, 0x2000), 0);
	mz_ram_destroy(&ram);
}
END_TEST

static bool note_page(void *context, mz_ia ia, uint64_t bytes)
{
	uint64_t *pages = context;

	for (uint64_t page = ia.addr / 4096; page < (ia.addr + bytes) / 4096; page++)
		*pages |= UINT64_C(1) << page;
	return true;
}

/* Who puts pages back to what they were must know of both: what is copied, and what says so. */
START_TEST(a_copy_is_told_of_as_written)
{
	struct mz_config config = {.format = &mz_ept};
	static struct mz_space space;
	struct mz_region regions[1];
	struct mz_arena arena;
	struct mz_dirty dirty;
	uint64_t pages = 0;

	fw_cfg_begin();
	ck_assert(!mz_arena_init(&arena, 1 << 20, mz_ept.page_lg2));
	config.memory = arena.memory;
	ck_assert(!mz_space_init(&space, &config, NULL, regions, 1));
	mz_space_log_writes(&space);
	ck_assert(!mz_dirty_start(&dirty, &space, 0));
	fw_cfg.space = &space;
	ck_assert_uint_eq(copy(0x1000, 8 | 2, 4, 0x2ffe), 0);
	ck_assert(!mz_dirty_collect(&dirty, mz_ia_from(0), 1 << 20));
	mz_dirty_each(&dirty, mz_ia_from(0), 1 << 20, note_page, &pages);
	ck_assert_uint_eq(pages, 1 << 1 | 1 << 2 | 1 << 3);
	mz_dirty_stop(&dirty);
	mz_space_destroy(&space);
	mz_arena_destroy(&arena);
	mz_ram_destroy(&ram);
}
END_TEST

START_TEST(random_accesses_break_nothing)
{
	struct rng rng = {rng_seed()};

	printf("# MZ_SEED=0x%llx\n", (unsigned long long)rng.state);
	fw_cfg_begin();
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t port = 0x510 + rng_below(&rng, 12);
		unsigned bytes = 1u << rng_below(&rng, 4);

		if (rng_below(&rng, 4))
			out(port, rng_below(&rng, 2) ? rng_next(&rng) : rng_below(&rng, 64), bytes);
		else
			in(port, bytes);
	}
	mz_ram_destroy(&ram);
}
END_TEST

/* ---- The test device of PCs ---- */

static uint64_t forgotten;
static unsigned levels;

static void note_forget(void *context, uint64_t gpa)
{
	(void)context;
	forgotten = gpa;
}

static void note_level(void *context, unsigned line, bool high)
{
	(void)context;
	levels = high ? levels | 1u << line : levels & ~(1u << line);
}

START_TEST(the_pc_test_device_keeps_and_tells)
{
	const struct mz_pc_test_hooks hooks = {NULL, note_forget, note_level};
	static struct mz_pc_test test;

	begin();
	ck_assert(!mz_pc_test_init(&test, &bus, &memory_bus, &hooks, &failure));
	out(0xe0, 0x11223344, 4);
	out(0xe9, 0xaa, 1);
	ck_assert_uint_eq(in(0xe0, 4), 0x1122aa44);
	ck_assert_uint_eq(in(0xe8, 2), 0xaa44);
	out(0xe4, 0x12345000, 4);
	ck_assert_uint_eq(forgotten, 0x12345000);
	out(0x2000 + 23, 1, 1);
	out(0x2004, 1, 1);
	ck_assert_uint_eq(levels, 1u << 23 | 1u << 4);
	out(0x2004, 0, 1);
	ck_assert_uint_eq(levels, 1u << 23);
	mz_bus_write(&memory_bus, 0xff00fff8, 0x123456789abcdef0, 8);
	ck_assert_uint_eq(mz_bus_read(&memory_bus, 0xff00fffa, 4), 0x56789abc);
}
END_TEST

/* ---- The serial port's interrupts ---- */

static struct mz_console console;
static struct mz_serial serial;
static struct mz_irq irq;
static int input[2], output[2];

static void serial_begin(void)
{
	begin();
	ck_assert_int_eq(pipe(input), 0);
	ck_assert_int_eq(pipe(output), 0);
	irq.fd = eventfd(0, EFD_NONBLOCK);
	ck_assert(!mz_console_init(&console, input[0], output[1], &failure));
	ck_assert(!mz_serial_init(&serial, &bus, MZ_SERIAL_BASE, &console, &irq, &failure));
}

static void serial_end(void)
{
	mz_console_destroy(&console);
	close(irq.fd);
	for (int i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
}

static bool raised(void)
{
	eventfd_t count;

	return eventfd_read(irq.fd, &count) == 0;
}

static void type(const char *text)
{
	ck_assert_int_eq(write(input[1], text, strlen(text)), (int)strlen(text));
	ck_assert(mz_console_feed(&console));
	mz_serial_receive(&serial);
}

START_TEST(what_is_typed_interrupts)
{
	serial_begin();
	type("a");
	ck_assert(!raised());
	out(0x3fc, 0x08, 1);
	ck_assert(!raised());
	out(0x3f9, 0x01, 1);
	ck_assert(raised());
	ck_assert_uint_eq(in(0x3fa, 1), 0x04);
	ck_assert_uint_eq(in(0x3fa, 1), 0x04);
	ck_assert_uint_eq(in(0x3f8, 1), 'a');
	ck_assert_uint_eq(in(0x3fa, 1), 0x01);
	ck_assert(!raised());
	type("bc");
	ck_assert(raised());
	type("d");
	ck_assert(!raised());
	serial_end();
}
END_TEST

START_TEST(an_empty_transmitter_interrupts)
{
	serial_begin();
	out(0x3fc, 0x08, 1);
	out(0x3f9, 0x02, 1);
	ck_assert(raised());
	ck_assert_uint_eq(in(0x3fa, 1), 0x02);
	ck_assert_uint_eq(in(0x3fa, 1), 0x01);
	ck_assert(!raised());
	out(0x3f8, 'x', 1);
	ck_assert(raised());
	ck_assert_uint_eq(in(0x3fa, 1), 0x02);
	out(0x3fc, 0x10, 1);
	out(0x3f8, 'y', 1);
	ck_assert(!raised());
	serial_end();
}
END_TEST

/* ---- CPUID ---- */

static const struct kvm_cpuid_entry2 *leaf(const struct kvm_cpuid2 *list, uint32_t function,
					   uint32_t index)
{
	for (unsigned i = 0; i < list->nent; i++)
		if (list->entries[i].function == function && list->entries[i].index == index)
			return &list->entries[i];
	return NULL;
}

START_TEST(processors_know_their_place)
{
	const struct mz_cpuid_place place = {.index = 5, .count = 6, .deadline_timer = true};
	static const struct kvm_cpuid_entry2 offered[] = {
		{.function = 0, .eax = 0xd, .ecx = 0x444d4163},
		{.function = 1, .ebx = 0xffffffff},
		{.function = 4, .eax = 0xffffc121},
		{.function = 4, .index = 1, .eax = 0xffffc163},
		{.function = 0xb, .index = 0},
		{.function = 0x1f, .index = 0, .ebx = 2, .ecx = 0x100, .edx = 7},
		{.function = 0x80000008, .ecx = 0xffffffff},
	};
	struct kvm_cpuid2 *list = calloc(1,
					 sizeof(*list) + MZ_CPUID_MAX * sizeof(list->entries[0]));

	ck_assert_ptr_nonnull(list);
	list->nent = sizeof(offered) / sizeof(offered[0]);
	memcpy(list->entries, offered, sizeof(offered));
	mz_cpuid_shape(list, &place);
	ck_assert_uint_eq(leaf(list, 1, 0)->ebx, 0x0506ffff);
	ck_assert_uint_eq(leaf(list, 1, 0)->ecx, 1u << 31 | 1u << 24);
	ck_assert_uint_eq(leaf(list, 1, 0)->edx, 1u << 28);
	ck_assert_uint_eq(leaf(list, 4, 0)->eax, 7u << 26 | 0x121);
	ck_assert_uint_eq(leaf(list, 4, 1)->eax, 7u << 26 | 7u << 14 | 0x163);
	ck_assert_uint_eq(leaf(list, 0xb, 0)->ecx, 0x100);
	ck_assert_uint_eq(leaf(list, 0xb, 1)->ecx, 0x201);
	ck_assert_uint_eq(leaf(list, 0xb, 1)->eax, 3);
	ck_assert_uint_eq(leaf(list, 0xb, 1)->ebx, 6);
	ck_assert_uint_eq(leaf(list, 0xb, 2)->ecx, 2);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(leaf(list, 0xb, i)->edx, 5);
	ck_assert_ptr_null(leaf(list, 0x1f, 0));
	ck_assert_uint_eq(leaf(list, 0x80000008, 0)->ecx & 0xf0ff, 0x3005);
	free(list);
}
END_TEST

/* ---- Tables ---- */

static unsigned char area[MZ_FIRMWARE_BYTES];

static void write_tables(unsigned cpus, unsigned window_count)
{
	struct mz_firmware_window windows[16];
	const struct mz_firmware firmware = {cpus, windows, window_count};

	for (unsigned i = 0; i < 16; i++)
		windows[i] = (struct mz_firmware_window) {0xd0001000 + i * 0x1000, 0x1000, 5 + i};
	memset(area, 0xee, sizeof(area));
	ck_assert(!mz_firmware_write(area, &firmware, &failure));
}

static uint32_t word_at(uint32_t gpa)
{
	uint32_t word;

	ck_assert_uint_ge(gpa, MZ_FIRMWARE_BASE);
	ck_assert_uint_lt(gpa, MZ_FIRMWARE_BASE + MZ_FIRMWARE_BYTES - 3);
	memcpy(&word, area + (gpa - MZ_FIRMWARE_BASE), sizeof(word));
	return word;
}

static void assert_sums_to_0(uint32_t gpa, uint32_t bytes)
{
	unsigned char sum = 0;

	for (uint32_t i = 0; i < bytes; i++)
		sum = (unsigned char)(sum + area[gpa - MZ_FIRMWARE_BASE + i]);
	ck_assert_msg(sum == 0, "table at 0x%x", gpa);
}

START_TEST(tables_are_whole)
{
	static const unsigned counts[] = {1, 2, 64};
	uint32_t xsdt, list, mp = MZ_FIRMWARE_BASE + MZ_FIRMWARE_BYTES / 2;

	for (unsigned i = 0; i < 3; i++) {
		write_tables(counts[i], 16);
		ck_assert_int_eq(memcmp(area, "RSD PTR ", 8), 0);
		assert_sums_to_0(MZ_FIRMWARE_BASE, 20);
		assert_sums_to_0(MZ_FIRMWARE_BASE, 36);
		xsdt = word_at(MZ_FIRMWARE_BASE + 24);
		assert_sums_to_0(xsdt, word_at(xsdt + 4));
		ck_assert_uint_eq(word_at(xsdt + 4), 36 + 2 * 8);
		for (unsigned entry = 0; entry < 2; entry++) {
			uint32_t table = word_at(xsdt + 36 + 8 * entry);

			assert_sums_to_0(table, word_at(table + 4));
		}
		list = word_at(MZ_FIRMWARE_BASE + 16);
		assert_sums_to_0(list, word_at(list + 4));
		ck_assert_uint_eq(word_at(list + 36), word_at(xsdt + 36));
		assert_sums_to_0(mp, 16);
		assert_sums_to_0(word_at(mp + 4), word_at(word_at(mp + 4) + 4) & 0xffff);
		ck_assert_uint_eq(word_at(word_at(mp + 4) + 34) & 0xffff, counts[i] + 2 + 15 + 2);
	}
}
END_TEST

static void save(const char *path, uint32_t gpa)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(area + (gpa - MZ_FIRMWARE_BASE), 1, word_at(gpa + 4), file),
			  word_at(gpa + 4));
	fclose(file);
}

/* The compiler of ACPI's makers takes each table apart and puts that together again, without a
 * word. */
START_TEST(tables_are_good_acpi)
{
	char folder[] = "/tmp/mezz-acpi-XXXXXX", path[64], command[256];
	uint32_t xsdt;

	if (system("command -v iasl >/dev/null")) {
		printf("# SKIP tables_are_good_acpi: iasl is not installed (Debian: "
		       "acpica-tools)\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_tables(64, 16);
	xsdt = word_at(MZ_FIRMWARE_BASE + 24);
	for (unsigned entry = 0; entry < 3; entry++) {
		uint32_t fadt = word_at(xsdt + 36);

		snprintf(path, sizeof(path), "%s/table%u", folder, entry);
		save(path, entry < 2 ? word_at(xsdt + 36 + 8 * entry) : word_at(fadt + 40));
		snprintf(command, sizeof(command),
			 "cd %s && iasl -d table%u >log 2>&1 && ! grep -i -e error -e warning log "
			 "&& "
			 "iasl table%u.dsl >log2 2>&1 && grep '0 Errors, 0 Warnings' log2 || "
			 "{ cat log log2; false; }",
			 folder, entry, entry);
		ck_assert_msg(system(command) == 0, "table %u", entry);
	}
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("platform");
	TCase *tcase = tcase_create("devices");

	tcase_add_test(tcase, each_register_asks_for_its_end);
	tcase_add_test(tcase, the_power_registers_read_as_acpi_says);
	tcase_add_test(tcase, the_clock_tells_the_time_and_the_sizes);
	tcase_add_test(tcase, the_clock_tells_of_an_update_before_the_time_changes);
	tcase_add_test(tcase, items_are_read_byte_by_byte);
	tcase_add_test(tcase, files_are_listed_and_copied);
	tcase_add_test(tcase, a_copy_to_nowhere_is_an_error);
	tcase_add_test(tcase, a_copy_is_told_of_as_written);
	tcase_add_test(tcase, random_accesses_break_nothing);
	tcase_add_test(tcase, the_pc_test_device_keeps_and_tells);
	tcase_add_test(tcase, what_is_typed_interrupts);
	tcase_add_test(tcase, an_empty_transmitter_interrupts);
	tcase_add_test(tcase, processors_know_their_place);
	tcase_add_test(tcase, tables_are_whole);
	tcase_add_test(tcase, tables_are_good_acpi);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
