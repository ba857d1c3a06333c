// SPDX-License-Identifier: MPL-2.0
/*
 * Guest memory that machines share copy-on-write: a family of them against copies of what each
 * should hold, who writes, drops, is cloned and ends in any order; and what is no such memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/memory/baseline.h"
#include "vmm/memory/contents.h"
#include "vmm/memory/frozen.h"

#define PAGES   96u
#define BYTES   ((uint64_t)PAGES * MZ_RAM_PAGE)
#define MEMBERS 6u
#define STEPS   4000u

/* A machine's memory, and what each page of it should hold: the same number in all words. */
struct member {
	bool alive;
	struct mz_ram ram;
	uint64_t pages[PAGES];
	uint64_t shared[PAGES]; /* when it began to share: what is there again when it is dropped */
};

static struct member members[MEMBERS];
static struct mz_failure failure;
static uint64_t number;

static uint64_t *page_at(const struct member *member, uint64_t page)
{
	uint64_t *at = mz_ram_at(&member->ram, page * MZ_RAM_PAGE, MZ_RAM_PAGE);

	must(at != NULL);
	return at;
}

static void must_hold(const struct member *member)
{
	must(member->ram.guest == member->ram.alias || !member->ram.cow);
	for (uint64_t page = 0; page < PAGES; page++) {
		const uint64_t *at = page_at(member, page);

		for (unsigned word = 0; word < MZ_RAM_PAGE / 8; word += 73)
			must_equal(at[word], member->pages[page]);
	}
}

static void all_must_hold(void)
{
	for (unsigned i = 0; i < MEMBERS; i++)
		if (members[i].alive)
			must_hold(&members[i]);
}

static void write_page(struct member *member, uint64_t page)
{
	uint64_t *at = page_at(member, page);

	number++;
	for (unsigned word = 0; word < MZ_RAM_PAGE / 8; word++)
		at[word] = number;
	member->pages[page] = number;
}

static void drop(struct member *member, uint64_t page)
{
	must(!mz_ram_drop(&member->ram, page * MZ_RAM_PAGE, MZ_RAM_PAGE));
	member->pages[page] = member->ram.cow ? member->shared[page] : 0;
}

/* ---- One machine after the other ---- */

static void begin(struct member *member)
{
	memset(member, 0, sizeof(*member));
	must_say(!mz_ram_init(&member->ram, BYTES, &failure), "%s", failure.text);
	member->alive = true;
}

static void end(struct member *member)
{
	if (member->alive)
		mz_ram_destroy(&member->ram);
	member->alive = false;
}

static void freeze(struct member *member, struct mz_frozen *frozen)
{
	if (!member->ram.cow) {
		must_say(!mz_ram_share(&member->ram, &failure), "%s", failure.text);
		memcpy(member->shared, member->pages, sizeof(member->pages));
	}
	must_say(!mz_frozen_take(frozen, &member->ram, &failure), "%s", failure.text);
}

static int make_from(struct mz_ram *ram, const struct mz_frozen *frozen)
{
	return mz_ram_make(ram, &(struct mz_ram_config) {.bytes = BYTES, .frozen = frozen},
			   &failure);
}

/* Who looks at it sees what the member has now. */
static void must_show(const struct mz_frozen *frozen, const struct member *member)
{
	unsigned char *view = mz_frozen_view(frozen, BYTES);

	must(view != NULL);
	for (uint64_t page = 0; page < PAGES; page++)
		must_equal(*(uint64_t *)(view + page * MZ_RAM_PAGE), member->pages[page]);
	munmap(view, BYTES);
}

static void clone(struct member *child, struct member *parent)
{
	struct mz_frozen frozen;

	freeze(parent, &frozen);
	must_show(&frozen, parent);
	must_say(!make_from(&child->ram, &frozen), "%s", failure.text);
	/* It begins with pages of its own where there is anything over the file. */
	must_equal(child->ram.own[0], frozen.over >= 0);
	mz_frozen_close(&frozen);
	child->alive = true;
	memcpy(child->pages, parent->pages, sizeof(parent->pages));
	/* All of a family lie over the file of the first. */
	memcpy(child->shared, parent->shared, sizeof(parent->shared));
}

static void end_all(void)
{
	for (unsigned i = 0; i < MEMBERS; i++)
		end(&members[i]);
}

