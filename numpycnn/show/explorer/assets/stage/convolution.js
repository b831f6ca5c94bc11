"use strict";
// The convolution's three sums of products: an output cell, a weight's gradient, a pixel's gradient.

// The input's channel with the padding around it, which is blank.
function paddedImage(part, name, title) {
  const { w } = part,
    x = part.image(name),
    [rows, cols] = [padded(w.rows), padded(w.cols)],
    place = (r, c) => [r - w.rows.before, c - w.cols.before];
  return {
    title,
    rows: rows.size,
    cols: cols.size,
    bound: () => largest(x),
    place,
    blank: () => "padding, which counts as 0",
    value: (r, c, channel) => {
      const [row, col] = place(r, c);
      return row < 0 || col < 0 || row >= w.rows.size || col >= w.cols.size
        ? undefined
        : x.data[(row * w.cols.size + col) * w.channels + channel];
    },
  };
}

// How far the windows reach along an axis: the image, and its padding on both sides.
const padded = (axis) => ({
  size: Math.max(axis.before + axis.size, (axis.output - 1) * axis.stride + axis.extent),
});

// Where a window's tap k lies in that picture.
const tapPlace = (w, i, j, k) => ({
  row: position(w.rows, i, Math.floor(k / w.cols.kernel)) + w.rows.before,
  col: position(w.cols, j, k % w.cols.kernel) + w.cols.before,
});

function windowMarks(w, i, j, t) {
  const marks = [{ ...tapPlace(w, i, j, 0), height: w.rows.extent, width: w.cols.extent }];
  return t === null ? marks : [...marks, { ...tapPlace(w, i, j, t) }];
}

const cellOf = (w, n) => [Math.floor(n / w.cols.output), n % w.cols.output];
const channelText = (w, channel) => (w.channels > 1 ? `, channel ${channel}` : "");
const filterText = (filters, filter) => (filters > 1 ? `, filter ${filter}` : "");

function forwardStory(subject, view) {
  const part = convolutionOf(subject),
    { layer, run, w } = part,
    filters = layer.config.filters,
    f = () => Math.min(view.filter, filters - 1),
    { kernel, bias } = layer.parameters,
    inner = w.taps * w.channels,
    out = part.image("output");
  const z = (n) => run.pre_activation.data[n * filters + f()];
  return products(view, {
    source: paddedImage(part, "input", (channel) => `input${channelText(w, channel)}`),
    rows: w.rows.kernel,
    cols: w.cols.kernel,
    slices: w.channels,
    sliceName: "channel",
    at: (n, t) => tapPlace(w, ...cellOf(w, n), t),
    a: (n, channel, t) => run.patches.data[n * inner + t * w.channels + channel],
    b: (n, channel, t) => kernel.data[(t * w.channels + channel) * filters + f()],
    aTitle: (channel) => `patch${channelText(w, channel)}`,
    bTitle: (channel) => `kernel${filterText(filters, f())}${channelText(w, channel)}`,
    bounds: [() => largest(run.input), () => largest(kernel)],
    target: {
      title: () => `output${filterText(filters, f())}`,
      rows: w.rows.output,
      cols: w.cols.output,
      value: (n) => out.data[n * filters + f()],
      bound: () => largest(out),
    },
    marks: ({ n, t }) => windowMarks(w, ...cellOf(w, n), t),
    name: (n) => `Output cell (${cellOf(w, n).join(", ")})${filterText(filters, f())}`,
    value: (n) => brief(out.data[n * filters + f()]),
    finish: (n, total) =>
      `${brief(total)}${bias ? ` + bias ${factor(bias.data[f()])} = {pre-activation} ${brief(z(n))}` : ` is the {pre-activation}`}` +
      (layer.activation === "linear" ? ": that is the output." : `; ${layer.activation} makes it ${brief(out.data[n * filters + f()])}.`),
  });
}

