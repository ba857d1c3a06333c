/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sets of pages against a flat model, with memory that runs out, and with processors that add while
 * a collector moves.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ept/pages_node.h"
#include "tests/must.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/track.h"

static struct journal journal;
static struct track track;

static void begin(unsigned page_lg2)
{
	journal_init(&journal);
	track_init(&track, page_lg2, &journal);
}

static void end(void)
{
	must_equal(track.live_count, 0);
	track_destroy(&track);
	journal_destroy(&journal);
}

static void make(struct mz_pages *pages, uint64_t page_count)
{
	must_equal(mz_pages_init(pages, &track.memory, track.page_lg2, page_count), MZ_OK);
}

static void add(struct mz_pages *pages, uint64_t first, uint64_t count)
{
	must_equal(mz_pages_prepare(pages, first, count), MZ_OK);
	mz_pages_add(pages, first, count);
}

/* ---- The model: the pages of a few places, and for each whether it is in ----------------------
 */

#define PLACES_MAX  6
#define PLACE_PAGES 700

struct place {
	uint64_t first, count;
	bool in[PLACE_PAGES];
};

struct model {
	struct mz_pages pages;
	struct place places[PLACES_MAX]; /* in order, apart or touching */
	unsigned count;
};

static const uint64_t sizes[] = {
	1,
	64,
	1000,
	(uint64_t)1 << 14,
	((uint64_t)1 << 14) + 1,
	(uint64_t)1 << 26,
	(uint64_t)1 << 40,
	(uint64_t)1 << MZ_PAGES_LG2_MAX,
};

#define SIZES ((int)(sizeof(sizes) / sizeof(sizes[0])))

static void model_add_place(struct model *model, uint64_t first, uint64_t page_count)
{
	struct place *place = &model->places[model->count], *last = place - 1;

	if (model->count > 0 && first < last->first + last->count)
		first = last->first + last->count;
	if (first >= page_count)
		return;
	place->first = first;
	place->count = page_count - first < PLACE_PAGES ? page_count - first : PLACE_PAGES;
	model->count++;
}

/* Places at both ends, and around borders of words and of nodes of each level. */
static void model_begin(struct model *model, uint64_t page_count)
{
	memset(model, 0, sizeof(*model));
	make(&model->pages, page_count);
	model_add_place(model, 0, page_count);
	for (unsigned lg2 = 14; lg2 <= 38; lg2 += 8)
		model_add_place(model, ((uint64_t)3 << lg2) - PLACE_PAGES / 2, page_count);
	if (page_count > PLACE_PAGES)
		model_add_place(model, page_count - PLACE_PAGES, page_count);
}

static bool *model_page(struct model *model, uint64_t page)
{
	for (unsigned i = 0; i < model->count; i++)
		if (page - model->places[i].first < model->places[i].count)
			return &model->places[i].in[page - model->places[i].first];
	return NULL;
}

/* The next page that is in, from `page` on; UINT64_MAX: none. */
static uint64_t model_next(const struct model *model, uint64_t page)
{
	for (unsigned i = 0; i < model->count; i++) {
		const struct place *place = &model->places[i];

		for (uint64_t at = page > place->first ? page - place->first : 0; at < place->count;
		     at++)
			if (place->in[at])
				return place->first + at;
	}
	return UINT64_MAX;
}

struct range {
	uint64_t first, count;
};

static struct range range_in_place(const struct model *model, struct rng *rng)
{
	const struct place *place = &model->places[rng_below(rng, model->count)];
	uint64_t at = rng_below(rng, place->count);
	uint64_t most = rng_below(rng, 3) == 0 ? place->count - at : 1;

	return (struct range) {place->first + at, 1 + rng_below(rng, most)};
}

/* From a page of some place to one of the same or another. */
static struct range range_of_set(const struct model *model, struct rng *rng)
{
	struct range a = range_in_place(model, rng), b = range_in_place(model, rng);

	if (rng_below(rng, 8) == 0)
		return (struct range) {0, model->pages.page_count};
	if (b.first < a.first)
		return (struct range) {b.first, a.first - b.first};
	return (struct range) {a.first, b.first - a.first + rng_below(rng, 2)};
}

