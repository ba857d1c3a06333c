// SPDX-License-Identifier: MPL-2.0
#include "vmm/machine/debug.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/thread.h"
#include "vmm/machine/debug_registers.h"
#include "vmm/machine/machine.h"
#include "vmm/memory/written.h"

/* GDB's numbers of signals. */
#define GDB_SIGINT  2
#define GDB_SIGTRAP 5

/* Vectors of exceptions. */
#define VECTOR_DB 1
#define VECTOR_BP 3

/* How long to wait for vCPUs before they are kicked again. */
#define PAUSE_NS 100000000u

#define REST_MS 100 /* after a connection could not be accepted */

#define DR6_STEP (UINT64_C(1) << 14) /* Intel SDM volume 3B, section 17.2.3 */

static struct mz_vcpu *vcpu_of(const struct mz_debug *debug, unsigned thread)
{
	return &debug->vm->vcpus[thread].vcpu;
}

/* ---- What GDB can do to the machine ---- */

static bool get_registers(void *context, unsigned thread, struct mz_gdb_registers *registers)
{
	return mz_debug_get_registers(vcpu_of(context, thread), registers);
}

static bool set_registers(void *context, unsigned thread, const struct mz_gdb_registers *registers)
{
	return mz_debug_set_registers(vcpu_of(context, thread), registers);
}

/* The part of [address, address + bytes) in one page, and where it is. */
static bool next_part(const struct mz_debug *debug, unsigned thread, uint64_t address, size_t bytes,
		      uint64_t *gpa, size_t *part)
{
	size_t rest = MZ_RAM_PAGE - (size_t)(address % MZ_RAM_PAGE);

	*part = bytes < rest ? bytes : rest;
	return mz_vcpu_translate(vcpu_of(debug, thread), address, gpa);
}

static size_t read_memory(void *context, unsigned thread, uint64_t address, void *data,
			  size_t bytes)
{
	const struct mz_debug *debug = context;
	size_t done = 0, part;
	uint64_t gpa;

	for (; done < bytes; done += part) {
		const void *at;

		if (!next_part(debug, thread, address + done, bytes - done, &gpa, &part))
			break;
		at = mz_ram_peek(&debug->vm->ram, gpa, part);
		if (at == NULL)
			break;
		memcpy((char *)data + done, at, part);
	}
	return done;
}

static bool write_memory(void *context, unsigned thread, uint64_t address, const void *data,
			 size_t bytes)
{
	const struct mz_debug *debug = context;
	size_t part;
	uint64_t gpa;

	for (size_t done = 0; done < bytes; done += part) {
		void *at;

		if (!next_part(debug, thread, address + done, bytes - done, &gpa, &part))
			return false;
		at = mz_ram_at(&debug->vm->ram, gpa, part);
		if (at == NULL)
			return false;
		memcpy(at, (const char *)data + done, part);
		mz_tell_written(&debug->vm->space, gpa, part);
	}
	return true;
}

static bool set_point(void *context, unsigned thread, enum mz_gdb_point kind, uint64_t address,
		      unsigned bytes)
{
	struct mz_debug *debug = context;

	return mz_debug_points_set(&debug->points, vcpu_of(debug, thread), &debug->vm->ram, kind,
				   address, bytes);
}

static bool clear_point(void *context, unsigned thread, enum mz_gdb_point kind, uint64_t address,
			unsigned bytes)
{
	struct mz_debug *debug = context;

	(void)thread;
	return mz_debug_points_clear(&debug->points, &debug->vm->ram, kind, address, bytes);
}

/* KVM's side of points and steps. A vCPU that it refuses this for runs without. */
static void control(struct mz_debug *debug, unsigned thread, uint32_t more)
{
	struct kvm_guest_debug settings = mz_debug_points_control(&debug->points,
								  debug->stepping[thread]);

	settings.control |= more;
	ioctl(vcpu_of(debug, thread)->fd, KVM_SET_GUEST_DEBUG, &settings);
}

