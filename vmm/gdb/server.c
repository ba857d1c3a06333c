// SPDX-License-Identifier: MPL-2.0
/*
 * The stub. Source: Debugging with GDB, appendices E.2 "Packets", E.3 "Stop Reply Packets" and E.4
 * "General Query Packets". A packet that is not known gets an empty answer, as the protocol wants.
 */
#include "vmm/gdb/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_ARGUMENT "E16" /* EINVAL, by GDB's habit in hexadecimal */
#define ERROR_MEMORY   "E0e" /* EFAULT */

/* A packet as it is read, from left to right. */
struct text {
	const char *at;
};

static void send_packet(struct mz_gdb_server *server, const struct mz_gdb_writer *writer)
{
	server->frame_bytes = mz_gdb_frame(writer, server->frame);
	server->send(server->context, server->frame, server->frame_bytes);
}

static void answer(struct mz_gdb_server *server, const char *text)
{
	struct mz_gdb_writer writer = {.bytes = 0};

	mz_gdb_put(&writer, text);
	send_packet(server, &writer);
}

/* A number in hexadecimal. False: there is none, or it is too large. */
static bool take_number(struct text *text, uint64_t *value)
{
	const char *begin = text->at;

	for (*value = 0; mz_gdb_digit(*text->at) >= 0; text->at++) {
		if (*value >> 60 != 0)
			return false;
		*value = *value << 4 | (uint64_t)mz_gdb_digit(*text->at);
	}
	return text->at > begin;
}

static bool take(struct text *text, const char *what)
{
	size_t bytes = strlen(what);

	if (strncmp(text->at, what, bytes) != 0)
		return false;
	text->at += bytes;
	return true;
}

/* GDB's threads are counted from 1; 0 is any, and -1 all: both become the one that stopped. */
static bool take_thread(const struct mz_gdb_server *server, struct text *text, unsigned *thread)
{
	uint64_t id = 0;

	if (!take(text, "-1") && !take_number(text, &id))
		return false;
	if (id > server->target->threads)
		return false;
	*thread = id == 0 ? server->stop.thread : (unsigned)id - 1;
	return true;
}

/* ---- Stops ---- */

static const char *const point_words[MZ_GDB_POINTS] = {
	[MZ_GDB_BREAK_SOFT] = "swbreak",  [MZ_GDB_BREAK_HARD] = "hwbreak",
	[MZ_GDB_WATCH_WRITE] = "watch",   [MZ_GDB_WATCH_READ] = "rwatch",
	[MZ_GDB_WATCH_ACCESS] = "awatch",
};

static void report_stop(struct mz_gdb_server *server)
{
	const struct mz_gdb_stop *stop = &server->stop;
	char text[96];
	int length = snprintf(text, sizeof(text), "T%02xthread:%x;", (unsigned)stop->signal,
			      stop->thread + 1);

	if (stop->why == MZ_GDB_STOP_POINT && stop->kind <= MZ_GDB_BREAK_HARD)
		snprintf(text + length, sizeof(text) - (size_t)length, "%s:;",
			 point_words[stop->kind]);
	else if (stop->why == MZ_GDB_STOP_POINT)
		snprintf(text + length, sizeof(text) - (size_t)length, "%s:%llx;",
			 point_words[stop->kind], (unsigned long long)stop->address);
	answer(server, text);
}

void mz_gdb_stopped(struct mz_gdb_server *server, const struct mz_gdb_stop *stop)
{
	server->stop = *stop;
	server->general = server->stepped = stop->thread;
	if (!server->running)
		return;
	server->running = false;
	report_stop(server);
}

void mz_gdb_ended(struct mz_gdb_server *server, unsigned char status)
{
	char text[8];

	if (server->gone)
		return;
	snprintf(text, sizeof(text), "W%02x", status);
	answer(server, text);
	server->running = false;
	server->gone = true;
}

static void resume(struct mz_gdb_server *server, const enum mz_gdb_action *actions)
{
	server->running = true;
	server->target->resume(server->target->context, actions);
}

/* "c", "s", and with a signal, which there is no use for: one thread steps, or all run. */
static void go_on(struct mz_gdb_server *server, bool step)
{
	enum mz_gdb_action actions[MZ_GDB_THREADS_MAX];

	for (unsigned i = 0; i < server->target->threads; i++)
		actions[i] = step ? MZ_GDB_HOLD : MZ_GDB_RUN;
	if (step)
		actions[server->stepped] = MZ_GDB_STEP;
	resume(server, actions);
}

