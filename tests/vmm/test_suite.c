// SPDX-License-Identifier: MPL-2.0
/* Suites of guests: what describes them, what guests print, how they are judged, run and reported.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"
#include "vmm/suite/pool.h"
#include "vmm/suite/report.h"

static char folder[] = "/tmp/mezz-test-suite-XXXXXX";
static struct mz_failure failure;

static char *path_of(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void write_text(const char *name, const char *text)
{
	char *path = path_of(name);

	ck_assert(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

static void make_folder(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)) != NULL) {
		char *path = path_of(name);

		ck_assert_int_eq(unlink(path), 0);
		g_free(path);
	}
	g_dir_close(dir);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- What guests print ---- */

static const char printed[] = "noise\r\n"
			      "PASS: one: two\r\n"
			      "FAIL: three\n"
			      "  FAIL: not at the start\n"
			      "PASSED: another word\n"
			      "XFAIL: four\n"
			      "SKIP: five\n"
			      "PASS: \n"
			      "SUMMARY: 5 tests, 12 unexpected failures, 1 skipped\n"
			      "FAIL: never ended";

static void assert_lines(const struct mz_lines *lines)
{
	static const struct mz_check wanted[] = {
		{MZ_CHECK_PASS, (char *)"one: two"}, {MZ_CHECK_FAIL, (char *)"three"},
		{MZ_CHECK_XFAIL, (char *)"four"},    {MZ_CHECK_SKIP, (char *)"five"},
		{MZ_CHECK_PASS, (char *)""},         {MZ_CHECK_FAIL, (char *)"never ended"},
	};

	ck_assert_uint_eq(lines->checks->len, G_N_ELEMENTS(wanted));
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		const struct mz_check *check = g_ptr_array_index(lines->checks, i);

		ck_assert_int_eq(check->kind, wanted[i].kind);
		ck_assert_str_eq(check->text, wanted[i].text);
	}
	ck_assert_uint_eq(lines->failures, 12);
}

START_TEST(lines_are_found_in_whatever_pieces_they_come)
{
	for (size_t piece = 1; piece <= strlen(printed); piece++) {
		struct mz_lines lines;

		mz_lines_init(&lines);
		for (size_t at = 0; at < strlen(printed); at += piece) {
			size_t rest = strlen(printed) - at;

			mz_lines_feed(&lines, printed + at, rest < piece ? rest : piece);
		}
		mz_lines_finish(&lines);
		assert_lines(&lines);
		mz_lines_destroy(&lines);
	}
}
END_TEST

START_TEST(a_guest_that_prints_without_end_is_kept_in_bounds)
{
	struct mz_lines lines;

	mz_lines_init(&lines);
	for (unsigned i = 0; i < 100000; i++)
		mz_lines_feed(&lines, "no newline ever ", 16);
	ck_assert_uint_le(lines.line->len, 4096);
	mz_lines_feed(&lines, "\n", 1);
	for (unsigned i = 0; i < MZ_CHECKS_KEPT + 5; i++)
		mz_lines_feed(&lines, "PASS: x\n", 8);
	ck_assert_uint_eq(lines.count[MZ_CHECK_PASS], MZ_CHECKS_KEPT + 5);
	ck_assert_uint_eq(lines.checks->len, MZ_CHECKS_KEPT);
	mz_lines_destroy(&lines);
}
END_TEST

/* ---- Judging ---- */

