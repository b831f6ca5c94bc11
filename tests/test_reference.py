"""The definitions as nested loops: against figures from outside, and each gradient against the complex step."""

from collections.abc import Callable

import numpy as np
import pytest
from numeric import complex_step

from numpycnn import reference as R
from numpycnn.common.typing import Array

RNG = np.random.default_rng(7)
HOW = (2, 1), "same", (1, 2)
X, KERNEL, BIAS = RNG.normal(size=(2, 4, 3, 2)), RNG.normal(size=(2, 2, 2, 3)), RNG.normal(size=3)
BIASES, GROUPED, DEPTHWISE = RNG.normal(size=4), RNG.normal(size=(2, 2, 1, 4)), RNG.normal(size=(2, 2, 2, 2))
BACK, TRANSPOSED = ((2, 1), "same", (1, 2), (1, 0)), RNG.normal(size=(2, 2, 3, 2))
POOL = (3, 2), (2, 2), "same"
BORDERS = (1, 2), (0, 1)
VECTORS, WEIGHTS = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(4, 3))
Z, TARGETS = RNG.normal(size=(2, 3)), np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
KEPT = RNG.integers(0, 2, (2, 3)) == 1
GAMMA, BETA, MEAN, VARIANCE = RNG.normal(size=2), RNG.normal(size=2), RNG.normal(size=2), np.array([0.5, 2.0])
EPSILON = 1e-3


def training(x: Array, gamma: Array, beta: Array) -> Array:
    return R.batch_norm(x, *R.batch_statistics(x), gamma, beta, EPSILON)


DY = {
    "conv2d": RNG.normal(size=(2, 2, 3, 3)),
    "pool": RNG.normal(size=(2, 2, 2, 2)),
    "global": np.array([1.0, -2.0, 0.5, 3.0]).reshape(2, 1, 1, 2),
    "four": RNG.normal(size=(2, 2, 3, 4)),
    "back": RNG.normal(size=R.conv2d_transpose(X, TRANSPOSED, None, *BACK).shape),
    "padded": RNG.normal(size=(2, 7, 4, 2)),
    "cropped": RNG.normal(size=(2, 1, 2, 2)),
    "larger": RNG.normal(size=(2, 8, 9, 2)),
    "dense": RNG.normal(size=(2, 3, 3)),
    "row": RNG.normal(size=(2, 3)),
    "loss": np.array([1.0, -2.0]),
    "norm": RNG.normal(size=X.shape),
    "other": RNG.normal(size=(2, 6, 4)),
    "moved": RNG.normal(size=(2, 2, 4, 3)),
    "beside": RNG.normal(size=(2, 4, 5, 2)),
}
PARAMETERS = R.batch_norm_parameters_backward(DY["norm"], X, *R.batch_statistics(X), EPSILON)

