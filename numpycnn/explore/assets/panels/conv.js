"use strict";
// Convolution as im2col: forward. The backward of the same panel is in convback.js.

const MOST_ROWS = 4000;  // of a matrix that is drawn: canvases have limits

function convPanel(layer, index) {
  const run = page.runs[index], w = windowOf(layer), filters = layer.config.filters, inner = run.patches.shape[1];
  const view = viewOf(layer.name, strongestCell(layer, index, run));
  const panel = { layer, index, run, w, view, filters, inner, cells: w.rows.output * w.cols.output, figures: {} };
  panel.image = (name) => toLast(run[name], isFirst(layer));  // as (rows, columns, channels)
  panel.read = (selection) => convReading(panel, selection);
  panel.mark = (selection) => markConv(panel, selection);
  panel.box = readingBox(panel);
  panel.node = framed(layer, convText(panel), panel.box, convControls(panel),
    make("h3", {}, "Forward: patches × filter"), convFigures(panel), convTiles(panel), ...(run.output_gradient ? convBackwardParts(panel) : []));
  panel.box.again();
  return panel;
}

// The strongest output cell: something to begin with.
function strongestCell(layer, index, run) {
  const { channel, row, col } = strongest(layer, index, run);
  return { filter: channel, channel: 0, column: 0, selection: { type: "cell", i: row, j: col } };
}

function convText({ w, inner, cells, filters, layer }) {
  const same = w.rows.before || w.cols.before || layer.config.padding === "same" ? ", with zeros around the image" : "";
  return `im2col writes the patch under the window at each of the ${whole(cells)} output cells as one row of a matrix, `
    + `${whole(cells)} by ${inner}${same}. The output is that matrix times the kernel, ${inner} by ${filters}, plus the bias.`;
}

// ------------------------------------------------------------ step, play, scrub, and what to look at

function convControls(panel) {
  const { view, w, cells, filters } = panel;
  const scrub = make("input", { type: "range", id: "scrub", min: 0, max: cells - 1, "aria-label": "Output cell, in row order" });
  const cell = () => (view.selection.type === "cell" ? view.selection.i * w.cols.output + view.selection.j : Number(scrub.value));
  const go = (row, spoken) => {
    row = (row + cells) % cells;
    scrub.value = row;
    panel.box.release();
    panel.box.point({ type: "cell", i: Math.floor(row / w.cols.output), j: row % w.cols.output }, spoken);
  };
  scrub.value = cell();
  scrub.addEventListener("input", () => go(Number(scrub.value), true));
  const picks = make("div", { className: "row" }, numberInput("Filter", "filter", filters, view.filter, (value) => {
    view.filter = value;
    panel.refresh();
  }));
  if (w.channels > 1) {
    picks.append(numberInput("Input channel", "channel", w.channels, view.channel, (value) => {
      view.channel = value;
      panel.refresh();
    }));
  }
  panel.scrub = scrub;
  return make("div", {}, picks, make("div", { className: "row" }, button("◀ Step", () => go(cell() - 1, true), { id: "back" }),
    button("Step ▶", () => go(cell() + 1, true), { id: "step" }), ...playControls(() => go(cell() + 1, false)), scrub));
}

function numberInput(text, id, limit, value, change) {
  const input = make("input", { type: "number", id, min: 0, max: limit - 1, value });
  input.addEventListener("change", () => {
    input.value = Math.min(Math.max(Math.round(Number(input.value)) || 0, 0), limit - 1);
    change(Number(input.value));
  });
  return make("label", {}, `${text} (0 to ${limit - 1}) `, input);
}

let playing = null;  // the timer of the panel that plays

function stopPlaying() {
  clearInterval(playing);
  playing = null;
}

function playControls(next) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    return [make("span", { className: "note" }, "Play is off, for your system asks for reduced motion.")];
  }
  let wait = 500;
  const start = () => { playing = setInterval(() => (node.isConnected ? next() : stopPlaying()), wait); };
  const toggle = () => {
    if (playing) stopPlaying(); else start();
    node.textContent = playing ? "Pause" : "Play";
  };
  const node = button("Play", toggle, { id: "play" });
  const speed = choice("Speed", [["1500", "slow"], ["500", "medium"], ["60", "fast"]], "500", (value) => {
    wait = Number(value);
    if (playing) { stopPlaying(); start(); }
  });
  return [node, speed];
}

// ------------------------------------------------------------ figures