/* What each() has to say about a range. */
struct expectation {
	struct model *model;
	uint64_t at, end;
	uint64_t calls_left; /* refuse to go on after these */
};

static bool expect_run(void *context, uint64_t first, uint64_t count)
{
	struct expectation *e = context;
	uint64_t page = model_next(e->model, e->at);

	must_equal(first, page);
	must(count > 0 && count <= e->end - first);
	for (; page < first + count; page++) {
		const bool *in = model_page(e->model, page);

		must(in != NULL && *in);
	}
	if (page < e->end)
		must(model_next(e->model, page) != page);
	e->at = page;
	must(e->calls_left > 0);
	return --e->calls_left > 0;
}

static void expect_runs(struct model *model, struct range range)
{
	struct expectation e = {model, range.first, range.first + range.count, UINT64_MAX};

	must(mz_pages_each(&model->pages, range.first, range.count, expect_run, &e));
	must(model_next(model, e.at) >= e.end);
	e.at = range.first;
	e.calls_left = 1;
	must_equal(mz_pages_each(&model->pages, range.first, range.count, expect_run, &e),
		   model_next(model, range.first) >= e.end);
}

static void expect_bitmap(struct model *model, struct range range)
{
	uint64_t words[PLACE_PAGES / 64 + 2], after = range.count / 64 + (range.count % 64 != 0);

	memset(words, 0xa5, sizeof(words));
	mz_pages_bitmap(&model->pages, range.first, range.count, words);
	for (uint64_t bit = 0; bit < after * 64; bit++) {
		const bool *in = model_page(model, range.first + bit);

		must_equal(words[bit / 64] >> bit % 64 & 1, bit < range.count && in != NULL && *in);
	}
	must_equal(words[after], 0xa5a5a5a5a5a5a5a5);
}

static void expect_all(struct model *model)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < model->count; i++) {
		const struct place *place = &model->places[i];

		for (uint64_t at = 0; at < place->count; at++) {
			must_equal(mz_pages_has(&model->pages, place->first + at), place->in[at]);
			count += place->in[at];
		}
	}
	must_equal(mz_pages_count(&model->pages), count);
	expect_runs(model, (struct range) {0, model->pages.page_count});
}

static void model_set(struct model *model, struct range range)
{
	for (uint64_t i = 0; i < range.count; i++)
		*model_page(model, range.first + i) = true;
}

/* Takes the range out of the model, and puts it into `to` if there is one. */
static void model_take(struct model *model, struct range range, struct model *to)
{
	uint64_t page = model_next(model, range.first);

	for (; page < range.first + range.count; page = model_next(model, page)) {
		*model_page(model, page) = false;
		if (to != NULL)
			*model_page(to, page) = true;
	}
}

static void random_step(struct model *models, struct rng *rng)
{
	unsigned which = (unsigned)rng_below(rng, 2);
	struct model *model = &models[which], *other = &models[1 - which];
	struct range small = range_in_place(model, rng), large = range_of_set(model, rng);

	switch (rng_below(rng, 8)) {
	default:
		add(&model->pages, small.first, small.count);
		model_set(model, small);
		break;
	case 0:
		mz_pages_remove(&model->pages, small.first, small.count);
		model_take(model, small, NULL);
		break;
	case 1:
		must_equal(mz_pages_move(&other->pages, &model->pages, large.first, large.count),
			   MZ_OK);
		model_take(model, large, other);
		break;
	case 2:
		expect_runs(model, large);
		expect_bitmap(model, small);
		break;
	case 3:
		if (rng_below(rng, 20) == 0) {
			mz_pages_remove(&model->pages, large.first, large.count);
			model_take(model, large, NULL);
		}
		break;
	}
}

START_TEST(random_steps_agree_with_a_flat_model)
{
	static struct model models[2];
	struct rng rng = {rng_seed() + (uint64_t)_i};

	begin(_i % 2 == 0 ? 12 : 14);
	for (unsigned i = 0; i < 2; i++)
		model_begin(&models[i], sizes[_i]);
	for (unsigned step = 0; step < rng_steps(3000); step++) {
		random_step(models, &rng);
		if (step % 50 == 0)
			expect_all(&models[step / 50 % 2]);
	}
	for (unsigned i = 0; i < 2; i++) {
		expect_all(&models[i]);
		mz_pages_destroy(&models[i].pages);
	}
	end();
}
END_TEST

