"use strict";
// Where a sliding window lands on an image; the formulas stand in window.py.

function axisOf(size, kernel, stride, dilation, padding) {
  const extent = (kernel - 1) * dilation + 1;
  const output = padding === "same" ? Math.ceil(size / stride) : Math.floor((size - extent) / stride) + 1;
  const pads = padding === "same" ? Math.max((output - 1) * stride + extent - size, 0) : 0;
  return { size, kernel, stride, dilation, output, before: Math.floor(pads / 2), extent };
}

// The window of a convolution or a pooling layer, over images (H, W, C).
function windowOf(layer) {
  const { config } = layer;
  const [rows, cols, channels] = isFirst(layer)
    ? [layer.input_shape[1], layer.input_shape[2], layer.input_shape[0]]
    : layer.input_shape;
  const size = config.kernel_size || config.pool_size,
    dilation = config.dilation_rate || [1, 1];
  return {
    rows: axisOf(rows, size[0], config.strides[0], dilation[0], config.padding),
    cols: axisOf(cols, size[1], config.strides[1], dilation[1], config.padding),
    channels,
    taps: size[0] * size[1],
  };
}

// The window over a transposed convolution's output, (OH, OW, filters), that its convolution has; see transposed.py.
function transposedWindow(layer) {
  const { config } = layer,
    [rows, cols] = lastShape(layer, layer.input_shape),
    axes = [rows, cols].map((size, axis) => transposedAxis(size, config, axis));
  return { rows: axes[0], cols: axes[1], channels: config.filters, taps: product(config.kernel_size) };
}

function transposedAxis(output, config, axis) {
  const [kernel, stride, dilation] = [config.kernel_size, config.strides, config.dilation_rate].map((pair) => pair[axis]),
    extent = (kernel - 1) * dilation + 1,
    least = config.padding === "same" ? extent % 2 : extent,
    steps = (output - 1) * stride;
  const size = steps + (config.output_padding ? least + config.output_padding[axis] : Math.max(least, stride));
  return { size, kernel, stride, dilation, output, before: Math.floor(Math.max(steps + extent - size, 0) / 2), extent };
}

// The pixel that tap t of a window along one axis reads at output o; negative or beyond the size in the padding.
const position = (axis, o, t) => o * axis.stride + t * axis.dilation - axis.before;

// The pixel under a tap k = u*KW + v at output cell (i, j), or null in the padding.
function pixelUnder(w, i, j, k) {
  const row = position(w.rows, i, Math.floor(k / w.cols.kernel));
  const col = position(w.cols, j, k % w.cols.kernel);
  return row < 0 || col < 0 || row >= w.rows.size || col >= w.cols.size ? null : { row, col };
}

// The index of that pixel's channel c in an image, or -1 in the padding.
function indexUnder(w, i, j, k, c) {
  const pixel = pixelUnder(w, i, j, k);
  return pixel ? (pixel.row * w.cols.size + pixel.col) * w.channels + c : -1;
}

// Every output cell and tap that reads a pixel: what im2col copied it to, and what col2im adds up for it.
function readersOf(w, row, col) {
  const found = [];
  for (const [i, u] of readersAlong(w.rows, row)) {
    for (const [j, v] of readersAlong(w.cols, col)) found.push({ i, j, k: u * w.cols.kernel + v, u, v });
  }
  return found;
}

function readersAlong(axis, pixel) {
  const found = [];
  for (let t = 0; t < axis.kernel; t++) {
    const o = (pixel + axis.before - t * axis.dilation) / axis.stride;
    if (Number.isInteger(o) && o >= 0 && o < axis.output) found.push([o, t]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}
