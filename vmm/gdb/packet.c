// SPDX-License-Identifier: MPL-2.0
#include "vmm/gdb/packet.h"

#include <string.h>

#define INTERRUPT  3
#define ESCAPE     '}'
#define ESCAPE_XOR 0x20

static const char digits[] = "0123456789abcdef";

int mz_gdb_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static void begin(struct mz_gdb_reader *reader)
{
	reader->state = MZ_GDB_INSIDE;
	reader->bytes = 0;
	reader->sum = 0;
	reader->too_large = reader->escaped = false;
}

static enum mz_gdb_event read_outside(struct mz_gdb_reader *reader, unsigned char byte)
{
	switch (byte) {
	case '$':
		begin(reader);
		return MZ_GDB_NOTHING;
	case '-':
		return MZ_GDB_REJECTED;
	case INTERRUPT:
		return MZ_GDB_INTERRUPT;
	default:
		return MZ_GDB_NOTHING; /* an acknowledgement, or noise */
	}
}

static enum mz_gdb_event read_inside(struct mz_gdb_reader *reader, unsigned char byte)
{
	if (byte == '#') {
		reader->state = MZ_GDB_SUM_HIGH;
		return MZ_GDB_NOTHING;
	}
	/* A packet that was cut off, and the next. */
	if (byte == '$') {
		begin(reader);
		return MZ_GDB_NOTHING;
	}
	reader->sum = (unsigned char)(reader->sum + byte);
	if (byte == ESCAPE && !reader->escaped) {
		reader->escaped = true;
		return MZ_GDB_NOTHING;
	}
	if (reader->bytes == MZ_GDB_PACKET_BYTES)
		reader->too_large = true;
	else
		reader->data[reader->bytes++] = (char)(byte ^ (reader->escaped ? ESCAPE_XOR : 0));
	reader->escaped = false;
	return MZ_GDB_NOTHING;
}

static enum mz_gdb_event read_sum(struct mz_gdb_reader *reader, unsigned char byte)
{
	int digit = mz_gdb_digit((char)byte);

	if (digit < 0) {
		reader->state = MZ_GDB_OUTSIDE;
		return MZ_GDB_BAD;
	}
	if (reader->state == MZ_GDB_SUM_HIGH) {
		reader->wanted = (unsigned char)(digit << 4);
		reader->state = MZ_GDB_SUM_LOW;
		return MZ_GDB_NOTHING;
	}
	reader->state = MZ_GDB_OUTSIDE;
	reader->data[reader->bytes] = '\0';
	return reader->too_large || reader->escaped || (reader->wanted | digit) != reader->sum
		? MZ_GDB_BAD
		: MZ_GDB_PACKET;
}

enum mz_gdb_event mz_gdb_read(struct mz_gdb_reader *reader, unsigned char byte)
{
	switch (reader->state) {
	case MZ_GDB_OUTSIDE:
		return read_outside(reader, byte);
	case MZ_GDB_INSIDE:
		return read_inside(reader, byte);
	default:
		return read_sum(reader, byte);
	}
}

static void put_byte(struct mz_gdb_writer *writer, char byte)
{
	if (writer->bytes == MZ_GDB_PACKET_BYTES)
		writer->full = true;
	else
		writer->data[writer->bytes++] = byte;
}

void mz_gdb_put(struct mz_gdb_writer *writer, const char *text)
{
	for (; *text != '\0'; text++)
		put_byte(writer, *text);
}

void mz_gdb_put_hex(struct mz_gdb_writer *writer, const void *data, size_t bytes)
{
	const unsigned char *from = data;

	for (size_t i = 0; i < bytes; i++) {
		put_byte(writer, digits[from[i] >> 4]);
		put_byte(writer, digits[from[i] & 15]);
	}
}

void mz_gdb_put_binary(struct mz_gdb_writer *writer, const char *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (memchr("#$}*", data[i], 4) != NULL) {
			put_byte(writer, ESCAPE);
			put_byte(writer, (char)(data[i] ^ ESCAPE_XOR));
		} else {
			put_byte(writer, data[i]);
		}
	}
}

size_t mz_gdb_frame(const struct mz_gdb_writer *writer, char *frame)
{
	unsigned char sum = 0;

	frame[0] = '$';
	memcpy(frame + 1, writer->data, writer->bytes);
	for (size_t i = 0; i < writer->bytes; i++)
		sum = (unsigned char)(sum + (unsigned char)writer->data[i]);
	frame[writer->bytes + 1] = '#';
	frame[writer->bytes + 2] = digits[sum >> 4];
	frame[writer->bytes + 3] = digits[sum & 15];
	return writer->bytes + 4;
}

bool mz_gdb_parse_hex(const char *text, void *data, size_t bytes)
{
	unsigned char *to = data;

	for (size_t i = 0; i < bytes; i++) {
		int high = mz_gdb_digit(text[2 * i]), low;

		if (high < 0)
			return false;
		low = mz_gdb_digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