function convFigures(panel) {
  const { layer, run, w, view, inner, cells, figures } = panel, name = layer.name;
  const select = (make) => ({
    point: (n, r, c, spoken) => panel.box.point(make(r, c), spoken), pin: (n, r, c) => panel.box.pin(make(r, c)),
  });
  figures.image = mapFigure({ id: "image", of: () => panel.image("input"), channel: () => view.channel, width: 250, height: 250,
    title: () => `input of ${name}${w.channels > 1 ? `, channel ${view.channel}` : ""}`,
    note: () => "Point at a pixel: every matrix cell that holds it lights up.", ...select((r, c) => ({ type: "pixel", r, c })) });
  figures.matrix = matrixFigure(panel, "matrix", run.patches, () => `im2col matrix of ${name}`,
    `${whole(cells)} rows (output cells) by ${inner} columns (taps${w.channels > 1 ? " and channels" : ""})`, "entry");
  figures.kernel = kernelFigure(panel, "kernel", layer.parameters.kernel, () => `kernel of ${name}, filter ${view.filter}`, "weight");
  figures.output = mapFigure({ id: "output", of: () => panel.image("output"), channel: () => view.filter, width: 250, height: 250,
    title: () => `output of ${name}${activationText(layer)}, filter ${view.filter}`,
    note: () => "Point at a cell: its patch, its row, its filter, and the sum.", ...select((i, j) => ({ type: "cell", i, j })) });
  figures.tap = heatmap({ id: "tap", rows: w.rows.output, cols: w.cols.output, width: 250, height: 250,
    title: () => `column ${view.column} of the matrix, as an image`, note: () => `${tapText(panel, view.column)} sees, at each output cell: `
      + "the input, shifted.",
    value: (i, j) => run.patches.data[(i * w.cols.output + j) * inner + view.column],
    point: (i, j, spoken) => panel.box.point({ type: "entry", row: i * w.cols.output + j, col: view.column }, spoken),
    pin: (i, j) => panel.box.pin({ type: "entry", row: i * w.cols.output + j, col: view.column }) });
  panel.refresh = () => {
    Object.values(figures).forEach((figure) => figure.refresh());
    panel.box.again();
  };
  return make("div", { className: "figures" },
    ...["image", "matrix", "kernel", "output", "tap"].filter((key) => figures[key]).map((key) => figures[key].node));
}

function matrixFigure(panel, id, matrix, title, note, type) {
  const rows = Math.min(panel.cells, MOST_ROWS), cols = Math.min(panel.inner, MOST_ROWS);
  const part = rows < panel.cells || cols < panel.inner ? `; the first ${rows} by ${cols} are drawn` : "";
  return heatmap({ id, title, note: () => note + part, rows, cols, width: 260, height: 1200, square: false,
    value: (row, col) => matrix.data[row * panel.inner + col],
    point: (row, col, spoken) => panel.box.point({ type, row, col }, spoken),
    pin: (row, col) => panel.box.pin({ type, row, col }) });
}

// The taps of one filter and channel. kernel: (KH, KW, C, F).
function kernelFigure(panel, id, kernel, title, type) {
  const { w, view } = panel;
  if (!kernel) return null;
  return heatmap({ id, rows: w.rows.kernel, cols: w.cols.kernel, width: 120, height: 120,
    title: () => title() + (w.channels > 1 ? `, channel ${view.channel}` : ""),
    value: (u, v) => kernel.data[weightIndex(panel, columnOf(panel, u * w.cols.kernel + v))],
    point: (u, v, spoken) => panel.box.point({ type, k: u * w.cols.kernel + v }, spoken),
    pin: (u, v) => panel.box.pin({ type, k: u * w.cols.kernel + v }) });
}

// Column k*C + c of the matrix is tap k = u*KW + v of channel c.
const columnOf = ({ w, view }, k) => k * w.channels + view.channel;
const weightIndex = ({ filters, view }, column) => column * filters + view.filter;

const tapName = ({ w }, column) => {
  const k = Math.floor(column / w.channels), channel = w.channels > 1 ? ` of channel ${column % w.channels}` : "";
  return `(${Math.floor(k / w.cols.kernel)}, ${k % w.cols.kernel})${channel}`;
};
const tapText = (panel, column) => `tap ${tapName(panel, column)}`;

// A matrix cell that holds a pixel, and the output cell and tap that read it.
const readerText = (panel, { i, j, k, u, v }) =>
  [`(${i * panel.w.cols.output + j}, ${columnOf(panel, k)})`, `(${i}, ${j})`, `(${u}, ${v})`];

