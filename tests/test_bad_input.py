"""Bad input: the error's kind, its words, and that the model is left as it was."""

# mypy: disable-error-code="arg-type, dict-item"

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential, activations, backend, functional, optimizers
from numpycnn.app.tutorial import tutorial_network
from numpycnn.callbacks import EarlyStopping
from numpycnn.common import checks
from numpycnn.functional.window import Window
from numpycnn.initializers import Constant, Initializer, RandomNormal, RandomUniform
from numpycnn.layers import (
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    PReLU,
    ReLU,
    Softmax,
)
from numpycnn.layers.kernel import KernelLayer
from numpycnn.layers.stage import Stage
from numpycnn.losses import CategoricalCrossentropy, Loss, MeanSquaredError
from numpycnn.metrics import accuracy, confusion_matrix
from numpycnn.utils import to_categorical

X, Y = small_data(6)
RNG = np.random.default_rng(0)
NAN = X.copy()
NAN[4, 3, 2, 0] = np.nan


def fit(x: Any = X, y: Any = Y, **arguments: Any) -> Callable[[Sequential], object]:
    return lambda model: model.fit(x, y, **{"verbose": 0, **arguments})


def config_of(layers: Any) -> dict[str, Any]:
    """A model's configuration with these layers."""
    return Sequential(name="m", seed=0).get_config() | {"layers": layers}


