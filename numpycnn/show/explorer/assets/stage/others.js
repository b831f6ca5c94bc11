"use strict";
// The other stories of the stage: im2col and its product, pooling, the loss, the update.

const picture = (id, title, rows, cols, value, more = {}) => ({ id, title: () => title, rows, cols, value, ...more });
const rowGrid = (id, title, x, more = {}) => picture(id, title, 1, x.data.length, (r, c) => x.data[c], { bound: () => largest(x), ...more });

const MOST_PATCHES = 40; // of a matrix whose numbers are to be read

function matrixStory(subject, view) {
  const part = convolutionOf(subject),
    { layer, run, w } = part,
    filters = layer.config.filters,
    f = () => Math.min(view.filter, filters - 1),
    cells = w.rows.output * w.cols.output,
    inner = w.taps * w.channels,
    { kernel, bias } = layer.parameters;
  const z = (n) => run.pre_activation.data[n * filters + f()],
    b = () => (bias ? bias.data[f()] : 0);
  const rowMark = () => [{ row: view.k, col: 0, height: 1, width: inner }],
    cell = () => [{ row: view.k, col: 0 }];
  const image = paddedImage(part, "input", () => `input${channelText(w, 0)}`);
  const terms = (n) => Array.from({ length: inner }, (_, k) => [run.patches.data[n * inner + k], kernel.data[k * filters + f()]]);
  return {
    count: cells,
    grids: [
      { id: "stageSource", end: true, ...image, value: (r, c) => image.value(r, c, 0), marks: () => windowMarks(w, ...cellOf(w, view.k), null) },
      picture("stageMatrix", "{im2col} matrix: a row for each patch", cells, inner, (r, c) => (r <= view.k ? run.patches.data[r * inner + c] : undefined),
        { end: true, sign: "→", marks: rowMark, part: (r, c) => (r <= view.k ? partText(terms(r)[c], z(r) - b()) : clickHint()), bound: () => largest(run.patches), pick: (r) => goTo(r, true) }),
      picture("stageColumn", "kernel", inner, 1, (r) => kernel.data[r * filters + f()], { sign: "×", bound: () => largest(kernel), part: (r) => partText(terms(view.k)[r], z(view.k) - b()) }),
      picture("stageTarget", "sum", cells, 1, (r) => (r <= view.k ? z(r) - b() : undefined),
        { sign: "=", marks: cell, bound: () => largest(run.pre_activation), pick: (r) => goTo(r, true) }),
    ],
    heading: () => `Row ${view.k} of the matrix: the patch for output cell (${cellOf(w, view.k).join(", ")})`,
    lines: () => [
      `row ${view.k} · kernel = ${sumText(terms(view.k).filter(([p, q]) => p * q !== 0), z(view.k) - b())}`,
      bias ? `With the bias ${factor(b())} it is {pre-activation} ${brief(z(view.k))}.` : "",
    ],
  };
}

// Max-pooling and average pooling: what is under the window, the output that fills up, and where the gradient goes.
function poolStory(subject, view) {
  const part = partOf(subject, "MaxPooling2D", "AveragePooling2D"),
    { run, w } = part,
    look = poolLook(part, view),
    back = run.output_gradient && !forwardOnly();
  const cell = () => [{ row: cellOf(w, view.k)[0], col: cellOf(w, view.k)[1] }];
  const maps = (id, title, name, rows, cols, more) =>
    picture(id, title, rows, cols, (r, c) => look.at(name, r * cols + c), { bound: () => largest(run[name]), ...more });
  const [x, y] = [[w.rows.size, w.cols.size], [w.rows.output, w.cols.output]];
  const inside = { ...w, rows: { ...w.rows, before: 0 }, cols: { ...w.cols, before: 0 } };
  const grids = [
    maps("stageSource", "input of the pooling", "input", ...x, { end: true, marks: () => windowMarks(w.rows.before || w.cols.before ? w : inside, ...cellOf(w, view.k), null) }),
    picture("stageA", "under the window", w.rows.kernel, w.cols.kernel, (r, c) => look.value(r * w.cols.kernel + c), { marks: look.taken, bound: () => largest(run.input) }),
    maps("stageTarget", "output", "output", ...y, { end: true, sign: "→", marks: cell, pick: (r, c) => goTo(r * w.cols.output + c, true),
      value: (r, c) => (r * w.cols.output + c <= view.k ? look.at("output", r * w.cols.output + c) : undefined) }),
  ];
  if (back)
    grids.push(maps("stageDoutput", "back: dL/d output", "output_gradient", ...y, { marks: cell }), maps("stageDinput", "dL/d input", "input_gradient", ...x, { sign: "→", marks: look.receivers }));
  return {
    count: w.rows.output * w.cols.output,
    grids,
    heading: () => `Output cell (${cellOf(w, view.k).join(", ")}) = ${brief(look.at("output", view.k))}`,
    lines: () => [look.how(), back ? look.back() : ""],
  };
}

