"use strict";
// Dense: each unit is a weighted sum of all inputs.

function densePanel(layer, index) {
  const run = page.runs[index],
    units = layer.config.units,
    inner = layer.input_shape.at(-1);
  const rows = product(layer.input_shape) / inner; // one, unless the layer works along the last axis of images
  const view = viewOf(layer.name, {
    unit: argmax(Array.from(run.output.data.subarray(0, units))),
    row: 0,
    selection: { type: "unit" },
  });
  const panel = { layer, index, run, view, units, inner, rows, figures: {} };
  panel.read = (selection) => (selection.type === "unit" ? readUnit(panel) : readInput(panel, selection));
  panel.mark = (selection) => markDense(panel, selection);
  panel.box = readingBox(panel);
  const figures = denseFigures(panel);
  panel.refresh = () => {
    Object.values(panel.figures).forEach((figure) => figure.refresh());
    panel.box.again();
  };
  const pick = (text, key, limit) =>
    numberInput(text, key, limit, view[key], (value) => {
      view[key] = value;
      panel.refresh();
    });
  panel.node = framed(
    layer,
    `y = ${layer.activation}(x @ kernel + bias); the kernel is ${whole(inner)} by ${units}.${denseNote(layer)}`,
    panel.box,
    make("div", { className: "row" }, pick("Unit", "unit", units), rows > 1 ? pick("Position", "row", rows) : ""),
    ...figures,
  );
  panel.box.again();
  return panel;
}

function denseNote(layer) {
  const entry = page.facts.tensors[`${layer.name}/parameters/kernel`];
  if (entry.left_out) return " The kernel was left out of this page, for its size.";
  return entry.scale
    ? ` The page holds the kernel in 7 bits: each weight is wrong by at most ${shown(entry.error)}, the largest being ${shown(entry.largest)}.`
    : "";
}

function denseFigures(panel) {
  const { layer, run, view, units, inner, rows } = panel,
    { kernel } = layer.parameters,
    { figures } = panel;
  const part = (x, size) => () => tensor([size], x.data.subarray(view.row * size, (view.row + 1) * size));
  const column = (k) => () =>
    tensor(
      [inner],
      Array.from({ length: inner }, (_, d) => k.data[d * units + view.unit]),
    );
  const add = (id, of, title, note, type) => {
    const select = (n) => (type === "unit" ? { type, unit: n } : { type, d: n });
    const act = (how) => (n, r, c, spoken) => {
      if (type === "unit") chooseUnit(panel, n);
      panel.box[how](select(n), spoken);
    };
    figures[id] = mapFigure({
      id,
      of,
      channel: () => 0,
      title: () => title().replace("§", layer.name),
      note: () => note,
      point: type === "unit" ? (n, r, c, spoken) => spoken && act("point")(n, r, c, spoken) : act("point"),
      pin: act("pin"),
    });
  };
  const products = () =>
    tensor(
      [inner],
      Array.from(part(run.input, inner)().data, (x, d) => x * kernel.data[d * units + view.unit]),
    );
  add("image", part(run.input, inner), () => "input of §", "", "input");
  if (kernel) {
    add("kernel", column(kernel), () => `kernel of §, to unit ${view.unit}`, "In the order of the input.", "input");
    add(
      "products",
      products,
      () => `input × kernel of §, unit ${view.unit}`,
      "What each input adds to the pre-activation.",
      "input",
    );
  }
  add(
    "pre_activation",
    part(run.pre_activation, units),
    () => "pre-activation of §",
    "Click a unit to choose it.",
    "unit",
  );
  add(
    "output",
    part(run.output, units),
    () => `output of §${activationText(layer)}`,
    "Click a unit to choose it.",
    "unit",
  );
  const forwardOnes = Object.keys(figures);
  if (run.output_gradient) denseGradients(panel, add, part, column);
  const shownOnes = (names) => make("div", { className: "figures" }, ...names.map((name) => figures[name].node));
  const back = Object.keys(figures).filter((name) => !forwardOnes.includes(name));
  return [
    make("h3", {}, "Forward"),
    shownOnes(forwardOnes),
    ...(back.length ? [make("h3", {}, "Backward: dkernel = x.T @ dz, dx = dz @ kernel.T"), shownOnes(back)] : []),
  ];
}

// Where dL/d output is from: the last layer's is from the loss.
function comesBack(layer) {
  if (layer.name !== page.layers.at(-1).name) return "What comes back from the layer after.";
  return mergesSoftmax(page.layers, page.loss)
    ? "From the loss, which divides the outputs by their sum before it takes −log: 1/Σp − t/p."
    : "From the loss.";
}

function denseGradients(panel, add, part, column) {
  const { run, view, units, inner, layer } = panel;
  add(
    "doutput",
    part(run.output_gradient, units),
    () => "dL/d output of §",
    comesBack(layer),
    "unit",
  );
  add(
    "dpre_activation",
    part(run.pre_activation_gradient, units),
    () => "dL/d pre-activation of § (dz)",
    layer.activation === "relu" ? "0 where the ReLU is inactive." : "",
    "unit",
  );
  const dkernel = run.parameter_gradients.kernel;
  if (dkernel) add("dkernel", column(dkernel), () => `dL/d kernel of §, to unit ${view.unit}`, "Input × dz.", "input");
  add("dimage", part(run.input_gradient, inner), () => "dL/d input of §", "", "input");
}

