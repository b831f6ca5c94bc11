"""The mathematics of a convolutional network: pure functions on arrays, an operation's backward below its forward.

Each chapter is a page or two; in this order they build on each other:

    dense            a weighted sum of everything: the simplest forward and backward
    rectifiers       ReLU and its relatives: what is applied to a weighted sum
    sigmoids         sigmoid, tanh, softplus and what is made of them
    exponentials     ELU and its relatives
    error_function   the error function, and GELU
    softmax          scores into probabilities
    window           where a sliding window lands on an image: strides, padding, dilation
    convolution      im2col, and a convolution as dense's matrix product over patches
    pooling          the largest value under the window, or the mean
    padding          zeros around an image, and its border cut off: each the other's backward
    resampling       enlarged images, by repeating pixels or interpolating between them
    grouped          several convolutions side by side
    depthwise        a convolution of each channel by itself
    transposed       a convolution's backward used as a forward
    dropout          random masks, and noise
    normalization    batch normalization, of a batch that may be cut into micro-batches
    layer_normalization    layer and group normalization, of each example alone
    penalties        of weights and of outputs, for the loss
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

Images are (N, H, W, C) throughout. Arrays of x's shape have the dtype of x; statistics and sums
over a batch are float64.
"""

from numpycnn.functional.augmentation import (
    contrast,
    contrast_backward,
    crop_windows,
    crop_windows_backward,
    erase,
    flip,
    rectangles,
)
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
from numpycnn.functional.depthwise import depthwise_conv2d, depthwise_conv2d_backward, depthwise_conv2d_backward_input
from numpycnn.functional.dropout import alpha_dropout, dropout_kept, dropout_scale, normal_noise
from numpycnn.functional.error_function import erf, erfc, gelu, gelu_backward
from numpycnn.functional.exponentials import (
    celu,
    celu_backward,
    elu,
    elu_backward,
    exponential,
    exponential_backward,
    selu,
    selu_backward,
)
from numpycnn.functional.grouped import grouped_conv2d, grouped_conv2d_backward, grouped_conv2d_backward_input
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
from numpycnn.functional.padding import crop, zero_pad
from numpycnn.functional.penalties import (
    l1,
    l1_backward,
    l2,
    l2_backward,
    orthogonality,
    orthogonality_backward,
)
from numpycnn.functional.pooling import (
    average_pool2d,
    average_pool2d_backward,
    global_average_pool2d,
    global_average_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    lowest,
    max_pool2d,
    max_pool2d_backward,
)
from numpycnn.functional.rectifiers import (
    hard_shrink,
    hard_shrink_backward,
    hard_sigmoid,
    hard_sigmoid_backward,
    hard_silu,
    hard_silu_backward,
    hard_tanh,
    hard_tanh_backward,
    leaky_relu,
    leaky_relu_backward,
    linear,
    linear_backward,
    prelu,
    prelu_backward,
    rectifier,
    rectifier_backward,
    relu,
    relu6,
    relu6_backward,
    relu_backward,
    soft_shrink,
    soft_shrink_backward,
    sparse_plus,
    sparse_plus_backward,
    sparse_sigmoid,
    sparse_sigmoid_backward,
    threshold,
    threshold_backward,
)
from numpycnn.functional.resampling import (
    upsample_bilinear,
    upsample_bilinear_backward,
    upsample_nearest,
    upsample_nearest_backward,
)
from numpycnn.functional.rescaling import rescale, rescale_backward, standardize, standardize_backward
from numpycnn.functional.sigmoids import (
    glu,
    glu_backward,
    log_sigmoid,
    log_sigmoid_backward,
    mish,
    mish_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softplus,
    softplus_backward,
    softsign,
    softsign_backward,
    squareplus,
    squareplus_backward,
    tanh,
    tanh_backward,
    tanh_shrink,
    tanh_shrink_backward,
)
from numpycnn.functional.softmax import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_and_log,
    softmax_backward,
    sparsemax,
    sparsemax_backward,
    sum_of_others,
)
from numpycnn.functional.transposed import (
    conv2d_transpose,
    conv2d_transpose_backward,
    conv2d_transpose_backward_input,
    transposed_size,
)
from numpycnn.functional.warping import resizing, rotation, translation, warp, warp_backward, zoom
from numpycnn.functional.window import Window

__all__ = [
    "Moments",
    "Normalized",
    "Window",
    "add_taps",
    "alpha_dropout",
    "average_pool2d",
    "average_pool2d_backward",
    "batch_norm",
    "batch_norm_backward_input",
    "batch_norm_backward_input_inference",
    "batch_norm_backward_sums",
    "celu",
    "celu_backward",
    "check_images",
    "col2im",
    "contrast",
    "contrast_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_backward_input",
    "conv2d_transpose",
    "conv2d_transpose_backward",
    "conv2d_transpose_backward_input",
    "crop",
    "crop_windows",
    "crop_windows_backward",
    "dense",
    "dense_backward",
    "dense_backward_input",
    "depthwise_conv2d",
    "depthwise_conv2d_backward",
    "depthwise_conv2d_backward_input",
    "dropout_kept",
    "dropout_scale",
    "elu",
    "elu_backward",
    "erase",
    "erf",
    "erfc",
    "exponential",
    "exponential_backward",
    "flip",
    "gelu",
    "gelu_backward",
    "global_average_pool2d",
    "global_average_pool2d_backward",
    "global_max_pool2d",
    "global_max_pool2d_backward",
    "glu",
    "glu_backward",
    "grouped_conv2d",
    "grouped_conv2d_backward",
    "grouped_conv2d_backward_input",
    "hard_shrink",
    "hard_shrink_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "hard_tanh",
    "hard_tanh_backward",
    "im2col",
    "inverse_std",
    "l1",
    "l1_backward",
    "l2",
    "l2_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "log_sigmoid",
    "log_sigmoid_backward",
    "log_softmax",
    "log_softmax_backward",
    "lowest",
    "max_pool2d",
    "max_pool2d_backward",
    "merge_moments",
    "mish",
    "mish_backward",
    "moments",
    "normal_noise",
    "normalize",
    "normalize_backward",
    "orthogonality",
    "orthogonality_backward",
    "pad",
    "prelu",
    "prelu_backward",
    "rectangles",
    "rectifier",
    "rectifier_backward",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "rescale",
    "rescale_backward",
    "resizing",
    "rms_scale",
    "rms_scale_backward",
    "rotation",
    "scale_shift",
    "scale_shift_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "soft_shrink",
    "soft_shrink_backward",
    "softmax",
    "softmax_and_log",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "sparse_plus",
    "sparse_plus_backward",
    "sparse_sigmoid",
    "sparse_sigmoid_backward",
    "sparsemax",
    "sparsemax_backward",
    "squareplus",
    "squareplus_backward",
    "standardize",
    "standardize_backward",
    "sum_of_others",
    "tanh",
    "tanh_backward",
    "tanh_shrink",
    "tanh_shrink_backward",
    "threshold",
    "threshold_backward",
    "translation",
    "transposed_size",
    "upsample_bilinear",
    "upsample_bilinear_backward",
    "upsample_nearest",
    "upsample_nearest_backward",
    "warp",
    "warp_backward",
    "zero_pad",
    "zoom",
]