/* ---- Arguments, and memory --------------------------------------------------------------------
 */

START_TEST(bad_arguments_are_refused)
{
	struct mz_pages pages, small;
	struct mz_memory memory;

	begin(12);
	memory = track.memory;
	memory.alloc = NULL;
	must_equal(mz_pages_init(&pages, &memory, 12, 1), MZ_BAD_HOOKS);
	memory = track.memory;
	memory.free = NULL;
	must_equal(mz_pages_init(&pages, &memory, 12, 1), MZ_BAD_HOOKS);
	must_equal(mz_pages_init(&pages, &track.memory, 12, 0), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_init(&pages, &track.memory, 12, ((uint64_t)1 << MZ_PAGES_LG2_MAX) + 1),
		   MZ_OUT_OF_RANGE);
	make(&pages, 1000);
	make(&small, 100);
	must_equal(mz_pages_prepare(&pages, 1000, 1), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_prepare(&pages, 0, 1001), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_prepare(&pages, UINT64_MAX, 2), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_prepare(&pages, 1, UINT64_MAX), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_prepare(&pages, 1000, 0), MZ_OK);
	must_equal(track.alloc_count, 0);
	add(&pages, 50, 100);
	must_equal(mz_pages_move(&small, &pages, 50, 51), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_move(&pages, &small, 50, 51), MZ_OUT_OF_RANGE);
	must_equal(mz_pages_move(&small, &pages, 60, 0), MZ_OK);
	must_equal(mz_pages_count(&pages), 100);
	must(!mz_pages_has(&pages, 1000));
	must(!mz_pages_has(&pages, 50 + ((uint64_t)1 << 14)));
	mz_pages_remove(&pages, UINT64_MAX, UINT64_MAX);
	mz_pages_remove(&pages, 70, 0);
	must_equal(mz_pages_count(&pages), 100);
	mz_pages_remove(&pages, 149, UINT64_MAX);
	must_equal(mz_pages_count(&pages), 99);
	mz_pages_destroy(&pages);
	mz_pages_destroy(&small);
	end();
}
END_TEST

/* What a set of 2^40 pages takes: a page needs a node on each of 5 levels. */
START_TEST(memory_follows_what_is_added)
{
	struct mz_pages pages;
	uint64_t middle = (uint64_t)1 << 39;

	begin(12);
	make(&pages, (uint64_t)1 << 40);
	must_equal(track.alloc_count, 0);
	add(&pages, middle, 1);
	must_equal(track.live_count, 5);
	add(&pages, middle + 1, (1 << 14) - 1);
	must_equal(track.live_count, 5);
	add(&pages, middle + (1 << 14), 1);
	must_equal(track.live_count, 6);
	mz_pages_remove(&pages, 0, (uint64_t)1 << 40);
	must_equal(mz_pages_count(&pages), 0);
	must_equal(track.live_count, 6);
	mz_pages_destroy(&pages);
	end();
}
END_TEST

START_TEST(preparing_without_memory_changes_no_page)
{
	const uint64_t first = ((uint64_t)3 << 22) - 20000;
	struct mz_pages pages;

	for (uint64_t n = 1;; n++) {
		enum mz_error error;

		begin(12);
		make(&pages, (uint64_t)1 << 40);
		add(&pages, 5, 1);
		track_fail(&track, n);
		error = mz_pages_prepare(&pages, first, 40000);
		if (error == MZ_OK)
			must(n > 3);
		else
			must_equal(error, MZ_NO_MEMORY);
		must_equal(mz_pages_count(&pages), 1);
		must_equal(mz_pages_prepare(&pages, first, 40000), MZ_OK);
		mz_pages_add(&pages, first, 40000);
		must_equal(mz_pages_count(&pages), 40001);
		mz_pages_destroy(&pages);
		end();
		if (error == MZ_OK)
			return;
	}
}
END_TEST

