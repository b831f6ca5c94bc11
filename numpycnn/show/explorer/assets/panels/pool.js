"use strict";
// Max-pooling: the winner of each window, ties, and where the gradient goes.

function poolPanel(layer, index) {
  const run = page.runs[index],
    w = windowOf(layer),
    first = isFirst(layer);
  const { channel, row, col } = strongest(layer, index, run);
  const view = viewOf(layer.name, { channel, selection: { type: "cell", i: row, j: col } });
  const panel = { layer, index, run, w, view, figures: {} };
  panel.image = (name) => toLast(run[name], first);
  panel.read = (selection) => (selection.type === "cell" ? readWindow(panel, selection) : readPooled(panel, selection));
  panel.mark = (selection) => markPool(panel, selection);
  panel.box = readingBox(panel);
  const figures = poolFigures(panel);
  panel.refresh = () => {
    Object.values(panel.figures).forEach((figure) => figure.refresh());
    panel.box.again();
  };
  const maps = tiles({
    id: "maps",
    title: "Feature maps",
    first,
    chosen: () => view.channel,
    contribution: page.contributions[index],
    choose: (channel) => {
      view.channel = channel;
      panel.refresh();
    },
    tensors: { [`output of ${layer.name}`]: () => run.output, "dL/d output": () => run.output_gradient },
  });
  panel.node = framed(
    layer,
    `The largest value under each window of ${layer.config.pool_size.join(" by ")} goes on; of equal ones the first ` +
      `in row order wins. ${tiesText(panel)}`,
    panel.box,
    figures,
    maps.node,
  );
  panel.box.again();
  return panel;
}

// The values under a window: [{k, row, col, value}], without the padding.
function windowValues({ w, image, view }, i, j) {
  const x = image("input"),
    found = [];
  for (let k = 0; k < w.taps; k++) {
    const pixel = pixelUnder(w, i, j, k);
    if (pixel)
      found.push({ k, ...pixel, value: x.data[(pixel.row * w.cols.size + pixel.col) * w.channels + view.channel] });
  }
  return found;
}

function tiesText(panel) {
  const { w, view } = panel,
    x = panel.image("input");
  let ties = 0,
    zeros = 0;
  for (let channel = 0; channel < w.channels; channel++) {
    for (let cell = 0; cell < w.rows.output * w.cols.output; cell++) {
      let best = -Infinity,
        times = 0;
      for (let k = 0; k < w.taps; k++) {
        const at = indexUnder(w, Math.floor(cell / w.cols.output), cell % w.cols.output, k, channel);
        if (at < 0) continue;
        if (x.data[at] === best) times++;
        if (x.data[at] > best) [best, times] = [x.data[at], 1];
      }
      if (times > 1) ties++;
      if (times > 1 && best === 0) zeros++;
    }
  }
  const all = w.rows.output * w.cols.output * w.channels;
  return `${whole(ties)} of ${count(all, "window has", "windows have")} a tie${ties ? `, ${whole(zeros)} of them among zeros` : ""}.`;
}

function poolFigures(panel) {
  const { layer, run, view, figures } = panel,
    name = layer.name;
  const add = (id, key, title, note, type) => {
    figures[id] = mapFigure({
      id,
      of: () => panel.image(key),
      channel: () => view.channel,
      width: 340,
      height: 340,
      title: () => `${title}, channel ${view.channel}`,
      note: () => note,
      point: (n, r, c, spoken) => panel.box.point(type === "cell" ? { type, i: r, j: c } : { type, r, c }, spoken),
      pin: (n, r, c) => panel.box.pin(type === "cell" ? { type, i: r, j: c } : { type, r, c }),
    });
  };
  add("image", "input", `input of ${name}`, "A dot marks each window's winner; a ring a tie with the winner.", "pixel");
  add("output", "output", `output of ${name}`, "Point at a cell: its window and winner.", "cell");
  if (run.output_gradient) {
    add("doutput", "output_gradient", `dL/d output of ${name}`, "What comes back from the layer after.", "cell");
    add(
      "dimage",
      "input_gradient",
      `dL/d input of ${name}`,
      "It goes to the winners; the losers get exactly 0.",
      "pixel",
    );
  }
  return make("div", { className: "figures" }, ...Object.values(figures).map((figure) => figure.node));
}

function winnerOf({ run, w, view }, i, j) {
  return run.winner.data[(i * w.cols.output + j) * w.channels + view.channel];
}

