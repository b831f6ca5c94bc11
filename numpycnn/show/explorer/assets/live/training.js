"use strict";
// Training: started, paused, one batch at a time; and looked back through, from the first step to the newest.

function trainingPanel() {
  const panel = { box: null, renew: () => {}, charts: {}, parts: null };
  panel.charts = Object.fromEntries((live.state ? live.state.names : []).map((name, k) => [name, chart(name, k === 0)]));
  panel.progress = make("p", { id: "progress" });
  panel.moment = make("p", { id: "moment" });
  panel.answer = make("div", { id: "watched-answer" });
  panel.pictures = make("div", { id: "watched" }, make("p", {}, "Waiting for the first pictures …"));
  panel.maps = make("div");
  panel.choices = make("span");
  panel.reading = make("p", { id: "watched-value", className: "note" }, "Point at a cell to read it.");
  panel.table = make("div", { className: "terms", tabIndex: 0, role: "region", "aria-label": "Figures by step" });
  panel.node = make(
    "div",
    { className: "training" },
    make("div", { className: "row" }, make("h2", {}, "training"), panel.progress),
    ...trainingControls(panel),
    trainingText(),
    make("div", { className: "curves" }, ...Object.values(panel.charts).map(({ node }) => node)),
    make("div", { className: "row" }, panel.moment, layerChoice(panel), panel.choices, panel.reading),
    make("div", { className: "figures" }, watchedNode(), panel.answer, panel.pictures),
    panel.maps,
    figuresTable(panel),
  );
  panel.hear = () => hear(panel);
  requestAnimationFrame(panel.hear); // when there is a width to draw for
  return panel;
}

function trainingText() {
  const { state, reason, examples } = live.state || {};
  if (state === "off") return make("p", { className: "warning", id: "off" }, reason);
  return make(
    "p",
    { className: "note" },
    live.state
      ? `The Python process learns from ${whole(examples)} images, batch by batch. Each batch is one step: forward, the loss, backward, and a small change of every weight.`
      : "",
  );
}

// ------------------------------------------------------------ controls

function trainingControls(panel) {
  const command = (name) => tell("train", { command: name });
  panel.start = button("Start", () => command(live.state.state === "training" ? "pause" : "start"), { id: "start", disabled: true });
  panel.one = button("One batch", () => command("step"), { id: "one", disabled: true });
  panel.reset = button("Reset", () => command("reset"), { id: "reset", disabled: true, title: "Back to the network, optimizer and batch size that it began with" });
  panel.settings = trainingSettings();
  return [make("div", { className: "row controls" }, panel.start, panel.one, panel.reset, keepButton(), panel.settings.inputs), ...panel.settings.said];
}

// ------------------------------------------------------------ what is heard

function hear(panel) {
  const { state } = live;
  if (!state || current !== panel) return;
  if (!Object.keys(panel.charts).length) return void renderPanel(); // built before anything was heard
  const off = state.state === "off" || !live.connected;
  if ((state.state === "off") !== Boolean(document.getElementById("off"))) return void renderPanel();
  panel.start.textContent = state.state === "training" ? "Pause" : "Start";
  panel.start.disabled = panel.one.disabled = off;
  panel.reset.disabled = !state.examples || !live.connected;
  panel.settings.hear(panel.reset.disabled);
  panel.progress.textContent = progressText(state);
  watch(panel);
  drawCharts(panel);
  if (panel.table.isConnected && panel.table.checkVisibility()) fillTable(panel);
}

// The pictures of the step that is looked at, unless they are there.
function watch(panel) {
  const { frames } = live.state,
    step = frames[framePlace(frames)][0];
  if (watching.step !== step) lookAt(step, () => showFrame(panel));
  else if (!panel.parts) showFrame(panel);
}

function progressText({ step, epoch, batch, batches, names, frames, tests, stride, state }) {
  const figures = (row) => names.slice(0, row.length - 1).map((name, k) => `${name} ${row[k + 1] === null ? "not finite" : shown(row[k + 1])}`).join(", ");
  if (state === "off") return "";
  const last = frames.at(-1),
    test = tests.at(-1);
  return [
    epoch ? `Step ${whole(step)}: batch ${batch} of ${batches} in epoch ${epoch}.` : `Step ${whole(step)}: nothing learnt yet here.`,
    last.length > 1 ? ` In that batch: ${figures(last)}.` : "",
    test ? ` On the test data after step ${whole(test[0])}: ${figures(test)}.` : "",
    stride > 1 ? ` Every ${stride}th step is kept to be looked back at.` : "",
  ].join("");
}

function drawCharts(panel) {
  const { names, frames, tests } = live.state,
    at = frames[framePlace(frames)][0];
  names.forEach((name, k) => {
    const points = frames.map((row) => [row[0], row[k + 1]]);
    panel.charts[name].draw(
      points,
      tests.map((row) => [row[0], row[k + 1]]),
      at,
    );
  });
}

function figuresTable(panel) {
  const node = make("details", {}, make("summary", {}, "The figures as a table"), panel.table);
  node.addEventListener("toggle", () => fillTable(panel));
  return node;
}

