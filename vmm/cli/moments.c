// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run that are about moments of the guest. */
#include "vmm/cli/moments.h"

#include <string.h>

#include "vmm/base/text.h"
#include "vmm/machine/dirty_source.h"

/* Apart from the keys of the command itself and of other groups. */
enum key {
	KEY_RESET_LOOP = 0x3000,
	KEY_DIRTY_SOURCE,
	KEY_SNAPSHOT,
	KEY_SNAPSHOT_ON,
	KEY_TRACK,
};

static const struct argp_option option_list[] = {
	{"reset-loop", KEY_RESET_LOOP, "COUNT", 0,
	 "When the guest has ended with status 0, put it back to its mark and let it go on, this "
	 "many times",
	 0},
	{"dirty-source", KEY_DIRTY_SOURCE, "NAME", 0,
	 "How it is known what the guest writes: KVM's ring or log, or wp, the pager's "
	 "write-protect "
	 "events; auto (default) ring where KVM has it",
	 0},
	{"snapshot", KEY_SNAPSHOT, "FILE", 0,
	 "Save the guest to this file, once, and let it go on; see --snapshot-on", 0},
	{"snapshot-on", KEY_SNAPSHOT_ON, "EVENT", 0,
	 "When to save: mark (default), when the guest writes to its mark port; timeout, when its "
	 "time has run out; or so many seconds after the start",
	 0},
	{"track", KEY_TRACK, NULL, 0,
	 "Know what the guest writes since a snapshot, so that the next can be incremental", 0},
	{0},
};

static uint64_t resets(struct argp_state *state, const char *text)
{
	uint64_t count = 0;

	if (!mz_number_parse(text, &count) || count == 0)
		argp_error(state, "--reset-loop: '%s' is not a positive number", text);
	return count;
}

static enum mz_dirty_kind dirty_source(struct argp_state *state, const char *text)
{
	for (int kind = 0; kind < MZ_DIRTY_KINDS; kind++)
		if (strcmp(text, mz_dirty_kind_text((enum mz_dirty_kind)kind)) == 0)
			return (enum mz_dirty_kind)kind;
	argp_error(state, "--dirty-source: '%s' is not one of auto, ring, log, wp", text);
	return MZ_DIRTY_AUTO;
}

static void snapshot_on(struct argp_state *state, struct mz_snapshot_wish *wish, const char *text)
{
	wish->on_mark = strcmp(text, "mark") == 0;
	wish->on_timeout = strcmp(text, "timeout") == 0;
	wish->after_ns = 0;
	if (!wish->on_mark && !wish->on_timeout && !mz_seconds_parse(text, &wish->after_ns))
		argp_error(state,
			   "--snapshot-on: '%s' is neither mark nor timeout nor a positive number "
			   "of seconds",
			   text);
}

static void check(struct argp_state *state, struct mz_snapshot_wish *wish)
{
	bool told = wish->on_mark || wish->on_timeout || wish->after_ns;

	if (told && !wish->path)
		argp_error(state, "--snapshot-on: which file? See --snapshot");
	wish->on_mark = wish->path && !wish->on_timeout && wish->after_ns == 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_cli_moments *moments = state->input;

	switch (key) {
	case KEY_RESET_LOOP:
		moments->resets = resets(state, text);
		return 0;
	case KEY_DIRTY_SOURCE:
		moments->dirty_source = dirty_source(state, text);
		return 0;
	case KEY_SNAPSHOT:
		moments->snapshot.path = text;
		return 0;
	case KEY_SNAPSHOT_ON:
		snapshot_on(state, &moments->snapshot, text);
		return 0;
	case KEY_TRACK:
		moments->track = true;
		return 0;
	case ARGP_KEY_END:
		check(state, &moments->snapshot);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void mz_cli_moments_check(struct argp_state *state, const struct mz_cli_moments *moments,
			  uint64_t timeout_ns)
{
	if (moments->snapshot.on_timeout && timeout_ns == 0)
		argp_error(state, "--snapshot-on timeout: after what time? See --timeout");
}

void mz_cli_moments_use(const struct mz_cli_moments *moments, struct mz_vm_config *config)
{
	config->resets = moments->resets ? MZ_RESETS_OK : MZ_RESETS_NONE;
	config->dirty_source = moments->dirty_source;
	config->snapshot = moments->snapshot;
	config->track = moments->track;
}

const struct argp mz_cli_moments_argp = {.options = option_list, .parser = parse};
