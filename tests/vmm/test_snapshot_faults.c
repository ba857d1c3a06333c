// SPDX-License-Identifier: MPL-2.0
/*
 * Snapshots and a host that fails: disks that are full, files that shrink or can't be read, writers
 * that are killed wherever they are. What was safe before stays so.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/snapshots.h"
#include "tests/suite.h"
#include "vmm/snapshot/snapshot_format.h"

/* The old file of that name, and what it holds; what is to replace it. */
#define NAME "kept"

static struct memory before, after;
static struct mz_failure failure;
static struct rng rng;

static const char *const only[] = {NAME};

static void begin(void)
{
	rng.state = rng_seed();
	memset(&before, 0, sizeof(before));
	snapshots_begin();
	memory_change(&before, &rng);
	after = before;
	memory_change(&after, &rng);
	must(!snapshot_write(&before, snapshot_path(NAME), NULL, &failure));
}

static void skip(const char *function, const char *why)
{
	printf("# SKIP %.*s: %s\n", (int)strlen(function) - 3, function, why);
	fflush(stdout);
}

static void assert_nothing_has_changed(void)
{
	assert_snapshot_holds(snapshot_path(NAME), &before);
	must_equal(snapshot_others(only, 1), 0);
}

static void assert_words(const char *words)
{
	must_say(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	must(!getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = bytes;
	must(!setrlimit(RLIMIT_FSIZE, &limit));
}

static size_t length_of(const char *path)
{
	struct stat stat;

	must(!lstat(path, &stat));
	return (size_t)stat.st_size;
}

START_TEST(a_file_that_can_not_grow_leaves_the_old_one)
{
	size_t end;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	must(!snapshot_write(&after, snapshot_path("other"), NULL, &failure));
	end = length_of(snapshot_path("other"));
	must(unlink(snapshot_path("other")) == 0);
	for (size_t limit = 0; limit < end; limit += limit < end - 5000 ? 2000 : 7) {
		int error;

		limit_files(limit);
		error = snapshot_write(&after, snapshot_path(NAME), NULL, &failure);
		limit_files(RLIM_INFINITY);
		must(error == -1);
		must_equal(failure.status, MZ_STATUS_HOST_FAILED);
		assert_words("/" NAME ": cannot write it: File too large");
		must_equal(snapshot_others(only, 1), 0);
	}
	assert_nothing_has_changed();
	signal(SIGXFSZ, handler);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
	char folder[128], path[160];

	snprintf(folder, sizeof(folder), "%s", snapshot_path("disk"));
	snprintf(path, sizeof(path), "%s/" NAME, folder);
	must(!mkdir(folder, 0700));
	if (mount("tmpfs", folder, "tmpfs", 0, "size=64k")) {
		skip(__func__, "only root can mount a small disk");
	} else {
		const struct mz_snapshot_plan plan = {.page_count = MEMORY_PAGES};
		const struct mz_snapshot_contents nothing = {0};
		struct mz_snapshot_writer *writer;

		must(!mz_snapshot_create(&writer, path, &plan, &failure));
		must(!mz_snapshot_commit(writer, &nothing, &failure));
		memset(after.pages, 1, sizeof(after.pages));
		must(snapshot_write(&after, path, NULL, &failure) == -1);
		must_equal(failure.status, MZ_STATUS_HOST_FAILED);
		assert_words("cannot write it: No space left on device");
		must_equal(length_of(path), MZ_SNAPSHOT_PAGE);
		/* What was written of it is gone: there is room again. */
		must(!mz_snapshot_create(&writer, path, &plan, &failure));
		must(!mz_snapshot_add(writer, 0, 10, after.pages, &failure));
		must(!mz_snapshot_commit(writer, &nothing, &failure));
		must(!umount2(folder, MNT_DETACH));
	}
	must(!rmdir(folder));
}
END_TEST

START_TEST(names_that_can_not_be_files_are_refused)
{
	static const struct {
		const char *path, *words;
	} cases[] = {
		{"", "names no file"},
		{"/tmp/", "names no file"},
		{"/tmp", "/tmp: is not a regular file"},
		{"/dev/null", "/dev/null: is not a regular file"},
		{"/mezz-nowhere/file", "cannot open its folder: No such file or directory"},
		{"/dev/null/file", "cannot open its folder: Not a directory"},
		{"/proc/file", "cannot create it: "},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		must(snapshot_write(&after, cases[i].path, NULL, &failure) == -1);
		must_equal(failure.status, MZ_STATUS_HOST_FAILED);
		assert_words(cases[i].words);
	}
}
END_TEST

static struct mz_snapshot *open_kept(void)
{
	struct mz_snapshot *snapshot;

	must(!mz_snapshot_open(&snapshot, snapshot_path(NAME), &failure));
	return snapshot;
}

/* Wherever it ends: pages before are read, and the first one that is not is named. */
START_TEST(a_file_that_shrinks_is_noticed)
{
	static unsigned char pages[MEMORY_PAGES][MZ_SNAPSHOT_PAGE];
	struct mz_snapshot *snapshot;
	struct mz_page_run last = {0, 0};
	char words[64];

	memset(before.pages, 1, sizeof(before.pages));
	must(!snapshot_write(&before, snapshot_path(NAME), NULL, &failure));
	snapshot = open_kept();
	must(mz_snapshot_next_run(snapshot, 0, &last) && last.count == MEMORY_PAGES);
	for (uint64_t whole = MEMORY_PAGES; whole-- > 0;) {
		must(!truncate(snapshot_path(NAME), (off_t)((whole + 1) * 4096 + 4095)));
		must(mz_snapshot_read(snapshot, 0, MEMORY_PAGES, pages, &failure) == -1);
		must_equal(failure.status, MZ_STATUS_BAD_IMAGE);
		snprintf(words, sizeof(words), "/" NAME ": ends before page %u: it was cut off",
			 (unsigned)whole);
		assert_words(words);
		must(!mz_snapshot_read(snapshot, 0, whole, pages, &failure));
	}
	mz_snapshot_close(snapshot);
}
END_TEST

/* A folder can't be read as files are; it takes the file's place behind its descriptor. */
START_TEST(a_file_that_can_not_be_read_is_named)
{
	static unsigned char page[MZ_SNAPSHOT_PAGE];
	struct mz_snapshot *snapshot = open_kept();
	struct mz_page_run run;
	int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char words[64];

	must(mz_snapshot_next_run(snapshot, 0, &run));
	must(dup2(folder, snapshot->files[0]->fd) >= 0);
	close(folder);
	must(mz_snapshot_read(snapshot, run.first, 1, page, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_HOST_FAILED);
	snprintf(words, sizeof(words), "/" NAME ": cannot read page %u: Is a directory",
		 (unsigned)run.first);
	assert_words(words);
	mz_snapshot_close(snapshot);
}
END_TEST

static const char *leftover(void)
{
	return snapshot_path("." NAME ".new");
}

/* After a writer has died: the old file or the new one. Answers whether it is the new one. */
static bool assert_old_or_new(void)
{
	struct mz_snapshot *snapshot = open_kept();
	bool is_new = mz_snapshot_info(snapshot).stored_count != 0;

	mz_snapshot_close(snapshot);
	assert_snapshot_holds(snapshot_path(NAME), is_new ? &after : &before);
	return is_new;
}

/* The old one is all zeros here, so that they can be told apart. */
static void begin_with_zeros(void)
{
	memset(&before, 0, sizeof(before));
	must(!snapshot_write(&before, snapshot_path(NAME), NULL, &failure));
	memset(&after.pages[0], 9, MZ_SNAPSHOT_PAGE);
}

/* The kernel kills who writes behind the limit, in the middle of what is written. */
START_TEST(a_writer_killed_at_any_byte_leaves_the_old_file)
{
	const struct rlimit no_core = {0, 0};
	size_t end;

	begin_with_zeros();
	must(!snapshot_write(&after, snapshot_path("other"), NULL, &failure));
	end = length_of(snapshot_path("other"));
	must(unlink(snapshot_path("other")) == 0);
	for (size_t limit = 0; limit < end; limit += limit < end - 600 ? 9999 : 23) {
		pid_t child = fork();
		int status;

		must(child >= 0);
		if (child == 0) {
			setrlimit(RLIMIT_CORE, &no_core);
			signal(SIGXFSZ, SIG_DFL);
			limit_files(limit);
			_exit(snapshot_write(&after, snapshot_path(NAME), NULL, &failure) != 0);
		}
		must(waitpid(child, &status, 0) == child);
		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
		must(!assert_old_or_new());
		must(!access(leftover(), F_OK));
		assert_snapshot_is_refused(leftover(), "");
	}
	/* The next writer cleans up. */
	must(!snapshot_write(&after, snapshot_path(NAME), NULL, &failure));
	must(assert_old_or_new());
	must_equal(snapshot_others(only, 1), 0);
}
END_TEST

/* A child that writes the new file, when it is let go. */
static pid_t begin_child(void)
{
	pid_t child = fork();

	must(child >= 0);
	if (child > 0)
		return child;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(99);
	raise(SIGSTOP);
	_exit(snapshot_write(&after, snapshot_path(NAME), NULL, &failure) != 0);
}

/* Lets a child go on to its stop number `stop`. False: it ended before. */
static bool go_to_stop(pid_t child, unsigned stop)
{
	int status;

	while (stop-- > 0) {
		must(waitpid(child, &status, 0) == child);
		if (WIFEXITED(status)) {
			must_equal(WEXITSTATUS(status), 0);
			return false;
		}
		must(WIFSTOPPED(status));
		must(stop == 0 || !ptrace(PTRACE_SYSCALL, child, NULL, NULL));
	}
	return true;
}

static bool killed_at_stop(pid_t child, unsigned stop)
{
	int status;

	if (!go_to_stop(child, stop))
		return false;
	must(!kill(child, SIGKILL));
	must(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	return true;
}

/* Before and behind each system call; with what another one left behind, or without. */
START_TEST(a_writer_killed_at_any_call_leaves_the_old_or_the_new_file)
{
	unsigned stop = 1, old = 0, renamed = 0;
	bool killed = true;

	begin_with_zeros();
	for (; killed; stop++) {
		must(!snapshot_write(&before, snapshot_path(NAME), NULL, &failure));
		if (_i)
			file_replace(leftover(), "left", 4);
		killed = killed_at_stop(begin_child(), stop);
		if (assert_old_or_new()) {
			renamed += killed;
			must(access(leftover(), F_OK));
		} else {
			old++;
		}
	}
	printf("# killed %u times before the file had its name, %u times behind it\n", old,
	       renamed);
	fflush(stdout);
	must(old > 20 && renamed > 2);
}
END_TEST

/* At any moment, and never with a wait for it. */
START_TEST(a_writer_killed_at_any_time_leaves_the_old_or_the_new_file)
{
	begin_with_zeros();
	for (unsigned i = 0; i < 40; i++) {
		pid_t child = fork();

		must(child >= 0);
		while (child == 0) {
			snapshot_write(&after, snapshot_path(NAME), NULL, &failure);
			snapshot_write(&before, snapshot_path(NAME), NULL, &failure);
		}
		usleep((useconds_t)rng_below(&rng, 3000));
		must(!kill(child, SIGKILL));
		must(waitpid(child, NULL, 0) == child);
		assert_old_or_new();
	}
}
END_TEST

START_TEST(two_writers_of_one_file_are_kept_apart)
{
	const struct mz_snapshot_plan plan = {.page_count = MEMORY_PAGES};
	struct mz_snapshot_writer *writer;

	must(!mz_snapshot_create(&writer, snapshot_path(NAME), &plan, &failure));
	must(snapshot_write(&after, snapshot_path(NAME), NULL, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_HOST_FAILED);
	assert_words("is being written by another process");
	mz_snapshot_abandon(writer);
	assert_nothing_has_changed();
	must(!snapshot_write(&after, snapshot_path(NAME), NULL, &failure));
}
END_TEST

/* The child goes on to its end. Answers whether it could write its file. */
static bool child_succeeds(pid_t child)
{
	int status;

	must(!ptrace(PTRACE_CONT, child, NULL, NULL));
	must(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status) == 0;
}

/*
 * One finds what a dead writer left. The other one begins at each of its calls, and commits at once
 * (0), or when the first one has ended (1): neither takes the other's file for a leftover.
 */
START_TEST(two_writers_meet_at_any_call)
{
	const struct mz_snapshot_plan plan = {.page_count = MEMORY_PAGES};
	const struct mz_snapshot_contents contents = {SNAPSHOT_MACHINE, sizeof(SNAPSHOT_MACHINE),
						      SNAPSHOT_STATE, sizeof(SNAPSHOT_STATE)};
	struct mz_snapshot_writer *writer;
	unsigned stop = 1, met = 0;
	bool on = true;

	begin_with_zeros();
	for (; on; stop++) {
		pid_t child;

		file_replace(leftover(), "left", 4);
		child = begin_child();
		on = go_to_stop(child, stop);
		if (mz_snapshot_create(&writer, snapshot_path(NAME), &plan, &failure)) {
			assert_words("is being written by another process");
			must(child_succeeds(child));
			continue;
		}
		if (on && _i)
			child_succeeds(child);
		must_say(!mz_snapshot_commit(writer, &contents, &failure), "%s", failure.text);
		must(!on || _i || child_succeeds(child));
		assert_old_or_new();
		must_equal(snapshot_others(only, 1), 0);
		met++;
	}
	must(met > 20);
}
END_TEST

static void write_again_and_again(void)
{
	for (unsigned i = 0; i < 200; i++) {
		if (snapshot_write(&after, snapshot_path(NAME), NULL, &failure) &&
		    !strstr(failure.text, "is being written by another process"))
			_exit(1);
	}
	_exit(0);
}

START_TEST(many_writers_leave_a_whole_file)
{
	enum { WRITERS = 3 };
	unsigned running = WRITERS;

	begin_with_zeros();
	must(!snapshot_write(&after, snapshot_path(NAME), NULL, &failure));
	for (unsigned i = 0; i < WRITERS; i++) {
		if (fork() == 0)
			write_again_and_again();
	}
	while (running > 0) {
		int status;

		assert_snapshot_holds(snapshot_path(NAME), &after);
		if (waitpid(-1, &status, WNOHANG) > 0) {
			must_equal(status, 0);
			running--;
		}
	}
	must_equal(snapshot_others(only, 1), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot faults");
	TCase *tests = tcase_create("faults");

	tcase_add_checked_fixture(tests, begin, snapshots_end);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_file_that_can_not_grow_leaves_the_old_one);
	tcase_add_test(tests, a_full_disk_leaves_the_old_file);
	tcase_add_test(tests, names_that_can_not_be_files_are_refused);
	tcase_add_test(tests, a_file_that_shrinks_is_noticed);
	tcase_add_test(tests, a_file_that_can_not_be_read_is_named);
	tcase_add_test(tests, a_writer_killed_at_any_byte_leaves_the_old_file);
	tcase_add_loop_test(tests, a_writer_killed_at_any_call_leaves_the_old_or_the_new_file, 0,
			    2);
	tcase_add_test(tests, a_writer_killed_at_any_time_leaves_the_old_or_the_new_file);
	tcase_add_test(tests, two_writers_of_one_file_are_kept_apart);
	tcase_add_loop_test(tests, two_writers_meet_at_any_call, 0, 2);
	tcase_add_test(tests, many_writers_leave_a_whole_file);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
