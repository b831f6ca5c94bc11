"use strict";
// Layers whose outputs are weighted sums of inputs, with weights that nothing learns: those that move or repeat values,
// average them, or let them pass. The way back is the same weights the other way round.

// ------------------------------------------------------------ along one axis of an image

// The pixels of `size` that output o of `outputs` lies between, with their weights: half-pixel centers.
function between(size, outputs, o) {
  const place = bounded(((o + 0.5) * size) / outputs - 0.5, 0, size - 1),
    below = Math.floor(place);
  return [
    [below, 1 - (place - below)],
    [Math.min(below + 1, size - 1), place - below],
  ];
}

const evenly = (pixels) => pixels.map((pixel) => [pixel, 1 / pixels.length]);
const upTo = (count) => Array.from({ length: count }, (_, k) => k);

function underWindow(layer, axis) {
  const w = windowOf(layer),
    along = axis ? w.cols : w.rows;
  return (o) => evenly(upTo(along.kernel).map((t) => position(along, o, t)).filter((p) => p >= 0 && p < along.size));
}

// The largest window in the middle that has the ratio of the output's sides.
function middleWindow({ config: { height, width } }, axis, [rows, cols]) {
  const sides = [Math.min(rows, Math.floor((cols * height) / width)), Math.min(cols, Math.floor((rows * width) / height))];
  const side = Math.max(sides[axis], 1),
    start = Math.floor(([rows, cols][axis] - side) / 2);
  return (o) => between(side, [height, width][axis], o).map(([pixel, weight]) => [start + pixel, weight]);
}

// For each kind (layer, axis, image) => (o) => the [pixel, weight] that output o along that axis, 0 or 1, is the sum of.
const ALONG_IMAGE = {
  AveragePooling2D: underWindow,
  GlobalAveragePooling2D: (layer, axis, image) => () => evenly(upTo(image[axis])),
  ZeroPadding2D({ config: { padding } }, axis, image) {
    const [before] = padding[axis];
    return (o) => (o >= before && o < before + image[axis] ? [[o - before, 1]] : []);
  },
  Cropping2D: ({ config: { cropping } }, axis) => (o) => [[o + cropping[axis][0], 1]],
  UpSampling2D({ config: { size, interpolation } }, axis, image) {
    if (interpolation === "nearest") return (o) => [[Math.floor(o / size[axis]), 1]];
    return (o) => between(image[axis], image[axis] * size[axis], o);
  },
  RandomCrop: middleWindow,
};

// ------------------------------------------------------------ visit(output, input, weight), channels last

function visitImage(layer, visit) {
  const [rows, cols, channels] = lastShape(layer, layer.input_shape),
    output = lastShape(layer, layer.output_shape),
    [height, width] = output.length === 3 ? output : [1, 1]; // one number for each channel
  const [ofRows, ofCols] = [0, 1].map((axis) => ALONG_IMAGE[layer.kind](layer, axis, [rows, cols]));
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      for (const [r, a] of ofRows(i)) {
        for (const [s, b] of ofCols(j)) {
          for (let c = 0; c < channels; c++) visit((i * width + j) * channels + c, (r * cols + s) * channels + c, a * b);
        }
      }
    }
  }
}

const visitSame = (layer, visit) => upTo(product(layer.input_shape)).forEach((k) => visit(k, k, 1));

const visitPermuted = (layer, visit) =>
  placesInOrder(layer.input_shape, layer.config.dims.map((axis) => axis - 1)).forEach((place, k) => visit(k, place, 1));

const visitorOf = (layer) => (ALONG_IMAGE[layer.kind] ? visitImage : layer.kind === "Permute" ? visitPermuted : visitSame);

// ------------------------------------------------------------ the pair

const lastShape = (layer, shape) => (isFirst(layer) && shape.length > 1 ? [...shape.slice(1), shape[0]] : shape);

const MAP = {
  forward(layer, x) {
    const seen = toLast(x, isFirst(layer)),
      y = new Float64Array(product(layer.output_shape));
    visitorOf(layer)(layer, (output, input, weight) => {
      y[output] += weight * seen.data[input];
    });
    const last = tensor(lastShape(layer, layer.output_shape), x.data.constructor.from(y));
    return { output: tensor(layer.output_shape, fromLast(last, isFirst(layer)).data) };
  },
  backward(layer, run, dy) {
    const given = toLast(dy, isFirst(layer)),
      dx = new Float64Array(product(layer.input_shape));
    visitorOf(layer)(layer, (output, input, weight) => {
      dx[input] += weight * given.data[output];
    });
    return { input_gradient: fromLast(tensor(lastShape(layer, layer.input_shape), dy.data.constructor.from(dx)), isFirst(layer)) };
  },
};