// What the two kinds of pooling say of the window at the place of the story.
function poolLook(part, view) {
  const { layer, run, w } = part,
    channel = () => Math.min(view.channel, w.channels - 1),
    images = {};
  const at = (name, n) => (images[name] || (images[name] = part.image(name))).data[n * w.channels + channel()];
  const pixel = (k) => pixelUnder(w, ...cellOf(w, view.k), k),
    value = (k) => (pixel(k) ? at("input", pixel(k).row * w.cols.size + pixel(k).col) : undefined),
    taps = () => Array.from({ length: w.taps }, (_, k) => k).filter(pixel);
  const winner = () => run.winner.data[view.k * w.channels + channel()],
    most = layer.kind === "MaxPooling2D",
    dy = () => brief(at("output_gradient", view.k)),
    values = () => taps().map((k) => factor(value(k)));
  return {
    at,
    value,
    taken: () => (most ? [{ row: Math.floor(winner() / w.cols.kernel), col: winner() % w.cols.kernel }] : []),
    receivers: () => (most ? [pixel(winner())] : taps().map(pixel)),
    how: () =>
      most
        ? `The largest of ${values().join(", ")} is ${brief(at("output", view.k))}, at pixel (${pixel(winner()).row}, ${pixel(winner()).col}).`
        : `The mean is (${values().join(" + ")}) / ${taps().length} = ${brief(at("output", view.k))}.`,
    back: () =>
      most
        ? `On the way back dL/d output, here ${dy()}, is added to the gradient of that pixel, and the others get nothing.`
        : `On the way back each of the ${taps().length} pixels gets its part of dL/d output: ${dy()} / ${taps().length} = ${brief(at("output_gradient", view.k) / taps().length)}.`,
  };
}

// Where the loss begins the way back: its arrays in rows, a column for each output.
function lossStory(subject, view) {
  const { network } = subject,
    last = network.runs.at(-1),
    merged = mergesSoftmax(network.layers, network.loss),
    n = last.output.data.length;
  const gradient = merged ? last.pre_activation_gradient || last.input_gradient : last.output_gradient;
  const difference = tensor([n], Float64Array.from(last.output.data, (y, k) => y - network.target.data[k]));
  const more = { marks: () => [{ row: 0, col: view.k }], pick: (r, c) => goTo(c, true), wide: true };
  const grids = [
    ...(merged ? [rowGrid("stageLogits", "{logits}", logitsOfLast(network.layers, last), more)] : []),
    rowGrid("stageA", merged ? "probabilities p" : "output y", last.output, more),
    rowGrid("stageB", "target t", network.target, { ...more, sign: "−" }),
    ...(merged ? [] : [rowGrid("stageProducts", "difference y − t", difference, { ...more, sign: "=" })]),
    rowGrid("stageTarget", merged ? "p − t = dL/d logits" : "dL/d output", gradient, { ...more, sign: "→" }),
  ];
  const [p, t, d] = [(k) => brief(last.output.data[k]), (k) => factor(network.target.data[k]), (k) => brief(gradient.data[k])];
  const truth = argmax(network.target.data);
  const squares = Array.from(difference.data, (one) => `${factor(one)}²`).join(" + ");
  return {
    count: n,
    grids,
    heading: () => `L = ${brief(network.value)}; dL/d ${merged ? "logit" : "output"} ${view.k} = ${d(view.k)}`,
    lines: () =>
      merged
        ? [`L = −log of the probability of the true class ${truth} = −log ${p(truth)} = ${brief(network.value)}.`, `dL/d logit ${view.k} = p − t = ${p(view.k)} − ${t(view.k)} = ${d(view.k)}.`]
        : [`L is the mean of the squares: ${squares.length <= mostLetters() ? `(${squares}) / ${n} = ` : ""}${brief(network.value)}.`, `dL/d output ${view.k} = 2 × (y − t) / ${n} = 2 × ${factor(difference.data[view.k])} / ${n} = ${d(view.k)}.`],
  };
}

