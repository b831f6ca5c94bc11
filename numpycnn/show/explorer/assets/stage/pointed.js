"use strict";
// The cell of the stage that is pointed at, or has the focus: what it is, and its part in the sum.

let pointed = null; // {n, r, c}: the picture's number, and the cell in it

const touched = () => matchMedia("(hover: none)").matches,
  hint = () => `${touched() ? "Tap" : "Point at"} a cell, or move through a picture with the arrow keys, to read it.`,
  clickHint = () => `${touched() ? "Tap" : "Click"}, or press Enter, to see how it comes about.`;

// Read a picture's cells as they are pointed at: by the mouse until it leaves, by key while the picture has the focus.
function readCells(figure, n) {
  const { canvas, place } = figure;
  const forget = () => figure.node.isConnected && pointAt(null);
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && pointAt({ n, r: place.row, c: place.col }, true));
  canvas.addEventListener("blur", forget);
  canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && forget());
}

function pointAt(cell, spoken = false) {
  pointed = cell;
  if (spoken) closeTerms();
  markStage();
  showReading();
  if (spoken) say(cellText(cell).join(" "));
}

// A cell that is still there after the stage was built anew.
function pointAgain(cell) {
  const spec = cell && scene.grids[cell.n];
  pointed = spec && cell.r < spec.rows && cell.c < spec.cols ? cell : null;
  if (pointed) Object.assign(scene.figures[cell.n].place, { row: cell.r, col: cell.c });
}

// Whether a cell is where the story is: then there is nothing to go to.
const isHere = (spec, r, c) => marksOn(spec).some(({ row, col, height = 1, width = 1 }) => r >= row && r < row + height && c >= col && c < col + width);

function markStage() {
  scene.figures.forEach((figure, n) => {
    const cursor = pointed && pointed.n === n ? [{ row: pointed.r, col: pointed.c, kind: "cursor" }] : [];
    figure.draw([...marksOn(scene.grids[n]), ...cursor]);
  });
}

// [what the cell is, its part in the sum]
function cellText({ n, r, c }) {
  const spec = scene.grids[n],
    [row, col] = spec.place ? spec.place(r, c) : [r, c],
    value = spec.value(r, c);
  const what = value === undefined ? (spec.blank ? spec.blank(r, c) : "nothing yet") : shown(value);
  const part = spec.part ? spec.part(r, c) : spec.pick && !isHere(spec, r, c) ? clickHint() : "";
  return [`${bare(spec.title())}, row ${brief(row)}, column ${brief(col)}: ${what}.`, part];
}

// What a term means that was asked for, or else what is pointed at.
function showReading() {
  const term = document.querySelector("#stage .term[aria-expanded=true]"),
    [what, part] = pointed ? cellText(pointed) : [];
  const found = term ? [meaningOf(term)] : pointed ? [make("b", {}, what), ` ${part}`] : [make("span", { className: "note" }, hint())];
  document.getElementById("stageReading").replaceChildren(...found);
}