static const struct judgement {
	int status, wanted;
	const char *printed;
	enum mz_verdict verdict;
	const char *why;
} judgements[] = {
	{0, 0, "", MZ_VERDICT_PASS, ""},
	{0, 0, "PASS: a\n", MZ_VERDICT_PASS, ""},
	{0, 0, "PASS: a\nSKIP: b\nXFAIL: c\n", MZ_VERDICT_PASS, ""},
	{0, 0, "SKIP: a\n", MZ_VERDICT_SKIP, "the guest skipped all of its checks"},
	{77, 0, "", MZ_VERDICT_SKIP, "the guest skipped all of its checks"},
	{77, 0, "PASS: a\n", MZ_VERDICT_FAIL, "status 77, wanted 0"},
	{38, 0, "SKIP: a\nSUMMARY: 1 tests, 1 skipped\n", MZ_VERDICT_SKIP,
	 "the guest skipped all of its checks"},
	{38, 0, "PASS: a\n", MZ_VERDICT_FAIL, "status 38, wanted 0"},
	{38, 38, "PASS: a\n", MZ_VERDICT_PASS, ""},
	{0, 0, "PASS: a\nFAIL: b\n", MZ_VERDICT_FAIL, "1 check failed"},
	{0, 0, "SUMMARY: 3 tests, 2 unexpected failures\n", MZ_VERDICT_FAIL, "2 checks failed"},
	{0, 0, "SUMMARY: 3 tests\n", MZ_VERDICT_PASS, ""},
	{1, 0, "FAIL: b\n", MZ_VERDICT_FAIL, "1 check failed"},
	{3, 0, "PASS: a\n", MZ_VERDICT_FAIL, "status 3, wanted 0"},
	{3, 3, "", MZ_VERDICT_PASS, ""},
	{0, 3, "", MZ_VERDICT_FAIL, "status 0, wanted 3"},
	{100, 0, "", MZ_VERDICT_FAIL, "status 100: it says so"},
	{100, 100, "", MZ_VERDICT_PASS, ""},
	{103, 0, "PASS: a\n", MZ_VERDICT_FAIL, "it ran out of its 2.5 s"},
	{111, 0, "", MZ_VERDICT_ERROR, "status 111: it says so"},
	{112, 0, "", MZ_VERDICT_ERROR, "status 112: it says so"},
	{111, 111, "", MZ_VERDICT_PASS, ""},
	{-SIGSEGV, 0, "", MZ_VERDICT_ERROR,
	 "mezz run was killed by signal 11 (Segmentation fault)"},
};

START_TEST(guests_are_judged_by_their_status_and_their_lines)
{
	const struct judgement *j = &judgements[_i];
	struct mz_case one = {.name = (char *)"one", .timeout_ns = 2500000000, .status = j->wanted};
	struct mz_result result;

	mz_result_init(&result, &one);
	mz_lines_feed(&result.lines, j->printed, strlen(j->printed));
	g_string_append(result.messages, "a line\nmezz run: it says so\n  rip 0\n");
	result.status = j->status;
	mz_result_judge(&result, false);
	ck_assert_int_eq(result.verdict, j->verdict);
	ck_assert_str_eq(result.why, j->why);
	mz_result_destroy(&result);
}
END_TEST

/* ---- Files ---- */

static const struct mz_case *case_at(const struct mz_suite *suite, unsigned i)
{
	ck_assert_uint_lt(i, suite->cases->len);
	return g_ptr_array_index(suite->cases, i);
}

static int add_text(struct mz_suite *suite, const char *text, char *const *groups)
{
	static char *common[] = {(char *)"--common", NULL};
	const struct mz_case_defaults defaults = {.timeout_ns = 5, .options = common};
	char *path = path_of("suite.cfg");
	int result;

	make_folder();
	write_text("suite.cfg", text);
	g_free(path);
	path = path_of("suite.cfg");
	mz_suite_init(suite, &defaults);
	result = mz_suite_add_file(suite, path, groups, &failure);
	g_free(path);
	remove_folder();
	return result;
}

static void assert_options(const struct mz_case *one, const char *wanted)
{
	char *all = g_strjoinv(" | ", one->options);

	ck_assert_str_eq(all, wanted);
	g_free(all);
}