/* One action of vCont. False: it is none, or for no thread. */
static bool take_action(const struct mz_gdb_server *server, struct text *text, bool *decided,
			enum mz_gdb_action *actions)
{
	enum mz_gdb_action action = strchr("sS", *text->at) != NULL ? MZ_GDB_STEP : MZ_GDB_RUN;
	unsigned thread = 0;
	uint64_t signal;

	if (*text->at == '\0' || strchr("cCsS", *text->at) == NULL)
		return false;
	if (strchr("CS", *text->at++) != NULL && !take_number(text, &signal))
		return false;
	if (!take(text, ":-1") && take(text, ":")) {
		if (!take_thread(server, text, &thread))
			return false;
		if (!decided[thread])
			actions[thread] = action;
		decided[thread] = true;
		return true;
	}
	for (unsigned i = 0; i < server->target->threads; i++) {
		if (!decided[i])
			actions[i] = action;
		decided[i] = true;
	}
	return true;
}

/* "vCont;ACTION[:THREAD];...": the first that names a thread, or all, decides. */
static void continue_each(struct mz_gdb_server *server, struct text text)
{
	enum mz_gdb_action actions[MZ_GDB_THREADS_MAX] = {MZ_GDB_HOLD};
	bool decided[MZ_GDB_THREADS_MAX] = {false}, any = false;

	while (take(&text, ";"))
		if (!take_action(server, &text, decided, actions)) {
			answer(server, ERROR_ARGUMENT);
			return;
		}
	for (unsigned i = 0; i < server->target->threads; i++)
		any |= actions[i] != MZ_GDB_HOLD;
	if (!any || *text.at != '\0')
		answer(server, ERROR_ARGUMENT);
	else
		resume(server, actions);
}

/* ---- Registers ---- */

static void get_registers(struct mz_gdb_server *server)
{
	struct mz_gdb_writer writer = {.bytes = 0};
	struct mz_gdb_registers registers;

	if (!server->target->get_registers(server->target->context, server->general, &registers)) {
		answer(server, ERROR_ARGUMENT);
		return;
	}
	mz_gdb_put_hex(&writer, &registers, sizeof(registers));
	send_packet(server, &writer);
}

static bool put_registers(const struct mz_gdb_server *server, const char *hex)
{
	struct mz_gdb_registers registers;

	return mz_gdb_parse_hex(hex, &registers, sizeof(registers)) &&
		server->target->set_registers(server->target->context, server->general, &registers);
}

static void get_register(struct mz_gdb_server *server, struct text text)
{
	struct mz_gdb_writer writer = {.bytes = 0};
	struct mz_gdb_registers registers;
	uint64_t number;
	size_t offset, bytes = 0;

	if (take_number(&text, &number) && number < 1024)
		bytes = mz_gdb_register_at((unsigned)number, &offset);
	if (bytes == 0 ||
	    !server->target->get_registers(server->target->context, server->general, &registers)) {
		answer(server, ERROR_ARGUMENT);
		return;
	}
	mz_gdb_put_hex(&writer, (const char *)&registers + offset, bytes);
	send_packet(server, &writer);
}

static bool put_register(const struct mz_gdb_server *server, struct text text)
{
	const struct mz_gdb_target *target = server->target;
	struct mz_gdb_registers registers;
	uint64_t number;
	size_t offset, bytes = 0;

	if (take_number(&text, &number) && number < 1024)
		bytes = mz_gdb_register_at((unsigned)number, &offset);
	return bytes != 0 && take(&text, "=") &&
		target->get_registers(target->context, server->general, &registers) &&
		mz_gdb_parse_hex(text.at, (char *)&registers + offset, bytes) &&
		target->set_registers(target->context, server->general, &registers);
}

/* ---- Memory ---- */

static void get_memory(struct mz_gdb_server *server, struct text text)
{
	const struct mz_gdb_target *target = server->target;
	struct mz_gdb_writer writer = {.bytes = 0};
	unsigned char data[MZ_GDB_PACKET_BYTES / 2];
	uint64_t address, bytes;
	size_t got;

	if (!take_number(&text, &address) || !take(&text, ",") || !take_number(&text, &bytes)) {
		answer(server, ERROR_ARGUMENT);
		return;
	}
	if (bytes > sizeof(data))
		bytes = sizeof(data);
	got = target->read(target->context, server->general, address, data, (size_t)bytes);
	if (got == 0 && bytes > 0) {
		answer(server, ERROR_MEMORY);
		return;
	}
	mz_gdb_put_hex(&writer, data, got);
	send_packet(server, &writer);
}

