// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run and mezz restore about how guest memory comes in. */
#include "vmm/cli/paging.h"

#include <string.h>

#include "vmm/base/text.h"
#include "vmm/memory/pager.h"

/* Apart from the keys of the command itself and of other groups. */
enum key {
	KEY_BACKEND = 0x4000,
	KEY_THREADS,
};

static const struct argp_option option_list[] = {
	{"memory-backend", KEY_BACKEND, "NAME", 0,
	 "How guest memory is let in: uffd when the guest touches it; plain all up front; auto "
	 "(default) uffd where it is permitted",
	 0},
	{"pager-threads", KEY_THREADS, "COUNT", 0,
	 "Threads that let guest memory in, up to 16 (default 1)", 0},
	{0},
};

static enum mz_backend backend(struct argp_state *state, const char *text)
{
	static const char *const names[] = {
		[MZ_BACKEND_AUTO] = "auto",
		[MZ_BACKEND_UFFD] = "uffd",
		[MZ_BACKEND_PLAIN] = "plain",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum mz_backend)i;
	argp_error(state, "--memory-backend: '%s' is not one of auto, uffd, plain", text);
	return MZ_BACKEND_AUTO;
}

static unsigned threads(struct argp_state *state, const char *text)
{
	uint64_t count = 0;

	if (!mz_number_parse(text, &count) || count < 1 || count > MZ_PAGER_THREADS_MAX)
		argp_error(state, "--pager-threads: '%s' is not from 1 to %d", text,
			   MZ_PAGER_THREADS_MAX);
	return (unsigned)count;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_vm_config *config = state->input;

	switch (key) {
	case KEY_BACKEND:
		config->backend = backend(state, text);
		return 0;
	case KEY_THREADS:
		config->pager_threads = threads(state, text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mz_cli_paging_argp = {.options = option_list, .parser = parse};
