// SPDX-License-Identifier: MPL-2.0
/* The stub for GDB: packets, whatever comes, and what is answered, over a target of nothing but
 * memory. */
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/gdb/server.h"
#include "vmm/machine/machine.h"

#define THREADS      3
#define MEMORY_BASE  0x1000u
#define MEMORY_BYTES 0x3000u

/* What the target holds, and what was done to it. */
static struct {
	struct mz_gdb_registers registers[THREADS];
	unsigned char memory[MEMORY_BYTES];
	enum mz_gdb_action actions[THREADS];
	unsigned resumed, interrupted, detached, killed, points;
	char last_point[64];
} fake;

static struct mz_gdb_server server;
static char sent[2 * MZ_GDB_FRAME_BYTES];
static size_t sent_bytes;

static bool get_registers(void *context, unsigned thread, struct mz_gdb_registers *registers)
{
	(void)context;
	ck_assert_uint_lt(thread, THREADS);
	*registers = fake.registers[thread];
	return true;
}

static bool set_registers(void *context, unsigned thread, const struct mz_gdb_registers *registers)
{
	(void)context;
	ck_assert_uint_lt(thread, THREADS);
	fake.registers[thread] = *registers;
	return true;
}

static size_t inside(uint64_t address, size_t bytes)
{
	uint64_t offset = address - MEMORY_BASE;

	if (offset >= MEMORY_BYTES)
		return 0;
	return bytes < MEMORY_BYTES - offset ? bytes : (size_t)(MEMORY_BYTES - offset);
}

static size_t read_memory(void *context, unsigned thread, uint64_t address, void *data,
			  size_t bytes)
{
	size_t got = inside(address, bytes);

	(void)context;
	ck_assert_uint_lt(thread, THREADS);
	if (got > 0)
		memcpy(data, fake.memory + (address - MEMORY_BASE), got);
	return got;
}

static bool write_memory(void *context, unsigned thread, uint64_t address, const void *data,
			 size_t bytes)
{
	(void)context;
	ck_assert_uint_lt(thread, THREADS);
	if (inside(address, bytes) != bytes)
		return false;
	if (bytes > 0)
		memcpy(fake.memory + (address - MEMORY_BASE), data, bytes);
	return true;
}

static bool note_point(const char *what, enum mz_gdb_point kind, uint64_t address, unsigned bytes)
{
	snprintf(fake.last_point, sizeof(fake.last_point), "%s %d %llx %u", what, (int)kind,
		 (unsigned long long)address, bytes);
	fake.points++;
	return address != 0xbad;
}

static bool set_point(void *context, unsigned thread, enum mz_gdb_point kind, uint64_t address,
		      unsigned bytes)
{
	(void)context;
	(void)thread;
	return note_point("set", kind, address, bytes);
}

static bool clear_point(void *context, unsigned thread, enum mz_gdb_point kind, uint64_t address,
			unsigned bytes)
{
	(void)context;
	(void)thread;
	return note_point("clear", kind, address, bytes);
}

static void resume(void *context, const enum mz_gdb_action *actions)
{
	(void)context;
	memcpy(fake.actions, actions, sizeof(fake.actions));
	fake.resumed++;
}

static void interrupt(void *context)
{
	(void)context;
	fake.interrupted++;
}

static void detach(void *context)
{
	(void)context;
	fake.detached++;
}

static void kill_target(void *context)
{
	(void)context;
	fake.killed++;
}

static const struct mz_gdb_target target = {
	.threads = THREADS,
	.get_registers = get_registers,
	.set_registers = set_registers,
	.read = read_memory,
	.write = write_memory,
	.set_point = set_point,
	.clear_point = clear_point,
	.resume = resume,
	.interrupt = interrupt,
	.detach = detach,
	.kill = kill_target,
};

static void keep_sent(void *context, const char *data, size_t bytes)
{
	(void)context;
	if (bytes > sizeof(sent) - sent_bytes)
		sent_bytes = 0;
	memcpy(sent + sent_bytes, data, bytes);
	sent_bytes += bytes;
}