static void put_memory(struct mz_gdb_server *server, struct text text)
{
	const struct mz_gdb_target *target = server->target;
	unsigned char data[MZ_GDB_PACKET_BYTES / 2];
	uint64_t address, bytes;

	if (!take_number(&text, &address) || !take(&text, ",") || !take_number(&text, &bytes) ||
	    !take(&text, ":") || bytes > sizeof(data) ||
	    !mz_gdb_parse_hex(text.at, data, (size_t)bytes))
		answer(server, ERROR_ARGUMENT);
	else if (!target->write(target->context, server->general, address, data, (size_t)bytes))
		answer(server, ERROR_MEMORY);
	else
		answer(server, "OK");
}

/* ---- Points ---- */

static void change_point(struct mz_gdb_server *server, struct text text, bool set)
{
	const struct mz_gdb_target *target = server->target;
	uint64_t kind, address, bytes;
	bool done;

	if (!take_number(&text, &kind) || !take(&text, ",") || !take_number(&text, &address) ||
	    !take(&text, ",") || !take_number(&text, &bytes) || bytes > 8) {
		answer(server, ERROR_ARGUMENT);
		return;
	}
	if (kind >= MZ_GDB_POINTS) {
		answer(server, "");
		return;
	}
	done = (set ? target->set_point : target->clear_point)(target->context, server->general,
							       (enum mz_gdb_point)kind, address,
							       (unsigned)bytes);
	answer(server, done ? "OK" : ERROR_MEMORY);
}

/* ---- Queries ---- */

/* "qXfer:features:read:target.xml:OFFSET,LENGTH" */
static void get_description(struct mz_gdb_server *server, struct text text)
{
	const char *description = mz_gdb_description();
	size_t all = strlen(description);
	struct mz_gdb_writer writer = {.bytes = 0};
	uint64_t offset, bytes;

	if (!take_number(&text, &offset) || !take(&text, ",") || !take_number(&text, &bytes) ||
	    offset > all) {
		answer(server, ERROR_ARGUMENT);
		return;
	}
	/* Any byte may take two. */
	if (bytes > MZ_GDB_PACKET_BYTES / 2 - 1)
		bytes = MZ_GDB_PACKET_BYTES / 2 - 1;
	if (bytes > all - offset)
		bytes = all - offset;
	mz_gdb_put(&writer, offset + bytes == all ? "l" : "m");
	mz_gdb_put_binary(&writer, description + offset, (size_t)bytes);
	send_packet(server, &writer);
}

static void list_threads(struct mz_gdb_server *server)
{
	struct mz_gdb_writer writer = {.bytes = 0};
	char text[16];

	for (unsigned i = 0; i < server->target->threads; i++) {
		snprintf(text, sizeof(text), "%c%x", i == 0 ? 'm' : ',', i + 1);
		mz_gdb_put(&writer, text);
	}
	send_packet(server, &writer);
}

static void name_thread(struct mz_gdb_server *server, struct text text)
{
	struct mz_gdb_writer writer = {.bytes = 0};
	unsigned thread;
	char name[16];

	if (!take_thread(server, &text, &thread)) {
		answer(server, ERROR_ARGUMENT);
		return;
	}
	snprintf(name, sizeof(name), "vCPU %u", thread);
	mz_gdb_put_hex(&writer, name, strlen(name));
	send_packet(server, &writer);
}

static void answer_query(struct mz_gdb_server *server, struct text text)
{
	char current[16];

	if (take(&text, "Supported")) {
		answer(server,
		       "PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;vContSupported+;"
		       "swbreak+;hwbreak+");
	} else if (take(&text, "Xfer:features:read:target.xml:")) {
		get_description(server, text);
	} else if (take(&text, "fThreadInfo")) {
		list_threads(server);
	} else if (take(&text, "sThreadInfo")) {
		answer(server, "l");
	} else if (take(&text, "ThreadExtraInfo,")) {
		name_thread(server, text);
	} else if (take(&text, "Attached")) {
		answer(server, "1");
	} else if (strcmp(text.at, "C") == 0) {
		snprintf(current, sizeof(current), "QC%x", server->stop.thread + 1);
		answer(server, current);
	} else {
		answer(server, "");
	}
}

/* ---- Packets ---- */

