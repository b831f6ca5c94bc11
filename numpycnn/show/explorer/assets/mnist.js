"use strict";
// A drawing as MNIST would have it: the same steps as digits.py, one by one.

const SIDE = 28,
  BOX = 20,
  MIDDLE = 14;

// image: {shape: [rows, cols], data}, 0 where it is empty. Returns (28, 28) from 0 to 1, or null for an empty one.
function asMnist(image) {
  const ink = cropped(image);
  if (!ink) return null;
  const longer = Math.max(ink.rows, ink.cols);
  const rows = Math.max(1, roundEven((BOX * ink.rows) / longer)),
    cols = Math.max(1, roundEven((BOX * ink.cols) / longer));
  const small = resampled(ink, rows, cols);
  const rowMass = small.map((row) => row.reduce((a, b) => a + b, 0));
  const colMass = small[0].map((_, c) => small.reduce((sum, row) => sum + row[c], 0));
  const top = place(rowMass),
    left = place(colMass),
    framed = tensor([SIDE, SIDE], new Float32Array(SIDE * SIDE));
  small.forEach((row, r) =>
    row.forEach((value, c) => {
      framed.data[(top + r) * SIDE + left + c] = value;
    }),
  );
  return framed;
}

// Python rounds halves to the even neighbour.
const roundEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

function cropped({ shape: [rows, cols], data }) {
  let top = rows,
    bottom = -1,
    left = cols,
    right = -1,
    most = 0;
  data.forEach((value, k) => {
    if (value <= 0) return;
    const r = Math.floor(k / cols),
      c = k % cols;
    [top, bottom, left, right] = [Math.min(top, r), Math.max(bottom, r), Math.min(left, c), Math.max(right, c)];
    most = Math.max(most, value);
  });
  if (bottom < 0) return null;
  const at = (r, c) => Math.max(data[(top + r) * cols + left + c] / most, 0);
  return { rows: bottom - top + 1, cols: right - left + 1, at };
}

function resampled(ink, rows, cols) {
  const across = overlaps(cols, ink.cols),
    down = overlaps(rows, ink.rows);
  return down.map((weights) =>
    across.map((others) => {
      let sum = 0;
      for (const [r, a] of weights) for (const [c, b] of others) sum += a * b * ink.at(r, c);
      return sum;
    }),
  );
}

// For each of `count` new pixels of a line of `old`: which old ones it covers, and with what weight.
function overlaps(count, old) {
  return Array.from({ length: count }, (_, k) => {
    const start = (k * old) / count,
      end = ((k + 1) * old) / count,
      found = [];
    for (let p = Math.floor(start); p < Math.min(Math.ceil(end), old); p++) {
      const part = Math.min(end, p + 1) - Math.max(start, p);
      if (part > 0) found.push([p, (part * count) / old]);
    }
    return found;
  });
}

// Where a line of pixels begins in the frame, for its centre of mass to be nearest to the middle.
function place(mass) {
  const total = mass.reduce((a, b) => a + b, 0),
    centre = mass.reduce((sum, m, k) => sum + m * k, 0) / total;
  return Math.min(Math.max(Math.floor(MIDDLE - centre + 0.5), 0), SIDE - mass.length);
}
