// SPDX-License-Identifier: MPL-2.0
// Shows all of it, and draws anew what depends on the width and the colour scheme.

function redraw() {
	drawMap();
	drawScatter();
}

showRun();
showTiles();
showRegions();
showFaults();
showLatency();
showLeaves();
showHot();
showMachine();
showNumbers();
startMap();
startScatter();
startEvents();

let waiting = 0;
window.addEventListener("resize", () => {
	cancelAnimationFrame(waiting);
	waiting = requestAnimationFrame(redraw);
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
// For programs that wait until all is there.
document.documentElement.dataset.ready = String(recording.events.ns.length);