START_TEST(a_file_describes_guests)
{
	struct mz_suite suite;
	const struct mz_case *one;
	char *image;

	ck_assert_int_eq(add_text(&suite,
				  "# a comment\n[first]\nfile = a.elf\ncpus = 4\nmemory = 1G\n"
				  "append = a b=\"c d\"\noptions = --rng '--trace=io mmio'\n"
				  "timeout = 1.5\nstatus = 100\n"
				  "[second]\nfile = /b.elf\n",
				  NULL),
			 0);
	ck_assert_uint_eq(suite.cases->len, 2);
	one = case_at(&suite, 0);
	image = path_of("a.elf");
	ck_assert_str_eq(one->name, "first");
	ck_assert_str_eq(one->image, image);
	g_free(image);
	ck_assert_uint_eq(one->timeout_ns, 1500000000);
	ck_assert_int_eq(one->status, 100);
	ck_assert_ptr_null(one->skipped);
	assert_options(one,
		       "--common | --cpus=4 | --memory=1G | --append=a b=\"c d\" | --rng | "
		       "--trace=io mmio");
	one = case_at(&suite, 1);
	ck_assert_str_eq(one->image, "/b.elf");
	ck_assert_uint_eq(one->timeout_ns, 5);
	assert_options(one, "--common");
	mz_suite_destroy(&suite);
}
END_TEST

/* What a section with these keys is given, or why it is skipped. */
static const struct {
	const char *keys, *options, *skipped;
} unit_tests[] = {
	{"smp = 2\n", "--common | --cpus=2", NULL},
	{"smp = $MAX_SMP\n", NULL, "smp = $MAX_SMP is for a shell"},
	{"arch = x86_64\n", "--common", NULL},
	{"arch = i386\n", "--common", NULL},
	{"arch = arm64\n", NULL, "it is for arm64"},
	{"machine = q35\n", NULL, "it asks for machine = q35"},
	{"accel = kvm\n", "--common", NULL},
	{"accel = tcg\n", NULL, "it asks for accel = tcg"},
	{"test_args = 'x y'  -z\n", "--common | --append=x y -z", NULL},
	{"test_args = \"10 `date +%s`\"\n", NULL, "test_args = \"10 `date +%s`\" is for a shell"},
	{"extra_params = -append 'x y' -m 2048 -smp 3\n",
	 "--common | --append=x y | --memory=2048M | --cpus=3", NULL},
	{"extra_params = --append x -enable-kvm -m 1G -initrd 'f x=1,g'\n",
	 "--common | --append=x | --memory=1G | --module=f x=1 | --module=g", NULL},
	{"extra_params = --append \"10 `date +%s`\"\n", NULL,
	 "extra_params = --append \"10 `date +%s`\" is for a shell"},
	{"qemu_params = -cpu max\n", "--common", NULL},
	{"qemu_params = -cpu host,migratable=no\n", "--common", NULL},
	{"qemu_params = -cpu max,host-phys-bits,+vmx -m 2560\n", "--common | --memory=2560M", NULL},
	{"qemu_params = -cpu qemu64,+x2apic,+tsc-deadline\n", "--common", NULL},
	{"qemu_params = -cpu kvm64,+rdtscp\n", "--common", NULL},
	{"qemu_params = -cpu qemu64,-pcid\n", NULL, "qemu_params has -cpu, which is QEMU's alone"},
	{"qemu_params = -cpu max,vendor=GenuineIntel\n", NULL,
	 "qemu_params has -cpu, which is QEMU's alone"},
	{"qemu_params = -cpu Opteron_G1\n", NULL, "qemu_params has -cpu, which is QEMU's alone"},
	{"qemu_params = -cpu\n", NULL, "qemu_params has -cpu, which is QEMU's alone"},
	{"qemu_params = -m 1G -device edu\n", NULL,
	 "qemu_params has -device, which is QEMU's alone"},
	{"qemu_params = -nodefaults\n", NULL, "qemu_params has -nodefaults, which is QEMU's alone"},
	{"check = /proc/sys/kernel/ostype=Linux\n", "--common", NULL},
	{"check = /proc/sys/kernel/ostype=Linux /proc/sys/kernel/ostype=other\n", NULL,
	 "/proc/sys/kernel/ostype=other is not so here"},
	{"check = /no/such/file=1\n", NULL, "/no/such/file=1 is not so here"},
	{"check = /proc/sys/kernel/ostype\n", NULL, "/proc/sys/kernel/ostype is not so here"},
};