static void begin(void)
{
	memset(&fake, 0, sizeof(fake));
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < sizeof(fake.registers[t]); i++)
			((unsigned char *)&fake.registers[t])[i] = (unsigned char)(i + t);
	for (unsigned i = 0; i < MEMORY_BYTES; i++)
		fake.memory[i] = (unsigned char)(i * 7);
	mz_gdb_begin(&server, &target, NULL, keep_sent);
	sent_bytes = 0;
}

static void feed(const char *text)
{
	mz_gdb_feed(&server, text, strlen(text));
}

/* Sends a packet; what comes back, without its frame and acknowledgement. */
static const char *ask(const char *packet)
{
	static char reply[sizeof(sent)];
	char frame[2 * MZ_GDB_PACKET_BYTES];
	unsigned char sum = 0;
	char *from, *to;

	for (const char *at = packet; *at != '\0'; at++)
		sum = (unsigned char)(sum + (unsigned char)*at);
	snprintf(frame, sizeof(frame), "$%s#%02x", packet, sum);
	sent_bytes = 0;
	feed(frame);
	sent[sent_bytes] = '\0';
	from = strchr(sent, '$');
	if (from == NULL)
		return NULL;
	to = strrchr(sent, '#');
	ck_assert_ptr_nonnull(to);
	*to = '\0';
	strcpy(reply, from + 1);
	return reply;
}

static void assert_answer(const char *packet, const char *wanted)
{
	const char *got = ask(packet);

	ck_assert_msg(got != NULL, "%s: no answer", packet);
	ck_assert_msg(strcmp(got, wanted) == 0, "%s: %s, wanted %s", packet, got, wanted);
}

START_TEST(packets_are_acknowledged_and_bad_ones_are_asked_for_again)
{
	begin();
	feed("noise+$?#3f");
	ck_assert_uint_eq(sent_bytes, strlen("+$T05thread:1;#d7"));
	ck_assert_int_eq(memcmp(sent, "+$T05thread:1;#", 15), 0);
	sent_bytes = 0;
	feed("$?#40");
	ck_assert_int_eq(memcmp(sent, "-", 1), 0);
	ck_assert_uint_eq(sent_bytes, 1);
	sent_bytes = 0;
	feed("-");
	ck_assert_int_eq(memcmp(sent, "$T05thread:1;#", 14), 0);
	sent_bytes = 0;
	feed("$cut off$?#3f");
	ck_assert_int_eq(memcmp(sent, "+$T05", 5), 0);
	assert_answer("QStartNoAckMode", "OK");
	sent_bytes = 0;
	feed("$?#3f");
	ck_assert_int_eq(memcmp(sent, "$T05", 4), 0);
}
END_TEST

START_TEST(a_packet_that_is_too_large_is_refused)
{
	begin();
	feed("$");
	for (unsigned i = 0; i < 2 * MZ_GDB_PACKET_BYTES; i++)
		feed("0");
	feed("#00");
	ck_assert_uint_eq(sent_bytes, 1);
	ck_assert_int_eq(sent[0], '-');
	assert_answer("?", "T05thread:1;");
}
END_TEST

