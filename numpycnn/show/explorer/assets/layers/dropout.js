"use strict";
// Layers that draw numbers in training: y = x * factor + shift. In inference nothing is drawn, and y = x.

const SELU_FLOOR = -SELU_ALPHA * SELU_SCALE;

// The factor and the shift of a value, for what was drawn for it: whether it is kept, or a normal number, scaled.
const NOISES = {
  Dropout: ({ rate }, kept) => [kept && rate > 0 ? 1 / (1 - rate) : kept, 0],
  SpatialDropout2D: (config, kept) => NOISES.Dropout(config, kept),
  AlphaDropout({ rate }, kept) {
    const a = ((1 - rate) * (1 + rate * SELU_FLOOR ** 2)) ** -0.5;
    return kept ? [a, -a * rate * SELU_FLOOR] : [0, a * (1 - rate) * SELU_FLOOR];
  },
  GaussianDropout: (config, factor) => [factor, 0],
  GaussianNoise: (config, noise) => [1, noise],
};

// What the trace shows of it.
const SHOWN_NOISE = { AlphaDropout: "factor", GaussianDropout: "factor", GaussianNoise: "noise" };

const NOISE = {
  forward(layer, x, drawn) {
    const pairs = Array.from(x.data, (_, k) => (drawn ? NOISES[layer.kind](layer.config, drawn.data[k]) : [1, 0]));
    const [factor, shift] = [0, 1].map((part) => tensor(x.shape, x.data.constructor.from(pairs, (pair) => pair[part])));
    return {
      slope: factor,
      [SHOWN_NOISE[layer.kind] || "mask"]: layer.kind === "GaussianNoise" ? shift : factor,
      output: tensor(x.shape, x.data.map((value, k) => value * factor.data[k] + shift.data[k])),
    };
  },
  backward: (layer, run, dy) => ({ input_gradient: tensor(dy.shape, dy.data.map((value, k) => value * run.slope.data[k])) }),
};

// Numbers that are drawn here, in place of the library's; a mask may be shared along some axes.
const DRAWS = {
  GaussianDropout: ({ rate }) => 1 + Math.sqrt(rate / (1 - rate)) * drawnNormal(),
  GaussianNoise: ({ stddev }) => stddev * drawnNormal(),
};

const drawnNormal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

function drawnShape({ kind, config, input_shape: shape }) {
  if (kind === "SpatialDropout2D") return config.data_format === "channels_first" ? [shape[0], 1, 1] : [1, 1, shape[2]];
  return config.noise_shape ? config.noise_shape.slice(1).map((size, axis) => size ?? shape[axis]) : shape;
}

function drawnNoise(layer) {
  const shape = drawnShape(layer),
    draw = DRAWS[layer.kind] || (({ rate }) => Number(Math.random() >= rate)),
    values = upTo(product(shape)).map(() => draw(layer.config));
  return tensor(layer.input_shape, Float64Array.from(repeatedPlaces(layer.input_shape, shape), (place) => values[place]));
}