# what is done to a compiled model, the error, and what its message must hold
CALLS: list[tuple[Callable[[Sequential], object], type[Exception], str]] = [
    # data that do not fit
    (fit(X[:, :, :7, 0]), ValueError, "conv2d: expected x of shape (n, 8, 8, 1); received (6, 8, 7)"),
    (fit(np.repeat(X, 3, axis=3)), ValueError, "conv2d: expected x of shape (n, 8, 8, 1); received (6, 8, 8, 3)"),
    (fit(X[0, 0, 0, 0]), ValueError, "sequential.fit: expected at least one example; received x: 0"),
    (fit(X[:5]), ValueError, "sequential.fit: expected the same number of examples in each; received x: 5, y: 6"),
    (fit(X[:0], Y[:0]), ValueError, "sequential.fit: expected at least one example; received x: 0"),
    (fit(y=Y.argmax(1)), ValueError, "categorical_crossentropy: expected one-hot y of shape (n, 3); received (6,)"),
    (fit(y=Y[:, :2]), ValueError, "categorical_crossentropy: expected y of shape (n, 3); received (6, 2)"),
    (fit(y=1 - Y), ValueError, "categorical_crossentropy: each row of y must be one-hot"),
    (fit(X.astype(str)), TypeError, "sequential.fit: x must be an array of real numbers; received dtype <U"),
    (fit("digits"), TypeError, "sequential.fit: x must be an array of real numbers; received dtype <U6"),
    (fit(None), TypeError, "sequential.fit: x must be an array of real numbers; received dtype object"),
    (fit(y=None), TypeError, "sequential.fit: y must be an array of real numbers; received dtype object"),
    (fit(X + 0j), TypeError, "sequential.fit: x must be an array of real numbers; received dtype complex128"),
    (fit([[1.0], [2.0, 3.0]]), ValueError, "sequential.fit: x must be an array of numbers"),
    (
        fit(NAN, check_finite=True),
        ValueError,
        "sequential.fit: x must be finite in float32; received nan at index (4, 3, 2, 0)",
    ),
    (
        fit(y=np.full_like(Y, np.inf), check_finite=True),
        ValueError,
        "sequential.fit: y must be finite in float32; received inf",
    ),
    (fit(validation_data=(NAN, Y), check_finite=True), ValueError, "sequential.fit: validation x must be finite"),
    (fit(validation_data=(X[:, :4], Y)), ValueError, "conv2d: expected validation x of shape (n, 8, 8, 1)"),
    (fit(validation_data=(X, Y[:2])), ValueError, "received validation x: 6, validation y: 2"),
    (fit(validation_data=(X,)), ValueError, "or an iterator over batches; received 1 items"),
    (
        fit(validation_data=X),
        ValueError,
        "sequential.fit: validation_data must be (x, y), (x, y, sample_weight), a PyDataset or an iterator",
    ),
    # arguments of fit
    (fit(batch_size=0), ValueError, "sequential.fit: batch_size must be an integer of at least 1; received 0"),
    (fit(batch_size=-4), ValueError, "sequential.fit: batch_size must be an integer of at least 1; received -4"),
    (fit(batch_size=2.0), TypeError, "sequential.fit: batch_size must be an integer of at least 1; received 2.0"),
    (fit(batch_size="32"), TypeError, "sequential.fit: batch_size must be an integer of at least 1; received '32'"),
    (fit(batch_size=True), TypeError, "sequential.fit: batch_size must be an integer of at least 1; received True"),
    (fit(epochs=0), ValueError, "sequential.fit: epochs must be an integer of at least 1; received 0"),
    (fit(epochs=1.5), TypeError, "sequential.fit: epochs must be an integer of at least 1; received 1.5"),
    (fit(initial_epoch=-1), ValueError, "sequential.fit: initial_epoch must be an integer of at least 0; received -1"),
    (fit(validation_split=1.0), ValueError, "validation_split must be a finite number, at least 0 and below 1"),
    (fit(validation_split="0.1"), TypeError, "validation_split must be a finite number, at least 0 and below 1"),
    (fit(validation_split=0.9), ValueError, "validation_split=0.9 leaves 0 of 6 examples to train on"),
    (fit(verbose=4), ValueError, "sequential.fit: verbose must be one of 0, 1, 2, 3; received 4"),
    (fit(verbose="loud"), TypeError, "sequential.fit: verbose must be one of 0, 1, 2, 3; received 'loud'"),
    (fit(shuffle="batch"), TypeError, "sequential.fit: shuffle must be True or False; received 'batch'"),
    (fit(check_finite=1), TypeError, "sequential.fit: check_finite must be True or False; received 1"),
    (
        fit(callbacks=[print]),
        TypeError,
        "sequential.fit: callbacks must be instances of Callback, one or a list; received [<built",
    ),
    # the other methods
    (lambda m: m.evaluate(X[:, :3], Y, verbose=0), ValueError, "conv2d: expected x of shape (n, 8, 8, 1)"),
    (lambda m: m.evaluate(X, Y, batch_size=0), ValueError, "sequential.evaluate: batch_size must be an integer"),
    (lambda m: m.evaluate(NAN, Y, check_finite=True), ValueError, "sequential.evaluate: x must be finite in float32"),
    (lambda m: m.test_on_batch(NAN, Y, check_finite=True), ValueError, "sequential.test_on_batch: x must be finite"),
    (lambda m: m.predict(X[0]), ValueError, "conv2d: expected x of shape (n, 8, 8, 1); received (8, 8, 1)"),
    (lambda m: m.predict(X[:0]), ValueError, "sequential.predict: expected at least one example; received x: 0"),
    (
        lambda m: m.predict(NAN, check_finite=True),
        ValueError,
        "sequential.predict: x must be finite in float32; received nan",
    ),
    (lambda m: m(X[0]), ValueError, "conv2d: expected x of shape (n, 8, 8, 1); received (8, 8, 1)"),
    (lambda m: m.train_on_batch(X[:0], Y[:0]), ValueError, "sequential.train_on_batch: expected at least one example"),
    (lambda m: m.train_on_batch(NAN, Y, check_finite=True), ValueError, "sequential.train_on_batch: x must be finite"),
    (lambda m: m.test_on_batch(X, Y[:3]), ValueError, "sequential.test_on_batch: expected the same number"),
    (lambda m: m.set_weights(m.get_weights()[:-1]), ValueError, "sequential: expected 6 weights; received 5"),
    (
        lambda m: m.set_weights([w.T for w in m.get_weights()]),
        ValueError,
        "sequential: conv2d/kernel must have the shape (3, 3, 1, 4); received (4, 1, 3, 3)",
    ),
    (
        lambda m: m.set_weights([*m.get_weights()[:-1], ["a"] * 3]),
        TypeError,
        "sequential: dense_1/bias must be an array of real",
    ),
    (lambda m: m.get_layer("pool"), ValueError, "get_layer: name must be one of 'conv2d', 'max_pooling2d', "),
    (lambda m: m.get_layer(), ValueError, "get_layer: expected a name or an index; received name=None, index=None"),
    (lambda m: m.get_layer("conv2d", 0), ValueError, "get_layer: expected a name or an index"),
    (lambda m: m.get_layer(index=7), ValueError, "get_layer: index must be below 7; received 7"),
    (lambda m: m.get_layer(index="0"), TypeError, "get_layer: index must be an integer"),
    (
        lambda m: m.compile("rmspop", "mse"),
        ValueError,
        "optimizer must be one of 'sgd', 'rmsprop', 'adam', 'adamw', 'nadam', 'adagrad', 'adadelta', 'adamax', 'lion'; received",
    ),
    (
        lambda m: m.compile(3, "mse"),
        TypeError,
        "compile: optimizer must be one of 'sgd', 'rmsprop', 'adam', 'adamw', 'nadam', 'adagrad', 'adadelta', 'adamax', 'lion'; received 3",
    ),
    (
        lambda m: m.compile("sgd", "crossentropy"),
        ValueError,
        "compile: loss must be one of 'binary_crossentropy',",
    ),
    (lambda m: m.compile("sgd", "mse", ["f1"]), ValueError, "metrics must be one of 'accuracy', 'acc', "),
    (
        lambda m: m.compile("sgd", "mse", 3),
        TypeError,
        "compile: metrics must be one of 'accuracy', 'acc', ",
    ),
    (lambda m: m.add(Dense), TypeError, "sequential.add: expected a layer; received <class"),
    (lambda m: m.add(Dense(2, name="dense")), ValueError, "dense: layers of a model must have different names; taken"),
    (lambda m: m.add(m.layers[0]), ValueError, "sequential.add: conv2d is in the model already"),
    (fit(X * 1e300, check_finite=True), ValueError, "sequential.fit: x must be finite in float32; received "),
    (fit(validation_data=(X, 1 - Y)), ValueError, "validation categorical_crossentropy: each row of y must be one-hot"),
    (fit(validation_split="x", validation_data=(X, Y)), TypeError, "validation_split must be a finite number"),
    (fit(callbacks=0), TypeError, "sequential.fit: callbacks must be instances of Callback, one or a list; received 0"),
    (fit(callbacks=np.array([1, 2])), TypeError, "sequential.fit: callbacks must be instances of Callback"),
    (fit(verbose=np.array([1, 2])), TypeError, "sequential.fit: verbose must be one of 0, 1, 2, 3; received"),
    (
        lambda m: m.evaluate(X, Y, verbose=0, return_dict="no"),
        TypeError,
        "sequential.evaluate: return_dict must be True or False",
    ),
    (
        lambda m: m.train_on_batch(X, Y, return_dict="no"),
        TypeError,
        "sequential.train_on_batch: return_dict must be True",
    ),
    (lambda m: m.test_on_batch(X, Y, return_dict=1), TypeError, "sequential.test_on_batch: return_dict must be True"),
    (lambda m: m.add(Conv2D(2, 3)), ValueError, "conv2d_1: expected images of shape (rows, columns, channels); "),
    (lambda m: m.build((9, 9, 1)), ValueError, "conv2d: expected input_shape (8, 8, 1); received (9, 9, 1)"),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS, ids=[message for _, _, message in CALLS])
