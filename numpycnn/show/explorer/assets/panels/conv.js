"use strict";
// Convolution as im2col: forward. The backward of the same panel is in convback.js.

const MOST_ROWS = 4000; // of a matrix that is drawn: canvases have limits

function convPanel(layer, index) {
  const run = page.runs[index],
    w = windowOf(layer),
    filters = layer.config.filters,
    inner = run.patches.shape[1];
  const view = viewOf(layer.name, strongestCell(layer, index, run));
  const panel = { layer, index, run, w, view, filters, inner, cells: w.rows.output * w.cols.output, figures: {} };
  panel.image = (name) => toLast(run[name], isFirst(layer)); // as (rows, columns, channels)
  panel.held = {
    kernel: heldScale(`${layer.name}/kernel`, () => layer.parameters.kernel),
    output: heldScale(`${layer.name}/output`, () => run.output),
  };
  panel.read = (selection) => convReading(panel, selection);
  panel.mark = (selection) => markConv(panel, selection);
  panel.box = readingBox(panel);
  panel.node = framed(
    layer,
    convText(panel),
    panel.box,
    convControls(panel),
    make("h3", {}, "Forward: patches × filter"),
    convFigures(panel),
    convTiles(panel),
    ...(run.output_gradient ? convBackwardParts(panel) : []),
  );
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
  return (
    `{im2col} writes the patch under the window at ${cells === 1 ? "the one output cell" : `each of the ${whole(cells)} output cells`} as one row of a matrix, ` +
    `${whole(cells)} by ${inner}${same}. ${strideText(w)} The output is that matrix times the kernel, ${inner} by ${filters}, plus the bias; a row of the kernel belongs to a {tap}${w.channels > 1 ? " of a channel" : ""}.`
  );
}

function strideText({ rows, cols }) {
  const [r, c] = [rows.stride, cols.stride];
  if (r === 1 && c === 1) return "From cell to cell the window moves by one pixel: the stride is 1.";
  const pixels = r === c ? `${r} pixels: the stride is ${r}` : `${r} rows or ${c} columns: these are the strides`;
  return `From cell to cell the window moves by ${pixels}, so there are fewer cells than pixels.`;
}

// ------------------------------------------------------------ step, play, scrub, and what to look at

function convControls(panel) {
  const { view, w, cells, filters } = panel;
  const scrub = make("input", {
    type: "range",
    id: "scrub",
    min: 0,
    max: cells - 1,
    "aria-label": "Output cell, in row order",
  });
  const cell = () =>
    view.selection.type === "cell" ? view.selection.i * w.cols.output + view.selection.j : Number(scrub.value);
  const go = (row, spoken) => {
    row = (row + cells) % cells;
    scrub.value = row;
    panel.box.release();
    panel.box.point({ type: "cell", i: Math.floor(row / w.cols.output), j: row % w.cols.output }, spoken);
  };
  scrub.value = cell();
  scrub.addEventListener("input", () => go(Number(scrub.value), true));
  const picks = make(
    "div",
    { className: "row" },
    numberInput("Filter", "filter", filters, view.filter, (value) => {
      view.filter = value;
      panel.refresh();
    }),
  );
  if (w.channels > 1) {
    picks.append(
      numberInput("Input channel", "channel", w.channels, view.channel, (value) => {
        view.channel = value;
        panel.refresh();
      }),
    );
  }
  panel.scrub = scrub;
  return make(
    "div",
    {},
    picks,
    make(
      "div",
      { className: "row" },
      button("◀ Step", () => go(cell() - 1, true), { id: "back" }),
      button("Step ▶", () => go(cell() + 1, true), { id: "step" }),
      playButton("play", () => cells, (step) => {
        go(cell() + step, false);
        return true;
      }),
      scrub,
    ),
  );
}

// ------------------------------------------------------------ figures

function convFigures(panel) {
  const { layer, run, w, view, inner, cells, figures } = panel,
    name = layer.name;
  const select = (make) => ({
    point: (n, r, c, spoken) => panel.box.point(make(r, c), spoken),
    pin: (n, r, c) => panel.box.pin(make(r, c)),
  });
  figures.image = mapFigure({
    id: "image",
    of: () => panel.image("input"),
    channel: () => view.channel,
    width: 250,
    height: 250,
    title: () => `input of ${name}${w.channels > 1 ? `, channel ${view.channel}` : ""}`,
    note: () => "Point at a pixel: every matrix cell that holds it lights up.",
    ...select((r, c) => ({ type: "pixel", r, c })),
  });
  figures.matrix = matrixFigure(
    panel,
    "matrix",
    run.patches,
    () => `im2col matrix of ${name}`,
    `${count(cells, "row (output cell)", "rows (output cells)")} by ${count(inner, "column")} (taps${w.channels > 1 ? " and channels" : ""})`,
    "entry",
  );
  figures.kernel = kernelFigure(
    panel,
    "kernel",
    layer.parameters.kernel,
    () => `kernel of ${name}, filter ${view.filter}`,
    "weight",
    panel.held.kernel,
  );
  figures.output = mapFigure({
    id: "output",
    ...panel.held.output,
    of: () => panel.image("output"),
    channel: () => view.filter,
    width: 250,
    height: 250,
    title: () => `output of ${name}${activationText(layer)}, filter ${view.filter}`,
    note: () => "Point at a cell: its patch, its row, its filter, and the sum.",
    ...select((i, j) => ({ type: "cell", i, j })),
  });
  figures.tap = heatmap({
    id: "tap",
    rows: w.rows.output,
    cols: w.cols.output,
    width: 250,
    height: 250,
    title: () => `column ${view.column} of the matrix, as an image`,
    note: () => `${tapText(panel, view.column)} sees, at each output cell: ` + "the input, shifted.",
    value: (i, j) => run.patches.data[(i * w.cols.output + j) * inner + view.column],
    point: (i, j, spoken) => panel.box.point({ type: "entry", row: i * w.cols.output + j, col: view.column }, spoken),
    pin: (i, j) => panel.box.pin({ type: "entry", row: i * w.cols.output + j, col: view.column }),
  });
  panel.refresh = () => {
    Object.values(figures).forEach((figure) => figure.refresh());
    panel.box.again();
  };
  return make(
    "div",
    { className: "figures" },
    ...["image", "matrix", "kernel", "output", "tap"].filter((key) => figures[key]).map((key) => figures[key].node),
  );
}

