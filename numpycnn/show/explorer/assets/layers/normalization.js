"use strict";
// Layers that normalize, by an example's own numbers or by those of others, and layers that scale by what they were given.

// ------------------------------------------------------------ which numbers are normalized together

// For each number of an example: `group`, whose mean it is measured from, and `own`, its gamma and beta. shape: the groups'.
const GROUPINGS = {
  LayerNormalization({ config }, shape) {
    const axes = [config.axis].flat().map((axis) => exampleAxis(axis, shape)),
      isNormalized = (axis) => axes.includes(axis);
    const groups = shape.map((size, axis) => (isNormalized(axis) ? 1 : size));
    return { shape: groups, group: repeatedPlaces(shape, groups), own: placesAlong(shape, isNormalized) };
  },
  GroupNormalization({ config }, shape) {
    const channel = exampleAxis(config.axis, shape),
      groups = config.groups === -1 ? shape[channel] : config.groups,
      own = placesAlong(shape, (axis) => axis === channel);
    const group = own.map((c) => Math.floor((c * groups) / shape[channel]));
    return { shape: [...Array(shape.length - 1).fill(1), groups, 1], group, own };
  },
  BatchNormalization({ config }, shape) {
    const channel = exampleAxis(config.axis, shape),
      own = placesAlong(shape, (axis) => axis === channel);
    return { shape: [shape[channel]], group: own, own };
  },
};

// The mean of some values over each group.
function groupMeans({ shape, group }, value) {
  const like = tensor(shape, new Float64Array(product(shape))),
    size = group.length / product(shape);
  return mapped(sumsAt(group, like, value), (sum) => sum / size);
}

const inverseStd = (variance, epsilon) => tensor(variance.shape, Float64Array.from(variance.data, (v) => 1 / Math.sqrt(v + epsilon)));

// ------------------------------------------------------------ scale and shift

const scaledAndShifted = ({ gamma, beta }, own, x) =>
  tensor(x.shape, x.data.map((value, k) => value * (gamma ? gamma.data[own[k]] : 1) + (beta ? beta.data[own[k]] : 0)));

// The gradients of gamma, of beta, and of what gamma was multiplied to.
function scaledBackward({ gamma, beta }, own, scaled, dy) {
  const parameter_gradients = {
    ...(gamma && { gamma: sumsAt(own, gamma, (k) => dy.data[k] * scaled.data[k]) }),
    ...(beta && { beta: sumsAt(own, beta, (k) => dy.data[k]) }),
  };
  return { ds: scaledAndShifted({ gamma }, own, dy), parameter_gradients };
}

// dx = inverse_std * (ds - mean of ds - xhat * mean of ds*xhat); not centered, with s = x*inverse_std, without the first mean.
function normalizedBackward(ds, { xhat, scaled, inverse_std }, grouping, centered) {
  const means = groupMeans(grouping, (k) => ds.data[k]),
    products = groupMeans(grouping, (k) => ds.data[k] * scaled.data[k]);
  return tensor(ds.shape, ds.data.map((value, k) => {
    const g = grouping.group[k];
    return inverse_std.data[g] * (value - (centered ? means.data[g] : 0) - xhat.data[k] * products.data[g]);
  }));
}

// ------------------------------------------------------------ by an example's own mean and variance

function ownStatistics(grouping, x) {
  const mean = groupMeans(grouping, (k) => x.data[k]),
    deviation = (k) => x.data[k] - mean.data[grouping.group[k]];
  return { mean, variance: groupMeans(grouping, (k) => deviation(k) ** 2) };
}

const standardized = (x, { group }, { mean, inverse_std }) =>
  tensor(x.shape, x.data.map((value, k) => (value - mean.data[group[k]]) * inverse_std.data[group[k]]));

const NORMALIZATION = {
  forward(layer, x) {
    const grouping = GROUPINGS[layer.kind](layer, x.shape),
      { mean, variance } = ownStatistics(grouping, x),
      inverse_std = inverseStd(variance, layer.config.epsilon),
      xhat = standardized(x, grouping, { mean, inverse_std });
    const uncentered = tensor(x.shape, x.data.map((value, k) => value * inverse_std.data[grouping.group[k]])),
      normalized = layer.config.rms_scaling ? uncentered : xhat;
    return { xhat, normalized, mean, inverse_std, output: scaledAndShifted(layer.parameters, grouping.own, normalized) };
  },
  backward(layer, { xhat, normalized: scaled, inverse_std }, dy) {
    const grouping = GROUPINGS[layer.kind](layer, dy.shape),
      { ds, parameter_gradients } = scaledBackward(layer.parameters, grouping.own, scaled, dy);
    const dx = normalizedBackward(ds, { xhat, scaled, inverse_std }, grouping, !layer.config.rms_scaling);
    return { normalized_gradient: ds, input_gradient: dx, parameter_gradients };
  },
};

