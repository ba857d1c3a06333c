// SPDX-License-Identifier: MPL-2.0
/* A console with one port. */
#include "vmm/virtio/terminal.h"

#include <linux/virtio_ids.h>
#include <stdlib.h>

#include "vmm/virtio/parts.h"

enum { RECEIVE, TRANSMIT }; /* 5.3.2 */

#define RUN_BYTES 256u

struct mz_terminal {
	struct mz_virtio virtio;
	struct mz_console *console;
	bool input; /* the console's is this terminal's */
	struct mz_chain chain;
};

/* A chain can be long, and who reads the output slow: what is left is lost once the device pauses.
 */
static uint32_t transmit(void *context, struct mz_chain *chain)
{
	struct mz_terminal *terminal = context;
	unsigned char run[RUN_BYTES];
	uint64_t done = 0;
	size_t got;

	while ((got = mz_chain_copy_out(chain, done, run, sizeof(run))) > 0 &&
	       (done == 0 || !mz_virtio_paused(&terminal->virtio))) {
		for (size_t i = 0; i < got; i++)
			mz_console_put(terminal->console, run[i]);
		done += got;
	}
	return 0;
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
	mz_virtio_drain(&terminal->virtio, TRANSMIT, &terminal->chain, transmit);
	mz_console_flush(terminal->console);
	if (terminal->input)
		receive_all(terminal);
}

static const struct mz_virtio_type terminal_type = {
	.name = "virtio-console",
	.id = VIRTIO_ID_CONSOLE,
	.queue_count = 2,
	.serve = serve,
	.close = free,
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
