"use strict";
// Examples to choose from, among them those that the model reads wrongly.

const TILES = 60; // on a sheet

const shelf = { only: "all", sheet: 0 }; // which examples one was looking through

// [number, place in the page's list] of the examples that the page holds, by number.
const held = (onlyWrong) =>
  page.facts.examples.numbers
    .map((number, k) => [number, k])
    .filter(([, k]) => !onlyWrong || isWrong(k))
    .sort((a, b) => a[0] - b[0]);

const isWrong = (k) => page.facts.examples.labels[k] !== page.facts.examples.read[k];

function examplesNode() {
  const { labels, of, wrong } = page.facts.examples;
  const traced = button("The traced example", backToTraced, { id: "traced" });
  if (!page.computable && !page.live)
    return make(
      "div",
      {},
      make("h3", {}, "Examples"),
      make("p", { className: "warning" }, "This page cannot compute the network: only the traced example has numbers."),
    );
  if (!page.tensors.examples) return make("div", {}, missing("The other examples"), traced);
  const list = make("div", { className: "tiles", id: "examples", role: "group", "aria-label": "Examples" });
  const where = make("span", { id: "sheet" }),
    answer = make("p", { id: "held", className: "note", role: "status" }, heldText());
  const turn = (step) => {
    shelf.sheet += step;
    fill();
    say(where.textContent);
  };
  const [earlier, later] = [
    button("◀ Before", () => turn(-1), { id: "earlier", "aria-label": "Examples before these" }),
    button("After ▶", () => turn(1), { id: "later", "aria-label": "Examples after these" }),
  ];
  function fill() {
    const some = held(shelf.only === "wrong"),
      from = shelf.sheet * TILES,
      part = some.slice(from, from + TILES);
    where.textContent = part.length
      ? `${whole(from + 1)} to ${whole(from + part.length)} of these ${whole(some.length)}`
      : "none";
    list.replaceChildren(...part.map(([number, k]) => exampleTile(number, k)));
    earlier.disabled = from === 0;
    later.disabled = from + TILES >= some.length;
  }
  const which = [["all", `all that are here: ${whole(held(false).length)} of ${whole(of)}`]];
  if (labels) which.push(["wrong", `those read wrongly: ${whole(held(true).length)} of ${whole(wrong)}`]);
  const show = choice("Show", which, shelf.only, (value) => {
    Object.assign(shelf, { only: value, sheet: 0 });
    fill();
  });
  const jump = numberInput("Example", "jump", of, page.number ?? page.facts.example, (number) => {
    const k = page.facts.examples.numbers.indexOf(number);
    if (k >= 0 || askable()) {
      const place = held(shelf.only === "wrong").findIndex(([one]) => one === number);
      if (place >= 0) shelf.sheet = Math.floor(place / TILES);
      fill();
      return chooseExample(number, k);
    }
    answer.textContent = `Example ${number} is not in this page. ${heldText()}`;
    answer.className = "warning";
    return say(answer.textContent);
  });
  fill();
  return make(
    "details",
    { open: true },
    make("summary", {}, "Examples"),
    make("div", { className: "row" }, show, jump, traced),
    answer,
    make("div", { className: "row" }, earlier, where, later),
    list,
  );
}

// Which examples the page holds, and how to have another.
function heldText() {
  const { numbers, labels, of, wrong } = page.facts.examples;
  if (numbers.length === of) return "Every example is in this page.";
  if (askable()) return "Any other comes from NumPy by its number.";
  const sorted = held(false),
    run = sorted.findIndex(([number], place) => number !== place),
    rest = sorted.slice(run),
    bad = labels ? rest.filter(([, k]) => isWrong(k)).length : 0,
    traced = rest.find(([, k]) => !labels || !isWrong(k)),
    all = labels && held(true).length === wrong;
  const parts = run > 0 ? [run === 1 ? "0" : `0 to ${run - 1}`] : [];
  if (bad) parts.push(all ? `all others that the network reads wrongly (${whole(bad)})` : `${whole(bad)} that it reads wrongly`);
  if (traced) parts.push(`${traced[0]}, which was traced`);
  return (
    `The page holds examples ${parts.join(", and ")}. Of any other, python -m numpycnn explore --digit N makes a page, ` +
    "or model.explore(path, x, y, example=N)."
  );
}

// Whether NumPy can be asked for an example that the page does not hold.
const askable = () => page.live && live.connected;

function backToTraced() {
  showTraced();
  render();
}

function exampleTile(number, k) {
  const { labels, read } = page.facts.examples,
    x = exampleAt(k),
    look = imagesOf(x.shape, page.inputFirst);
  const canvas = make("canvas", { "aria-hidden": "true" }),
    cell = Math.max(1, Math.floor(56 / Math.max(look.rows, look.cols)));
  paint(canvas, look.rows, look.cols, (r, c) => x.data[look.index(r, c, 0)], largest(x), [cell, cell], null, coloursOf(x, look));
  const text = labels ? `${labels[k]}${isWrong(k) ? ` read ${read[k]}` : ""}` : `${number}`;
  return button("", () => chooseExample(number, k), {
    title: `Example ${number}`,
    "aria-pressed": String(number === page.number),
    "data-number": String(number),
    "aria-label": `Example ${number}${labels ? `, a ${labels[k]}${isWrong(k) ? `, read as ${read[k]}` : ""}` : ""}`,
  }).appendChild(make("span", {}, canvas, text)).parentNode;
}

// Which tile is the example that is shown, and what the number field says.
function markExample(node) {
  for (const tile of node.querySelectorAll("[data-number]"))
    tile.setAttribute("aria-pressed", String(Number(tile.dataset.number) === page.number));
  const jump = node.querySelector("#jump");
  if (jump && page.number !== null) jump.value = page.number;
}

function exampleAt(k) {
  const { examples, "examples/palette": palette } = page.tensors,
    shape = examples.shape.slice(1),
    size = product(shape),
    data = examples.data.slice(k * size, (k + 1) * size);
  return tensor(shape, palette ? palette.data.constructor.from(data, (index) => palette.data[index]) : data);
}

function chooseExample(number, k) {
  if (askable()) return askForExample(number);
  const { labels } = page.facts.examples;
  if (number === tracedNumber()) {
    showTrace();
  } else {
    let target = page.target;
    if (labels) target = classTarget(labels[k]);
    show(exampleAt(k), target, `example ${number}${labels ? `, true class ${labels[k]}` : ""}`, number);
  }
  render();
  document.getElementById("panel").focus();
  say(document.getElementById("source").textContent);
}
