// SPDX-License-Identifier: MPL-2.0
// The map of memory: addresses by time.

const LEFT = 192;
const STRIP = 72;
const GAP = 12;
const AXIS = 24;
const LEAST_AREA = 20;

// What cells hold, in this order.
const [ROW, COLUMN, FAULTS, PRESENT, WRITTEN, SAMPLES, USED] = [0, 1, 2, 3, 4, 5, 6];

// `share` is from 0 to 1; undefined: nothing is known.
const views = [
	{ name: "faults", text: "Faults", share: (cell, most) => Math.log1p(cell[FAULTS]) / Math.log1p(most),
		of: (cell) => cell[FAULTS], unit: "fault" },
	{ name: "present", text: "Present", share: (cell) => cell[PRESENT] / pagesOf(cell[ROW]),
		of: (cell) => cell[PRESENT], all: "all of it mapped" },
	{ name: "used", text: "Accessed", share: (cell) => (cell[SAMPLES] ? cell[USED] / cell[SAMPLES] : undefined),
		of: (cell) => cell[USED], all: "all watched pages used" },
	{ name: "written", text: "Dirty", share: (cell, most) => Math.sqrt(cell[WRITTEN] / most),
		of: (cell) => cell[WRITTEN], unit: "page" },
];

const map = {
	canvas: byId("map"),
	view: views[0],
	base: null, // the picture without the cursor
	cells: new Map(),
	places: [], // by row: {area, top, height}
	row: 0,
	column: 0,
};

const columns = recording.time.columns;
const cellKey = (row, column) => row * columns + column;

// ---- Where rows are ----

function areaOfRow(row) {
	return recording.areas.find((area) => row >= area.row && row < area.row + area.rows);
}

function rangeOf(row) {
	const area = areaOfRow(row);
	const first = (row - area.row) * area.row_bytes;
	return { area, first: Number(area.address) + first, bytes: Math.min(area.row_bytes, area.bytes - first) };
}

const pagesOf = (row) => Math.max(1, Math.ceil(rangeOf(row).bytes / 4096));

// All memory, and devices that were touched, by address.
function shownAreas() {
	const touched = new Set(recording.cells.filter((cell) => cell[FAULTS]).map((cell) => areaOfRow(cell[ROW])));
	return recording.areas.filter((area) => area.kind !== "device" || touched.has(area))
		.sort((a, b) => Number(a.address) - Number(b.address));
}

function layOut() {
	const areas = shownAreas();
	const most = Math.max(1, ...areas.map((area) => area.rows));
	const rowHeight = Math.max(2, Math.min(12, Math.floor(420 / most)));
	let top = 4;
	map.places = [];
	for (const area of areas) {
		const height = Math.max(LEAST_AREA, area.rows * rowHeight);
		for (let row = 0; row < area.rows; row++)
			map.places[area.row + row] = { area, top: top + (row * height) / area.rows, height: height / area.rows };
		top += height + 6;
	}
	map.areas = areas;
	map.height = top + AXIS;
}

// ---- Drawing ----

const columnsWidth = (width) => width - LEFT - GAP - STRIP;

// Addresses inside of an area stand where a power of 2 divides it, no closer than two lines.
function drawAddresses(pen, area) {
	const { top, height } = map.places[area.row];
	let step = 1;
	while (step * height < 2.4 * LEAST_AREA)
		step *= 2;
	for (let row = 0; row < area.rows; row += step) {
		const y = top + row * height;
		if (row && area.rows * height - row * height < LEAST_AREA)
			break;
		pen.fillText(addressText(Number(area.address) + row * area.row_bytes), LEFT - 12, y + LEAST_AREA / 2);
		pen.fillRect(LEFT - 8, Math.round(y), 6, 1);
	}
}

