// SPDX-License-Identifier: MPL-2.0
#include "vmm/gdb/registers.h"

#include <pthread.h>
#include <stdio.h>

/* A run of registers of one kind: NAME and a number where there are several without names. */
struct registers {
	const char *feature; /* that begins here; NULL: goes on */
	const char *const *names;
	const char *stem; /* if there are no names */
	unsigned count;
	size_t offset, bytes;
	const char *type;
};

#define AT(member) offsetof(struct mz_gdb_registers, member)

static const char *const general[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi"};
static const char *const pointers[] = {"rbp", "rsp"};
static const char *const rip[] = {"rip"};
static const char *const segments[] = {"eflags", "cs", "ss", "ds", "es", "fs", "gs"};
static const char *const control[] = {"fctrl", "fstat", "ftag",  "fiseg",
				      "fioff", "foseg", "fooff", "fop"};
static const char *const mxcsr[] = {"mxcsr"};
static const char *const bases[] = {"fs_base", "gs_base"};
static const char *const system_names[] = {"cr0", "cr2", "cr3", "cr4", "cr8", "efer"};

static const struct registers runs[] = {
	{"org.gnu.gdb.i386.core", general, NULL, 6, AT(general), 8, "int64"},
	{NULL, pointers, NULL, 2, AT(general[6]), 8, "data_ptr"},
	{NULL, NULL, "r", 8, AT(general[8]), 8, "int64"},
	{NULL, rip, NULL, 1, AT(rip), 8, "code_ptr"},
	{NULL, segments, NULL, 7, AT(eflags), 4, "int32"},
	{NULL, NULL, "st", 8, AT(st), 10, "i387_ext"},
	{NULL, control, NULL, 8, AT(fctrl), 4, "int32"},
	{"org.gnu.gdb.i386.sse", NULL, "xmm", 16, AT(xmm), 16, "uint128"},
	{NULL, mxcsr, NULL, 1, AT(mxcsr), 4, "int32"},
	{"org.gnu.gdb.i386.segments", bases, NULL, 2, AT(fs_base), 8, "int64"},
	{"mezzanine.system", system_names, NULL, 6, AT(cr0), 8, "int64"},
};

#define RUNS (sizeof(runs) / sizeof(runs[0]))

size_t mz_gdb_register_at(unsigned number, size_t *offset)
{
	for (size_t i = 0; i < RUNS; i++) {
		if (number < runs[i].count) {
			*offset = runs[i].offset + number * runs[i].bytes;
			return runs[i].bytes;
		}
		number -= runs[i].count;
	}
	return 0;
}

static char description[8192];

static void describe(FILE *out)
{
	fputs("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
	      "<architecture>i386:x86-64</architecture>",
	      out);
	for (size_t i = 0; i < RUNS; i++) {
		const struct registers *run = &runs[i];

		if (run->feature != NULL)
			fprintf(out, "%s<feature name=\"%s\">", i > 0 ? "</feature>" : "",
				run->feature);
		for (unsigned k = 0; k < run->count; k++) {
			fputs("<reg name=\"", out);
			if (run->names != NULL)
				fputs(run->names[k], out);
			else /* r8 is the first that has a number for a name */
				fprintf(out, "%s%u", run->stem, run->stem[0] == 'r' ? k + 8 : k);
			fprintf(out, "\" bitsize=\"%zu\" type=\"%s\"/>", 8 * run->bytes, run->type);
		}
	}
	fputs("</feature></target>", out);
}

static void make_description(void)
{
	FILE *out = fmemopen(description, sizeof(description), "w");

	if (out == NULL)
		return;
	describe(out);
	fclose(out);
}

const char *mz_gdb_description(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_description);
	return description;
}
