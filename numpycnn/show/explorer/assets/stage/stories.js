"use strict";
// The stories that the stage tells of a subject, with what is said above each.

const STORIES = {
  batch: {
    title: "Training: what the batch shares",
    able: batchOf,
    build: batchStory,
    text: "Batch normalization gives each channel mean 0 and variance 1 over the batch, then scales it by gamma and shifts it by beta, which are trained. In training mean and variance are those of this batch.",
  },
  batchBack: {
    title: "Backward: what the batch shares",
    able: batchOf,
    build: batchBackStory,
    text: "Going back, too, the examples of a batch meet: two sums over the batch, which are also the gradients of beta and gamma, go into the gradient of every example.",
  },
  inference: {
    title: "Inference: the moving averages",
    able: batchOf,
    build: inferenceStory,
    text: "With a single example there is no batch to normalize by. So training keeps moving averages of the means and variances, and inference uses them.",
  },
  residual: {
    title: "Forward and backward, two ways",
    able: residualOf,
    build: residualStory,
    text: "A residual block adds its input to what its layers make of it. Going back the gradient takes both ways: through the layers, and past them unchanged, so it reaches early layers however many blocks there are.",
  },
  depthwise: {
    title: "Forward: each channel by itself",
    able: (subject) => told(subject, "DepthwiseConv2D"),
    build: depthwiseStory,
    text: "A depthwise convolution has filters for each channel alone, and does not add channels up: far fewer weights and products than a convolution, which sees them all.",
  },
  transposed: {
    title: "Forward: a convolution's way back",
    able: (subject) => told(subject, "Conv2DTranspose"),
    build: transposedStory,
    text: "Each input cell stamps the kernel, times itself, onto the output, a stride apart; where stamps overlap they are added up. That is what {col2im} does for a convolution's gradient, here as a forward: small images become larger ones.",
  },
  forward: {
    title: "Forward: the output, cell by cell",
    able: convolutionOf,
    build: forwardStory,
    text: "The window lies on a patch of the input. Each pixel is multiplied by the weight on it, at the same {tap}; the products and the bias are added up, and the activation makes an output cell of the sum. Then the window moves on.",
  },
  matrix: {
    title: "The same as a matrix: im2col",
    able: (subject) => {
      const part = convolutionOf(subject);
      return part && part.w.rows.output * part.w.cols.output <= MOST_PATCHES && part.w.taps * part.w.channels <= MOST_PATCHES;
    },
    build: matrixStory,
    text: "{im2col} writes each patch as one row of a matrix. Then the whole convolution is one product of matrices, which computers do fastest: row times kernel, for every row.",
  },
  pooling: {
    title: "Pooling, forward and backward",
    able: (subject) => {
      const part = partOf(subject, "MaxPooling2D", "AveragePooling2D");
      return part && (part.run.winner || part.layer.kind === "AveragePooling2D");
    },
    build: poolStory,
    text: "Max-pooling keeps the largest of the values under each window, average pooling their mean. The gradient goes back to where the output came from: to the one that won, or in equal parts to all.",
  },
  loss: {
    title: "The loss and its gradient",
    able: lossShown,
    build: lossStory,
    text: "The loss L is one number: how wrong the output is. Its derivative with respect to each output says how L would change if that output grew a little.",
  },
  kernel: {
    title: "Backward: the kernel's gradient",
    able: convolutionWithGradients,
    build: kernelGradientStory,
    text: "If a weight grows by 1, z grows in each output cell by the pixel that the weight met there. So its gradient is the sum of pixel × {dz} over all cells; for all weights at once that is cols.T @ dz, cols being the {im2col} matrix.",
  },
  input: {
    title: "Backward: the input's gradient",
    able: convolutionWithGradients,
    build: inputGradientStory,
    text: "A pixel went into every window over it, each time under another {tap}: the window furthest up had its lowest weight there, so {dz} stands turned round beside the kernel. {col2im} adds up weight × dz over these windows.",
  },
  update: {
    title: "The update of the weights",
    able: updated,
    build: updateStory,
    text: "The gradient g says which way the loss grows; the optimizer steps the other way. What it remembers of earlier steps goes into the step too.",
  },
};

// A layer with its kernel, of which the stage tells the forward from what was traced.
const told = (subject, kind) => {
  const part = partOf(subject, kind);
  return part && part.layer.parameters.kernel && !part.layer.config.output_padding ? part : null;
};

const storiesOf = (subject) => Object.keys(STORIES).filter((name) => STORIES[name].able(subject));
