/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A stub for GDB: what comes from it changes a target, and is answered. All threads of the target
 * run, or none does (all-stop mode). Nothing here waits, or knows where bytes come from and go to.
 */
#ifndef MZ_VMM_GDB_SERVER_H
#define MZ_VMM_GDB_SERVER_H

#include <stdint.h>

#include "vmm/gdb/packet.h"
#include "vmm/gdb/registers.h"

#define MZ_GDB_THREADS_MAX 64

enum mz_gdb_point {
	MZ_GDB_BREAK_SOFT,
	MZ_GDB_BREAK_HARD,
	MZ_GDB_WATCH_WRITE,
	MZ_GDB_WATCH_READ,
	MZ_GDB_WATCH_ACCESS,
	MZ_GDB_POINTS,
};

enum mz_gdb_action { MZ_GDB_HOLD, MZ_GDB_STEP, MZ_GDB_RUN };

/* What a stub works on. Threads are counted from 0. But for `interrupt`, it has stopped. */
struct mz_gdb_target {
	void *context;
	unsigned threads;
	/* False: the kernel refuses. */
	bool (*get_registers)(void *context, unsigned thread, struct mz_gdb_registers *registers);
	bool (*set_registers)(void *context, unsigned thread,
			      const struct mz_gdb_registers *registers);
	/* At the addresses that the thread uses. How many bytes there were; all, or false. */
	size_t (*read)(void *context, unsigned thread, uint64_t address, void *data, size_t bytes);
	bool (*write)(void *context, unsigned thread, uint64_t address, const void *data,
		      size_t bytes);
	/* False: it can't be set there, or there are no more. */
	bool (*set_point)(void *context, unsigned thread, enum mz_gdb_point kind, uint64_t address,
			  unsigned bytes);
	bool (*clear_point)(void *context, unsigned thread, enum mz_gdb_point kind,
			    uint64_t address, unsigned bytes);
	/* One action a thread; at least one does not hold. mz_gdb_stopped() or _ended() follows. */
	void (*resume)(void *context, const enum mz_gdb_action *actions);
	void (*interrupt)(void *context);
	/* The debugger leaves: all points are gone, and all threads run. */
	void (*detach)(void *context);
	void (*kill)(void *context);
};

/* Why the target has stopped. */
struct mz_gdb_stop {
	unsigned thread;
	enum { MZ_GDB_STOP_SIGNAL, MZ_GDB_STOP_POINT } why;
	int signal;             /* SIGTRAP or SIGINT, by GDB's numbers: 5 and 2 */
	enum mz_gdb_point kind; /* of the point, */
	uint64_t address;       /* and, of what is watched, where */
};

struct mz_gdb_server {
	const struct mz_gdb_target *target;
	void *context;
	void (*send)(void *context, const char *data, size_t bytes);
	struct mz_gdb_reader reader;
	char frame[MZ_GDB_FRAME_BYTES]; /* what was sent last */
	size_t frame_bytes;
	bool acknowledged; /* packets are acknowledged, until both agree not to */
	bool running;
	bool gone;                 /* GDB has left, or has killed the target */
	unsigned general, stepped; /* the threads of Hg and Hc */
	struct mz_gdb_stop stop;   /* the last */
};

/* The target has stopped at its first instruction. */
void mz_gdb_begin(struct mz_gdb_server *server, const struct mz_gdb_target *target, void *context,
		  void (*send)(void *context, const char *data, size_t bytes));

/* What has come from GDB. */
void mz_gdb_feed(struct mz_gdb_server *server, const char *data, size_t bytes);

/* The target has stopped, or has ended with this status: if GDB waits for that, it is told. */
void mz_gdb_stopped(struct mz_gdb_server *server, const struct mz_gdb_stop *stop);
void mz_gdb_ended(struct mz_gdb_server *server, unsigned char status);

#endif