function fillTable(panel) {
  const { names, frames } = live.state;
  const cell = (value) => (value === undefined ? "" : value === null ? "not finite" : shown(value));
  const rows = frames.map((row) => [whole(row[0]), ...names.map((_, k) => cell(row[k + 1]))]).reverse();
  panel.table.replaceChildren(table(["step", ...names], rows));
}

// ------------------------------------------------------------ one step's pictures

function watchedNode() {
  const { input, label } = live.watched,
    look = imagesOf(input.shape.length === 1 && input.data.length === SIDE * SIDE ? [SIDE, SIDE] : input.shape, page.inputFirst);
  const canvas = make("canvas", { role: "img", "aria-label": `The watched input: ${label}` }),
    cell = Math.max(1, Math.floor(84 / Math.max(look.rows, look.cols)));
  paint(canvas, look.rows, look.cols, (r, c) => input.data[look.index(r, c, 0)], largest(input), [cell, cell]);
  return make("figure", {}, make("figcaption", {}, make("b", {}, label), "the same at every step"), canvas);
}

function showFrame(panel) {
  if (current !== panel) return;
  const { frames } = live.state,
    output = watching.tensors[`${page.layers.at(-1).name}/output`];
  const place = nearest(frames.map(([step]) => step), watching.step) + 1;
  panel.moment.textContent = `After step ${whole(watching.step)}, picture ${place} of ${frames.length}:`;
  if (output) panel.answer.replaceChildren(answerNode(output.data));
  drawCharts(panel);
  if (panel.parts) redrawMaps(panel);
  else buildMaps(panel);
}

function layerChoice(panel) {
  const first = page.layers.find((layer) => layer.kind === "Conv2D") || page.layers[0];
  watching.layer = watching.layer || first.name;
  return make(
    "div",
    { className: "row" },
    choice(
      "Layer",
      page.layers.map(({ name }) => [name, name]),
      watching.layer,
      (name) => {
        Object.assign(watching, { layer: name, filter: 0, channel: 0 });
        buildMaps(panel);
      },
    ),
  );
}

// The filters and maps of the chosen layer; panel.parts draw them again.
function buildMaps(panel) {
  const layer = page.layers.find(({ name }) => name === watching.layer),
    kernel = () => watching.tensors[`${layer.name}/kernel`],
    output = () => watching.tensors[`${layer.name}/output`];
  Object.assign(panel, { parts: [] });
  for (const node of [panel.pictures, panel.maps, panel.choices]) node.replaceChildren();
  if (kernel()) {
    if (kernel().shape[2] > 1) panel.choices.append(watchedChannel(panel, kernel().shape[2]));
    addPictures(panel, { layer, array: `${layer.name}/kernel`, all: kernel, of: () => filtersOf(kernel(), watching.channel), first: false, what: "filter", id: "filters" });
  }
  if (output()) addPictures(panel, { layer, array: `${layer.name}/output`, all: output, of: output, first: layer.first, what: "output", id: "outputs" });
  const left = Object.entries(watching.table).filter(([name, entry]) => name.startsWith(`${layer.name}/`) && entry.left_out);
  for (const [name, entry] of left)
    panel.maps.append(make("p", { className: "note" }, `${name} is left out here: it takes ${whole(entry.left_out)} bytes.`));
}

const redrawMaps = (panel) => panel.parts.forEach((part) => part());

const watchedChannel = (panel, channels) =>
  numberInput("Input channel", "watched-channel", channels, watching.channel, (channel) => {
    watching.channel = channel;
    redrawMaps(panel);
  });

// One picture of the chosen filter or channel, and small ones of all; on the scale of `all`, the whole array of that name.
function addPictures(panel, { layer, array, all, of, first, what, id }) {
  const channels = imagesOf(of().shape, first).channels,
    chosen = () => Math.min(watching.filter, channels - 1),
    scale = heldScale(array, all);
  const name = () => `${what}${channels > 1 ? ` ${chosen()}` : ""} of ${layer.name}`;
  const read = (n, spoken) => {
    panel.reading.textContent = `${name()} after step ${watching.step}: (${indexText(of().shape, n)}) = ${shown(of().data[n])}`;
    if (spoken) say(panel.reading.textContent);
  };
  const figure = mapFigure({
    id: `watched-${id}`,
    of,
    first,
    channel: chosen,
    width: 110,
    height: 110,
    ...scale,
    title: name,
    note: () => `after step ${watching.step}`,
    point: (n, r, c, spoken) => read(n, spoken),
    pin: (n) => read(n, true),
  });
  const choose = (k) => {
    watching.filter = k;
    redrawMaps(panel);
  };
  const title = `All ${channels} ${id} of ${layer.name}`;
  const list = channels > 1 && tiles({ id: `tiles-${id}`, title, tensors: { [id]: of }, first, chosen, choose, held: () => scale });
  panel.pictures.append(figure.node);
  panel.parts.push(figure.refresh);
  if (list) panel.maps.append(list.node);
  if (list) panel.parts.push(list.draw);
}
