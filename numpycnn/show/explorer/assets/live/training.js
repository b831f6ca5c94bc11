"use strict";
// Training: started, paused, one batch at a time; and looked back through, from the first step to the newest.

function trainingPanel() {
  const panel = { box: null, renew: () => {}, charts: {}, parts: null };
  panel.charts = Object.fromEntries((live.state ? live.state.names : []).map((name) => [name, chart(name)]));
  panel.progress = make("p", { id: "progress" });
  panel.moment = make("p", { id: "moment" });
  panel.answer = make("div", { id: "watched-answer" });
  panel.maps = make("div", { id: "watched" }, make("p", {}, "Waiting for the first pictures …"));
  panel.table = make("div", { className: "terms", tabIndex: 0, role: "region", "aria-label": "Figures by step" });
  panel.node = make(
    "div",
    {},
    make("h2", {}, "training"),
    trainingText(),
    trainingControls(panel),
    panel.progress,
    make("div", { className: "figures" }, ...Object.values(panel.charts).map(({ node }) => node)),
    figuresTable(panel),
    panel.moment,
    make("div", { className: "figures" }, watchedNode(), make("div", {}, make("h3", {}, "The answer"), panel.answer)),
    layerChoice(panel),
    panel.maps,
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
    {},
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
  return make("div", {}, make("div", { className: "row" }, panel.start, panel.one, panel.reset, keepButton()), panel.settings.node);
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
    cell = Math.max(1, Math.floor(112 / Math.max(look.rows, look.cols)));
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
  if (panel.parts) panel.parts.forEach((part) => part());
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
  const filters = () => filtersOf(kernel(), watching.channel),
    nodes = [];
  panel.parts = [];
  const reading = make("p", { id: "watched-value", className: "note" }, "Point at a cell to read it.");
  const add = (of, first, what, id) => addPictures(panel, { layer, of, first, what, id, nodes, reading });
  if (kernel()) {
    const channels = kernel().shape[2];
    if (channels > 1)
      nodes.push(
        numberInput("Input channel", "watched-channel", channels, watching.channel, (channel) => {
          watching.channel = channel;
          panel.parts.forEach((part) => part());
        }),
      );
    add(filters, false, "filter", "filters");
  }
  if (output()) add(output, layer.first, "output", "outputs");
  const left = Object.entries(watching.table).filter(([name, entry]) => name.startsWith(`${layer.name}/`) && entry.left_out);
  for (const [name, entry] of left)
    nodes.push(make("p", { className: "note" }, `${name} is left out here: it takes ${whole(entry.left_out)} bytes.`));
  panel.maps.replaceChildren(reading, ...nodes);
}

function addPictures(panel, { layer, of, first, what, id, nodes, reading }) {
  const channels = imagesOf(of().shape, first).channels,
    chosen = () => Math.min(watching.filter, channels - 1);
  const name = () => `${what}${channels > 1 ? ` ${chosen()}` : ""} of ${layer.name}`;
  const read = (n, r, c, spoken) => {
    reading.textContent = `${name()} after step ${watching.step}: (${indexText(of().shape, n)}) = ${shown(of().data[n])}`;
    if (spoken) say(reading.textContent);
  };
  const figure = mapFigure({
    id: `watched-${id}`,
    of,
    first,
    channel: chosen,
    width: 200,
    height: 200,
    title: name,
    note: () => `after step ${watching.step}`,
    point: read,
    pin: (n, r, c) => read(n, r, c, true),
  });
  const redraw = () => panel.parts.forEach((part) => part());
  const choose = (k) => {
    watching.filter = k;
    redraw();
  };
  const title = `All ${channels} ${id} of ${layer.name}`;
  const list = channels > 1 && tiles({ id: `tiles-${id}`, title, tensors: { [id]: of }, first, chosen, choose });
  panel.parts.push(figure.refresh);
  if (list) panel.parts.push(list.draw);
  nodes.push(make("div", { className: "watched" }, figure.node, list ? list.node : ""));
}
