"use strict";
// Which number of one tensor belongs to which of another: for every place of a shape, an index into the other's data.

// sum of index*stride over the axes, for every place in order.
function placesOf(shape, strides) {
  let places = Int32Array.of(0);
  shape.forEach((size, axis) => {
    const longer = new Int32Array(places.length * size);
    places.forEach((place, n) => {
      for (let k = 0; k < size; k++) longer[n * size + k] = place + k * strides[axis];
    });
    places = longer;
  });
  return places;
}

const stridesOf = (shape) => shape.map((_, axis) => product(shape.slice(axis + 1)));

// Places numbered by some axes alone, as if those were the whole shape.
function placesAlong(shape, isCounted) {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1).filter((_, k) => isCounted(axis + 1 + k))));
  return placesOf(shape, strides.map((stride, axis) => (isCounted(axis) ? stride : 0)));
}

// Into an array that repeats to the shape: aligned at the end, with 1 for axes along which it is the same.
function repeatedPlaces(shape, small) {
  const whole = [...Array(shape.length - small.length).fill(1), ...small];
  return placesOf(shape, stridesOf(whole).map((stride, axis) => (whole[axis] === 1 ? 0 : stride)));
}

// Where the numbers come from when the axes are put in another order.
const placesInOrder = (shape, order) => {
  const strides = stridesOf(shape);
  return placesOf(order.map((axis) => shape[axis]), order.map((axis) => strides[axis]));
};

// For each number of `like` the sum of value(k) over the places k that belong to it.
function sumsAt(places, like, value) {
  const sums = new Float64Array(like.data.length);
  places.forEach((place, k) => {
    sums[place] += value(k);
  });
  return tensor(like.shape, like.data.constructor.from(sums));
}

// A number, or nested lists of numbers, as a tensor.
function tensorOf(value) {
  const shape = [];
  for (let part = value; Array.isArray(part); part = part[0]) shape.push(part.length);
  return tensor(shape, Float64Array.from([value].flat(Infinity)));
}
