// SPDX-License-Identifier: MPL-2.0
/* The serial port. Sections are those of the PC16550D data sheet. */
#include "vmm/device/serial.h"

#include <string.h>

/* Table II: the registers by port. */
enum {
	DATA,
	INTERRUPT_ENABLE,
	FIFO_CONTROL,
	LINE_CONTROL,
	MODEM_CONTROL,
	LINE_STATUS,
	MODEM_STATUS,
	SCRATCH
};

#define LCR_DIVISOR_LATCH 0x80 /* 8.1, bit 7 */

#define IER_RECEIVED 0x01 /* 8.7, bit 0 */
#define IER_SENT     0x02 /* 8.7, bit 1 */
#define IER_MASK     0x0f /* 8.7: bits 4 to 7 are always 0 */

#define FCR_FIFO_ENABLE 0x01 /* 8.5, bit 0 */
#define FCR_RX_RESET    0x02 /* 8.5, bit 1 */

#define IIR_NONE_PENDING  0x01 /* 8.6, bit 0 */
#define IIR_SENT          0x02 /* table IV: the transmitter is empty */
#define IIR_RECEIVED      0x04 /* table IV: the receiver has a byte */
#define IIR_FIFOS_ENABLED 0xc0 /* 8.6, bits 6 and 7 */

#define LSR_DATA_READY    0x01 /* 8.4, bit 0 */
#define LSR_HOLDING_EMPTY 0x20 /* 8.4, bit 5 */
#define LSR_SENDER_EMPTY  0x40 /* 8.4, bit 6 */

#define MCR_DTR  0x01 /* 8.8, bit 0 */
#define MCR_RTS  0x02 /* 8.8, bit 1 */
#define MCR_OUT1 0x04 /* 8.8, bit 2 */
#define MCR_OUT2 0x08 /* 8.8, bit 3 */
#define MCR_LOOP 0x10 /* 8.8, bit 4 */
#define MCR_MASK 0x1f /* 8.8: bits 5 to 7 are always 0 */

#define MSR_CTS 0x10 /* 8.9, bit 4 */
#define MSR_DSR 0x20 /* 8.9, bit 5 */
#define MSR_RI  0x40 /* 8.9, bit 6 */
#define MSR_DCD 0x80 /* 8.9, bit 7 */

static bool loopback(const struct mz_serial *serial)
{
	return (serial->mcr & MCR_LOOP) != 0;
}

static bool divisor_latch(const struct mz_serial *serial)
{
	return (serial->lcr & LCR_DIVISOR_LATCH) != 0;
}

static bool has_received(const struct mz_serial *serial)
{
	if (loopback(serial))
		return serial->looped;
	return !serial->deaf && mz_console_has_input(serial->console);
}

/* 8.6, table IV: the pending interrupt of the highest priority. */
static unsigned char pending(const struct mz_serial *serial)
{
	if ((serial->ier & IER_RECEIVED) && has_received(serial))
		return IIR_RECEIVED;
	if ((serial->ier & IER_SENT) && serial->sent)
		return IIR_SENT;
	return IIR_NONE_PENDING;
}

/*
 * In loopback mode the outputs are off (8.8). The controllers of a PC see edges of this line, so it
 * is raised when it goes up.
 */
static void update_line(struct mz_serial *serial)
{
	bool up = pending(serial) != IIR_NONE_PENDING && (serial->mcr & MCR_OUT2) &&
		!loopback(serial);

	if (up && !serial->line)
		mz_irq_raise(&serial->irq);
	serial->line = up;
}

/* Reading it takes the transmitter's interrupt back (table IV). */
static unsigned char identify(struct mz_serial *serial)
{
	unsigned char which = pending(serial);

	if (which == IIR_SENT)
		serial->sent = false;
	return serial->fcr & FCR_FIFO_ENABLE ? IIR_FIFOS_ENABLED | which : which;
}

/* Who reads the output may be slow: nobody who has input for the guest waits for that. */
static void put(struct mz_serial *serial, unsigned char byte)
{
	pthread_mutex_unlock(&serial->mutex);
	mz_console_put(serial->console, byte);
	pthread_mutex_lock(&serial->mutex);
}

static void flush(struct mz_serial *serial)
{
	pthread_mutex_unlock(&serial->mutex);
	mz_console_flush(serial->console);
	pthread_mutex_lock(&serial->mutex);
}

static unsigned char receive(struct mz_serial *serial)
{
	int byte;

	if (loopback(serial)) {
		serial->looped = false;
		return serial->loop_byte;
	}
	byte = serial->deaf ? -1 : mz_console_take(serial->console);
	return byte < 0 ? 0 : (unsigned char)byte;
}

/* The transmitter is empty again at once: its interrupt goes away and comes back. */
static void send(struct mz_serial *serial, unsigned char byte)
{
	serial->sent = false;
	update_line(serial);
	serial->sent = true;
	if (loopback(serial)) {
		serial->loop_byte = byte;
		serial->looped = true;
	} else {
		put(serial, byte);
	}
}

static unsigned char line_status(struct mz_serial *serial)
{
	unsigned char status = LSR_HOLDING_EMPTY | LSR_SENDER_EMPTY;

	if (has_received(serial))
		return status | LSR_DATA_READY;
	/*
	 * A guest that looks at the status again and again, with nothing to read and without
	 * sending, waits for its user, who must see the prompt. A guest that looks once before each
	 * byte is in the middle of its output.
	 */
	if (serial->status_read)
		flush(serial);
	return status;
}

/*
 * The other side is there and ready; in loopback mode (8.8) the outputs are connected to the
 * inputs.
 */
