"use strict";
// The whole network in JavaScript: forward, loss and backward of one example, and derivatives by differences.
// Its structure, as structure.py has it: a number is a layer, a list a chain, and {branches, layer} chains that read the
// same input, with the layer that merges their outputs.

// x through the network: a run for each layer. drawn: by layer name, what layers draw in training; or null.
// changed: {layer, input}, the number of a layer that reads that input instead.
function forward(network, x, drawn, changed = {}) {
  const runs = [];
  const pass = (part, given) => {
    if (Array.isArray(part)) return part.reduce((value, one) => pass(one, value), given);
    const index = part.branches ? part.layer : part,
      layer = network.layers[index],
      input = changed.layer === index ? changed.input : given;
    const found = part.branches
      ? merged(layer, part.branches.map((branch) => pass(branch, input)))
      : LAYERS[layer.kind].forward(layer, input, drawn && drawn[layer.name], drawn !== null);
    runs[index] = { input, ...found };
    return found.output;
  };
  pass(network.structure, x);
  return runs;
}

// For each layer the gradients of its output, of what is inside, and of its input, where dy is that of the last output.
function gradients(network, runs, dy) {
  const found = [];
  const pass = (part, given) => {
    if (Array.isArray(part)) return part.reduceRight((gradient, one) => pass(one, gradient), given);
    const index = part.branches ? part.layer : part,
      layer = network.layers[index],
      own = plus(given, penaltyGradient(layer, runs[index].output));
    const back = part.branches
      ? added(divided(layer, runs[index], own).map((one, k) => pass(part.branches[k], one)))
      : LAYERS[layer.kind].backward(layer, runs[index], own);
    found[index] = { output_gradient: own, ...back };
    return back.input_gradient;
  };
  pass(network.structure, dy);
  return found;
}

// By a layer's number that of the layer whose output it reads, or null for the network's input.
function sourcesIn(structure) {
  const found = [];
  const pass = (part, source) => {
    if (Array.isArray(part)) return part.reduce((before, one) => pass(one, before), source);
    const index = part.branches ? part.layer : part;
    found[index] = source;
    if (part.branches) part.branches.forEach((branch) => pass(branch, source));
    return index;
  };
  pass(structure, null);
  return found;
}

// ------------------------------------------------------------ branches

const plus = (a, b) => (b ? tensor(a.shape, a.data.map((value, k) => value + b.data[k])) : a);

// What comes back through the branches, and its sum.
const added = (parts) => ({ parts, input_gradient: parts.reduce(plus) });

// How many neighbouring numbers each branch contributes to a row of the concatenated output.
const widthsOf = (axis, outputs) => outputs.map((one) => product(one.shape.slice(axis)));

function merged({ config: { merge, axis }, output_shape }, outputs) {
  if (merge === "add") return { outputs, output: outputs.reduce(plus) };
  return { outputs, output: tensor(output_shape, sideBySide(outputs, widthsOf(axis, outputs)).data) };
}

// The gradient of each branch's output.
function divided({ config: { merge, axis } }, { outputs }, dy) {
  if (merge === "add") return outputs.map(() => dy);
  return apart(dy, widthsOf(axis, outputs)).map((part, k) => tensor(outputs[k].shape, part.data));
}

// ------------------------------------------------------------ penalties of outputs: l1 * sum |y| + l2 * sum y^2

const penaltyValue = ({ penalty }, y) =>
  penalty ? y.data.reduce((sum, value) => sum + penalty.l1 * Math.abs(value) + penalty.l2 * value * value, 0) : 0;

const penaltyGradient = ({ penalty }, y) =>
  penalty && mapped(y, (value) => penalty.l1 * Math.sign(value) + 2 * penalty.l2 * value);

// ------------------------------------------------------------ the loss

// Whether training moves the last activation into the loss, and whether that is a softmax.
function mergesLast(layers, loss) {
  const last = layers.at(-1);
  return Boolean(lossOf(loss)) && last.activation === LINKS[loss.name] && !last.penalty && !loss.from_logits;
}

const mergesSoftmax = (layers, loss) => mergesLast(layers, loss) && layers.at(-1).activation === "softmax";

// What the last activation was applied to; of a layer that has none, the output.
function logitsOfLast(layers, run) {
  const last = layers.at(-1);
  if (run.pre_activation) return fromLast(run.pre_activation, isFirst(last));
  return LAYERS[last.kind] === ACTIVATION ? run.input : run.output;
}

// The loss of the last layer's run, and its gradient with respect to the logits (merged) or to the output.
function lossAt(layers, facts, run, y, epsilon) {
  const merges = mergesLast(layers, facts);
  const given = merges ? logitsOfLast(layers, run) : run.output;
  return { merges, ...lossOf(facts)(y, given, merges || facts.from_logits, epsilon, facts.settings) };
}

// The network up to its logits.
const logitsOf = ({ structure, layers }) => ({ structure, layers: [...layers.slice(0, -1), withoutActivation(layers.at(-1))] });

// Fills the runs with their gradients. Returns the loss.
function backward(network, facts, runs, y, epsilon) {
  const { merges, value, gradient } = lossAt(network.layers, facts, runs.at(-1), y, epsilon);
  gradients(merges ? logitsOf(network) : network, runs, gradient).forEach((own, k) => Object.assign(runs[k], own));
  if (merges) runs.at(-1).output_gradient = lossOf(facts)(y, runs.at(-1).output, false, epsilon, facts.settings).gradient;
  return value;
}

// What each value of a layer's output adds to one logit of the last layer: output times that logit's derivative.
function contributions(network, runs, answer) {
  const { output } = runs.at(-1),
    dy = zerosLike(output, output.shape),
    layers = network.layers.map((layer) => ({ ...layer, penalty: null })),
    all = { structure: network.structure, layers };
  dy.data[answer] = 1;
  const halved = logitsOfLast(layers, runs.at(-1)).data.length !== output.data.length; // has no logit for each output
  return gradients(halved ? all : logitsOf(all), runs, dy).map(({ output_gradient: { shape: own, data } }, k) =>
    tensor(own, data.map((value, n) => value * runs[k].output.data[n])),
  );
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
  const input = inDouble(page.own[layer].input);
  (key === null ? input : layers[layer].parameters[key]).data[index] += shift;
  const runs = forward({ layers, structure: page.structure }, inDouble(page.x), page.kept, { layer, input });
  const penalties = layers.reduce((sum, one, k) => sum + penaltyValue(one, runs[k].output), 0);
  return lossAt(layers, page.loss, runs.at(-1), inDouble(page.target), page.epsilon).value + penalties;
}

const inDoubles = (parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, inDouble(value)]));
