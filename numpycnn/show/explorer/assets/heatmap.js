"use strict";
// A matrix of numbers as a picture of cells, which can be pointed at, moved through by key, and pinned.

const BELOW = [
    [255, 255, 255],
    [110, 165, 215],
    [8, 60, 125],
  ],
  ABOVE = [
    [255, 255, 255],
    [246, 166, 86],
    [150, 64, 0],
  ];

// The colour of a value between -bound and bound.
function colour(value, bound) {
  if (!Number.isFinite(value)) return [150, 150, 150];
  const part = bound > 0 ? Math.min(Math.abs(value) / bound, 1) * 2 : 0,
    stops = value < 0 ? BELOW : ABOVE;
  const k = Math.min(Math.floor(part), 1);
  return stops[k].map((from, n) => Math.round(from + (stops[k + 1][n] - from) * (part - k)));
}

// Paint rows x cols cells of `cell` = [width, height] pixels.
// colours(r, c): what has colours of its own, or nothing.
function paint(canvas, rows, cols, value, bound, cell, text, colours) {
  canvas.width = cols * cell[0];
  canvas.height = rows * cell[1];
  const picture = new ImageData(cols, rows);
  for (let k = 0; k < rows * cols; k++) {
    const [r, c] = [Math.floor(k / cols), k % cols],
      one = value(r, c);
    if (one !== undefined) picture.data.set([...(colours ? colours(r, c) : colour(one, bound)), 255], 4 * k);
  }
  const small = make("canvas", { width: cols, height: rows }),
    context = canvas.getContext("2d");
  small.getContext("2d").putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const label = (one) => (text && cell[1] >= 15 && Number.isFinite(one) ? text(one, cell[0]) : "");
  if (Math.min(...cell) >= 7 && !colours) strikeOut(context, rows, cols, (r, c) => (label(value(r, c)) ? undefined : value(r, c)), cell);
  if (text) write(context, rows, cols, value, bound, cell, label);
}

// The numbers themselves, dark on light shades and light on dark ones.
function write(context, rows, cols, value, bound, [width, height], label) {
  Object.assign(context, { font: `${Math.min(15, Math.round(width / 2.6))}px sans-serif`, textAlign: "center", textBaseline: "middle" });
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const one = value(r, c);
      if (one === undefined || !label(one)) continue;
      const [red, green, blue] = colour(one, bound);
      context.fillStyle = 0.3 * red + 0.6 * green + 0.1 * blue > 130 ? "#000" : "#fff";
      // At most so wide that neighbours do not touch.
      context.fillText(label(one), (c + 0.5) * width, (r + 0.5) * height, width - 4);
    }
  }
}

// So that the sign can be told without colours: a stroke across what is negative, a cross over what is not finite.
function strikeOut(context, rows, cols, value, [width, height]) {
  context.strokeStyle = "#000";
  context.lineWidth = 1;
  context.beginPath();
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const one = value(r, c),
        odd = one !== undefined && !Number.isFinite(one);
      if (!(one < 0 || odd)) continue;
      context.moveTo((c + 0.3) * width, (r + 0.7) * height);
      context.lineTo((c + 0.7) * width, (r + 0.3) * height);
      if (!odd) continue;
      context.moveTo((c + 0.3) * width, (r + 0.3) * height);
      context.lineTo((c + 0.7) * width, (r + 0.7) * height);
    }
  }
  context.stroke();
}

// An image of three channels as a function of its colours, or null: from 0 to 1 or to 255, or from its least to its greatest.
function coloursOf(x, look) {
  if (look.channels !== 3) return null;
  const [low, high] = extremes(1, x.data.length, (_, k) => x.data[k]),
    [from, to] = low < 0 ? [low, high] : [0, high <= 1 ? 1 : Math.max(high, 255)];
  return (r, c) => [0, 1, 2].map((k) => Math.round((255 * (x.data[look.index(r, c, k)] - from)) / (to - from)));
}

// The least and the greatest of the finite values; both 0 where there is none.
function extremes(rows, cols, value) {
  let low = Infinity,
    high = -Infinity;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const one = value(r, c);
      if (!Number.isFinite(one)) continue;
      low = Math.min(low, one);
      high = Math.max(high, one);
    }
  }
  return low > high ? [0, 0] : [low, high];
}

// How many values are not finite, and that they are grey; nothing where all are.
function oddText(rows, cols, value) {
  let odd = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) if (value(r, c) !== undefined && !Number.isFinite(value(r, c))) odd++;
  }
  return odd ? `; grey with a cross: ${count(odd, "value that is", "values that are")} not finite` : "";
}

const cellSize = (rows, cols, width, height, most) => [
  Math.max(1, Math.min(most, Math.floor(width / cols))),
  Math.max(1, Math.min(most, Math.floor(height / rows))),
];

