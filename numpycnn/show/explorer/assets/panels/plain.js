"use strict";
// Layers whose values each have one place: Dropout, Activation, Flatten, and any layer the page does not know.

function elementPanel(layer, index, names, text) {
  const run = page.runs[index];
  const { channel, n } = strongest(layer, index, run),
    view = viewOf(layer.name, { channel, selection: { name: "output", n } });
  const panel = { layer, index, run, view, figures: {} };
  const wanted = [...names, ...(run.output_gradient ? ["output_gradient", "input_gradient"] : [])].filter(
    (name) => run[name],
  );
  panel.read = (selection) => readElement(panel, wanted, selection);
  panel.mark = (selection) => markElement(panel, selection);
  panel.box = readingBox(panel);
  for (const name of wanted) panel.figures[name] = elementFigure(panel, name);
  const part = (some) => make("div", { className: "figures" }, ...some.map((name) => panel.figures[name].node));
  panel.refresh = () => {
    Object.values(panel.figures).forEach((figure) => figure.refresh());
    panel.box.again();
  };
  const channels = Math.max(...wanted.map((name) => imagesOf(run[name].shape, layer.first).channels));
  panel.node = framed(
    layer,
    text,
    panel.box,
    channels > 1
      ? numberInput("Channel", "channel", channels, view.channel, (value) => {
          view.channel = value;
          panel.refresh();
        })
      : "",
    part(names.filter((name) => run[name])),
    ...(run.output_gradient
      ? [make("h3", {}, "Backward"), part(wanted.filter((name) => name.endsWith("gradient")))]
      : []),
  );
  panel.box.again();
  return panel;
}

function elementFigure(panel, name) {
  const { layer, run, view } = panel,
    [what, gradient] = name.split("_");
  const look = imagesOf(run[name].shape, layer.first);
  return mapFigure({
    id: name.replace("_gradient", "") === name ? name : `d${what}`,
    of: () => run[name],
    first: layer.first,
    channel: () => Math.min(view.channel, look.channels - 1),
    width: 300,
    height: 300,
    title: () =>
      `${gradient ? "dL/d " : ""}${what} of ${layer.name}${look.channels > 1 ? `, channel ${view.channel}` : ""}`,
    note: () =>
      run[name].shape.length === 1 && look.rows > 1
        ? `${whole(run[name].data.length)} values, in rows of ${look.cols}.`
        : "",
    point: (n, r, c, spoken) => panel.box.point({ name, n }, spoken),
    pin: (n) => panel.box.pin({ name, n }),
  });
}

// Flatten's output is in the order rows, columns, channels: where an index of one side is on the other.
function otherIndex({ layer }, from, to, n) {
  if (layer.kind !== "Flatten") return n;
  const flat = (name) => name.startsWith("output"),
    [first, ...rest] = layer.input_shape;
  if (flat(from) === flat(to) || !isFirst(layer) || !rest.length) return n;
  const pixels = product(rest);
  return flat(from) ? (n % first) * pixels + Math.floor(n / first) : (n % pixels) * first + Math.floor(n / pixels);
}

function readElement(panel, wanted, { name, n }) {
  const { layer, run } = panel,
    at = (other) => otherIndex(panel, name, other, n),
    value = run[name].data[n];
  const text = (other) => other.replace(/(.*)_gradient/, "dL/d $1");
  // of a layer that the page does not know, nothing says which value of one side belongs to one of the other
  const side = (other) => other.split("_")[0],
    related = wanted.filter((other) => layer.known || side(other) === side(name));
  const parts = related.map((other) => `${text(other)} ${shown(run[other].data[at(other)])}`);
  const lines = [`${parts.join(", ")}.`, elementText(panel, at)].filter((line) => line);
  const paths = { mask: 'inside["mask"]' };
  return {
    title: `${text(name)} of ${layer.name} at (${indexText(run[name].shape, n)}) = ${shown(value)}`,
    lines,
    check: gradientCheck(panel.index, null, at("input")),
    code: elementCode(layer),
    snippet:
      dropoutSnippet(panel, name, n) ||
      fromTrace(layer, paths[name] || name, `0, ${indexText(run[name].shape, n)}`, value),
  };
}

function elementText({ layer, run }, at) {
  if (layer.kind === "Dropout" && run.mask.data[at("mask")] === 0) return "Dropped: the value and its gradient are 0.";
  if (layer.kind === "Dropout") return `y = x × ${shown(run.mask.data[at("mask")])}, and dx = dy × the same.`;
  if (layer.activation === "relu" && run.output.data[at("output")] === 0)
    return "The ReLU is inactive: the gradient stops here.";
  return layer.kind === "Flatten" ? "The same numbers in one row; nothing is computed." : "";
}

function elementCode(layer) {
  if (layer.kind === "Dropout") return ["dropout", "dropout_scale"];
  return layer.kind === "Activation" && layer.activation !== "linear"
    ? [layer.activation, `${layer.activation}_backward`]
    : [];
}

function dropoutSnippet({ layer, run }, name, n) {
  if (layer.kind !== "Dropout" || name !== "output") return null;
  return [
    "import numpy as np",
    `x = ${numbers([run.input.data[n]])}`,
    `mask = ${numbers([run.mask.data[n]])}  # 0, or 1/(1 - rate)`,
    `print((x * mask)[0])  # the page shows ${literal(run.output.data[n])}`,
  ];
}

function markElement(panel, { name, n }) {
  for (const [other, figure] of Object.entries(panel.figures)) {
    const tensor = panel.run[other],
      look = imagesOf(tensor.shape, panel.layer.first),
      k = otherIndex(panel, name, other, n);
    const channel = Math.min(panel.view.channel, look.channels - 1),
      marks = [];
    for (let p = 0; p < look.rows * look.cols; p++) {
      const [row, col] = [Math.floor(p / look.cols), p % look.cols];
      if (look.index(row, col, channel) === k) marks.push({ row, col });
    }
    figure.draw(marks);
  }
}

function plainPanel(layer, index) {
  const texts = {
    Flatten: "All values in one row: row by row, the channels of each pixel together.",
    Activation: `y = ${layer.activation}(x), each value by itself${layer.activation === "softmax" ? ", divided by the sum over the last axis" : ""}.`,
  };
  return elementPanel(
    layer,
    index,
    ["input", "output"],
    texts[layer.kind] || "A layer that this page does not know: its traced tensors.",
  );
}
