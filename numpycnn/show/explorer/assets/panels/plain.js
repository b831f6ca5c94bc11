"use strict";
// The general panel: a layer's input, what is inside, output, parameters and all gradients, with what it computes in a line.

const MOST_SHOWN = 20_000; // numbers of a parameter

const isGradient = (name) => name.endsWith("_gradient");
const withoutGradient = (name) => name.replace(/_gradient$/, "");

function elementPanel(layer, index, text) {
  const run = page.runs[index],
    parts = tensorsOf(layer, run),
    tensors = Object.assign({}, ...Object.values(parts));
  const { channel, n } = strongest(layer, index, run),
    view = viewOf(layer.name, { channel, selection: { name: "output", n } });
  if (!tensors[view.selection.name]) view.selection = { name: "output", n };
  const panel = { layer, index, run, view, tensors, figures: {} };
  panel.read = (selection) => readElement(panel, selection);
  panel.mark = (selection) => markElement(panel, selection);
  panel.box = readingBox(panel);
  for (const name of Object.keys(tensors)) panel.figures[name] = elementFigure(panel, name);
  panel.refresh = () => {
    Object.values(panel.figures).forEach((figure) => figure.refresh());
    panel.box.again();
  };
  panel.node = framed(layer, text, panel.box, channelsChoice(panel), ...elementParts(panel, parts));
  panel.box.again();
  return panel;
}

// What there is to show, in three parts, each by name in the order in which it is computed.
function tensorsOf(layer, run) {
  const chosen = (names) => Object.fromEntries(names.filter((name) => run[name]).map((name) => [name, run[name]]));
  const parameters = Object.entries(layer.parameters).filter(([, x]) => x.data.length <= MOST_SHOWN);
  const withGradients = parameters.flatMap(([key, x]) => [[key, x], [`${key}_gradient`, (run.parameter_gradients || {})[key]]]);
  return {
    forward: chosen(["input", ...(layer.known ? INSIDE : []), "output"]),
    backward: run.output_gradient ? chosen(layer.known ? GRADIENTS : ["output_gradient", "input_gradient"]) : {},
    parameters: layer.known ? Object.fromEntries(withGradients.filter(([, x]) => x)) : {},
  };
}

function elementParts(panel, { forward: first, backward: back, parameters }) {
  const part = (title, some) => {
    const figures = Object.keys(some).map((name) => panel.figures[name].node);
    return figures.length ? [title && make("h3", {}, title), make("div", { className: "figures" }, ...figures)] : [];
  };
  return [...part("", first), ...part("Backward", back), ...part("Parameters", parameters)].filter((node) => node);
}

function channelsChoice(panel) {
  const { view } = panel,
    channels = Math.max(...Object.keys(panel.tensors).map((name) => lookOf(panel, name).channels));
  if (channels === 1) return "";
  return numberInput("Channel", "channel", channels, view.channel, (value) => {
    view.channel = value;
    panel.refresh();
  });
}

// ------------------------------------------------------------ one figure

const CHANNELS_LAST = ["depthwise", "pre_activation", "winner"]; // in the trace, whatever the layer's data format

function isChannelsFirst({ layer }, name) {
  const what = withoutGradient(name);
  return layer.first && !layer.parameters[what] && !CHANNELS_LAST.includes(what) && !(layer.kind === "BatchNormalization" && what === "normalized");
}

const lookOf = (panel, name) => imagesOf(panel.tensors[name].shape, isChannelsFirst(panel, name));

const nameText = (name) => `${isGradient(name) ? "dL/d " : ""}${withoutGradient(name).replaceAll("_", " ")}`;

function elementFigure(panel, name) {
  const { layer, tensors, view } = panel,
    x = tensors[name],
    look = lookOf(panel, name);
  return mapFigure({
    id: isGradient(name) ? `d${withoutGradient(name)}` : name,
    of: () => x,
    first: isChannelsFirst(panel, name),
    channel: () => Math.min(view.channel, look.channels - 1),
    width: 300,
    height: 300,
    title: () =>
      `${nameText(name)} of ${layer.name}${look.channels > 1 ? `, channel ${Math.min(view.channel, look.channels - 1)}` : ""}`,
    note: () => (x.shape.length === 1 && look.rows > 1 ? `${whole(x.data.length)} values, in rows of ${look.cols}.` : ""),
    point: (n, r, c, spoken) => panel.box.point({ name, n }, spoken),
    pin: (n) => panel.box.pin({ name, n }),
  });
}

function markElement(panel, selection) {
  const linked = linksOf(panel, selection);
  for (const [name, figure] of Object.entries(panel.figures)) {
    const look = lookOf(panel, name),
      channel = Math.min(panel.view.channel, look.channels - 1),
      wanted = new Set(linked(name).map(([n]) => n)),
      marks = [];
    for (let p = 0; p < look.rows * look.cols; p++) {
      const [row, col] = [Math.floor(p / look.cols), p % look.cols];
      if (wanted.has(look.index(row, col, channel))) marks.push({ row, col });
    }
    figure.draw(marks);
  }
}

// ------------------------------------------------------------ which numbers belong to one another

// Of each other tensor the [index, weight] that the selected number belongs to: those of its own place; where a layer
// works place by place, the same everywhere; and where it adds up, or moves, what it is made of or becomes a part of.
function linksOf({ layer }, { name, n }) {
  const side = (other) => withoutGradient(other),
    ends = ["input", "output"];
  const sums = layer.known && LAYERS[layer.kind] === MAP ? mapLinks(layer, side(name), n) : [];
  return (other) => {
    if (side(other) === side(name) || (ends.includes(side(other)) && ends.includes(side(name)) && isPlaceByPlace(layer))) return [[n, 1]];
    if (["mask", "factor", "noise"].includes(side(other)) || ["mask", "factor", "noise"].includes(side(name))) return [[n, 1]];
    return ends.includes(side(other)) && ends.includes(side(name)) ? sums : [];
  };
}

