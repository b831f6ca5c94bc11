"use strict";
// Each kind of layer once more, in plain JavaScript: forward and backward of one example.
// forward(layer, x, kept) -> {output, ...}; backward(layer, run, dy) -> {input_gradient, ...}.
// The names are those of the trace. Sums are taken in double precision and rounded to the tensor's own.

// ------------------------------------------------------------ activations

const ACTIVATIONS = {
  linear: { forward: (z) => z, backward: (dy) => dy },
  relu: {
    forward: (z) => mapped(z, (value) => Math.max(value, 0)),
    backward: (dy, y) =>
      tensor(
        y.shape,
        dy.data.map((value, k) => value * Number(y.data[k] > 0)), // not a number where it is infinite, as in NumPy
      ),
  },
  sigmoid: {
    forward: (z) => mapped(z, (value) => 1 / (1 + Math.exp(-value))),
    backward: (dy, y) =>
      tensor(
        y.shape,
        dy.data.map((value, k) => value * y.data[k] * (1 - y.data[k])),
      ),
  },
  tanh: {
    forward: (z) => mapped(z, Math.tanh),
    backward: (dy, y) =>
      tensor(
        y.shape,
        dy.data.map((value, k) => value * (1 - y.data[k] * y.data[k])),
      ),
  },
  softmax: { forward: softmax, backward: softmaxBackward },
};

function softmax(z) {
  const y = zerosLike(z, z.shape),
    n = z.shape.at(-1);
  for (let start = 0; start < z.data.length; start += n) {
    const row = Array.from(z.data.subarray(start, start + n)),
      top = Math.max(...row);
    const e = row.map((value) => Math.exp(value - top)),
      sum = e.reduce((a, b) => a + b, 0);
    e.forEach((value, k) => {
      y.data[start + k] = value / sum;
    });
  }
  return y;
}

function softmaxBackward(dy, y) {
  const dz = zerosLike(y, y.shape),
    n = y.shape.at(-1);
  for (let start = 0; start < y.data.length; start += n) {
    let inner = 0;
    for (let k = start; k < start + n; k++) inner += dy.data[k] * y.data[k];
    for (let k = start; k < start + n; k++) dz.data[k] = y.data[k] * (dy.data[k] - inner);
  }
  return dz;
}

// ------------------------------------------------------------ matrix products

// (P, K) by (K, F) -> (P, F), and the bias, if any, to each row.
function times(a, b, bias, inner, outputs) {
  const rows = a.data.length / inner,
    y = zerosLike(a, [rows, outputs]),
    sums = new Float64Array(outputs),
    sparse = b.data.every(Number.isFinite); // 0 times what is not finite is not 0
  for (let p = 0; p < rows; p++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = a.data[p * inner + k];
      if (value !== 0 || !sparse) for (let f = 0; f < outputs; f++) sums[f] += value * b.data[k * outputs + f];
    }
    for (let f = 0; f < outputs; f++) y.data[p * outputs + f] = sums[f] + (bias ? bias.data[f] : 0);
  }
  return y;
}

// (P, F) by the transpose of (K, F) -> (P, K): dcols = dy @ kernel.T
function timesTransposed(dy, b, inner, outputs) {
  const rows = dy.data.length / outputs,
    y = zerosLike(dy, [rows, inner]);
  for (let p = 0; p < rows; p++) {
    for (let k = 0; k < inner; k++) {
      let sum = 0;
      for (let f = 0; f < outputs; f++) sum += dy.data[p * outputs + f] * b.data[k * outputs + f];
      y.data[p * inner + k] = sum;
    }
  }
  return y;
}

// The transpose of (P, K) by (P, F) -> (K, F): dkernel = cols.T @ dy
function transposedTimes(a, dy, inner, outputs) {
  const rows = a.data.length / inner,
    sums = new Float64Array(inner * outputs),
    sparse = dy.data.every(Number.isFinite);
  for (let p = 0; p < rows; p++) {
    for (let k = 0; k < inner; k++) {
      const value = a.data[p * inner + k];
      if (value === 0 && sparse) continue;
      for (let f = 0; f < outputs; f++) sums[k * outputs + f] += value * dy.data[p * outputs + f];
    }
  }
  return tensor([inner, outputs], a.data.constructor.from(sums));
}

function columnSums(dy, outputs) {
  const sums = new Float64Array(outputs);
  dy.data.forEach((value, k) => {
    sums[k % outputs] += value;
  });
  return tensor([outputs], dy.data.constructor.from(sums));
}

// ------------------------------------------------------------ windows

function im2col(x, w) {
  const k = w.taps * w.channels,
    y = zerosLike(x, [w.rows.output * w.cols.output, k]);
  eachCopy(w, (cell, column, pixel) => {
    if (pixel >= 0) y.data[cell * k + column] = x.data[pixel];
  });
  return y;
}

function col2im(dcols, w) {
  const sums = new Float64Array(w.rows.size * w.cols.size * w.channels),
    k = w.taps * w.channels;
  eachCopy(w, (cell, column, pixel) => {
    if (pixel >= 0) sums[pixel] += dcols.data[cell * k + column];
  });
  return tensor([w.rows.size, w.cols.size, w.channels], dcols.data.constructor.from(sums));
}

