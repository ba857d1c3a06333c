/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Everything that a space can do at once: processors write and read, regions change, two consumers
 * collect what was written, leaves are split and put together, and clones come and go.
 *
 * Contents of a page are a number: whose page it is, who wrote it, and how often. A page has one
 * writer in each space, which knows what it must read. A consumer copies what it is told of, as a
 * migration does, and has all of it in the end. A clone holds what the space did when it was made.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "ept/clone.h"
#include "ept/dirty.h"
#include "ept/huge.h"
#include "tests/guest.h"
#include "tests/processors.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define WRITERS   2 /* on processors 0 and 1 */
#define CONSUMERS 2
#define EACH      12 /* pages of a region that are used */
#define PAGES     (AREAS * EACH)
#define CONTENTS  (1u << 18)
#define COPIES    (1u << 10)
#define TRIES_MAX 100000

/* Regions, and what each has of output addresses. */
enum area {
	SUPPLIED, /* leaf by leaf; each space has its own */
	SHARED,   /* at a fixed offset, never copied: what changes is here */
	FIXED,    /* at a fixed offset, copied for clones */
	AREAS,
	SUPPLIED_CLONE = AREAS, /* for a clone */
	COPIED,                 /* frames of copies begin here */
};

/* The roles of the threads: their numbers as readers. */
enum role { WRITER, CHANGER = WRITERS, COLLECTOR, RESIZER, CLONER, ROLES };

/* Processors besides those of the writers. */
enum { OF_COLLECTOR = WRITERS, OF_CLONE };

static struct fixture x;
static struct guest guests[2]; /* the second is a clone */
static uint64_t unit;          /* half of a region */
static unsigned rounds;        /* that every thread goes at least, */
static unsigned left;          /* and threads that have not */

static uint64_t contents[CONTENTS]; /* by output page */
static int owners[COPIES];          /* by copy: how many leaves map it */
static struct {
	pthread_mutex_t mutex;
	unsigned taken, put;      /* in all */
	unsigned numbers[COPIES]; /* of those that are free: the one that was put first is taken */
} free_copies = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static __thread unsigned working_on; /* the number of the space that this thread faults on */

/* A page of the space: what was written through it, by its one writer. */
static struct {
	uint64_t last;     /* as the writer knows it, */
	uint64_t started;  /* and as others may: before, */
	uint64_t finished; /* and after each write */
} pages[PAGES];

/* What each consumer has copied. */
static struct {
	struct mz_dirty dirty;
	uint64_t image[PAGES];
} consumers[CONSUMERS];

/* ---- Addresses and contents ---- */

static uint64_t region_ia(enum area area)
{
	return x.base + 2 * unit * area;
}

/* Some pages at the beginning of each half. */
static uint64_t page_ia(unsigned p)
{
	return region_ia((enum area)(p / EACH)) + p % EACH / (EACH / 2) * unit +
		p % (EACH / 2) * x.page;
}

/* Where the area begins: what its largest leaves can be aligned to. */
static uint64_t area_oa(unsigned area)
{
	return (area + 1) * 2 * fixture_span(&x, 2);
}

static uint64_t *content_at(uint64_t oa)
{
	must(oa / x.page < CONTENTS);
	return &contents[oa / x.page];
}

/* The output address of a page in a region that nobody has copied. */
static uint64_t natural_oa(unsigned p, unsigned space)
{
	enum area area = (enum area)(p / EACH);
	uint64_t offset = page_ia(p) - region_ia(area);

	return area_oa(area == SUPPLIED && space == 1 ? SUPPLIED_CLONE : area) + offset;
}

static uint64_t tag(unsigned p, unsigned space, uint64_t count)
{
	return (uint64_t)p << 40 | (uint64_t)space << 32 | count;
}

static void store_content(void *context, uint64_t oa)
{
	__atomic_store_n(content_at(oa), *(uint64_t *)context, __ATOMIC_RELAXED);
}

static void load_content(void *context, uint64_t oa)
{
	*(uint64_t *)context = __atomic_load_n(content_at(oa), __ATOMIC_RELAXED);
}

/* ---- Hooks ---- */