def test_a_bad_call_is_refused_and_changes_nothing(
    call: Callable[[Sequential], object], error: type[Exception], message: str
) -> None:
    model = small_network()
    model.fit(X, Y, verbose=0)
    before, compiled = fingerprint(model), (model.optimizer, model.loss, model.metrics)
    with pytest.raises(error, match=re.escape(message)) as caught:
        call(model)
    assert type(caught.value) is error
    assert fingerprint(model) == before
    assert (model.optimizer, model.loss, model.metrics) == compiled


class Wordless:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


class OfOneShape(Initializer):
    def __call__(self, shape: Any, rng: Any = None, dtype: Any = None) -> Any:
        return np.ones((4, 1))


# what makes something that cannot be
MAKES: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: Conv2D(0, 3), ValueError, "conv2d: filters must be an integer of at least 1; received 0"),
    (lambda: Conv2D(-2, 3), ValueError, "conv2d: filters must be an integer of at least 1; received -2"),
    (lambda: Conv2D("8", 3), TypeError, "conv2d: filters must be an integer of at least 1; received '8'"),
    (lambda: Conv2D(8.0, 3), TypeError, "conv2d: filters must be an integer of at least 1; received 8.0"),
    (lambda: Conv2D(8, (3, 0)), ValueError, "conv2d: kernel_size must be an integer of at least 1; received 0"),
    (lambda: Conv2D(8, (3, 3, 3)), ValueError, "conv2d: kernel_size must be one integer or two; received (3, 3, 3)"),
    (lambda: Conv2D(8, "3x3"), TypeError, "conv2d: kernel_size must be an integer of at least 1; received '3x3'"),
    (lambda: Conv2D(8, 3, strides=0), ValueError, "conv2d: strides must be an integer of at least 1; received 0"),
    (lambda: Conv2D(8, 3, dilation_rate=-1), ValueError, "conv2d: dilation_rate must be an integer of at least 1"),
    (lambda: Conv2D(8, 3, padding="full"), ValueError, "conv2d: padding must be one of 'valid', 'same'; received"),
    (lambda: Conv2D(8, 3, padding=1), TypeError, "conv2d: padding must be one of 'valid', 'same'; received 1"),
    (lambda: Conv2D(8, 3, data_format="NHWC"), ValueError, "conv2d: data_format must be one of 'channels_last', "),
    (lambda: Conv2D(8, 3, activation="rellu"), ValueError, "activation must be one of 'linear', 'relu', 'sigmoid', "),
    (lambda: Conv2D(8, 3, activation=max), TypeError, "conv2d: activation must have a gradient; give a function of"),
    (lambda: Conv2D(8, 3, activation=7), TypeError, "conv2d: activation must be one of"),
    (lambda: Activation(Dense(8)), TypeError, "activation: a layer as activation must be one of Activation, ELU, "),
    (
        lambda: Dense(8, activation="threshold"),
        TypeError,
        "dense: the activation threshold needs settings: activations",
    ),
    (lambda: Dense(8, activation={"class_name": "elu"}), ValueError, "dense: activation must be a dict with the keys"),
    (
        lambda: Dense(8, activation={"class_name": "elu", "config": {"alpha": -1}}),
        ValueError,
        "dense: alpha must be a finite number, at least 0",
    ),
    (lambda: ReLU(max_value=-1), ValueError, "re_lu: max_value must be a finite number, at least 0"),
    (lambda: activations.leaky_relu([1.0], slope=0.1), TypeError, "leaky_relu: got an unexpected keyword argument"),
    (lambda: activations.relu([1.0], 0.1, None, 0.0, 1), TypeError, "relu: too many positional arguments"),
    (lambda: activations.relu(["a"]), TypeError, "relu: x must be an array of real numbers"),
    (lambda: activations.gelu([1.0], approximate=1), TypeError, "gelu: approximate must be True or False"),
    (lambda: activations.celu([1.0], alpha=0), ValueError, "celu: alpha must be a finite number, above 0"),
    (lambda: activations.softmax([1.0], axis=1), ValueError, "softmax: softmax has the axis 1; received 1 axes, (1,)"),
    (lambda: activations.softmax([1.0], axis=0.5), TypeError, "softmax: axis must be an integer of at least -32"),
    (lambda: activations.glu([1.0, 2.0, 3.0]), ValueError, "glu: glu halves the axis -1, which must be even; received"),
    (
        lambda: activations.threshold([1.0], 0.5),
        TypeError,
        "the activation threshold needs settings: activations.threshold.with_settings(default_value=...)",
    ),
    (
        lambda: activations.serialize(max),
        TypeError,
        "activations.serialize: expected an activation; received <built-in",
    ),
    (lambda: activations.get("rellu"), ValueError, "received 'rellu' (the nearest is 'relu')"),
    (lambda: activations.ActivationFunction(1, max), TypeError, "ActivationFunction: forward must be a function"),
    (lambda: activations.ActivationFunction(max, 1), TypeError, "ActivationFunction: backward must be a function"),
    (
        lambda: Softmax(0)(np.ones((2, 3))),
        ValueError,
        "softmax: softmax needs an axis besides the batch's; received axis 0 of (n, 3)",
    ),
    (
        lambda: Dense(3, activation="glu")(np.ones((2, 3))),
        ValueError,
        "dense: glu halves the axis -1, which must be ev",
    ),
    (lambda: PReLU(shared_axes=[0]), ValueError, "p_re_lu: shared_axes must be an integer of at least 1; received 0"),
    (
        lambda: PReLU(shared_axes=2)(np.ones((2, 3))),
        ValueError,
        "p_re_lu: shared_axes must be axes of the input (n, 3); received 2",
    ),
    (lambda: Conv2D(8, 3, use_bias="no"), TypeError, "conv2d: use_bias must be True or False; received 'no'"),
    (lambda: Conv2D(8, 3, kernel_initializer="he"), ValueError, "conv2d: kernel_initializer must be one of 'zeros', "),
    (lambda: Conv2D(8, 3, name="a/b"), ValueError, "conv2d: name must not be empty nor contain '/'; received 'a/b'"),
    (lambda: Conv2D(8, 3, name=""), ValueError, "conv2d: name must not be empty"),
    (lambda: Conv2D(8, 3, name=7), TypeError, "conv2d: name must be a string; received 7"),
    (lambda: Conv2D(8, 3, input_shape=28), TypeError, "conv2d: input_shape must be a tuple of integers, without"),
    (lambda: Conv2D(8, 3, input_shape=(28, -1, 1)), ValueError, "conv2d: input_shape must be an integer of at least 1"),
    (lambda: Conv2D(8, 3, input_shape=(None, 28, 28)), TypeError, "conv2d: input_shape must be an integer"),
    (lambda: MaxPooling2D(0), ValueError, "max_pooling2d: pool_size must be an integer of at least 1; received 0"),
    (lambda: MaxPooling2D(2, strides=(1, 0)), ValueError, "max_pooling2d: strides must be an integer of at least 1"),
    (lambda: MaxPooling2D(2, padding="causal"), ValueError, "max_pooling2d: padding must be one of 'valid', 'same'"),
    (lambda: Dense(0), ValueError, "dense: units must be an integer of at least 1; received 0"),
    (lambda: Dense(np.float32(3)), TypeError, "dense: units must be an integer of at least 1; received"),
    (lambda: Dropout(1.5), ValueError, "dropout: rate must be a finite number, at least 0 and at most 1; received 1.5"),
    (
        lambda: Dropout(-0.1),
        ValueError,
        "dropout: rate must be a finite number, at least 0 and at most 1; received -0.1",
    ),
    (lambda: Dropout("half"), TypeError, "dropout: rate must be a finite number, at least 0 and at most 1; received"),
    (lambda: Dropout(float("nan")), ValueError, "dropout: rate must be a finite number, at least 0 and at most 1"),
    (lambda: Activation("swiss"), ValueError, "activation: activation must be one of 'linear', 'relu', 'sigmoid',"),
    (lambda: Flatten("first"), ValueError, "flatten: data_format must be one of 'channels_last', 'channels_first'"),
    (
        lambda: Sequential([Conv2D(8, 5, input_shape=(4, 9, 1))]),
        ValueError,
        "conv2d: a window that spans 5 by 5 pixels",
    ),
    (lambda: Sequential([MaxPooling2D(3, input_shape=(2, 9, 1))]), ValueError, "max_pooling2d: a window that spans 3"),
    (
        lambda: Sequential([Conv2D(8, 3, data_format="channels_first", input_shape=(28, 28))]),
        ValueError,
        "conv2d: expected images of shape (channels, rows, columns); received (28, 28)",
    ),
    (lambda: Sequential([Dense(2, input_shape=())]), ValueError, "dense: expected at least one axis besides the"),
    (lambda: Sequential([Dense(2)]).build(3), TypeError, "sequential.build: input_shape must be a tuple of integers"),
    (lambda: Sequential(seed=-1), ValueError, "sequential: seed must be an integer of at least 0; received -1"),
    (lambda: Sequential(seed=1.0), TypeError, "sequential: seed must be an integer of at least 0; received 1.0"),
    (lambda: Sequential(name=""), ValueError, "Sequential: name must not be empty"),
    (lambda: Sequential(fast=1), TypeError, "sequential: fast must be True or False; received 1"),
    (lambda: Sequential().build((3,)), ValueError, "sequential: the model has no layers; add some first"),
    (lambda: Sequential().predict(X), ValueError, "sequential: the model has no layers; add some first"),
    (lambda: Sequential([Input((8, 8, 1))]).predict(X), ValueError, "sequential: the model has no layers; add some"),
    (lambda: Sequential([3]), TypeError, "sequential.add: expected a layer; received 3"),  # type: ignore[list-item]
    (lambda: Sequential([Dense(2)]).set_weights([]), ValueError, "sequential.set_weights: the model is not built"),
    (lambda: small_network(compiled=False).fit(X, Y), ValueError, "sequential.fit: the model is not compiled; call"),
    (
        lambda: small_network(compiled=False).evaluate(X, Y),
        ValueError,
        "sequential.evaluate: the model is not compiled",
    ),
    (lambda: small_network(compiled=False).train_on_batch(X, Y), ValueError, "sequential.train_on_batch: the model is"),
    (
        lambda: Sequential.from_config([]),
        TypeError,
        "from_config: config must be a dict with the keys dtype, fast, layers, name, seed; received []",
    ),
    (
        lambda: Sequential.from_config({"name": "m"}),
        ValueError,
        "config must be a dict with the keys dtype, fast, layers, name, seed; received the keys name",
    ),
    (
        lambda: Sequential.from_config(config_of(3)),
        TypeError,
        "from_config: layers must be a list; received 3",
    ),
    (
        lambda: Sequential.from_config(config_of(["Dense"])),
        TypeError,
        "from_config: layer must be a dict with the keys class_name, config",
    ),
    (lambda: Sequential(Dense(3)), TypeError, "sequential: layers must be a list; received Dense("),
    (lambda: Dense(3).set_weights(None), TypeError, "dense: weights must be a list; received None"),
    (lambda: Dense(3)("text"), TypeError, "dense: input must be an array of real numbers; received dtype <U4"),
    (
        lambda: Flatten().build((3, 0), np.random.default_rng(0), np.float32),
        ValueError,
        "flatten: input_shape must be an integer of at least 1; received 0",
    ),
    (lambda: Dropout(0.5).set_weights([np.ones(3)]), ValueError, "dropout: expected 0 weights; received 1"),
    (lambda: Dense(3, bias_initializer="glorot"), ValueError, "dense: bias_initializer must be one of 'zeros', "),
    (
        lambda: Dense(3, kernel_initializer={"scale": 1}),
        ValueError,
        "dense: kernel_initializer must be a dict with the keys class_name, config; received the keys scale",
    ),
    (lambda: Window((3, 0)), ValueError, "Window: size must be an integer of at least 1; received 0"),
    (lambda: Window((3, 3), (0, 1)), ValueError, "Window: strides must be an integer of at least 1; received 0"),
    (
        lambda: Window((3, 3), dilation=(1, 0)),
        ValueError,
        "Window: dilation must be an integer of at least 1; received 0",
    ),
    (lambda: Window(3), TypeError, "Window: size must be a tuple of two integers; received 3"),
    (
        lambda: Window((3, 3), padding="full"),
        ValueError,
        "Window: padding must be one of 'valid', 'same'; received 'full'",
    ),
    (
        lambda: functional.conv2d(np.ones((1, 4, 4, 2)), np.ones((3, 2, 2, 5)), None, Window((2, 3))),
        ValueError,
        "conv2d: expected a kernel of shape (2, 3, 2, 'filters'); received (3, 2, 2, 5)",
    ),
    (
        lambda: functional.conv2d(np.ones((1, 4, 4, 2)), np.ones((2, 3, 2)), None, Window((2, 3))),
        ValueError,
        "conv2d: expected a kernel of shape (2, 3, 2, 'filters'); received (2, 3, 2)",
    ),
    (
        lambda: Sequential.from_config(config_of([{"class_name": "os.system", "config": {}}])),
        ValueError,
        "from_config: class_name of layer must be one of 'Activation', ",
    ),
    (lambda: optimizers.SGD(learning_rate=-0.1), ValueError, "SGD: learning_rate must be a finite number, at least 0"),
    (lambda: optimizers.SGD(learning_rate="0.1"), TypeError, "SGD: learning_rate must be a finite number, at least 0"),
    (lambda: optimizers.SGD(momentum=1.0), ValueError, "SGD: momentum must be a finite number, at least 0 and below 1"),
    (lambda: optimizers.SGD(nesterov=1), TypeError, "SGD: nesterov must be True or False; received 1"),
    (lambda: optimizers.RMSprop(rho=1.5), ValueError, "RMSprop: rho must be a finite number, at least 0 and below 1"),
    (lambda: optimizers.RMSprop(epsilon=-1e-7), ValueError, "RMSprop: epsilon must be a finite number, at least 0"),
    (lambda: optimizers.Adam(beta_1=1.0), ValueError, "Adam: beta_1 must be a finite number, at least 0 and below 1"),
    (lambda: Input(28), TypeError, "Input: shape must be a tuple of integers, without the batch axis; received 28"),
    (lambda: Input((28, 0)), ValueError, "Input: shape must be an integer of at least 1; received 0"),
    (
        lambda: Sequential([Dense(2), Input((3,))]),
        ValueError,
        "sequential.add: an Input must come before everything else",
    ),
    (
        lambda: Sequential([Input((3,)), Input((3,))]),
        ValueError,
        "sequential.add: an Input must come before everything",
    ),
    (lambda: Sequential().get_layer("x"), ValueError, "sequential.get_layer: name must be one of ; received 'x'"),
    (lambda: Sequential(0), TypeError, "sequential: layers must be a list; received 0"),
    (lambda: Sequential(np.array([1, 2])), TypeError, "sequential: layers must be a list; received array([1, 2])"),
    (
        lambda: Activation("softmax")(np.arange(3.0)),
        ValueError,
        "activation: softmax needs an axis besides the batch's",
    ),
    (lambda: Constant("x"), TypeError, "Constant: value must be a finite number"),
    (lambda: Constant(float("nan")), ValueError, "Constant: value must be a finite number"),
    (
        lambda: RandomNormal(0.0, -1.0),
        ValueError,
        "RandomNormal: stddev must be a finite number, at least 0; received -1.0",
    ),
    (
        lambda: RandomUniform(1.0, 0.0),
        ValueError,
        "RandomUniform: maxval must be a finite number, at least 1; received 0.0",
    ),
    (
        lambda: Dense(3, kernel_initializer={"class_name": "Constant", "config": 3}),
        TypeError,
        "dense: config of kernel_initializer must be a dict of arguments by name; received 3",
    ),
    (
        lambda: Dense(3, kernel_initializer=OfOneShape())(np.ones((2, 4))),
        ValueError,
        "dense: kernel must be initialized to the shape (4, 3); received (4, 1)",
    ),
    (
        lambda: MeanSquaredError()([1.0], [1.0, 3.0]),
        ValueError,
        "mean_squared_error: expected outputs of shape (n, ..., k)",
    ),
    (
        lambda: CategoricalCrossentropy()([1], [0.3, 0.7]),
        ValueError,
        "expected outputs of shape (n, ..., k); received (n,)",
    ),
    (lambda: confusion_matrix([0, 1], [2, 0], 2), ValueError, "confusion_matrix: y_pred: labels must be whole numbers"),
    (lambda: confusion_matrix([0, 1], [1], 2), ValueError, "confusion_matrix: expected the same number of examples"),
    (
        lambda: functional.im2col(np.ones((4, 4, 2)), Window((2, 3))),
        ValueError,
        "im2col: expected images of shape (n, rows,",
    ),
    (
        lambda: functional.max_pool2d(np.ones((4, 4)), Window((2, 2))),
        ValueError,
        "max_pool2d: expected images of shape",
    ),
    (
        lambda: functional.conv2d(np.ones((4, 4, 2)), np.ones((2, 2, 2, 1)), None, Window((2, 2))),
        ValueError,
        "conv2d: expected images of shape (n, rows, columns, channels); received (4, 4, 2)",
    ),
    (
        lambda: optimizers.SGD().update({"w": np.ones(3)}, {}),
        ValueError,
        "SGD: expected a gradient of shape (3,) for w; received None",
    ),
    (
        lambda: optimizers.SGD().update({"w": np.ones(3)}, {"w": np.ones(1)}),
        ValueError,
        "SGD: expected a gradient of shape (3,) for w; received (1,)",
    ),
    (lambda: CategoricalCrossentropy(from_logits=1), TypeError, "categorical_crossentropy: from_logits must be True"),
    (lambda: EarlyStopping(3), TypeError, "EarlyStopping: monitor must be a string; received 3"),
    (lambda: EarlyStopping(min_delta="0"), TypeError, "EarlyStopping: min_delta must be a finite number; received '0'"),
    (
        lambda: EarlyStopping(restore_best_weights=1),
        TypeError,
        "EarlyStopping: restore_best_weights must be True or False; received 1",
    ),
    (lambda: EarlyStopping(patience=-1), ValueError, "EarlyStopping: patience must be an integer of at least 0"),
    (lambda: EarlyStopping(mode="best"), ValueError, "EarlyStopping: mode must be one of 'auto', 'min', 'max'"),
    (
        lambda: to_categorical([0, -1]),
        ValueError,
        "to_categorical: labels must be whole numbers of at least 0; received -1",
    ),
    (
        lambda: to_categorical([0, 1.5]),
        ValueError,
        "to_categorical: labels must be whole numbers of at least 0; received 1.5",
    ),
    (
        lambda: to_categorical([0, 3], 3),
        ValueError,
        "to_categorical: labels must be whole numbers of at least 0 and below 3; received 3",
    ),
    (
        lambda: to_categorical([]),
        ValueError,
        "to_categorical: expected at least one label in x; received the shape (0,)",
    ),
    (
        lambda: to_categorical([0, float("inf")]),
        ValueError,
        "to_categorical: labels must be whole numbers of at least 0",
    ),
    (
        lambda: to_categorical(["a"]),
        TypeError,
        "to_categorical: x must be an array of real numbers; received dtype <U1",
    ),
    (lambda: to_categorical([0], 2.0), TypeError, "to_categorical: num_classes must be an integer of at least 1"),
    (lambda: backend.set_image_data_format("th"), ValueError, "set_image_data_format: data_format must be one of "),
    (lambda: backend.set_floatx("float16"), ValueError, "set_floatx: value must be one of 'float32', 'float64'"),
    (lambda: backend.set_epsilon(0), ValueError, "set_epsilon: value must be a finite number, above 0 and below 0.5"),
    (
        lambda: EarlyStopping("own"),
        ValueError,
        "EarlyStopping: mode must be 'min' or 'max' for the monitor 'own'; received 'auto'",
    ),
    (lambda: checks.choice("o", "a", True, (0, 1, 2)), TypeError, "o: a must be one of 0, 1, 2; received True"),
    (lambda: checks.batch_shape("o", "x", (), ()), ValueError, "o: expected x of shape (n,); received ()"),
    (lambda: checks.number("o", "a", float("inf")), ValueError, "o: a must be a finite number"),
    (lambda: checks.number("o", "a", float("nan")), ValueError, "o: a must be a finite number"),
    (lambda: Dropout(10**400), ValueError, "dropout: rate must be a finite number, at least 0 and at most 1"),
    # values that cannot be shown, or not whole
    (lambda: Dropout(10**5000), ValueError, "at least 0 and at most 1; received a value of type int"),
    (
        lambda: Dropout(Wordless()),
        TypeError,
        "dropout: rate must be a finite number, at least 0 and at most 1; received a",
    ),
    (lambda: Dropout("x" * 10**6), TypeError, f"received '{'x' * 199}..."),
    (lambda: Sequential().get_layer(index=10**5000), ValueError, "index must be below 0; received a value of type int"),
    # sizes that no array can have
    (lambda: Dense(2**31), ValueError, "dense: units must be at most 2147483647; received 2147483648"),
    (lambda: Conv2D(10**30, 3), ValueError, "conv2d: filters must be at most 2147483647; received 1000"),
    (lambda: MaxPooling2D(2, 10**12), ValueError, "max_pooling2d: strides must be at most 2147483647; received 1000"),
    (
        lambda: Input((10**6, 10**6)),
        ValueError,
        "Input: shape must hold at most 2147483647 numbers; received the shape (1000000, 1000000)",
    ),
    (
        lambda: Sequential([Dense(10**6, input_shape=(10**4,))]),
        ValueError,
        "dense: kernel must hold at most 2147483647 numbers; received the shape (10000, 1000000)",
    ),
    (
        lambda: Sequential([Dense(10**6, input_shape=(10**4, 1))]),
        ValueError,
        "dense: output must hold at most 2147483647 numbers; received the shape (10000, 1000000)",
    ),
    (
        lambda: Sequential([MaxPooling2D(10**9, 1, "same", input_shape=(8, 8, 1))]),
        ValueError,
        "max_pooling2d: an image with its padding must hold at most 2147483647 numbers; received the shape (1000000007, ",
    ),
    (lambda: to_categorical([0], 10**12), ValueError, "to_categorical: num_classes must be at most 2147483647"),
    (
        lambda: to_categorical([0, 10**9, 7]),
        ValueError,
        "to_categorical: one-hot x must hold at most 2147483647 numbers; received the shape (3, 1000000001)",
    ),
    (
        lambda: confusion_matrix([0], [0], 10**6),
        ValueError,
        "confusion_matrix: classes must hold at most 2147483647 numbers; received the shape (1000000, 1000000)",
    ),
    (lambda: Constant(1e300), ValueError, "Constant: value must be from -3.40282e+38 to 3.40282e+38; received 1e+300"),
    (
        lambda: optimizers.SGD(10**400),
        ValueError,
        "SGD: learning_rate must be from -3.40282e+38 to 3.40282e+38; received",
    ),
    # calls of what is not a model
    (lambda: Constant()(3, RNG, "float32"), TypeError, "Constant: shape must be a tuple of integers"),
    (
        lambda: Constant()((3,), 0, "float32"),
        TypeError,
        "Constant: rng must be a numpy.random.Generator; received 0",
    ),
    (
        lambda: Constant()((3,), RNG, "int8"),
        ValueError,
        "Constant: dtype must be one of 'float32', 'float64'; received",
    ),
    (
        lambda: Constant()((3,), RNG, np.int8),
        ValueError,
        "Constant: dtype must be one of 'float32', 'float64'; received",
    ),
    (
        lambda: optimizers.SGD().update([np.ones(3)], {}),
        TypeError,
        "SGD: params must be a dict of arrays of floats by name; received [array([1., 1., 1.])]",
    ),
    (
        lambda: optimizers.SGD().update({"w": np.ones(3)}, {"w": [1.0, 1.0, 1.0]}),
        TypeError,
        "SGD: gradients must be a dict of arrays of floats by name; received {'w': [1.0, 1.0, 1.0]}",
    ),
    (
        lambda: accuracy([1], 1.0),
        ValueError,
        "accuracy: expected y_pred of shape (n, ..., k), and not empty; received ()",
    ),
    (
        lambda: accuracy([1, 2], [[0.5, 0.5]]),
        ValueError,
        "accuracy: expected y_true of shape (1, 2) or (1,); received (2,)",
    ),
    (lambda: accuracy(["a"], [[0.5, 0.5]]), TypeError, "accuracy: y_true must be an array of real numbers"),
    (lambda: confusion_matrix([0], [0], 2.0), TypeError, "confusion_matrix: classes must be an integer of at least 1"),
    (
        lambda: confusion_matrix([[[0]]], [0], 2),
        ValueError,
        "confusion_matrix: y_true must be labels (n,) or rows (n, classes); received (1, 1, 1)",
    ),
    (lambda: confusion_matrix([0], [[]], 2), ValueError, "y_pred must be labels (n,) or rows (n, classes); received"),
    (
        lambda: confusion_matrix([0], [[0.5, 0.2, 0.3]], 2),
        ValueError,
        "confusion_matrix: expected y_pred of shape (n, 2); received 3 columns",
    ),
    (
        lambda: confusion_matrix([[1, 0]], [[0.5, 0.2, 0.3]]),
        ValueError,
        "confusion_matrix: expected y_true of shape (n, 3); received 2 columns",
    ),
    (lambda: confusion_matrix([0], [[0.5, np.nan]]), ValueError, "confusion_matrix: y_pred must be finite in float64"),
    (
        lambda: confusion_matrix([0, 1], [[0.5], [1.5]]),
        ValueError,
        "confusion_matrix: one column of y_pred must be labels, or probabilities from 0 to 1",
    ),
    (lambda: Dropout(0.5).forward([1.0]), TypeError, "dropout: input must be an array; received [1.0]"),
    (
        lambda: small_network().summary(print_fn=3),
        TypeError,
        "sequential.summary: print_fn must be a function; received 3",
    ),
    (
        lambda: small_network().profile(X, Y, print_fn="no"),
        TypeError,
        "sequential.profile: print_fn must be a function; received 'no'",
    ),
    (
        lambda: Window(np.array([3, 3])),
        TypeError,
        "Window: size must be an integer of at least 1; received array([3, 3])",
    ),
    (lambda: Window(np.int8(3)), TypeError, "Window: size must be a tuple of two integers; received np.int8(3)"),
    (lambda: tutorial_network(data_format="NCHW"), ValueError, "tutorial_network: data_format must be one of"),
    (
        lambda: Sequential.from_config(config_of([{"class_name": "Dense", "config": {}}])),
        TypeError,
        "Dense: config must hold the arguments of Dense; missing a required argument: 'units'",
    ),
    (
        lambda: Dense(3, kernel_initializer={"class_name": "Constant", "config": {"mean": 0.0}}),
        TypeError,
        "dense: config of kernel_initializer must hold the arguments of Constant; got an unexpected keyword argument 'mean'",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), MAKES, ids=[message for _, _, message in MAKES])