function convTiles(panel) {
  const { layer, run, view } = panel;
  const slice = (kernel) => kernel && (() => {  // (KH, KW, C, F) -> (KH, KW, F) of the channel looked at
    const [kh, kw, c, f] = kernel.shape, data = Array.from({ length: kh * kw * f }, (_, n) =>
      kernel.data[(Math.floor(n / f) * c + view.channel) * f + (n % f)]);
    return { ...tensor([kh, kw, f], data), first: false };
  });
  const image = (name) => () => run[name] && (name === "scores" || name === "scores_gradient" ? { ...run[name], first: false } : run[name]);
  panel.tiles = tiles({ id: "maps", title: "Feature maps and filters", first: isFirst(layer), chosen: () => view.filter,
    tensors: {
      [`output of ${layer.name}${activationText(layer)}`]: image("output"),
      "scores (before the activation)": image("scores"),
      "kernel: the filters": slice(layer.parameters.kernel) || (() => null),
      "dL/d output": image("output_gradient"),
      "dL/d scores (after the activation's gate)": image("scores_gradient"),
      "dL/d kernel": slice(run.parameter_gradients && run.parameter_gradients.kernel) || (() => null),
    },
    choose: (filter) => {
      view.filter = filter;
      const input = document.getElementById("filter");
      if (input) input.value = filter;
      panel.refresh();
    },
    contribution: page.contributions[panel.index] });
  return panel.tiles.node;
}

// ------------------------------------------------------------ what is said

function convReading(panel, selection) {
  const readers = { cell: readCell, entry: readEntry, pixel: readPixel, weight: readWeight, dentry: readGradientEntry,
    dpixel: readGradientPixel, dweight: readGradientWeight, gate: readGate, through: readGate };
  return readers[selection.type](panel, selection);
}

function readCell(panel, { i, j }) {
  const { layer, run, w, view, inner, filters } = panel, row = i * w.cols.output + j, { kernel, bias } = layer.parameters;
  const score = run.scores.data[row * filters + view.filter], output = panel.image("output").data[row * filters + view.filter];
  const title = `Output cell (${i}, ${j}) of filter ${view.filter} = ${shown(output)}`;
  const where = `From patch rows ${span(w.rows, i)}, columns ${span(w.cols, j)}: row ${row} of the matrix.`;
  if (!kernel) return { title, lines: [where, "The kernel was left out of this page."], code: ["im2col", "conv2d"] };
  const patch = run.patches.data.subarray(row * inner, (row + 1) * inner);
  const weights = Array.from({ length: inner }, (_, k) => kernel.data[weightIndex(panel, k)]), b = bias ? bias.data[view.filter] : 0;
  let sum = 0;
  const rows = weights.map((weight, k) => {
    sum += patch[k] * weight;
    return [tapName(panel, k), shown(patch[k]), shown(weight), shown(patch[k] * weight), shown(sum)];
  });
  const lines = [where, `Sum of ${inner} products ${shown(sum)} ${b < 0 ? "−" : "+"} bias ${shown(Math.abs(b))} = score ${shown(score)}`
    + `; ${layer.activation === "linear" ? "that is the output" : `${layer.activation} gives ${shown(output)}`}.`];
  if (layer.activation === "relu" && score <= 0) lines.push("The score is not above zero: a dead ReLU here, which lets no gradient through.");
  const snippet = sumOfProducts({ a: patch, b: weights, aText: `row ${row} of the im2col matrix, where it is not 0`,
    bText: `filter ${view.filter}, at the same taps`, bias: b, activation: layer.activation, result: output });
  return { title, lines, terms: { heads: ["tap", "pixel", "weight", "product", "sum so far"], rows },
    code: ["conv2d", "im2col", layer.activation],
    snippet: snippet || fromTrace(layer, "output", outputIndex(panel, i, j), output) };
}

const outputIndex = ({ layer, view }, i, j) => (isFirst(layer) ? `0, ${view.filter}, ${i}, ${j}` : `0, ${i}, ${j}, ${view.filter}`);
const inputIndex = ({ layer, view }, r, c) => (isFirst(layer) ? `0, ${view.channel}, ${r}, ${c}` : `0, ${r}, ${c}, ${view.channel}`);

const span = (axis, o) => `${position(axis, o, 0)} to ${position(axis, o, axis.kernel - 1)}`
  + `${axis.dilation > 1 ? ` in steps of ${axis.dilation}` : ""}`;

function readEntry(panel, { row, col }) {
  const { run, w, inner, layer } = panel, i = Math.floor(row / w.cols.output), j = row % w.cols.output;
  const pixel = pixelUnder(w, i, j, Math.floor(col / w.channels)), value = run.patches.data[row * inner + col];
  return {
    title: `Matrix cell (${whole(row)}, ${col}) = ${shown(value)}`,
    lines: [
      `${pixel ? `It is pixel (${pixel.row}, ${pixel.col}) of the input` : "It is padding: 0"}.`,
      `Row ${row} is the patch for output cell (${i}, ${j}): rows ${span(w.rows, i)}, columns ${span(w.cols, j)} of the input.`,
      `Column ${col} is what ${tapText(panel, col)} sees at every output cell: the image shifted, shown beside.`,
    ],
    code: ["im2col"], snippet: fromTrace(layer, 'inside["patches"]', `0, ${row}, ${col}`, value),
  };
}

