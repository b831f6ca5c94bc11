"use strict";
// Convolution, forward: what is said about a selection, and what is marked for it in every figure.

function convReading(panel, selection) {
  const readers = {
    cell: readCell,
    entry: readEntry,
    pixel: readPixel,
    weight: readWeight,
    dentry: readGradientEntry,
    dpixel: readGradientPixel,
    dweight: readGradientWeight,
    gate: readGate,
    through: readGate,
  };
  return readers[selection.type](panel, selection);
}

function readCell(panel, { i, j }) {
  const { layer, run, w, view, inner, filters } = panel,
    row = i * w.cols.output + j,
    { kernel, bias } = layer.parameters;
  const z = run.pre_activation.data[row * filters + view.filter],
    output = panel.image("output").data[row * filters + view.filter];
  const title = `Output cell (${i}, ${j}) of filter ${view.filter} = ${shown(output)}`;
  const where = `From patch rows ${span(w.rows, i)}, columns ${span(w.cols, j)}: row ${row} of the matrix.`;
  if (!kernel) return { title, lines: [where, "The kernel was left out of this page."], code: ["im2col", "conv2d"] };
  const patch = run.patches.data.subarray(row * inner, (row + 1) * inner);
  const weights = Array.from({ length: inner }, (_, k) => kernel.data[weightIndex(panel, k)]),
    b = bias ? bias.data[view.filter] : 0;
  let sum = 0,
    most = 0;
  const rows = weights.map((weight, k) => {
    sum += patch[k] * weight;
    if (Math.abs(patch[k] * weight) > Math.abs(patch[most] * weights[most])) most = k;
    return [tapName(panel, k).replace(" of channel", ","), shown(patch[k]), shown(weight), shown(patch[k] * weight), shown(sum)];
  });
  const lines = [
    where,
    `The largest product is that of ${tapText(panel, most)}: ${shown(patch[most])} × ${shown(weights[most])} = ${shown(patch[most] * weights[most])}.`,
    `Sum of ${count(inner, "product")} ${shown(sum)} + bias ${shown(b)} = pre-activation ${shown(z)}` +
      `; ${layer.activation === "linear" ? "that is the output" : `${layer.activation} gives ${shown(output)}`}.`,
  ];
  if (layer.activation === "relu" && z <= 0)
    lines.push("The pre-activation is not above zero: the ReLU is inactive here and lets no gradient through.");
  const snippet = sumOfProducts({
    a: patch,
    b: weights,
    aText: `row ${row} of the im2col matrix, where it is not 0`,
    bText: `filter ${view.filter}, at the same taps`,
    bias: b,
    activation: layer.activation,
    result: output,
  });
  return {
    title,
    lines,
    terms: { heads: [w.channels > 1 ? "tap, channel" : "tap", "pixel", "weight", "product", "sum so far"], rows },
    check: bias ? gradientCheck(panel.index, "bias", view.filter) : null,
    code: ["conv2d", "im2col", layer.activation],
    snippet: snippet || fromTrace(layer, "output", outputIndex(panel, i, j), output),
  };
}

const outputIndex = ({ layer, view }, i, j) =>
  isFirst(layer) ? `0, ${view.filter}, ${i}, ${j}` : `0, ${i}, ${j}, ${view.filter}`;
const inputIndex = ({ layer, view }, r, c) =>
  isFirst(layer) ? `0, ${view.channel}, ${r}, ${c}` : `0, ${r}, ${c}, ${view.channel}`;

const span = (axis, o) =>
  `${position(axis, o, 0)} to ${position(axis, o, axis.kernel - 1)}` +
  `${axis.dilation > 1 ? ` in steps of ${axis.dilation}` : ""}`;

function readEntry(panel, { row, col }) {
  const { run, w, inner, layer } = panel,
    i = Math.floor(row / w.cols.output),
    j = row % w.cols.output;
  const pixel = pixelUnder(w, i, j, Math.floor(col / w.channels)),
    value = run.patches.data[row * inner + col];
  return {
    title: `Matrix cell (${whole(row)}, ${col}) = ${shown(value)}`,
    lines: [
      `${pixel ? `It is pixel (${pixel.row}, ${pixel.col}) of the input` : "It is padding: 0"}.`,
      `Row ${row} is the patch for output cell (${i}, ${j}): rows ${span(w.rows, i)}, columns ${span(w.cols, j)} of the input.`,
      `Column ${col} is what ${tapText(panel, col)} sees at every output cell: the image shifted, shown beside.`,
    ],
    code: ["im2col"],
    snippet: fromTrace(layer, 'inside["patches"]', `0, ${row}, ${col}`, value),
  };
}