def test_what_cannot_be_is_not_made(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)) as caught:
        make()
    assert type(caught.value) is error


class Nothing(KernelLayer):
    """A layer whose author wrote none of its methods."""

    def __init__(self) -> None:
        super().__init__(None, True, "zeros")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Initializer()((3,), np.random.default_rng(0), "float32"), "Initializer does not define values"),
        (lambda: Nothing().output_shape_for((3,)), "Nothing does not define output_shape_for"),
        (
            lambda: Nothing().param_shapes((3,)),
            "Nothing does not define all_shapes",
        ),
        (lambda: Nothing().forward(X), "Nothing does not define forward"),
        (lambda: Nothing().gradients_from(X, None), "Nothing does not define gradients_from"),
        (lambda: Nothing().input_gradient_from(X, None), "Nothing does not define input_gradient_from"),
        (lambda: Stage().params, "Stage does not define params"),
        (lambda: Layer().backward(X, None), "Layer does not define backward"),
        (lambda: Loss()([[1.0]], [[1.0]]), "Loss does not define value"),
        (lambda: Loss().gradient(Y, Y), "Loss does not define gradient"),
        (
            lambda: optimizers.Optimizer(0.1).update({"w": np.ones(3)}, {"w": np.ones(3)}),
            "Optimizer does not define step",
        ),
    ],
)
def test_what_a_subclass_leaves_out_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        call()