// spec: {id, title(), note(), rows, cols, value(r, c), width, height, square, point(r, c), pin(r, c)};
// before() is called before it is painted; most is the largest side of a cell, bound() the value of the darkest shade, scale() what the legend says of it,
// text(value, width) a number as it is written into its cell, keys what the keys do, and a plain one has no legend.
// Returns {node, refresh(), draw(marks), bring(row, col)}; a mark is {row, col, height, width, kind: "box" or "lit"}.
function heatmap(spec) {
  const tall = spec.square === false ? "scroll tall" : "scroll";
  let [width, height] = cellSize(spec.rows, spec.cols, spec.width || 280, spec.height || 280, spec.most || 24);
  if (spec.square !== false) width = height = Math.min(width, height);
  const canvas = make("canvas", { id: spec.id, tabIndex: 0, role: "application" });
  const title = make("b"),
    note = make("span"),
    legend = make("span"),
    place = { row: 0, col: 0 };
  const node = make(
    "figure",
    {},
    make("figcaption", {}, title, note),
    make("div", { className: tall }, canvas),
    spec.plain ? "" : make("div", { className: "legend" }, make("i", { "aria-hidden": "true" }), legend),
  );

  const base = make("canvas");
  function refresh() {
    if (spec.before) spec.before();
    const [low, high] = extremes(spec.rows, spec.cols, spec.value),
      bound = spec.bound ? spec.bound() : Math.max(Math.abs(low), Math.abs(high));
    paint(base, spec.rows, spec.cols, spec.value, bound, [width, height], spec.text, spec.colours && spec.colours());
    [canvas.width, canvas.height] = [base.width, base.height];
    title.textContent = spec.title();
    note.textContent = spec.note ? spec.note() : "";
    legend.textContent = `min ${shown(low)}, zero white, max ${shown(high)}${oddText(spec.rows, spec.cols, spec.value)}${spec.scale ? `; ${spec.scale()}` : ""}`;
    canvas.setAttribute(
      "aria-label",
      `${spec.title()}. ${count(spec.rows, "row")}, ${count(spec.cols, "column")}, from ${shown(low)} to ` +
        `${shown(high)}${oddText(spec.rows, spec.cols, spec.value)}. ${spec.keys || "Arrow keys move, Enter pins, Escape lets go."}`,
    );
    draw();
  }

  function draw(marks = []) {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    canvas.getContext("2d").drawImage(base, 0, 0);
    marks.filter((mark) => mark.kind === "lit").forEach((mark) => light(mark));
    marks.filter((mark) => mark.kind !== "lit").forEach((mark) => frame(mark));
  }

  function light({ row, col }) {
    // a dot that stands out on every shade, however small the cell
    const context = canvas.getContext("2d"),
      x = col * width,
      y = row * height;
    context.fillStyle = "#000";
    context.fillRect(x - 1, y - 1, width + 2, height + 2);
    context.fillStyle = "#ffe000";
    context.fillRect(x, y, width, height);
  }

  function frame({ row, col, height: h = 1, width: w = 1, kind }) {
    const context = canvas.getContext("2d"),
      box = [col * width, row * height, w * width, h * height];
    for (const [colourOf, line] of kind === "faint" ? [["#a3006d", 1]] : [
      ["#fff", 5],
      [kind === "cursor" ? "#000" : "#a3006d", 2.5],
    ]) {
      context.strokeStyle = colourOf;
      context.lineWidth = line;
      context.strokeRect(...box);
    }
  }

  function cellAt(event) {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * spec.rows);
    const col = Math.floor(((event.clientX - box.left) / box.width) * spec.cols);
    return row >= 0 && col >= 0 && row < spec.rows && col < spec.cols ? [row, col] : null;
  }

  function bring(row, col) {
    // into view, where the picture scrolls
    const outer = canvas.parentNode,
      x = col * width,
      y = row * height;
    if (y < outer.scrollTop || y + height > outer.scrollTop + outer.clientHeight)
      outer.scrollTop = y - outer.clientHeight / 2;
    if (x < outer.scrollLeft || x + width > outer.scrollLeft + outer.clientWidth)
      outer.scrollLeft = x - outer.clientWidth / 2;
  }

  function move(event) {
    const steps = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      PageUp: [-10, 0],
      PageDown: [10, 0],
      Home: [0, -spec.cols],
      End: [0, spec.cols],
    };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      spec.pin(place.row, place.col);
    } else if (steps[event.key]) {
      event.preventDefault();
      place.row = Math.min(Math.max(place.row + steps[event.key][0], 0), spec.rows - 1);
      place.col = Math.min(Math.max(place.col + steps[event.key][1], 0), spec.cols - 1);
      spec.point(place.row, place.col, true);
      bring(place.row, place.col);
    }
  }

  const pointed = (event, act) => {
    const cell = cellAt(event);
    if (!cell) return;
    [place.row, place.col] = cell;
    act(...cell);
  };
  canvas.addEventListener("pointermove", (event) => pointed(event, spec.point));
  canvas.addEventListener("click", (event) => pointed(event, spec.pin));
  canvas.addEventListener("keydown", move);
  refresh();
  return { node, canvas, refresh, draw, place, bring };
}
