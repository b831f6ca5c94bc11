"""The mathematics of a convolutional network: pure functions on arrays, an operation's backward below its forward.

Read this package first, in this order; each chapter is a page or two:

    dense            a weighted sum of everything: the simplest forward and backward
    activations      relu, sigmoid, tanh, softmax: what is applied to a weighted sum
    window           where a sliding window lands on an image: strides, padding, dilation
    convolution      im2col, and a convolution as dense's matrix product over patches
    pooling          the largest value under the window
    dropout          random masks, and noise
    normalization    batch normalization, of a batch that may be cut into micro-batches
    layer_normalization    layer and group normalization, of each example alone
    rescaling        by constants
    warping          images translated, rotated, zoomed, resized
    augmentation     images cropped, flipped, erased in part, with another contrast

`numpycnn.reference` has the same operations as nested loops, straight from their definitions. Then read `layers/`,
which give these functions parameters.

Nothing here keeps state, and nothing changes its arguments. A forward function returns its output y and, where it has
computed something that the backward needs, that beside it. A backward function takes dy, the gradient of the loss with
respect to y, and returns gradients with respect to what went in; where a layer has parameters, one function gives
their gradients and another, ..._backward_input, that of the input.

Notation
    N         examples in a batch            x, y      input and output of an operation
    H, W, C   rows, columns, channels        dA        the gradient of the loss with respect to A, for any A
    KH, KW    rows, columns of the window    (u, v)    a tap: one position inside the window
    OH, OW    rows, columns of the output    (i, j)    an output cell: one position of the window
    SH, SW    strides of the window          F         filters, that is output channels
    DH, DW    dilation of the window         D, U      features in, units out of a dense layer
    xp        x with its padding             z         pre-activation: what an activation is applied to; logits,
    [a = b]   1 where a = b, else 0                    where it is softmax

Images are (N, H, W, C) throughout. Every function gives back the floating dtype that it is given.
"""

from numpycnn.functional.activations import (
    log_softmax,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    sum_of_others,
    tanh,
    tanh_backward,
)
from numpycnn.functional.augmentation import contrast, contrast_backward, crop, crop_backward, erase, flip, rectangles
from numpycnn.functional.convolution import (
    add_taps,
    check_images,
    col2im,
    conv2d,
    conv2d_backward,
    conv2d_backward_input,
    im2col,
    pad,
)
from numpycnn.functional.dense import dense, dense_backward, dense_backward_input
from numpycnn.functional.dropout import dropout_kept, dropout_scale, normal_noise
from numpycnn.functional.layer_normalization import (
    Normalized,
    normalize,
    normalize_backward,
    rms_scale,
    rms_scale_backward,
    scale_shift,
    scale_shift_backward,
)
from numpycnn.functional.normalization import (
    Moments,
    batch_norm,
    batch_norm_backward_input,
    batch_norm_backward_input_inference,
    batch_norm_backward_sums,
    inverse_std,
    merge_moments,
    moments,
)
from numpycnn.functional.pooling import lowest, max_pool2d, max_pool2d_backward
from numpycnn.functional.rescaling import rescale, rescale_backward, standardize, standardize_backward
from numpycnn.functional.warping import resizing, rotation, translation, warp, warp_backward, warp_taps, zoom
from numpycnn.functional.window import Window

__all__ = [
    "Moments",
    "Normalized",
    "Window",
    "add_taps",
    "batch_norm",
    "batch_norm_backward_input",
    "batch_norm_backward_input_inference",
    "batch_norm_backward_sums",
    "check_images",
    "col2im",
    "contrast",
    "contrast_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_backward_input",
    "crop",
    "crop_backward",
    "dense",
    "dense_backward",
    "dense_backward_input",
    "dropout_kept",
    "dropout_scale",
    "erase",
    "flip",
    "im2col",
    "inverse_std",
    "log_softmax",
    "lowest",
    "max_pool2d",
    "max_pool2d_backward",
    "merge_moments",
    "moments",
    "normalize",
    "normalize_backward",
    "normal_noise",
    "pad",
    "rectangles",
    "relu",
    "relu_backward",
    "rescale",
    "rescale_backward",
    "resizing",
    "rms_scale",
    "rms_scale_backward",
    "rotation",
    "scale_shift",
    "scale_shift_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "standardize",
    "standardize_backward",
    "sum_of_others",
    "tanh",
    "tanh_backward",
    "translation",
    "warp",
    "warp_backward",
    "warp_taps",
    "zoom",
]