def test_numpys_own_scalars_are_taken() -> None:
    layer = Conv2D(np.int64(3), (np.uint8(2), 2), activation=np.str_("relu"), use_bias=np.bool_(False))
    assert layer.get_config()["filters"] == 3
    assert Dropout(np.float32(0.5)).rate == 0.5
    small_network().fit(X, Y, batch_size=np.int16(4), epochs=np.int64(1), verbose=np.int64(0))


def test_a_build_that_fails_builds_nothing() -> None:
    """Not even the layers before the one that cannot be."""
    layers: list[Layer] = [Conv2D(2, 3), MaxPooling2D(4), Flatten()]
    model = Sequential(layers)
    np.random.seed(3)
    with pytest.raises(ValueError, match="max_pooling2d: a window that spans 4 by 4 pixels does not fit"):
        model.build((5, 5, 1))
    assert not any(layer.built or layer.params for layer in layers)
    assert model.seed is None
    drawn = np.random.random()
    np.random.seed(3)
    assert drawn == np.random.random()  # not even a seed was drawn


def test_a_build_that_meets_a_layer_built_for_another_shape_builds_nothing() -> None:
    old, new = Dense(3, name="old"), Dense(5)
    Sequential([old]).build((9,))
    model = Sequential([new, old])
    with pytest.raises(ValueError, match=r"old: expected input_shape \(9,\); received \(5,\)"):
        model.build((4,))
    assert (new.built, new.params, model.seed) == (False, {}, None)


