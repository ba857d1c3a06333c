// SPDX-License-Identifier: MPL-2.0
// The parts of the page that are tables.

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
const namesOf = (object) => (object !== null && typeof object === "object" ? Object.keys(object) : []);

// ---- What was run ----

function showRun() {
	const run = recording.run;
	byId("run").append(
		element("b", null, `mezz ${run.command} `), element("code", null, run.image),
		` ended with status ${run.status}`, run.end ? `: ${run.end}.` : ".");
	document.title = `mezz report: ${run.image}`;
}

function showTiles() {
	const faults = element("b", null, element("data", { value: recording.events.count },
		countText(recording.events.count)));
	const tiles = [
		[element("b", null, stat(["table", "mapped_bytes"], bytesText)), "mapped for the guest at the end"],
		[faults, "faults answered"],
		[element("b", null, stat(["answers", "denied"])), "accesses denied"],
		[element("b", null, stat(["table", "node_bytes"], bytesText)), "of page tables"],
		[element("b", null, stat(["time", "guest_ns"], timeText)), "inside the guest"],
		[element("b", null, stat(["time", "total_ns"], timeText)), "in all"],
	];
	byId("tiles").append(...tiles.map(([number, text]) =>
		element("div", { class: "tile" }, number, element("span", null, text))));
}

// ---- Regions ----

const kindTexts = { ram: "RAM", rom: "ROM", shared: "shared file", device: "device" };

function sumOfArea(area, column) {
	let all = 0;
	for (const cell of recording.cells)
		if (cell[0] >= area.row && cell[0] < area.row + area.rows)
			all += cell[column];
	return all;
}

function mappedOf(area) {
	const mapped = recording.leaf_sizes.map(() => 0);
	for (const row of recording.rows.slice(area.row, area.row + area.rows))
		row.forEach((bytes, size) => (mapped[size] += bytes));
	return mapped;
}

function mappedText(bytes) {
	return element("data", bytes ? { value: bytes } : { value: bytes, class: "zero" }, bytes ? bytesText(bytes) : "0");
}

function showRegions() {
	const heads = ["Region", "Kind", "First address", numberHead("Size"),
		...recording.leaf_sizes.map((size) => numberHead(`by ${size}`)), numberHead("Faults")];
	fillTable(byId("regions-table"), heads, recording.areas.map((area) => [
		area.name, kindTexts[area.kind] ?? area.kind, addressElement(area.address),
		element("data", { value: area.bytes }, bytesText(area.bytes)),
		...mappedOf(area).map(mappedText), sumOfArea(area, 2)]));
}

// ---- Faults ----

const causeTexts = {
	missing: "first touch, nothing there yet",
	minor: "touch of what was there already",
	exit: "KVM gave the access up",
	protected: "write to what was protected",
};

function showFaults() {
	const rows = [];
	let leaves = [];
	for (const cause of namesOf(stats.faults)) {
		for (const access of namesOf(stats.faults[cause])) {
			leaves = namesOf(stats.faults[cause][access]);
			rows.push([causeTexts[cause] ? `${cause}: ${causeTexts[cause]}` : cause, access,
				...leaves.map((leaf) => stat(["faults", cause, access, leaf]))]);
		}
	}
	fillTable(byId("faults-table"), ["Cause", "Access",
		...leaves.map((leaf) => numberHead(leaf === "none" ? "no leaf" : leaf))], rows);
	fillTable(byId("answers-table"), ["Answer", numberHead("Times")],
		namesOf(stats.answers).map((name) => [nameText(name), stat(["answers", name])]));
	fillTable(byId("denials-table"), ["Cause", numberHead("Times")],
		namesOf(stats.denials).map((name) => [nameText(name), stat(["denials", name])]));
}

// ---- Latency ----

// So many of a hundred took no longer: the greatest number of the bin that they end in.
function percentile(latency, hundredth) {
	let left = (latency.count * hundredth) / 100;
	for (const [last, count] of latency.bins) {
		left -= count;
		if (left <= 0)
			return Math.min(last, latency.max_ns);
	}
	return latency.max_ns;
}

function timeElement(ns) {
	return element("data", { value: Math.round(ns) }, timeText(ns));
}