function readPixel(panel, { r, c }) {
  const { w, view, layer } = panel, readers = readersOf(w, r, c);
  const value = panel.image("input").data[(r * w.cols.size + c) * w.channels + view.channel];
  return {
    title: `Pixel (${r}, ${c}) of the input = ${shown(value)}`,
    lines: [`It stands in ${count(readers.length, "cell")} of the matrix (at most ${w.taps}), one for each window over it: `
      + `so ${count(readers.length, "gradient")} will be added up for it on the way back.`],
    terms: { heads: ["matrix cell", "output cell", "tap"], rows: readers.map((reader) => readerText(panel, reader)) },
    code: ["im2col", "col2im"], snippet: fromTrace(layer, "input", inputIndex(panel, r, c), value),
  };
}

function readWeight(panel, { k }) {
  const { layer, view, w } = panel, column = columnOf(panel, k);
  const value = layer.parameters.kernel.data[weightIndex(panel, column)];
  const gradient = panel.run.parameter_gradients && panel.run.parameter_gradients.kernel;
  return {
    title: `Weight at ${tapText(panel, column)} of filter ${view.filter} = ${shown(value)}`,
    lines: [`It multiplies column ${column} of the matrix, at every output cell.`],
    check: gradient && weightCheck(panel, column), code: ["conv2d"],
    snippet: fromTrace(layer, 'parameters["kernel"]', weightText(panel, k, w), value),
  };
}

const weightText = ({ view }, k, w) => `${Math.floor(k / w.cols.kernel)}, ${k % w.cols.kernel}, ${view.channel}, ${view.filter}`;

// ------------------------------------------------------------ what is marked

// The rectangle of the image that the window spans at an output cell; with dilation, the taps as well.
function patchMarks({ w }, i, j) {
  const [row, col] = [position(w.rows, i, 0), position(w.cols, j, 0)];
  const marks = [{ row, col, height: w.rows.extent, width: w.cols.extent }];
  if (w.rows.dilation > 1 || w.cols.dilation > 1) {
    for (let k = 0; k < w.taps; k++) {
      const pixel = pixelUnder(w, i, j, k);
      if (pixel) marks.push({ ...pixel });
    }
  }
  return marks;
}

function markConv(panel, selection) {
  const { figures, w, view, inner, cells } = panel, marks = marksOf(panel, selection);
  if (marks.column !== undefined && marks.column !== view.column) {
    view.column = marks.column;
    figures.tap.refresh();
  }
  for (const [name, figure] of Object.entries(figures)) figure && figure.draw(marks[name] || []);
  if (marks.row !== undefined) {
    for (const name of ["matrix", "dmatrix"]) if (figures[name]) figures[name].bring(marks.row, marks.column || 0);
    panel.scrub.value = Math.min(marks.row, cells - 1);
  }
}

function marksOf(panel, selection) {
  const { w, inner, cells } = panel, { type } = selection, cols = w.cols.output;
  if (type === "pixel" || type === "dpixel") {
    const readers = readersOf(w, selection.r, selection.c), pixel = [{ row: selection.r, col: selection.c }];
    const lit = readers.map(({ i, j, k }) => ({ row: i * cols + j, col: columnOf(panel, k), kind: "lit" }));
    const out = readers.map(({ i, j }) => ({ row: i, col: j }));
    return { image: pixel, dimage: pixel, matrix: lit, dmatrix: lit, output: type === "pixel" ? out : [], dscores: type === "dpixel" ? out : [] };
  }
  if (type === "weight" || type === "dweight") {
    const column = columnOf(panel, selection.k), whole = [{ row: 0, col: column, height: cells, width: 1 }];
    const tap = [{ row: Math.floor(selection.k / w.cols.kernel), col: selection.k % w.cols.kernel }];
    return { kernel: tap, dkernel: tap, matrix: whole, column };
  }
  const entry = type === "entry" || type === "dentry";
  const row = entry ? selection.row : selection.i * cols + selection.j;
  const i = Math.floor(row / cols), j = row % cols, cell = [{ row: i, col: j }], patch = patchMarks(panel, i, j);
  const line = [{ row, col: 0, height: 1, width: inner }];
  const found = { image: patch, matrix: line, dmatrix: line, output: cell, tap: cell, doutput: cell, dscores: cell, row };
  if (type === "dentry") found.dimage = patch;
  if (!entry) return found;
  const column = [...line, { row: 0, col: selection.col, height: cells, width: 1 }];
  const k = Math.floor(selection.col / w.channels), tap = [{ row: Math.floor(k / w.cols.kernel), col: k % w.cols.kernel }];
  return { ...found, matrix: column, dmatrix: column, kernel: tap, column: selection.col };
}
