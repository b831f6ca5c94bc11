"use strict";
// Layers with kernels: products of patches, or of whole inputs, and kernels; with a bias and an activation after them.

// ------------------------------------------------------------ patches

function im2col(x, w) {
  const k = w.taps * w.channels,
    y = zerosLike(x, [w.rows.output * w.cols.output, k]);
  eachCopy(w, (cell, column, pixel) => {
    if (pixel >= 0) y.data[cell * k + column] = x.data[pixel];
  });
  return y;
}

function col2im(dcols, w) {
  const sums = new Float64Array(w.rows.size * w.cols.size * w.channels),
    k = w.taps * w.channels;
  eachCopy(w, (cell, column, pixel) => {
    if (pixel >= 0) sums[pixel] += dcols.data[cell * k + column];
  });
  return tensor([w.rows.size, w.cols.size, w.channels], dcols.data.constructor.from(sums));
}

function eachCopy(w, visit) {
  for (let i = 0; i < w.rows.output; i++) {
    for (let j = 0; j < w.cols.output; j++) {
      for (let k = 0; k < w.taps; k++) {
        for (let c = 0; c < w.channels; c++) {
          visit(i * w.cols.output + j, k * w.channels + c, indexUnder(w, i, j, k, c));
        }
      }
    }
  }
}

// ------------------------------------------------------------ patches by kernels, group by group

// A group has neighbouring channels and neighbouring filters, and its filters see these channels alone.
function grouped(kernel, w, groups) {
  const channels = w.channels / groups,
    inner = w.taps * channels,
    filters = kernel.data.length / inner / groups;
  return { inner, filters, ofChannels: Array(groups).fill(channels), ofFilters: Array(groups).fill(filters) };
}

// (P, taps*C) by (taps, C/G, F) -> (P, F), and the bias, if any.
function convolve(patches, kernel, bias, w, groups) {
  const { inner, filters, ofChannels, ofFilters } = grouped(kernel, w, groups);
  const [seen, kernels] = [apart(patches, ofChannels), apart(kernel, ofFilters)],
    biases = bias ? apart(bias, ofFilters) : [];
  const z = sideBySide(seen.map((part, g) => times(part, kernels[g], biases[g], inner, filters)), ofFilters);
  z.shape = [w.rows.output, w.cols.output, filters * groups];
  return z;
}

// The gradients of the patches and of the kernel.
function convolveBackward(dz, patches, kernel, w, groups) {
  const { inner, filters, ofChannels, ofFilters } = grouped(kernel, w, groups);
  const [seen, kernels, dzs] = [apart(patches, ofChannels), apart(kernel, ofFilters), apart(dz, ofFilters)];
  const dpatches = sideBySide(dzs.map((part, g) => timesTransposed(part, kernels[g], inner, filters)), ofChannels),
    dkernel = sideBySide(dzs.map((part, g) => transposedTimes(seen[g], part, inner, filters)), ofFilters);
  return { dpatches: tensor(patches.shape, dpatches.data), dkernel: tensor(kernel.shape, dkernel.data) };
}

// ------------------------------------------------------------ pre-activations, channels last

const activated = (layer, pre_activation) => ({
  pre_activation,
  output: activate(layer, fromLast(pre_activation, isFirst(layer))),
});

const preActivationGradient = (layer, run, dy) =>
  toLast(activateBackward(layer, dy, fromLast(run.pre_activation, isFirst(layer)), run.output), isFirst(layer));

const patchesOf = (layer, x, w) => im2col(toLast(x, isFirst(layer)), w);

// ------------------------------------------------------------ the layers

// A depthwise convolution is a grouped one, with as many groups as channels.
const groupsOf = (layer, w) => (layer.kind === "DepthwiseConv2D" ? w.channels : layer.config.groups);

// Whether the pre-activation is one product, a number for each of the output: not of several groups, nor where glu halves it.
const isOneProduct = ({ config, function: name }) => (config.groups ?? 1) === 1 && name !== "glu";

