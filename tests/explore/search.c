// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/search.h"

#include "tests/explore/grace.h"
#include "tests/explore/memory.h"
#include "tests/explore/outside.h"

#include <string.h>

#define NO_STEP (-1)

/* One turn, and what there is to choose from in the state before it. */
struct step {
	struct op op;
	unsigned task;
	int previous;       /* the step before this one on the same object, or NO_STEP */
	unsigned enabled;   /* tasks, as bits, that could go on; */
	unsigned backtrack; /* that are to be tried; */
	unsigned asleep;    /* that need not be, or not any more */
	struct clock order; /* the steps that this one depends on: by task, the last, from 1 on */
};

static struct step steps[STEPS_MAX + 1];
static unsigned step_count;
static struct clock reached[TASKS_MAX]; /* the order of each task's last step */
static int last_on[MEMORY_OBJECTS];     /* by object: the last step on it */

unsigned search_turn(void)
{
	return step_count;
}

const struct clock *search_order(void)
{
	return &steps[step_count].order;
}

bool search_step(unsigned number, unsigned *task, struct op *op)
{
	if (number >= step_count)
		return false;
	*task = steps[number].task;
	*op = steps[number].op;
	return true;
}

static bool always_independent(enum op_kind kind)
{
	return kind == OP_LEAVE || kind == OP_GRACE;
}

/*
 * Does the order of two operations of different tasks matter? Of readers: a section that begins
 * before a retirement is waited for. What a leave and a grace period have to do with one another is
 * in grace.c; neither can prevent the other.
 */
static bool dependent(struct op a, struct op b)
{
	if (a.object != b.object || always_independent(a.kind) || always_independent(b.kind))
		return false;
	if (a.kind == OP_ENTER || a.kind == OP_RETIRE)
		return a.kind != b.kind;
	return (a.kind != OP_LOAD && a.kind != OP_WAIT) || (b.kind != OP_LOAD && b.kind != OP_WAIT);
}

/*
 * Could two dependent operations both be a task's next one in the same state, and does it matter
 * which comes first? Who has waited for a word looks at it again.
 */
static bool may_compete(struct op a, struct op b)
{
	return a.kind != OP_UNLOCK && b.kind != OP_UNLOCK && a.kind != OP_WAIT && b.kind != OP_WAIT;
}

/* After a step of this kind, all steps before it on the object are in its order. */
static bool closes(struct op op)
{
	return op.kind == OP_STORE || op.kind == OP_UPDATE || op.kind == OP_LOCK ||
		op.kind == OP_UNLOCK || op.kind == OP_AWAIT;
}

static bool can_go_on(const struct task *task, unsigned number)
{
	if (!task->live)
		return false;
	if (task->pending.kind == OP_LOCK || task->pending.kind == OP_AWAIT)
		return memory_lock_free(task->pending.object);
	if (task->pending.kind == OP_GRACE)
		return grace_over(number);
	if (task->pending.kind == OP_WAIT)
		return outside_is_zero(task->pending.object);
	return true;
}

static unsigned enabled_tasks(void)
{
	unsigned enabled = 0;

	for (unsigned i = 0; i < TASKS_MAX; i++)
		if (can_go_on(&tasks[i], i))
			enabled |= 1u << i;
	return enabled;
}

static unsigned lowest(unsigned set)
{
	return (unsigned)__builtin_ctz(set);
}

/* Does step `later` depend on the earlier step `number`? */
static bool comes_after(const struct step *later, unsigned number)
{
	return later->order.at[steps[number].task] > number;
}

/*
 * The tasks that can be the first to go on if the steps between `first` and `second` that do not
 * depend on `first` come before it, and then `second`.
 */
static unsigned first_tasks(unsigned first, unsigned second)
{
	static unsigned between[STEPS_MAX];
	unsigned count = 0, seen = 0, found = 0;

	for (unsigned i = first + 1; i <= second; i++) {
		const struct step *step = &steps[i];
		bool initial = (seen >> step->task & 1) == 0;

		if (i < second && comes_after(step, first))
			continue;
		for (unsigned k = 0; k < count && initial; k++)
			initial = !comes_after(step, between[k]);
		if (initial)
			found |= 1u << step->task;
		seen |= 1u << step->task;
		between[count++] = i;
	}
	return found;
}

/* Step `second` might have come before step `first`: one way for it to is to be tried. */
static void reverse(unsigned first, unsigned second)
{
	struct step *step = &steps[first];
	unsigned tasks_first = first_tasks(first, second);

	if ((tasks_first & (step->backtrack | step->asleep)) == 0)
		step->backtrack |= 1u << lowest(tasks_first);
}

/*
 * Finds the steps that the newest one, not yet done, depends on and that might have come after it:
 * those that neither what its task did before, nor another such step, depends on.
 */
static void look_for_races(const struct step *newest)
{
	struct clock covered = reached[newest->task];

	for (int i = newest->previous; i != NO_STEP; i = steps[i].previous) {
		const struct step *step = &steps[i];

		if (!dependent(step->op, newest->op) || !may_compete(step->op, newest->op))
			continue;
		if (covered.at[step->task] <= i)
			reverse((unsigned)i, step_count);
		clock_join(&covered, &step->order);
		if (closes(step->op))
			break;
	}
}

