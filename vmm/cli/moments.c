// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run that are about moments of the guest. */
#include "vmm/cli/moments.h"

#include <stdio.h>
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
	 "When to save: mark (default), when the guest writes to its mark port; exit, when it ends "
	 "its machine; panic, when its kernel tells of a panic; line:TEXT, when it has printed a "
	 "line with this text; timeout, when its time has run out; or so many seconds after the "
	 "start",
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

static const struct {
	const char *name;
	enum mz_snapshot_event event;
	const char *missed; /* what is told if it has not come */
} named_events[] = {
	{"mark", MZ_SNAPSHOT_ON_MARK, "the guest has not asked for its mark"},
	{"timeout", MZ_SNAPSHOT_ON_TIMEOUT, "the run was over before its time"},
	{"panic", MZ_SNAPSHOT_ON_PANIC, "the guest's kernel has not told of a panic"},
	{"exit", MZ_SNAPSHOT_ON_EXIT, "the guest has not ended its machine"},
};

#define NAMED_EVENTS (sizeof(named_events) / sizeof(named_events[0]))

#define LINE "line:"

static bool find_named(const char *text, enum mz_snapshot_event *event)
{
	for (size_t i = 0; i < NAMED_EVENTS; i++) {
		if (strcmp(text, named_events[i].name) != 0)
			continue;
		*event = named_events[i].event;
		return true;
	}
	return false;
}

static const char *line_text(struct argp_state *state, const char *text)
{
	if (!*text)
		argp_error(state, "--snapshot-on: a line with which text?");
	if (strchr(text, '\n'))
		argp_error(state, "--snapshot-on: no line has a line feed in its midst");
	return text;
}

static void snapshot_on(struct argp_state *state, struct mz_snapshot_wish *wish, const char *text)
{
	if (find_named(text, &wish->event))
		return;
	if (strncmp(text, LINE, strlen(LINE)) == 0) {
		wish->event = MZ_SNAPSHOT_ON_LINE;
		wish->text = line_text(state, text + strlen(LINE));
	} else if (mz_seconds_parse(text, &wish->after_ns)) {
		wish->event = MZ_SNAPSHOT_ON_TIME;
	} else {
		argp_error(state,
			   "--snapshot-on: '%s' is none of mark, exit, panic, timeout, line:TEXT, "
			   "and no positive number of seconds",
			   text);
	}
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
		if (!*text)
			argp_error(state, "--snapshot: which file?");
		moments->snapshot.path = text;
		return 0;
	case KEY_SNAPSHOT_ON:
		moments->snapshot_on = text;
		snapshot_on(state, &moments->snapshot, text);
		return 0;
	case KEY_TRACK:
		moments->track = true;
		return 0;
	case ARGP_KEY_END:
		if (moments->snapshot_on && !moments->snapshot.path)
			argp_error(state, "--snapshot-on: which file? See --snapshot");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void mz_cli_moments_check(struct argp_state *state, const struct mz_cli_moments *moments,
			  uint64_t timeout_ns)
{
	if (moments->snapshot.event == MZ_SNAPSHOT_ON_TIMEOUT && timeout_ns == 0)
		argp_error(state, "--snapshot-on timeout: after what time? See --timeout");
}

void mz_cli_moments_use(const struct mz_cli_moments *moments, struct mz_vm_config *config)
{
	config->resets = moments->resets ? MZ_RESETS_OK : MZ_RESETS_NONE;
	config->dirty_source = moments->dirty_source;
	config->snapshot = moments->snapshot;
	config->track = moments->track;
}

void mz_cli_moments_tell_missed(const struct mz_cli_moments *moments)
{
	const struct mz_snapshot_wish *wish = &moments->snapshot;

	fputs("mezz: no snapshot: ", stderr);
	if (wish->event == MZ_SNAPSHOT_ON_LINE)
		fprintf(stderr, "the guest has not printed '%s'\n", wish->text);
	if (wish->event == MZ_SNAPSHOT_ON_TIME)
		fprintf(stderr, "the run was over before %g s\n", (double)wish->after_ns / 1e9);
	for (size_t i = 0; i < NAMED_EVENTS; i++)
		if (wish->event == named_events[i].event)
			fprintf(stderr, "%s\n", named_events[i].missed);
}

const struct argp mz_cli_moments_argp = {.options = option_list, .parser = parse};
