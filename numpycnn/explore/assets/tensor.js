"use strict";
// Tensors: {shape, data}, without the batch axis, in C order, as NumPy has them.

const KINDS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
};

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const tensor = (shape, data) => ({ shape, data });
const zerosLike = (x, shape) => tensor(shape, new x.data.constructor(product(shape)));
const mapped = (x, f) => tensor(x.shape, x.data.map(f));
const inDouble = (x) => tensor(x.shape, Float64Array.from(x.data));

function largestDifference(a, b) {
  let largest = 0;
  for (let k = 0; k < a.data.length; k++) {
    if (a.data[k] !== b.data[k]) largest = Math.max(largest, Math.abs(a.data[k] - b.data[k]));
  }
  return largest;
}

function largest(x) {
  let best = 0;
  for (const value of x.data) best = Math.max(best, Math.abs(value));
  return best;
}

function argmax(values) {
  let best = 0;
  values.forEach((value, k) => {
    if (value > values[best]) best = k;
  });
  return best;
}

// ------------------------------------------------------------ the two layouts of images

const isFirst = (layer) => layer.config.data_format === "channels_first";

// (C, H, W) seen as (H, W, C), where the layer has its channels first; see layers/data_format.py.
function toLast(x, first) {
  if (!first || x.shape.length < 2) return x;
  const channels = x.shape[0],
    rest = x.shape.slice(1),
    pixels = product(rest);
  const y = zerosLike(x, [...rest, channels]);
  for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) y.data[p * channels + c] = x.data[c * pixels + p];
  return y;
}

function fromLast(x, first) {
  if (!first || x.shape.length < 2) return x;
  const channels = x.shape.at(-1),
    rest = x.shape.slice(0, -1),
    pixels = product(rest);
  const y = zerosLike(x, [channels, ...rest]);
  for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) y.data[c * pixels + p] = x.data[p * channels + c];
  return y;
}

// ------------------------------------------------------------ from the page's data

async function unpacked(entry) {
  const bytes = Uint8Array.from(atob(entry.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return tensor(entry.shape, new KINDS[entry.dtype](await new Response(stream).arrayBuffer()));
}

// All tensors by name; what was left out is not there. The entries are described in tensors.py.
async function readTensors(table) {
  const found = {};
  const stored = Object.keys(table).filter((name) => table[name].data);
  (await Promise.all(stored.map((name) => unpacked(table[name])))).forEach((x, k) => {
    found[stored[k]] = x;
  });
  for (const [name, entry] of Object.entries(table)) {
    const source = found[entry.like];
    if (source) {
      found[name] = tensor(entry.shape, entry.relu ? source.data.map((value) => Math.max(value, 0)) : source.data);
    }
  }
  for (const [name, entry] of Object.entries(table)) {
    if (found[name] && entry.scale) found[name] = scaled(found[name], found[entry.scale]);
    if (found[name] && entry.palette) found[name] = looked(found[name], found[entry.palette]);
  }
  return found;
}

function scaled(levels, scale) {
  const outputs = scale.data.length;
  return tensor(
    levels.shape,
    scale.data.constructor.from(levels.data, (level, k) => level * scale.data[k % outputs]),
  );
}

const looked = (indices, palette) =>
  tensor(
    indices.shape,
    palette.data.constructor.from(indices.data, (index) => palette.data[index]),
  );
