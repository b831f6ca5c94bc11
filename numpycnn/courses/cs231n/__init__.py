"""The NumPy functions of CS231n's assignments 1 and 2 under their own names and signatures, made from `functional`.

They are references, exact to rounding: `conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})` gives (out, cache), and
`conv_backward_naive(dout, cache)` gives (dx, dw, db). Images are (N, C, H, W), as in the course. What a cache holds is
each function's own affair. Source: cs231n.stanford.edu, the assignments' docstrings.

    dense           affine, ReLU and dropout layers, and the layers made of several
    losses          softmax and the multiclass support vector machine
    optim           the update rules
    images          convolution, pooling, and im2col in the course's layout
    normalization   batch, layer and group normalization
"""

from numpycnn.courses.cs231n.dense import (
    affine_backward,
    affine_forward,
    affine_relu_backward,
    affine_relu_forward,
    dropout_backward,
    dropout_forward,
    relu_backward,
    relu_forward,
)
from numpycnn.courses.cs231n.images import (
    col2im_indices,
    conv_backward_naive,
    conv_bn_relu_backward,
    conv_bn_relu_forward,
    conv_forward_naive,
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
    im2col_indices,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from numpycnn.courses.cs231n.losses import (
    softmax_loss,
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm_loss,
    svm_loss_naive,
    svm_loss_vectorized,
)
from numpycnn.courses.cs231n.normalization import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from numpycnn.courses.cs231n.optim import adam, rmsprop, sgd, sgd_momentum

conv_forward_fast = conv_forward_im2col = conv_forward_strided = conv_forward_naive
conv_backward_fast = conv_backward_im2col = conv_backward_strided = conv_backward_naive
max_pool_forward_fast = max_pool_forward_im2col = max_pool_forward_reshape = max_pool_forward_naive
max_pool_backward_fast = max_pool_backward_im2col = max_pool_backward_reshape = max_pool_backward_naive

__all__ = [
    "adam",
    "affine_backward",
    "affine_forward",
    "affine_relu_backward",
    "affine_relu_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "col2im_indices",
    "conv_backward_fast",
    "conv_backward_im2col",
    "conv_backward_naive",
    "conv_backward_strided",
    "conv_bn_relu_backward",
    "conv_bn_relu_forward",
    "conv_forward_fast",
    "conv_forward_im2col",
    "conv_forward_naive",
    "conv_forward_strided",
    "conv_relu_backward",
    "conv_relu_forward",
    "conv_relu_pool_backward",
    "conv_relu_pool_forward",
    "dropout_backward",
    "dropout_forward",
    "im2col_indices",
    "layernorm_backward",
    "layernorm_forward",
    "max_pool_backward_fast",
    "max_pool_backward_im2col",
    "max_pool_backward_naive",
    "max_pool_backward_reshape",
    "max_pool_forward_fast",
    "max_pool_forward_im2col",
    "max_pool_forward_naive",
    "max_pool_forward_reshape",
    "relu_backward",
    "relu_forward",
    "rmsprop",
    "sgd",
    "sgd_momentum",
    "softmax_loss",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
    "svm_loss",
    "svm_loss_naive",
    "svm_loss_vectorized",
]
