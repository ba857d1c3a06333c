// SPDX-License-Identifier: MPL-2.0
// The faults that were kept, some at a time.

const AT_ONCE = 20;

const list = { order: [], first: 0 };

const leafText = (level) => (level ? `level ${level}` : "none");

function eventRow(index) {
	const events = recording.events;
	return [
		timeElement(events.ns[index]), addressElement(addressText(events.address[index])),
		areaName(events.address[index]), recording.latency[events.cause[index]].cause,
		events.write[index] ? "write" : "read", events.answers[events.answer[index]],
		leafText(events.level[index]), timeElement(events.took_ns[index])];
}

function showEvents() {
	const shown = list.order.slice(list.first, list.first + AT_ONCE);
	fillTable(byId("events-table"),
		[numberHead("Time"), "Address", "Region", "Cause", "Access", "Answer", "Leaf", numberHead("Took")],
		[...shown].map(eventRow));
	byId("event-where").textContent = shown.length
		? `${countText(list.first + 1)} to ${countText(list.first + shown.length)} of ${countText(list.order.length)}`
		: "none of this kind";
	const atEnd = list.first + AT_ONCE >= list.order.length;
	byId("event-first").disabled = byId("event-back").disabled = list.first === 0;
	byId("event-next").disabled = byId("event-last").disabled = atEnd;
}

function select() {
	const { cause, answer, took_ns: took } = recording.events;
	const wantedCause = byId("event-cause").value, wantedAnswer = byId("event-answer").value;
	const order = [];
	for (let i = 0; i < took.length; i++)
		if ((wantedCause === "" || cause[i] === Number(wantedCause)) &&
			(wantedAnswer === "" || answer[i] === Number(wantedAnswer)))
			order.push(i);
	if (byId("event-order").value === "slow")
		order.sort((a, b) => took[b] - took[a] || a - b);
	list.order = order;
	list.first = 0;
	showEvents();
}

function turn(first) {
	const last = Math.max(0, Math.floor((list.order.length - 1) / AT_ONCE) * AT_ONCE);
	list.first = Math.max(0, Math.min(last, first));
	showEvents();
}

function offer(id, names) {
	byId(id).append(element("option", { value: "" }, "all"),
		...names.map((name, index) => element("option", { value: index }, name)));
}

function startEvents() {
	const { count, ns, answers } = recording.events;
	byId("events-note").textContent = ns.length < count
		? `The first ${countText(ns.length)} of ${countText(count)} faults.` : `All of ${plural(count, "fault")}.`;
	offer("event-cause", recording.latency.map((latency) => latency.cause));
	offer("event-answer", answers);
	for (const id of ["event-cause", "event-answer", "event-order"])
		byId(id).addEventListener("change", select);
	byId("event-first").addEventListener("click", () => turn(0));
	byId("event-back").addEventListener("click", () => turn(list.first - AT_ONCE));
	byId("event-next").addEventListener("click", () => turn(list.first + AT_ONCE));
	byId("event-last").addEventListener("click", () => turn(Infinity));
	select();
}