static void choose_thread(struct mz_gdb_server *server, struct text text)
{
	unsigned *chosen = *text.at == 'g' ? &server->general : &server->stepped;

	if (*text.at == '\0' || strchr("gc", *text.at++) == NULL)
		answer(server, "");
	else
		answer(server, take_thread(server, &text, chosen) ? "OK" : ERROR_ARGUMENT);
}

static void leave(struct mz_gdb_server *server, bool kill)
{
	server->gone = true;
	(kill ? server->target->kill : server->target->detach)(server->target->context);
}

/* "c[ADDRESS]" and "s[ADDRESS]" */
static void go_on_at(struct mz_gdb_server *server, struct text text, bool step)
{
	const struct mz_gdb_target *target = server->target;
	struct mz_gdb_registers registers;
	uint64_t address;

	if (take_number(&text, &address)) {
		if (!target->get_registers(target->context, server->stepped, &registers)) {
			answer(server, ERROR_ARGUMENT);
			return;
		}
		registers.rip = address;
		if (!target->set_registers(target->context, server->stepped, &registers)) {
			answer(server, ERROR_ARGUMENT);
			return;
		}
	}
	go_on(server, step);
}

static void answer_v(struct mz_gdb_server *server, struct text text)
{
	if (take(&text, "Cont?")) {
		answer(server, "vCont;c;C;s;S");
	} else if (take(&text, "Cont")) {
		continue_each(server, text);
	} else if (take(&text, "Kill")) {
		answer(server, "OK");
		leave(server, true);
	} else {
		answer(server, "");
	}
}

static void answer_packet(struct mz_gdb_server *server, const char *data)
{
	struct text text = {data + 1};
	unsigned thread;

	switch (data[0]) {
	case '?':
		report_stop(server);
		break;
	case 'g':
		get_registers(server);
		break;
	case 'G':
		answer(server, put_registers(server, text.at) ? "OK" : ERROR_ARGUMENT);
		break;
	case 'p':
		get_register(server, text);
		break;
	case 'P':
		answer(server, put_register(server, text) ? "OK" : ERROR_ARGUMENT);
		break;
	case 'm':
		get_memory(server, text);
		break;
	case 'M':
		put_memory(server, text);
		break;
	case 'Z':
	case 'z':
		change_point(server, text, data[0] == 'Z');
		break;
	case 'c':
	case 's':
		go_on_at(server, text, data[0] == 's');
		break;
	case 'C':
	case 'S':
		go_on(server, data[0] == 'S');
		break;
	case 'H':
		choose_thread(server, text);
		break;
	case 'T':
		answer(server, take_thread(server, &text, &thread) ? "OK" : ERROR_ARGUMENT);
		break;
	case 'q':
		answer_query(server, text);
		break;
	case 'v':
		answer_v(server, text);
		break;
	case 'D':
		answer(server, "OK");
		leave(server, false);
		break;
	case 'k':
		leave(server, true);
		break;
	default:
		answer(server, "");
		break;
	}
}

/* While the target runs, GDB can only interrupt it. */
static void take_packet(struct mz_gdb_server *server)
{
	if (server->acknowledged)
		server->send(server->context, "+", 1);
	if (server->running)
		return;
	if (strcmp(server->reader.data, "QStartNoAckMode") == 0) {
		answer(server, "OK");
		server->acknowledged = false;
		return;
	}
	answer_packet(server, server->reader.data);
}

void mz_gdb_begin(struct mz_gdb_server *server, const struct mz_gdb_target *target, void *context,
		  void (*send)(void *context, const char *data, size_t bytes))
{
	memset(server, 0, sizeof(*server));
	server->target = target;
	server->context = context;
	server->send = send;
	server->acknowledged = true;
	server->stop.signal = 5;
}

void mz_gdb_feed(struct mz_gdb_server *server, const char *data, size_t bytes)
{
	for (size_t i = 0; i < bytes && !server->gone; i++) {
		switch (mz_gdb_read(&server->reader, (unsigned char)data[i])) {
		case MZ_GDB_PACKET:
			take_packet(server);
			break;
		case MZ_GDB_BAD:
			if (server->acknowledged)
				server->send(server->context, "-", 1);
			break;
		case MZ_GDB_REJECTED:
			if (server->acknowledged && server->frame_bytes > 0)
				server->send(server->context, server->frame, server->frame_bytes);
			break;
		case MZ_GDB_INTERRUPT:
			if (server->running)
				server->target->interrupt(server->target->context);
			break;
		case MZ_GDB_NOTHING:
			break;
		}
	}
}
