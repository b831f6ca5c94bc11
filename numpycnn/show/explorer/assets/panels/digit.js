"use strict";
// The digit: what the network sees, beside the drawing, the answer and the examples.

// The size of a drawing that the network can take: {rows, cols}, or null where its input is no image of one channel.
function drawable() {
  const shape = page.facts.model.input_shape,
    look = imagesOf(shape, page.inputFirst);
  if ((!page.computable && !page.live) || look.channels !== 1) return null;
  if (product(shape) === SIDE * SIDE) return { rows: SIDE, cols: SIDE };
  return shape.length === 1 ? null : { rows: look.rows, cols: look.cols };
}

function digitPanel() {
  const shape = page.facts.model.input_shape,
    look = imagesOf(shape, page.inputFirst);
  const panel = { view: viewOf("input", { channel: look.channels === 3 ? null : 0, selection: { n: argmax(page.x.data) } }), figures: {} };
  const square = product(shape) === SIDE * SIDE;
  const shownAs = () =>
    square && look.channels === 1 && shape.length < 3 ? tensor([SIDE, SIDE], page.x.data) : page.x;
  panel.read = ({ n }) => ({
    title: `Input (${indexText(shape, n)}) = ${shown(page.x.data[n])}`,
    lines: inputLines(n),
    check: gradientCheck(0, null, n),
    code: [],
    snippet: fromTrace(page.layers[0], "input", `0, ${indexText(shape, n)}`, page.x.data[n]),
  });
  panel.mark = () => {};
  panel.box = readingBox(panel);
  panel.figures.seen = mapFigure({
    id: "seen",
    of: shownAs,
    first: page.inputFirst,
    channel: () => panel.view.channel ?? 0,
    colours: () => panel.view.channel === null,
    width: 300,
    height: 300,
    title: () => `what the network sees: input${look.channels === 1 ? "" : panel.view.channel === null ? ", in colour" : `, channel ${panel.view.channel}`}`,
    note: () => page.label,
    point: (n, r, c, spoken) => panel.box.point({ n }, spoken),
    pin: (n) => panel.box.pin({ n }),
  });
  const answer = make("div", { id: "answer" });
  panel.update = () => {
    panel.figures.seen.refresh();
    answer.replaceChildren(answerNode());
    markExample(examples);
    panel.box.again();
  };
  const examples = make("div", {}, examplesNode());
  panel.renew = (others) => {
    if (others) examples.replaceChildren(examplesNode());
    panel.update();
  };
  const parts = [panel.figures.seen.node, make("div", {}, make("h3", {}, "The answer"), answer)];
  const size = drawable();
  if (size) parts.unshift(drawingNode(size, panel));
  panel.node = make(
    "div",
    { className: "still" },
    make("h2", {}, `input: ${sizes(shape)}`),
    look.channels > 1 ? channelChoice(panel, look.channels) : "",
    make("div", { className: "figures" }, ...parts),
    panel.box.node,
    examples,
  );
  panel.update();
  return panel;
}

// Which channel of the input is shown; of three also all as one picture in colour.
function channelChoice(panel, channels) {
  const colours = channels === 3 ? ["red", "green", "blue"] : [];
  const options = Array.from({ length: channels }, (_, k) => [k, colours[k] ? `channel ${k}, ${colours[k]} in a picture` : `channel ${k}`]);
  if (channels === 3) options.unshift(["", "in colour"]);
  const node = choice("Show", options, panel.view.channel ?? "", (value) => {
    panel.view.channel = value === "" ? null : Number(value);
    panel.figures.seen.refresh();
  });
  return make("div", { className: "row" }, labelled(node, "shownChannel"));
}

function inputLines(n) {
  const { input_gradient: gradient } = page.runs[0];
  return gradient ? [`dL/d this value = ${shown(gradient.data[n])}.`] : [];
}

function answerNode(data = page.runs.at(-1).output.data) {
  const best = Array.from(data.keys())
      .sort((a, b) => data[b] - data[a])
      .slice(0, 10)
      .sort((a, b) => a - b);
  const top = argmax(data),
    bound = Math.max(...Array.from(data, Math.abs), 1e-9);
  return make(
    "div",
    { className: "bars", role: "group", "aria-label": "Output" },
    ...best.flatMap((k) => [
      make(k === top ? "b" : "span", {}, `${k}${k === top ? " ←" : ""}`),
      make("i", { style: `width:${(100 * Math.abs(data[k])) / bound}%` }),
      make("span", {}, shown(data[k])),
    ]),
  );
}