static enum mz_error supply(void *context, const struct mz_region *region, mz_ia ia,
			    unsigned *level, mz_oa *oa)
{
	(void)context;
	if (*level > 2)
		*level = 1;
	*oa = mz_oa_from(area_oa(working_on == 1 ? SUPPLIED_CLONE : SUPPLIED) +
			 (ia.addr - region->ia.addr));
	return MZ_OK;
}

static unsigned copy_at(uint64_t oa)
{
	return (unsigned)((oa - area_oa(COPIED)) / x.page);
}

static unsigned take_copy(void)
{
	unsigned number;

	pthread_mutex_lock(&free_copies.mutex);
	must(free_copies.taken < free_copies.put);
	number = free_copies.numbers[free_copies.taken++ % COPIES];
	pthread_mutex_unlock(&free_copies.mutex);
	return number;
}

static void put_copy(unsigned number)
{
	pthread_mutex_lock(&free_copies.mutex);
	free_copies.numbers[free_copies.put++ % COPIES] = number;
	pthread_mutex_unlock(&free_copies.mutex);
}

/* Nobody may write to what is copied: were it still written to, this would be a race. */
static enum mz_error copy(void *context, const struct mz_region *region, mz_ia ia,
			  struct mz_item from, mz_oa *to)
{
	(void)context, (void)region, (void)ia;
	*to = mz_oa_from(area_oa(COPIED) + take_copy() * x.page);
	*content_at(to->addr) = *content_at(from.oa.addr);
	return MZ_OK;
}

/* What is no copy's any more is used for something else: no processor may still reach it. */
static void reuse(uint64_t oa)
{
	*content_at(oa) = UINT64_MAX;
	put_copy(copy_at(oa));
}

static void release(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)context, (void)region, (void)level;
	if (oa.addr >= area_oa(COPIED))
		reuse(oa.addr);
}

static void take(void *context, struct mz_item item)
{
	(void)context;
	if (item.oa.addr >= area_oa(COPIED))
		__atomic_fetch_add(&owners[copy_at(item.oa.addr)], 1, __ATOMIC_ACQ_REL);
}

static void put(void *context, struct mz_item item)
{
	(void)context;
	if (item.oa.addr < area_oa(COPIED))
		return;
	must_equal(item.level, 1);
	if (__atomic_sub_fetch(&owners[copy_at(item.oa.addr)], 1, __ATOMIC_ACQ_REL) == 0)
		reuse(item.oa.addr);
}

static const struct mz_backing backing = {.supply = supply, .copy = copy, .release = release};

/* ---- Accesses ---- */

/* An access with all the faults that it takes. False: it was denied. */
static bool access_page(unsigned processor, unsigned space, struct mz_worker *worker, unsigned p,
			enum mz_perm access, uint64_t *value)
{
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(page_ia(p)), access);

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		struct mz_fault fault;
		enum mz_answer answer;

		if (processor_access(processor, &guests[space].space.table, space, page_ia(p),
				     access, access == MZ_WRITE ? store_content : load_content,
				     value))
			return true;
		answer = mz_space_fault(worker, &record, &fault);
		must(answer == MZ_RESOLVED || answer == MZ_RETRY || answer == MZ_DENIED);
		if (answer == MZ_DENIED)
			return false;
	}
	ck_abort_msg("%s: an access to page %u goes round in circles", x.test_case->name, p);
	return false;
}

static void must_hold(unsigned p, uint64_t value, uint64_t right)
{
	must_say(value == right, "%s, %s: page %u holds %#llx, and not %#llx", x.test_case->name,
		 x.config.features ? "by flags" : "by faults", p, (unsigned long long)value,
		 (unsigned long long)right);
}

static void write_or_read(unsigned number, struct mz_worker *worker, struct rng *rng)
{
	unsigned p = (unsigned)rng_below(rng, PAGES / WRITERS) * WRITERS + number;
	uint64_t value;

	if (rng_below(rng, 3) == 0) {
		if (access_page(number, 0, worker, p, MZ_READ, &value))
			must_hold(p, value, pages[p].last);
		return;
	}
	value = __atomic_add_fetch(&pages[p].started, 1, __ATOMIC_SEQ_CST);
	if (access_page(number, 0, worker, p, MZ_WRITE, &value))
		pages[p].last = value;
	__atomic_store_n(&pages[p].finished, pages[p].last, __ATOMIC_SEQ_CST);
}