function chooseUnit(panel, unit) {
  if (panel.view.unit === unit) return;
  panel.view.unit = unit;
  document.getElementById("unit").value = unit;
  Object.values(panel.figures).forEach((figure) => figure.refresh());
}

function readUnit(panel) {
  const { layer, run, view, units, inner } = panel,
    { kernel, bias } = layer.parameters,
    n = view.row * units + view.unit;
  const output = run.output.data[n],
    z = run.pre_activation.data[n],
    title = `Unit ${view.unit} of ${layer.name} = ${shown(output)}`;
  const lines = run.pre_activation_gradient
    ? [`dL/d output ${shown(run.output_gradient.data[n])}, dL/d pre-activation ${shown(run.pre_activation_gradient.data[n])}.`]
    : [];
  if (layer.activation === "relu" && z <= 0)
    lines.push("The ReLU is inactive here: its output is 0, and no gradient goes through it.");
  const traced = fromTrace(layer, "output", `0, ${indexText(layer.output_shape, n)}`, output);
  if (!kernel) return { title, lines: [`Pre-activation ${shown(z)}.`, ...lines], code: ["dense"], snippet: traced };
  const x = run.input.data.subarray(view.row * inner, (view.row + 1) * inner),
    b = bias ? bias.data[view.unit] : 0;
  const weights = Array.from({ length: inner }, (_, d) => kernel.data[d * units + view.unit]);
  const terms = weights.map((weight, d) => [d, x[d], weight, x[d] * weight]).filter((term) => term[3] !== 0);
  const sum = terms.reduce((total, term) => total + term[3], 0),
    largestOnes = [...terms].sort((p, q) => Math.abs(q[3]) - Math.abs(p[3]));
  const rounded = page.facts.tensors[`${layer.name}/parameters/kernel`].scale;
  return {
    title,
    lines: [
      `${whole(terms.length)} of ${count(inner, "product is", "products are")} not 0. The sum ${shown(sum)} ` +
        `+ bias ${shown(b)} = ${rounded ? `${shown(sum + b)}, with the kernel in 7 bits; ` : ""}` +
        `${rounded && page.traced ? "numpycnn, with all of it, has the " : ""}pre-activation ${shown(z)}; ` +
        `${layer.activation === "linear" ? "that is the output" : `${layer.activation} gives ${shown(output)}`}.`,
      ...lines,
    ],
    terms: {
      heads: ["input", "value", "weight", "product"],
      rows: largestOnes.slice(0, 200).map(([d, ...rest]) => [placeOf(panel.index, d), ...rest.map(shown)]),
    },
    check: bias ? gradientCheck(panel.index, "bias", view.unit) : null,
    code: ["dense", layer.activation],
    snippet:
      (!rounded &&
        sumOfProducts({
          a: x,
          b: weights,
          aText: "the input, where it is not 0",
          bText: `the weights to unit ${view.unit}`,
          bias: b,
          activation: layer.activation,
          result: output,
        })) ||
      traced,
  };
}

// Where an input of a layer stands in the image that was flattened before it: "3327: row 4, column 3, channel 63".
function placeOf(index, d) {
  const sources = page.structure ? sourcesIn(page.structure) : [];
  let k = sources[index] ?? null;
  while (k !== null && isPlaceByPlace(page.layers[k])) k = sources[k];
  const flatten = page.layers[k];
  if (!flatten || flatten.kind !== "Flatten" || flatten.input_shape.length !== 3) return String(d);
  const [, cols, channels] = isFirst(flatten) ? [...flatten.input_shape.slice(1), flatten.input_shape[0]] : flatten.input_shape;
  const pixel = Math.floor(d / channels);
  return `${d}: row ${Math.floor(pixel / cols)}, column ${pixel % cols}, channel ${d % channels}`;
}

function readInput(panel, { d }) {
  const { layer, run, view, units, inner, index } = panel,
    { kernel } = layer.parameters,
    n = view.row * inner + d;
  const at = d * units + view.unit,
    gradient = run.parameter_gradients && run.parameter_gradients.kernel;
  const lines = [];
  if (kernel)
    lines.push(
      `× weight ${shown(kernel.data[at])} to unit ${view.unit} = ${shown(run.input.data[n] * kernel.data[at])}.`,
    );
  if (run.pre_activation_gradient) {
    lines.push(
      `dL/d weight = ${shown(run.input.data[n])} × dz ${shown(run.pre_activation_gradient.data[view.row * units + view.unit])}` +
        `${gradient ? ` = ${shown(gradient.data[at])}` : ""}${panel.rows > 1 ? ", summed over the positions" : ""}; dL/d input = ` +
        `${shown(run.input_gradient.data[n])}, summed over the ${count(units, "unit")}.`,
    );
  }
  return {
    title: `Input ${placeOf(index, d)} of ${layer.name} = ${shown(run.input.data[n])}`,
    lines,
    check: [gradientCheck(index, "kernel", at), gradientCheck(index, null, n)],
    code: ["dense", "dense_backward", "dense_backward_input"],
    snippet: fromTrace(layer, "input", `0, ${indexText(layer.input_shape, n)}`, run.input.data[n]),
  };
}

function markDense({ figures, view, units, inner }, selection) {
  for (const [name, figure] of Object.entries(figures)) {
    const unit = ["pre_activation", "output", "doutput", "dpre_activation"].includes(name),
      n = unit ? view.unit : selection.d;
    const cols = imagesOf([unit ? units : inner], false).cols;
    figure.draw(n === undefined ? [] : [{ row: Math.floor(n / cols), col: n % cols }]);
  }
}
