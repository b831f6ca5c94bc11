"use strict";
// What a layer that has no panel of its own computes, in a line.

const NORMALIZED = "normalized = (x − mean) / √(variance + ε); y = gamma × normalized + beta";
const AUGMENTED = "In training it changes images at random; in inference, which is computed here, y = x.";

const activationFormula = (layer) =>
  `y = ${layer.activation}(x)${ELEMENTWISE[layer.function] ? ", each value by itself." : ", over the values along an axis."}`;
const afterwards = (layer) => (layer.activation === "linear" ? "." : `, and ${layer.activation} after it.`);
const ofGroups = ({ config }) => (config.groups > 1 ? `, the channels in ${config.groups} groups that see nothing of one another` : "");
const isBatch = (run) => run.batch || (run.mean && page.kept && page.traced);

// By the layer's class: text, or a function of the layer and its run.
const LAYER_FORMULAS = {
  Activation: activationFormula,
  ActivityRegularization: "y = x. The loss has a penalty for y, whose gradient is added on the way back.",
  AlphaDropout: "y = x × factor + shift: in training some values are set to the limit of selu; in inference y = x.",
  AveragePooling2D: "y = the mean of the pixels under the window; padding does not count.",
  BatchNormalization: (layer, run) =>
    `${NORMALIZED}, for each channel. ${isBatch(run) ? "Mean and variance are those of this example, as of a batch of one." : "In inference mean and variance are what training remembers of many batches."}`,
  Branches: ({ config }) =>
    config.merge === "add" ? "y = the sum of what the branches give. Back, each of them gets dL/dy, and dL/dx is the sum of what they give back." : "y = what the branches give, side by side. Back, each of them gets its own part of dL/dy, and dL/dx is the sum of what they give back.",
  Conv2D: (layer) => `y = sum of patch × kernel + bias${ofGroups(layer)}${afterwards(layer)}`,
  Conv2DTranspose: (layer) => `Each pixel puts the kernel, times its value, down on the output, and what overlaps is added; bias${afterwards(layer)}`,
  Cropping2D: "y = x without its border.",
  DepthwiseConv2D: (layer) => `y = sum of patch × kernel + bias, each channel by itself${afterwards(layer)}`,
  Dense: (layer) => `y = x @ kernel + bias${afterwards(layer)}`,
  ELU: activationFormula,
  Flatten: "All values in one row: row by row, the channels of each pixel together.",
  GaussianDropout: "y = x × factor, in training a normal number with mean 1 for each value; in inference y = x.",
  GaussianNoise: "y = x + noise, in training a normal number with mean 0 for each value; in inference y = x.",
  GlobalAveragePooling2D: "y = the mean of all pixels of a channel.",
  GlobalMaxPooling2D: "y = the largest of all pixels of a channel, which is named by winner, row × columns + column.",
  GroupNormalization: `${NORMALIZED}, with mean and variance over each group of channels of this example.`,
  LayerNormalization: (layer) =>
    layer.config.rms_scaling ? "normalized = x / √(variance + ε); y = gamma × normalized, with a variance of this example's own numbers." : `${NORMALIZED}, with mean and variance of this example's own numbers.`,
  LeakyReLU: activationFormula,
  Normalization: ({ config }) => (config.invert ? "y = x × √variance + mean" : "y = (x − mean) / √variance") + ", of the data that it was adapted to.",
  PReLU: "y = x where x > 0, else alpha × x, with a learned alpha.",
  Permute: "The same values, with their axes in another order.",
  RandomContrast: AUGMENTED,
  RandomCrop: "In inference y = the largest window in the middle, brought to the output's size between the four pixels around.",
  RandomErasing: AUGMENTED,
  RandomFlip: AUGMENTED,
  RandomRotation: AUGMENTED,
  RandomTranslation: AUGMENTED,
  RandomZoom: AUGMENTED,
  ReLU: activationFormula,
  Rescaling: "y = x × scale + offset.",
  Reshape: "The same values, in the same order, in another shape.",
  Residual: "y = main(x) + shortcut(x), where a shortcut without layers is x itself. Back, the gradient takes both ways: dL/dx is the sum of what they give back.",
  SeparableConv2D: (layer) => `depthwise = each channel's patches × its kernel; y = sum over the channels of depthwise × pointwise kernel + bias${afterwards(layer)}`,
  Softmax: activationFormula,
  SpatialDropout2D: "y = x × mask, in training 0 for whole channels; in inference y = x.",
  UpSampling2D: ({ config }) => (config.interpolation === "nearest" ? "y = x with each pixel repeated." : "y = x enlarged, between the four pixels around."),
  ZeroPadding2D: "y = x with a border of zeros.",
};

function layerFormula(layer, run) {
  if (!layer.known) return "A layer that this page does not know: its traced tensors.";
  const formula = LAYER_FORMULAS[layer.kind];
  return typeof formula === "string" ? formula : formula ? formula(layer, run) : "";
}
