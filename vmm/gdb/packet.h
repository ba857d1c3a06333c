/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Packets of GDB's remote serial protocol: "$DATA#XX", where XX is the sum of the bytes of DATA.
 * Source: Debugging with GDB, appendix E.1 "Overview". What comes is hostile: nothing in it is
 * believed, and none of it makes a packet larger than there is room for.
 */
#ifndef MZ_VMM_GDB_PACKET_H
#define MZ_VMM_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#define MZ_GDB_PACKET_BYTES 4096 /* of data */

/* What a byte has completed. */
enum mz_gdb_event {
	MZ_GDB_NOTHING,
	MZ_GDB_PACKET,    /* a packet that is whole: `data` until the next byte comes */
	MZ_GDB_BAD,       /* a packet whose sum is wrong, or that is too large: to be sent again */
	MZ_GDB_INTERRUPT, /* byte 3 outside of packets: the target is to stop */
	MZ_GDB_REJECTED,  /* "-": what was sent last is to be sent again */
};

/* A reader of packets. Begins with all zeros. */
struct mz_gdb_reader {
	enum { MZ_GDB_OUTSIDE, MZ_GDB_INSIDE, MZ_GDB_SUM_HIGH, MZ_GDB_SUM_LOW } state;
	char data[MZ_GDB_PACKET_BYTES + 1]; /* ends with a 0 */
	size_t bytes;
	bool too_large, escaped;
	unsigned char sum, wanted;
};

enum mz_gdb_event mz_gdb_read(struct mz_gdb_reader *reader, unsigned char byte);

/* A packet that is put together to be sent. Begins with all zeros. */
struct mz_gdb_writer {
	char data[MZ_GDB_PACKET_BYTES];
	size_t bytes;
	bool full; /* not all has found room; what has is a prefix */
};

void mz_gdb_put(struct mz_gdb_writer *writer, const char *text);
void mz_gdb_put_hex(struct mz_gdb_writer *writer, const void *data, size_t bytes);
/* Data that may be any bytes, escaped. */
void mz_gdb_put_binary(struct mz_gdb_writer *writer, const char *data, size_t bytes);

/* The packet as it is sent; room for MZ_GDB_FRAME_BYTES. Answers its length. */
#define MZ_GDB_FRAME_BYTES (MZ_GDB_PACKET_BYTES + 4)
size_t mz_gdb_frame(const struct mz_gdb_writer *writer, char *frame);

/* A digit's value, or -1. */
int mz_gdb_digit(char digit);

/* Two digits a byte. False: not so many. */
bool mz_gdb_parse_hex(const char *text, void *data, size_t bytes);

#endif
