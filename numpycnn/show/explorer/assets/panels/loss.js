"use strict";
// The loss: what the network says, what is true, and their difference.

function lossPanel() {
  const panel = { view: viewOf("loss", { selection: { k: page.answer } }), figures: {} },
    last = page.runs.at(-1);
  panel.read = (selection) => readClass(panel, last, selection);
  panel.mark = () => {};
  panel.box = readingBox(panel);
  const classes = last.output.shape.length === 1;
  panel.node = make(
    "div",
    { className: "still" },
    make("h2", {}, `loss: ${page.loss.name}`),
    make("p", {}, ...explained(lossText(last))),
    classes && last.output.data.length > 1 && last.output.data.length <= 100 ? targetChoice() : "",
    beside(panel.box, classes ? lossTable(panel, last) : lossMaps(panel, last)),
  );
  panel.box.again();
  return panel;
}

function lossText() {
  if (!page.target) return "This page was made without targets. Choose a class to see the loss and every gradient.";
  const value = page.value === null ? "" : ` L = ${shown(page.value)}.`;
  const text = mergesSoftmax(page.layers, page.loss)
    ? "The loss is −log of the probability of the true class. With the softmax before it, its gradient with respect to the {logits} is p − y: what the network says, less what is true."
    : "The gradient of the loss with respect to the output starts the way back.";
  return text + value;
}

function targetChoice() {
  const n = page.layers.at(-1).output_shape[0],
    chosen = page.target ? argmax(page.target.data) : -1;
  const buttons = Array.from({ length: n }, (_, k) =>
    button(String(k), () => chooseTarget(k), {
      id: `target-${k}`,
      "aria-pressed": String(k === chosen),
      disabled: !page.live && (!page.computable || !lossOf(page.loss)),
    }),
  );
  return make(
    "div",
    { className: "row", role: "group", "aria-label": "Target" },
    "Target (what if the truth were …):",
    ...buttons,
  );
}

// Class k as a target; a running process makes of it what the loss takes.
const classTarget = (k) =>
  targetOf(k, page.live ? { name: "", settings: {} } : page.loss, page.runs.at(-1).output);

function chooseTarget(k) {
  const traced = page.tensors.targets,
    y = classTarget(k);
  if (page.number === null) drawing.target = String(k);
  const same = traced && page.x === page.tensors.input && largestDifference(traced, y) === 0;
  show(page.x, same ? traced : y, page.label, page.number);
  render();
  document.getElementById(`target-${k}`).focus();
  say(`Target ${k}.${page.value === null ? "" : ` Loss ${shown(page.value)}`}`);
}

function lossTable(panel, last) {
  const n = last.output.data.length,
    given = logitsOfLast(page.layers, last),
    logits = given.data.length === n ? given : last.output, // where there is no logit for each output
    merged = mergesSoftmax(page.layers, page.loss);
  const gradient = merged ? last.pre_activation_gradient || last.input_gradient : last.output_gradient;
  const bar = (k) =>
    make("i", {
      className: "bar",
      style: `height:12px;background:#b35c00;width:${Math.max(1, Math.min(150, 150 * Math.abs(last.output.data[k])))}px`,
    });
  const rows = Array.from({ length: Math.min(n, 1000) }, (_, k) => [
    button(String(k), () => panel.box.pin({ k }), { "aria-label": `Class ${k}`, id: `class-${k}` }),
    shown(logits.data[k]),
    shown(last.output.data[k]),
    bar(k),
    page.target ? shown(page.target.data[k]) : "",
    page.target && gradient ? shown(gradient.data[k]) : "",
  ]);
  return make(
    "div",
    { className: "terms", style: "max-height:none" },
    table(
      [
        "class",
        "logit",
        merged ? "probability p" : "output",
        "",
        "target y",
        merged ? "p − y = dL/d logit" : "dL/d output",
      ],
      rows,
    ),
  );
}

function lossMaps(panel, last) {
  const names = ["output", "target", "output_gradient"],
    tensors = { ...last, target: page.target };
  const figures = names
    .filter((name) => tensors[name])
    .map((name) =>
      mapFigure({
        id: name,
        of: () => tensors[name],
        first: page.layers.at(-1).first,
        channel: () => 0,
        title: () => `${name.replace("_gradient", " gradient")}, channel 0`,
        point: (k, r, c, spoken) => panel.box.point({ k }, spoken),
        pin: (k) => panel.box.pin({ k }),
      }),
    );
  return make("div", { className: "figures" }, ...figures.map((figure) => figure.node));
}

function readClass(panel, last, { k }) {
  const p = last.output.data[k],
    y = page.target ? page.target.data[k] : null,
    merged = mergesSoftmax(page.layers, page.loss);
  const gradient = merged ? last.pre_activation_gradient || last.input_gradient : last.output_gradient;
  const lines =
    y === null || !gradient
      ? []
      : [
          merged
            ? `p − y = ${shown(p)} − ${shown(y)} = ${shown(gradient.data[k])}.`
            : `Target ${shown(y)}, dL/d output ${shown(gradient.data[k])}.`,
        ];
  const logits = numbers(logitsOfLast(page.layers, last).data);
  const snippet =
    merged && y !== null && last.output.shape.length === 1 && last.output.data.length <= 100
      ? [
          "import numpy as np",
          `logits = ${logits}`,
          `y = ${numbers(page.target.data)}`,
          "p = np.exp(logits - logits.max())",
          "p = p / p.sum()",
          `print((p - y)[${k}])  # the page shows ${literal(gradient.data[k])}`,
        ]
      : fromTrace(null, "output", `0, ${indexText(last.output.shape, k)}`, p);
  const code =
    lossOf(page.loss) === crossEntropy
      ? [merged || page.loss.from_logits ? "cross_entropy_gradient" : "probabilities_gradient", "cross_entropy", "softmax"]
      : lossOf(page.loss) === squaredError ? ["squared_error_gradient", "squared_error"] : [];
  return { title: `Output ${k} = ${shown(p)}`, lines, code, snippet };
}
