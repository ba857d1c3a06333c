// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/report.h"

#include "guest/lib/guest.h"

static char name[160];
static unsigned name_length;
static unsigned tests, failures;

static void name_send(uint8_t byte)
{
	if (name_length < sizeof(name) - 1)
		name[name_length++] = (char)byte;
	name[name_length] = 0;
}

void report_test(const char *format, ...)
{
	va_list arguments;

	name_length = 0;
	va_start(arguments, format);
	print_list(name_send, format, arguments);
	va_end(arguments);
}

const char *report_name(void)
{
	return name;
}

static bool begins(const char *text, const char *part)
{
	while (*part != 0 && *text == *part) {
		text++;
		part++;
	}
	return *part == 0;
}

bool report_named(const char *of, const char *part)
{
	for (; *of != 0; of++)
		if (begins(of, part))
			return true;
	return false;
}

void report_ok(void)
{
	print("ok %u - %s\n", ++tests, name);
}

void report_not_ok(const char *format, ...)
{
	va_list arguments;

	print("not ok %u - %s\n# ", ++tests, name);
	failures++;
	va_start(arguments, format);
	print_list(serial_send, format, arguments);
	va_end(arguments);
	print("\n");
}

void report_skip(const char *reason)
{
	print("ok %u - %s # SKIP %s\n", ++tests, name, reason);
}

void report_note(const char *format, ...)
{
	va_list arguments;

	print("# ");
	va_start(arguments, format);
	print_list(serial_send, format, arguments);
	va_end(arguments);
	print("\n");
}

bool report_end(void)
{
	print("1..%u\n", tests);
	return failures == 0;
}