def test_an_initializer_that_fails_builds_nothing() -> None:
    first, second = Dense(3), Dense(3, kernel_initializer=OfOneShape())
    model = Sequential([first, second])
    with pytest.raises(ValueError, match="dense_1: kernel must be initialized to the shape"):
        model.build((4,))
    assert (first.built, first.params, model.seed) == (False, {}, None)


def test_a_layer_is_not_renamed_behind_a_models_back() -> None:
    a, b = Dense(4), Dense(4)
    first = Sequential([a, b])
    assert [layer.name for layer in first.layers] == ["dense", "dense_1"]
    Sequential([b])
    Sequential([Flatten(), b])
    with pytest.raises(ValueError, match="dense: layers of a model must have different names; taken are dense"):
        Sequential([Dense(2), a])
    assert [layer.name for layer in first.layers] == ["dense", "dense_1"]


def test_an_optimizer_serves_one_model() -> None:
    shared = optimizers.Adam()
    one, two = small_network(seed=0), small_network(seed=1)
    one.compile(shared, "categorical_crossentropy")
    compiled = two.optimizer
    with pytest.raises(ValueError, match="Adam: is used by another model already; each model needs its own optimizer"):
        two.compile(shared, "mse")
    assert two.optimizer is compiled
    one.train_on_batch(X, Y)
    one.compile(shared, "mse")  # its own model may be compiled with it again
    for free in (copy.deepcopy(shared), pickle.loads(pickle.dumps(shared))):  # noqa: S301
        two.compile(free, "categorical_crossentropy")
        two.train_on_batch(X, Y)
        assert free.iterations == 2