static const char *const answers[][2] = {
	{"qAttached", "1"},
	{"qC", "QC1"},
	{"qfThreadInfo", "m1,2,3"},
	{"qsThreadInfo", "l"},
	{"qThreadExtraInfo,2", "764350552031"}, /* "vCPU 1" */
	{"qThreadExtraInfo,4", "E16"},
	{"qSymbol::", ""},
	{"vMustReplyEmpty", ""},
	{"vCont?", "vCont;c;C;s;S"},
	{"T3", "OK"},
	{"T4", "E16"},
	{"Tx", "E16"},
	{"Hg2", "OK"},
	{"Hg-1", "OK"},
	{"Hg0", "OK"},
	{"Hg9", "E16"},
	{"Hx1", ""},
	{"H", ""},
	{"!", ""},
	{"m1000,4", "00070e15"},
	{"m3ffe,10", "f2f9"},
	{"m3ffe,0", ""},
	{"m4000,1", "E0e"},
	{"mffffffffffffffff,10", "E0e"},
	{"m10000000000000000,1", "E16"},
	{"m1000", "E16"},
	{"m,1", "E16"},
	{"M1000,2:abcd", "OK"},
	{"M1000,2:abc", "E16"},
	{"M1000,2:abxd", "E16"},
	{"M1000,ffffffff:00", "E16"},
	{"M3fff,2:0000", "E0e"},
	{"p0", "0001020304050607"},
	{"p11", "88898a8b"}, /* eflags */
	{"p400", "E16"},
	{"p", "E16"},
	{"P0=1122334455667788", "OK"},
	{"P0=11", "E16"},
	{"P0", "E16"},
	{"G00", "E16"},
	{"Z0,1234,1", "OK"},
	{"Z1,1234,1", "OK"},
	{"z4,1234,8", "OK"},
	{"Z0,bad,1", "E0e"},
	{"Z5,1234,1", ""},
	{"Z0,1234", "E16"},
	{"Z2,1234,9", "E16"},
	{"vCont;x", "E16"},
	{"vCont;c:9", "E16"},
	{"vCont", "E16"},
	{"vCont;c;", "E16"},
	{"qXfer:features:read:target.xml:ffffff,10", "E16"},
	{"qXfer:features:read:other.xml:0,10", ""},
};

#define ANSWERS (int)(sizeof(answers) / sizeof(answers[0]))

START_TEST(a_packet_has_its_answer)
{
	begin();
	assert_answer(answers[_i][0], answers[_i][1]);
	ck_assert_uint_eq(fake.resumed + fake.killed + fake.detached, 0);
}
END_TEST

START_TEST(all_registers_are_read_and_written_at_once)
{
	char packet[2 * sizeof(struct mz_gdb_registers) + 2] = "G";
	const char *got;

	begin();
	assert_answer("Hg2", "OK");
	got = ask("g");
	ck_assert_uint_eq(strlen(got), 2 * sizeof(struct mz_gdb_registers));
	ck_assert_int_eq(strncmp(got, "0102030405060708", 16), 0);
	for (size_t i = 1; i < sizeof(packet) - 1; i++)
		packet[i] = "5a"[(i - 1) % 2];
	assert_answer(packet, "OK");
	ck_assert_uint_eq(fake.registers[1].rip, 0x5a5a5a5a5a5a5a5au);
	ck_assert_uint_ne(fake.registers[0].rip, 0x5a5a5a5a5a5a5a5au);
}
END_TEST

/* The numbers that the description gives are those of `p`: in order, and each has its size. */
START_TEST(the_description_is_that_of_the_registers)
{
	char all[16384] = "", *at = all;
	unsigned number = 0;
	size_t offset, sum = 0;

	begin();
	for (unsigned from = 0;;) {
		char packet[64];
		const char *got;

		snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%x,7b", from);
		got = ask(packet);
		strcat(all, got + 1);
		from += (unsigned)strlen(got + 1);
		if (got[0] == 'l')
			break;
		ck_assert_int_eq(got[0], 'm');
	}
	while ((at = strstr(at, "bitsize=\"")) != NULL) {
		size_t bytes = mz_gdb_register_at(number, &offset);

		at += strlen("bitsize=\"");
		ck_assert_uint_eq(bytes, strtoul(at, NULL, 10) / 8);
		ck_assert_uint_eq(offset, sum);
		sum += bytes;
		number++;
	}
	ck_assert_uint_eq(sum, sizeof(struct mz_gdb_registers));
	ck_assert_uint_eq(mz_gdb_register_at(number, &offset), 0);
}
END_TEST

static void assert_actions(enum mz_gdb_action a, enum mz_gdb_action b, enum mz_gdb_action c)
{
	ck_assert_int_eq(fake.actions[0], a);
	ck_assert_int_eq(fake.actions[1], b);
	ck_assert_int_eq(fake.actions[2], c);
}