/* One of those that are to go has come to a point already. */
static bool take_late(struct mz_debug *debug, uint64_t going, struct mz_gdb_stop *stop)
{
	bool any;

	pthread_mutex_lock(&debug->mutex);
	any = (debug->late_set & going) != 0;
	if (any) {
		unsigned thread = (unsigned)__builtin_ctzll(debug->late_set & going);

		*stop = debug->late[thread];
		debug->late_set &= ~(UINT64_C(1) << thread);
	}
	pthread_mutex_unlock(&debug->mutex);
	return any;
}

static void resume(void *context, const enum mz_gdb_action *actions)
{
	struct mz_debug *debug = context;
	uint64_t going = 0, all = 0;
	struct mz_gdb_stop stop;

	for (unsigned i = 0; i < debug->target.threads; i++) {
		debug->stepping[i] = actions[i] == MZ_GDB_STEP;
		control(debug, i, 0);
		all |= UINT64_C(1) << i;
		if (actions[i] != MZ_GDB_HOLD)
			going |= UINT64_C(1) << i;
	}
	if (take_late(debug, going, &stop)) {
		mz_gdb_stopped(&debug->server, &stop);
		return;
	}
	debug->partly = going != all;
	pthread_mutex_lock(&debug->mutex);
	debug->state = MZ_DEBUG_RUNNING;
	if (debug->partly)
		mz_pause_exempt(&debug->vm->pause, going);
	else
		mz_pause_end(&debug->vm->pause);
	pthread_mutex_unlock(&debug->mutex);
}

/* Has the pause back. The mutex is held. */
static void wish(struct mz_debug *debug)
{
	if (debug->partly)
		mz_pause_exempt(&debug->vm->pause, 0);
	else
		mz_pause_wish(&debug->vm->pause);
}

/* Stops what runs, and waits until it has. `stop`: why, if no vCPU knows better. */
static void hold(struct mz_debug *debug, struct mz_gdb_stop stop)
{
	struct mz_vm *vm = debug->vm;

	pthread_mutex_lock(&debug->mutex);
	if (debug->state == MZ_DEBUG_HIT)
		stop = debug->stop;
	else
		wish(debug);
	debug->state = MZ_DEBUG_STOPPED;
	pthread_mutex_unlock(&debug->mutex);
	do
		mz_vm_kick(vm);
	while (!mz_pause_await(&vm->pause, mz_now_ns() + PAUSE_NS) && !mz_vm_over(vm));
	if (!mz_vm_over(vm))
		mz_gdb_stopped(&debug->server, &stop);
}

static void interrupt(void *context)
{
	static const struct mz_gdb_stop stop = {.signal = GDB_SIGINT};

	hold(context, stop);
}

static void detach(void *context)
{
	struct mz_debug *debug = context;
	enum mz_gdb_action all[MZ_GDB_THREADS_MAX];

	for (unsigned i = 0; i < MZ_GDB_THREADS_MAX; i++)
		all[i] = MZ_GDB_RUN;
	mz_debug_points_clear_all(&debug->points, &debug->vm->ram);
	debug->late_set = 0;
	resume(debug, all);
}

static void kill_machine(void *context)
{
	struct mz_debug *debug = context;

	mz_vm_stop(debug->vm, MZ_STATUS_TERMINATED);
}

/* ---- Stops at points ---- */

static struct mz_gdb_stop stop_of(const struct mz_runner *runner,
				  const struct kvm_debug_exit_arch *what)
{
	const struct mz_debug_points *points = &runner->vm->debug.points;
	struct mz_gdb_stop stop = {.thread = runner->vcpu.index, .signal = GDB_SIGTRAP};

	if (what->exception == VECTOR_BP) {
		stop.why = MZ_GDB_STOP_POINT;
		stop.kind = MZ_GDB_BREAK_SOFT;
		return stop;
	}
	for (unsigned i = 0; i < MZ_DEBUG_HARD_MAX && !(what->dr6 & DR6_STEP); i++) {
		if (!points->hard[i].used || !(what->dr6 >> i & 1))
			continue;
		stop.why = MZ_GDB_STOP_POINT;
		stop.kind = points->hard[i].kind;
		stop.address = points->hard[i].address;
	}
	return stop;
}