def test_memories_of_another_shape_are_refused() -> None:
    optimizer = optimizers.Adam()
    optimizer.update({"w": np.ones(3)}, {"w": np.ones(3)})
    with pytest.raises(ValueError, match=r"Adam: the slot momentum of w has the shape \(3,\); expected \(1,\)"):
        optimizer.update({"w": np.ones(1)}, {"w": np.ones(1)})
    assert optimizer.iterations == 1


def test_a_constructor_that_fails_leaves_the_layers_as_they_were() -> None:
    first, second = Dense(2), Dense(3)
    with pytest.raises(ValueError, match="conv2d: expected images"):
        Sequential([Input((3,)), first, second, Conv2D(3, 9)])
    for layer in (first, second):
        assert (layer.name, layer.auto_named, layer.built, layer.params) == ("dense", True, False, {})
        assert (layer.shape_in, layer.shape_out) == (None, None)
    assert Sequential([Input((5,)), second, first]).shape_out == (2,)


def test_layers_that_may_give_probabilities_are_not_warned_of() -> None:
    model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(3, activation="softmax"), Activation("linear")])
    model.compile("sgd", "categorical_crossentropy")
    model.fit(X, Y, verbose=0)


def test_values_are_looked_at_beyond_the_first_thousand() -> None:
    x = np.zeros((3000, 2))
    x[2500, 1] = np.nan
    with pytest.raises(ValueError, match=r"received nan at index \(2500, 1\)"):
        checks.finite("o", "x", x, np.dtype(np.float32))


