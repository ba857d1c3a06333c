// SPDX-License-Identifier: MPL-2.0
/* A console with one port. */
#include "vmm/virtio/terminal.h"

#include <linux/virtio_ids.h>
#include <stdlib.h>

#include "vmm/virtio/parts.h"

enum { RECEIVE, TRANSMIT }; /* 5.3.2 */

#define RUN_BYTES 256u

/* How soon a device that waits for who reads the output looks whether it is to pause. */
#define PAUSE_MS 20

struct mz_terminal {
	struct mz_virtio virtio;
	struct mz_console *console;
	bool input; /* the console's is this terminal's */
	struct mz_chain chain;
	uint64_t sent; /* of the chain to transmit that is taken next, before the device paused */
};

/* Waits until output is taken. False: the device pauses, whether somebody reads or not. */
static bool await_reader(const struct mz_terminal *terminal)
{
	while (!mz_virtio_paused(&terminal->virtio))
		if (mz_console_takes(terminal->console, PAUSE_MS))
			return true;
	return false;
}

static bool put(const struct mz_terminal *terminal, unsigned char byte)
{
	while (!mz_console_try(terminal->console, byte))
		if (!await_reader(terminal))
			return false;
	return true;
}

static void flush(const struct mz_terminal *terminal)
{
	while (!mz_console_try_flush(terminal->console))
		if (!await_reader(terminal))
			return;
}

/*
 * A chain can be long, and who reads the output slow. False: the device pauses, and goes on with
 * the chain later.
 */
static bool transmit(struct mz_terminal *terminal)
{
	const struct mz_chain *chain = &terminal->chain;
	unsigned char run[RUN_BYTES];
	size_t got;

	while ((got = mz_chain_copy_out(chain, terminal->sent, run, sizeof(run))) > 0) {
		if (mz_virtio_paused(&terminal->virtio))
			return false;
		for (size_t i = 0; i < got; i++, terminal->sent++)
			if (!put(terminal, run[i]))
				return false;
	}
	terminal->sent = 0;
	return true;
}

static void transmit_all(struct mz_terminal *terminal)
{
	struct mz_virtio *virtio = &terminal->virtio;

	do {
		mz_queue_quiet(&virtio->queues[TRANSMIT]);
		while (mz_virtio_take(virtio, TRANSMIT, &terminal->chain)) {
			if (transmit(terminal))
				mz_virtio_give(virtio, TRANSMIT, &terminal->chain, 0);
			else
				mz_queue_put_back(&virtio->queues[TRANSMIT]);
		}
	} while (mz_virtio_listen(virtio, TRANSMIT));
}

static uint32_t receive(struct mz_terminal *terminal)
{
	const struct mz_chain *chain = &terminal->chain;
	uint64_t room = chain->in_bytes;
	unsigned char run[RUN_BYTES];
	size_t got = 0;
	int byte;

	if (room > sizeof(run))
		room = sizeof(run);
	while (got < room && (byte = mz_console_take(terminal->console)) >= 0)
		run[got++] = (unsigned char)byte;
	return (uint32_t)mz_chain_copy_in(chain, 0, run, got);
}

static void receive_all(struct mz_terminal *terminal)
{
	do {
		mz_queue_quiet(&terminal->virtio.queues[RECEIVE]);
		while (mz_console_has_input(terminal->console) &&
		       mz_virtio_take(&terminal->virtio, RECEIVE, &terminal->chain))
			mz_virtio_give(&terminal->virtio, RECEIVE, &terminal->chain,
				       receive(terminal));
	} while (mz_virtio_listen(&terminal->virtio, RECEIVE) &&
		 mz_console_has_input(terminal->console));
}

static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_terminal *terminal = context;

	(void)watch;
	transmit_all(terminal);
	flush(terminal);
	if (terminal->input)
		receive_all(terminal);
}

static void reset(void *context)
{
	((struct mz_terminal *)context)->sent = 0;
}

/* More than the chain is long is right: nothing of it is left then. */
static void go_over(void *context, struct mz_state *state)
{
	mz_state_u64(state, &((struct mz_terminal *)context)->sent);
}

static const struct mz_virtio_type terminal_type = {
	.name = "virtio-console",
	.id = VIRTIO_ID_CONSOLE,
	.queue_count = 2,
	.serve = serve,
	.reset = reset,
	.close = free,
	.go_over = go_over,
};

int mz_terminal_open(struct mz_virtio **virtio, struct mz_console *console, bool input,
		     const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct mz_terminal *terminal = calloc(1, sizeof(*terminal));
	const struct mz_virtio_setup setup = {
		.type = &terminal_type, .context = terminal, .place = place};

	*virtio = NULL;
	if (!terminal)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a console");
	terminal->console = console;
	terminal->input = input;
	return mz_virtio_open(virtio, &terminal->virtio, &setup, failure);
}
