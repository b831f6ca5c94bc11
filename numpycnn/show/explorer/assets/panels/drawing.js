"use strict";
// A digit drawn by mouse, touch or keyboard.

const DRAWN = 280,
  DOT = 10; // the drawing's side, and a keyboard cell's

const drawing = { ink: null, past: [], fitted: true, erase: false, cursor: [14, 14], down: false, target: "answer" };

function drawingNode(size, panel) {
  const canvas = make("canvas", {
    width: DRAWN,
    height: DRAWN,
    className: "drawing",
    id: "drawing",
    tabIndex: 0,
    role: "application",
    "aria-label": "Drawing. Arrow keys move the pen, with Shift they draw, Space makes a dot, Delete clears.",
  });
  drawing.ink =
    drawing.ink || make("canvas", { width: DRAWN, height: DRAWN }).getContext("2d", { willReadFrequently: true });
  const act = { size, panel, canvas };
  listen(act);
  copyInk(act);
  const mnist = size.rows === SIDE && size.cols === SIDE;
  const fitted = make("input", { type: "checkbox", id: "fitted", checked: drawing.fitted && mnist, disabled: !mnist });
  fitted.addEventListener("change", () => {
    drawing.fitted = fitted.checked;
    useDrawing(act);
  });
  const erase = button(
    "Eraser",
    () => {
      drawing.erase = !drawing.erase;
      erase.setAttribute("aria-pressed", String(drawing.erase));
    },
    { "aria-pressed": String(drawing.erase) },
  );
  return make(
    "div",
    { className: "sheet" },
    make("h3", {}, "Draw here"),
    canvas,
    make(
      "div",
      { className: "row" },
      button("Undo", () => undo(act), { id: "undo" }),
      button("Clear", () => clear(act), { id: "clear" }),
      erase,
    ),
    mnist
      ? make("label", { className: "tick" }, fitted, " as MNIST sees it: fitted into 20 by 20, centred by its mass")
      : "",
    choosesTarget() ? targetOfDrawing(act) : "",
    make(
      "p",
      { className: "note" },
      "Keys: arrows move the pen, Shift and arrows draw, Space makes a dot, Delete clears.",
    ),
  );
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
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, () => {
      last = null;
    });
  canvas.addEventListener("keydown", (event) => drawByKey(act, event));
}

function drawByKey(act, event) {
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] },
    step = steps[event.key];
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
  Object.assign(context, {
    lineWidth: drawing.erase ? 30 : 20,
    lineCap: "round",
    lineJoin: "round",
    strokeStyle: "#000",
  });
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
  const context = canvas.getContext("2d"),
    [x, y] = drawing.cursor;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, DRAWN, DRAWN);
  context.drawImage(drawing.ink.canvas, 0, 0);
  context.strokeStyle = "#a3006d";
  context.lineWidth = 2;
  context.strokeRect(x * DOT, y * DOT, DOT, DOT);
}

function inkTensor() {
  const { data } = drawing.ink.getImageData(0, 0, DRAWN, DRAWN);
  return tensor(
    [DRAWN, DRAWN],
    Float64Array.from({ length: DRAWN * DRAWN }, (_, k) => data[4 * k + 3] / 255),
  );
}

// The drawing becomes the example.
function useDrawing(act) {
  copyInk(act);
  const ink = inkTensor(),
    { rows, cols } = act.size,
    fit = drawing.fitted && rows === SIDE && cols === SIDE;
  const small = fit ? asMnist(ink) : averaged(ink, rows, cols),
    kind = page.tensors.input.data.constructor;
  if (!small) {
    say("Empty");
    showTraced();
  } else {
    const x = tensor(page.facts.model.input_shape, kind.from(small.data)),
      how = `drawn here${fit ? ", as MNIST would have it" : ""}`;
    show(x, ...drawnTarget(x, how));
  }
  act.panel.update();
  renderHead();
}

// The target of a drawing and what it is called: the network's own answer, or the class that was chosen.
function drawnTarget(x, how) {
  const follows = drawing.target === "answer";
  if (!choosesTarget() || (follows && !page.computable)) return [page.target, how];
  const k = follows ? argmax(forward(page, x, page.kept).at(-1).output.data) : Number(drawing.target);
  return [classTarget(k), `${how}, target ${k}${follows ? ", which is the answer" : ""}`];
}

// Whether the loss compares with one class of several.
const choosesTarget = () => {
  const { output_shape: shape } = page.layers.at(-1);
  return Boolean(page.loss && lossOf(page.loss)) && shape.length === 1 && shape[0] > 1 && shape[0] <= 100;
};

function targetOfDrawing(act) {
  const classes = Array.from({ length: page.layers.at(-1).output_shape[0] }, (_, k) => [k, String(k)]);
  const node = choice("Its target", [["answer", "the network's answer"], ...classes], drawing.target, (value) => {
    drawing.target = value;
    useDrawing(act);
  });
  return make("div", { className: "row" }, labelled(node, "drawnTarget"));
}

// Every new pixel the mean of what it covers.
function averaged(ink, rows, cols) {
  if (!largest(ink)) return null;
  const whole = { rows: DRAWN, cols: DRAWN, at: (r, c) => ink.data[r * DRAWN + c] };
  return tensor([rows, cols], resampled(whole, rows, cols).flat());
}
