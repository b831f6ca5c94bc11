"use strict";
// Activations, elementwise or along an axis, and the layers that are one. The formulas are those of functional/.

// ------------------------------------------------------------ of each number by itself

const bounded = (z, low, high) => Math.min(Math.max(z, low), high);
const within = (z, low, high) => Number(z > low && z < high);
const logistic = (z) => 1 / (1 + Math.exp(-z));
const softPositive = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const steepness = (e) => e / (1 + e) ** 2; // of the logistic function, with e = exp(-|z|)
const ramp = (z, reach) => bounded((z + reach) / (2 * reach), 0, 1);

function rectified(z, { negative_slope: slope = 0, max_value: most = null, threshold = 0 }) {
  const above = z > threshold || Number.isNaN(z) ? z : 0;
  const y = slope ? above + slope * Math.min(z - threshold, 0) : above;
  return most === null || y < most ? y : most;
}

const rectifiedSlope = (z, y, { negative_slope: slope = 0, max_value: most = null }) =>
  (y > 0 ? 1 : slope) * Number(most === null || y < most);

const exponentialUnit = (z, alpha, width) => (z > 0 ? z : alpha * Math.expm1(z / width));
const exponentialSlope = (z, alpha, width) => (z > 0 ? 1 : (alpha / width) * Math.exp(z / width));
const [SELU_ALPHA, SELU_SCALE] = [1.6732632423543772, 1.0507009873554805];

// The probability that a standard normal number is below z; its series has terms of one sign.
function normalBelow(z) {
  if (!(Math.abs(z) < 8)) return z > 0 ? 1 : z < 0 ? 0 : z;
  let term = z,
    sum = z;
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) sum += term *= (z * z) / odd;
  return 0.5 + sum * normalDensity(z);
}

const normalDensity = (z) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
const cubicOf = (z) => Math.sqrt(2 / Math.PI) * z * (1 + 0.044715 * z * z);
const cubicSlope = (z) => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * z * z);

function geluSlope(z, approximate) {
  if (!approximate) return normalBelow(z) + z * normalDensity(z);
  const s = logistic(2 * cubicOf(z));
  return s * (1 + z * logistic(-2 * cubicOf(z)) * 2 * cubicSlope(z));
}

function mishSlope(z) {
  const t = Math.tanh(softPositive(z));
  return t + z * (1 - t * t) * logistic(z);
}

// For each name y = f(z, settings), and the derivative by z as a function of (z, y, settings).
const ELEMENTWISE = {
  linear: [(z) => z, () => 1],
  relu: [rectified, rectifiedSlope],
  leaky_relu: [rectified, rectifiedSlope],
  relu6: [(z) => rectified(z, { max_value: 6 }), (z, y) => rectifiedSlope(z, y, { max_value: 6 })],
  sigmoid: [logistic, (z) => steepness(Math.exp(-Math.abs(z)))],
  tanh: [Math.tanh, (z) => 4 * steepness(Math.exp(-2 * Math.abs(z)))],
  exponential: [Math.exp, (z, y) => y],
  elu: [(z, { alpha }) => exponentialUnit(z, alpha, 1), (z, y, { alpha }) => exponentialSlope(z, alpha, 1)],
  celu: [(z, { alpha }) => exponentialUnit(z, alpha, alpha), (z, y, { alpha }) => exponentialSlope(z, alpha, alpha)],
  selu: [(z) => SELU_SCALE * exponentialUnit(z, SELU_ALPHA, 1), (z) => SELU_SCALE * exponentialSlope(z, SELU_ALPHA, 1)],
  gelu: [
    (z, { approximate }) => z * (approximate ? logistic(2 * cubicOf(z)) : normalBelow(z)),
    (z, y, { approximate }) => geluSlope(z, approximate),
  ],
  silu: [(z) => z * logistic(z), (z) => logistic(z) * (1 + z * logistic(-z))],
  mish: [(z) => z * Math.tanh(softPositive(z)), mishSlope],
  softplus: [softPositive, logistic],
  log_sigmoid: [(z) => -softPositive(-z), (z) => logistic(-z)],
  softsign: [(z) => z / (1 + Math.abs(z)), (z) => (1 + Math.abs(z)) ** -2],
  squareplus: [(z, { b }) => (z + Math.hypot(z, Math.sqrt(b))) / 2, (z, y, { b }) => y / Math.hypot(z, Math.sqrt(b))],
  tanh_shrink: [(z) => z - Math.tanh(z), (z) => Math.tanh(z) ** 2],
  hard_tanh: [(z) => bounded(z, -1, 1), (z, y) => within(y, -1, 1)],
  hard_sigmoid: [(z) => ramp(z, 3), (z) => within(z, -3, 3) / 6],
  hard_silu: [(z) => z * ramp(z, 3), (z) => ramp(z, 3) + (z * within(z, -3, 3)) / 6],
  sparse_sigmoid: [(z) => ramp(z, 1), (z) => within(z, -1, 1) / 2],
  sparse_plus: [(z) => (z < 1 ? ramp(z, 1) ** 2 : z), (z) => ramp(z, 1)],
  hard_shrink: [
    (z, { threshold }) => (Math.abs(z) > threshold ? z : 0),
    (z, y, { threshold }) => Number(Math.abs(z) > threshold),
  ],
  soft_shrink: [
    (z, { threshold }) => z - bounded(z, -threshold, threshold),
    (z, y, { threshold }) => Number(Math.abs(z) > threshold),
  ],
  threshold: [
    (z, { threshold, default_value }) => (z > threshold ? z : default_value),
    (z, y, { threshold }) => Number(z > threshold),
  ],
};

