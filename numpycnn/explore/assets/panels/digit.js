"use strict";
// The digit: drawn by mouse, touch or keyboard, or one of the examples.

const DRAWN = 280, DOT = 10;  // the drawing's side, and a keyboard cell's

// The size of a drawing that the network can take: {rows, cols}, or null where its input is no image of one channel.
function drawable() {
  const shape = page.facts.model.input_shape, look = imagesOf(shape, page.inputFirst);
  if (!page.computable || look.channels !== 1) return null;
  if (product(shape) === SIDE * SIDE) return { rows: SIDE, cols: SIDE };
  return shape.length === 1 ? null : { rows: look.rows, cols: look.cols };
}

function digitPanel() {
  const shape = page.facts.model.input_shape, look = imagesOf(shape, page.inputFirst);
  const panel = { view: viewOf("input", { channel: 0, selection: { n: argmax(page.x.data) } }), figures: {} };
  const square = product(shape) === SIDE * SIDE;
  const shownAs = () => (square && look.channels === 1 && shape.length < 3 ? tensor([SIDE, SIDE], page.x.data) : page.x);
  panel.read = ({ n }) => ({ title: `Input (${indexText(shape, n)}) = ${shown(page.x.data[n])}`, lines: inputLines(n),
    check: page.runs[0].input_gradient && { layer: 0, key: null, index: n, analytic: page.runs[0].input_gradient.data[n] },
    code: [], snippet: fromTrace(page.layers[0], "input", `0, ${indexText(shape, n)}`, page.x.data[n]) });
  panel.mark = () => {};
  panel.box = readingBox(panel);
  panel.figures.seen = mapFigure({ id: "seen", of: shownAs, first: page.inputFirst, channel: () => panel.view.channel, width: 300, height: 300,
    title: () => `what the network sees: input${look.channels > 1 ? `, channel ${panel.view.channel}` : ""}`,
    note: () => page.label, point: (n, r, c, spoken) => panel.box.point({ n }, spoken), pin: (n) => panel.box.pin({ n }) });
  const answer = make("div", { id: "answer" });
  panel.update = () => {
    panel.figures.seen.refresh();
    answer.replaceChildren(answerNode());
    panel.box.again();
  };
  const parts = [panel.figures.seen.node, make("div", {}, make("h3", {}, "The answer"), answer)];
  const size = drawable();
  if (size) parts.unshift(drawingNode(size, panel));
  panel.node = make("div", { className: "still" }, make("h2", {}, `input: ${sizes(shape)}`), make("div", { className: "figures" }, ...parts), panel.box.node,
    examplesNode());
  panel.update();
  return panel;
}

function inputLines(n) {
  const { input_gradient: gradient } = page.runs[0];
  return gradient ? [`dL/d this value = ${shown(gradient.data[n])}.`] : [];
}

function answerNode() {
  const { data } = page.runs.at(-1).output, best = Array.from(data.keys()).sort((a, b) => data[b] - data[a]).slice(0, 10).sort((a, b) => a - b);
  const top = argmax(data), bound = Math.max(...Array.from(data, Math.abs), 1e-9);
  return make("div", { className: "bars", role: "group", "aria-label": "Output" }, ...best.flatMap((k) => [
    make(k === top ? "b" : "span", {}, `${k}${k === top ? " ←" : ""}`),
    make("i", { style: `width:${(100 * Math.abs(data[k])) / bound}%` }), make("span", {}, shown(data[k]))]));
}

// ------------------------------------------------------------ drawing

const drawing = { ink: null, past: [], fitted: true, erase: false, cursor: [14, 14], down: false };

function drawingNode(size, panel) {
  const canvas = make("canvas", { width: DRAWN, height: DRAWN, className: "drawing", id: "drawing", tabIndex: 0, role: "application",
    "aria-label": "Drawing. Arrow keys move the pen, with Shift they draw, Space makes a dot, Delete clears." });
  drawing.ink = drawing.ink || make("canvas", { width: DRAWN, height: DRAWN }).getContext("2d", { willReadFrequently: true });
  const act = { size, panel, canvas };
  listen(act);
  copyInk(act);
  const mnist = size.rows === SIDE && size.cols === SIDE;
  const fitted = make("input", { type: "checkbox", id: "fitted", checked: drawing.fitted && mnist, disabled: !mnist });
  fitted.addEventListener("change", () => { drawing.fitted = fitted.checked; useDrawing(act); });
  const erase = button("Eraser", () => {
    drawing.erase = !drawing.erase;
    erase.setAttribute("aria-pressed", String(drawing.erase));
  }, { "aria-pressed": String(drawing.erase) });
  return make("div", { className: "sheet" }, make("h3", {}, "Draw here"), canvas,
    make("div", { className: "row" }, button("Undo", () => undo(act), { id: "undo" }), button("Clear", () => clear(act), { id: "clear" }), erase),
    make("label", {}, fitted, " as MNIST sees it: fitted into 20 by 20, centred by its mass"),
    make("p", { className: "note" }, "Keys: arrows move the pen, Shift and arrows draw, Space makes a dot, Delete clears."));
}

function listen(act) {
  const { canvas } = act;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * DRAWN, ((event.clientY - box.top) / box.height) * DRAWN];
  };
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.focus();
    canvas.setPointerCapture(event.pointerId);
    remember();
    last = at(event);
    stroke(act, last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    stroke(act, last, at(event));
    last = at(event);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  canvas.addEventListener("keydown", (event) => drawByKey(act, event));
}

