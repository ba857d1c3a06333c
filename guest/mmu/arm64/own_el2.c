// SPDX-License-Identifier: MPL-2.0
/*
 * EL2's own first stage, of every granule and both widths: EL2 runs with each, asks it by AT S1E2R
 * and S1E2W, and tries what it may not do. PAR_EL1 where a translation fails: F 0, FST 6:1.
 */
#include "core/walk.h"
#include "guest/mmu/arm64/el2.h"
#include "guest/mmu/arm64/machine.h"
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/arm64/registers.h"
#include "guest/mmu/report.h"

enum { PAR_F = 1, PAR_SH = 3 << 7, STATUS_TRANSLATION = 0x04, STATUS_PERMISSION = 0x0c };

static const struct first {
	const char *name;
	struct mz_arm_s1 wanted;
} firsts[] = {
	{"el2_16k", {14, 48, 48, MZ_ARM_EL2}},
	{"el2_64k", {16, 42, 48, MZ_ARM_EL2}},
	{"el2_4k_wide", {12, 48, 52, MZ_ARM_EL2 | MZ_ARM_WIDE}},
	{"el2_16k_wide", {14, 52, 52, MZ_ARM_EL2 | MZ_ARM_WIDE}},
	{"el2_64k_wide", {16, 52, 52, MZ_ARM_EL2 | MZ_ARM_WIDE}},
	/* The last one stays. */
	{"el2_4k", {12, 39, 40, MZ_ARM_EL2}},
};

static const struct question {
	const char *name;
	bool write;
	unsigned status; /* 0: it is translated */
	uint8_t attr;    /* MAIR_EL2 */
	uint8_t sh;      /* 3 inner; 2 outer, as every device is */
} questions[] = {
	{"reads_text", false, 0, 0xff, 3},
	{"writes_text", true, STATUS_PERMISSION, 0, 0},
	{"reads_data", false, 0, 0xff, 3},
	{"writes_data", true, 0, 0xff, 3},
	{"reads_a_device", false, 0, 0x04, 2},
	{"writes_a_device", true, 0, 0x04, 2},
	{"reads_nothing", false, STATUS_TRANSLATION, 0, 0},
	{"writes_nothing", true, STATUS_TRANSLATION, 0, 0},
};

/* Text, data, a device, nothing: two questions each. */
static uint64_t address(size_t question)
{
	const uint64_t addresses[] = {
		(uintptr_t)text_first + 0x1000,
		(uintptr_t)text_end + 0x1000,
		MACHINE_UART,
		(uint64_t)MACHINE_RAM + MACHINE_RAM_BYTES + 0x1000,
	};

	return addresses[question / 2];
}

/* Of the entry that decides, as Arm counts. */
static unsigned level_at(uint64_t address)
{
	struct mz_walk walk;

	(void)mz_table_walk(el2_table(), mz_ia_from(address), &walk);
	return 4 - walk.steps[walk.step_count - 1].level;
}

static uint64_t expected(const struct question *question, uint64_t at, uint64_t *mask)
{
	if (question->status != 0) {
		*mask = 0x7f;
		return (uint64_t)(question->status | level_at(at)) << 1 | PAR_F;
	}
	*mask = (uint64_t)0xff << 56 | 0x000ffffffffff000u | PAR_SH | PAR_F;
	return (uint64_t)question->attr << 56 | (at & 0x000ffffffffff000u) |
		(uint64_t)question->sh << 7;
}

static void ask(const char *name, size_t n)
{
	uint64_t at = address(n), mask, right = expected(&questions[n], at, &mask), par;

	report_test("%s_%s", name, questions[n].name);
	if (questions[n].write)
		SYSTEM("at s1e2w", at);
	else
		SYSTEM("at s1e2r", at);
	isb();
	par = READ_REGISTER("par_el1");
	if ((par & mask) == right)
		report_ok();
	else if (questions[n].attr == 0x04 && (par & mask) == (right | PAR_SH))
		report_skip("QEMU tells of a device how the entry shares it, not that it is outer");
	else
		report_not_ok("PAR_EL1 is %llx, not %llx", (unsigned long long)par,
			      (unsigned long long)right);
}

/* What is at an address, and what may be done there. */
static const struct place {
	const char *name;
	unsigned perm;
	bool mapped;
} places[] = {
	{"text", MZ_READ | MZ_EXEC, true},
	{"data", MZ_READ | MZ_WRITE, true},
	{"a_device", MZ_READ | MZ_WRITE, true},
	{"nothing", 0, false},
};

/* In text and in data there is a RET. */
static void *place_at(size_t place)
{
	static volatile uint32_t data;

	data = *(const uint32_t *)(uintptr_t)el2_return;
	return place == 0    ? (void *)(uintptr_t)el2_return
		: place == 1 ? (void *)(uintptr_t)&data
			     : (void *)(uintptr_t)address(2 * place);
}

static const struct action {
	const char *name;
	uint8_t kind;
} actions[] = {{"reads", MZ_READ}, {"writes", MZ_WRITE}, {"executes", MZ_EXEC}};

static const char *fault_differs(const struct place *place, const struct action *action,
				 uint64_t at)
{
	uint64_t esr = READ_REGISTER("esr_el2"), far = READ_REGISTER("far_el2");
	struct mz_fault_record fault = mz_arm_s1_fault(esr, far);
	/* Of the same level: EC 0x21, 0x25. A write to nothing is a read first. */
	unsigned class = action->kind == MZ_EXEC ? 0x21 : 0x25;
	unsigned status = (place->mapped ? STATUS_PERMISSION : STATUS_TRANSLATION) | level_at(at);
	unsigned tried = action->kind == MZ_WRITE && !place->mapped ? MZ_READ : action->kind;

	if (esr >> 26 != class || (esr & 63) != status || far != at)
		return "the syndrome is another";
	if (fault.cause != (place->mapped ? MZ_FAULT_DENIED : MZ_FAULT_ABSENT) ||
	    fault.access != tried || fault.user || fault.walk || !fault.has_ia ||
	    fault.ia.addr != at || fault.level != 4 - level_at(at))
		return "the decoder is wrong";
	return NULL;
}

static void attempt(const char *name, size_t p, const struct action *action)
{
	const struct place *place = &places[p];
	void *at = place_at(p);
	bool may = (place->perm & action->kind) != 0, done;
	const char *wrong = NULL;

	report_test("%s_itself_%s_%s", name, action->name, place->name);
	done = el2_attempt(action->kind, at);
	if (done != may)
		wrong = done ? "it was carried out" : "it was not carried out";
	else if (!done)
		wrong = fault_differs(place, action, (uintptr_t)at);
	if (wrong == NULL)
		report_ok();
	else
		report_not_ok("%s: ESR %llx, FAR %llx", wrong,
			      (unsigned long long)READ_REGISTER("esr_el2"),
			      (unsigned long long)READ_REGISTER("far_el2"));
}

void own_el2(void)
{
	for (size_t i = 0; i < COUNT(firsts); i++) {
		if (!el2_mmu_use(&firsts[i].wanted))
			continue;
		for (size_t n = 0; n < COUNT(questions); n++)
			ask(firsts[i].name, n);
		for (size_t p = 0; p < COUNT(places); p++)
			for (size_t a = 0; a < COUNT(actions); a++)
				attempt(firsts[i].name, p, &actions[a]);
	}
}
