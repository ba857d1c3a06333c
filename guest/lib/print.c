// SPDX-License-Identifier: MPL-2.0
/* Formatted text, on the serial line or elsewhere. */
#include "guest/lib/guest.h"

static void (*send)(uint8_t byte);

static void print_text(const char *text)
{
	while (*text)
		send((uint8_t)*text++);
}

/* A machine word, because 64-bit division in 32-bit code needs a support library. */
static void print_decimal(unsigned long number)
{
	char digits[24];
	char *digit = digits + sizeof(digits) - 1;

	*digit = 0;
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	print_text(digit);
}

static void print_hexadecimal(unsigned long long number)
{
	int shift = 60;

	while (shift && !(number >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		send((uint8_t) "0123456789abcdef"[number >> shift & 15]);
}

static unsigned long long next_number(va_list *arguments, unsigned longs)
{
	if (longs == 0)
		return va_arg(*arguments, unsigned);
	if (longs == 1)
		return va_arg(*arguments, unsigned long);
	return va_arg(*arguments, unsigned long long);
}

void print_list(void (*to)(uint8_t byte), const char *format, va_list list)
{
	va_list arguments;

	send = to;
	va_copy(arguments, list);
	for (; *format; format++) {
		unsigned longs = 0;

		if (*format != '%') {
			send((uint8_t)*format);
			continue;
		}
		while (*++format == 'l')
			longs++;
		if (*format == 's')
			print_text(va_arg(arguments, const char *));
		else if (*format == 'u')
			print_decimal((unsigned long)next_number(&arguments, longs));
		else
			print_hexadecimal(next_number(&arguments, longs));
	}
	va_end(arguments);
}

void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_list(serial_send, format, arguments);
	va_end(arguments);
}
