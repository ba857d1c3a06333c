// SPDX-License-Identifier: MPL-2.0
// Latency over time. Events are counted by small squares first, so that it takes no longer to draw many.

const SQUARE = 4;
const SCATTER_LEFT = 64;
const SCATTER_HEIGHT = 280;

const scatter = { canvas: byId("scatter"), hidden: new Set() };

const causeColour = (cause) => colourOf("cause-" + (1 + (cause % 4)));

// log10 of the shortest and the longest, rounded outwards.
function latencySpan(took) {
	let least = Infinity, most = 1;
	for (const ns of took) {
		least = Math.min(least, Math.max(ns, 1));
		most = Math.max(most, ns);
	}
	const first = Number.isFinite(least) ? Math.floor(Math.log10(least)) : 0;
	return { first, last: Math.max(first + 1, Math.ceil(Math.log10(most))) };
}

// Counts of each cause by square, row by row.
function countSquares(across, down, span) {
	const events = recording.events;
	const end = Math.max(1, columns * recording.time.column_ns);
	const counts = recording.latency.map(() => new Uint32Array(across * down));
	for (let i = 0; i < events.ns.length; i++) {
		const height = (Math.log10(Math.max(1, events.took_ns[i])) - span.first) / (span.last - span.first);
		const x = Math.min(across - 1, Math.floor((events.ns[i] / end) * across));
		const y = Math.min(down - 1, Math.floor((1 - height) * down));
		counts[events.cause[i]][Math.max(0, y) * across + x]++;
	}
	return counts;
}

function drawSquares(pen, counts, across, most) {
	let drawn = 0;
	counts.forEach((squares, cause) => {
		if (scatter.hidden.has(cause))
			return;
		pen.fillStyle = causeColour(cause);
		squares.forEach((count, index) => {
			if (!count)
				return;
			pen.globalAlpha = 0.35 + (0.65 * Math.log1p(count)) / Math.log1p(most);
			pen.fillRect(SCATTER_LEFT + (index % across) * SQUARE, 4 + Math.floor(index / across) * SQUARE, SQUARE, SQUARE);
			drawn++;
		});
	});
	pen.globalAlpha = 1;
	scatter.canvas.dataset.squares = String(drawn);
}

function drawLatencyAxis(pen, width, height, span) {
	for (let power = span.first; power <= span.last; power++) {
		const y = Math.round(4 + (1 - (power - span.first) / (span.last - span.first)) * height) + 0.5;
		pen.strokeStyle = colourOf("line");
		pen.beginPath();
		pen.moveTo(SCATTER_LEFT, y);
		pen.lineTo(SCATTER_LEFT + width, y);
		pen.stroke();
		pen.fillStyle = colourOf("soft");
		pen.textAlign = "right";
		pen.fillText(timeText(10 ** power), SCATTER_LEFT - 8, Math.max(10, y));
	}
}

function drawScatter() {
	const { pen, width } = prepareCanvas(scatter.canvas, SCATTER_HEIGHT);
	const across = Math.floor((width - SCATTER_LEFT) / SQUARE), down = Math.floor((SCATTER_HEIGHT - 32) / SQUARE);
	const span = latencySpan(recording.events.took_ns);
	const counts = countSquares(across, down, span);
	let most = 1;
	for (const squares of counts)
		for (const count of squares)
			most = Math.max(most, count);
	drawLatencyAxis(pen, across * SQUARE, down * SQUARE, span);
	drawSquares(pen, counts, across, most);
	drawTimeAxis(pen, SCATTER_LEFT, across * SQUARE, 4 + down * SQUARE, columns * recording.time.column_ns);
	for (const mark of byId("causes").querySelectorAll(".swatch"))
		mark.style.background = causeColour(Number(mark.dataset.cause));
}

function showCauses() {
	recording.latency.forEach((latency, cause) => {
		const input = element("input", { type: "checkbox" });
		input.checked = true;
		input.addEventListener("change", () => {
			if (input.checked)
				scatter.hidden.delete(cause);
			else
				scatter.hidden.add(cause);
			drawScatter();
		});
		byId("causes").append(element("label", null, input,
			element("span", { class: "swatch", "data-cause": cause }), " " + latency.cause));
	});
}

function startScatter() {
	const { count, ns } = recording.events;
	byId("scatter-note").textContent = ns.length < count
		? `Drawn are the first ${countText(ns.length)} of ${countText(count)} faults; the tables below count all.`
		: `All of ${plural(count, "fault")}; the tables below say the same in numbers.`;
	showCauses();
	drawScatter();
}