START_TEST(moving_without_memory_keeps_each_page_in_one_set)
{
	static struct model from, to;
	enum mz_error error = MZ_NO_MEMORY;

	for (uint64_t n = 1; error != MZ_OK; n++) {
		struct rng rng = {rng_seed() + n};
		struct range all = {7, ((uint64_t)1 << 40) - 9};

		begin(12);
		model_begin(&from, (uint64_t)1 << 40);
		model_begin(&to, (uint64_t)1 << 40);
		for (unsigned i = 0; i < 60; i++) {
			struct range range = range_in_place(&from, &rng);

			add(&from.pages, range.first, range.count);
			model_set(&from, range);
		}
		track_fail(&track, n);
		error = mz_pages_move(&to.pages, &from.pages, all.first, all.count);
		must(error == MZ_OK || error == MZ_NO_MEMORY);
		for (uint64_t page = 0; (page = model_next(&from, page)) != UINT64_MAX; page++) {
			bool moved = mz_pages_has(&to.pages, page);

			must_equal(mz_pages_has(&from.pages, page), !moved);
			*model_page(&to, page) = moved;
			*model_page(&from, page) = !moved;
		}
		expect_all(&from);
		expect_all(&to);
		must_equal(mz_pages_move(&to.pages, &from.pages, all.first, all.count), MZ_OK);
		model_take(&from, all, &to);
		expect_all(&from);
		expect_all(&to);
		mz_pages_destroy(&from.pages);
		mz_pages_destroy(&to.pages);
		end();
	}
}
END_TEST

/* ---- Processors at once -----------------------------------------------------------------------
 */

#define ADDERS 4

/* Adders and collector meet in this many pages, on both sides of a border of nodes. */
#define MEET 256

static struct mz_pages shared, collected;
static uint64_t meet_first;
static unsigned adders_running;

struct adder {
	pthread_t thread;
	struct rng rng;
	unsigned steps;
	bool added[MEET]; /* by this adder, since the collector last had all of it */
};