START_TEST(each_has_what_it_wrote_itself)
{
	struct member *first = &members[0], *second = &members[1];

	begin(first);
	write_page(first, 3);
	write_page(first, 4);
	clone(second, first);
	all_must_hold();
	write_page(first, 3);
	write_page(second, 4);
	write_page(second, 50);
	all_must_hold();
	end(first);
	all_must_hold();
	end_all();
}
END_TEST

START_TEST(what_was_written_since_goes_to_a_later_clone)
{
	struct member *first = &members[0];

	begin(first);
	write_page(first, 1);
	clone(&members[1], first);
	write_page(first, 1);
	write_page(first, 90);
	clone(&members[2], first);
	write_page(&members[2], 2);
	clone(&members[3], &members[2]);
	all_must_hold();
	end(&members[2]);
	write_page(first, 90);
	all_must_hold();
	end_all();
}
END_TEST

/* ---- Nobody writes to what is shared ---- */

START_TEST(its_files_are_sealed)
{
	struct member *member = &members[0];
	struct mz_frozen frozen;
	unsigned char byte = 1;

	begin(member);
	write_page(member, 3);
	freeze(member, &frozen);
	must(frozen.over < 0);
	must(pwrite(frozen.file, &byte, 1, 0) < 0 && errno == EPERM);
	must(ftruncate(frozen.file, 0) && errno == EPERM);
	must(mmap(NULL, MZ_RAM_PAGE, PROT_WRITE, MAP_SHARED, frozen.file, 0) == MAP_FAILED);
	must(fallocate(frozen.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, MZ_RAM_PAGE) &&
	     errno == EPERM);
	mz_frozen_close(&frozen);

	write_page(member, 3);
	freeze(member, &frozen);
	must(frozen.over >= 0);
	must(pwrite(frozen.over, &byte, 1, 0) < 0 && errno == EPERM);
	must(ftruncate(frozen.over, 0) && errno == EPERM);
	mz_frozen_close(&frozen);
	must_hold(member);
	end(member);
}
END_TEST

static void must_not_be_made(const struct mz_frozen *frozen)
{
	struct mz_ram ram;

	must(make_from(&ram, frozen) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_IMAGE);
	must(strstr(failure.text, "no sealed memory file") != NULL);
}

