// SPDX-License-Identifier: MPL-2.0
/*
 * The first serial port of a PC, polled. Source: National Semiconductor PC16550D data sheet,
 * section 8.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define DATA         (SERIAL_PORT + 0)
#define INTERRUPTS   (SERIAL_PORT + 1)
#define FIFO_CONTROL (SERIAL_PORT + 2)
#define LINE_CONTROL (SERIAL_PORT + 3)
#define MODEM        (SERIAL_PORT + 4)
#define LINE_STATUS  (SERIAL_PORT + 5)

#define LINE_8N1      0x03 /* 8.1 */
#define FIFO_RESET_ON 0x07 /* 8.5: enabled, both emptied */
#define MODEM_READY   0x03 /* 8.8: DTR and RTS */
#define STATUS_INPUT  0x01 /* 8.4: data ready */
#define STATUS_ROOM   0x20 /* 8.4: the transmitter's FIFO is empty */
#define FIFO_BYTES    16

/* How many bytes the transmitter takes before its status must be read again. */
static unsigned room;

void serial_init(void)
{
	out8(LINE_CONTROL, LINE_8N1);
	out8(INTERRUPTS, 0);
	out8(FIFO_CONTROL, FIFO_RESET_ON);
	out8(MODEM, MODEM_READY);
	room = 0;
}

void serial_send(uint8_t byte)
{
	if (!room) {
		while (!(in8(LINE_STATUS) & STATUS_ROOM))
			;
		room = FIFO_BYTES;
	}
	out8(DATA, byte);
	room--;
}

uint8_t serial_receive(void)
{
	while (!(in8(LINE_STATUS) & STATUS_INPUT))
		;
	return in8(DATA);
}