// ------------------------------------------------------------ by those of a batch

// In training of this one example its own mean and variance are the batch's.
const usesBatch = (layer, training) => training && layer.config.trainable;

// The trace has the channels last.
const channelsMoved = (layer, x) => {
  const channel = exampleAxis(layer.config.axis, x.shape),
    order = [...upTo(x.shape.length).filter((axis) => axis !== channel), channel];
  const data = x.data.constructor.from(placesInOrder(x.shape, order), (place) => x.data[place]);
  return tensor(order.map((axis) => x.shape[axis]), data);
};

const BATCH_NORMALIZATION = {
  forward(layer, x, kept, training) {
    const grouping = GROUPINGS.BatchNormalization(layer, x.shape),
      { moving_mean, moving_variance } = layer.parameters,
      batch = usesBatch(layer, training),
      { mean, variance } = batch ? ownStatistics(grouping, x) : { mean: moving_mean, variance: moving_variance },
      inverse = inverseStd(variance, layer.config.epsilon),
      xhat = standardized(x, grouping, { mean, inverse_std: inverse });
    const output = scaledAndShifted(layer.parameters, grouping.own, xhat);
    return { xhat, inverse, batch, normalized: channelsMoved(layer, xhat), mean, variance, output };
  },
  backward(layer, { xhat, inverse, batch }, dy) {
    const grouping = GROUPINGS.BatchNormalization(layer, dy.shape),
      { ds, parameter_gradients } = scaledBackward(layer.parameters, grouping.own, xhat, dy);
    const dx = batch
      ? normalizedBackward(ds, { xhat, scaled: xhat, inverse_std: inverse }, grouping, true)
      : tensor(dy.shape, ds.data.map((value, k) => value * inverse.data[grouping.group[k]]));
    return { normalized_gradient: channelsMoved(layer, ds), input_gradient: dx, parameter_gradients };
  },
};

// ------------------------------------------------------------ y = x*scale + offset, of constants

const RESCALED = {
  Rescaling({ config: { scale, offset } }, shape) {
    const [a, b] = [scale, offset].map(tensorOf),
      [ofA, ofB] = [a, b].map((one) => repeatedPlaces(shape, one.shape));
    return { scale: (k) => a.data[ofA[k]], offset: (k) => b.data[ofB[k]] };
  },
  Normalization({ config, parameters }, shape) {
    const axes = [config.axis ?? []].flat().map((axis) => exampleAxis(axis, shape)).sort((a, b) => a - b);
    const [mean, variance] = [parameters.mean || tensorOf(config.mean), parameters.variance || tensorOf(config.variance)],
      given = [...Array(axes.length - mean.shape.length).fill(1), ...mean.shape];
    const groups = shape.map((_, axis) => (axes.includes(axis) ? given[axes.indexOf(axis)] : 1)),
      of = repeatedPlaces(shape, groups),
      stds = Float64Array.from(variance.data, (value) => Math.max(Math.sqrt(value), page.epsilon)),
      whole = shape.map((size, axis) => (axes.includes(axis) ? size : 1)),
      spread = (data) => tensor(whole, Float64Array.from(repeatedPlaces(whole, groups), (k) => data[k])),
      inside = { mean: spread(mean.data), std: spread(stds) };
    if (config.invert) return { scale: (k) => stds[of[k]], offset: (k) => mean.data[of[k]], inside };
    return { scale: (k) => 1 / stds[of[k]], offset: (k) => -mean.data[of[k]] / stds[of[k]], inside };
  },
};

const RESCALING = {
  forward(layer, x) {
    const { scale, offset, inside } = RESCALED[layer.kind](layer, x.shape);
    return { ...inside, output: tensor(x.shape, x.data.map((value, k) => value * scale(k) + offset(k))) };
  },
  backward(layer, run, dy) {
    const { scale } = RESCALED[layer.kind](layer, dy.shape);
    return { input_gradient: tensor(dy.shape, dy.data.map((value, k) => value * scale(k))) };
  },
};
