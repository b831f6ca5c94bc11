"""Mistakes that people make in backward passes, as faults to put into the library, and the checks that must see them.

Which of several equal maxima a pool's gradient goes to is not among them: any of them is right, as far as gradients go.
The tests of the layers hold it to the first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from cases import built, distinct
from faults import Fault

from numpycnn import Sequential
from numpycnn import functional as F
from numpycnn.engine import training
from numpycnn.engine.fast import pooling
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.one_axis import OneAxisBlock
from numpycnn.engine.fast.winograd import WinogradBlock
from numpycnn.gradcheck import Report, gradcheck, gradcheck_function, gradcheck_layer
from numpycnn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.layers.kernel import KernelLayer
from numpycnn.losses import (
    CategoricalCrossentropy,
    Loss,
    MeanSquaredError,
    RowLoss,
)
from numpycnn.losses.base import per_example
from numpycnn.losses.crossentropy import logits_gradient, probabilities_gradient
from numpycnn.optimizers import base

# ---------------------------------------------------------------- what is checked


def layer(one: Layer) -> Report:
    """A layer on inputs without ties."""
    built(one, 0, np.float32)
    return gradcheck_layer(one, distinct(np.random.default_rng(0), (3, *(one.shape_in or ()))))


def loss(one: Loss, y_true: Any, y_pred: Any) -> Report:
    """A loss for each example, as a function of the predictions."""

    def backward(dy: Any, p: Any) -> Any:
        return dy.reshape(-1, *[1] * (p.ndim - 1)) * one.gradient(y_true, p)

    return gradcheck_function(lambda p: one.value(y_true, p), backward, y_pred)


def network(*layers: Layer, n: int = 3, fast: bool = True) -> Report:
    """A network with a dense layer of three classes at its end."""
    model = Sequential([*layers, Flatten(), Dense(3, activation="softmax")], seed=3, fast=fast)
    model.compile("sgd", "categorical_crossentropy")
    rng = np.random.default_rng(0)
    x = distinct(rng, (n, *(model.shape_in or ())))
    return gradcheck(model, x, np.eye(3)[rng.integers(0, 3, n)], samples=2)


def probabilities(*shape: int) -> Any:
    return np.random.default_rng(1).uniform(0.1, 1.0, shape)


def one_hot(*shape: int) -> Any:
    return np.eye(3)[np.random.default_rng(2).integers(0, 3, shape)]


def nearly_certain() -> Any:
    """Probabilities so small that the loss clips them."""
    p = probabilities(4, 3)
    p[0] = 1e-9, 1.0, 1e-9
    p[1] = 1.0, 1e-9, 1e-9
    return p


IMAGE = (6, 5, 2)
CASES: dict[str, Callable[[], Report]] = {
    "conv": lambda: layer(Conv2D(2, (3, 2), strides=(2, 1), padding="same", activation="tanh", input_shape=IMAGE)),
    "square conv": lambda: layer(Conv2D(2, 2, input_shape=(4, 4, 2))),
    "dilated conv": lambda: layer(Conv2D(2, (2, 3), padding="same", dilation_rate=(3, 2), input_shape=(7, 6, 1))),
    "conv, channels first": lambda: layer(
        Conv2D(2, (2, 3), data_format="channels_first", activation="sigmoid", input_shape=(2, 5, 4))
    ),
    "pool": lambda: layer(MaxPooling2D((3, 2), strides=(2, 1), padding="same", input_shape=IMAGE)),
    "pool, channels first": lambda: layer(
        MaxPooling2D((2, 3), strides=1, data_format="channels_first", input_shape=(2, 5, 4))
    ),
    "dense": lambda: layer(Dense(3, activation="tanh", input_shape=(2, 4))),
    "square dense": lambda: layer(Dense(4, input_shape=(4,))),
    "dropout": lambda: layer(Dropout(0.4, input_shape=(20,))),
    "flatten": lambda: layer(Flatten("channels_last", input_shape=IMAGE)),
    "flatten, channels first": lambda: layer(Flatten("channels_first", input_shape=(2, 3, 4))),
    "relu": lambda: layer(Activation("relu", input_shape=(5,))),
    "sigmoid": lambda: layer(Activation("sigmoid", input_shape=(5,))),
    "tanh": lambda: layer(Activation("tanh", input_shape=(5,))),
    "softmax": lambda: layer(Activation("softmax", input_shape=(2, 3))),
    "cross-entropy of scores": lambda: loss(
        CategoricalCrossentropy(from_logits=True), one_hot(4, 2), probabilities(4, 2, 3)
    ),
    "cross-entropy": lambda: loss(CategoricalCrossentropy(), one_hot(4), probabilities(4, 3)),
    "cross-entropy, clipped": lambda: loss(CategoricalCrossentropy(), one_hot(4), nearly_certain()),
    "squared error": lambda: loss(MeanSquaredError(), probabilities(4, 3), probabilities(4, 3)[::-1]),
    "plain network": lambda: network(Conv2D(2, 3, activation="relu", input_shape=(6, 5, 1)), Dropout(0.3), fast=False),
    "fast network": lambda: network(
        Conv2D(3, (3, 2), padding="same", activation="relu", input_shape=(7, 6, 2)),
        MaxPooling2D(2, padding="same"),
        Dropout(0.4),
        Conv2D(2, 2, padding="same"),
        Dropout(0.4),
    ),
    "fast network, pool": lambda: network(
        Conv2D(3, 3, padding="same", input_shape=(8, 7, 1)), MaxPooling2D((2, 3), padding="same")
    ),
    "one axis": lambda: network(
        Conv2D(3, (3, 2), strides=(2, 1), padding="same", activation="tanh", input_shape=(7, 6, 2)),
        MaxPooling2D(2, padding="same"),
        Conv2D(2, 2, padding="same"),
    ),
    "Winograd": lambda: network(
        Conv2D(4, 3, padding="same", activation="relu", input_shape=(5, 6, 3)), MaxPooling2D(2), n=5
    ),
}
"""Checks of right code, all of which pass."""


# ---------------------------------------------------------------- what is wrong

DKERNEL = "dkernel = cols.T @ dy  #"
RESHAPED = "dkernel.reshape(kernel.shape)"
WINDOW = "window.taps(window.output_size((h, w)))"
TAKEN = "dpadded[:, top : top + h, left : left + w]"
EVERY = "x.T @ dy, dy.sum(axis=0)"
SOFTMAX = "y * (dy - (dy * y).sum(axis=axis, keepdims=True))"

FAULTS: list[tuple[str, str, Fault]] = [
    # convolution
    ("a factor 1.001", "conv", Fault(F.conv2d_backward, DKERNEL, "dkernel = 1.001 * cols.T @ dy  #")),
    ("a sign", "conv", Fault(F.conv2d_backward, DKERNEL, "dkernel = -cols.T @ dy  #")),
    (
        "float32 in between",
        "conv",
        Fault(F.conv2d_backward, DKERNEL, "dkernel = (cols.T @ dy).astype('f').astype('d')  #"),
    ),
    ("float32 to the end", "conv", Fault(F.conv2d_backward, DKERNEL, "dkernel = (cols.T @ dy).astype('f')  #")),
    ("float32 of the input", "conv", Fault(F.conv2d_backward, DKERNEL, "dkernel = cols.astype('f').T @ dy  #")),
    ("dkernel flipped", "conv", Fault(F.conv2d_backward, RESHAPED, f"{RESHAPED}[::-1, ::-1]")),
    ("dkernel's H and W swapped", "square conv", Fault(F.conv2d_backward, RESHAPED, f"{RESHAPED}.swapaxes(0, 1)")),
    ("dkernel's channels swapped", "square conv", Fault(F.conv2d_backward, RESHAPED, f"{RESHAPED}.swapaxes(2, 3)")),
    ("dkernel of the wrong shape", "conv", Fault(F.conv2d_backward, RESHAPED, f"{RESHAPED}.swapaxes(0, 1)")),
    ("dbias a mean", "conv", Fault(F.conv2d_backward, "dy.sum(axis=0)", "dy.mean(axis=0)")),
    ("dbias over the wrong axis", "conv", Fault(F.conv2d_backward, "dy.sum(axis=0)", "dy.sum(axis=1)[: dy.shape[1]]")),
    ("dbias of one image", "conv", Fault(F.conv2d_backward, "dy.sum(axis=0)", "dy[: len(dy) // 3].sum(axis=0)")),
    (
        "kernel flipped for the input",
        "conv",
        Fault(F.conv2d_backward_input, "kernel.reshape(-1, f).T", "kernel[::-1, ::-1].reshape(-1, f).T"),
    ),
    (
        "kernel not transposed for the input",
        "square conv",
        Fault(F.conv2d_backward_input, "kernel.reshape(-1, f).T", "kernel.swapaxes(2, 3).reshape(-1, f).T"),
    ),
    ("bias left out of the forward", "conv", Fault(F.grouped_conv2d, "else y + bias", "else y + 0 * bias")),
    ("kernel flipped in the forward", "conv", Fault(F.conv2d, "cols @ kernel.", "cols @ kernel[::-1, ::-1].")),
    ("= for += in col2im", "conv", Fault(F.add_taps, "dpadded[tap] += part", "dpadded[tap] = part")),
    (
        "padding at the wrong end",
        "conv",
        Fault(F.add_taps, TAKEN, "dpadded[:, bottom : bottom + h, right : right + w]"),
    ),
    ("padding not cut off", "dilated conv", Fault(F.add_taps, TAKEN, "dpadded[:, :h, :w]")),
    (
        "strides ignored in the backward",
        "conv",
        Fault(F.add_taps, WINDOW, "Window(window.size, (1, 1), window.padding).taps(window.output_size((h, w)))"),
    ),
    (
        "dilation ignored in the backward",
        "dilated conv",
        Fault(
            F.add_taps, WINDOW, "Window(window.size, window.strides, window.padding).taps(window.output_size((h, w)))"
        ),
    ),
    (
        "taps in the order of columns",
        "conv",
        Fault(
            F.col2im,
            "dpatches[:, :, :, k] for k in range(window.count)",
            "dpatches[:, :, :, k % window.size[0] * window.size[1] + k // window.size[0]] for k in range(window.count)",
        ),
    ),
    (
        "the first window only",
        "conv",
        Fault(F.col2im, "for k in range(window.count)", "* (k == 0) for k in range(window.count)"),
    ),
    # pooling
    ("winner >= k", "pool", Fault(F.max_pool2d_backward, "winner == k", "winner >= k")),
    (
        "the gradient of average-pooling",
        "pool",
        Fault(F.max_pool2d_backward, "(winner == k) * dy", "dy / window.count"),
    ),
    (
        "winners in the order of columns",
        "pool",
        Fault(
            F.max_pool2d_backward, "winner == k", "winner == k % window.size[0] * window.size[1] + k // window.size[0]"
        ),
    ),
    ("winner where above zero", "pool", Fault(F.max_pool2d, "wins = seen > y", "wins = seen > 0")),
    ("the smallest wins", "pool", Fault(F.max_pool2d, "wins = seen > y", "wins = seen < y")),
    (
        "= for += in overlapping pools",
        "pool",
        Fault(F.add_taps, "dpadded[tap] += part", "dpadded[tap] = np.where(part, part, dpadded[tap])"),
    ),
    # dense
    ("dW a mean", "dense", Fault(F.dense_backward, EVERY, "x.T @ dy / len(x), dy.sum(axis=0)")),
    ("dW transposed", "square dense", Fault(F.dense_backward, EVERY, "dy.T @ x, dy.sum(axis=0)")),
    (
        "dbias over the units",
        "square dense",
        Fault(F.dense_backward, EVERY, "x.T @ dy, __import__('numpy').resize(dy.sum(axis=1), dy.shape[1])"),
    ),
    (
        "dx by the kernel itself",
        "square dense",
        Fault(F.dense_backward_input, "return dy @ kernel.T", "return dy @ kernel"),
    ),
    (
        "dx of float32 gradients",
        "dense",
        Fault(F.dense_backward_input, "return dy @ kernel.T", "return dy.astype('f') @ kernel.T"),
    ),
    ("activation forgotten for dW", "dense", Fault(KernelLayer.backward, "gradients_from(dz", "gradients_from(dy")),
    (
        "activation forgotten for dx",
        "dense",
        Fault(KernelLayer.backward, "input_gradient_from(dz", "input_gradient_from(dy"),
    ),
    (
        "activation forgotten, alone",
        "dense",
        Fault(KernelLayer.parameter_gradients, "self.pre_activation_gradient(dy, cache)", "dy"),
    ),
    ("the cache of the output", "square dense", Fault(Dense.forward, "DenseCache(x, ", "DenseCache(y, ")),
    # dropout and flatten
    ("mask not applied", "dropout", Fault(Dropout.backward, "dy * cache", "dy")),
    ("scale forgotten", "dropout", Fault(Dropout.forward, "return x * mask, mask", "return x * mask, mask != 0")),
    (
        "mask redrawn",
        "dropout",
        Fault(
            Dropout.forward,
            "return x * mask, mask",
            "return x * mask, self.draw(self.mask_shape(x.shape), rng) * scale",
        ),
    ),
    (
        "a scale drawn anew each time",
        "dropout",
        Fault(
            Dropout.forward,
            "self.draw(self.mask_shape(x.shape), rng) * scale",
            "self.draw(self.mask_shape(x.shape), rng) * scale * (1 + __import__('random').random())",
        ),
    ),
    ("kept and dropped exchanged", "dropout", Fault(Dropout.backward, "dy * cache", "dy * (cache == 0) / 0.6")),
    ("Fortran's order", "flatten", Fault(Flatten.backward, "dy.reshape(cache)", "dy.reshape(cache, order='F')")),
    (
        "order of the channels ignored",
        "flatten, channels first",
        Fault(
            Flatten.backward,
            "from_channels_last(dy.reshape(cache), self.data_format)",
            "dy.reshape(len(dy), *self.shape_in)",
        ),
    ),
    (
        "images reshaped, not turned",
        "conv, channels first",
        Fault(Conv2D.input_gradient_from, "from_channels_last(dx, self.data_format)", "dx.reshape(-1, *self.shape_in)"),
    ),
    (
        "gradients reshaped, not turned",
        "pool, channels first",
        Fault(MaxPooling2D.backward, "to_channels_last(dy, self.data_format)", "dy.reshape(cache.winner.shape)"),
    ),
    (
        "activation forgotten",
        "conv",
        Fault(KernelLayer.pre_activation_gradient, "self.activation.backward(dy, cache.z, cache.y)", "dy"),
    ),
    (
        "activation forgotten, alone",
        "conv",
        Fault(KernelLayer.parameter_gradients, "self.pre_activation_gradient(dy, cache)", "dy"),
    ),
    # activations
    ("guided: dy > 0", "relu", Fault(F.relu_backward, "(y.real > 0", "(dy.real > 0")),
    ("leaky backward", "relu", Fault(F.relu_backward, "(y.real > 0)", "np.where(y.real > 0, 1, 0.01)")),
    ("1 - y alone", "sigmoid", Fault(F.sigmoid_backward, "dy * (e / (1 + e) ** 2)", "dy * (1 - y)")),
    ("tanh's backward", "sigmoid", Fault(F.sigmoid_backward, "dy * (e / (1 + e) ** 2)", "dy * (1 - y * y)")),
    ("sigmoid's backward", "tanh", Fault(F.tanh_backward, "dy * (4 * e / (1 + e) ** 2)", "dy * y * (1 - y)")),
    (
        "changes dy in place",
        "tanh",
        Fault(F.tanh_backward, "return dy * (4 * e / (1 + e) ** 2)", "dy *= 1 - y * y; return dy"),
    ),
    ("the diagonal alone", "softmax", Fault(F.softmax_backward, SOFTMAX, "dy * y * (1 - y)")),
    ("sum over another axis", "softmax", Fault(F.softmax_backward, "(dy * y).sum(axis=axis", "(dy * y).sum(axis=1")),
    ("mean for sum", "softmax", Fault(F.softmax_backward, ".sum(", ".mean(")),
    (
        "epsilon in the forward alone",
        "softmax",
        Fault(F.softmax, "e.sum(axis=axis, keepdims=True)", "(e.sum(axis=axis, keepdims=True) + 1e-6)"),
    ),
    ("normalised over another axis", "softmax", Fault(F.softmax, "e.sum(axis=axis", "e.sum(axis=1")),
    # losses
    (
        "y - p",
        "cross-entropy of scores",
        Fault(
            logits_gradient,
            "gradient = p * y.sum(axis=-1, keepdims=True) - y",
            "gradient = y - p * y.sum(axis=-1, keepdims=True)",
        ),
    ),
    (
        "missing 1/count",
        "cross-entropy of scores",
        Fault(RowLoss.of_example, " / prod(row_gradient.shape[1:-1])", ""),
    ),
    ("sum for mean in the value", "cross-entropy of scores", Fault(per_example, ".mean(axis=1)", ".sum(axis=1)")),
    (
        "clipping ignored",
        "cross-entropy, clipped",
        Fault(probabilities_gradient, "np.where(clipped == q, y, 0)", "y"),
    ),
    (
        "normalisation ignored",
        "cross-entropy",
        Fault(probabilities_gradient, "F.sum_of_others(y) - y / clipped * F.sum_of_others(q)", "-y / clipped"),
    ),
    (
        "not divided by the sum",
        "cross-entropy",
        Fault(probabilities_gradient, " * F.sum_of_others(q)) / total", " * F.sum_of_others(q))"),
    ),
    ("a missing 2", "squared error", Fault(MeanSquaredError.row_gradient, "2.0 /", "1.0 /")),
    (
        "divided by the batch",
        "squared error",
        Fault(MeanSquaredError.row_gradient, "y_pred.shape[-1]", "len(y_pred)"),
    ),
    (
        "target less prediction",
        "squared error",
        Fault(MeanSquaredError.row_gradient, "y_pred - y_true", "y_true - y_pred"),
    ),
    # training
    (
        "missing 1/N",
        "plain network",
        Fault(training.learn, " / job.divisor", ""),
    ),
    ("mean of each micro-batch", "plain network", Fault(training.learn, "/ job.divisor", "/ len(job.data)")),
    (
        "float32 gradients",
        "plain network",
        Fault(
            training.learn,
            "dz = job.data.weighted(dz) /",
            "dz = job.data.weighted(dz.astype('f').astype('d')) /",
        ),
    ),
    (
        "masks of another micro-batch",
        "plain network",
        Fault(training.learn, "position.rng(job.micro)", "position.rng(0)"),
    ),
    (
        "masks of another step",
        "plain network",
        Fault(training.learn, "position.rng(job.micro)", "Position(position.seed, position.step + 1).rng(job.micro)"),
    ),
    (
        "the last micro-batch alone",
        "plain network",
        Fault(training.batch_gradients, "[total(terms), end.result.gradients]", "[end.result.gradients]"),
    ),
    (
        "the first two not summed",
        "plain network",
        Fault(base.sum_arrays, "total + term", "term"),
    ),
    ("dropout off in training", "plain network", Fault(training.learn, "training=True", "training=False")),
    # the fast path
    (
        "scale forgotten",
        "fast network",
        Fault(ConvBlock.gated, "passed *= F.dropout_scale(self.dropout.rate, dy.dtype)", "pass"),
    ),
    (
        "ReLU forgotten",
        "fast network",
        Fault(ConvBlock.gated, "np.greater(cache.y, 0,", "np.greater(cache.y, -1,"),
    ),
    (
        "mask forgotten",
        "fast network",
        Fault(ConvBlock.gated, "if self.relu else cache.kept", "if self.relu else None"),
    ),
    (
        "mask of ones",
        "fast network",
        Fault(ConvBlock.drop, "np.multiply(cache.activated, place, out=cache.y)", "cache.y"),
    ),
    (
        "a pool's gradient to all",
        "fast network",
        Fault(ConvBlock.hand_back, "np.multiply(dpooled, won, out=place)", "place[...] = dpooled"),
    ),
    (
        "winners added up",
        "fast network, pool",
        Fault(pooling.mark_winner, "np.maximum(winner, marks, out=winner)", "winner += marks"),
    ),
    (
        "the last position wins",
        "fast network, pool",
        Fault(pooling.max_pool, "np.maximum(best, z, out=best)", "np.copyto(best, z)"),
    ),
    (
        "padding not cut off",
        "fast network",
        Fault(ConvBlock.unpadded, "top : top + self.image[0], left : left", ": self.image[0], : 0"),
    ),
    ("images in the corner", "fast network", Fault(ConvBlock.padded, "top : top + h, left : left + w", ":h, :w")),
    (
        "pool's padding ignored",
        "fast network, pool",
        Fault(pooling.pool_taps, "start * step + tap - before)", "start * step + tap)"),
    ),
    ("= for += of dkernel", "fast network", Fault(ConvBlock.back, "work.dkernel[...] +=", "work.dkernel[...] =")),
    ("= for += of pixels", "fast network", Fault(ConvBlock.add_patches, "seen +=", "seen[...] =")),
    (
        "a tap of the wrong column",
        "one axis",
        Fault(OneAxisBlock.add_columns, "dcolumns[b, :, v]", "dcolumns[b, :, v - 1]"),
    ),
    (
        "the kernel's rows in their order",
        "one axis",
        Fault(OneAxisBlock.begin, "[::-1].swapaxes", ".swapaxes"),
    ),
    (
        "a tap of the wrong row",
        "one axis",
        Fault(OneAxisBlock.columns_gradient, "self.margin + 1 - taps", "self.margin"),
    ),
    (
        "= for += of dbias, one axis",
        "one axis",
        Fault(OneAxisBlock.back, "work.dbias[...] +=", "work.dbias[...] ="),
    ),
    (
        "bias of another row",
        "fast network",
        Fault(ConvBlock.gradients, "work.dkernel[-1]", "work.dkernel[-2]"),
    ),
    (
        "the transform itself, not transposed",
        "Winograd",
        Fault(WinogradBlock.back_along_columns, "work.cols.input.T", "work.cols.input"),
    ),
    ("a term left out", "Winograd", Fault(WinogradBlock.back_to_images, "first[:, :, 0] += carried", "pass")),
    (
        "H and W swapped",
        "Winograd",
        Fault(WinogradBlock.gradients, "kernel.reshape(kh, kw, c, f)", "kernel.reshape(kw, kh, c, f).swapaxes(0, 1)"),
    ),
    ("= for += of dbias", "Winograd", Fault(WinogradBlock.add_gradients, "work.dbias +=", "work.dbias =")),
    ("= for += of dkernel", "Winograd", Fault(WinogradBlock.add_gradients, "work.dkernel +=", "work.dkernel =")),
    (
        "the bias's gradient of another product",
        "Winograd",
        Fault(WinogradBlock.add_gradients, "dproducts[self.bias_at]", "dproducts[0]"),
    ),
]