START_TEST(the_keys_of_kvm_unit_tests_are_understood)
{
	char *text = g_strconcat("[a]\nfile = suite.cfg\n", unit_tests[_i].keys, NULL);
	struct mz_suite suite;

	ck_assert_int_eq(add_text(&suite, text, NULL), 0);
	ck_assert_uint_eq(suite.cases->len, 1);
	ck_assert_pstr_eq(case_at(&suite, 0)->skipped, unit_tests[_i].skipped);
	if (unit_tests[_i].options != NULL)
		assert_options(case_at(&suite, 0), unit_tests[_i].options);
	mz_suite_destroy(&suite);
	g_free(text);
}
END_TEST

START_TEST(what_is_built_for_another_architecture_is_skipped)
{
	struct mz_suite suite;
	char *why;

	ck_assert_int_eq(
		add_text(&suite, "[a]\nfile = a.flat\narch = i386\n[b]\nfile = b.flat\n", NULL), 0);
	why = g_strdup_printf("it is for i386, and %s/a.flat is not there", folder);
	ck_assert_str_eq(case_at(&suite, 0)->skipped, why);
	ck_assert_ptr_null(case_at(&suite, 1)->skipped);
	mz_suite_destroy(&suite);
	g_free(why);
}
END_TEST

START_TEST(groups_pick_guests)
{
	static char *groups[] = {(char *)"fast", (char *)"memory", NULL};
	struct mz_suite suite;

	ck_assert_int_eq(add_text(&suite,
				  "[a]\nfile = a\ngroups = fast\n[b]\nfile = b\ngroups = slow\n"
				  "[c]\nfile = c\n[d]\nfile = d\ngroups = slow memory\n",
				  groups),
			 0);
	ck_assert_uint_eq(suite.cases->len, 2);
	ck_assert_str_eq(case_at(&suite, 0)->name, "a");
	ck_assert_str_eq(case_at(&suite, 1)->name, "d");
	mz_suite_destroy(&suite);
}
END_TEST

START_TEST(a_guest_of_the_group_nodefault_is_picked_by_its_groups_alone)
{
	static const char text[] = "[a]\nfile = a\ngroups = nodefault slow\n[b]\nfile = b\n";
	static char *groups[] = {(char *)"slow", NULL};
	struct mz_suite suite;

	ck_assert_int_eq(add_text(&suite, text, NULL), 0);
	ck_assert_uint_eq(suite.cases->len, 1);
	ck_assert_str_eq(case_at(&suite, 0)->name, "b");
	mz_suite_destroy(&suite);
	ck_assert_int_eq(add_text(&suite, text, groups), 0);
	ck_assert_uint_eq(suite.cases->len, 1);
	ck_assert_str_eq(case_at(&suite, 0)->name, "a");
	mz_suite_destroy(&suite);
}
END_TEST

static const struct {
	const char *text, *why;
} refused[] = {
	{"[a]\ncpus = 1\n", "[a]: no file is named"},
	{"[a]\nfile = a\nfils = b\n", "[a]: fils = b: there is no such key"},
	{"[a]\nfile = a\ntimeout = soon\n", "[a]: timeout = soon: this is not a positive number"},
	{"[a]\nfile = a\ntimeout = -1\n", "[a]: timeout = -1: this is not a positive number"},
	{"[a]\nfile = a\nstatus = 256\n", "[a]: status = 256: this is not an exit status"},
	{"[a]\nfile = a\noptions = 'x\n", "[a]: options = 'x: "},
	{"file = a\n", "suite.cfg: Key file does not start with a group"},
	{"[a\n", "suite.cfg: "},
	{"nonsense\n", "suite.cfg: "},
};