GRADIENTS: dict[str, tuple[Callable[[Array], Array], Array, Array, Array]] = {
    "conv2d, x": (
        lambda x: R.conv2d(x, KERNEL, BIAS, *HOW),
        X,
        DY["conv2d"],
        R.conv2d_backward(DY["conv2d"], X, KERNEL, *HOW)[0],
    ),
    "conv2d, kernel": (
        lambda k: R.conv2d(X + 0j, k, BIAS, *HOW),
        KERNEL,
        DY["conv2d"],
        R.conv2d_backward(DY["conv2d"], X, KERNEL, *HOW)[1],
    ),
    "conv2d, bias": (
        lambda b: R.conv2d(X + 0j, KERNEL, b, *HOW),
        BIAS,
        DY["conv2d"],
        R.conv2d_backward(DY["conv2d"], X, KERNEL, *HOW)[2],
    ),
    "grouped_conv2d, x": (
        lambda x: R.grouped_conv2d(x, GROUPED, BIASES, *HOW),
        X,
        DY["four"],
        R.grouped_conv2d_backward(DY["four"], X, GROUPED, *HOW)[0],
    ),
    "grouped_conv2d, kernel": (
        lambda k: R.grouped_conv2d(X + 0j, k, BIASES, *HOW),
        GROUPED,
        DY["four"],
        R.grouped_conv2d_backward(DY["four"], X, GROUPED, *HOW)[1],
    ),
    "grouped_conv2d, bias": (
        lambda b: R.grouped_conv2d(X + 0j, GROUPED, b, *HOW),
        BIASES,
        DY["four"],
        R.grouped_conv2d_backward(DY["four"], X, GROUPED, *HOW)[2],
    ),
    "depthwise_conv2d, x": (
        lambda x: R.depthwise_conv2d(x, DEPTHWISE, BIASES, *HOW),
        X,
        DY["four"],
        R.depthwise_conv2d_backward(DY["four"], X, DEPTHWISE, *HOW)[0],
    ),
    "depthwise_conv2d, kernel": (
        lambda k: R.depthwise_conv2d(X + 0j, k, BIASES, *HOW),
        DEPTHWISE,
        DY["four"],
        R.depthwise_conv2d_backward(DY["four"], X, DEPTHWISE, *HOW)[1],
    ),
    "depthwise_conv2d, bias": (
        lambda b: R.depthwise_conv2d(X + 0j, DEPTHWISE, b, *HOW),
        BIASES,
        DY["four"],
        R.depthwise_conv2d_backward(DY["four"], X, DEPTHWISE, *HOW)[2],
    ),
    "conv2d_transpose, x": (
        lambda x: R.conv2d_transpose(x, TRANSPOSED, BIAS, *BACK),
        X,
        DY["back"],
        R.conv2d_transpose_backward(DY["back"], X, TRANSPOSED, *BACK)[0],
    ),
    "conv2d_transpose, kernel": (
        lambda k: R.conv2d_transpose(X + 0j, k, BIAS, *BACK),
        TRANSPOSED,
        DY["back"],
        R.conv2d_transpose_backward(DY["back"], X, TRANSPOSED, *BACK)[1],
    ),
    "conv2d_transpose, bias": (
        lambda b: R.conv2d_transpose(X + 0j, TRANSPOSED, b, *BACK),
        BIAS,
        DY["back"],
        R.conv2d_transpose_backward(DY["back"], X, TRANSPOSED, *BACK)[2],
    ),
    "max_pool2d": (
        lambda x: R.max_pool2d(x, *POOL),
        X,
        DY["pool"],
        R.max_pool2d_backward(DY["pool"], X, *POOL),
    ),
    "average_pool2d": (
        lambda x: R.average_pool2d(x, *POOL),
        X,
        DY["pool"],
        R.average_pool2d_backward(DY["pool"], X, *POOL),
    ),
    "global_average_pool2d": (
        R.global_average_pool2d,
        X,
        DY["global"],
        R.global_average_pool2d_backward(DY["global"], X),
    ),
    "global_max_pool2d": (
        R.global_max_pool2d,
        X,
        DY["global"],
        R.global_max_pool2d_backward(DY["global"], X),
    ),
    "zero_pad": (lambda x: R.zero_pad(x, BORDERS), X, DY["padded"], R.crop(DY["padded"], BORDERS)),
    "crop": (lambda x: R.crop(x, BORDERS), X, DY["cropped"], R.zero_pad(DY["cropped"], BORDERS)),
    "upsample to the nearest": (
        lambda x: R.upsample(x, (2, 3), "nearest"),
        X,
        DY["larger"],
        R.upsample_backward(DY["larger"], X, (2, 3), "nearest"),
    ),
    "upsample bilinearly": (
        lambda x: R.upsample(x, (2, 3), "bilinear"),
        X,
        DY["larger"],
        R.upsample_backward(DY["larger"], X, (2, 3), "bilinear"),
    ),
    "reshape": (lambda x: R.reshape(x, (6, 4)), X, DY["other"], R.reshape_backward(DY["other"], X)),
    "permute": (lambda x: R.permute(x, (3, 1, 2)), X, DY["moved"], R.permute_backward(DY["moved"], X, (3, 1, 2))),
    "add": (lambda x: R.add([X + 0j, x]), X, DY["norm"], R.add_backward(DY["norm"], [X, X])[1]),
    "concatenate": (
        lambda x: R.concatenate([X[:, :, :2] + 0j, x], 2),
        X,
        DY["beside"],
        R.concatenate_backward(DY["beside"], [X[:, :, :2], X], 2)[1],
    ),
    "dense, x": (
        lambda x: R.dense(x, WEIGHTS, BIAS),
        VECTORS,
        DY["dense"],
        R.dense_backward(DY["dense"], VECTORS, WEIGHTS)[0],
    ),
    "dense, kernel": (
        lambda k: R.dense(VECTORS + 0j, k, BIAS),
        WEIGHTS,
        DY["dense"],
        R.dense_backward(DY["dense"], VECTORS, WEIGHTS)[1],
    ),
    "dense, bias": (
        lambda b: R.dense(VECTORS + 0j, WEIGHTS, b),
        BIAS,
        DY["dense"],
        R.dense_backward(DY["dense"], VECTORS, WEIGHTS)[2],
    ),
    "relu": (R.relu, Z, DY["row"], R.relu_backward(DY["row"], Z)),
    "sigmoid": (R.sigmoid, Z, DY["row"], R.sigmoid_backward(DY["row"], Z)),
    "tanh": (R.tanh, Z, DY["row"], R.tanh_backward(DY["row"], Z)),
    "softmax": (R.softmax, Z, DY["row"], R.softmax_backward(DY["row"], Z)),
    "cross_entropy": (
        lambda p: R.cross_entropy(TARGETS, p),
        R.softmax(Z),
        DY["loss"],
        DY["loss"][:, None] * R.cross_entropy_backward(TARGETS, R.softmax(Z)),
    ),
    "dropout": (
        lambda x: R.dropout(x, KEPT, 0.3),
        Z,
        DY["row"],
        R.dropout_backward(DY["row"], KEPT, 0.3),
    ),
    "batch_norm in training, x": (
        lambda x: training(x, GAMMA, BETA),
        X,
        DY["norm"],
        R.batch_norm_training_backward(DY["norm"], X, GAMMA, EPSILON),
    ),
    "batch_norm, gamma": (lambda g: training(X + 0j, g, BETA), GAMMA, DY["norm"], PARAMETERS[0]),
    "batch_norm, beta": (lambda b: training(X + 0j, GAMMA, b), BETA, DY["norm"], PARAMETERS[1]),
    "batch_norm in inference, x": (
        lambda x: R.batch_norm(x, MEAN, VARIANCE, GAMMA, BETA, EPSILON),
        X,
        DY["norm"],
        R.batch_norm_inference_backward(DY["norm"], VARIANCE, GAMMA, EPSILON),
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_written_out_is_the_derivative(name: str) -> None:
    forward, at, dy, claimed = GRADIENTS[name]
    true = complex_step(lambda moved: (dy * forward(moved)).sum(), at)
    np.testing.assert_allclose(claimed, true, rtol=1e-11, atol=1e-13)


def test_softmax_and_cross_entropy_give_p_minus_y() -> None:
    p = R.softmax(Z)
    np.testing.assert_allclose(R.softmax_backward(R.cross_entropy_backward(TARGETS, p), Z), p - TARGETS, atol=1e-15)


def test_convolution_and_pooling_give_the_onnx_figures() -> None:
    """ONNX's node tests: images of 0 to 24 and of 1 to 25."""
    x = np.arange(25.0).reshape(1, 5, 5, 1)
    y = R.conv2d(x, np.ones((3, 3, 1, 1)), None)
    assert y[0, :, :, 0].tolist() == [[54, 63, 72], [99, 108, 117], [144, 153, 162]]
    y = R.conv2d(x, np.ones((3, 3, 1, 1)), np.array([1.0]), padding="same")
    assert y[0, :, :, 0].tolist()[::4] == [[13, 22, 28, 34, 25], [73, 112, 118, 124, 85]]
    assert R.max_pool2d(x + 1, (2, 2), (2, 2))[0, :, :, 0].tolist() == [[7, 9], [17, 19]]
    y = R.max_pool2d(x + 1, (3, 3), (2, 2), "same")
    assert y[0, :, :, 0].tolist() == [[7, 9, 10], [17, 19, 20], [22, 24, 25]]


def test_average_pooling_by_hand() -> None:
    """With "same" padding the last column's windows see one column alone."""
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    y = R.average_pool2d(x, (2, 2), (2, 2), "same")
    assert y[0, :, :, 0].tolist() == [[2.0, 3.5], [6.5, 8.0]]
    assert R.global_average_pool2d(x).tolist() == [[[[4.0]]]]
    assert R.global_max_pool2d(x).tolist() == [[[[8.0]]]]


def test_transposed_convolution_by_hand() -> None:
    """Two pixels put a kernel of 1, 2, 3 down two cells apart; "same" keeps four cells, from the first on."""
    x, kernel = np.array([1.0, 10.0]).reshape(1, 1, 2, 1), np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
    assert R.conv2d_transpose(x, kernel, None, (1, 2)).ravel().tolist() == [1, 2, 13, 20, 30]
    assert R.conv2d_transpose(x, kernel, np.array([1.0]), (1, 2), "same").ravel().tolist() == [2, 3, 14, 21]
    assert R.conv2d_transpose(x, kernel, None, (1, 2), "same", (1, 1), (0, 0)).ravel().tolist() == [2, 13, 20]


def test_upsampling_by_hand() -> None:
    x = np.array([[0.0, 4.0], [8.0, 8.0]]).reshape(1, 2, 2, 1)
    assert R.upsample(x, (1, 2), "nearest")[0, :, :, 0].tolist() == [[0, 0, 4, 4], [8, 8, 8, 8]]
    assert R.upsample(x, (1, 2), "bilinear")[0, :, :, 0].tolist() == [[0, 1, 3, 4], [8, 8, 8, 8]]
    assert R.crop(R.zero_pad(x, BORDERS), BORDERS).tolist() == x.tolist()
    assert R.zero_pad(x, ((0, 1), (1, 0)))[0, :, :, 0].tolist() == [[0, 0, 4], [0, 8, 8], [0, 0, 0]]


def test_moving_by_hand() -> None:
    x = np.arange(6.0).reshape(1, 2, 3)
    assert R.reshape(x, (3, 2)).tolist() == [[[0, 1], [2, 3], [4, 5]]]
    assert R.permute(x, (2, 1)).tolist() == [[[0, 3], [1, 4], [2, 5]]]
    assert R.permute(np.zeros((1, 2, 3, 4)), (3, 1, 2)).shape == (1, 4, 2, 3)


def test_branches_by_hand() -> None:
    a, b = np.array([[[1.0, 2.0]]]), np.array([[[3.0, 4.0]]])
    assert R.add([a, b, b]).tolist() == [[[7, 10]]]
    assert R.concatenate([a, b], 1).tolist() == [[[1, 2], [3, 4]]]
    assert R.concatenate([b, a, a], 2).tolist() == [[[3, 4, 1, 2, 1, 2]]]


def test_dense_by_hand() -> None:
    x, kernel = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])
    assert R.dense(x, kernel, None).tolist() == [[13.0, 16.0]]
    assert R.dense(x, kernel, np.array([1.0, 2.0])).tolist() == [[14.0, 18.0]]


def test_batch_statistics_and_moving_averages_by_hand() -> None:
    mean, variance = R.batch_statistics(np.array([[1.0, 0.0], [3.0, 0.0], [8.0, 3.0]]))
    np.testing.assert_allclose(mean, [4.0, 1.0], rtol=1e-15)
    np.testing.assert_allclose(variance, [26 / 3, 2.0], rtol=1e-15)
    assert R.moving_average(np.array([1.0, 2.0]), np.array([3.0, 2.0]), 0.75).tolist() == [1.5, 2.0]