const isPlaceByPlace = (layer) =>
  layer.known && [NOISE, RESCALING, PRELU, ACTIVATION, NORMALIZATION, BATCH_NORMALIZATION].includes(LAYERS[layer.kind]) && layer.settings.axis === undefined;

// The inputs that an output is the weighted sum of, or the outputs that an input is a part of.
function mapLinks(layer, side, n) {
  const [mine, theirs] = side === "output" ? [layer.output_shape, layer.input_shape] : [layer.input_shape, layer.output_shape],
    place = lastIndex(layer, mine, n),
    found = [];
  visitorOf(layer)(layer, (output, input, weight) => {
    const [own, other] = side === "output" ? [output, input] : [input, output];
    if (own === place && weight !== 0) found.push([ownIndex(layer, theirs, other), weight]);
  });
  return found;
}

// The index of a value where channels are last, and back.
function lastIndex(layer, shape, n) {
  if (!isFirst(layer) || shape.length < 2) return n;
  const pixels = product(shape.slice(1));
  return (n % pixels) * shape[0] + Math.floor(n / pixels);
}

function ownIndex(layer, shape, n) {
  if (!isFirst(layer) || shape.length < 2) return n;
  return (n % shape[0]) * product(shape.slice(1)) + Math.floor(n / shape[0]);
}

// ------------------------------------------------------------ what is said

function readElement(panel, selection) {
  const { layer, index, tensors } = panel,
    { name, n } = selection,
    value = tensors[name].data[n],
    linked = linksOf(panel, selection);
  const single = Object.keys(tensors).filter((other) => linked(other).length === 1 && linked(other)[0][1] === 1),
    numbersThere = single.map((other) => `${nameText(other)} ${shown(tensors[other].data[linked(other)[0][0]])}`),
    input = linked("input");
  return {
    title: `${nameText(name)} of ${layer.name} at (${indexText(tensors[name].shape, n)}) = ${shown(value)}`,
    lines: [`${numbersThere.join(", ")}.`, elementText(panel, linked), mergedText(panel, selection)].filter((line) => line),
    terms: sumTerms(panel, name, linked),
    check: layer.parameters[withoutGradient(name)]
      ? gradientCheck(index, withoutGradient(name), n)
      : input.length === 1 ? gradientCheck(index, null, input[0][0]) : null,
    code: elementCode(layer),
    snippet: dropoutSnippet(panel, name, n) || elementSnippet(panel, name, n, value),
  };
}

// Term by term what was added up, where it is more than one value.
function sumTerms({ tensors }, name, linked) {
  const source = { output: "input", input_gradient: "output_gradient" }[name],
    x = source && tensors[source],
    terms = x ? linked(source) : [];
  if (terms.length < 2) return null;
  return {
    heads: [`${nameText(source)} at`, "value", "weight", "product"],
    rows: terms.map(([n, weight]) => [`(${indexText(x.shape, n)})`, shown(x.data[n]), shown(weight), shown(weight * x.data[n])]),
  };
}

function elementText({ layer, tensors }, linked) {
  const at = (name) => tensors[name].data[linked(name)[0][0]];
  if (layer.kind === "Dropout" && at("mask") === 0) return "Dropped: the value and its gradient are 0.";
  if (layer.kind === "Dropout") return `y = x × ${shown(at("mask"))}, and dx = dy × the same.`;
  if (layer.activation === "relu" && linked("output").length && at("output") === 0)
    return "The ReLU is inactive: the gradient stops here.";
  return layer.kind === "Flatten" ? "The same numbers in one row; nothing is computed." : "";
}

// Of a layer that merges: what each branch gave, or gave back, to be added up.
function mergedText({ layer, run }, { name, n }) {
  const parts = name === "output" && layer.config.merge === "add" ? run.outputs : name === "input_gradient" ? run.parts : null;
  return parts ? `${nameText(name)} = ${parts.map((part) => shown(part.data[n])).join(" + ")}, of each branch one term.` : "";
}

function elementCode(layer) {
  if (layer.kind === "Dropout") return ["dropout", "dropout_scale"];
  return LAYERS[layer.kind] === ACTIVATION && layer.activation !== "linear"
    ? [layer.activation, `${layer.activation}_backward`]
    : [];
}

// The number out of a new trace, which has no layers that merge.
function elementSnippet({ layer, tensors }, name, n, value) {
  if (MERGING.includes(layer.kind)) return null;
  const what = withoutGradient(name),
    place = indexText(tensors[name].shape, n) || "()", // of a single number
    kind = isGradient(name) ? "_gradients" : "";
  if (layer.parameters[what]) return fromTrace(layer, `${kind ? "parameter_gradients" : "parameters"}["${what}"]`, place, value);
  const ofBatch = layer.kind === "BatchNormalization" && ["mean", "variance"].includes(what);
  const path = ["input", "output"].includes(what) ? name : `inside${kind}["${what}"]`;
  return fromTrace(layer, path, ofBatch ? place : `0, ${place}`, value);
}

const MERGING = ["Branches", "Residual"];

function dropoutSnippet({ layer, run }, name, n) {
  if (layer.kind !== "Dropout" || name !== "output") return null;
  return [
    "import numpy as np",
    `x = ${numbers([run.input.data[n]])}`,
    `mask = ${numbers([run.mask.data[n]])}  # 0, or 1/(1 - rate)`,
    `print((x * mask)[0])  # the page shows ${literal(run.output.data[n])}`,
  ];
}

const plainPanel = (layer, index) => elementPanel(layer, index, layerFormula(layer, page.runs[index]));
