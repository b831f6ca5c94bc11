"use strict";
// What the page shows now: one example, its target, and for each layer its tensors, traced or computed here.

const page = {
  facts: null,
  tensors: null,
  layers: [],
  structure: null, // of them; see network.js
  loss: null,
  epsilon: 0,
  x: null,
  target: null,
  kept: null,
  label: "",
  number: null, // of the example, or null for a drawing
  traced: true,
  runs: [],
  own: [],
  value: null,
  contributions: [],
  answer: 0,
  differences: [],
  otherWinners: 0, // of a maximum among equals, where rounding decides
  selected: 0,
  live: false, // whether a running process can be asked
  tracedKept: null, // the masks that the library traced with
};

const INSIDE = [
  ...["depthwise", "pre_activation", "winner", "mask", "factor", "noise"],
  ...["mean", "std", "variance", "inverse_std", "normalized"],
];
const GRADIENTS = ["output", "normalized", "pre_activation", "depthwise", "patches", "input"].map((name) => `${name}_gradient`);
const TRACED = ["output", ...INSIDE, ...GRADIENTS];

function setUp(facts, tensors) {
  Object.assign(page, { facts, tensors, loss: facts.loss, epsilon: facts.epsilon, live: Boolean(facts.live) });
  let first = facts.layers.map((layer) => layer.config.data_format).find((format) => format) === "channels_first";
  page.inputFirst = first;
  page.layers = facts.layers.map((layer) => {
    if (layer.config.data_format) first = isFirst(layer);
    return { ...layer, parameters: parametersOf(layer, tensors), first };
  });
  page.structure = facts.structure;
  page.computable = facts.structure !== null && page.layers.every(
    (layer, k) => layer.known && facts.layers[k].parameters.every((key) => layer.parameters[key]),
  );
  page.kept = page.tracedKept = facts.training ? libraryMasks() : null;
  page.drawnKept = false;
  showTrace();
}

// Go back to the example that the library traced: in a live page, to the last one that was no drawing.
function showTraced() {
  if (page.live && page.facts.label) askForExample(page.facts.example);
  else showTrace();
}

function showTrace() {
  const { facts, tensors } = page,
    { numbers, labels } = facts.examples;
  const label = labels ? `, true class ${labels[numbers.indexOf(facts.example)]}` : "";
  show(tensors.input, tensors.targets || null, facts.label || `example ${facts.example}${label}`, tracedNumber());
}

// Of the example that was traced last; null where it was a drawing.
const tracedNumber = () => (page.facts.wanted ? page.facts.wanted.number : page.facts.example);

function show(x, target, label, number = null) {
  Object.assign(page, { x, target, label, number });
  recompute();
}

// Whether what is shown is what the library traced, to the letter.
const asTraced = () =>
  page.x === page.tensors.input && page.target === (page.tensors.targets || null) && page.kept === page.tracedKept;

function recompute() {
  page.traced = asTraced();
  if (page.live) askForShown();
  if (page.live && !page.traced && !page.computable) return; // until the answer is there
  page.runs = [];
  page.value = null;
  if (page.computable) compute();
  page.own = page.runs.map((run) => ({ ...run, parameter_gradients: { ...run.parameter_gradients } }));
  if (page.traced) overlay();
}

function compute() {
  page.runs = forward(page, page.x, page.kept);
  const last = page.runs.at(-1).output;
  page.answer = argmax(last.data);
  page.contributions = contributions(page, page.runs, page.answer);
  if (page.target && lossOf(page.loss)) {
    page.value = backward(page, page.loss, page.runs, page.target, page.epsilon);
  }
}

// Put the library's own numbers in the place of those computed here, and note by how much the two differ.
function overlay() {
  page.differences = [];
  page.otherWinners = 0;
  let input = page.tensors.input;
  page.layers.forEach((layer, k) => {
    const run = page.runs[k] || (page.runs[k] = {});
    for (const name of TRACED) replace(run, layer, name, `${layer.name}/${name}`, name);
    run.parameter_gradients = run.parameter_gradients || {};
    for (const key of Object.keys(layer.parameters)) {
      replace(run.parameter_gradients, layer, key, `${layer.name}/parameter_gradients/${key}`, `gradient of ${key}`);
    }
    run.input = page.tensors[`${layer.name}/input`] || input || run.input;
    if (layer.kind === "Dense" && !page.tensors[`${layer.name}/parameter_gradients/kernel`]) multiplyOut(layer, run);
    if (layer.kind === "Conv2D" && isOneProduct(layer) && run.input) run.patches = im2col(toLast(run.input, isFirst(layer)), windowOf(layer));
    input = run.output;
  });
  if (page.tensors.losses) page.value = page.tensors.losses.data[0];
  page.answer = argmax(page.runs.at(-1).output.data);
}

// The gradient of a kernel too large to be written: the product of the traced input and the traced dz.
function multiplyOut(layer, run) {
  if (!run.input || !run.pre_activation_gradient) return;
  const [inner, units] = [layer.input_shape.at(-1), layer.config.units];
  run.parameter_gradients.kernel = transposedTimes(run.input, run.pre_activation_gradient, inner, units);
}

function replace(run, layer, key, name, text) {
  const traced = page.tensors[name];
  if (!traced) return;
  if (run[key] && key === "winner") {
    page.otherWinners += run[key].data.filter((tap, k) => tap !== traced.data[k]).length; // which tap, not how much
  } else if (run[key]) {
    page.differences.push({
      name: layer.name,
      text,
      difference: largestDifference(run[key], traced),
      of: largest(traced),
    });
  }
  run[key] = traced;
}

// What layers draw in training, such as the units that dropout keeps: in the library's next step, or here.
function libraryMasks() {
  return Object.fromEntries(
    page.layers
      .filter((layer) => page.tensors[`${layer.name}/kept`])
      .map((layer) => [layer.name, page.tensors[`${layer.name}/kept`]]),
  );
}

function drawnMasks() {
  return Object.fromEntries(
    page.layers
      .filter((layer) => NOISES[layer.kind])
      .map((layer) => [layer.name, drawnNoise(layer)]),
  );
}

// Whether the page holds a kernel of the layer in 7 bits.
const isRounded = (layer) => Object.keys(layer.parameters).some((key) => (page.facts.tensors[`${layer.name}/parameters/${key}`] || {}).scale);

// ------------------------------------------------------------ how a tensor is looked at

// {rows, cols, channels, index(r, c, channel)}: an example's tensor as images, whatever its shape.
function imagesOf(shape, first) {
  if (shape.length === 3) {
    const [rows, cols, channels] = first ? [shape[1], shape[2], shape[0]] : shape;
    const index = first ? (r, c, k) => (k * rows + r) * cols + c : (r, c, k) => (r * cols + c) * channels + k;
    return { rows, cols, channels, index };
  }
  const n = product(shape),
    cols = shape.length > 1 ? shape.at(-1) : n <= 64 ? n : Math.ceil(Math.sqrt(n));
  return { rows: Math.ceil(n / cols), cols, channels: 1, index: (r, c) => r * cols + c };
}

const indexText = (shape, index) => {
  const parts = [];
  for (const size of [...shape].reverse()) {
    parts.unshift(index % size);
    index = Math.floor(index / size);
  }
  return parts.join(", ");
};
