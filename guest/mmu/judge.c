// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/judge.h"

#include "guest/mmu/report.h"

/* The fault as the decoder tells it: what it says must be so; it need not say all. */
static const char *fault_differs(const struct expected *expected,
				 const struct mz_fault_record *fault)
{
	const uint64_t page = ~(uint64_t)(FRAME_BYTES - 1);
	uint64_t seen = fault->ia.addr, must_be = expected->ia.addr;

	if (fault->has_ia && ((seen ^ must_be) & page) != 0)
		return "the decoder names another guest-physical address";
	if (fault->has_guest_va && fault->guest_va != expected->access.va)
		return "the decoder names another virtual address";
	if (fault->cause != MZ_FAULT_UNKNOWN && fault->cause != expected->cause)
		return "the decoder names another cause";
	if (fault->access != 0 && (fault->access & expected->tried) == 0)
		return "the decoder names another access";
	if (expected->cause != MZ_FAULT_MISCONFIGURED && fault->walk != expected->walk)
		return "the decoder is wrong about who walked";
	if (fault->level != 0 && fault->level != expected->level)
		return "the decoder names another level";
	return NULL;
}

/* What the MMU must have set in the leaf by itself; some tests take the leaf out in the meantime.
 */
static bool flags_missing(const struct world *world, const struct prediction *prediction)
{
	bool wrote = prediction->expected.access.kind == MZ_WRITE;
	unsigned must_be = world->stage->flags_set & (MZ_ACCESSED | (wrote ? MZ_DIRTY : 0u));
	struct mz_item item = mz_table_query(world->stage2, prediction->gpa);

	return item.level != 0 && (must_be & ~(unsigned)item.prop.flags) != 0;
}

static const char *done_differs(const struct prediction *prediction, const struct outcome *outcome,
				uint64_t before)
{
	const struct access *access = &prediction->expected.access;
	mz_oa frame = mz_oa_from(prediction->oa.addr & ~(uint64_t)(FRAME_BYTES - 1));

	if (access->kind == MZ_READ && outcome->value != before)
		return "another value was read";
	if (access->kind == MZ_WRITE && *memory_word(prediction->oa) != access->value)
		return "the value is not where it should have been written";
	if (access->kind == MZ_EXEC && outcome->value != memory_frame_tag(frame))
		return "another frame was executed";
	return NULL;
}

static const char *ending_differs(enum ending predicted, enum ending seen)
{
	static const char *const instead[] = {
		"the access was carried out",
		"the second stage faulted",
		"the guest's own stage 1 faulted",
		"something unexpected happened",
	};

	return predicted == seen ? NULL : instead[seen];
}

void judge_ask_deviation(const struct world *world, struct verdict *verdict)
{
	const struct platform *platform = world->platform;

	if (verdict->wrong != NULL && platform->deviation != NULL)
		verdict->known = platform->deviation(world->stage, report_name(),
						     &verdict->prediction.expected,
						     &verdict->outcome);
}

/* A wrong decoder is ours, whatever the platform is known for. */
static void judge_fault(const struct world *world, struct verdict *verdict)
{
	const struct expected *expected = &verdict->prediction.expected;

	if (world->platform->syndrome_right(world->stage, expected, &verdict->outcome)) {
		verdict->wrong = fault_differs(expected, &verdict->outcome.fault);
	} else {
		verdict->wrong = "the syndrome is another";
		judge_ask_deviation(world, verdict);
	}
}

static void judge_done(const struct world *world, struct verdict *verdict, uint64_t before)
{
	verdict->wrong = done_differs(&verdict->prediction, &verdict->outcome, before);
	if (verdict->wrong == NULL && flags_missing(world, &verdict->prediction))
		verdict->wrong = "a flag of the leaf was not set";
	judge_ask_deviation(world, verdict);
}

struct verdict judge_by(const struct world *world, const struct prediction *prediction)
{
	struct verdict verdict = {.prediction = *prediction};
	uint64_t before = prediction->ending == ENDING_DONE ? *memory_word(prediction->oa) : 0;

	verdict.outcome = world->platform->access(&prediction->expected.access);
	verdict.wrong = ending_differs(prediction->ending, verdict.outcome.ending);
	if (verdict.wrong != NULL)
		judge_ask_deviation(world, &verdict);
	else if (prediction->ending == ENDING_DONE)
		judge_done(world, &verdict, before);
	else if (prediction->ending == ENDING_FAULT)
		judge_fault(world, &verdict);
	return verdict;
}

struct verdict judge(const struct world *world, const struct access *access)
{
	struct prediction prediction = predict(world, access);

	return judge_by(world, &prediction);
}

void judge_explain(const struct verdict *verdict)
{
	static const char *const endings[] = {"done", "fault", "guest fault"};
	const struct expected *e = &verdict->prediction.expected;
	const struct outcome *o = &verdict->outcome;

	report_note("access %u%s at va %llx, predicted: %s", e->access.kind,
		    e->access.user ? " of the user" : "", (unsigned long long)e->access.va,
		    endings[verdict->prediction.ending]);
	if (e->faults)
		report_note("gpa %llx cause %u tried %u allowed %u level %u%s",
			    (unsigned long long)e->ia.addr, e->cause, e->tried, e->allowed,
			    e->level, e->walk ? " by the walk" : "");
	else
		report_note("gpa %llx oa %llx", (unsigned long long)verdict->prediction.gpa.addr,
			    (unsigned long long)verdict->prediction.oa.addr);
	report_note("seen: ending %u value %llx raw %llx %llx %llx %llx", o->ending,
		    (unsigned long long)o->value, (unsigned long long)o->raw[0],
		    (unsigned long long)o->raw[1], (unsigned long long)o->raw[2],
		    (unsigned long long)o->raw[3]);
	report_note("decoded: gpa %llx cause %u access %u level %u walk %u",
		    (unsigned long long)o->fault.ia.addr, o->fault.cause, o->fault.access,
		    o->fault.level, o->fault.walk);
}

void judge_report(const struct verdict *verdict, enum ending wanted)
{
	if (verdict->prediction.ending != wanted) {
		report_not_ok("the tables do not say what the test is about");
	} else if (verdict->wrong == NULL) {
		report_ok();
		return;
	} else if (verdict->known != NULL) {
		report_skip(verdict->known);
		return;
	} else {
		report_not_ok("%s", verdict->wrong);
	}
	judge_explain(verdict);
}

void judge_test(const struct world *world, const struct access *access, enum ending wanted)
{
	struct verdict verdict = judge(world, access);

	judge_report(&verdict, wanted);
}

struct access judge_access(uint64_t va, unsigned kind, bool user)
{
	static uint64_t written = 0x5eed000000000000;
	struct access access = {.va = va, .kind = (uint8_t)kind, .user = user};

	if (kind == MZ_EXEC)
		access.va += FRAME_CODE;
	if (kind == MZ_WRITE) {
		access.va += FRAME_WRITE;
		access.value = ++written;
	}
	return access;
}
