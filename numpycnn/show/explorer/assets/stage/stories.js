"use strict";
// The stories that the stage tells of a subject, with what is said above each.

const STORIES = {
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
    title: "Max-pooling",
    able: (subject) => {
      const part = partOf(subject, "MaxPooling2D");
      return part && part.run.winner;
    },
    build: poolStory,
    text: "Of the values under each window the largest goes on. The gradient goes back to where that value came from.",
  },
  loss: {
    title: "The loss, and where the way back begins",
    able: lossShown,
    build: lossStory,
    text: "The loss L is one number: how wrong the output is. Its derivative with respect to each output says how L would change if that output grew a little.",
  },
  kernel: {
    title: "Backward: the kernel's gradient",
    able: convolutionWithGradients,
    build: kernelGradientStory,
    text: "A weight took part in every output cell, each time with another pixel. Its gradient is the sum of pixel × dL/d {pre-activation} over all cells: two columns, multiplied pair by pair and added up.",
  },
  input: {
    title: "Backward: the input's gradient",
    able: convolutionWithGradients,
    build: inputGradientStory,
    text: "A pixel went into every window that lay over it, each time with another weight. Its gradient is the sum of weight × dL/d {pre-activation} over these windows: that sum is what {col2im} computes.",
  },
  update: {
    title: "The update of the weights",
    able: updated,
    build: updateStory,
    text: "The gradient g says which way the loss grows; the optimizer steps the other way. What it remembers of earlier steps goes into the step too.",
  },
};

const storiesOf = (subject) => Object.keys(STORIES).filter((name) => STORIES[name].able(subject));
