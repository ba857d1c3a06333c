/* SPDX-License-Identifier: MPL-2.0 */
/*
 * libmezzvm: a virtual machine on KVM whose memory is let in by a second-stage table.
 *
 *	mz_image_open(&image, path, NULL, &failure)
 *	mz_vm_create(&vm, &config, &failure)
 *	mz_vm_load(vm, &image, &request, &failure)
 *	mz_vm_run(vm, &outcome, &failure)
 *	mz_vm_destroy(vm)
 *
 * The library prints nothing, ends nothing, installs no signal handler and keeps no state outside
 * its objects: any number of machines may run in a process. A machine has a thread for each vCPU
 * and one more, which block all signals; one machine's threads use SIGRTMIN + 1 among themselves,
 *sent to a thread that blocks it. The embedder ignores SIGPIPE if `out` can be a pipe.
 *
 * Calls that can fail answer 0, or -1 with the cause in `failure`.
 */
#ifndef MZ_VMM_VM_H
#define MZ_VMM_VM_H

#include "vmm/boot/boot.h"
#include "vmm/boot/image.h"
#include "vmm/device/console_keys.h"
#include "vmm/machine/stats.h"
#include "vmm/memory/ram.h"
#include "vmm/memory/recorder.h"
#include "vmm/base/trace.h"
#include "vmm/virtio/request.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_vm;

/* How guest memory is let in. */
enum mz_backend {
	MZ_BACKEND_AUTO,  /* by userfaultfd where that is permitted, else plain */
	MZ_BACKEND_UFFD,  /* a leaf at a time when the guest first touches it, else
			     MZ_STATUS_HOST_LACKS */
	MZ_BACKEND_PLAIN, /* the whole table is populated up front, and the kernel supplies pages by
			     itself */
};

struct mz_snapshot;
struct mz_outcome;

/* What a snapshot waits for that is taken by itself. */
enum mz_snapshot_event {
	MZ_SNAPSHOT_ON_MARK,    /* the guest first asks for its mark */
	MZ_SNAPSHOT_ON_TIME,    /* so much time of the run has passed */
	MZ_SNAPSHOT_ON_TIMEOUT, /* its time has run out */
	MZ_SNAPSHOT_ON_LINE,    /* the guest has printed a text within a line */
	MZ_SNAPSHOT_ON_PANIC,   /* the guest's kernel has told that it panicked */
	MZ_SNAPSHOT_ON_EXIT,    /* the guest has exited, powered off, or reset its machine */
};

/*
 * Once a run. What ends the run comes after the snapshot, which does not know of it: a machine that
 * is restored from it goes on behind what its guest has asked for.
 */
struct mz_snapshot_wish {
	const char *path; /* NULL: none */
	enum mz_snapshot_event event;
	uint64_t after_ns; /* MZ_SNAPSHOT_ON_TIME */
	const char *text;  /* MZ_SNAPSHOT_ON_LINE: not empty; must stay until mz_vm_destroy() */
};

/* How saving went. The guest goes on in either case. */
struct mz_saved {
	const char *path;
	const char *parent;               /* of an incremental snapshot; else NULL */
	uint64_t page_count, file_bytes;  /* that the file holds, and its length */
	uint64_t held_ns;                 /* for so long the guest was held */
	const struct mz_failure *failure; /* NULL: it is saved */
};

/* From what it is known which memory the guest has written. */
enum mz_dirty_kind {
	MZ_DIRTY_AUTO, /* the rings where KVM has them, else the log */
	MZ_DIRTY_RING,
	MZ_DIRTY_LOG,
	MZ_DIRTY_WP, /* write-protect events, of guest memory that comes in as it is touched */
	MZ_DIRTY_KINDS,
};

/* From which of its ends a guest can be put back to its mark. */
enum mz_resets {
	MZ_RESETS_NONE, /* there are no marks */
	MZ_RESETS_OK,   /* with status 0; a guest that ends otherwise stays as it died, for
			   mz_vm_dump() */
	MZ_RESETS_ANY,
};

#define MZ_VM_FILES_MAX  16
#define MZ_VM_PATIENCE_S 30

/* A file that the guest finds by its name, through fw_cfg. */
struct mz_vm_file {
	const char *name, *path;
};

