// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run that are about guest memory. */
#include "vmm/cli/memory.h"

#include <string.h>

#include "vmm/base/text.h"

/* Apart from the keys of the command itself and of other groups. */
enum key {
	KEY_MEMORY = 'm',
	KEY_HUGE = 0x2000,
	KEY_SHARE,
};

static const struct argp_option option_list[] = {
	{"memory", KEY_MEMORY, "SIZE[@ADDRESS]", 0,
	 "Guest memory, a multiple of 4K; K, M and G are understood (default 128M). With an "
	 "address, "
	 "a further bank there; may be repeated",
	 0},
	{"huge", KEY_HUGE, "KIND", OPTION_ARG_OPTIONAL,
	 "Huge pages of 2M behind guest memory: thp (default) where the kernel finds free ones; "
	 "hugetlb of those that are reserved",
	 0},
	{"share", KEY_SHARE, "NAME=FILE[,ro]", 0,
	 "A file that the guest has as memory, read-only with ',ro'; it finds it by NAME through "
	 "fw_cfg; may be repeated",
	 0},
	{0},
};

static uint64_t number(struct argp_state *state, const char *text)
{
	uint64_t value = 0;

	if (!mz_number_parse(text, &value))
		argp_error(state, "--memory: '%s' is not a number", text);
	return value;
}

/* "SIZE" or "SIZE@ADDRESS", cut apart in the argument itself. */
static void add_memory(struct argp_state *state, struct mz_cli_memory *memory, char *text)
{
	char *at = strchr(text, '@');

	if (!at) {
		memory->bytes = number(state, text);
		return;
	}
	if (memory->more_count == MZ_PLACE_MAX)
		argp_error(state, "--memory: more than %d banks with an address", MZ_PLACE_MAX);
	*at = 0;
	memory->more[memory->more_count++] = (struct mz_place) {
		.gpa = number(state, at + 1),
		.bytes = number(state, text),
	};
}

/* "NAME=FILE[,ro]", cut apart in the argument itself, which stays as long as the run. */
static void add_share(struct argp_state *state, struct mz_cli_memory *memory, char *text)
{
	char *equals = strchr(text, '='), *comma = strrchr(text, ',');
	bool read_only = comma && strcmp(comma, ",ro") == 0;

	if (!equals || equals == text)
		argp_error(state, "--share: '%s' is not of the form NAME=FILE[,ro]", text);
	if (memory->share_count == MZ_SHARE_MAX)
		argp_error(state, "--share: more than %d files", MZ_SHARE_MAX);
	if (read_only)
		*comma = 0;
	*equals = 0;
	if (!equals[1])
		argp_error(state, "--share: which file is %s?", text);
	memory->shares[memory->share_count++] = (struct mz_share_request) {
		.name = text, .path = equals + 1, .read_only = read_only};
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
	struct mz_cli_memory *memory = state->input;

	switch (key) {
	case KEY_MEMORY:
		add_memory(state, memory, text);
		return 0;
	case KEY_HUGE:
		memory->huge = huge(state, text);
		return 0;
	case KEY_SHARE:
		add_share(state, memory, text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mz_cli_memory_argp = {.options = option_list, .parser = parse};
