/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Debugging a machine by GDB: a thread that listens, and holds the vCPUs from their first
 * instruction on, and again whenever GDB comes, until it lets them go. When GDB goes, its points go
 * with it, and the guest runs on.
 */
#ifndef MZ_VMM_DEBUG_H
#define MZ_VMM_DEBUG_H

#include <pthread.h>

#include "vmm/gdb/server.h"
#include "vmm/machine/debug_points.h"

struct mz_runner;
struct mz_vm;

enum mz_debug_state {
	MZ_DEBUG_STOPPED, /* the debugger has a pause, or wishes for one, and no vCPU is exempt */
	MZ_DEBUG_RUNNING, /* it has let vCPUs go */
	MZ_DEBUG_HIT,     /* one of them has stopped at a point, and has wished in its place */
};

struct mz_debug {
	struct mz_vm *vm;
	int listener; /* -1: nobody debugs */
	int client;   /* -1: nobody is there */
	int hit;      /* readable: a vCPU has stopped */
	int left;     /* readable: the thread is to end */
	bool started;
	pthread_t thread;
	struct mz_gdb_target target;
	struct mz_gdb_server server;
	struct mz_debug_points points;
	bool stepping[MZ_GDB_THREADS_MAX]; /* while it runs */
	bool partly;                       /* some hold while others run: the pause goes on */
	pthread_mutex_t mutex;             /* of what follows */
	enum mz_debug_state state;
	struct mz_gdb_stop stop;                     /* of the hit */
	struct mz_gdb_stop late[MZ_GDB_THREADS_MAX]; /* of vCPUs that came while another was told
							of; their bits: */
	uint64_t late_set;
};

/* Makes it such that it can be destroyed. */
void mz_debug_prepare(struct mz_debug *debug, struct mz_vm *vm);

/*
 * Listens on a port of this host's own. `port` NULL: nobody debugs. MZ_STATUS_BAD_ARGUMENT: it is
 * no port. MZ_STATUS_HOST_FAILED.
 */
int mz_debug_init(struct mz_debug *debug, const char *port, struct mz_failure *failure);
void mz_debug_destroy(struct mz_debug *debug);

static inline bool mz_debug_on(const struct mz_debug *debug)
{
	return debug->listener >= 0;
}

/*
 * Begins to serve. The vCPUs are held by a wish that is the debugger's from now on. 0 or an errno
 * value.
 */
int mz_debug_start(struct mz_debug *debug);

/* The run is over: GDB is told its status, and the thread ends. */
void mz_debug_stop(struct mz_debug *debug, int status);

/* A vCPU has come to a point, or has made its step. On its own thread. */
void mz_debug_hit(struct mz_runner *runner, const struct kvm_debug_exit_arch *what);

/*
 * The same, if an instruction that KVM can't emulate is an int3 of the debugger's: where it
 * emulates a guest's kernel, it does not tell of those as it should. False: it is none.
 */
bool mz_debug_stumbled(struct mz_runner *runner);

/* Is it GDB's turn? */
bool mz_debug_holds(struct mz_debug *debug);

#endif