function matrixFigure(panel, id, matrix, title, note, type) {
  const rows = Math.min(panel.cells, MOST_ROWS),
    cols = Math.min(panel.inner, MOST_ROWS);
  const part = rows < panel.cells || cols < panel.inner ? `; the first ${rows} by ${cols} are drawn` : "";
  return heatmap({
    id,
    title,
    note: () => note + part,
    rows,
    cols,
    width: 260,
    height: 1200,
    square: false,
    value: (row, col) => matrix.data[row * panel.inner + col],
    point: (row, col, spoken) => panel.box.point({ type, row, col }, spoken),
    pin: (row, col) => panel.box.pin({ type, row, col }),
  });
}

// The taps of one filter and channel. kernel: (KH, KW, C, F).
function kernelFigure(panel, id, kernel, title, type, scale = {}) {
  const { w, view } = panel;
  if (!kernel) return null;
  return heatmap({
    id,
    ...scale,
    rows: w.rows.kernel,
    cols: w.cols.kernel,
    width: 120,
    height: 120,
    title: () => title() + (w.channels > 1 ? `, channel ${view.channel}` : ""),
    value: (u, v) => kernel.data[weightIndex(panel, columnOf(panel, u * w.cols.kernel + v))],
    point: (u, v, spoken) => panel.box.point({ type, k: u * w.cols.kernel + v }, spoken),
    pin: (u, v) => panel.box.pin({ type, k: u * w.cols.kernel + v }),
  });
}

// Column k*C + c of the matrix is tap k = u*KW + v of channel c.
const columnOf = ({ w, view }, k) => k * w.channels + view.channel;
const weightIndex = ({ filters, view }, column) => column * filters + view.filter;

const tapName = ({ w }, column) => {
  const k = Math.floor(column / w.channels),
    channel = w.channels > 1 ? ` of channel ${column % w.channels}` : "";
  return `(${Math.floor(k / w.cols.kernel)}, ${k % w.cols.kernel})${channel}`;
};
const tapText = (panel, column) => `tap ${tapName(panel, column)}`;

// A matrix cell that holds a pixel, and the output cell and tap that read it.
const readerText = (panel, { i, j, k, u, v }) => [
  `(${i * panel.w.cols.output + j}, ${columnOf(panel, k)})`,
  `(${i}, ${j})`,
  `(${u}, ${v})`,
];

function convTiles(panel) {
  const { layer, run, view } = panel;
  const slice = (kernel) =>
    kernel &&
    (() => {
      // (KH, KW, C, F) -> (KH, KW, F) of the channel looked at
      const [kh, kw, c, f] = kernel.shape,
        data = Array.from(
          { length: kh * kw * f },
          (_, n) => kernel.data[(Math.floor(n / f) * c + view.channel) * f + (n % f)],
        );
      return { ...tensor([kh, kw, f], data), first: false };
    });
  const image = (name) => () =>
    run[name] && (name === "pre_activation" || name === "pre_activation_gradient" ? { ...run[name], first: false } : run[name]);
  panel.tiles = tiles({
    id: "maps",
    title: "Feature maps and filters",
    first: isFirst(layer),
    chosen: () => view.filter,
    tensors: {
      [`output of ${layer.name}${activationText(layer)}`]: image("output"),
      "pre-activation": image("pre_activation"),
      "kernel: the filters": slice(layer.parameters.kernel) || (() => null),
      "dL/d output": image("output_gradient"),
      "dL/d pre-activation (after the activation's gate)": image("pre_activation_gradient"),
      "dL/d kernel": slice(run.parameter_gradients && run.parameter_gradients.kernel) || (() => null),
    },
    choose: (filter) => {
      view.filter = filter;
      const input = document.getElementById("filter");
      if (input) input.value = filter;
      panel.refresh();
    },
    contribution: page.contributions[panel.index],
    held: (which) => panel.held[which.match(/^\w*/)[0]],
  });
  return panel.tiles.node;
}