function readWindow(panel, { i, j }) {
  const { layer, run, w, view } = panel,
    values = windowValues(panel, i, j),
    winner = winnerOf(panel, i, j);
  const n = (i * w.cols.output + j) * w.channels + view.channel,
    output = panel.image("output").data[n];
  const ties = values.filter(({ value }) => value === output).length;
  const lines = [`The winner is tap ${winner}${ties > 1 ? `, the first of ${ties} equal ones: a tie` : ""}.`];
  if (run.output_gradient) {
    lines.push(
      `dL/d output here is ${shown(panel.image("output_gradient").data[n])}; all of it goes to the winner, and nothing to the losers.`,
    );
  }
  return {
    title: `Output cell (${i}, ${j}) of channel ${view.channel} = ${shown(output)}`,
    lines,
    terms: {
      heads: ["tap", "pixel", "value", "role"],
      rows: values.map(({ k, row, col, value }) => [
        String(k),
        `(${row}, ${col})`,
        shown(value),
        k === winner ? "winner" : value === output ? "tie, loses" : "loser",
      ]),
    },
    code: ["max_pool2d", "max_pool2d_backward"],
    snippet: [
      "import numpy as np",
      `window = ${numbers(values.map(({ value }) => value))}`,
      `print(window.max())  # the page shows ${literal(output)}; winner ${winner}`,
    ],
  };
}

function readPooled(panel, { r, c }) {
  const { layer, run, w, view } = panel,
    n = (r * w.cols.size + c) * w.channels + view.channel;
  const value = panel.image("input").data[n];
  const rows = readersOf(w, r, c).map(({ i, j, k }) => [
    `(${i}, ${j})`,
    winnerOf(panel, i, j) === k ? "wins" : "loses",
  ]);
  const lines = [
    rows.length
      ? `It stands in ${count(rows.length, "window")}, and wins ${rows.filter((row) => row[1] === "wins").length}.`
      : "No window sees it.",
  ];
  if (run.input_gradient) {
    const gradient = panel.image("input_gradient").data[n];
    lines.push(`dL/d pixel = ${shown(gradient)}${gradient === 0 ? ": the gradient stops here" : ""}.`);
  }
  return {
    title: `Pixel (${r}, ${c}) of channel ${view.channel} = ${shown(value)}`,
    lines,
    terms: { heads: ["window", "result"], rows },
    check: gradientCheck(panel.index, null, imagesOf(layer.input_shape, isFirst(layer)).index(r, c, view.channel)),
    code: ["max_pool2d_backward", "max_pool2d"],
    snippet: fromTrace(
      layer,
      "input",
      isFirst(layer) ? `0, ${view.channel}, ${r}, ${c}` : `0, ${r}, ${c}, ${view.channel}`,
      value,
    ),
  };
}

function markPool(panel, selection) {
  const { figures, w } = panel,
    readers = selection.type === "cell" ? [selection] : readersOf(w, selection.r, selection.c);
  const cells = readers.map(({ i, j }) => ({ row: i, col: j }));
  const windows =
    selection.type === "cell"
      ? [
          {
            row: position(w.rows, selection.i, 0),
            col: position(w.cols, selection.j, 0),
            height: w.rows.extent,
            width: w.cols.extent,
          },
        ]
      : [{ row: selection.r, col: selection.c }];
  for (const [name, figure] of Object.entries(figures)) {
    figure.draw(name.endsWith("output") ? cells : windows);
    if (!name.endsWith("output")) drawWinners(panel, figure.canvas);
  }
}

function drawWinners(panel, canvas) {
  const { w } = panel,
    context = canvas.getContext("2d"),
    size = canvas.width / w.cols.size;
  if (size < 5) return;
  for (let i = 0; i < w.rows.output; i++) {
    for (let j = 0; j < w.cols.output; j++) {
      const winner = winnerOf(panel, i, j),
        values = windowValues(panel, i, j);
      const best = values.find(({ k }) => k === winner);
      for (const { k, row, col, value } of values) {
        if (best && value === best.value) dot(context, (col + 0.5) * size, (row + 0.5) * size, size / 5, k === winner);
      }
    }
  }
}

function dot(context, x, y, radius, full) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 1;
  context.strokeStyle = "#000";
  context.fillStyle = "#000";
  if (full) context.fill();
  else context.stroke();
}
