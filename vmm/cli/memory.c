// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run that are about guest memory. */
#include "vmm/cli/memory.h"

#include <string.h>

#include "vmm/base/text.h"

/* Apart from the keys of the command itself and of other groups. */
enum key {
	KEY_MEMORY = 'm',
	KEY_HUGE = 0x2000,
};

static const struct argp_option option_list[] = {
	{"memory", KEY_MEMORY, "SIZE", 0,
	 "Guest memory, a multiple of 4K; K, M and G are understood (default 128M)", 0},
	{"huge", KEY_HUGE, "KIND", OPTION_ARG_OPTIONAL,
	 "Huge pages of 2M behind guest memory: thp (default) where the kernel finds free ones; "
	 "hugetlb of those that are reserved",
	 0},
	{0},
};

static uint64_t size(struct argp_state *state, const char *text)
{
	uint64_t value = 0;

	if (!mz_number_parse(text, &value))
		argp_error(state, "--memory: '%s' is not a number", text);
	return value;
}

static enum mz_huge huge(struct argp_state *state, const char *text)
{
	if (!text || strcmp(text, "thp") == 0)
		return MZ_HUGE_THP;
	if (strcmp(text, "hugetlb") != 0)
		argp_error(state, "--huge: '%s' is not one of thp, hugetlb", text);
	return MZ_HUGE_POOL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_vm_config *config = state->input;

	switch (key) {
	case KEY_MEMORY:
		config->memory_bytes = size(state, text);
		return 0;
	case KEY_HUGE:
		config->huge = huge(state, text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mz_cli_memory_argp = {.options = option_list, .parser = parse};
