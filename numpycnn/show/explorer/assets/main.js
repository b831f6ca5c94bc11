"use strict";
// Puts the page together: the network from left to right, the panel of the chosen layer, and what is said about both.

const PANELS = { Conv2D: convPanel, MaxPooling2D: poolPanel, Dropout: dropoutPanel, Dense: densePanel };

let current = null;

// The stages that can be chosen: the input, the layers, the loss.
function stages() {
  const found = [{ name: "input", kind: "", build: digitPanel, tensor: () => page.x, first: page.inputFirst, coloured: true }];
  page.layers.forEach((layer, k) =>
    found.push({
      name: layer.name,
      kind: layer.kind,
      build: () => layerPanel(layer, k),
      tensor: () => page.runs[k] && page.runs[k].output,
      first: layer.first,
    }),
  );
  if (page.loss) found.push({ name: "loss", kind: page.loss.name, build: lossPanel, tensor: () => null });
  if (page.live) found.push({ name: "training", kind: "watch it learn", build: trainingPanel, tensor: () => null });
  return found;
}

function layerPanel(layer, index) {
  const run = page.runs[index];
  if (!run || !run.input || !run.output)
    return { node: framed(layer, "", null, missing("This layer's tensors")), box: null };
  const needed =
    { Conv2D: ["patches", "pre_activation"], MaxPooling2D: ["winner"], Dense: ["pre_activation"], Dropout: ["mask"] }[layer.kind] || [];
  const complete = layer.known && isOneProduct(layer) && needed.every((name) => run[name]);
  return ((complete && PANELS[layer.kind]) || plainPanel)(layer, index);
}

function render() {
  stopPlaying();
  renderHead();
  renderPanel();
}

function renderPanel() {
  hideCode();
  current = stages()[page.selected].build();
  document.getElementById("panel").replaceChildren(current.node);
  if (current.box) current.box.again(); // now that there is a place to scroll
}

function renderHead() {
  document.getElementById("source").textContent = sourceText();
  document.getElementById("controls").replaceChildren(modeChoice());
  renderNetwork();
  renderDifferences();
  if (scene && !scene.subject.small) renderStage();
}

function sourceText() {
  const output = page.runs.at(-1).output,
    answer =
      output.shape.length === 1 && output.shape[0] > 1
        ? `The answer is ${argmax(output.data)} (${shown(output.data[argmax(output.data)])}). `
        : "";
  const numbersFrom = page.traced
    ? `Every number is numpycnn's own, from one trace${page.live ? ` after step ${page.facts.step} of training` : ""}. ${page.differences.length ? `Computed again in this page, they ` : ""}`
    : page.live && !page.computable
      ? "The numbers below are still those of the trace before. "
      : `These numbers were computed in this page${page.live ? ` with the parameters after step ${page.facts.step} of training` : ""}. On the traced example they `;
  return `${page.label[0].toUpperCase()}${page.label.slice(1)}${page.kept ? ", dropout on" : ""}. ${answer}${numbersFrom}${differenceText()}`;
}

// By how much JavaScript and NumPy differ: as a part of the largest number of each tensor, before the first kernel in 7 bits.
function differenceText() {
  if (!page.differences.length) return "";
  const rounded = page.layers.findIndex(isRounded);
  const before = new Set(page.layers.slice(0, rounded < 0 ? undefined : rounded).map((layer) => layer.name));
  const exact = page.differences.filter(({ name, text }) => rounded < 0 || (before.has(name) && !text.includes("gradient")));
  const part = exact.reduce((most, one) => Math.max(most, one.difference / (one.of || 1)), 0);
  const near = `at most ${shown(part)} of the largest number beside them`;
  const winners = page.otherWinners ? ` Under a window they have another largest number ${whole(page.otherWinners)} times, equal but for rounding.` : "";
  if (rounded < 0) return `differ by ${near}.${winners}`;
  const output = page.differences.find(({ name, text }) => name === page.layers.at(-1).name && text === "output");
  const name = page.layers[rounded].name;
  return `give an output that differs by at most ${shown(output.difference)}, for ${name}'s kernel is held here in 7 bits; before that layer they differ by ${near}.${winners}`;
}