function showLatency() {
	fillTable(byId("latency-table"),
		["Cause", ...["Faults", "Mean", "Half within", "9 of 10 within", "99 of 100 within", "Longest"].map(numberHead)],
		recording.latency.map((latency) => [latency.cause, latency.count,
			...(latency.count ? [latency.sum_ns / latency.count, percentile(latency, 50), percentile(latency, 90),
				percentile(latency, 99), latency.max_ns].map(timeElement) : ["–", "–", "–", "–", "–"])]));
	showHistogram();
}

// Bins by doubling, for all causes.
function showHistogram() {
	const bins = new Map();
	for (const latency of recording.latency) {
		for (const [last, count] of latency.bins) {
			const limit = 2 ** Math.ceil(Math.log2(last + 1));
			bins.set(limit, (bins.get(limit) ?? 0) + count);
		}
	}
	const most = Math.max(1, ...bins.values());
	const rows = [...bins].sort((a, b) => a[0] - b[0]).map(([limit, count]) => {
		const bar = element("span", { class: "bar" });
		bar.style.width = (100 * count) / most + "%";
		bar.style.background = "var(--cause-1)";
		return [`under ${timeText(limit)}`, count, bar];
	});
	fillTable(byId("histogram-table"), ["Took", numberHead("Faults"), "Share"], rows);
	for (const bar of byId("histogram-table").querySelectorAll(".bar"))
		bar.parentElement.className = "bar-cell";
}

// ---- Leaves ----

function showLeaves() {
	const sizes = namesOf(stats.table.leaves);
	const changes = ["mapped", "made_writable", "split", "collapsed"];
	fillTable(byId("leaves-table"),
		["Size", numberHead("In the table at the end"), numberHead("Mapped by faults"),
			numberHead("Made writable"), numberHead("Split"), numberHead("Collapsed into")],
		sizes.map((size) => [size, stat(["table", "leaves", size]),
			...changes.map((change) => stat(["changes", change, size]))]));
	byId("leaves-note").append("The table has ", stat(["table", "nodes"]), " nodes in ",
		stat(["table", "node_bytes"]), " bytes; ", stat(["changes", "copied"]), " pages were copied before they were written; ",
		"the host maps ", stat(["huge", "mapped_bytes"]), " bytes of guest memory by huge pages.");
}

// ---- Hottest pages ----

function showHot() {
	const hot = recording.hot;
	byId("hot-note").append("Where the most happened, by ", hot.bytes === 4096 ? "page" : `parts of ${bytesText(hot.bytes)}`,
		`: faults, and how many of ${plural(recording.looks.count, "look")} found it written since the one before.`);
	fillTable(byId("hot-table"), ["Address", "Region", numberHead("Faults"), numberHead("Found written")],
		hot.pages.map((page) => [addressElement(page.address), areaName(Number(page.address)), page.faults, page.looks]));
}

function areaName(address) {
	const area = recording.areas.find((candidate) =>
		address >= Number(candidate.address) && address - Number(candidate.address) < candidate.bytes);
	return area ? area.name : "elsewhere";
}

// ---- The machine ----

function showMachine() {
	const vcpus = stats.vcpus.length > 1 ? stats.vcpus.map((_, index) => index) : [];
	fillTable(byId("exits-table"), ["Reason", numberHead("All"), ...vcpus.map((index) => numberHead(`CPU ${index}`))],
		namesOf(stats.exits).map((reason) => [nameText(reason), stat(["exits", reason]),
			...vcpus.map((index) => stat(["vcpus", index, "exits", reason]))]));
	const rows = stats.devices.map((device, index) => [String(device.name), String(device.bus),
		addressElement(addressText(device.base)), stat(["devices", index, "reads"]), stat(["devices", index, "writes"])]);
	fillTable(byId("devices-table"), ["Device", "Bus", "Base", numberHead("Reads"), numberHead("Writes")],
		rows.filter((_, index) => stats.devices[index].reads || stats.devices[index].writes));
}

// ---- All numbers ----

function leavesOf(value, path, found) {
	if (value !== null && typeof value === "object")
		for (const name of Object.keys(value))
			leavesOf(value[name], [...path, name], found);
	else
		found.push(path);
	return found;
}

function showNumbers() {
	fillTable(byId("numbers-table"), ["Name", numberHead("Value")], leavesOf(stats, [], []).map((path) =>
		[element("code", null, path.join(".")), stat(path, (value) => String(value))]));
}