function readPixel(panel, { r, c }) {
  const { w, view, layer } = panel,
    readers = readersOf(w, r, c);
  const value = panel.image("input").data[(r * w.cols.size + c) * w.channels + view.channel];
  return {
    title: `Pixel (${r}, ${c}) of the input = ${shown(value)}`,
    lines: [
      `It stands in ${count(readers.length, "cell")} of the matrix (at most ${w.taps}), one for each window over it: ` +
        `so ${count(readers.length, "gradient")} will be added up for it on the way back.`,
    ],
    terms: { heads: ["matrix cell", "output cell", "tap"], rows: readers.map((reader) => readerText(panel, reader)) },
    code: ["im2col", "col2im"],
    snippet: fromTrace(layer, "input", inputIndex(panel, r, c), value),
  };
}

function readWeight(panel, { k }) {
  const { layer, view, w } = panel,
    column = columnOf(panel, k);
  const value = layer.parameters.kernel.data[weightIndex(panel, column)];
  return {
    title: `Weight at ${tapText(panel, column)} of filter ${view.filter} = ${shown(value)}`,
    lines: [`It multiplies column ${column} of the matrix, at every output cell.`],
    check: gradientCheck(panel.index, "kernel", weightIndex(panel, column)),
    code: ["conv2d"],
    snippet: fromTrace(layer, 'parameters["kernel"]', weightText(panel, k, w), value),
  };
}

const weightText = ({ view }, k, w) =>
  `${Math.floor(k / w.cols.kernel)}, ${k % w.cols.kernel}, ${view.channel}, ${view.filter}`;

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
  const { figures, w, view, inner, cells } = panel,
    marks = marksOf(panel, selection);
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
  const { w, inner, cells } = panel,
    { type } = selection,
    cols = w.cols.output;
  if (type === "pixel" || type === "dpixel") {
    const readers = readersOf(w, selection.r, selection.c),
      pixel = [{ row: selection.r, col: selection.c }];
    const lit = readers.map(({ i, j, k }) => ({ row: i * cols + j, col: columnOf(panel, k), kind: "lit" }));
    const out = readers.map(({ i, j }) => ({ row: i, col: j }));
    return {
      image: pixel,
      dimage: pixel,
      matrix: lit,
      dmatrix: lit,
      output: type === "pixel" ? out : [],
      dpre_activation: type === "dpixel" ? out : [],
    };
  }
  if (type === "weight" || type === "dweight") {
    const column = columnOf(panel, selection.k),
      whole = [{ row: 0, col: column, height: cells, width: 1 }];
    const tap = [{ row: Math.floor(selection.k / w.cols.kernel), col: selection.k % w.cols.kernel }];
    return { kernel: tap, dkernel: tap, matrix: whole, column };
  }
  const entry = type === "entry" || type === "dentry";
  const row = entry ? selection.row : selection.i * cols + selection.j;
  const i = Math.floor(row / cols),
    j = row % cols,
    cell = [{ row: i, col: j }],
    patch = patchMarks(panel, i, j);
  const line = [{ row, col: 0, height: 1, width: inner }];
  const found = {
    image: patch,
    matrix: line,
    dmatrix: line,
    output: cell,
    tap: cell,
    doutput: cell,
    dpre_activation: cell,
    row,
  };
  if (type === "dentry") found.dimage = patch;
  if (!entry) return found;
  const column = [...line, { row: 0, col: selection.col, height: cells, width: 1 }];
  const k = Math.floor(selection.col / w.channels),
    tap = [{ row: Math.floor(k / w.cols.kernel), col: k % w.cols.kernel }];
  return { ...found, matrix: column, dmatrix: column, kernel: tap, column: selection.col };
}
