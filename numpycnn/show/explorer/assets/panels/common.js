"use strict";
// What several panels share.

// By layer name: which filter, channel and thing one was looking at, while digits change. A layer may be called anything.
const views = Object.create(null);

const viewOf = (name, initial) => views[name] || (views[name] = { ...initial });

// A slice of a tensor as a figure: one channel of images, or a vector in rows.
function mapFigure({ id, title, note, of, first, channel, point, pin, colours, bound, scale, width = 280, height = 280 }) {
  let { data, shape } = of();
  const look = imagesOf(shape, first),
    at = (r, c) => look.index(r, c, channel());
  return heatmap({
    id,
    title,
    note,
    rows: look.rows,
    cols: look.cols,
    width,
    height,
    bound,
    scale,
    colours: () => colours && colours() && coloursOf(of(), look),
    before: () => {
      ({ data } = of());
    },
    value: (r, c) => data[at(r, c)], // undefined where the last row of a vector is short
    point: (r, c, spoken) => {
      if (at(r, c) < data.length) point(at(r, c), r, c, spoken);
    },
    pin: (r, c) => {
      if (at(r, c) < data.length) pin(at(r, c), r, c);
    },
  });
}

// A heatmap's bound and scale for an array that training changes; nothing of the kind in a page without a process.
const heldScale = (name, x) => (page.live ? { bound: () => heldBound(name, x()), scale: () => scaleText(name) } : {});

// Small pictures of every channel of some tensor, as buttons; sorted as one likes.
// spec: {id, tensors: {text: () => tensor}, first, chosen(), choose(channel), contribution}, and held(text), a heatmap's bound and scale
function tiles(spec) {
  const names = Object.keys(spec.tensors).filter((name) => spec.tensors[name]());
  let which = names[0],
    order = "index";
  const list = make("div", { className: "tiles", id: spec.id, role: "group", "aria-label": "Channels" });
  const legend = make("p", { className: "note" });
  const made = []; // by channel: what is pointed at or has the focus stays there when it is drawn again

  function sums() {
    const look = imagesOf(spec.contribution.shape, spec.first),
      found = new Array(look.channels).fill(0);
    for (let k = 0; k < look.channels; k++) {
      for (let p = 0; p < look.rows * look.cols; p++) {
        found[k] += spec.contribution.data[look.index(Math.floor(p / look.cols), p % look.cols, k)];
      }
    }
    return found;
  }

  function draw() {
    const x = spec.tensors[which](),
      look = imagesOf(x.shape, x.first === undefined ? spec.first : x.first);
    const scale = (spec.held && spec.held(which)) || {},
      bound = scale.bound ? scale.bound() : largest(x),
      added = spec.contribution ? sums() : [];
    const peaks = Array.from({ length: look.channels }, (_, k) =>
      extremes(look.rows, look.cols, (r, c) => x.data[look.index(r, c, k)]),
    );
    const sorted = peaks.map((_, k) => k);
    if (order === "largest") sorted.sort((a, b) => peaks[b][1] - peaks[a][1]);
    if (order === "contribution") sorted.sort((a, b) => added[b] - added[a]);
    legend.textContent =
      `${which}: min ${shown(Math.min(...peaks.map((p) => p[0])))}, zero white, max ` +
      `${shown(Math.max(...peaks.map((p) => p[1])))}; ${scale.scale ? scale.scale() : "one scale for all"}.`;
    const nodes = sorted.map((k) => tile(k, x, look, bound, peaks[k], added[k]));
    if (nodes.length !== list.children.length || nodes.some((node, n) => node !== list.children[n])) {
      list.replaceChildren(...nodes);
    }
  }

  function tile(k, x, look, bound, [low, high], added) {
    const node = made[k] || (made[k] = newTile(k)),
      [canvas, text] = node.firstChild.childNodes;
    const cell = Math.max(1, Math.floor(52 / Math.max(look.rows, look.cols)));
    paint(canvas, look.rows, look.cols, (r, c) => x.data[look.index(r, c, k)], bound, [cell, cell]);
    const parts = added === undefined ? "" : `, adds ${shown(added)} to the answer's logit`;
    const by = order === "contribution" ? shown(added) : order === "largest" ? shown(high) : "";
    text.data = `${k}${by ? `: ${by}` : ""}`;
    node.title = `${k}: ${shown(low)} to ${shown(high)}${parts}`;
    node.setAttribute("aria-pressed", String(k === spec.chosen()));
    node.setAttribute("aria-label", `channel ${k}, from ${shown(low)} to ${shown(high)}${parts}`);
    return node;
  }

  function newTile(k) {
    const choose = () => {
      spec.choose(k);
      draw();
      made[k].focus();
    };
    const picture = make("span", {}, make("canvas", { "aria-hidden": "true" }), document.createTextNode(""));
    return button(picture, choose, { "data-channel": String(k) });
  }

  draw();
  const orders = [
    ["index", "their order"],
    ["largest", "largest value"],
  ];
  if (spec.contribution) orders.push(["contribution", "contribution to the answer"]);
  const node = make(
    "details",
    { open: true },
    make("summary", {}, spec.title),
    make(
      "div",
      { className: "row" },
      choice(
        "Show",
        names.map((name) => [name, name]),
        which,
        (v) => {
          which = v;
          draw();
        },
      ),
      choice("Sort by", orders, order, (v) => {
        order = v;
        draw();
      }),
    ),
    legend,
    spec.contribution
      ? make(
          "p",
          { className: "note" },
          `The contribution is the sum over a map of value × derivative of the ` +
            `logit of class ${page.answer}, the answer.`,
        )
      : "",
    list,
  );
  return { node, draw };
}

// The channel that adds most to the answer, and where its output is largest.
function strongest(layer, index, run) {
  const look = imagesOf(layer.output_shape, layer.first),
    added = page.contributions[index],
    sums = new Array(look.channels).fill(0);
  const size = run.output.data.length,
    each = (visit) => {
      for (let row = 0; row < look.rows; row++) for (let col = 0; col < look.cols; col++) visit(row, col);
    };
  if (added)
    sums.forEach((_, k) =>
      each((row, col) => {
        sums[k] += added.data[look.index(row, col, k)] ?? 0;
      }),
    );
  const channel = argmax(sums),
    best = { channel, row: 0, col: 0, n: look.index(0, 0, channel) };
  each((row, col) => {
    const n = look.index(row, col, channel);
    if (n < size && run.output.data[n] > run.output.data[best.n]) Object.assign(best, { row, col, n });
  });
  return best;
}

const activationText = (layer) => (layer.activation === "linear" ? "" : `, after ${layer.activation}`);

// A panel: its title, what it is about, and its parts beside the reading box.
function framed(layer, text, box, ...parts) {
  const where = `${sizes(layer.input_shape)} to ${sizes(layer.output_shape)}`;
  return make(
    "div",
    {},
    make("h2", {}, `${layer.name}: ${layer.kind}, ${where}`),
    make("p", {}, ...explained(text)),
    beside(box, ...parts),
  );
}

const beside = (box, ...parts) =>
  box ? make("div", { className: "beside" }, make("div", {}, ...parts), box.node) : make("div", {}, ...parts);

const missing = (what) =>
  make("p", { className: "warning" }, `${what}: not in this page, and it cannot be computed here.`);
