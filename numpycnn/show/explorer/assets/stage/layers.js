"use strict";
// The stories of other layers: average pooling, depthwise and transposed convolution, a residual block, batch normalization.

// How the sum of a told layer ends: with its bias and activation, from what was traced.
function finishText(layer, total, bias, output) {
  const z = bias === undefined ? "" : ` + bias ${factor(bias)} = ${brief(total + bias)}`;
  return `${brief(total)}${z}${layer.activation === "linear" ? ": that is the output." : `; ${layer.activation} makes it ${output}.`}`;
}

// Like a convolution, but each channel has filters of its own, and sees nothing of the others.
function depthwiseStory(subject, view) {
  const part = partOf(subject, "DepthwiseConv2D"),
    { layer, run, w } = part,
    { kernel, bias } = layer.parameters,
    out = part.image("output"),
    several = out.shape.at(-1) / w.channels;
  const channel = () => Math.min(view.channel, out.shape.at(-1) - 1), // of the output
    input = () => Math.floor(channel() / several);
  const image = paddedImage(part, "input", () => `input, channel ${input()}`),
    x = part.image("input");
  return products(view, {
    source: { ...image, value: (r, c) => image.value(r, c, input()) },
    rows: w.rows.kernel,
    cols: w.cols.kernel,
    slices: 1,
    at: (n, t) => tapPlace(w, ...cellOf(w, n), t),
    a: (n, _, t) => pixelValue(x, w, indexUnder(w, ...cellOf(w, n), t, input())),
    b: (n, _, t) => kernel.data[t * w.channels * several + channel()],
    aTitle: () => `patch, channel ${input()}`,
    bTitle: () => `kernel of output channel ${channel()}`,
    bounds: [() => largest(x), () => largest(kernel)],
    target: {
      title: () => `output, channel ${channel()}`,
      rows: w.rows.output,
      cols: w.cols.output,
      value: (n) => out.data[n * out.shape.at(-1) + channel()],
      bound: () => largest(out),
    },
    marks: ({ n, t }) => windowMarks(w, ...cellOf(w, n), t),
    name: (n) => `Output cell (${cellOf(w, n).join(", ")}), channel ${channel()}`,
    value: (n) => brief(out.data[n * out.shape.at(-1) + channel()]),
    finish: (n, total) => finishText(layer, total, bias && bias.data[channel()], brief(out.data[n * out.shape.at(-1) + channel()])),
  });
}

const pixelValue = (x, w, index) => (index < 0 ? 0 : x.data[index]); // padding is 0

// The convolution's way back, seen as a forward: each input cell stamps the kernel, and an output cell adds what falls on it.
function transposedStory(subject, view) {
  const part = partOf(subject, "Conv2DTranspose"),
    { layer, w } = part,
    { kernel, bias } = layer.parameters,
    [x, out] = [part.image("input"), part.image("output")],
    channels = x.shape.at(-1),
    filters = w.channels,
    f = () => Math.min(view.filter, filters - 1);
  const place = (n) => [Math.floor(n / w.cols.size), n % w.cols.size],
    stamps = remembered((n) => new Map(readersOf(w, ...place(n)).map((reader) => [reader.k, reader])));
  const pixel = ({ i, j }, channel) => x.data[(i * w.cols.output + j) * channels + channel];
  const value = (n) => out.data[n * filters + f()];
  return products(view, {
    source: {
      title: (channel) => `input${channels > 1 ? `, channel ${channel}` : ""}`,
      rows: w.rows.output,
      cols: w.cols.output,
      value: (i, j, channel) => pixel({ i, j }, channel),
      bound: () => largest(x),
    },
    rows: w.rows.kernel,
    cols: w.cols.kernel,
    slices: channels,
    sliceName: "channel",
    at: (n, t) => cellReading(stamps(n), t),
    a: (n, channel, t) => (stamps(n).has(t) ? pixel(stamps(n).get(t), channel) : undefined),
    b: (n, channel, t) => (stamps(n).has(t) ? kernel.data[(t * filters + f()) * channels + channel] : undefined),
    aTitle: () => "input cells whose stamp falls on the place",
    bTitle: () => `the weight that they bring there${filterText(filters, f())}`,
    bounds: [() => largest(x), () => largest(kernel)],
    target: { title: () => `output${filterText(filters, f())}`, rows: w.rows.size, cols: w.cols.size, value, bound: () => largest(out) },
    marks: ({ n, t }) => [...stamps(n).values()].map(({ i, j, k }) => ({ row: i, col: j, ...(t === null || k === t ? {} : { kind: "faint" }) })),
    name: (n) => `Output cell (${place(n).join(", ")})${filterText(filters, f())}`,
    value: (n) => brief(value(n)),
    finish: (n, total) => finishText(layer, total, bias && bias.data[f()], brief(value(n))),
  });
}

