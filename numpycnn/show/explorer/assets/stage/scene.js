"use strict";
// The stage: one view in which a convolution happens, forward or backward, step by step.

const view = { subject: "", story: "forward", k: 0, filter: 0, channel: 0, slice: 0, termwise: false };

let scene = null; // of the chosen story: {subject, grids, figures, ...} as its builder gives it

const phone = () => innerWidth <= 600;

// The subject that is chosen; the first, where the page's network no longer has it.
function chosenSubject() {
  const all = subjects();
  return all.find((subject) => subject.title === view.subject) || all[0];
}

// Build the stage for the chosen subject and story.
function renderStage() {
  stopPlaying();
  const subject = chosenSubject(),
    stories = storiesOf(subject);
  view.subject = subject.title;
  if (!stories.includes(view.story)) view.story = stories[0];
  const { build } = STORIES[view.story];
  scene = { subject, ...build(subject, view) };
  view.k = Math.min(view.k, scene.count - 1);
  scene.figures = scene.grids.map(gridFigure);
  // A picture that is taken away loses the focus, and what is pointed at with it.
  const focused = document.activeElement.id,
    read = pointed;
  document.getElementById("stageChoices").replaceChildren(...stageChoices(subject, stories));
  document.getElementById("stageSteps").replaceChildren(...stageSteps());
  const figures = document.getElementById("stageFigures");
  figures.className = view.story;
  figures.replaceChildren(make("span", { className: "break" }), ...scene.figures.flatMap((figure, n) => [signOf(scene.grids[n]), figure.node]).filter((node) => node));
  pointAgain(read);
  drawStage();
  renderTour();
  if (scene.grids.some(({ id }) => id === focused)) document.getElementById(focused).focus({ preventScroll: true });
}

const signOf = ({ sign, end }) => (sign ? make("span", { className: end ? "sign end" : "sign", "aria-hidden": "true" }, sign) : null);

// Each grid as a picture with its numbers, as large as the screen allows.
function gridFigure(spec, n) {
  const width = gridWidth(spec);
  const figure = heatmap({
    ...spec,
    plain: true,
    width,
    height: spec.cols === 1 || spec.rows > 2 * spec.cols ? (phone() ? 148 : 215) : width,
    most: 46,
    title: () => bare(spec.title()),
    text: numberInCell,
    keys: `Arrow keys read its cells${spec.pick ? ", Enter goes to one" : ""}.`,
    point: (r, c, spoken) => pointAt({ n, r, c }, spoken),
    pin: (r, c) => {
      stopPlaying();
      pointAt({ n, r, c }, !spec.pick);
      if (spec.pick) spec.pick(r, c);
    },
  });
  readCells(figure, n);
  if (spec.end) figure.node.classList.add("end");
  return figure;
}

// In pixels. More than six pictures share one row of a wide screen, and three of a phone's.
function gridWidth({ wide, end, rows, cols }) {
  const { length } = scene.grids;
  if (wide) return phone() ? 340 : 480;
  if (length > 6) return phone() ? 84 : 130;
  if (end || length < 3) return phone() ? 148 : 215;
  return phone() ? 98 : rows * cols > 64 ? 215 : 165;
}

const marksOn = (spec) => (spec.marks ? spec.marks() : []);

// With two figures, where the cell has room for them and they say something; whole numbers in whole-numbered examples.
function numberInCell(value, width) {
  const small = scene.subject.small;
  const text = Number.isInteger(value) ? brief(value) : value.toFixed(2).replace(small ? /\.?0+$/ : "", "").replace("-", "−");
  const says = Number.isInteger(value) || Number(value.toFixed(2)) !== 0;
  return says && (small || width >= 34) && text.length * 6.2 <= width - 2 ? text : "";
}

// What changes with every step: the pictures, the sum, the place of the slider.
function drawStage(spoken = false) {
  scene.figures.forEach((figure) => figure.refresh());
  markStage();
  const lines = scene.lines().filter((line) => line);
  document.getElementById("stageResult").replaceChildren(...explained(scene.heading()));
  document.getElementById("stageSum").replaceChildren(...lines.map((line) => make("p", {}, ...explained(line))));
  showReading();
  const scrub = document.getElementById("stageScrub");
  scrub.value = view.k;
  scrub.setAttribute("aria-valuetext", `${view.k + 1} of ${scene.count}`);
  document.getElementById("stageBack").textContent = view.k === 0 ? "◀ End" : "◀ Step";
  document.getElementById("stageStep").textContent = view.k === scene.count - 1 ? "Start ▶" : "Step ▶";
  if (spoken) say(bare([scene.heading(), ...lines].join(". ")));
}