// The patches are a matrix that is shown, where they are multiplied as one.
const CONV = {
  forward(layer, x) {
    const w = windowOf(layer),
      groups = groupsOf(layer, w),
      patches = patchesOf(layer, x, w);
    const z = convolve(patches, layer.parameters.kernel, layer.parameters.bias, w, groups);
    return { ...(isOneProduct(layer) ? { patches } : {}), ...activated(layer, z) };
  },
  backward(layer, run, dy) {
    const w = windowOf(layer),
      groups = groupsOf(layer, w),
      dz = preActivationGradient(layer, run, dy);
    const { dpatches, dkernel } = convolveBackward(dz, patchesOf(layer, run.input, w), layer.parameters.kernel, w, groups);
    return {
      pre_activation_gradient: dz,
      ...(layer.kind === "Conv2D" ? { patches_gradient: dpatches } : {}),
      input_gradient: fromLast(col2im(dpatches, w), isFirst(layer)),
      parameter_gradients: { kernel: dkernel, bias: columnSums(dz, dz.shape[2]) },
    };
  },
};

// Each channel by itself, then a 1x1 convolution that mixes the channels.
const SEPARABLE = {
  forward(layer, x) {
    const w = windowOf(layer),
      { depthwise_kernel, pointwise_kernel: point, bias } = layer.parameters;
    const depthwise = convolve(patchesOf(layer, x, w), depthwise_kernel, null, w, w.channels);
    const z = times(depthwise, point, bias, point.shape[2], point.shape[3]);
    z.shape = [w.rows.output, w.cols.output, point.shape[3]];
    return { depthwise, ...activated(layer, z) };
  },
  backward(layer, run, dy) {
    const w = windowOf(layer),
      { depthwise_kernel, pointwise_kernel: point } = layer.parameters,
      [inner, filters] = point.shape.slice(2),
      dz = preActivationGradient(layer, run, dy);
    const between = tensor(run.depthwise.shape, timesTransposed(dz, point, inner, filters).data),
      dpoint = transposedTimes(run.depthwise, dz, inner, filters);
    const back = convolveBackward(between, patchesOf(layer, run.input, w), depthwise_kernel, w, w.channels);
    return {
      pre_activation_gradient: dz,
      depthwise_gradient: between,
      input_gradient: fromLast(col2im(back.dpatches, w), isFirst(layer)),
      parameter_gradients: {
        depthwise_kernel: back.dkernel,
        pointwise_kernel: tensor(point.shape, dpoint.data),
        bias: columnSums(dz, filters),
      },
    };
  },
};

// The convolution's way back as a forward: its own way back is the convolution.
const TRANSPOSED = {
  forward(layer, x) {
    const w = transposedWindow(layer),
      { kernel, bias } = layer.parameters;
    const stamps = timesTransposed(toLast(x, isFirst(layer)), kernel, w.taps * w.channels, kernel.shape[3]);
    const z = col2im(stamps, w);
    return activated(layer, bias ? tensor(z.shape, z.data.map((value, k) => value + bias.data[k % w.channels])) : z);
  },
  backward(layer, run, dy) {
    const w = transposedWindow(layer),
      { kernel } = layer.parameters,
      [inner, channels] = [w.taps * w.channels, kernel.shape[3]],
      dz = preActivationGradient(layer, run, dy),
      patches = im2col(dz, w),
      x = toLast(run.input, isFirst(layer));
    const dx = tensor(x.shape, times(patches, kernel, null, inner, channels).data);
    return {
      pre_activation_gradient: dz,
      input_gradient: fromLast(dx, isFirst(layer)),
      parameter_gradients: {
        kernel: tensor(kernel.shape, transposedTimes(patches, x, inner, channels).data),
        bias: columnSums(dz, w.channels),
      },
    };
  },
};

const DENSE = {
  forward(layer, x) {
    const { kernel, bias } = layer.parameters,
      [inner, units] = kernel.shape;
    const z = times(x, kernel, bias, inner, units);
    return activated(layer, tensor([...x.shape.slice(0, -1), units], z.data));
  },
  backward(layer, run, dy) {
    const { kernel } = layer.parameters,
      [inner, units] = kernel.shape,
      dz = preActivationGradient(layer, run, dy);
    return {
      pre_activation_gradient: dz,
      input_gradient: tensor(run.input.shape, timesTransposed(dz, kernel, inner, units).data),
      parameter_gradients: { kernel: transposedTimes(run.input, dz, inner, units), bias: columnSums(dz, units) },
    };
  },
};