/* A thread has begun so many rounds. */
static bool goes_on(unsigned round)
{
	sched_yield();
	if (round == rounds + 1)
		__atomic_sub_fetch(&left, 1, __ATOMIC_ACQ_REL);
	return __atomic_load_n(&left, __ATOMIC_ACQUIRE) > 0;
}

static void *write_and_read(void *argument)
{
	unsigned number = *(const unsigned *)argument;
	struct rng rng = {rng_seed() + number};
	struct mz_worker worker;

	processors_join(WRITER + number);
	mz_worker_begin(&worker, &guests[0].space);
	for (unsigned round = 1; goes_on(round); round++)
		for (unsigned i = 0; i < 8; i++)
			write_or_read(number, &worker, &rng);
	mz_worker_end(&worker);
	return NULL;
}

/* ---- Changes ---- */

static struct mz_region region_of(enum area area)
{
	struct mz_region region = guest_region(area == SHARED ? MZ_REGION_SHARED : MZ_REGION_RAM,
					       region_ia(area), 2 * unit, area_oa(area));

	region.supplied = area == SUPPLIED;
	return region;
}

static void change(enum mz_change_kind kind, uint64_t ia, uint64_t bytes, unsigned perm)
{
	struct mz_request request = guest_request(kind, ia, bytes);

	request.perm = perm;
	expect_ok(mz_space_change(&guests[0].space, &request, NULL));
}

/* Pages in one half of a region. */
static void pick_range(struct rng *rng, enum area area, uint64_t *ia, uint64_t *bytes)
{
	uint64_t first = rng_below(rng, EACH / 2), count = 1 + rng_below(rng, EACH / 2 - first);

	*ia = region_ia(area) + rng_below(rng, 2) * unit + first * x.page;
	*bytes = count * x.page;
	if (rng_below(rng, 4) == 0)
		*ia = region_ia(area), *bytes = 2 * unit;
}

static void *change_regions(void *argument)
{
	struct rng rng = {*(const uint64_t *)argument};
	struct mz_region shared = region_of(SHARED);

	processors_join(CHANGER);
	for (unsigned round = 1; goes_on(round); round++) {
		uint64_t ia, bytes;

		pick_range(&rng, SHARED, &ia, &bytes);
		switch (rng_below(&rng, 4)) {
		case 0:
			pick_range(&rng, (enum area)rng_below(&rng, AREAS), &ia, &bytes);
			change(MZ_CHANGE_PROTECT, ia, bytes, GUEST_RX);
			sched_yield();
			change(MZ_CHANGE_PROTECT, ia, bytes, 0);
			break;
		case 1:
			change(MZ_CHANGE_LEND, ia, bytes, 0);
			sched_yield();
			change(MZ_CHANGE_RETURN, ia, bytes, 0);
			break;
		case 2:
			change(MZ_CHANGE_REMOVE, shared.ia.addr, shared.bytes, 0);
			expect_ok(mz_space_add(&guests[0].space, &shared));
			break;
		default:
			change(MZ_CHANGE_INVALIDATE, ia, bytes, 0);
			break;
		}
	}
	return NULL;
}

static void *resize_leaves(void *argument)
{
	struct rng rng = {*(const uint64_t *)argument};
	struct mz_worker worker;
	mz_ia at = mz_ia_from(0);

	processors_join(RESIZER);
	mz_worker_begin(&worker, &guests[0].space);
	for (unsigned round = 1; goes_on(round); round++) {
		uint64_t ia, bytes;

		pick_range(&rng, (enum area)rng_below(&rng, AREAS), &ia, &bytes);
		bytes = bytes > unit ? x.page : bytes;
		if (rng_below(&rng, 2) == 0)
			expect_ok(mz_space_split(&worker, mz_ia_from(ia), bytes, 1));
		mz_space_collapse(&worker, &at, 4096);
		processors_reclaim();
	}
	mz_worker_end(&worker);
	return NULL;
}

/* ---- Consumers ---- */

/* What the page holds now; where it may not be read, in the memory that is always behind it. */
static uint64_t look(struct mz_worker *worker, unsigned p)
{
	uint64_t value;

	if (!access_page(OF_COLLECTOR, 0, worker, p, MZ_READ, &value))
		load_content(&value, natural_oa(p, 0));
	return value;
}

