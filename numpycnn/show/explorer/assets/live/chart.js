"use strict";
// A curve over the steps of training, on a canvas and in words.

const CHART = { height: 115, left: 70, right: 10, top: 10, bottom: 20 };

// {node, draw(points, dots, at)}: points and dots are [step, value], a dot for each test; at is the step looked at.
// logarithmic: whether that is preferred.
function chart(name, logarithmic) {
  const canvas = make("canvas", { role: "img", id: `chart-${name}`, className: "chart", "aria-label": name }),
    words = make("span");
  const title = make("b", {}, name);
  const node = make("figure", { className: "curve" }, make("figcaption", {}, title, " ", words), canvas);

  function draw(points, dots, at) {
    const known = points.filter(([, value]) => Number.isFinite(value));
    const axis = valueAxis([...known, ...dots].map(([, value]) => value).filter(Number.isFinite), logarithmic);
    title.textContent = axis.text === LINEAR ? name : `${name}, ${axis.text}`;
    words.textContent = chartText(points, known, dots, at);
    canvas.setAttribute("aria-label", `${title.textContent}. ${words.textContent}`);
    paintChart(canvas, axis, known, dots, points, at);
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
    `First ${shown(values[0])}, lowest ${shown(Math.min(...values))}, highest ${shown(Math.max(...values))}`,
    `. The dashed line is step ${at}${here && Number.isFinite(here[1]) ? `: ${shown(here[1])}` : ""}.`,
    test && Number.isFinite(test[1]) ? ` Diamonds are the test data: last ${shown(test[1])}.` : "",
    lost > 0 ? ` ${count(lost, "batch's is", "batches' are")} not finite.` : "",
  ].join("");
}

function paintChart(canvas, axis, known, dots, points, at) {
  const width = Math.max(canvas.parentNode.clientWidth, 240),
    { height, left, right, top, bottom } = CHART,
    ratio = 2;
  [canvas.width, canvas.height] = [width * ratio, height * ratio];
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const first = points[0][0],
    last = Math.max(points.at(-1)[0], first + 1);
  const x = (step) => left + ((step - first) / (last - first)) * (width - left - right);
  const y = (value) => height - bottom - axis.part(value) * (height - top - bottom);
  axes(context, { width, height, left, bottom, x, y, axis, first, last });
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

function axes(context, { width, height, left, bottom, x, y, axis, first, last }) {
  Object.assign(context, { font: "12px system-ui, sans-serif", fillStyle: "#15181d", textAlign: "right" });
  for (const value of axis.ticks) {
    context.fillText(shown(value), left - 5, y(value) + 4);
    context.strokeStyle = "#dde1e6";
    context.strokeRect(left, y(value), width - left - 10, 0);
  }
  context.strokeStyle = "#8a9099";
  context.strokeRect(left, 10, width - left - 10, height - bottom - 10);
  context.fillText(`step ${last}`, x(last), height - 5);
  context.textAlign = "left";
  context.fillText(`step ${first}`, x(first), height - 5);
  context.save();
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(axis.text, -(height - bottom + 10) / 2, 12);
  context.restore();
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