static void stop_at(unsigned thread, int signal)
{
	const struct mz_gdb_stop stop = {.thread = thread, .signal = signal};

	sent_bytes = 0;
	mz_gdb_stopped(&server, &stop);
}

START_TEST(threads_go_on_as_they_are_told)
{
	begin();
	ck_assert_ptr_null(ask("c"));
	assert_actions(MZ_GDB_RUN, MZ_GDB_RUN, MZ_GDB_RUN);
	/* It runs: nothing is answered until it has stopped. */
	ck_assert_ptr_null(ask("g"));
	feed("\x03");
	ck_assert_uint_eq(fake.interrupted, 1);
	stop_at(2, 2);
	sent[sent_bytes] = '\0';
	ck_assert_int_eq(strncmp(sent, "$T02thread:3;#", 14), 0);
	ck_assert_ptr_null(ask("s"));
	assert_actions(MZ_GDB_HOLD, MZ_GDB_HOLD, MZ_GDB_STEP);
	stop_at(2, 5);
	ck_assert_ptr_null(ask("vCont;s:2;c"));
	assert_actions(MZ_GDB_RUN, MZ_GDB_STEP, MZ_GDB_RUN);
	stop_at(1, 5);
	ck_assert_ptr_null(ask("vCont;s:2;c:1"));
	assert_actions(MZ_GDB_RUN, MZ_GDB_STEP, MZ_GDB_HOLD);
	stop_at(1, 5);
	ck_assert_ptr_null(ask("vCont;C05:1"));
	assert_actions(MZ_GDB_RUN, MZ_GDB_HOLD, MZ_GDB_HOLD);
	stop_at(0, 5);
	ck_assert_ptr_null(ask("vCont;s:2;c:-1"));
	assert_actions(MZ_GDB_RUN, MZ_GDB_STEP, MZ_GDB_RUN);
	stop_at(0, 5);
	ck_assert_ptr_null(ask("c4321"));
	ck_assert_uint_eq(fake.registers[0].rip, 0x4321);
	ck_assert_uint_eq(fake.resumed, 7);
}
END_TEST

START_TEST(stops_say_what_was_met)
{
	struct mz_gdb_stop stop = {.thread = 1, .why = MZ_GDB_STOP_POINT, .signal = 5};
	static const char *const wanted[MZ_GDB_POINTS] = {
		"$T05thread:2;swbreak:;#", "$T05thread:2;hwbreak:;#", "$T05thread:2;watch:1234;#",
		"$T05thread:2;rwatch:1234;#", "$T05thread:2;awatch:1234;#"};

	for (unsigned kind = 0; kind < MZ_GDB_POINTS; kind++) {
		begin();
		ck_assert_ptr_null(ask("c"));
		stop.kind = (enum mz_gdb_point)kind;
		stop.address = 0x1234;
		sent_bytes = 0;
		mz_gdb_stopped(&server, &stop);
		ck_assert_int_eq(strncmp(sent, wanted[kind], strlen(wanted[kind])), 0);
	}
}
END_TEST

START_TEST(the_end_is_told_once_and_whoever_has_left_hears_nothing)
{
	begin();
	ck_assert_ptr_null(ask("c"));
	sent_bytes = 0;
	mz_gdb_ended(&server, 0x2a);
	ck_assert_int_eq(strncmp(sent, "$W2a#", 5), 0);
	sent_bytes = 0;
	mz_gdb_ended(&server, 1);
	ck_assert_uint_eq(sent_bytes, 0);
	begin();
	assert_answer("D", "OK");
	ck_assert_uint_eq(fake.detached, 1);
	sent_bytes = 0;
	mz_gdb_ended(&server, 1);
	feed("$?#3f");
	ck_assert_uint_eq(sent_bytes, 0);
	begin();
	ck_assert_ptr_null(ask("k"));
	ck_assert_uint_eq(fake.killed, 1);
	begin();
	assert_answer("vKill;1", "OK");
	ck_assert_uint_eq(fake.killed, 1);
}
END_TEST

