// SPDX-License-Identifier: MPL-2.0
/* Code as instructions: what comes before the one that counts, that one, and what follows. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "vmm/machine/disassembly.h"

static char lines[4096];

static void add_line(void *context, const char *text)
{
	(void)context;
	must(strlen(lines) + strlen(text) + 2 < sizeof(lines));
	strcat(strcat(lines, text), "\n");
}

static void disassemble(const char *bytes, size_t count, size_t here, unsigned bits)
{
	const struct mz_code code = {.bytes = (const unsigned char *)bytes,
				     .count = count,
				     .here = here,
				     .address = 0x1000,
				     .bits = bits};

	lines[0] = '\0';
	mz_disassemble(&code, add_line, NULL);
}

/* check calls the function of a test by its name and _fn. */
static bool have_capstone(const char *function)
{
	disassemble("\x90", 1, 0, 64);
	if (!lines[0])
		printf("# SKIP %.*s: no capstone\n", (int)strlen(function) - 3, function);
	return lines[0] != '\0';
}

static void expect(const char *words)
{
	must_say(strstr(lines, words) != NULL, "\"%s\" is not in:\n%s", words, lines);
}

START_TEST(the_instruction_is_marked_and_stands_between_others)
{
	if (!have_capstone(__func__))
		return;
	/* push rbp; mov rbp, rsp; out 0x80, al; hlt; jmp to itself */
	disassemble("\x55\x48\x89\xe5\xe6\x80\xf4\xeb\xfe", 9, 4, 64);
	expect("   0000000000000ffc  55 ");
	expect("   0000000000000ffd  48 89 e5 ");
	expect("mov rbp, rsp\n=> 0000000000001000  e6 80 ");
	expect("out 0x80, al\n   0000000000001002  f4 ");
	expect("hlt \n   0000000000001003  eb fe ");
	expect("jmp 0x1003\n");
}
END_TEST

START_TEST(code_has_its_width)
{
	static const char code[] = "\x48\xb8\x01\x00\x00\x00\x00\x00\x00\x00";

	if (!have_capstone(__func__))
		return;
	disassemble(code, 10, 0, 64);
	expect("movabs rax, 1\n");
	disassemble(code, 10, 0, 32);
	expect("dec eax\n");
	expect("mov eax, 1\n");
	disassemble(code, 10, 0, 16);
	expect("dec ax\n");
	expect("mov ax, 1\n");
}
END_TEST

START_TEST(what_is_no_instruction_is_left_out)
{
	if (!have_capstone(__func__))
		return;
	disassemble("\x06\x90", 2, 1, 64); /* push es is none in 64-bit mode */
	must(strncmp(lines, "=> 0000000000001000  90 ", 24) == 0);
	disassemble("\x90\x06", 2, 1, 64);
	must(strncmp(lines, "   0000000000000fff  90 ", 24) == 0);
	must(strstr(lines, "=>") == NULL);
	disassemble("\x48", 1, 0, 64); /* only its beginning is there */
	must(lines[0] == '\0');
}
END_TEST

START_TEST(only_a_few_come_before)
{
	unsigned found = 0;

	if (!have_capstone(__func__))
		return;
	disassemble("\x90\x90\x90\x90\x90\x90\x90\x90\x90\xf4", 10, 9, 64);
	for (const char *at = lines; (at = strstr(at, "nop")) != NULL; at++)
		found++;
	must_equal(found, 5);
	expect("=> 0000000000001000  f4 ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disassembly");
	TCase *tcase = tcase_create("code");

	tcase_add_test(tcase, the_instruction_is_marked_and_stands_between_others);
	tcase_add_test(tcase, code_has_its_width);
	tcase_add_test(tcase, what_is_no_instruction_is_left_out);
	tcase_add_test(tcase, only_a_few_come_before);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
