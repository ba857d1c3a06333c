// SPDX-License-Identifier: MPL-2.0
/* What a user is told of snapshots. */
#include "vmm/cli/saving.h"

#include <inttypes.h>
#include <unistd.h>

#include "vmm/base/trace.h"

#define SOON_NS 500000000u /* what takes no longer needs no bar */
#define WIDTH   40

/* Control sequence of ECMA-48, 8.3.41: erases the line from the cursor on. */
#define ERASE_REST "\x1b[K"

static void show(double part)
{
	static const char full[WIDTH + 1] = "########################################";

	fprintf(stderr, "\rsaving [%-*.*s] %3.0f%%" ERASE_REST, WIDTH, (int)(part * WIDTH), full,
		part * 100);
}

static void end(struct mz_saving *saving)
{
	if (saving->shown)
		fputs("\r" ERASE_REST, stderr);
	*saving = (struct mz_saving) {0};
}

void mz_saving_progress(void *context, uint64_t done, uint64_t total)
{
	struct mz_saving *saving = context;
	uint64_t now = mz_now_ns();

	if (total == 0) {
		end(saving);
		return;
	}
	if (saving->begun_ns == 0)
		saving->begun_ns = now;
	if (now - saving->begun_ns < SOON_NS || !isatty(STDERR_FILENO))
		return;
	saving->shown = true;
	show((double)done / (double)total);
}

void mz_saving_tell(FILE *file, const char *prefix, const struct mz_saved *saved)
{
	if (saved->failure) {
		fprintf(file, "%sno snapshot: %s\n", prefix, saved->failure->text);
		return;
	}
	fprintf(file,
		"%ssnapshot %s%s%s: %" PRIu64 " pages, %" PRIu64
		" bytes, the guest was held for %.1f ms\n",
		prefix, saved->path, saved->parent ? " after " : "",
		saved->parent ? saved->parent : "", saved->page_count, saved->file_bytes,
		(double)saved->held_ns / 1e6);
}