void mz_debug_hit(struct mz_runner *runner, const struct kvm_debug_exit_arch *what)
{
	struct mz_debug *debug = &runner->vm->debug;
	unsigned thread = runner->vcpu.index;

	/* An int3 of the guest's own goes to the guest. */
	if (what->exception == VECTOR_BP && !mz_debug_points_at(&debug->points, what->pc)) {
		control(debug, thread, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_BP);
		return;
	}
	pthread_mutex_lock(&debug->mutex);
	if (debug->state == MZ_DEBUG_RUNNING) {
		debug->state = MZ_DEBUG_HIT;
		debug->stop = stop_of(runner, what);
		wish(debug);
		eventfd_write(debug->hit, 1);
	} else if (what->exception != VECTOR_BP) {
		/* An int3 will be met again, but what is watched has been accessed. */
		debug->late[thread] = stop_of(runner, what);
		debug->late_set |= UINT64_C(1) << thread;
	}
	pthread_mutex_unlock(&debug->mutex);
}

bool mz_debug_stumbled(struct mz_runner *runner)
{
	struct kvm_debug_exit_arch what = {.exception = VECTOR_BP};
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (!mz_debug_on(&runner->vm->debug) || mz_vcpu_registers(&runner->vcpu, &regs, &sregs))
		return false;
	what.pc = sregs.cs.base + regs.rip;
	if (!mz_debug_points_at(&runner->vm->debug.points, what.pc))
		return false;
	mz_debug_hit(runner, &what);
	return true;
}

static enum mz_debug_state state_of(struct mz_debug *debug)
{
	enum mz_debug_state state;

	pthread_mutex_lock(&debug->mutex);
	state = debug->state;
	pthread_mutex_unlock(&debug->mutex);
	return state;
}

bool mz_debug_holds(struct mz_debug *debug)
{
	return mz_debug_on(debug) && state_of(debug) != MZ_DEBUG_RUNNING;
}

/* ---- The thread ---- */

/* Waits until the client takes more. False: the run is over, which waits for nobody's reading. */
static bool await_room(const struct mz_debug *debug)
{
	struct pollfd fds[] = {
		{.fd = debug->client, .events = POLLOUT},
		{.fd = debug->left, .events = POLLIN},
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return fds[0].revents != 0;
}

static void send_bytes(void *context, const char *data, size_t bytes)
{
	struct mz_debug *debug = context;

	/* A client that is gone is seen when it is read from. */
	while (bytes > 0 && await_room(debug)) {
		ssize_t sent = send(debug->client, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (sent <= 0)
			return;
		data += sent;
		bytes -= (size_t)sent;
	}
}

/* Waits for a descriptor, a hit, or the end of the run; false: that is it. */
static bool await(const struct mz_debug *debug, int fd, bool *hit)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = debug->hit, .events = POLLIN},
		{.fd = debug->left, .events = POLLIN},
	};

	while (poll(fds, 3, -1) < 0 && errno == EINTR)
		;
	*hit = fds[1].revents != 0;
	return fds[2].revents == 0;
}

/* Serves one GDB until it goes. False: the run is over. */
static bool serve(struct mz_debug *debug)
{
	static const struct mz_gdb_stop stop = {.signal = GDB_SIGTRAP};
	char data[4096];
	eventfd_t count;
	bool hit;

	mz_gdb_begin(&debug->server, &debug->target, debug, send_bytes);
	if (state_of(debug) != MZ_DEBUG_STOPPED)
		hold(debug, stop);
	while (await(debug, debug->client, &hit)) {
		ssize_t got;

		if (hit) {
			eventfd_read(debug->hit, &count);
			/* An interrupt may have met the same hit. */
			if (state_of(debug) == MZ_DEBUG_HIT)
				hold(debug, stop);
			continue;
		}
		got = recv(debug->client, data, sizeof(data), 0);
		if (got > 0)
			mz_gdb_feed(&debug->server, data, (size_t)got);
		if (got == 0 || (got < 0 && errno != EINTR) || debug->server.gone)
			return true;
	}
	return false;
}

