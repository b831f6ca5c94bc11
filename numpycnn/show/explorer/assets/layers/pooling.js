"use strict";
// The largest value under a window, or of a whole image: of equal ones the first wins.

// The window of a pooling layer; of a global one it is the image.
function poolWindow(layer) {
  if (!layer.kind.startsWith("Global")) return windowOf(layer);
  const size = isFirst(layer) ? layer.input_shape.slice(1) : layer.input_shape.slice(0, 2);
  return windowOf({ ...layer, config: { ...layer.config, pool_size: size, strides: size, padding: "valid" } });
}

const MAX_POOLING = {
  forward(layer, input) {
    const w = poolWindow(layer),
      x = toLast(input, isFirst(layer));
    const shape = [w.rows.output, w.cols.output, w.channels];
    const y = zerosLike(x, shape),
      winner = tensor(shape, new Uint16Array(product(shape)));
    y.data.fill(-Infinity);
    eachCopy(w, (cell, column, pixel) => {
      const out = cell * w.channels + (column % w.channels);
      if (pixel < 0) return;
      if (x.data[pixel] > y.data[out]) winner.data[out] = Math.floor(column / w.channels);
      y.data[out] = Math.max(y.data[out], x.data[pixel]); // as in NumPy, NaN stays
    });
    return { winner, output: tensor(layer.output_shape, fromLast(y, isFirst(layer)).data) };
  },
  backward(layer, run, dy) {
    const w = poolWindow(layer),
      given = toLast(dy, isFirst(layer));
    const dx = zerosLike(dy, [w.rows.size, w.cols.size, w.channels]);
    eachCopy(w, (cell, column, pixel) => {
      const out = cell * w.channels + (column % w.channels);
      const won = run.winner.data[out] === Math.floor(column / w.channels);
      if (pixel >= 0) dx.data[pixel] += given.data[out] * Number(won); // as in NumPy, where 0 times NaN is NaN
    });
    return { input_gradient: fromLast(dx, isFirst(layer)) };
  },
};
