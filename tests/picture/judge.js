// SPDX-License-Identifier: MPL-2.0
// Judges the page that it was put into; leaves its verdicts as text. What --stats=json said is in #wanted.
"use strict";

(() => {
	const wanted = JSON.parse(document.getElementById("wanted").textContent);
	const verdicts = [];

	function verdict(name, faults) {
		verdicts.push(faults.length ? `not ok ${name}: ${faults.slice(0, 5).join("; ")}` : `ok ${name}`);
	}

	// ---- Numbers ----

	function scalarsOf(value, path, found) {
		if (value !== null && typeof value === "object")
			for (const key of Object.keys(value))
				scalarsOf(value[key], [...path, key], found);
		else
			found.set(path.join("."), value);
		return found;
	}

	const scalars = scalarsOf(wanted, [], new Map());
	const shown = [...document.querySelectorAll("data[data-stat]")];

	verdict("every_number_shown_is_that_of_the_stats", shown.filter((data) => {
		const value = scalars.get(data.dataset.stat);
		const text = data.hasAttribute("data-human") ? String(value) : data.textContent.replaceAll(",", "");
		return data.value !== String(value) || text !== String(value);
	}).map((data) => `${data.dataset.stat}: ${data.outerHTML}`));

	const listed = new Map([...document.querySelectorAll("#numbers-table data")].map((data) =>
		[data.dataset.stat, data.textContent]));
	verdict("every_number_of_the_stats_is_listed", [...scalars].filter(([path, value]) =>
		listed.get(path) !== String(value)).map(([path, value]) => `${path}: ${value}, shown ${listed.get(path)}`));
	verdict("nothing_else_is_listed", [...listed.keys()].filter((path) => !scalars.has(path)));

	const places = ["faults-table", "answers-table", "denials-table", "leaves-table", "exits-table", "devices-table"];
	const shownIn = new Map(places.map((id) => [id, new Set([...document.querySelectorAll(`#${id} data[data-stat]`)].map(
		(data) => data.dataset.stat))]));
	const mustBeIn = { "faults-table": "faults.", "answers-table": "answers.", "denials-table": "denials.",
		"leaves-table": "table.leaves.", "exits-table": "exits." };
	verdict("tables_have_all_of_their_numbers", Object.entries(mustBeIn).flatMap(([id, prefix]) =>
		[...scalars.keys()].filter((path) => path.startsWith(prefix) && !shownIn.get(id).has(path))));

	// All that is counted twice: by the machine, and by who recorded it.
	const all = (object) => (typeof object === "number" ? object : Object.values(object).reduce((sum, one) => sum + all(one), 0));
	const faultsOf = (id, column) => [...document.querySelectorAll(`#${id} tbody tr`)].reduce((sum, row) =>
		sum + Number(row.children[column].textContent.replaceAll(",", "")), 0);
	const regionColumns = document.querySelectorAll("#regions-table thead th").length;
	const sums = { regions: faultsOf("regions-table", regionColumns - 1), latency: faultsOf("latency-table", 1),
		histogram: faultsOf("histogram-table", 1), tile: Number(document.querySelector(".tile:nth-child(2) data").value) };
	verdict("all_counts_of_faults_agree", Object.entries(sums).filter(([, sum]) => sum !== all(wanted.faults)).map(
		([name, sum]) => `${name}: ${sum}, not ${all(wanted.faults)}`));

	// ---- Drawing ----

	const canvases = [...document.querySelectorAll("canvas")];
	const hasInk = (canvas) => {
		const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
		const colours = new Set();
		for (let i = 0; i < data.length && colours.size < 8; i += 4)
			colours.add((data[i] << 24) | (data[i + 1] << 16) | (data[i + 2] << 8) | data[i + 3]);
		return colours.size >= 8;
	};
	verdict("the_page_is_ready", document.documentElement.dataset.ready === undefined ? ["no data-ready"] : []);
	verdict("both_pictures_are_drawn", [
		...canvases.filter((canvas) => !hasInk(canvas)).map((canvas) => `${canvas.id} is empty`),
		...(Number(document.getElementById("map").dataset.cells) > 0 ? [] : ["no cell of the map"]),
		...(Number(document.getElementById("scatter").dataset.squares) > 0 ? [] : ["no square of latency"])]);

	const map = document.getElementById("map");
	const pictures = [...document.querySelectorAll("#views input")].map((input) => {
		input.click();
		return map.toDataURL();
	});
	verdict("every_view_of_memory_is_another_picture",
		new Set(pictures).size === 4 ? [] : [`${new Set(pictures).size} of 4 differ`]);

	// ---- By keyboard ----

	const controls = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex], [role=application]")];
	const nameOf = (control) => control.getAttribute("aria-label") ?? control.labels?.[0]?.textContent ??
		document.getElementById(control.getAttribute("aria-labelledby"))?.textContent ?? control.textContent;
	verdict("every_control_can_be_reached", controls.filter((control) => control.tabIndex < 0).map((control) => control.outerHTML));
	verdict("every_control_has_a_name", controls.filter((control) => !nameOf(control).trim()).map((control) => control.outerHTML));

	const cell = document.getElementById("map-cell");
	const press = (key) => {
		const before = cell.textContent;
		map.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
		return cell.textContent !== before;
	};
	verdict("arrow_keys_move_over_the_map", ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "End", "Home"].filter(
		(key) => !press(key)));
	map.focus();
	verdict("the_map_takes_the_focus", document.activeElement === map ? [] : ["it does not"]);

	const rows = () => document.getElementById("events-table").textContent;
	const firstRows = rows();
	const many = Number(document.documentElement.dataset.ready) > 20;
	document.getElementById("event-next").click();
	verdict("events_can_be_paged", many && rows() === firstRows ? ["the second page is the first"] : []);
	verdict("tables_have_heads", [...document.querySelectorAll("table")].filter((table) =>
		!table.querySelector("thead th[scope=col]")).map((table) => table.id));

	// ---- Colours: WCAG 2.1, 1.4.3, relative luminance and contrast ratio ----

	const luminance = (channels) => channels.map((value) => value / 255).map((value) =>
		value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4).reduce((sum, value, i) =>
		sum + value * [0.2126, 0.7152, 0.0722][i], 0);
	const channelsOf = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
	const isClear = (colour) => colour === "transparent" || /, 0\)$/.test(colour);
	function ground(node) {
		for (let at = node; at; at = at.parentElement)
			if (!isClear(getComputedStyle(at).backgroundColor))
				return getComputedStyle(at).backgroundColor;
		return "rgb(255, 255, 255)";
	}
	function contrast(node) {
		const a = luminance(channelsOf(getComputedStyle(node).color)), b = luminance(channelsOf(ground(node)));
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	}
	const withText = [...document.querySelectorAll("body *")].filter((node) => !["SCRIPT", "NOSCRIPT"].includes(node.tagName) &&
		[...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()));
	verdict("every_text_can_be_read", withText.filter((node) => contrast(node) < 4.5).map((node) =>
		`${contrast(node).toFixed(2)} ${node.outerHTML.slice(0, 60)}`));
	// What was computed must be what was asked for: the ground is dark where texts are to be read on the dark.
	const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
	verdict(dark ? "the_dark_scheme_is_dark" : "the_light_scheme_is_light",
		(luminance(channelsOf(ground(document.body))) < 0.2) === dark ? [] : [ground(document.body)]);

	// ---- From outside ----

	verdict("nothing_was_asked_of_a_network", performance.getEntriesByType("resource").map((entry) => entry.name));
	verdict("no_text_became_markup", [...document.querySelectorAll("img, iframe, object, embed, svg, script[src], [onerror], [onload]")].map(
		(node) => node.outerHTML).concat(window.hostile ? ["a script of the recording ran"] : []));

	const pre = document.createElement("pre");
	pre.id = "verdicts";
	pre.textContent = "\n" + verdicts.map((line) => line.replaceAll("\n", " ")).join("\n") + "\n";
	document.body.append(pre);
})();