static void must_be_on_small_pages(const struct mz_frozen *frozen)
{
	const struct mz_ram_config config = {.bytes = BYTES, .huge = MZ_HUGE_THP, .frozen = frozen};
	struct mz_ram ram;

	must(mz_ram_make(&ram, &config, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
}

START_TEST(what_may_change_is_refused)
{
	struct member *member = &members[0];
	struct mz_frozen frozen, wrong;
	int ends[2];

	begin(member);
	freeze(member, &frozen);

	wrong = (struct mz_frozen) {.file = mz_huge_file(MZ_HUGE_NONE), .over = -1};
	must(!ftruncate(wrong.file, (off_t)BYTES));
	must_not_be_made(&wrong);
	/* It may still be written to, and its length is right. */
	must(!fcntl(wrong.file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	must_not_be_made(&wrong);
	must_not_be_made(&(struct mz_frozen) {.file = frozen.file, .over = wrong.file});
	mz_frozen_close(&wrong);

	wrong = (struct mz_frozen) {.file = mz_huge_file(MZ_HUGE_NONE), .over = -1};
	must(!ftruncate(wrong.file, (off_t)BYTES / 2));
	must(!fcntl(wrong.file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
	must_not_be_made(&wrong);
	mz_frozen_close(&wrong);

	must(!pipe(ends));
	must_not_be_made(&(struct mz_frozen) {.file = ends[0], .over = -1});
	must_not_be_made(&(struct mz_frozen) {.file = -1, .over = -1});
	close(ends[0]);
	close(ends[1]);
	must_be_on_small_pages(&frozen);
	mz_frozen_close(&frozen);
	end(member);
}
END_TEST

START_TEST(what_can_not_be_copied_is_not_shared)
{
	char path[] = "/tmp/mezz-frozen-XXXXXX";
	int file = mkstemp(path);
	const struct mz_share_request share = {.name = "it", .path = path};
	struct mz_ram ram;

	must(file >= 0 && !ftruncate(file, MZ_RAM_PAGE));
	must_say(!mz_ram_make(&ram,
			      &(struct mz_ram_config) {
				      .bytes = BYTES, .shares = &share, .share_count = 1},
			      &failure),
		 "%s", failure.text);
	must(mz_ram_share(&ram, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must(!ram.cow && ram.alias != ram.guest);
	mz_ram_destroy(&ram);
	close(file);
	unlink(path);
}
END_TEST

static rlim_t addresses_in_use(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages;

	must(file && fscanf(file, "%lu", &pages) == 1 && !fclose(file));
	return pages * MZ_RAM_PAGE;
}

START_TEST(where_there_is_no_room_nothing_is_sealed)
{
	struct member *member = &members[0];
	struct rlimit before, limit;

	begin(member);
	write_page(member, 3);
	must(!getrlimit(RLIMIT_AS, &before));
	limit = before;
	limit.rlim_cur = addresses_in_use() + BYTES / 2;
	must(!setrlimit(RLIMIT_AS, &limit));
	must(mz_ram_share(&member->ram, &failure) == -1);
	must(!setrlimit(RLIMIT_AS, &before));
	must_equal(failure.status, MZ_STATUS_HOST_FAILED);
	must(!member->ram.cow);
	must_equal(fcntl(member->ram.fd, F_GET_SEALS), 0);
	drop(member, 3);
	must_hold(member);
	clone(&members[1], member);
	all_must_hold();
	end_all();
}
END_TEST

/* ---- What there is ---- */

/* Whoever wrote a page, the file has one there. */
static void must_be_found(const struct member *member)
{
	struct mz_extent part;

	for (uint64_t at = 0; at < BYTES; at = part.offset + part.bytes) {
		must(!mz_contents_next(member->ram.fd, at, BYTES, &part));
		must(part.offset >= at && part.offset + part.bytes <= BYTES);
		must(part.offset % MZ_RAM_PAGE == 0 && part.bytes % MZ_RAM_PAGE == 0);
		must(part.bytes || part.offset == BYTES);
		for (uint64_t page = at / MZ_RAM_PAGE; page < part.offset / MZ_RAM_PAGE; page++)
			must_equal(member->pages[page], 0);
	}
}

/* What a copy puts back is what there was, wherever that lay. */
static void must_be_put_back(struct member *member, struct rng *rng)
{
	struct mz_baseline baseline;
	uint64_t page = rng_below(rng, PAGES);
	uint64_t before = member->pages[page];

	must(!mz_baseline_take(&baseline, &member->ram, &failure));
	write_page(member, page);
	mz_baseline_put_back(&baseline, page * MZ_RAM_PAGE, MZ_RAM_PAGE);
	member->pages[page] = before;
	mz_baseline_drop(&baseline);
}

static struct member *other_than(struct rng *rng, const struct member *member)
{
	struct member *other;

	do
		other = &members[rng_below(rng, MEMBERS)];
	while (other == member);
	return other;
}

static void step(struct rng *rng)
{
	struct member *member = &members[rng_below(rng, MEMBERS)];
	struct member *other;

	if (!member->alive)
		begin(member);
	switch (rng_below(rng, 16)) {
	case 0:
		other = other_than(rng, member);
		end(other);
		clone(other, member);
		break;
	case 1:
		end(member);
		break;
	case 2:
		must_be_put_back(member, rng);
		break;
	case 3:
		drop(member, rng_below(rng, PAGES));
		break;
	case 4:
		must_be_found(member);
		break;
	default:
		write_page(member, rng_below(rng, PAGES));
	}
}

START_TEST(a_family_does_anything)
{
	struct rng rng = {rng_seed()};

	for (unsigned i = 0; i < rng_steps(STEPS); i++) {
		step(&rng);
		if (i % 16 == 0)
			all_must_hold();
	}
	all_must_hold();
	end_all();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("frozen");
	TCase *tcase = tcase_create("frozen");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, each_has_what_it_wrote_itself);
	tcase_add_test(tcase, what_was_written_since_goes_to_a_later_clone);
	tcase_add_test(tcase, its_files_are_sealed);
	tcase_add_test(tcase, what_may_change_is_refused);
	tcase_add_test(tcase, what_can_not_be_copied_is_not_shared);
	tcase_add_test(tcase, where_there_is_no_room_nothing_is_sealed);
	tcase_add_test(tcase, a_family_does_anything);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
