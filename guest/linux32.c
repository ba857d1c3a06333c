// SPDX-License-Identifier: MPL-2.0
/*
 * A bzImage without a 64-bit entry point: linux32.bin. Checks what Linux's 32-bit boot protocol
 * promises.
 *
 * Words: any; the command line is printed. Initrd: any.
 * Prints: a greeting, what is wrong, the command line, the size of the initrd and the sum of its
 *   bytes (modulo 2^32) if there is one.
 * Status: how much is wrong.
 */
#include "guest/lib/mode32.h"

/* The Linux/x86 Boot Protocol, "32-bit Boot Protocol": __BOOT_CS and __BOOT_DS. */
#define CODE 0x10u
#define DATA 0x18u

/* Where fields of the zero page are: "The Real-Mode Kernel Header" and zero-page.rst. */
#define E820_ENTRIES  0x1e8u
#define MAGIC         0x202u
#define RAMDISK_IMAGE 0x218u
#define RAMDISK_SIZE  0x21cu
#define CMD_LINE_PTR  0x228u

#define HEADER_MAGIC 0x53726448u /* "HdrS" */

static unsigned segment_failures(void)
{
	uint32_t cs, ds, es, ss;

	__asm__("mov %%cs, %0" : "=r"(cs));
	__asm__("mov %%ds, %0" : "=r"(ds));
	__asm__("mov %%es, %0" : "=r"(es));
	__asm__("mov %%ss, %0" : "=r"(ss));
	return expect(cs == CODE, "cs") + expect(ds == DATA, "ds") + expect(es == DATA, "es") +
		expect(ss == DATA, "ss") +
		expect(segment_limit(ds) == UINT32_MAX, "the data segments have a limit");
}

static uint32_t word(uint32_t address)
{
	return *(const uint32_t *)at32(address);
}

unsigned guest_main32(uint32_t zero_page, uint32_t ebx_ebp_edi)
{
	unsigned failures = mode32_failures() + segment_failures();
	uint32_t initrd_bytes = word(zero_page + RAMDISK_SIZE);

	print("hello from Linux's 32-bit entry point\n");
	failures += expect(ebx_ebp_edi == 0, "ebx, ebp or edi is not 0");
	failures += expect(word(zero_page + MAGIC) == HEADER_MAGIC, "no header in the zero page");
	failures += expect((word(zero_page + E820_ENTRIES) & 0xff) > 0, "no memory map");
	print("command line: %s\n", (const char *)at32(word(zero_page + CMD_LINE_PTR)));
	if (initrd_bytes > 0)
		print("initrd: %u bytes, sum 0x%x\n", initrd_bytes,
		      sum_of_bytes(word(zero_page + RAMDISK_IMAGE), initrd_bytes));
	return failures;
}
