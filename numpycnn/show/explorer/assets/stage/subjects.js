"use strict";
// What the stage can show: the lessons, small networks in whole numbers, and the layers of this page's own network.

let lessons = []; // {title, layers, runs, target, loss, update, tensors}

// A lesson as the page's data has it, with its tensors read, as a network like the page's own.
function lessonOf(facts, tensors) {
  const layers = facts.layers.map((layer) => ({ ...layer, parameters: parametersOf(layer, tensors), first: false }));
  const runs = layers.map((layer) => tracedRun(layer, tensors));
  return { title: facts.title, layers, runs, tensors, target: tensors.targets, value: tensors.losses && tensors.losses.data[0],
    loss: facts.loss, batch: facts.batch, optimizer: facts.optimizer };
}

const parametersOf = (layer, tensors) =>
  Object.fromEntries(layer.parameters.map((key) => [key, tensors[`${layer.name}/parameters/${key}`]]).filter(([, x]) => x));

// All that was traced of a layer, by the names that the page's own runs have.
function tracedRun(layer, tensors) {
  const input = tensors[`${layer.name}/input`],
    run = { input, parameter_gradients: {} };
  for (const name of TRACED) if (tensors[`${layer.name}/${name}`]) run[name] = tensors[`${layer.name}/${name}`];
  for (const key of Object.keys(layer.parameters)) run.parameter_gradients[key] = tensors[`${layer.name}/parameter_gradients/${key}`];
  if (layer.kind === "Conv2D") run.patches = im2col(toLast(input, isFirst(layer)), windowOf(layer));
  return run;
}

// Each subject: {title, network, parts}, the parts being [layer, run] that its stories may be about.
function subjects() {
  const small = lessons.map((lesson) => ({
    title: lesson.title,
    small: true,
    network: lesson,
    parts: lesson.layers.map((layer, k) => [layer, lesson.runs[k]]),
    ends: true,
  }));
  const network = { layers: page.layers, runs: page.runs, tensors: page.tensors, target: page.target,
    value: page.value, loss: page.loss, optimizer: page.facts.optimizer };
  const own = page.layers.map((layer, k) => ({
    title: `${layer.name} of this network`,
    network,
    parts: page.runs[k] && page.runs[k].output ? [[layer, page.runs[k]]] : [],
    ends: k === page.layers.length - 1,
  }));
  const able = own.filter((subject) => storiesOf(subject).length);
  return [...small.slice(0, 1), ...able.slice(0, 1), ...small.slice(1), ...able.slice(1)];
}

// Layers that the page does not compute, but whose forward the stage tells from what was traced.
const TRACED_ONLY = ["AveragePooling2D", "DepthwiseConv2D", "Conv2DTranspose"];

// The subject's first layer of one of these kinds, and its run; null where it has none.
function partOf(subject, ...kinds) {
  const found = subject.parts.find(([layer, run]) => (layer.known || TRACED_ONLY.includes(layer.kind)) && kinds.includes(layer.kind) && run.input);
  if (!found) return null;
  const [layer, run] = found;
  const seen = layer.kind === "Conv2DTranspose" ? { ...layer, input_shape: layer.output_shape } : layer; // as its Conv2D
  return { layer, run, w: windowOf(seen), image: (name) => toLast(run[name], isFirst(layer)) };
}

// A convolution whose kernel is in the page.
function convolutionOf(subject) {
  const part = partOf(subject, "Conv2D");
  return part && part.layer.parameters.kernel && part.run.patches && part.run.pre_activation ? part : null;
}

const convolutionWithGradients = (subject) => {
  const part = convolutionOf(subject);
  return part && part.run.patches_gradient && part.run.parameter_gradients.kernel ? part : null;
};