START_TEST(what_a_file_says_wrongly_is_named)
{
	struct mz_suite suite;

	ck_assert_int_eq(add_text(&suite, refused[_i].text, NULL), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_ARGUMENT);
	ck_assert_msg(strstr(failure.text, refused[_i].why) != NULL, "%s", failure.text);
	mz_suite_destroy(&suite);
}
END_TEST

START_TEST(a_missing_file_and_a_name_twice_are_refused)
{
	const struct mz_case_defaults defaults = {.timeout_ns = 5};
	struct mz_suite suite;

	mz_suite_init(&suite, &defaults);
	ck_assert_int_eq(mz_suite_add_file(&suite, "/no/such/file", NULL, &failure), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "/no/such/file"));
	ck_assert_int_eq(mz_suite_add_image(&suite, "x/a.elf", &failure), 0);
	ck_assert_int_eq(mz_suite_add_image(&suite, "y/a.elf", &failure), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "x/a.elf and y/a.elf"));
	ck_assert_uint_eq(suite.cases->len, 1);
	mz_suite_destroy(&suite);
}
END_TEST

/* ---- Running ---- */

/* Stands for mezz: does what the image is called. */
static const char program[] =
	"#!/bin/sh\n"
	"[ \"$1\" = run ] && [ \"$2\" = --timeout=7.000000000 ] && [ \"$3\" = --extra ] || exit "
	"110\n"
	"[ \"$4\" = -- ] || exit 110\n"
	"case $5 in\n"
	"pass*) echo PASS: a; sleep 0.05; exit 0;;\n"
	"fail) echo FAIL: a; exit 1;;\n"
	"hang) exec sleep 100;;\n"
	"leaves) sleep 3 & echo PASS: a; echo more >&2; exit 0;;\n"
	"killed) kill -SEGV $$;;\n"
	"noise) head -c 3000000 /dev/zero | tr '\\0' x; echo; echo PASS: late; exit 0;;\n"
	"reads) read line; [ -z \"$line\" ] || exit 5; exit 0;;\n"
	"crash) echo 'mezz run: the guest crashed' >&2; exit 100;;\n"
	"esac\n";

struct seen {
	unsigned now, most, started, finished;
};

static void on_start(void *context, const struct mz_case *one)
{
	struct seen *seen = context;

	(void)one;
	seen->started++;
	seen->now++;
	seen->most = seen->now > seen->most ? seen->now : seen->most;
}

static void on_finish(void *context, const struct mz_result *result)
{
	struct seen *seen = context;

	seen->finished++;
	if (result->verdict != MZ_VERDICT_SKIP)
		seen->now--;
}

static void run_images(const char *const *images, unsigned count, unsigned jobs, uint64_t limit_ns,
		       struct mz_suite *suite, struct mz_result *results, struct seen *seen)
{
	static char *options[] = {(char *)"--extra", NULL};
	const struct mz_case_defaults defaults = {.timeout_ns = 7000000000, .options = options};
	char *mezz;
	struct mz_pool pool = {
		.jobs = jobs, .context = seen, .started = on_start, .finished = on_finish};

	make_folder();
	write_text("mezz", program);
	mezz = path_of("mezz");
	ck_assert_int_eq(chmod(mezz, 0700), 0);
	pool.program = mezz;
	pool.grace_ns = limit_ns - defaults.timeout_ns;
	mz_suite_init(suite, &defaults);
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(mz_suite_add_image(suite, images[i], &failure), 0);
	memset(seen, 0, sizeof(*seen));
	ck_assert_int_eq(mz_pool_run(&pool, suite, results), 0);
	g_free(mezz);
	remove_folder();
}

