"use strict";
// Convolution, backward: dL/d kernel is columns times dL/d pre-activation, and col2im adds up what came from one pixel.

function convBackwardParts(panel) {
  const { layer, run, view, w, figures, cells, inner } = panel,
    name = layer.name;
  const cell = (type) => ({
    point: (n, i, j, spoken) => panel.box.point({ type, i, j }, spoken),
    pin: (n, i, j) => panel.box.pin({ type, i, j }),
  });
  const made = {
    doutput: mapFigure({
      id: "doutput",
      of: () => panel.image("output_gradient"),
      channel: () => view.filter,
      width: 250,
      height: 250,
      title: () => `dL/d output of ${name}, filter ${view.filter}`,
      note: () => "What comes back from the layer after.",
      ...cell("through"),
    }),
    dpre_activation: mapFigure({
      id: "dpre_activation",
      of: () => run.pre_activation_gradient,
      channel: () => view.filter,
      width: 250,
      height: 250,
      title: () => `dL/d pre-activation of ${name}, filter ${view.filter}`,
      note: () =>
        layer.activation === "relu"
          ? "After the ReLU's gate: 0 where the unit is inactive."
          : "Back through the activation.",
      ...cell("gate"),
    }),
    dkernel: kernelFigure(
      panel,
      "dkernel",
      run.parameter_gradients.kernel,
      () => `dL/d kernel of ${name}, filter ${view.filter}`,
      "dweight",
    ),
    dmatrix: matrixFigure(
      panel,
      "dmatrix",
      run.patches_gradient,
      () => `dL/d patches of ${name}: dcols = dz @ kernel.T`,
      `${count(cells, "row")} by ${count(inner, "column")}, as the im2col matrix`,
      "dentry",
    ),
    dimage: mapFigure({
      id: "dimage",
      of: () => panel.image("input_gradient"),
      channel: () => view.channel,
      width: 250,
      height: 250,
      title: () => `dL/d input of ${name}${w.channels > 1 ? `, channel ${view.channel}` : ""}: col2im`,
      note: () => "Point at a pixel: what was added up for it.",
      point: (n, r, c, spoken) => panel.box.point({ type: "dpixel", r, c }, spoken),
      pin: (n, r, c) => panel.box.pin({ type: "dpixel", r, c }),
    }),
  };
  const shownOnes = Object.entries(made).filter(([, figure]) => figure);
  Object.assign(figures, Object.fromEntries(shownOnes));
  return [
    make("h3", {}, "Backward: dkernel = cols.T @ dz, and dx = col2im(dz @ kernel.T)"),
    make("p", { className: "note" }, gateText(panel)),
    make("div", { className: "figures" }, ...shownOnes.map(([, figure]) => figure.node)),
  ];
}

function gateText({ layer, run }) {
  const stopped = run.pre_activation_gradient.data.filter((value) => value === 0).length;
  const inactive = layer.activation === "relu" ? run.pre_activation.data.filter((value) => value <= 0).length : 0;
  return (
    `dz is dL/d pre-activation. Of its ${whole(run.pre_activation_gradient.data.length)} values ${whole(stopped)} are exactly 0` +
    `${inactive ? `; ${count(inactive, "ReLU is", "ReLUs are")} inactive on this example` : ""}.`
  );
}

function readGate(panel, { i, j, type }) {
  const { layer, run, w, view, filters } = panel,
    n = (i * w.cols.output + j) * filters + view.filter;
  const before = panel.image("output_gradient").data[n],
    after = run.pre_activation_gradient.data[n],
    z = run.pre_activation.data[n];
  const inactive = layer.activation === "relu" && z <= 0;
  const why =
    before === 0
      ? "Nothing came back here: this output lost in the pooling, was dropped, or does not matter."
      : inactive
        ? "The ReLU is inactive here: the gradient stops."
        : "The gradient goes on.";
  const merged = panel.index === page.layers.length - 1 && mergesSoftmax(page.layers, page.loss);
  const code = merged ? ["cross_entropy_gradient"] : [`${layer.activation}_backward`];
  return {
    title: `dL/d ${type === "gate" ? "pre_activation" : "output"} at (${i}, ${j}) of filter ${view.filter} = ${shown(type === "gate" ? after : before)}`,
    lines: [`dL/d output ${shown(before)}, pre-activation ${shown(z)}, dL/d pre-activation ${shown(after)}.`, why],
    code,
    snippet:
      type === "gate"
        ? fromTrace(layer, 'inside_gradients["pre_activation"]', `0, ${i}, ${j}, ${view.filter}`, after)
        : fromTrace(layer, "output_gradient", outputIndex(panel, i, j), before),
  };
}