struct hearing {
	struct mz_worker *worker;
	uint64_t *image;
};

static bool hear(void *context, mz_ia ia, uint64_t bytes)
{
	const struct hearing *hearing = context;

	for (unsigned p = 0; p < PAGES; p++)
		if (page_ia(p) - ia.addr < bytes)
			hearing->image[p] = look(hearing->worker, p);
	return true;
}

static void collect(unsigned c, struct mz_worker *worker, uint64_t ia, uint64_t bytes)
{
	struct hearing hearing = {worker, consumers[c].image};

	expect_ok(mz_dirty_collect(&consumers[c].dirty, mz_ia_from(ia), bytes));
	must(mz_dirty_each(&consumers[c].dirty, mz_ia_from(x.base), 2 * unit * AREAS, hear,
			   &hearing));
}

static void start(unsigned c, struct mz_worker *worker, unsigned level)
{
	expect_ok(mz_dirty_start(&consumers[c].dirty, &guests[0].space, level));
	for (unsigned p = 0; p < PAGES; p++)
		consumers[c].image[p] = look(worker, p);
}

static void *collect_written(void *argument)
{
	struct rng rng = {*(const uint64_t *)argument};
	struct mz_worker worker;

	processors_join(COLLECTOR);
	mz_worker_begin(&worker, &guests[0].space);
	for (unsigned round = 1; goes_on(round); round++) {
		unsigned c = (unsigned)rng_below(&rng, CONSUMERS);
		uint64_t ia = x.base, bytes = 2 * unit * AREAS;

		if (rng_below(&rng, 2) == 0)
			pick_range(&rng, (enum area)rng_below(&rng, AREAS), &ia, &bytes);
		collect(c, &worker, ia, bytes);
		if (rng_below(&rng, 4) == 0)
			expect_ok(mz_dirty_put_back(&consumers[c].dirty));
		else
			mz_dirty_commit(&consumers[c].dirty);
		if (rng_below(&rng, 16) == 0) {
			mz_dirty_stop(&consumers[c].dirty);
			start(c, &worker, (unsigned)rng_below(&rng, 2));
		}
	}
	mz_worker_end(&worker);
	return NULL;
}

/* ---- Clones ---- */

/* What a clone knows of each page: between which writes it was made; what it has read or written.
 */
struct cloned {
	uint64_t least[PAGES], most[PAGES];
	uint64_t known[PAGES];
	bool is_known[PAGES];
};

static void make_clone(struct cloned *cloned)
{
	memset(cloned->is_known, 0, sizeof(cloned->is_known));
	for (unsigned p = 0; p < EACH; p++)
		*content_at(natural_oa(p, 1)) = tag(p, 0, 0);
	for (unsigned p = 0; p < PAGES; p++)
		cloned->least[p] = __atomic_load_n(&pages[p].finished, __ATOMIC_SEQ_CST);
	guests[1].x = &x;
	{
		struct mz_flush flush = processors_flush(1);

		expect_ok(mz_space_clone(&guests[1].space, &guests[0].space, &flush,
					 guests[1].regions, GUEST_REGIONS));
	}
	for (unsigned p = 0; p < PAGES; p++)
		cloned->most[p] = __atomic_load_n(&pages[p].started, __ATOMIC_SEQ_CST);
	mz_worker_begin(&guests[1].worker, &guests[1].space);
}

static void use_clone(struct cloned *cloned, struct rng *rng)
{
	unsigned p = (unsigned)rng_below(rng, PAGES);
	enum mz_perm access = p / EACH != SHARED && rng_below(rng, 2) == 0 ? MZ_WRITE : MZ_READ;
	uint64_t value = tag(p, 1, rng_below(rng, 1000));

	if (!access_page(OF_CLONE, 1, &guests[1].worker, p, access, &value) || p / EACH == SHARED)
		return;
	if (access == MZ_READ && cloned->is_known[p])
		must_hold(p, value, cloned->known[p]);
	else if (access == MZ_READ)
		must_say(value >= cloned->least[p] && value <= cloned->most[p],
			 "%s: page %u of a clone holds %#llx, which is none of %#llx to %#llx",
			 x.test_case->name, p, (unsigned long long)value,
			 (unsigned long long)cloned->least[p], (unsigned long long)cloned->most[p]);
	cloned->known[p] = value;
	cloned->is_known[p] = true;
}