START_TEST(guests_run_side_by_side_and_their_results_keep_their_order)
{
	static const char *const images[] = {"pass1", "fail",  "noise", "killed",
					     "pass2", "reads", "crash", "pass3"};
	static const enum mz_verdict verdicts[] = {
		MZ_VERDICT_PASS,  MZ_VERDICT_FAIL, MZ_VERDICT_PASS,
		MZ_VERDICT_ERROR, MZ_VERDICT_PASS, MZ_VERDICT_PASS,
		MZ_VERDICT_FAIL,  MZ_VERDICT_PASS, MZ_VERDICT_ERROR};
	struct mz_result results[G_N_ELEMENTS(images)];
	struct mz_suite suite;
	struct seen seen;

	run_images(images, G_N_ELEMENTS(images), 3, 60000000000, &suite, results, &seen);
	for (unsigned i = 0; i < G_N_ELEMENTS(images); i++)
		ck_assert_msg(results[i].verdict == verdicts[i], "%s: %s: %s", images[i],
			      mz_verdict_text(results[i].verdict), results[i].why);
	ck_assert_uint_eq(seen.most, 3);
	ck_assert_uint_eq(seen.started, G_N_ELEMENTS(images));
	ck_assert_uint_eq(seen.finished, G_N_ELEMENTS(images));
	ck_assert_uint_le(results[2].output->len, MZ_OUTPUT_KEPT);
	ck_assert_uint_eq(results[2].lines.count[MZ_CHECK_PASS], 1);
	ck_assert_str_eq(results[6].why, "status 100: the guest crashed");
	for (unsigned i = 0; i < G_N_ELEMENTS(images); i++)
		mz_result_destroy(&results[i]);
	mz_suite_destroy(&suite);
}
END_TEST

START_TEST(what_does_not_end_by_itself_is_killed)
{
	static const char *const images[] = {"hang"};
	struct mz_result result;
	struct mz_suite suite;
	struct seen seen;

	run_images(images, 1, 1, 500000000, &suite, &result, &seen);
	ck_assert_int_eq(result.verdict, MZ_VERDICT_ERROR);
	ck_assert_ptr_nonnull(strstr(result.why, "was killed"));
	mz_result_destroy(&result);
	mz_suite_destroy(&suite);
}
END_TEST

/* Somebody else can still write to where its output went. */
START_TEST(what_has_ended_is_not_waited_for_nor_killed)
{
	static const char *const images[] = {"leaves"};
	struct mz_result result;
	struct mz_suite suite;
	struct seen seen;

	run_images(images, 1, 1, 2000000000, &suite, &result, &seen);
	ck_assert_msg(result.verdict == MZ_VERDICT_PASS, "%s", result.why);
	ck_assert_uint_eq(result.lines.count[MZ_CHECK_PASS], 1);
	ck_assert_str_eq(result.messages->str, "more\n");
	mz_result_destroy(&result);
	mz_suite_destroy(&suite);
}
END_TEST

START_TEST(what_can_not_be_started_is_an_error_and_what_is_skipped_is_not_run)
{
	const struct mz_case_defaults defaults = {.timeout_ns = 7000000000};
	struct seen seen = {0};
	const struct mz_pool pool = {.program = "/no/such/program",
				     .jobs = 2,
				     .context = &seen,
				     .started = on_start,
				     .finished = on_finish};
	struct mz_result results[2];
	struct mz_suite suite;

	mz_suite_init(&suite, &defaults);
	ck_assert_int_eq(mz_suite_add_image(&suite, "a", &failure), 0);
	ck_assert_int_eq(mz_suite_add_image(&suite, "b", &failure), 0);
	((struct mz_case *)g_ptr_array_index(suite.cases, 1))->skipped = g_strdup("it may not");
	ck_assert_int_eq(mz_pool_run(&pool, &suite, results), 0);
	ck_assert_int_eq(results[0].verdict, MZ_VERDICT_ERROR);
	ck_assert_ptr_nonnull(strstr(results[0].why, "/no/such/program"));
	ck_assert_int_eq(results[1].verdict, MZ_VERDICT_SKIP);
	ck_assert_str_eq(results[1].why, "it may not");
	ck_assert_uint_eq(seen.started, 0);
	ck_assert_uint_eq(seen.finished, 2);
	mz_result_destroy(&results[0]);
	mz_result_destroy(&results[1]);
	mz_suite_destroy(&suite);
}
END_TEST