/* Packets of known beginnings and bytes of any kind: nothing is written where it should not be. */
START_TEST(whatever_comes_does_no_harm)
{
	static const char *const beginnings[] = {"m",      "M",
						 "G",      "P",
						 "p",      "Z",
						 "z",      "qXfer:features:read:target.xml:",
						 "vCont;", "H",
						 "T",      "c",
						 "s",      "qThreadExtraInfo,",
						 "?",      "g"};
	static const char alphabet[] = "0123456789abcdef,;:=-cs#$}*\x03";
	struct rng rng = {rng_seed()};

	begin();
	for (unsigned i = 0; i < rng_steps(20000); i++) {
		char packet[64];
		size_t at = (size_t)snprintf(
			packet, sizeof(packet), "%s",
			beginnings[rng_below(&rng, sizeof(beginnings) / sizeof(beginnings[0]))]);
		size_t more = (size_t)rng_below(&rng, 20);

		for (size_t k = 0; k < more && at < sizeof(packet) - 1; k++)
			packet[at++] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		packet[at] = '\0';
		sent_bytes = 0;
		ask(packet);
		if (server.running)
			stop_at((unsigned)rng_below(&rng, THREADS), 5);
		if (server.gone)
			begin();
	}
}
END_TEST

/* ---- The machine's side ---- */

static struct mz_vm vm; /* so much of one as the debugger's thread looks at */

/* Of this host's own; in `text`, too. */
static struct sockaddr_in free_port(char text[8])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, bytes), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	close(fd);
	snprintf(text, 8, "%u", ntohs(address.sin_port));
	return address;
}

/* There can be no more descriptors than there are, or again as many as ever. */
static void limit_descriptors(bool limited)
{
	struct rlimit limit;
	int next = limited ? dup(STDERR_FILENO) : -1;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limited ? (rlim_t)next : limit.rlim_max;
	if (limited)
		close(next);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(who_cannot_be_let_in_is_let_in_later_and_without_haste)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address;
	struct mz_failure failure;
	struct mz_debug debug;
	char text[8], byte;
	clock_t used;

	address = free_port(text);
	mz_pause_init(&vm.pause);
	mz_pause_wish(&vm.pause);
	mz_debug_prepare(&debug, &vm);
	ck_assert_int_eq(mz_debug_init(&debug, text, &failure), 0);
	ck_assert_int_eq(mz_debug_start(&debug), 0);
	limit_descriptors(true);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	used = clock();
	poll(NULL, 0, 300);
	ck_assert_int_lt(clock() - used, CLOCKS_PER_SEC / 10);
	limit_descriptors(false);
	ck_assert_int_eq(write(fd, "$?#3f", 5), 5);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	ck_assert_int_eq(byte, '+');
	mz_debug_stop(&debug, 0);
	mz_debug_destroy(&debug);
	mz_pause_destroy(&vm.pause);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdb");
	TCase *tcase = tcase_create("gdb");

	tcase_add_test(tcase, packets_are_acknowledged_and_bad_ones_are_asked_for_again);
	tcase_add_test(tcase, a_packet_that_is_too_large_is_refused);
	tcase_add_loop_test(tcase, a_packet_has_its_answer, 0, ANSWERS);
	tcase_add_test(tcase, all_registers_are_read_and_written_at_once);
	tcase_add_test(tcase, the_description_is_that_of_the_registers);
	tcase_add_test(tcase, threads_go_on_as_they_are_told);
	tcase_add_test(tcase, stops_say_what_was_met);
	tcase_add_test(tcase, the_end_is_told_once_and_whoever_has_left_hears_nothing);
	tcase_add_test(tcase, whatever_comes_does_no_harm);
	tcase_add_test(tcase, who_cannot_be_let_in_is_let_in_later_and_without_haste);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