function readGradientWeight(panel, { k }) {
  const { layer, run, view, w, inner, filters, cells } = panel,
    column = columnOf(panel, k);
  const value = run.parameter_gradients.kernel.data[weightIndex(panel, column)];
  const seen = Array.from({ length: cells }, (_, row) => run.patches.data[row * inner + column]);
  const dz = Array.from({ length: cells }, (_, row) => run.pre_activation_gradient.data[row * filters + view.filter]);
  const both = seen
    .map((pixel, row) => [row, pixel, dz[row], pixel * dz[row]])
    .filter(([, pixel, d]) => pixel !== 0 && d !== 0);
  const snippet = sumOfProducts({
    a: seen,
    b: dz,
    aText: `column ${column} of the im2col matrix, where the product is not 0`,
    bText: `dL/d pre-activation of filter ${view.filter}, in the same rows`,
    result: value,
  });
  return {
    title: `dL/d weight at ${tapText(panel, column)} of filter ${view.filter} = ${shown(value)}`,
    lines: [
      `Column ${column} of the matrix times column ${view.filter} of dz: ${count(cells, "product")}, of which ` +
        `${whole(both.length)} are not 0. The sum is ${shown(both.reduce((sum, term) => sum + term[3], 0))}.`,
    ],
    terms: {
      heads: ["matrix row", "pixel", "dz", "product"],
      rows: [...both]
        .sort((a, b) => Math.abs(b[3]) - Math.abs(a[3]))
        .map(([row, ...rest]) => [row, ...rest.map(shown)]),
    },
    check: gradientCheck(panel.index, "kernel", weightIndex(panel, column)),
    code: ["conv2d_backward"],
    snippet: snippet || fromTrace(layer, 'parameter_gradients["kernel"]', weightText(panel, k, w), value),
  };
}

function readGradientEntry(panel, { row, col }) {
  const { layer, run, w, inner, filters } = panel,
    value = run.patches_gradient.data[row * inner + col];
  const i = Math.floor(row / w.cols.output),
    j = row % w.cols.output,
    pixel = pixelUnder(w, i, j, Math.floor(col / w.channels));
  const { kernel } = layer.parameters,
    dz = run.pre_activation_gradient.data.subarray(row * filters, (row + 1) * filters);
  const weights = kernel ? kernel.data.subarray(col * filters, (col + 1) * filters) : [];
  const snippet =
    kernel &&
    sumOfProducts({
      a: dz,
      b: weights,
      aText: `row ${row} of dL/d pre-activation, where it is not 0`,
      bText: `row ${col} of the kernel, for the same filters`,
      result: value,
    });
  return {
    title: `dL/d matrix cell (${whole(row)}, ${col}) = ${shown(value)}`,
    lines: [
      `Row ${row} of dz times the ${count(filters, "weight")} at ${tapText(panel, col)}.`,
      pixel ? `col2im adds it to pixel (${pixel.row}, ${pixel.col}).` : "It belongs to the padding, and is dropped.",
    ],
    code: ["conv2d_backward_input", "col2im"],
    snippet: snippet || fromTrace(layer, 'inside_gradients["patches"]', `0, ${row}, ${col}`, value),
  };
}

function readGradientPixel(panel, { r, c }) {
  const { layer, run, w, view, inner, index } = panel,
    at = (r * w.cols.size + c) * w.channels + view.channel;
  const value = panel.image("input_gradient").data[at];
  let sum = 0;
  const parts = readersOf(w, r, c).map((reader) => {
    const part = run.patches_gradient.data[(reader.i * w.cols.output + reader.j) * inner + columnOf(panel, reader.k)];
    sum += part;
    return { part, row: [...readerText(panel, reader), shown(part), shown(sum)] };
  });
  return {
    title: `dL/d pixel (${r}, ${c}) of the input = ${shown(value)}`,
    lines: [
      parts.length
        ? `col2im adds up ${count(parts.length, "contribution")}, one from each matrix cell that holds the pixel: ${shown(sum)}.`
        : "No window reaches this pixel, so that nothing depends on it: its gradient is 0.",
    ],
    terms: {
      heads: ["matrix cell", "output cell", "tap", "contribution", "sum so far"],
      rows: parts.map((one) => one.row),
    },
    check: gradientCheck(index, null, toFlat(panel, r, c)),
    code: ["col2im", "conv2d_backward_input"],
    snippet: [
      "import numpy as np",
      `parts = ${numbers(parts.map((one) => one.part))}  # dL/d patches, where the pixel stands`,
      `print(parts.sum())  # the page shows ${literal(value)}`,
    ],
  };
}

// The pixel's index in the input as it is stored.
const toFlat = ({ layer, w, view }, r, c) => imagesOf(layer.input_shape, isFirst(layer)).index(r, c, view.channel);