def test_layers_of_another_dtype_are_refused() -> None:
    layer = Dense(3, input_shape=(4,))
    layer(np.ones((1, 4)))
    backend.set_floatx("float64")
    with pytest.raises(ValueError, match="dense: kernel is float32 from before, but the model's dtype is float64"):
        Sequential([layer])


def test_a_metric_that_fails_leaves_the_step_undone() -> None:
    def broken(y_true: Any, y_pred: Any) -> Any:
        raise RuntimeError("mine")

    model = small_network(compiled=False)
    model.compile("rmsprop", "categorical_crossentropy", [broken])
    before = fingerprint(model)
    with pytest.raises(RuntimeError, match="mine"):
        model.train_on_batch(X, Y)
    assert fingerprint(model) == before


def test_an_add_that_fails_adds_nothing() -> None:
    model, extra = Sequential([Conv2D(2, 3, input_shape=(5, 5, 1))]), Conv2D(2, 4)
    with pytest.raises(ValueError, match="conv2d_1: a window"):
        model.add(extra)
    assert extra.name == "conv2d"
    assert [layer.name for layer in model.layers] == ["conv2d"]
    assert model.shape_out == (3, 3, 2)


def test_nan_is_let_through_unless_asked_about() -> None:
    """But in training, which it would spoil: see test_finite.py."""
    model = small_network()
    assert np.isnan(model.predict(NAN)[4]).all()
    assert not np.isnan(np.delete(model.predict(NAN), 4, axis=0)).any()
    assert np.isnan(model.evaluate(NAN, Y, verbose=0)[0])
    assert np.isnan(model.test_on_batch(NAN, Y)[0])
    assert np.isnan(model.trace(NAN).output[4]).all()
    assert np.isnan(model.trace(NAN, Y).loss)
    assert model.profile(NAN, Y, repeats=1, print_fn=None)
    assert np.isnan(model.fit(X, Y, verbose=0, validation_data=(NAN, Y)).history["val_loss"][0])


def test_to_categorical() -> None:
    assert to_categorical([0, 2, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert to_categorical([[1], [0]], 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert to_categorical(np.zeros((2, 3), int)).shape == (2, 3, 1)
    assert to_categorical([1.0]).dtype == np.float64
