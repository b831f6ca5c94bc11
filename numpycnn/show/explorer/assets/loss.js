"use strict";
// The library's losses for one example: value, and the gradient with respect to what the loss takes. See losses/.

// ------------------------------------------------------------ of a row: the numbers along the last axis

function fromLogits(y, z) {
  const top = Math.max(...z),
    e = z.map((value) => Math.exp(value - top)),
    sum = e.reduce((a, b) => a + b, 0);
  const value = -y.reduce((total, target, k) => total + (target ? target * (z[k] - top - Math.log(sum)) : 0), 0);
  return { value, gradient: e.map((one, k) => one / sum - y[k]) };
}

function fromProbabilities(y, p, epsilon) {
  const sum = p.reduce((a, b) => a + b, 0),
    q = p.map((one) => one / sum);
  const clipped = q.map((one) => Math.min(Math.max(one, epsilon), 1 - epsilon));
  const dq = q.map((one, k) => (one === clipped[k] ? -y[k] / one : 0));
  const inner = dq.reduce((total, one, k) => total + one * q[k], 0);
  const value = -y.reduce((total, target, k) => total + (target ? target * Math.log(clipped[k]) : 0), 0);
  return { value, gradient: dq.map((one) => (one - inner) / sum) };
}

// Both are clipped; where that clips p, the gradient is 0.
function divergence(y, p, { epsilon }) {
  const clipped = (row) => row.map((one) => bounded(one, epsilon, 1)),
    [t, q] = [clipped(y), clipped(p)];
  const value = total(t.map((one, k) => one * Math.log(one / q[k])));
  return { value, gradient: p.map((one, k) => (one === q[k] ? -t[k] / one : 0)) };
}

// How far the largest other score is above that of the true class, less the margin of 1.
function marginOfClasses(y, p) {
  const others = p.map((one, k) => (1 - y[k]) * one),
    most = argmax(others),
    value = Math.max(others[most] - inner(y, p) + 1, 0);
  return { value, gradient: p.map((_, k) => (value > 0 ? Number(k === most) * (1 - y[k]) - y[k] : 0)) };
}

function cosine(y, p, { epsilon }) {
  const length = (row) => Math.sqrt(inner(row, row)),
    unit = (row) => row.map((one) => one / Math.max(length(row), epsilon)),
    [u, v, size] = [unit(y), unit(p), length(p)];
  const along = size > epsilon ? inner(u, v) : 0;
  return { value: -inner(u, v), gradient: u.map((one, k) => (along * v[k] - one) / Math.max(size, epsilon)) };
}

// ------------------------------------------------------------ of each number, with the mean over the row

const logRatio = (y, p, epsilon) => Math.log1p(Math.max(p, epsilon)) - Math.log1p(Math.max(y, epsilon));
const lacking = (y, p) => Math.max(1 - y * p, 0);

function yesOrNo(y, p, { logits, epsilon }) {
  const q = bounded(p, epsilon, 1 - epsilon),
    [yes, no] = logits ? [softPositive(-p), softPositive(p)] : [-Math.log(q), -Math.log(1 - q)];
  return (y && y * yes) + (y === 1 ? 0 : (1 - y) * no);
}

function yesOrNoSlope(y, p, { logits, epsilon }) {
  if (logits) return (1 - y) * logistic(p) - y * logistic(-p);
  return p === bounded(p, epsilon, 1 - epsilon) ? (1 - y) / (1 - p) - y / p : 0;
}

function huberValue(y, p, { delta }) {
  const size = Math.abs(p - y),
    c = Math.min(size, delta);
  return c * (size - c / 2);
}