function eachCopy(w, visit) {
  for (let i = 0; i < w.rows.output; i++) {
    for (let j = 0; j < w.cols.output; j++) {
      for (let k = 0; k < w.taps; k++) {
        for (let c = 0; c < w.channels; c++) {
          visit(i * w.cols.output + j, k * w.channels + c, indexUnder(w, i, j, k, c));
        }
      }
    }
  }
}

// ------------------------------------------------------------ layers

function convForward(layer, x) {
  const w = windowOf(layer),
    { kernel, bias } = layer.parameters,
    filters = kernel.shape[3];
  const patches = im2col(toLast(x, isFirst(layer)), w);
  const pre_activation = times(patches, kernel, bias, patches.shape[1], filters);
  pre_activation.shape = [w.rows.output, w.cols.output, filters];
  return { patches, pre_activation, output: ACTIVATIONS[layer.activation].forward(fromLast(pre_activation, isFirst(layer))) };
}

function convBackward(layer, run, dy) {
  const w = windowOf(layer),
    { kernel } = layer.parameters,
    filters = kernel.shape[3],
    inner = run.patches.shape[1];
  const dz = toLast(ACTIVATIONS[layer.activation].backward(dy, run.output), isFirst(layer));
  const dcols = timesTransposed(dz, kernel, inner, filters);
  const dkernel = transposedTimes(run.patches, dz, inner, filters);
  return {
    pre_activation_gradient: dz,
    patches_gradient: dcols,
    input_gradient: fromLast(col2im(dcols, w), isFirst(layer)),
    parameter_gradients: { kernel: tensor(kernel.shape, dkernel.data), bias: columnSums(dz, filters) },
  };
}

function denseForward(layer, x) {
  const { kernel, bias } = layer.parameters,
    [inner, units] = kernel.shape;
  const pre_activation = times(x, kernel, bias, inner, units);
  pre_activation.shape = layer.output_shape;
  return { pre_activation, output: ACTIVATIONS[layer.activation].forward(pre_activation) };
}

function denseBackward(layer, run, dy) {
  const { kernel } = layer.parameters,
    [inner, units] = kernel.shape;
  const dz = ACTIVATIONS[layer.activation].backward(dy, run.output);
  return {
    pre_activation_gradient: dz,
    input_gradient: tensor(run.input.shape, timesTransposed(dz, kernel, inner, units).data),
    parameter_gradients: { kernel: transposedTimes(run.input, dz, inner, units), bias: columnSums(dz, units) },
  };
}

function poolForward(layer, input) {
  const w = windowOf(layer),
    x = toLast(input, isFirst(layer));
  const shape = [w.rows.output, w.cols.output, w.channels];
  const y = zerosLike(x, shape),
    winner = tensor(shape, new Uint16Array(product(shape)));
  y.data.fill(-Infinity);
  eachCopy(w, (cell, column, pixel) => {
    const out = cell * w.channels + (column % w.channels);
    if (pixel < 0) return;
    if (x.data[pixel] > y.data[out]) winner.data[out] = Math.floor(column / w.channels); // of equal ones the first wins
    y.data[out] = Math.max(y.data[out], x.data[pixel]); // as in NumPy, NaN stays
  });
  return { winner, output: fromLast(y, isFirst(layer)) };
}

function poolBackward(layer, run, dy) {
  const w = windowOf(layer),
    given = toLast(dy, isFirst(layer));
  const dx = zerosLike(dy, [w.rows.size, w.cols.size, w.channels]);
  eachCopy(w, (cell, column, pixel) => {
    const out = cell * w.channels + (column % w.channels);
    const won = run.winner.data[out] === Math.floor(column / w.channels);
    if (pixel >= 0) dx.data[pixel] += given.data[out] * Number(won); // as in NumPy, where 0 times NaN is NaN
  });
  return { input_gradient: fromLast(dx, isFirst(layer)) };
}

function dropoutForward(layer, x, kept) {
  const { rate } = layer.config,
    scale = rate < 1 ? 1 / (1 - rate) : 1;
  const mask = zerosLike(x, x.shape);
  mask.data.fill(1);
  if (kept && rate > 0)
    kept.data.forEach((keep, k) => {
      mask.data[k] = keep ? scale : 0;
    });
  return {
    mask,
    output: tensor(
      x.shape,
      x.data.map((value, k) => value * mask.data[k]),
    ),
  };
}

const LAYERS = {
  Conv2D: { forward: convForward, backward: convBackward },
  Dense: { forward: denseForward, backward: denseBackward },
  MaxPooling2D: { forward: poolForward, backward: poolBackward },
  Dropout: {
    forward: dropoutForward,
    backward: (layer, run, dy) => ({
      input_gradient: tensor(
        dy.shape,
        dy.data.map((value, k) => value * run.mask.data[k]),
      ),
    }),
  },
  Flatten: {
    forward: (layer, x) => ({ output: tensor(layer.output_shape, toLast(x, isFirst(layer)).data) }),
    backward: (layer, run, dy) => {
      const [first, ...rest] = layer.input_shape;
      const shape = isFirst(layer) && rest.length ? [...rest, first] : layer.input_shape;
      return { input_gradient: fromLast(tensor(shape, dy.data), isFirst(layer)) };
    },
  },
  Activation: {
    forward: (layer, x) => ({ output: ACTIVATIONS[layer.activation].forward(x) }),
    backward: (layer, run, dy) => ({ input_gradient: ACTIVATIONS[layer.activation].backward(dy, run.output) }),
  },
};