struct mz_vm_config {
	uint64_t memory_bytes;       /* a multiple of 4096 */
	const struct mz_place *more; /* further banks */
	unsigned more_count;
	enum mz_huge huge;                     /* the pages behind it */
	const struct mz_share_request *shares; /* must stay until mz_vm_destroy(), with the texts */
	unsigned share_count;
	unsigned cpus; /* at most MZ_VM_CPUS_MAX; 0: one */
	enum mz_backend backend;
	int in, out;         /* the serial line; in may be -1 */
	uint64_t timeout_ns; /* the run ends with MZ_STATUS_TIMEOUT after this long; 0: never */
	/* Both must stay until mz_vm_destroy(), with what they point to: a snapshot has them. */
	const struct mz_vm_file *files;
	unsigned file_count;
	const struct mz_virtio_request *virtio;
	unsigned virtio_count;
	enum mz_resets resets;
	enum mz_dirty_kind dirty_source; /* of resets, and of `track` */
	/* From the first snapshot on, or from the one that the machine is restored from, it is
	 * known what is written: so that the next ones can be incremental. */
	bool track;
	bool record; /* what happens to memory: see mz_vm_recorder() */
	/*
	 * A mark was taken that the guest has asked for; the guest has ended like this, and
	 * mz_vm_reset() may be called, else the run is over. Both on the thread of mz_vm_run(),
	 * with all vCPUs held. NULL: nobody asks.
	 */
	void (*marked)(void *context, struct mz_vm *vm);
	void (*ended)(void *context, struct mz_vm *vm, const struct mz_outcome *outcome);
	/*
	 * A descriptor, above 0: while it can be read, a guest that runs is ended with
	 * MZ_STATUS_TIMEOUT, from which it can be put back. 0: none.
	 */
	int limit;
	struct mz_snapshot_wish snapshot;
	/* How far saving is, in pages, and how it went. Both on the thread of mz_vm_run(). */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void (*saved)(void *context, const struct mz_saved *saved);
	/*
	 * Memory of a restored machine has not come for MZ_VM_PATIENCE_S seconds: its file is on
	 * something that does not answer, and neither mz_vm_run() nor mz_vm_destroy() can return
	 * before that does. The terminal has been put back. Once, on a thread of its own. NULL:
	 * that is waited for.
	 */
	void (*stuck)(void *context, const struct mz_failure *failure);
	/*
	 * Memory that was to be prefetched can't be read: the run ends if it is touched. Once, on a
	 * thread of its own. NULL: nobody wants to know.
	 */
	void (*unread)(void *context, const struct mz_failure *failure);
	unsigned pager_threads; /* that bring guest memory in; 0: one */
	const char *
		gdb_port; /* on which GDB is waited for before the guest begins; NULL: nobody debugs
			   */
	struct mz_trace_filter trace; /* what `event` wants */
	void (*event)(void *context, const struct mz_event *event);
	/*
	 * If `in` is a terminal: what its user asks for by keys that are not for the guest, with
	 * the command line that is being written. On the thread of mz_vm_run(). NULL: all keys are
	 * the guest's.
	 */
	void (*key)(void *context, struct mz_vm *vm, enum mz_key key, const char *line);
	void *context;
};

/* How a run ended. */
struct mz_outcome {
	enum mz_status status; /* what `mezz` would exit with */
	bool exited;           /* the guest ended itself, */
	uint32_t guest_status; /* with this */
	uint64_t gpa;          /* MZ_STATUS_UNHANDLED: where nothing is */
	char text[160];        /* the end in words */
};

/* Makes a machine: the devices that mezz(1) lists under MACHINE, and those that are asked for. */
int mz_vm_create(struct mz_vm **vm, const struct mz_vm_config *config, struct mz_failure *failure);
void mz_vm_destroy(struct mz_vm *vm);

/*
 * What the user should know about how the machine was made, such as that userfaultfd is not
 * permitted; or "".
 */
const char *mz_vm_note(const struct mz_vm *vm);

/*
 * Checks the image against the machine, puts it into memory and the vCPU at its start. Once a
 * machine.
 */
int mz_vm_load(struct mz_vm *vm, const struct mz_image *image,
	       const struct mz_boot_request *request, struct mz_failure *failure);

/* How a machine is made to go on from a snapshot. */
struct mz_restore_plan {
	bool all;             /* all memory comes in before the guest goes on */
	const char *record;   /* a file for the order of first touches; NULL: none */
	const char *prefetch; /* a file of such an order, by which memory comes in unasked */
};

