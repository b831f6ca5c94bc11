"use strict";
// Products of matrices, and tensors cut along their last axis. Sums are taken in double precision.

// (P, K) by (K, F) -> (P, F), and the bias, if any, to each row.
function times(a, b, bias, inner, outputs) {
  const rows = a.data.length / inner,
    y = zerosLike(a, [rows, outputs]),
    sums = new Float64Array(outputs),
    sparse = b.data.every(Number.isFinite); // 0 times what is not finite is not 0
  for (let p = 0; p < rows; p++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = a.data[p * inner + k];
      if (value !== 0 || !sparse) for (let f = 0; f < outputs; f++) sums[f] += value * b.data[k * outputs + f];
    }
    for (let f = 0; f < outputs; f++) y.data[p * outputs + f] = sums[f] + (bias ? bias.data[f] : 0);
  }
  return y;
}

// (P, F) by the transpose of (K, F) -> (P, K): dcols = dy @ kernel.T
function timesTransposed(dy, b, inner, outputs) {
  const rows = dy.data.length / outputs,
    y = zerosLike(dy, [rows, inner]);
  for (let p = 0; p < rows; p++) {
    for (let k = 0; k < inner; k++) {
      let sum = 0;
      for (let f = 0; f < outputs; f++) sum += dy.data[p * outputs + f] * b.data[k * outputs + f];
      y.data[p * inner + k] = sum;
    }
  }
  return y;
}

// The transpose of (P, K) by (P, F) -> (K, F): dkernel = cols.T @ dy
function transposedTimes(a, dy, inner, outputs) {
  const rows = a.data.length / inner,
    sums = new Float64Array(inner * outputs),
    sparse = dy.data.every(Number.isFinite);
  for (let p = 0; p < rows; p++) {
    for (let k = 0; k < inner; k++) {
      const value = a.data[p * inner + k];
      if (value === 0 && sparse) continue;
      for (let f = 0; f < outputs; f++) sums[k * outputs + f] += value * dy.data[p * outputs + f];
    }
  }
  return tensor([inner, outputs], a.data.constructor.from(sums));
}

function columnSums(dy, outputs) {
  const sums = new Float64Array(outputs);
  dy.data.forEach((value, k) => {
    sums[k % outputs] += value;
  });
  return tensor([outputs], dy.data.constructor.from(sums));
}

// Rows of numbers cut into parts of these widths, and such parts side by side again.
function apart(x, widths) {
  if (widths.length === 1) return [x];
  const width = total(widths),
    rows = x.data.length / width;
  let start = 0;
  return widths.map((own) => {
    const part = zerosLike(x, [rows, own]);
    for (let r = 0; r < rows; r++) part.data.set(x.data.subarray(r * width + start, r * width + start + own), r * own);
    start += own;
    return part;
  });
}

function sideBySide(parts, widths) {
  if (parts.length === 1) return parts[0];
  const width = total(widths),
    rows = parts[0].data.length / widths[0],
    x = zerosLike(parts[0], [rows, width]);
  let start = 0;
  parts.forEach((part, n) => {
    for (let r = 0; r < rows; r++) x.data.set(part.data.subarray(r * widths[n], (r + 1) * widths[n]), r * width + start);
    start += widths[n];
  });
  return x;
}