function goTo(k, spoken = false) {
  view.k = Math.max(k, 0);
  // Term by term there are more places, so the last of them is known only then.
  if (view.termwise !== scene.termwise && scene.termwise !== undefined) renderStage();
  view.k = Math.min(view.k, scene.count - 1);
  drawStage(spoken);
}

// ------------------------------------------------------------ what there is to choose

function stageChoices(subject, stories) {
  const pick = (key, again) => (value) => {
    Object.assign(view, { [key]: value }, again);
    openStage();
    document.getElementById(key === "subject" ? "stageSubject" : "stageStory").focus();
  };
  const all = subjects().map((one) => [one.title, one.title]),
    titles = stories.map((name) => [name, STORIES[name].title]);
  return [
    labelled(choice("Example", all, subject.title, pick("subject")), "stageSubject"),
    labelled(choice("Story", titles, view.story, pick("story")), "stageStory"),
    ...sliceChoices(subject),
  ];
}

function labelled(label, id) {
  label.querySelector("select").id = id;
  return label;
}

// Which filter and channel, where there are several.
function sliceChoices(subject) {
  const kinds = { pooling: ["MaxPooling2D", "AveragePooling2D"], depthwise: ["DepthwiseConv2D"], transposed: ["Conv2DTranspose"] };
  const part = partOf(subject, ...(kinds[view.story] || ["Conv2D"]));
  if (!part || ["loss", "residual"].includes(view.story)) return [];
  const [filters, channels] = slicesOf(part);
  const input = (text, id, limit, key) =>
    numberInput(text, id, limit, Math.min(view[key], limit - 1), (value) => {
      view[key] = value;
      drawStage(true);
    });
  const inner = ["forward", "transposed"].includes(view.story) ? "slice" : "channel";
  return [
    filters > 1 ? input("Filter", "stageFilter", filters, view.story === "input" ? "slice" : "filter") : null,
    channels > 1 && view.story !== "matrix" ? input("Channel", "stageChannel", channels, inner) : null,
  ].filter((node) => node);
}

// How many filters and channels there are to choose from; a depthwise convolution has the channels of its output.
function slicesOf({ layer, w, image }) {
  if (layer.kind === "DepthwiseConv2D") return [1, image("output").shape.at(-1)];
  return layer.kind === "Conv2DTranspose" ? [w.channels, image("input").shape.at(-1)] : [layer.config.filters || 1, w.channels];
}

function stageSteps() {
  const scrub = make("input", { type: "range", id: "stageScrub", min: 0, max: scene.count - 1, "aria-label": "Place in the story" });
  scrub.addEventListener("input", () => goTo(Number(scrub.value), true));
  const step = (by) => () => {
    stopPlaying();
    goTo((view.k + by + scene.count) % scene.count, true);
  };
  return [
    button("◀ Step", step(-1), { id: "stageBack" }),
    button("Step ▶", step(1), { id: "stageStep" }),
    playButton("stagePlay", playedCount, playOn),
    ...(scene.perTarget ? [termSwitch()] : []),
    scrub,
  ];
}

// Play begins anew at the end, and otherwise goes on from here.
function playedCount() {
  if (view.k === scene.count - 1) goTo(0);
  return scene.count;
}

function playOn(step) {
  goTo(view.k + step);
  return view.k < scene.count - 1;
}

// One position for each term of a sum, or for each sum.
function termSwitch() {
  const box = make("input", { type: "checkbox", id: "stageTerms", checked: view.termwise });
  box.addEventListener("change", () => {
    const { perTarget } = scene;
    view.k = box.checked ? (view.k + 1) * perTarget - 1 : Math.floor(view.k / perTarget);
    view.termwise = box.checked;
    renderStage();
    document.getElementById("stageTerms").focus();
  });
  return make("label", { className: "tick" }, box, " term by term");
}

// Open the chosen story at its beginning, or where there is something to see.
function openStage() {
  const subject = chosenSubject();
  pointed = null;
  view.termwise = view.story === "kernel" && Boolean(subject.small);
  Object.assign(view, { k: 0, slice: 0, ...(subject.small ? { filter: 0, channel: 0 } : {}) });
  if (!subject.small) beginAtStrongest(subject);
  renderStage();
}

function beginAtStrongest(subject) {
  const part = partOf(subject, "Conv2D", "MaxPooling2D");
  if (!part || !page.contributions.length) return;
  const { channel, row, col } = strongest(part.layer, page.layers.indexOf(part.layer), part.run);
  view[part.layer.kind === "Conv2D" ? "filter" : "channel"] = channel;
  if (["forward", "pooling"].includes(view.story)) view.k = row * part.w.cols.output + col;
  if (view.story === "input") Object.assign(view, { slice: channel, k: middleOf(part) });
}

const middleOf = ({ w }) => Math.floor(w.rows.size / 2) * w.cols.size + Math.floor(w.cols.size / 2);