/*
 * In place of mz_vm_load(): the machine, which is made as mz_description_state() of the snapshot's
 * machine says, goes on from there. Memory comes in when it is touched, where userfaultfd is
 * permitted; so the snapshot stays open until the machine is destroyed. MZ_STATUS_BAD_IMAGE: it is
 * of another machine, or damaged. A page that can't be read later ends the run with a failure.
 */
int mz_vm_restore(struct mz_vm *vm, const struct mz_snapshot *snapshot,
		  const struct mz_restore_plan *plan, struct mz_failure *failure);

/*
 * Runs the guest until it ends, is stopped, or runs out of time; once a machine. The calling thread
 * feeds the serial line from `in`; a terminal there is raw meanwhile. Lost output is a failure,
 * MZ_STATUS_HOST_FAILED.
 */
int mz_vm_run(struct mz_vm *vm, struct mz_outcome *outcome, struct mz_failure *failure);

/*
 * Puts the machine back to its mark, from where the guest goes on: all memory but shares,
 * processors, interrupt controllers, timers, clocks and devices. The mark is where the guest has
 * last asked for one, or its beginning. Costs what was written since, in place, and can be done any
 * number of times. Only in `ended`. A failure is one of the run, too, which is over then.
 *
 * Shares stay as they are, which is how anything comes in and out between two resets. What went to
 * files, networks and the serial line is not undone.
 */
int mz_vm_reset(struct mz_vm *vm, struct mz_failure *failure);

/*
 * Ends the run with `status`, unless it ends by itself first. From any thread, and from signal
 * handlers.
 */
void mz_vm_stop(struct mz_vm *vm, int status);

/*
 * For a process that was stopped and goes on in the foreground: while mz_vm_run() runs, a terminal
 * at `in` is raw again. From any thread, and from signal handlers.
 */
void mz_vm_take_terminal_again(const struct mz_vm *vm);

/*
 * Holds all vCPUs, and lets them go on; only from `key` and calls. False: it is so already. A
 * time-out goes on meanwhile.
 */
bool mz_vm_pause(struct mz_vm *vm);
bool mz_vm_continue(struct mz_vm *vm);

/* Something that is asked of a machine while it runs. */
struct mz_call {
	/* `vm` is NULL where the run is over: nothing can be done any more. */
	void (*run)(struct mz_call *call, struct mz_vm *vm);
	struct mz_call *next;
};

/*
 * Has a call run, once: on the thread of mz_vm_run(), or at once if that is over. From any thread,
 * also before mz_vm_run(); the call must stay until it is run.
 */
void mz_vm_post(struct mz_vm *vm, struct mz_call *call);

/* What is to be saved, and where. */
struct mz_snapshot_request {
	const char *path;
	bool incremental; /* only what was written since the last snapshot, which is its parent */
	/* NULL, or told how far it is, in pages. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/*
 * Saves the machine as it is now, running or paused, and lets it go on; only from `key` and calls.
 * The file appears whole or not at all; after a failure, the next incremental snapshot still holds
 * all that was written since the last one that came to be. MZ_STATUS_BAD_ARGUMENT: the machine
 * can't be saved, does not track, or has no last snapshot; or the file would be in another folder
 * than its parent, or replace it. MZ_STATUS_BAD_IMAGE: the last snapshot is gone, damaged, or
 * another by now. MZ_STATUS_HOST_FAILED: it can't be written, what a disk holds not be kept, or the
 * guest not be held.
 */
int mz_vm_snapshot(struct mz_vm *vm, const struct mz_snapshot_request *request,
		   struct mz_saved *saved, struct mz_failure *failure);

/*
 * Asks the guest to give back this much of its memory. From any thread. MZ_STATUS_BAD_ARGUMENT: the
 * machine has no balloon, or less memory.
 */
int mz_vm_set_balloon(struct mz_vm *vm, uint64_t bytes, struct mz_failure *failure);

/*
 * The numbers so far. While the machine runs, those of the table and the vCPU may be between two
 * states.
 */
void mz_vm_stats(struct mz_vm *vm, struct mz_vm_stats *stats);

/* What was recorded, when the run is over. NULL: nobody asked for it. */
const struct mz_recorder *mz_vm_recorder(const struct mz_vm *vm);

/*
 * Writes the state that the guest died in, or is paused in, a line at a time: registers, code,
 * stack, and the walk of the failing address.
 */
void mz_vm_dump(const struct mz_vm *vm, const struct mz_outcome *outcome,
		void (*line)(void *context, const char *text), void *context);

#ifdef __cplusplus
}
#endif

#endif