function drawLabels(pen) {
	for (const area of map.areas) {
		const name = area.name.length > 11 ? area.name.slice(0, 10) + "…" : area.name;
		pen.textAlign = "left";
		pen.fillStyle = colourOf("ink");
		pen.fillText(name, 0, map.places[area.row].top + LEAST_AREA / 2);
		pen.textAlign = "right";
		pen.fillStyle = colourOf("soft");
		drawAddresses(pen, area);
	}
}

function drawEmpty(pen, width) {
	pen.fillStyle = colourOf(map.view.name === "used" ? "unknown" : "empty");
	for (const area of map.areas) {
		const first = map.places[area.row];
		pen.fillRect(LEFT, first.top, width, first.height * area.rows);
	}
}

// Edges lie between pixels, so that neighbours neither overlap nor leave gaps.
function fillCell(pen, row, column, width) {
	const { top, height } = map.places[row];
	const x = Math.round(LEFT + (column * width) / columns);
	const y = Math.round(top);
	pen.fillRect(x, y, Math.max(1, Math.round(LEFT + ((column + 1) * width) / columns) - x),
		Math.max(1, Math.round(top + height) - y));
}

function drawCells(pen, width) {
	const ramp = rampOf(colourOf("empty"), colourOf(map.view.name));
	let most = 1, drawn = 0;
	for (const cell of recording.cells)
		most = Math.max(most, map.view.of(cell));
	for (const cell of recording.cells) {
		const share = map.places[cell[ROW]] ? map.view.share(cell, most) : undefined;
		if (share === undefined || (share === 0 && map.view.name !== "used"))
			continue;
		pen.fillStyle = ramp[share ? Math.round(40 + 215 * Math.min(1, share)) : 0];
		fillCell(pen, cell[ROW], cell[COLUMN], width);
		drawn++;
	}
	map.canvas.dataset.cells = String(drawn);
	return most;
}

// By which leaves each row is mapped at the end, side by side.
function drawStrip(pen, left) {
	for (const area of map.areas.filter((candidate) => candidate.kind !== "device")) {
		for (let row = area.row; row < area.row + area.rows; row++) {
			const { top, height } = map.places[row];
			const { bytes } = rangeOf(row);
			let x = left;
			pen.fillStyle = colourOf("empty");
			pen.fillRect(left, top, STRIP, height);
			recording.rows[row].forEach((mapped, size) => {
				pen.fillStyle = leafColour(size);
				pen.fillRect(x, top, (STRIP * mapped) / bytes, height);
				x += (STRIP * mapped) / bytes;
			});
		}
	}
}

const leafColour = (size) => colourOf("leaf-" + (1 + (size % 3)));

function swatch(colour, text) {
	const made = element("span", { class: "swatch" });
	made.style.background = colour;
	return element("span", null, made, text);
}

function showLegend(most) {
	const ramp = element("span", { class: "swatch ramp" });
	ramp.style.background = `linear-gradient(to right, ${colourOf("empty")}, ${colourOf(map.view.name)})`;
	const end = map.view.all ?? plural(most, map.view.unit) + " in a cell";
	byId("map-legend").replaceChildren(
		element("span", null, map.view.name === "used" ? "none of them" : "none", ramp, end),
		...(map.view.name === "used" ? [swatch(colourOf("unknown"), "not watched")] : []),
		...recording.leaf_sizes.map((size, index) => swatch(leafColour(index), `leaves of ${size}`)),
		swatch(colourOf("empty"), "not mapped"));
}

function drawMap() {
	layOut();
	const { pen, width } = prepareCanvas(map.canvas, map.height);
	const inner = columnsWidth(width);
	drawLabels(pen);
	drawEmpty(pen, inner);
	showLegend(drawCells(pen, inner));
	drawStrip(pen, LEFT + inner + GAP);
	drawTimeAxis(pen, LEFT, inner, map.height - AXIS, columns * recording.time.column_ns);
	map.base = document.createElement("canvas");
	map.base.width = map.canvas.width;
	map.base.height = map.canvas.height;
	map.base.getContext("2d").drawImage(map.canvas, 0, 0);
	map.inner = inner;
	showCell();
}

