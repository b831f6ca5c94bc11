"use strict";
// A curve over the steps of training, on a canvas and in words.

const CHART = { height: 170, left: 52, right: 10, top: 10, bottom: 22 };

// {node, draw(points, dots, at)}: points and dots are [step, value], a dot for each test; at is the step looked at.
function chart(name) {
  const canvas = make("canvas", { role: "img", id: `chart-${name}`, className: "chart", "aria-label": name }),
    words = make("span");
  const node = make("figure", { className: "curve" }, make("figcaption", {}, make("b", {}, name), words), canvas);

  function draw(points, dots, at) {
    const known = points.filter(([, value]) => Number.isFinite(value));
    words.textContent = chartText(points, known, dots, at);
    canvas.setAttribute("aria-label", `${name}. ${words.textContent}`);
    paintChart(canvas, known, dots, points, at);
  }
  return { node, draw };
}

function chartText(points, known, dots, at) {
  if (!known.length) return "No batch has been learnt from yet.";
  const values = known.map(([, value]) => value),
    here = points.find(([step]) => step === at);
  const lost = points.slice(1).length - known.length,
    test = dots.at(-1);
  return [
    `Of each batch: first ${shown(values[0])}, lowest ${shown(Math.min(...values))}, highest ${shown(Math.max(...values))}`,
    `. The dashed line is step ${at}${here && Number.isFinite(here[1]) ? `: ${shown(here[1])}` : ""}.`,
    test && Number.isFinite(test[1]) ? ` A diamond is the test data's after an epoch: last ${shown(test[1])}.` : "",
    lost > 0 ? ` ${count(lost, "batch's is", "batches' are")} not finite.` : "",
  ].join("");
}

function paintChart(canvas, known, dots, points, at) {
  const width = Math.max(canvas.parentNode.clientWidth, 240),
    { height, left, right, top, bottom } = CHART,
    ratio = 2;
  [canvas.width, canvas.height] = [width * ratio, height * ratio];
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const all = [...known, ...dots].map(([, value]) => value).filter(Number.isFinite);
  const low = Math.min(0, ...all),
    high = Math.max(...all, low + 1e-9),
    first = points[0][0],
    last = Math.max(points.at(-1)[0], first + 1);
  const x = (step) => left + ((step - first) / (last - first)) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / (high - low)) * (height - top - bottom);
  axes(context, { width, height, left, bottom, x, y, low, high, first, last, empty: !all.length });
  context.strokeStyle = "#0b4a8f";
  context.lineWidth = 2;
  context.beginPath();
  known.forEach(([step, value]) => context.lineTo(x(step), y(value)));
  context.stroke();
  if (known.length === 1) context.fillRect(x(known[0][0]) - 3, y(known[0][1]) - 3, 6, 6);
  for (const [step, value] of dots) if (Number.isFinite(value)) diamond(context, x(step), y(value));
  context.strokeStyle = "#a3006d";
  context.setLineDash([4, 3]);
  context.strokeRect(x(at), top, 0, height - top - bottom);
}

function axes(context, { width, height, left, bottom, x, y, low, high, first, last, empty }) {
  context.font = "12px system-ui, sans-serif";
  context.strokeStyle = "#8a9099";
  context.strokeRect(left, 10, width - left - 10, height - bottom - 10);
  context.fillStyle = "#15181d";
  context.textAlign = "right";
  if (!empty) for (const value of [low, high]) context.fillText(shown(value), left - 5, y(value) + 4);
  context.textAlign = "left";
  context.fillText(`step ${first}`, x(first), height - 6);
  context.textAlign = "right";
  context.fillText(`step ${last}`, x(last), height - 6);
}

function diamond(context, x, y) {
  context.fillStyle = "#b35c00";
  context.beginPath();
  for (const [dx, dy] of [
    [0, -6],
    [6, 0],
    [0, 6],
    [-6, 0],
  ])
    context.lineTo(x + dx, y + dy);
  context.fill();
}