static void drop_clone(void)
{
	processor_leave(OF_CLONE, 1);
	mz_worker_end(&guests[1].worker);
	while (processors_reclaim())
		;
	mz_space_destroy(&guests[1].space);
}

static void *make_clones(void *argument)
{
	struct rng rng = {*(const uint64_t *)argument};
	struct cloned cloned;

	processors_join(CLONER);
	working_on = 1;
	for (unsigned round = 1; goes_on(round); round++) {
		unsigned uses = (unsigned)rng_below(&rng, 60);

		make_clone(&cloned);
		while (uses-- > 0)
			use_clone(&cloned, &rng);
		drop_clone();
	}
	return NULL;
}

/* ---- Runs ---- */

static void begin(int loop)
{
	fixture_prepare(&x, loop);
	x.config.items = (struct mz_items) {.take = take, .put = put};
	x.config.rcu = processors_rcu();
	x.config.flush = processors_flush(0);
	unit = fixture_span(&x, 2) < x.root_span / 4 ? fixture_span(&x, 2) : x.root_span / 4;
	must(unit >= EACH / 2 * x.page);
	memset(owners, 0, sizeof(owners));
	free_copies.taken = free_copies.put = 0;
	for (unsigned i = 0; i < COPIES; i++)
		put_copy(i);
	left = ROLES;
	processors_begin(x.format);
	processors_join(WRITER);
	guest_begin(&guests[0], &x, &backing);
	for (unsigned area = 0; area < AREAS; area++) {
		struct mz_region region = region_of((enum area)area);

		expect_ok(mz_space_add(&guests[0].space, &region));
	}
	for (unsigned p = 0; p < PAGES; p++) {
		pages[p].last = pages[p].started = pages[p].finished = tag(p, 0, 0);
		*content_at(natural_oa(p, 0)) = tag(p, 0, 0);
	}
	for (unsigned c = 0; c < CONSUMERS; c++)
		start(c, &guests[0].worker, c);
}

static void end(void)
{
	for (unsigned c = 0; c < CONSUMERS; c++) {
		collect(c, &guests[0].worker, x.base, 2 * unit * AREAS);
		for (unsigned p = 0; p < PAGES; p++)
			must_hold(p, consumers[c].image[p], pages[p].last);
		mz_dirty_stop(&consumers[c].dirty);
	}
	while (processors_reclaim())
		;
	guest_end(&guests[0], &x);
	fixture_end(&x);
	for (unsigned i = 0; i < COPIES; i++)
		must_equal(owners[i], 0);
	must_equal(free_copies.put - free_copies.taken, COPIES);
}

START_TEST(everything_happens_at_once)
{
	static void *(*const bodies[])(void *) = {change_regions, collect_written, resize_leaves,
						  make_clones};
	const unsigned numbers[WRITERS] = {0, 1};
	uint64_t seeds[ROLES];
	pthread_t threads[ROLES];

	rounds = rng_steps(8);
	begin(_i);
	for (unsigned t = 0; t < ROLES; t++) {
		seeds[t] = rng_seed() ^ (uint64_t)t << 32;
		must_equal(t < WRITERS ? pthread_create(&threads[t], NULL, write_and_read,
							(void *)(uintptr_t)&numbers[t])
				       : pthread_create(&threads[t], NULL, bodies[t - WRITERS],
							&seeds[t]),
			   0);
	}
	for (unsigned t = 0; t < ROLES; t++)
		must_equal(pthread_join(threads[t], NULL), 0);
	end();
}
END_TEST

/* By faults, by the MMU's flags, and where leaves are broken before others are made. */
static const struct {
	const char *name;
	int variant;
} runs[] = {
	{"faults", VARIANT_PLAIN},
	{"flags", VARIANT_WITNESSED},
	{"breaks", VARIANT_BREAKING},
};

int main(void)
{
	Suite *suite = suite_create("space_threads");

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		TCase *tcase = tcase_create(runs[i].name);

		tcase_set_timeout(tcase, 120);
		tcase_add_loop_test(tcase, everything_happens_at_once, runs[i].variant * CASES,
				    (runs[i].variant + 1) * CASES);
		suite_add_tcase(suite, tcase);
	}
	return suite_run(suite);
}