// ------------------------------------------------------------ grids cell by cell

// A story whose grids all have the shape of `of`, and go through its cells together; sums: [sign, id, title, tensor].
function together(view, of, sums, heading, lines) {
  const look = imagesOf(of.shape, false);
  const marks = () => [{ row: Math.floor(view.k / look.cols), col: view.k % look.cols }];
  return {
    count: look.rows * look.cols,
    grids: sums.map(([sign, id, title, x]) =>
      picture(id, title, imagesOf(x.shape, false).rows, look.cols, (r, c) => x.data[imagesOf(x.shape, false).index(r, c, 0)], {
        sign,
        bound: () => largest(x),
        marks: () => (x.shape.join() === of.shape.join() ? marks() : [{ row: 0, col: view.k % look.cols }]),
        pick: (r, c) => goTo(r * look.cols + c, true),
      }),
    ),
    heading: () => heading(view.k),
    lines: () => lines(view.k),
  };
}

const residualOf = (subject) => {
  const { tensors } = subject.network,
    names = ["before/output", "residual/main/conv2d/output", "flatten/input_gradient", "residual/main/conv2d/input_gradient", "before/output_gradient"];
  return subject.network.title === "Residual block" ? names.map((name) => tensors[name]) : null;
};

function residualStory(subject, view) {
  const [x, main, dy, through, dx] = residualOf(subject),
    y = tensor(x.shape, x.data.map((value, n) => value + main.data[n]));
  const [a, b, d, e] = [x, main, dy, through].map((one) => (n) => factor(one.data[n])),
    [c, f] = [y, dx].map((one) => (n) => brief(one.data[n]));
  return together(
    view,
    x,
    [
      ["", "stageSource", "input x", x],
      ["+", "stageA", "the convolution of x", main],
      ["=", "stageTarget", "output y", y],
      ["", "stageDoutput", "back: dL/dy, past it", dy],
      ["+", "stageB", "dL/dy back through it", through],
      ["=", "stageDinput", "dL/dx", dx],
    ],
    (n) => `Cell (${Math.floor(n / 4)}, ${n % 4}): y = ${c(n)}, dL/dx = ${f(n)}`,
    (n) => [`y = x + convolution = ${a(n)} + ${b(n)} = ${c(n)}.`, `dL/dx = dL/dy + what comes back through the convolution = ${d(n)} + ${e(n)} = ${f(n)}: the gradient takes two ways, and one of them has no weights on it.`],
  );
}

// ------------------------------------------------------------ batch normalization: rows are examples, columns channels

const batchOf = (subject) => (subject.network.batch ? subject.network.tensors : null);

const column = (x, k) => Array.from({ length: x.shape[0] }, (_, n) => x.data[n * x.shape[1] + k]);
const meanText = (values, mean) => `(${values.map(factor).join(" + ")}) / ${values.length} = ${brief(mean)}`;
const EPSILON = 1; // of the lesson