// A weight's gradient: the column of the im2col matrix that it multiplied, times the column of dz of its filter.
function kernelGradientStory(subject, view) {
  const part = convolutionWithGradients(subject),
    { layer, run, w } = part,
    filters = layer.config.filters,
    f = () => Math.min(view.filter, filters - 1),
    channel = () => Math.min(view.channel, w.channels - 1),
    inner = w.taps * w.channels,
    { kernel: gradient } = run.parameter_gradients;
  const value = (n) => gradient.data[(n * w.channels + channel()) * filters + f()];
  const tap = (n) => `(${Math.floor(n / w.cols.kernel)}, ${n % w.cols.kernel})`;
  const image = paddedImage(part, "input", () => `input${channelText(w, channel())}`);
  return products(view, {
    source: { ...image, value: (r, c) => image.value(r, c, channel()) },
    rows: w.rows.output,
    cols: w.cols.output,
    slices: 1,
    at: (n, cell) => tapPlace(w, ...cellOf(w, cell), n),
    a: (n, _, cell) => run.patches.data[cell * inner + n * w.channels + channel()],
    b: (n, _, cell) => run.pre_activation_gradient.data[cell * filters + f()],
    aTitle: (_, n) => `pixels that the weight met: column ${n * w.channels + channel()} of {im2col}`,
    bTitle: () => `dz, dL/d {pre-activation}: column ${f()}`,
    bounds: [() => largest(run.input), () => largest(run.pre_activation_gradient)],
    target: {
      title: () => `dL/d kernel${filterText(filters, f())}${channelText(w, channel())}`,
      rows: w.rows.kernel,
      cols: w.cols.kernel,
      value,
      bound: () => largest(gradient),
    },
    marks: ({ n, t }) => metByTap(w, n, t),
    name: (n) => `dL/d weight at {tap} ${tap(n)}`,
    value: (n) => brief(value(n)),
    finish: (n) => `The gradient of the weight at tap ${tap(n)} is ${brief(value(n))}: one term for each output cell that it took part in.`,
  });
}

// The pixels that a tap meets while the window moves, as a rectangle; with the pixel of one output cell.
function metByTap(w, tap, cell) {
  const first = tapPlace(w, 0, 0, tap),
    last = tapPlace(w, w.rows.output - 1, w.cols.output - 1, tap);
  const marks = [{ ...first, height: last.row - first.row + 1, width: last.col - first.col + 1 }];
  return cell === null ? marks : [...marks, { ...tapPlace(w, ...cellOf(w, cell), tap) }];
}

// A pixel's gradient: what col2im adds up for it, one contribution for each window over it.
function inputGradientStory(subject, view) {
  const part = convolutionWithGradients(subject),
    { layer, run, w } = part,
    filters = layer.config.filters,
    channel = () => Math.min(view.channel, w.channels - 1),
    { kernel } = layer.parameters,
    dx = part.image("input_gradient"),
    value = (n) => dx.data[n * w.channels + channel()];
  const pixel = (n) => [Math.floor(n / w.cols.size), n % w.cols.size];
  const readers = remembered((n) => new Map(readersOf(w, ...pixel(n)).map((reader) => [reader.k, reader])));
  const dz = (cell, f) => run.pre_activation_gradient.data[(cell.i * w.cols.output + cell.j) * filters + f];
  const x = part.image("input");
  return products(view, {
    // Elsewhere there is no room for it.
    also: subject.small && !phone() && {
      id: "stagePixel",
      end: true,
      title: () => `input${channelText(w, channel())}`,
      rows: w.rows.size,
      cols: w.cols.size,
      value: (r, c) => x.data[(r * w.cols.size + c) * w.channels + channel()],
      bound: () => largest(x),
      marks: ({ n }) => [{ row: pixel(n)[0], col: pixel(n)[1] }],
    },
    source: {
      title: (f) => `dz, dL/d pre-activation${filterText(filters, f)}`,
      rows: w.rows.output,
      cols: w.cols.output,
      value: (i, j, f) => dz({ i, j }, f),
      bound: () => largest(run.pre_activation_gradient),
    },
    rows: w.rows.kernel,
    cols: w.cols.kernel,
    slices: filters,
    sliceName: "filter",
    at: (n, t) => cellReading(readers(n), t),
    a: (n, f, t) => (readers(n).has(t) ? dz(readers(n).get(t), f) : undefined),
    b: (n, f, t) => (readers(n).has(t) ? kernel.data[(t * w.channels + channel()) * filters + f] : undefined),
    aTitle: (f) => `dz of its windows, by {tap}${filterText(filters, f)}`,
    bTitle: () => "the weight at that tap",
    bounds: [() => largest(run.pre_activation_gradient), () => largest(kernel)],
    target: {
      title: () => `dL/d input${channelText(w, channel())}`,
      rows: w.rows.size,
      cols: w.cols.size,
      value,
      bound: () => largest(dx),
    },
    marks: ({ n, t }) =>
      [...readers(n).values()].map(({ i, j, k }) => ({ row: i, col: j, ...(t === null || k === t ? {} : { kind: "faint" }) })),
    name: (n) => `dL/d pixel (${pixel(n).join(", ")})`,
    value: (n) => brief(value(n)),
    finish: (n) => `{col2im} adds up ${count(readers(n).size, "contribution")} for this pixel, one for each window over it.`,
  });
}

// The cell of the reader that has tap t, if there is one.
function cellReading(readers, t) {
  const reader = readers.get(t);
  return reader && { row: reader.i, col: reader.j };
}

// A function of a number that keeps its last answer.
function remembered(f) {
  let last = null,
    answer;
  return (n) => {
    if (n !== last) [last, answer] = [n, f(n)];
    return answer;
  };
}