/* Tasks that need no try after `step`, since one before it has seen what they would do. */
static unsigned still_asleep(const struct step *step)
{
	unsigned asleep = 0;

	for (unsigned set = step->asleep & ~(1u << step->task); set != 0; set &= set - 1) {
		unsigned i = lowest(set);

		if (!dependent(tasks[i].pending, step->op))
			asleep |= 1u << i;
	}
	return asleep;
}

static void find_order(struct step *step)
{
	step->op = tasks[step->task].pending;
	step->previous = last_on[step->op.object];
	step->order = reached[step->task];
	for (int i = step->previous; i != NO_STEP; i = steps[i].previous) {
		if (dependent(steps[i].op, step->op))
			clock_join(&step->order, &steps[i].order);
		if (closes(steps[i].op))
			break;
	}
	if (step->op.kind == OP_GRACE)
		clock_join(&step->order, grace_order(step->task));
	step->order.at[step->task] = (uint16_t)(step_count + 1);
}

static void take(const struct search *search, struct step *step, bool again)
{
	unsigned task = step->task;

	if (!again) {
		find_order(step);
		if (search->reduction == REDUCTION_FULL)
			look_for_races(step);
	}
	last_on[step->op.object] = (int)step_count;
	memory_turn(task);
	task_turn(task);
	reached[task] = step->order;
	step_count++;
}

/* At the end of a run: what the tasks that could not go on would have done. */
static void look_for_races_of_waiting(void)
{
	struct step *step = &steps[step_count];

	for (unsigned i = 0; i < TASKS_MAX; i++) {
		if (!tasks[i].live)
			continue;
		step->task = i;
		find_order(step);
		look_for_races(step);
	}
}

/* The state after the last step: what to choose from. False: nothing that is worth it. */
static bool decide(struct search *search, unsigned asleep)
{
	struct step *step = &steps[step_count];
	unsigned enabled = enabled_tasks();
	unsigned choice = enabled & ~asleep;
	unsigned again = step_count > 0 ? 1u << steps[step_count - 1].task : 0;

	if (choice == 0) {
		if (enabled != 0)
			search->redundant++;
		return false;
	}
	step->task = lowest(choice & again ? again : choice);
	step->enabled = enabled;
	step->asleep = asleep;
	step->backtrack = search->reduction == REDUCTION_FULL ? 1u << step->task : enabled;
	return true;
}

static bool all_ended(void)
{
	for (unsigned i = 0; i < TASKS_MAX; i++)
		if (tasks[i].live)
			return false;
	return true;
}

/* A number for all runs that differ from this one in the order of independent steps alone. */
static uint64_t run_fingerprint(void)
{
	static unsigned ordinals[STEPS_MAX + 1]; /* by step, from 1 on: which one of its task's */
	unsigned counts[TASKS_MAX] = {0};
	uint64_t sum = 0;

	for (unsigned i = 0; i < step_count; i++) {
		const struct step *step = &steps[i];
		uint64_t hash = (uint64_t)step->task << 32 | step->op.kind << 16 | step->op.object;

		ordinals[i + 1] = ++counts[step->task];
		for (unsigned task = 0; task < TASKS_MAX; task++) {
			hash = (hash ^ ordinals[step->order.at[task]]) * 0x9e3779b97f4a7c15;
			hash ^= hash >> 29;
		}
		sum += hash;
	}
	sum *= 0x9e3779b97f4a7c15;
	return sum ^ sum >> 32;
}

/* Follows the first `decided` steps, the last of which is new, and goes on to the end. */
static void run_once(struct search *search, unsigned decided)
{
	unsigned asleep = 0;

	tasks_abandon();
	step_count = 0;
	memset(reached, 0, sizeof(reached));
	for (unsigned i = 0; i < MEMORY_OBJECTS; i++)
		last_on[i] = NO_STEP;
	search->begin();
	for (;;) {
		struct step *step = &steps[step_count];

		if (step_count >= decided && !decide(search, asleep))
			break;
		take(search, step, step_count + 1 < decided);
		if (failure[0] != '\0')
			return;
		if (step_count == STEPS_MAX) {
			fail("a run takes more than %d turns", STEPS_MAX);
			return;
		}
		if (step_count >= decided)
			asleep = still_asleep(step);
	}
	if (search->reduction == REDUCTION_FULL)
		look_for_races_of_waiting();
	search->turns += step_count;
	search->longest = step_count > search->longest ? step_count : search->longest;
	if (enabled_tasks() != 0)
		return;
	search->runs++;
	search->fingerprint += run_fingerprint();
	if (!all_ended())
		fail("deadlock");
	else
		search->finish();
}

/* Changes the last decision that has an alternative. Answers how many there are now, or 0. */
static unsigned next_decisions(void)
{
	for (unsigned i = step_count; i > 0; i--) {
		struct step *step = &steps[i - 1];
		unsigned left;

		step->asleep |= 1u << step->task;
		left = step->backtrack & ~step->asleep;
		if (left != 0) {
			step->task = lowest(left);
			return i;
		}
	}
	return 0;
}

void search_run(struct search *search)
{
	unsigned decided = 0;

	search->runs = search->redundant = search->turns = search->fingerprint = 0;
	search->longest = 0;
	search->exhausted = false;
	do {
		run_once(search, decided);
		if (failure[0] != '\0')
			return;
		decided = next_decisions();
		search->exhausted = decided == 0;
	} while (!search->exhausted &&
		 (search->limit == 0 || search->runs + search->redundant < search->limit));
}
