"use strict";
// The library's losses for one example: value, and the gradient with respect to what the loss takes. See losses.py.

const LOSSES = {
  categorical_crossentropy: crossEntropy,
  sparse_categorical_crossentropy: crossEntropy,
  mean_squared_error: squaredError,
};

// The function for a loss's facts, or null for one of the user's own.
const lossOf = (facts) => (facts && !facts.own && LOSSES[facts.name]) || null;

// y: the targets, of the shape of the output. logits: whether `given` are logits before a softmax.
function crossEntropy(y, given, logits, epsilon) {
  const n = given.shape.at(-1),
    rows = given.data.length / n,
    gradient = zerosLike(given, given.shape);
  let value = 0;
  for (let start = 0; start < given.data.length; start += n) {
    const truth = Array.from(y.data.subarray(start, start + n)),
      z = Array.from(given.data.subarray(start, start + n));
    const one = logits ? fromLogits(truth, z) : fromProbabilities(truth, z, epsilon);
    value += one.value / rows;
    one.gradient.forEach((g, k) => {
      gradient.data[start + k] = g / rows;
    });
  }
  return { value, gradient };
}

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

function squaredError(y, given) {
  const n = given.data.length;
  let value = 0;
  given.data.forEach((one, k) => {
    value += (one - y.data[k]) ** 2 / n;
  });
  return {
    value,
    gradient: tensor(
      given.shape,
      given.data.map((one, k) => (one - y.data[k]) * (2 / n)),
    ),
  };
}