/* Adds pages one by one in rounds, over and over, so that the last adds meet a collector. */
static void *add_pages(void *context)
{
	struct adder *adder = context;

	for (unsigned step = 0; step < adder->steps; step++) {
		uint64_t at = rng_below(&adder->rng, MEET);
		uint64_t most = rng_below(&adder->rng, 16) == 0 ? MEET - at : 1;

		add(&shared, meet_first + at, most);
		memset(&adder->added[at], true, most);
	}
	__atomic_fetch_sub(&adders_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void collect_some(struct rng *rng)
{
	uint64_t at = rng_below(rng, MEET);

	if (rng_below(rng, 2) == 0)
		must_equal(mz_pages_move(&collected, &shared, 0, shared.page_count), MZ_OK);
	else
		must_equal(mz_pages_move(&collected, &shared, meet_first + at,
					 1 + rng_below(rng, MEET - at)),
			   MZ_OK);
}

static bool must_have(void *context, uint64_t first, uint64_t count)
{
	uint64_t *seen = context;

	for (uint64_t page = first; page < first + count; page++)
		must(mz_pages_has(&shared, page));
	*seen += count;
	return true;
}

/* Each page that a word holds is found through the summaries. */
static void expect_reachable(void)
{
	uint64_t seen = 0, held = 0;

	must(mz_pages_each(&shared, 0, shared.page_count, must_have, &seen));
	for (unsigned i = 0; i < MEET; i++)
		held += mz_pages_has(&shared, meet_first + i);
	must_equal(seen, held);
}

static void run_round(struct rng *rng, unsigned steps)
{
	static struct adder adders[ADDERS];

	__atomic_store_n(&adders_running, ADDERS, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < ADDERS; i++) {
		memset(&adders[i], 0, sizeof(adders[i]));
		adders[i].rng.state = rng_next(rng);
		adders[i].steps = steps;
		must_equal(pthread_create(&adders[i].thread, NULL, add_pages, &adders[i]), 0);
	}
	while (__atomic_load_n(&adders_running, __ATOMIC_ACQUIRE) > 0)
		collect_some(rng);
	for (unsigned i = 0; i < ADDERS; i++)
		must_equal(pthread_join(adders[i].thread, NULL), 0);
	expect_reachable();
	must_equal(mz_pages_move(&collected, &shared, 0, shared.page_count), MZ_OK);
	must_equal(mz_pages_count(&shared), 0);
	for (unsigned page = 0; page < MEET; page++) {
		bool added = false;

		for (unsigned i = 0; i < ADDERS; i++)
			added |= adders[i].added[page];
		must_equal(mz_pages_has(&collected, meet_first + page), added);
		must(!mz_pages_has(&shared, meet_first + page));
	}
	mz_pages_remove(&collected, 0, collected.page_count);
}

START_TEST(no_page_is_lost_between_adders_and_a_collector)
{
	struct rng rng = {rng_seed() + (uint64_t)_i};

	begin(12);
	make(&shared, (uint64_t)1 << 40);
	make(&collected, (uint64_t)1 << 40);
	meet_first = ((uint64_t)3 << (14 + 8 * _i)) - MEET / 2;
	for (unsigned round = 0; round < rng_steps(100); round++)
		run_round(&rng, round % 4 == 0 ? 2000 : 50);
	mz_pages_destroy(&shared);
	mz_pages_destroy(&collected);
	end();
}
END_TEST

/* Undoes what an adder of page `page` does last: it has got no further than below this level. */
static void undo_add(struct mz_pages *pages, uint64_t page, unsigned level)
{
	struct node *node = follow(pages, &pages->root);

	for (unsigned at = pages->levels; at >= level; at--) {
		node->summary[slot_of(page, at) / WORD_BITS] = 0;
		if (at > 1)
			node = follow(pages, &node->slots[slot_of(page, at)]);
	}
}

/* Another adder may rest between the page and the summaries for ever. */
START_TEST(an_add_of_a_page_that_is_half_added_completes_it)
{
	struct mz_pages pages;
	uint64_t page = ((uint64_t)5 << 30) + 77777;

	begin(12);
	make(&pages, (uint64_t)1 << 40);
	for (unsigned level = 1; level <= pages.levels; level++) {
		add(&pages, page, 1);
		undo_add(&pages, page, level);
		must(mz_pages_has(&pages, page));
		must_equal(mz_pages_count(&pages), 0);
		mz_pages_add(&pages, page, 1);
		must_equal(mz_pages_count(&pages), 1);
	}
	mz_pages_destroy(&pages);
	end();
}
END_TEST

#define PREPARED ((uint64_t)40 << 14)

static void *prepare_pages(void *context)
{
	(void)context;
	must_equal(mz_pages_prepare(&shared, 1000, PREPARED), MZ_OK);
	mz_pages_add(&shared, 1000, PREPARED);
	return NULL;
}

START_TEST(processors_that_make_the_same_nodes_keep_one_of_each)
{
	pthread_t threads[ADDERS];

	for (unsigned round = 0; round < 20; round++) {
		begin(12);
		make(&shared, (uint64_t)1 << 40);
		for (unsigned i = 0; i < ADDERS; i++)
			must_equal(pthread_create(&threads[i], NULL, prepare_pages, NULL), 0);
		for (unsigned i = 0; i < ADDERS; i++)
			must_equal(pthread_join(threads[i], NULL), 0);
		must_equal(mz_pages_count(&shared), PREPARED);
		must_equal(track.live_count, 4 + 41);
		mz_pages_destroy(&shared);
		end();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pages");
	TCase *tcase = tcase_create("one processor");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, random_steps_agree_with_a_flat_model, 0, SIZES);
	tcase_add_test(tcase, bad_arguments_are_refused);
	tcase_add_test(tcase, memory_follows_what_is_added);
	tcase_add_test(tcase, preparing_without_memory_changes_no_page);
	tcase_add_test(tcase, moving_without_memory_keeps_each_page_in_one_set);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("processors at once");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, no_page_is_lost_between_adders_and_a_collector, 0, 3);
	tcase_add_test(tcase, an_add_of_a_page_that_is_half_added_completes_it);
	tcase_add_test(tcase, processors_that_make_the_same_nodes_keep_one_of_each);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
