// SPDX-License-Identifier: MPL-2.0
// What all parts of the page share. Whatever comes from the recording becomes text, and never markup.
"use strict";

const recording = JSON.parse(document.getElementById("recording").textContent);
const stats = recording.stats;

const byId = (id) => document.getElementById(id);

// An element; children are elements, or texts.
function element(name, attributes, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		made.setAttribute(key, value);
	made.append(...children);
	return made;
}

// ---- Texts ----

const countText = (count) => count.toLocaleString("en-US");

// Three digits that count.
function scaled(value, units, step) {
	let unit = 0;
	while (value >= step && unit < units.length - 1) {
		value /= step;
		unit++;
	}
	const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
	return value.toFixed(digits) + " " + units[unit];
}

const bytesText = (bytes) => scaled(bytes, ["B", "KiB", "MiB", "GiB", "TiB"], 1024);
const timeText = (ns) => scaled(ns, ["ns", "µs", "ms", "s"], 1000);
const addressText = (address) => "0x" + address.toString(16);

// How many of what: "1 page", "2 pages".
const plural = (count, what) => countText(count) + " " + what + (count === 1 ? "" : "s");

const nameText = (name) => name.replaceAll("_", " ");

// ---- Numbers of the run ----

// The number at a path such as ["faults", "exit", "read", "none"]; undefined if the run has none.
function statAt(path) {
	let value = stats;
	for (const part of path)
		value = value !== null && typeof value === "object" ? value[part] : undefined;
	return value;
}

// A number that the run told, marked with its path so that a program can compare it. `text` says it for people.
function stat(path, text) {
	const value = statAt(path);
	if (value === undefined)
		return element("span", { class: "zero" }, "–");
	const marks = { value: String(value), "data-stat": path.join(".") };
	if (value === 0)
		marks.class = "zero";
	if (text)
		marks["data-human"] = "";
	return element("data", marks, text ? text(value) : countText(value));
}

// ---- Tables ----

const isNumber = (cell) => typeof cell === "number" || (cell instanceof Element && cell.localName === "data");

function cellOf(cell, name) {
	const made = element(name, isNumber(cell) ? { class: "number" } : {});
	if (typeof cell === "number" && cell === 0)
		made.classList.add("zero");
	made.append(typeof cell === "number" ? countText(cell) : cell);
	return made;
}

// The first cell of a row is its head. A head may be {number: text}.
function fillTable(table, heads, rows) {
	const head = element("tr");
	for (const text of heads) {
		const made = element("th", { scope: "col" }, text.number ?? text);
		if (text.number !== undefined)
			made.className = "number";
		head.append(made);
	}
	const body = element("tbody");
	for (const row of rows) {
		const line = element("tr");
		row.forEach((cell, index) => {
			const made = cellOf(cell, index ? "td" : "th");
			if (!index)
				made.scope = "row";
			line.append(made);
		});
		body.append(line);
	}
	if (!rows.length)
		body.append(element("tr", null, element("td", { colspan: heads.length, class: "soft" }, "None.")));
	table.replaceChildren(element("thead", null, head), body);
}

const numberHead = (text) => ({ number: text });

function addressElement(address) {
	return element("span", { class: "address" }, address);
}

// ---- Colours and canvases ----

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

function channels(colour) {
	const number = parseInt(colour.slice(1), 16);
	return [number >> 16, (number >> 8) & 255, number & 255];
}

// 256 colours from one to another.
function rampOf(from, to) {
	const a = channels(from), b = channels(to);
	return Array.from({ length: 256 }, (_, step) => {
		const mixed = a.map((value, i) => Math.round(value + ((b[i] - value) * step) / 255));
		return `rgb(${mixed.join(" ")})`;
	});
}

// Makes the canvas `height` high, as wide as it is shown, and as fine as the screen.
function prepareCanvas(canvas, height) {
	const fine = window.devicePixelRatio || 1;
	const width = Math.max(320, canvas.clientWidth);
	canvas.style.height = height + "px";
	canvas.width = Math.round(width * fine);
	canvas.height = Math.round(height * fine);
	const pen = canvas.getContext("2d");
	pen.setTransform(fine, 0, 0, fine, 0, 0);
	pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
	pen.textBaseline = "middle";
	return { pen, width };
}

// Times that divide [0, end] into about `count` parts.
function timeSteps(end, count) {
	const least = Math.max(end, 1) / count;
	const power = 10 ** Math.floor(Math.log10(least));
	const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least);
	const steps = [];
	for (let time = 0; time <= end; time += step)
		steps.push(time);
	return steps;
}

function drawTimeAxis(pen, left, width, top, end) {
	pen.fillStyle = colourOf("soft");
	pen.strokeStyle = colourOf("line");
	for (const time of timeSteps(end, width / 110)) {
		const x = Math.round(left + (time / Math.max(end, 1)) * width) + 0.5;
		pen.beginPath();
		pen.moveTo(x, top);
		pen.lineTo(x, top + 5);
		pen.stroke();
		pen.textAlign = time === 0 ? "left" : "center";
		if (x < left + width - 20 || time === 0)
			pen.fillText(time === 0 ? "0" : timeText(time), x, top + 13);
	}
}
