"""The definitions as nested loops: slow, obvious, one number at a time. Read it beside `numpycnn.functional`.

A function here computes what its namesake there computes, if it has one, without matrix products, slices or tricks
against rounding. The gradients are written out too: each is the chain rule, term by term. For an output y of
inputs x, and dy the gradient of a loss with respect to y,

    dx[a] = sum over b of  dy[b] * (derivative of y[b] with respect to x[a])

and the loops run over the pairs (a, b) whose derivative is not zero. Nothing is taken from `functional`, so that the
tests can compare the two. Notation and shapes are those of `functional`: images are (N, H, W, C).
"""

from numpycnn.reference.activations import relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward
from numpycnn.reference.augmentation import (
    contrast,
    contrast_backward,
    crop_windows,
    crop_windows_backward,
    erase,
    flip,
)
from numpycnn.reference.branches import add, add_backward, concatenate, concatenate_backward
from numpycnn.reference.convolution import conv2d, conv2d_backward
from numpycnn.reference.dense import dense, dense_backward
from numpycnn.reference.dropout import (
    alpha_dropout,
    alpha_dropout_backward,
    dropout,
    dropout_backward,
    gaussian_dropout,
    gaussian_dropout_backward,
    gaussian_noise,
)
from numpycnn.reference.elementwise import FORMULAS, elementwise, elementwise_backward
from numpycnn.reference.errors import (
    ERRORS,
    categorical_hinge,
    categorical_hinge_backward,
    cosine_similarity,
    cosine_similarity_backward,
    mean_error,
    mean_error_backward,
)
from numpycnn.reference.grouped import (
    depthwise_conv2d,
    depthwise_conv2d_backward,
    grouped_conv2d,
    grouped_conv2d_backward,
)
from numpycnn.reference.layer_normalization import (
    group_norm,
    group_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from numpycnn.reference.losses import cross_entropy, cross_entropy_backward, softmax, softmax_backward
from numpycnn.reference.moving import permute, permute_backward, reshape, reshape_backward
from numpycnn.reference.normalization import (
    batch_norm,
    batch_norm_inference_backward,
    batch_norm_parameters_backward,
    batch_norm_training_backward,
    batch_statistics,
    moving_average,
)
from numpycnn.reference.penalties import (
    l1,
    l1_backward,
    l2,
    l2_backward,
    orthogonality,
    orthogonality_backward,
)
from numpycnn.reference.pooling import (
    average_pool2d,
    average_pool2d_backward,
    global_average_pool2d,
    global_average_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from numpycnn.reference.resampling import crop, upsample, upsample_backward, zero_pad
from numpycnn.reference.rescaling import rescale, rescale_backward, standardize, standardize_backward
from numpycnn.reference.rows import (
    glu,
    glu_backward,
    log_softmax,
    log_softmax_backward,
    prelu,
    prelu_backward,
    sparsemax,
    sparsemax_backward,
)
from numpycnn.reference.transposed import TransposedAxis, conv2d_transpose, conv2d_transpose_backward
from numpycnn.reference.warping import warp, warp_backward
from numpycnn.reference.window import Axis, axes, cells

__all__ = [
    "ERRORS",
    "FORMULAS",
    "Axis",
    "TransposedAxis",
    "add",
    "add_backward",
    "alpha_dropout",
    "alpha_dropout_backward",
    "average_pool2d",
    "average_pool2d_backward",
    "axes",
    "batch_norm",
    "batch_norm_inference_backward",
    "batch_norm_parameters_backward",
    "batch_norm_training_backward",
    "batch_statistics",
    "categorical_hinge",
    "categorical_hinge_backward",
    "cells",
    "concatenate",
    "concatenate_backward",
    "contrast",
    "contrast_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_transpose",
    "conv2d_transpose_backward",
    "cosine_similarity",
    "cosine_similarity_backward",
    "crop",
    "crop_windows",
    "crop_windows_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dense",
    "dense_backward",
    "depthwise_conv2d",
    "depthwise_conv2d_backward",
    "dropout",
    "dropout_backward",
    "elementwise",
    "elementwise_backward",
    "erase",
    "flip",
    "gaussian_dropout",
    "gaussian_dropout_backward",
    "gaussian_noise",
    "global_average_pool2d",
    "global_average_pool2d_backward",
    "global_max_pool2d",
    "global_max_pool2d_backward",
    "glu",
    "glu_backward",
    "group_norm",
    "group_norm_backward",
    "grouped_conv2d",
    "grouped_conv2d_backward",
    "l1",
    "l1_backward",
    "l2",
    "l2_backward",
    "layer_norm",
    "layer_norm_backward",
    "log_softmax",
    "log_softmax_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "mean_error",
    "mean_error_backward",
    "moving_average",
    "orthogonality",
    "orthogonality_backward",
    "permute",
    "permute_backward",
    "prelu",
    "prelu_backward",
    "relu",
    "relu_backward",
    "rescale",
    "rescale_backward",
    "reshape",
    "reshape_backward",
    "rms_norm",
    "rms_norm_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "sparsemax",
    "sparsemax_backward",
    "standardize",
    "standardize_backward",
    "tanh",
    "tanh_backward",
    "upsample",
    "upsample_backward",
    "warp",
    "warp_backward",
    "zero_pad",
]