static void interrupt_self(void *context, const struct mz_case *one)
{
	on_start(context, one);
	ck_assert_int_eq(kill(getpid(), SIGINT), 0);
}

START_TEST(an_interrupted_run_ends_what_runs_and_starts_no_more)
{
	static char *options[] = {(char *)"--extra", NULL};
	const struct mz_case_defaults defaults = {.timeout_ns = 7000000000, .options = options};
	struct seen seen = {0};
	struct mz_pool pool = {.jobs = 1,
			       .grace_ns = MZ_POOL_GRACE_NS,
			       .context = &seen,
			       .started = interrupt_self,
			       .finished = on_finish};
	struct mz_result results[2];
	struct mz_suite suite;
	char *mezz;

	make_folder();
	write_text("mezz", program);
	mezz = path_of("mezz");
	ck_assert_int_eq(chmod(mezz, 0700), 0);
	pool.program = mezz;
	mz_suite_init(&suite, &defaults);
	ck_assert_int_eq(mz_suite_add_image(&suite, "hang", &failure), 0);
	ck_assert_int_eq(mz_suite_add_image(&suite, "pass", &failure), 0);
	ck_assert_int_eq(mz_pool_run(&pool, &suite, results), SIGINT);
	ck_assert_uint_eq(seen.started, 1);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(results[i].verdict, MZ_VERDICT_ERROR);
		ck_assert_str_eq(results[i].why, "the run was interrupted");
		mz_result_destroy(&results[i]);
	}
	mz_suite_destroy(&suite);
	g_free(mezz);
	remove_folder();
}
END_TEST

/* ---- Reports ---- */

static char *reported(void (*write)(const struct mz_report *report, FILE *out))
{
	static const struct mz_case one = {.name = (char *)"a<b", .status = 0};
	static const struct mz_case two = {.name = (char *)"two", .skipped = (char *)"# not here"};
	struct mz_result results[2];
	const struct mz_report report = {.results = results, .count = 2, .ns = 1500000000};
	static const char out[] = "PASS: x & \"y\"\nFAIL: \x01\xff#\n";
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	mz_result_init(&results[0], &one);
	mz_lines_feed(&results[0].lines, out, sizeof(out) - 1);
	mz_result_keep(results[0].output, out, sizeof(out));
	g_string_append(results[0].messages, "it's]]>\n");
	results[0].status = 1;
	results[0].ns = 250000000;
	mz_result_judge(&results[0], false);
	mz_result_init(&results[1], &two);
	mz_result_not_run(&results[1], NULL);
	write(&report, file);
	fclose(file);
	mz_result_destroy(&results[0]);
	mz_result_destroy(&results[1]);
	return text;
}

static void assert_reported(void (*write)(const struct mz_report *report, FILE *out),
			    const char *wanted)
{
	char *text = reported(write);

	ck_assert_str_eq(text, wanted);
	free(text);
}

START_TEST(a_text_report_names_what_failed)
{
	assert_reported(mz_report_text,
			"FAIL   a<b  0.25 s  2 checks  (1 check failed)\n"
			"       FAIL: \x01\xff#\n"
			"SKIP   two  (# not here)\n"
			"0 passed, 1 failed, 1 skipped, 0 could not be run; 1.50 s\n");
}
END_TEST

START_TEST(a_tap_report_has_a_subtest_a_check)
{
	assert_reported(mz_report_tap,
			"TAP version 14\n"
			"1..2\n"
			"# Subtest: a<b\n"
			"    1..2\n"
			"    ok 1 - x & \"y\"\n"
			"    not ok 2 - \x01\xff\\#\n"
			"not ok 1 - a<b\n"
			"  ---\n"
			"  message: '1 check failed'\n"
			"  status: 1\n"
			"  ...\n"
			"ok 2 - two # SKIP \\# not here\n");
}
END_TEST