/* Where a descriptor is lacking, there may be one later. False: the run is over. */
static bool rest(const struct mz_debug *debug)
{
	struct pollfd left = {.fd = debug->left, .events = POLLIN};

	return poll(&left, 1, REST_MS) <= 0;
}

static void *debug_main(void *context)
{
	struct mz_debug *debug = context;
	bool hit, more = true;
	int one = 1;

	while (more && await(debug, debug->listener, &hit)) {
		debug->client = accept4(debug->listener, NULL, NULL, SOCK_CLOEXEC);
		if (debug->client < 0) {
			more = rest(debug);
			continue;
		}
		setsockopt(debug->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		more = serve(debug);
		if (!more)
			break; /* mz_debug_stop() says farewell */
		if (!debug->server.gone) {
			if (debug->server.running)
				hold(debug, debug->stop);
			detach(debug);
		}
		close(debug->client);
		debug->client = -1;
	}
	return NULL;
}

int mz_debug_start(struct mz_debug *debug)
{
	int error;

	debug->target.threads = debug->vm->vcpu_count;
	error = mz_thread_start(&debug->thread, debug_main, debug);
	debug->started = error == 0;
	return error;
}

void mz_debug_stop(struct mz_debug *debug, int status)
{
	if (!debug->started)
		return;
	eventfd_write(debug->left, 1);
	pthread_join(debug->thread, NULL);
	debug->started = false;
	/* The pause ends, and what is hit from now on wishes for no other. */
	pthread_mutex_lock(&debug->mutex);
	if (debug->state != MZ_DEBUG_RUNNING || debug->partly)
		mz_pause_end(&debug->vm->pause);
	debug->state = MZ_DEBUG_STOPPED;
	pthread_mutex_unlock(&debug->mutex);
	if (debug->client < 0)
		return;
	mz_gdb_ended(&debug->server, (unsigned char)status);
	close(debug->client);
	debug->client = -1;
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*port = (uint16_t)value;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value > 0 && value <= 65535;
}

static int listen_on(const char *text, struct mz_failure *failure)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	uint16_t port;
	int one = 1, fd;

	if (!parse_port(text, &port))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "gdb: '%s' is not a port, 1 to 65535", text);
	address.sin_port = htons(port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 1))
		return fd;
	mz_fail(failure, MZ_STATUS_HOST_FAILED, "gdb: cannot listen on port %s: %s", text,
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void mz_debug_prepare(struct mz_debug *debug, struct mz_vm *vm)
{
	*debug = (struct mz_debug) {
		.vm = vm,
		.listener = -1,
		.client = -1,
		.hit = -1,
		.left = -1,
		.target =
			{
				.context = debug,
				.get_registers = get_registers,
				.set_registers = set_registers,
				.read = read_memory,
				.write = write_memory,
				.set_point = set_point,
				.clear_point = clear_point,
				.resume = resume,
				.interrupt = interrupt,
				.detach = detach,
				.kill = kill_machine,
			},
	};
	pthread_mutex_init(&debug->mutex, NULL);
}

int mz_debug_init(struct mz_debug *debug, const char *port, struct mz_failure *failure)
{
	if (port == NULL)
		return 0;
	debug->hit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	debug->left = eventfd(0, EFD_CLOEXEC);
	if (debug->hit < 0 || debug->left < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot make an event descriptor: %s", strerror(errno));
	debug->listener = listen_on(port, failure);
	return debug->listener < 0 ? -1 : 0;
}

void mz_debug_destroy(struct mz_debug *debug)
{
	const int fds[] = {debug->listener, debug->client, debug->hit, debug->left};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	pthread_mutex_destroy(&debug->mutex);
}