const lossShown = (subject) => {
  const { network } = subject,
    last = network.runs.at(-1);
  if (!subject.ends || !network.target || !network.loss || network.value === null || !last || !last.output) return false;
  const known = lossOf(network.loss) === squaredError || mergesSoftmax(network.layers, network.loss);
  return known && last.output.shape.length === 1 && last.output.data.length <= 100 && Boolean(last.output_gradient);
};

// ------------------------------------------------------------ the update

const FORMULAS = {
  SGD: ({ momentum, nesterov }) =>
    !momentum ? "w = w − learning_rate × g" : `velocity = momentum × velocity − learning_rate × g; w = w + ${nesterov ? "momentum × velocity − learning_rate × g" : "velocity"}`,
  Adadelta: () => "a = rho a + (1 − rho) g²; change = g √(d + ε) / √(a + ε); d = rho d + (1 − rho) change²; w = w − learning_rate × change",
  Adagrad: () => "a = a + g²; w = w − learning_rate × g / √(a + ε)",
  RMSprop: () => "v = rho v + (1 − rho) g²; w = w − learning_rate × g / √(v + ε)",
  Adam: () => "m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; w = w − learning_rate × m̂ / (√v̂ + ε)",
};

const updated = (subject) => {
  const part = convolutionWithGradients(subject),
    name = part && `${part.layer.name}/update/kernel`;
  return subject.network.optimizer && part && subject.network.tensors[name] && (subject.small || page.traced) ? part : null;
};

const settingsText = (config) =>
  Object.entries(config)
    .filter(([key, value]) => typeof value === "number" && value !== 0 && (key !== "ema_momentum" || config.use_ema))
    .map(([key, value]) => `${key} ${factor(value)}`)
    .join(", ");

function updateStory(subject, view) {
  const { layer, run, w } = updated(subject),
    { tensors, optimizer } = subject.network,
    filters = layer.config.filters;
  const index = (r, c) => ((r * w.cols.kernel + c) * w.channels + Math.min(view.channel, w.channels - 1)) * filters + Math.min(view.filter, filters - 1);
  const before = layer.parameters.kernel,
    after = tensors[`${layer.name}/update/kernel`],
    step = tensor(before.shape, Float64Array.from(after.data, (value, n) => value - before.data[n])),
    g = run.parameter_gradients.kernel;
  const slots = Object.keys(tensors).filter((name) => name.startsWith(`${layer.name}/update/`) && / (before|after)$/.test(name));
  const slot = (name) => name.replace(/ (before|after)$/, "");
  slots.sort((a, b) => slot(a).localeCompare(slot(b)) || (a.endsWith("before") ? -1 : 1));
  const kept = slots.map((name) => [name.slice(`${layer.name}/update/`.length), tensors[name]]);
  // With momentum the velocity is the step.
  const isKept = kept.some(([, x]) => largestDifference(x, step) <= 1e-4 * largest(step));
  const shownOnes = [["w: kernel before", before], ["g: dL/d kernel", g], ...kept, ...(isKept ? [] : [["step", step]]), ["w: kernel after", after]];
  const place = () => [Math.floor(view.k / w.cols.kernel), view.k % w.cols.kernel];
  const of = (x) => brief(x.data[index(...place())]);
  return {
    count: w.taps,
    grids: shownOnes.map(([title, x], n) =>
      picture(`stageUpdate${n}`, title, w.rows.kernel, w.cols.kernel, (r, c) => x.data[index(r, c)], {
        bound: () => largest(x), marks: () => [{ row: place()[0], col: place()[1] }], pick: (r, c) => goTo(r * w.cols.kernel + c, true) })),
    heading: () => `Weight at tap (${place().join(", ")}): ${of(before)} → ${of(after)}`,
    lines: () => [
      `${optimizer.name}, step ${optimizer.step}, ${settingsText(optimizer.config)}. ${FORMULAS[optimizer.name] ? `${FORMULAS[optimizer.name](optimizer.config)}.` : ""}`,
      `g = ${of(g)}${kept.map(([title, x]) => `; ${title} ${of(x)}`).join("")}; step = ${of(step)}; new w = ${factor(before.data[index(...place())])} + ${factor(step.data[index(...place())])} = ${of(after)}.`,
    ],
  };
}