// ---- The cursor ----

function drawCursor() {
	const pen = map.canvas.getContext("2d");
	const place = map.places[map.row];
	pen.save();
	pen.setTransform(1, 0, 0, 1, 0, 0);
	pen.clearRect(0, 0, map.canvas.width, map.canvas.height);
	pen.drawImage(map.base, 0, 0);
	pen.restore();
	const x = LEFT + (map.column * map.inner) / columns;
	pen.lineWidth = 2;
	pen.strokeStyle = colourOf("ink");
	pen.strokeRect(x - 2, place.top - 2, map.inner / columns + 4, place.height + 4);
}

function cellText(row, column) {
	const { area, first, bytes } = rangeOf(row);
	const cell = map.cells.get(cellKey(row, column)) ?? [row, column, 0, 0, 0, 0, 0];
	const from = column * recording.time.column_ns;
	const parts = [plural(cell[FAULTS], "fault")];
	if (area.kind !== "device") {
		parts.push(`${countText(cell[PRESENT])} of ${plural(pagesOf(row), "page")} mapped`);
		parts.push(`${countText(cell[WRITTEN])} written`);
		parts.push(cell[SAMPLES] ? `${cell[USED]} of ${cell[SAMPLES]} watched used` : "none watched");
	}
	return `${area.name} ${addressText(first)}–${addressText(first + bytes - 1)}, from ${timeText(from)} to ` +
		`${timeText(from + recording.time.column_ns)}: ${parts.join(", ")}.`;
}

function showCell() {
	drawCursor();
	byId("map-cell").textContent = cellText(map.row, map.column);
}

// The rows that are shown, from the top down.
const rowOrder = () => map.areas.flatMap((area) => Array.from({ length: area.rows }, (_, row) => area.row + row));

function moveCursor(down, right) {
	const order = rowOrder();
	const at = Math.max(0, Math.min(order.length - 1, order.indexOf(map.row) + down));
	map.row = order[at];
	map.column = Math.max(0, Math.min(columns - 1, map.column + right));
	showCell();
}

function pressKey(event) {
	const far = event.shiftKey ? 10 : 1;
	const moves = { ArrowUp: [-far, 0], ArrowDown: [far, 0], ArrowLeft: [0, -far], ArrowRight: [0, far],
		Home: [0, -columns], End: [0, columns] };
	const move = moves[event.key];
	if (!move)
		return;
	event.preventDefault();
	moveCursor(...move);
}

function pointAt(event) {
	const box = map.canvas.getBoundingClientRect();
	const x = event.clientX - box.left - LEFT, y = event.clientY - box.top;
	const row = rowOrder().find((candidate) => {
		const { top, height } = map.places[candidate];
		return y >= top && y < top + height;
	});
	if (row === undefined || x < 0 || x >= map.inner)
		return;
	map.row = row;
	map.column = Math.floor((x * columns) / map.inner);
	showCell();
}

// ---- ----

function showViews() {
	for (const view of views) {
		const input = element("input", { type: "radio", name: "view", value: view.name });
		input.checked = view === map.view;
		input.addEventListener("change", () => {
			map.view = view;
			drawMap();
		});
		byId("views").append(element("label", null, input, view.text));
	}
}

function showLooks() {
	const { count, blind } = recording.looks;
	byId("looks").textContent = `${plural(count, "look")} at the table, and at what was written since the look before. ` +
		(blind ? `What was accessed is not known: ${blind}.`
			: "What was accessed is known of pages that were picked at random and watched from one look to the next; " +
			"a page that was touched in between faults once more, as a minor fault.");
}

function startMap() {
	for (const cell of recording.cells)
		map.cells.set(cellKey(cell[ROW], cell[COLUMN]), cell);
	layOut();
	map.row = map.areas.length ? map.areas[0].row : 0;
	showViews();
	showLooks();
	map.canvas.addEventListener("keydown", pressKey);
	map.canvas.addEventListener("pointermove", pointAt);
	drawMap();
}
