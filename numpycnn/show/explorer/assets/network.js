"use strict";
// The whole network in JavaScript: forward, loss and backward of one example, and derivatives by differences.

// x through all layers from `first` on: a run for each. kept: by layer name, which units dropout keeps; or null.
function forward(layers, x, kept, first = 0) {
  const runs = [];
  for (const layer of layers.slice(first)) {
    runs.push({ input: x, ...LAYERS[layer.kind].forward(layer, x, kept && kept[layer.name]) });
    x = runs.at(-1).output;
  }
  return runs;
}

// Whether training moves the last softmax into the loss: their gradient together is p - y (training.make_objective).
function mergesSoftmax(layers, loss) {
  return layers.at(-1).activation === "softmax" && lossOf(loss) === crossEntropy && !loss.from_logits;
}

function logitsOfLast(layers, run) {
  return layers.at(-1).kind === "Conv2D" ? fromLast(run.pre_activation, isFirst(layers.at(-1))) : run.pre_activation || run.input;
}

// The loss of the last layer's run, and its gradient with respect to the logits (merged) or to the output.
function lossAt(layers, facts, run, y, epsilon) {
  const merged = mergesSoftmax(layers, facts);
  const given = merged ? logitsOfLast(layers, run) : run.output;
  return { merged, ...lossOf(facts)(y, given, merged || facts.from_logits, epsilon) };
}

// Fills the runs with their gradients. Returns the loss.
function backward(layers, facts, runs, y, epsilon) {
  const { merged, value, gradient } = lossAt(layers, facts, runs.at(-1), y, epsilon);
  let dy = gradient;
  for (let k = layers.length - 1; k >= 0; k--) {
    const logits = merged && k === layers.length - 1;
    const layer = logits ? { ...layers[k], activation: "linear" } : layers[k];
    runs[k].output_gradient = dy;
    Object.assign(runs[k], LAYERS[layer.kind].backward(layer, runs[k], dy));
    if (logits) runs[k].output_gradient = crossEntropy(y, runs[k].output, false, epsilon).gradient;
    dy = runs[k].input_gradient;
  }
  return value;
}

// What each value of a layer's output adds to one logit of the last layer: output times that logit's derivative.
function contributions(layers, runs, answer) {
  const last = layers.at(-1),
    linear = { ...last, activation: "linear" };
  let dy = zerosLike(runs.at(-1).output, runs.at(-1).output.shape);
  dy.data[answer] = 1;
  const found = [];
  for (let k = layers.length - 1; k >= 0; k--) {
    found[k] = tensor(
      dy.shape,
      dy.data.map((value, n) => value * runs[k].output.data[n]),
    );
    dy = LAYERS[layers[k].kind].backward(k === layers.length - 1 ? linear : layers[k], runs[k], dy).input_gradient;
  }
  return found;
}

// ------------------------------------------------------------ numeric check: of the page's own numbers, not of the traced

// dL/dvalue of one weight (layer, key, index), or of one value of a layer's input (key null), as this page computes it.
function ownGradient({ layer, key, index }) {
  const run = page.own[layer];
  return (key === null ? run.input_gradient : run.parameter_gradients[key]).data[index];
}

// The same by central differences, in double precision.
function numericGradient(what) {
  const { layer, key, index } = what,
    value = (key === null ? page.own[layer].input : page.layers[layer].parameters[key]).data[index];
  const step = 1e-4 * Math.max(1, Math.abs(value));
  return (lossShifted(what, step) - lossShifted(what, -step)) / (2 * step);
}

function lossShifted({ layer, key, index }, shift) {
  const layers = page.layers.map((one) => ({ ...one, parameters: inDoubles(one.parameters) }));
  const x = inDouble(page.own[layer].input);
  (key === null ? x : layers[layer].parameters[key]).data[index] += shift;
  const runs = forward(layers, x, page.kept, layer);
  return lossAt(layers, page.loss, runs.at(-1), inDouble(page.target), page.epsilon).value;
}

const inDoubles = (parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, inDouble(value)]));