// For each name the value of a target y and a prediction p, and its derivative by p.
const MEANS = {
  binary_crossentropy: [yesOrNo, yesOrNoSlope],
  hinge: [lacking, (y, p) => (lacking(y, p) > 0 ? -y : 0)],
  huber: [huberValue, (y, p, { delta }) => bounded(p - y, -delta, delta)],
  log_cosh: [
    (y, p) => Math.abs(p - y) + Math.log1p(Math.exp(-2 * Math.abs(p - y))) - Math.LN2,
    (y, p) => Math.tanh(p - y),
  ],
  mean_absolute_error: [(y, p) => Math.abs(p - y), (y, p) => Math.sign(p - y)],
  mean_absolute_percentage_error: [
    (y, p, { epsilon }) => (100 * Math.abs(p - y)) / Math.max(Math.abs(y), epsilon),
    (y, p, { epsilon }) => (100 * Math.sign(p - y)) / Math.max(Math.abs(y), epsilon),
  ],
  mean_squared_logarithmic_error: [
    (y, p, { epsilon }) => logRatio(y, p, epsilon) ** 2,
    (y, p, { epsilon }) => (p > epsilon ? (2 * logRatio(y, p, epsilon)) / (1 + p) : 0),
  ],
  poisson: [(y, p, { epsilon }) => p - y * Math.log(p + epsilon), (y, p, { epsilon }) => 1 - y / (p + epsilon)],
  squared_hinge: [(y, p) => lacking(y, p) ** 2, (y, p) => -2 * y * lacking(y, p)],
};

const meanOf = ([value, slope]) => (y, p, settings) => ({
  value: total(p.map((one, k) => value(y[k], one, settings))) / p.length,
  gradient: p.map((one, k) => slope(y[k], one, settings) / p.length),
});

// ------------------------------------------------------------ of an example: the mean over its rows

// y: the targets, of the shape of the output. logits: whether `given` are logits before a softmax or sigmoid.
const overRows = (row) => (y, given, logits, epsilon, settings = {}) => {
  const n = given.shape.at(-1),
    rows = given.data.length / n,
    gradient = zerosLike(given, given.shape);
  let value = 0;
  for (let start = 0; start < given.data.length; start += n) {
    const [truth, own] = [y, given].map((x) => Array.from(x.data.subarray(start, start + n))),
      one = row(truth, own, { ...settings, logits, epsilon });
    value += one.value / rows;
    one.gradient.forEach((g, k) => {
      gradient.data[start + k] = g / rows;
    });
  }
  return { value, gradient };
};

const crossEntropy = overRows((y, given, { logits, epsilon }) => (logits ? fromLogits(y, given) : fromProbabilities(y, given, epsilon)));
const squaredError = overRows(meanOf([(y, p) => (p - y) ** 2, (y, p) => 2 * (p - y)]));

const LOSSES = {
  categorical_crossentropy: crossEntropy,
  sparse_categorical_crossentropy: crossEntropy,
  mean_squared_error: squaredError,
  categorical_hinge: overRows(marginOfClasses),
  cosine_similarity: overRows(cosine),
  kl_divergence: overRows(divergence),
  ...Object.fromEntries(Object.entries(MEANS).map(([name, pair]) => [name, overRows(meanOf(pair))])),
};

// The function for a loss's facts, or null for one of the user's own.
const lossOf = (facts) => (facts && !facts.own && LOSSES[facts.name]) || null;

// The activation that training moves into the loss: their gradient together is p - y (training.make_objective).
const LINKS = { categorical_crossentropy: "softmax", sparse_categorical_crossentropy: "softmax", binary_crossentropy: "sigmoid" };

// ------------------------------------------------------------ targets

// Class k as the loss takes it: its labels smoothed, or -1 and 1.
function targetOf(k, facts, like) {
  const y = zerosLike(like, like.shape);
  y.data[k] = 1;
  if (/hinge$/.test(facts.name) && facts.name !== "categorical_hinge") return mapped(y, (one) => 2 * one - 1);
  const share = facts.settings.label_smoothing || 0,
    classes = facts.name === "binary_crossentropy" ? 2 : y.shape.at(-1);
  return share ? mapped(y, (one) => one * (1 - share) + share / classes) : y;
}