// ------------------------------------------------------------ of the numbers along an axis

const total = (row) => row.reduce((a, b) => a + b, 0);
const inner = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);

function softmax(z) {
  const top = Math.max(...z),
    e = z.map((value) => Math.exp(value - top)),
    sum = total(e);
  return e.map((value) => value / sum);
}

function softmaxBackward(dy, z, y) {
  const mean = inner(dy, y);
  return dy.map((value, k) => y[k] * (value - mean));
}

function logSoftmax(z) {
  const top = Math.max(...z),
    log = Math.log(total(z.map((value) => Math.exp(value - top))));
  return z.map((value) => value - top - log);
}

function logSoftmaxBackward(dy, z, y) {
  const sum = total(dy);
  return dy.map((value, k) => value - Math.exp(y[k]) * sum);
}

function sparsemax(z) {
  const descending = [...z].sort((a, b) => b - a);
  let sum = 0,
    tau = 0;
  descending.forEach((value, k) => {
    sum += value;
    if (1 + (k + 1) * value > sum) tau = (sum - 1) / (k + 1);
  });
  return z.map((value) => Math.max(value - tau, 0));
}

function sparsemaxBackward(dy, z, y) {
  const support = dy.filter((_, k) => y[k] > 0),
    mean = total(support) / support.length;
  return dy.map((value, k) => (y[k] > 0 ? value - mean : 0));
}

const halves = (z) => [z.slice(0, z.length / 2), z.slice(z.length / 2)];

function glu(z) {
  const [a, b] = halves(z);
  return a.map((value, k) => value * logistic(b[k]));
}

function gluBackward(dy, z) {
  const [a, b] = halves(z);
  const db = b.map((value, k) => dy[k] * a[k] * steepness(Math.exp(-Math.abs(value))));
  return [...dy.map((value, k) => value * logistic(b[k])), ...db];
}

// For each name the row y of a row z, and dz of (dy, z, y).
const ALONG_AN_AXIS = {
  softmax: [softmax, softmaxBackward],
  log_softmax: [logSoftmax, logSoftmaxBackward],
  sparsemax: [sparsemax, sparsemaxBackward],
  glu: [glu, gluBackward],
};

// An axis that is counted with the batch's, among those of an example.
const exampleAxis = (axis, shape) => (axis < 0 ? shape.length + axis : axis - 1);

// f of the tensors' rows along an axis, put together; they differ in the length of that axis alone, if at all.
function byRows(axis, tensors, f) {
  const { shape } = tensors[0],
    after = product(shape.slice(axis + 1)),
    place = (length, row, k) => (Math.floor(row / after) * length + k) * after + (row % after);
  const rowOf = (x, row) => Array.from({ length: x.shape[axis] }, (_, k) => x.data[place(x.shape[axis], row, k)]);
  const rows = Array.from({ length: product(shape) / shape[axis] }, (_, row) => f(...tensors.map((x) => rowOf(x, row))));
  const length = rows[0].length,
    y = zerosLike(tensors[0], [...shape.slice(0, axis), length, ...shape.slice(axis + 1)]);
  rows.forEach((values, row) => values.forEach((value, k) => {
    y.data[place(length, row, k)] = value;
  }));
  return y;
}

// ------------------------------------------------------------ in a layer

// The layer's activation of z, and the gradient of z.
function activate(layer, z) {
  const { function: name, settings } = layer;
  if (ELEMENTWISE[name]) return mapped(z, (value) => ELEMENTWISE[name][0](value, settings));
  return byRows(exampleAxis(settings.axis, z.shape), [z], ALONG_AN_AXIS[name][0]);
}

function activateBackward(layer, dy, z, y) {
  const { function: name, settings } = layer;
  if (!ELEMENTWISE[name]) return byRows(exampleAxis(settings.axis, z.shape), [dy, z, y], ALONG_AN_AXIS[name][1]);
  const slope = ELEMENTWISE[name][1];
  return tensor(z.shape, dy.data.map((value, k) => value * slope(z.data[k], y.data[k], settings)));
}

const withoutActivation = (layer) => ({ ...layer, activation: "linear", function: "linear", settings: {} });

const ACTIVATION = {
  forward: (layer, x) => ({ output: activate(layer, x) }),
  backward: (layer, run, dy) => ({ input_gradient: activateBackward(layer, dy, run.input, run.output) }),
};

// The rectifier whose slope is learned: alpha repeats to the shape of x.
const PRELU = {
  forward({ parameters: { alpha } }, x) {
    const of = repeatedPlaces(x.shape, alpha.shape);
    return { output: tensor(x.shape, x.data.map((value, k) => (value > 0 ? value : alpha.data[of[k]] * value))) };
  },
  backward({ parameters: { alpha } }, { input: x }, dy) {
    const of = repeatedPlaces(x.shape, alpha.shape);
    return {
      input_gradient: tensor(x.shape, dy.data.map((value, k) => value * (x.data[k] > 0 ? 1 : alpha.data[of[k]]))),
      parameter_gradients: { alpha: sumsAt(of, alpha, (k) => (x.data[k] > 0 ? 0 : dy.data[k] * x.data[k])) },
    };
  },
};