function renderNetwork() {
  const bar = document.getElementById("network"),
    focused = bar.contains(document.activeElement);
  bar.replaceChildren(
    ...stages().map((stage, k) => {
      const x = stage.tensor(),
        shape = x ? sizes(x.shape) : page.value === null || stage.name !== "loss" ? "" : `L = ${shown(page.value)}`;
      return make(
        "button",
        {
          type: "button",
          role: "tab",
          id: `stage-${k}`,
          "aria-selected": String(k === page.selected),
          tabIndex: k === page.selected ? 0 : -1,
          "aria-controls": "panel",
          onclick: () => choose(k),
        },
        stage.name,
        make("small", {}, stage.kind),
        make("small", {}, shape),
        x ? thumbnail(x, stage) : "",
      );
    }),
  );
  if (focused) document.getElementById(`stage-${page.selected}`).focus();
}

function thumbnail(x, stage) {
  const look = imagesOf(x.shape, stage.first),
    canvas = make("canvas", { "aria-hidden": "true" });
  const cell = Math.max(1, Math.floor(40 / Math.max(look.rows, look.cols)));
  if (look.rows * cell > 300 || look.cols * cell > 300) return "";
  const sides = [cell, look.rows === 1 ? 14 : cell];
  paint(canvas, look.rows, look.cols, (r, c) => x.data[look.index(r, c, 0)] ?? 0, largest(x), sides, null, stage.coloured && coloursOf(x, look));
  return canvas;
}

function renderDifferences() {
  const rows = page.differences.map(({ name, text, difference, of }) => [
    name,
    text.replaceAll("_", " "),
    shown(difference),
    shown(of),
    shown(difference / (of || 1)),
  ]);
  const rounded = Object.entries(page.facts.tensors)
    .filter(([, entry]) => entry.scale)
    .map(([name, { error, largest: most }]) =>
      make("p", {}, `${name} is held in 7 bits: wrong by at most ${shown(error)}, of at most ${shown(most)}.`),
    );
  const left = Object.entries(page.facts.tensors)
    .filter(([, entry]) => entry.left_out)
    .map(([name, entry]) => make("p", {}, `${name} was left out: it would take ${whole(entry.left_out)} bytes.`));
  document
    .getElementById("differences")
    .replaceChildren(
      ...rounded,
      ...left,
      rows.length
        ? make("div", { className: "terms" }, table(["layer", "tensor", "largest difference", "largest value", "their ratio"], rows))
        : "",
    );
}

function choose(k) {
  page.selected = (k + stages().length) % stages().length;
  render();
  const tab = document.getElementById(`stage-${page.selected}`);
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(`${stages()[page.selected].name}, ${page.selected + 1} of ${stages().length}`);
}

function keys(event) {
  const typing =
    ["INPUT", "SELECT"].includes(event.target.tagName) &&
    event.target.type !== "range" &&
    event.target.type !== "checkbox";
  if (event.key === "Escape") closeTerms();
  if (event.key === "Escape" && current && current.box) current.box.release();
  if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "[") choose(page.selected - 1);
  if (event.key === "]") choose(page.selected + 1);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step && event.target.role === "tab") {
    event.preventDefault();
    choose(page.selected + step);
    document.getElementById(`stage-${page.selected}`).focus();
  }
}

async function begin() {
  const facts = JSON.parse(document.getElementById("data").textContent);
  lessons = await Promise.all(facts.lessons.map(async (lesson) => lessonOf(lesson, await readTensors(lesson.tensors))));
  setUp(facts, await readTensors(facts.tensors));
  document.getElementById("title").textContent = `numpycnn explorer: ${facts.model.name}`;
  document.addEventListener("keydown", keys);
  document.addEventListener("click", closeTerms);
  document.getElementById("tourBegin").addEventListener("click", () => {
    goToTour(tour.last);
    document.getElementById("tourNext").focus();
  });
  const first = page.layers.findIndex((layer) => layer.kind === "Conv2D");
  page.selected = first + 1;
  if (page.live) startLive();
  openStage();
  render();
  startTour();
  document.body.dataset.ready = "yes";
}

const started = begin().catch((error) => {
  document.getElementById("source").textContent =
    `This page could not be drawn: ${error.message}. It needs a browser of 2023 or later.`;
  throw error;
});
