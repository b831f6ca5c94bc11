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
    const [one, other] = [a.data[k], b.data[k]],
      same = one === other || (Number.isNaN(one) && Number.isNaN(other));
    if (!same) largest = Math.max(largest, Math.abs(one - other));
  }
  return largest;
}

// Of the finite values.
function largest(x) {
  let best = 0;
  for (const value of x.data) if (Number.isFinite(value)) best = Math.max(best, Math.abs(value));
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

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;:=>?@^_`{|}~";
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => Math.max(LETTERS.indexOf(String.fromCharCode(code)), 0));

// The bytes of a text in base 85: five letters for four bytes; see as_text in tensors.py.
function fromBase85(text) {
  const missing = (5 - (text.length % 5)) % 5,
    words = new DataView(new ArrayBuffer((4 * (text.length + missing)) / 5));
  for (let k = 0; k < text.length; k += 5) {
    let word = 0;
    for (let n = k; n < k + 5; n++) word = 85 * word + (n < text.length ? DIGITS[text.charCodeAt(n)] : 84);
    words.setUint32((4 * k) / 5, word);
  }
  return new Uint8Array(words.buffer, 0, words.byteLength - missing);
}

function fromBase64(text) {
  const letters = atob(text),
    bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) bytes[k] = letters.charCodeAt(k);
  return bytes;
}

async function unpacked(entry) {
  const bytes = entry.base === 64 ? fromBase64(entry.data) : fromBase85(entry.data);
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