START_TEST(a_junit_report_is_xml_whatever_a_guest_prints)
{
	assert_reported(
		mz_report_junit,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites time=\"1.500\">\n"
		"  <testsuite name=\"a&lt;b\" tests=\"3\" failures=\"2\" errors=\"0\" "
		"skipped=\"0\" "
		"time=\"0.250\">\n"
		"    <testcase classname=\"a&lt;b\" name=\"x &amp; &quot;y&quot;\" "
		"time=\"0.000\"/>\n"
		"    <testcase classname=\"a&lt;b\" name=\"?\xef\xbf\xbd#\" "
		"time=\"0.000\"><failure "
		"message=\"?\xef\xbf\xbd#\"/></testcase>\n"
		"    <testcase classname=\"a&lt;b\" name=\"end\" time=\"0.250\"><failure "
		"message=\"1 check failed\"/></testcase>\n"
		"    <system-out>PASS: x &amp; &quot;y&quot;\nFAIL: ?\xef\xbf\xbd#\n"
		"\xef\xbf\xbd</system-out>\n"
		"    <system-err>it&apos;s]]&gt;\n</system-err>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"two\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\" "
		"time=\"0.000\">\n"
		"    <testcase classname=\"two\" name=\"end\" time=\"0.000\"><skipped message=\"# "
		"not "
		"here\"/></testcase>\n"
		"  </testsuite>\n"
		"</testsuites>\n");
}
END_TEST

/* XML 1.0, section 2.2, allows all of Unicode but these two and what is no character. */
START_TEST(a_junit_report_has_no_character_that_xml_has_not)
{
	static const struct mz_case one = {
		.name = (char *)"\xef\xbf\xbe|\xef\xbf\xbf|\xef\xbf\xbc"};
	struct mz_result result;
	const struct mz_report report = {.results = &result, .count = 1};
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	mz_result_init(&result, &one);
	mz_result_judge(&result, false);
	mz_report_junit(&report, file);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(text, "<testsuite name=\"???|???|\xef\xbf\xbc\""));
	mz_result_destroy(&result);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suite");
	TCase *tcase = tcase_create("suite");

	tcase_add_test(tcase, lines_are_found_in_whatever_pieces_they_come);
	tcase_add_test(tcase, a_guest_that_prints_without_end_is_kept_in_bounds);
	tcase_add_loop_test(tcase, guests_are_judged_by_their_status_and_their_lines, 0,
			    G_N_ELEMENTS(judgements));
	tcase_add_test(tcase, a_file_describes_guests);
	tcase_add_loop_test(tcase, the_keys_of_kvm_unit_tests_are_understood, 0,
			    G_N_ELEMENTS(unit_tests));
	tcase_add_test(tcase, what_is_built_for_another_architecture_is_skipped);
	tcase_add_test(tcase, groups_pick_guests);
	tcase_add_test(tcase, a_guest_of_the_group_nodefault_is_picked_by_its_groups_alone);
	tcase_add_loop_test(tcase, what_a_file_says_wrongly_is_named, 0, G_N_ELEMENTS(refused));
	tcase_add_test(tcase, a_missing_file_and_a_name_twice_are_refused);
	tcase_add_test(tcase, guests_run_side_by_side_and_their_results_keep_their_order);
	tcase_add_test(tcase, what_does_not_end_by_itself_is_killed);
	tcase_add_test(tcase, what_has_ended_is_not_waited_for_nor_killed);
	tcase_add_test(tcase, what_can_not_be_started_is_an_error_and_what_is_skipped_is_not_run);
	tcase_add_test(tcase, an_interrupted_run_ends_what_runs_and_starts_no_more);
	tcase_add_test(tcase, a_text_report_names_what_failed);
	tcase_add_test(tcase, a_tap_report_has_a_subtest_a_check);
	tcase_add_test(tcase, a_junit_report_is_xml_whatever_a_guest_prints);
	tcase_add_test(tcase, a_junit_report_has_no_character_that_xml_has_not);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