static unsigned char modem_status(const struct mz_serial *serial)
{
	unsigned char status = 0;

	if (!loopback(serial))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (serial->mcr & MCR_RTS)
		status |= MSR_CTS;
	if (serial->mcr & MCR_DTR)
		status |= MSR_DSR;
	if (serial->mcr & MCR_OUT1)
		status |= MSR_RI;
	if (serial->mcr & MCR_OUT2)
		status |= MSR_DCD;
	return status;
}

static unsigned char register_read(struct mz_serial *serial, uint64_t port)
{
	switch (port) {
	case DATA:
		return divisor_latch(serial) ? serial->dll : receive(serial);
	case INTERRUPT_ENABLE:
		return divisor_latch(serial) ? serial->dlm : serial->ier;
	case FIFO_CONTROL: /* reads as interrupt identification */
		return identify(serial);
	case LINE_CONTROL:
		return serial->lcr;
	case MODEM_CONTROL:
		return serial->mcr;
	case LINE_STATUS:
		return line_status(serial);
	case MODEM_STATUS:
		return modem_status(serial);
	default:
		return serial->scr;
	}
}

/*
 * A reset drops the byte on the loop. The console's input stays: it is still on the line, not in
 * the FIFO.
 */
static void fifo_control(struct mz_serial *serial, unsigned char data)
{
	serial->fcr = data & FCR_FIFO_ENABLE;
	if (data & FCR_RX_RESET)
		serial->looped = false;
}

/*
 * The transmitter's interrupt is pending as soon as it is enabled. A guest that switches it off has
 * sent all it had: what it wrote is for its user to see.
 */
static void interrupt_enable(struct mz_serial *serial, unsigned char data)
{
	unsigned char before = serial->ier;

	serial->ier = data & IER_MASK;
	if ((serial->ier & ~before) & IER_SENT)
		serial->sent = true;
	if ((before & ~serial->ier) & IER_SENT)
		flush(serial);
}

static void register_write(struct mz_serial *serial, uint64_t port, unsigned char data)
{
	switch (port) {
	case DATA:
		if (divisor_latch(serial))
			serial->dll = data;
		else
			send(serial, data);
		break;
	case INTERRUPT_ENABLE:
		if (divisor_latch(serial))
			serial->dlm = data;
		else
			interrupt_enable(serial, data);
		break;
	case FIFO_CONTROL:
		fifo_control(serial, data);
		break;
	case LINE_CONTROL:
		serial->lcr = data;
		break;
	case MODEM_CONTROL:
		serial->mcr = data & MCR_MASK;
		break;
	case SCRATCH:
		serial->scr = data;
		break;
	default: /* the status registers: writes are for the factory (8.4) or set delta bits (8.9)
		  */
		break;
	}
}

static uint64_t ports_read(void *context, uint64_t offset, unsigned bytes)
{
	struct mz_serial *serial = context;
	uint64_t data = 0;

	pthread_mutex_lock(&serial->mutex);
	for (unsigned i = 0; i < bytes; i++) {
		data |= (uint64_t)register_read(serial, offset + i) << (8 * i);
		serial->status_read = offset + i == LINE_STATUS;
	}
	update_line(serial);
	pthread_mutex_unlock(&serial->mutex);
	return data;
}

static void ports_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_serial *serial = context;

	pthread_mutex_lock(&serial->mutex);
	for (unsigned i = 0; i < bytes; i++)
		register_write(serial, offset + i, (unsigned char)(data >> (8 * i)));
	serial->status_read = false;
	update_line(serial);
	pthread_mutex_unlock(&serial->mutex);
}

int mz_serial_init(struct mz_serial *serial, struct mz_bus *bus, uint64_t base,
		   struct mz_console *console, const struct mz_irq *irq, struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "serial",
		.base = base,
		.bytes = MZ_SERIAL_PORTS,
		.context = serial,
		.read = ports_read,
		.write = ports_write,
	};

	memset(serial, 0, sizeof(*serial));
	serial->console = console;
	serial->irq = *irq;
	pthread_mutex_init(&serial->mutex, NULL);
	return mz_bus_add(bus, &device, failure);
}

void mz_serial_receive(struct mz_serial *serial)
{
	pthread_mutex_lock(&serial->mutex);
	update_line(serial);
	pthread_mutex_unlock(&serial->mutex);
}

static void registers_state(struct mz_serial *serial, struct mz_state *state)
{
	mz_state_part(state, "serial", 1);
	mz_state_u8(state, &serial->ier);
	mz_state_u8(state, &serial->fcr);
	mz_state_u8(state, &serial->lcr);
	mz_state_u8(state, &serial->mcr);
	mz_state_u8(state, &serial->scr);
	mz_state_u8(state, &serial->dll);
	mz_state_u8(state, &serial->dlm);
	mz_state_bool(state, &serial->looped);
	mz_state_u8(state, &serial->loop_byte);
	mz_state_bool(state, &serial->status_read);
	mz_state_bool(state, &serial->sent);
	mz_state_check(state,
		       !(serial->ier & ~IER_MASK) && !(serial->fcr & ~FCR_FIFO_ENABLE) &&
			       !(serial->mcr & ~MCR_MASK),
		       "bits that are always 0 are 1");
}

/* The line follows from the registers, and from input that may be there now. */
void mz_serial_state(struct mz_serial *serial, struct mz_state *state)
{
	pthread_mutex_lock(&serial->mutex);
	registers_state(serial, state);
	if (state->loading) {
		serial->line = false;
		update_line(serial);
	}
	pthread_mutex_unlock(&serial->mutex);
}