function drawByKey(act, event) {
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }, step = steps[event.key];
  const centre = () => drawing.cursor.map((cell) => (cell + 0.5) * DOT);
  if (!step && ![" ", "Delete", "Backspace"].includes(event.key)) return;
  event.preventDefault();
  const from = centre();
  if (step) drawing.cursor = drawing.cursor.map((cell, k) => Math.min(Math.max(cell + step[k], 0), DRAWN / DOT - 1));
  if (event.key === " " || (step && event.shiftKey)) {
    remember();
    stroke(act, from, centre());
  } else if (!step) {
    clear(act);
  } else {
    copyInk(act);
  }
  say(`Column ${drawing.cursor[0]}, row ${drawing.cursor[1]}${event.shiftKey || event.key === " " ? ", drawn" : ""}`);
}

function remember() {
  drawing.past.push(drawing.ink.getImageData(0, 0, DRAWN, DRAWN));
  if (drawing.past.length > 30) drawing.past.shift();
}

function stroke(act, from, to) {
  const context = drawing.ink;
  context.globalCompositeOperation = drawing.erase ? "destination-out" : "source-over";
  Object.assign(context, { lineWidth: drawing.erase ? 30 : 20, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(to[0] + 0.01, to[1]);
  context.stroke();
  useDrawing(act);
}

function undo(act) {
  if (!drawing.past.length) return;
  drawing.ink.putImageData(drawing.past.pop(), 0, 0);
  useDrawing(act);
}

function clear(act) {
  remember();
  drawing.ink.clearRect(0, 0, DRAWN, DRAWN);
  useDrawing(act);
}

function copyInk({ canvas }) {
  const context = canvas.getContext("2d"), [x, y] = drawing.cursor;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, DRAWN, DRAWN);
  context.drawImage(drawing.ink.canvas, 0, 0);
  context.strokeStyle = "#a3006d";
  context.lineWidth = 2;
  context.strokeRect(x * DOT, y * DOT, DOT, DOT);
}

function inkTensor() {
  const { data } = drawing.ink.getImageData(0, 0, DRAWN, DRAWN);
  return tensor([DRAWN, DRAWN], Float64Array.from({ length: DRAWN * DRAWN }, (_, k) => data[4 * k + 3] / 255));
}

// The drawing becomes the example.
function useDrawing(act) {
  copyInk(act);
  const ink = inkTensor(), { rows, cols } = act.size, fit = drawing.fitted && rows === SIDE && cols === SIDE;
  const small = fit ? asMnist(ink) : averaged(ink, rows, cols), kind = page.tensors.input.data.constructor;
  if (!small) {
    say("Empty");
    showTraced();
  } else {
    show(tensor(page.facts.model.input_shape, kind.from(small.data)), page.target, fit ? "drawn here, as MNIST would have it" : "drawn here");
  }
  act.panel.update();
  renderHead();
}

// Every new pixel the mean of what it covers.
function averaged(ink, rows, cols) {
  if (!largest(ink)) return null;
  const whole = { rows: DRAWN, cols: DRAWN, at: (r, c) => ink.data[r * DRAWN + c] };
  return tensor([rows, cols], resampled(whole, rows, cols).flat());
}

// ------------------------------------------------------------ examples

function examplesNode() {
  const { numbers: chosen, labels, read, of, wrong } = page.facts.examples;
  if (!page.tensors.examples) return missing("The other examples");
  const list = make("div", { className: "tiles", id: "examples" });
  const fill = (onlyWrong) => list.replaceChildren(...chosen.map((number, k) => [number, k])
    .filter(([, k]) => !onlyWrong || labels[k] !== read[k]).map(([number, k]) => exampleTile(number, k)));
  const which = [["all", `the first, and others: ${chosen.length} of ${whole(of)}`]];
  if (labels) which.push(["wrong", `those the model gets wrong: ${whole(chosen.filter((_, k) => labels[k] !== read[k]).length)} of ${whole(wrong)}`]);
  fill(false);
  return make("details", { open: true }, make("summary", {}, "Examples"), make("div", { className: "row" },
    choice("Show", which, "all", (value) => fill(value === "wrong")), button("The traced example", () => { showTraced(); render(); }, { id: "traced" })),
    page.computable ? "" : make("p", { className: "warning" }, "This page cannot compute the network, so only the traced example has numbers."), list);
}

function exampleTile(number, k) {
  const { labels, read } = page.facts.examples, x = exampleAt(k), look = imagesOf(x.shape, page.inputFirst);
  const canvas = make("canvas", { "aria-hidden": "true" }), cell = Math.max(1, Math.floor(56 / Math.max(look.rows, look.cols)));
  paint(canvas, look.rows, look.cols, (r, c) => x.data[look.index(r, c, 0)], largest(x), [cell, cell]);
  const text = labels ? `${labels[k]}${read[k] === labels[k] ? "" : ` read ${read[k]}`}` : `${number}`;
  return button("", () => chooseExample(number, k), { disabled: !page.computable && number !== page.facts.example, "data-number": String(number),
    "aria-label": `Example ${number}${labels ? `, a ${labels[k]}${read[k] === labels[k] ? "" : `, read as ${read[k]}`}` : ""}` })
    .appendChild(make("span", {}, canvas, text)).parentNode;
}

function exampleAt(k) {
  const { examples } = page.tensors, size = product(examples.shape.slice(1));
  return tensor(examples.shape.slice(1), examples.data.slice(k * size, (k + 1) * size));
}

function chooseExample(number, k) {
  const { labels } = page.facts.examples;
  if (number === page.facts.example) {
    showTraced();
  } else {
    let target = page.target;
    if (labels) {
      target = zerosLike(page.runs.at(-1).output, page.runs.at(-1).output.shape);
      target.data[labels[k]] = 1;
    }
    show(exampleAt(k), target, `example ${number}${labels ? `, true class ${labels[k]}` : ""}`);
  }
  render();
  document.getElementById("panel").focus();
  say(document.getElementById("source").textContent);
}