function batchStory(subject, view) {
  const { input: x, mean, variance, normalized, output, gamma, beta } = batchOf(subject);
  return together(
    view,
    x,
    [["", "stageSource", "x: a row for each example", x], ["→", "stageA", "mean of the batch", asRow(mean)], ["", "stageB", "its variance", asRow(variance)],
      ["→", "stageProducts", "normalized", normalized], ["→", "stageTarget", "output y", output]],
    (n) => `Example ${Math.floor(n / 2)}, channel ${n % 2}: y = ${brief(output.data[n])}`,
    (n) => {
      const k = n % 2,
        values = column(x, k);
      return [
        `The channel's mean is ${meanText(values, mean.data[k])}, its variance ${meanText(values.map((one) => (one - mean.data[k]) ** 2), variance.data[k])}: of all examples, so each depends on the others.`,
        `normalized = (x − mean) / √(variance + ε) = (${factor(x.data[n])} − ${factor(mean.data[k])}) / √(${brief(variance.data[k])} + ${EPSILON}) = ${brief(normalized.data[n])}; y = gamma × that + beta = ${factor(gamma.data[k])} × ${factor(normalized.data[n])} + ${factor(beta.data[k])} = ${brief(output.data[n])}.`,
      ];
    },
  );
}

function inferenceStory(subject, view) {
  const { input: x, moving_mean: mean, moving_variance: variance, inference, gamma, beta } = batchOf(subject);
  return together(
    view,
    x,
    [["", "stageSource", "x: a row for each example", x], ["→", "stageA", "moving mean", asRow(mean)], ["", "stageB", "moving variance", asRow(variance)], ["→", "stageTarget", "output y in inference", inference]],
    (n) => `Example ${Math.floor(n / 2)}, channel ${n % 2}: y = ${brief(inference.data[n])}`,
    (n) => {
      const k = n % 2;
      return [
        "In inference mean and variance are what training remembers of many batches: an example's output no longer depends on those beside it.",
        `y = gamma × (x − moving mean) / √(moving variance + ε) + beta = ${factor(gamma.data[k])} × (${factor(x.data[n])} − ${factor(mean.data[k])}) / √(${brief(variance.data[k])} + ${EPSILON}) + ${factor(beta.data[k])} = ${brief(inference.data[n])}.`,
      ];
    },
  );
}

function batchBackStory(subject, view) {
  const all = batchOf(subject),
    [dy, dx, xhat] = [all["output gradient"], all["input gradient"], all.normalized];
  const size = dy.shape[0],
    [dgamma, dbeta] = [all["gamma gradient"], all["beta gradient"]];
  return together(
    view,
    dy,
    [["", "stageSource", "dL/dy", dy], ["", "stageA", "normalized", xhat], ["→", "stageB", "dL/d beta: sum of dy", asRow(dbeta)], ["", "stageProducts", "dL/d gamma: sum of dy × normalized", asRow(dgamma)], ["→", "stageTarget", "dL/dx", dx]],
    (n) => `Example ${Math.floor(n / 2)}, channel ${n % 2}: dL/dx = ${brief(dx.data[n])}`,
    (n) => {
      const k = n % 2,
        scale = all.gamma.data[k] / Math.sqrt(all.variance.data[k] + EPSILON);
      return [
        `An example also moved the mean and the variance of all: so the means of dy and of dy × normalized over the batch are taken away, here ${brief(dbeta.data[k])} / ${size} and ${factor(dgamma.data[k])} / ${size}.`,
        `dL/dx = gamma / √(variance + ε) × (dy − mean of dy − normalized × mean of dy × normalized) = ${brief(scale)} × (${factor(dy.data[n])} − ${factor(dbeta.data[k] / size)} − ${factor(xhat.data[n])} × ${factor(dgamma.data[k] / size)}) = ${brief(dx.data[n])}.`,
      ];
    },
  );
}

const asRow = (x) => tensor([1, x.data.length], x.data);
