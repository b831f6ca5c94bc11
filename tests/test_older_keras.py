"""Names of Keras 1 and 2: each means what it meant, and says today's name, once."""

import importlib
import inspect
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

import numpycnn
from numpycnn import backend, callbacks, layers, losses, models, optimizers, regularizers
from numpycnn.common import old_names, older
from numpycnn.common.explained import Explained
from numpycnn.gradcheck import gradcheck
from numpycnn.utils import get_file, load_img, normalize, to_categorical


@pytest.fixture(autouse=True)
def _none_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older, "WARNED", set())


def warned(call: Callable[[], Any], *messages: str) -> Any:
    """What the call gives, and that it warns so, at the caller's line, but no second time."""
    with pytest.warns(FutureWarning) as caught:
        found = call()
    assert [str(one.message) for one in caught] == list(messages)
    assert {one.filename for one in caught} == {call.__code__.co_filename}
    call()
    return found


new: Any = layers
old: Any = importlib.import_module("numpycnn.layers.convolutional")

LAYERS: list[tuple[Callable[[], Any], layers.Layer, list[str]]] = [
    (
        lambda: new.Dense(output_dim=3, init="zeros", bias=False),
        layers.Dense(3, kernel_initializer="zeros", use_bias=False),
        ["output_dim: write units=", "init: write kernel_initializer=", "bias: write use_bias="],
    ),
    (
        lambda: new.Dense(3, input_dim=7),
        layers.Dense(3, input_shape=(7,)),
        ["input_dim: write input_shape="],
    ),
    (
        lambda: new.Dense(3, batch_input_shape=(None, 7)),
        layers.Dense(3, input_shape=(7,)),
        ["batch_input_shape: write input_shape="],
    ),
    (
        lambda: old.Convolution2D(4, 3, 2, "zeros", "relu", border_mode="same", subsample=(2, 1), dim_ordering="th"),
        layers.Conv2D(4, (3, 2), (2, 1), "same", "channels_first", activation="relu", kernel_initializer="zeros"),
        [
            "Convolution2D(filters, rows, columns): write Conv2D(filters, (rows, columns))",
            "init: write kernel_initializer=",
            "border_mode: write padding=",
            "subsample: write strides=",
            "dim_ordering: write data_format=",
        ],
    ),
    (
        lambda: new.Conv2D(nb_filter=4, nb_row=3, nb_col=2),
        layers.Conv2D(4, (3, 2)),
        ["nb_filter: write filters=", "nb_row: write kernel_size=", "nb_col: write kernel_size="],
    ),
    (
        lambda: new.AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2)),
        layers.Conv2D(4, 3, dilation_rate=2),
        [
            "AtrousConvolution2D: write Conv2D(dilation_rate=...)",
            "Convolution2D(filters, rows, columns): write Conv2D(filters, (rows, columns))",
            "atrous_rate: write dilation_rate=",
        ],
    ),
    (
        lambda: new.Deconvolution2D(4, 3, 3, (None, 14, 14, 4), subsample=(2, 2)),
        layers.Conv2DTranspose(4, 3, 2),
        [
            "Deconvolution2D: write Conv2DTranspose",
            "Deconvolution2D(filters, rows, columns): write Conv2DTranspose(filters, (rows, columns))",
            "subsample: write strides=",
        ],
    ),
    (
        lambda: new.SeparableConvolution2D(4, 3, 3),
        layers.SeparableConv2D(4, 3),
        ["SeparableConvolution2D(filters, rows, columns): write SeparableConv2D(filters, (rows, columns))"],
    ),
    (
        lambda: new.MaxPooling2D(pool_size=(2, 2), border_mode="same", dim_ordering="tf"),
        layers.MaxPooling2D(padding="same", data_format="channels_last"),
        ["border_mode: write padding=", "dim_ordering: write data_format="],
    ),
    (lambda: new.Dropout(p=0.25), layers.Dropout(0.25), ["p: write rate="]),
    (lambda: new.LeakyReLU(alpha=0.3), layers.LeakyReLU(0.3), ["alpha: write negative_slope="]),
    (lambda: new.GaussianNoise(sigma=0.3), layers.GaussianNoise(0.3), ["sigma: write stddev="]),
    (lambda: new.PReLU(init="ones"), layers.PReLU("ones"), ["init: write alpha_initializer="]),
]


@pytest.mark.parametrize(("make", "today", "advice"), LAYERS, ids=[str(today)[:30] for _, today, _ in LAYERS])
def test_a_layer_by_older_arguments_is_todays(make: Callable[[], Any], today: layers.Layer, advice: list[str]) -> None:
    messages = [f"{name} is from an older Keras: {rest}" for name, rest in (one.split(": ") for one in advice)]
    made = warned(make, *messages)
    assert type(made) is type(today)
    assert made.get_config() == today.get_config()


def test_todays_call_by_an_older_name_is_todays() -> None:
    assert new.Convolution2D(4, 3, strides=2).get_config() == layers.Conv2D(4, 3, 2).get_config()
    assert new.BatchNormalization(mode=0, axis=1).axis == 1
    with pytest.raises(ValueError, match="BatchNormalization: mode, an argument of Keras 1's, must be at most 0; rec"):
        new.BatchNormalization(mode=2)
    with (
        pytest.raises(ValueError, match=r"border_mode: 'full' was Theano's; put ZeroPadding2D"),
        pytest.warns(FutureWarning, match="border_mode"),
    ):
        new.Convolution2D(4, 3, border_mode="full")
    with (
        pytest.raises(TypeError, match=r"^conv2d: data_format must be one of .*; received 3"),
        pytest.warns(FutureWarning, match="dim_ordering"),
    ):
        new.Conv2D(3, 3, dim_ordering=3)


def test_a_call_with_one_unknown_argument_says_so_and_warns_of_nothing_else() -> None:
    wrong: Any = layers.Flatten
    with pytest.raises(TypeError, match="Flatten: got an unexpected keyword argument 'nb_epoch'"):
        wrong(nb_epoch=3)
    with pytest.raises(TypeError, match=r"Dense: .* 'output_dims': "):
        new.Dense(output_dim=3, output_dims=4)
    with pytest.raises(TypeError, match="Dense: got an unexpected keyword argument 'output_dim'"):
        new.Dense(units=3, output_dim=4)  # not both


def test_a_model_as_keras_1_has_it() -> None:
    x, y = small_data(6)
    model: Any = small_network()
    warned(
        lambda: model.compile("sgd", "mse", class_mode="categorical"),
        "class_mode is from an older Keras: leave it out; the loss says what the targets are",
    )
    history = warned(
        lambda: model.fit(x, y, nb_epoch=2, show_accuracy=True, verbose=0),
        "nb_epoch is from an older Keras: write epochs=",
        "show_accuracy is from an older Keras: write compile(metrics=['accuracy'])",
    )
    assert list(history.history) == ["loss", "accuracy"]
    assert len(history.epoch) == 2
    assert len(model.evaluate(x, y, show_accuracy=True, verbose=0)) == 2
    p = model.predict(x)
    classes = warned(
        lambda: model.predict_classes(x),
        "predict_classes is from an older Keras: "
        "write predict(x).argmax(axis=-1), or predict(x) > 0.5 for one probability",
    )
    np.testing.assert_array_equal(classes, p.argmax(axis=1))
    same = warned(lambda: model.predict_proba(x), "predict_proba is from an older Keras: write predict")
    np.testing.assert_array_equal(same, p)


def test_the_class_of_one_probability() -> None:
    """Keras 2: 1 above 1/2, in int32, (n, 1)."""
    model: Any = numpycnn.Sequential([numpycnn.Input((1,)), layers.Activation("linear")])
    with pytest.warns(FutureWarning, match="predict_classes"):
        found = model.predict_classes([[0.5], [0.75], [0.25]])
    np.testing.assert_array_equal(found, np.array([[0], [1], [0]], np.int32), strict=True)


def test_older_attributes() -> None:
    optimizer: Any = optimizers.SGD(0.5)
    assert warned(lambda: optimizer.lr, "lr is from an older Keras: write learning_rate") == 0.5
    assert not hasattr(layers.Dense(3), "lr")
    optimizer.lr = 0.25
    assert optimizer.learning_rate == 0.25
    with pytest.raises(ValueError, match="SGD: learning_rate must be a finite number"):
        optimizer.lr = -1
    assert not hasattr(layers.Dense(3), "predict_classes")


def test_image_dim_ordering() -> None:
    keras: Any = backend
    advice = "write set_image_data_format('channels_first') or ('channels_last')"
    warned(lambda: keras.set_image_dim_ordering("th"), f"set_image_dim_ordering is from an older Keras: {advice}")
    assert backend.image_data_format() == "channels_first"
    with pytest.warns(FutureWarning, match="image_dim_ordering is from an older Keras"):
        assert keras.image_dim_ordering() == "th"
    keras.set_image_dim_ordering("tf")
    assert keras.image_dim_ordering() == "tf"
    with pytest.raises(ValueError, match="set_image_dim_ordering: dim_ordering must be one of 'th', 'tf'; received 'c"):
        keras.set_image_dim_ordering("channels_last")


def test_older_names_of_functions_and_strings() -> None:
    keras: Any = losses
    advice = "kullback_leibler_divergence is from an older Keras: write kl_divergence"
    assert warned(lambda: keras.kullback_leibler_divergence, advice) is losses.kl_divergence
    model: Any = small_network()
    warned(lambda: model.compile("sgd", "logcosh"), "logcosh is from an older Keras: write 'log_cosh'")
    assert isinstance(model.loss, losses.LogCosh)
    encoded = warned(lambda: to_categorical([1], nb_classes=3), "nb_classes is from an older Keras: write num_classes=")  # type: ignore[call-arg]
    np.testing.assert_array_equal(encoded, [[0, 1, 0]])
    encode: Any = to_categorical
    np.testing.assert_array_equal(
        warned(lambda: encode(y=[1], num_classes=3), "y is from an older Keras: write x="), encoded
    )


def test_to_categorical_has_a_dtype_as_in_keras_2() -> None:
    for encoded in (to_categorical([1], 3, "uint8"), to_categorical([1], 3, dtype=np.uint8)):
        np.testing.assert_array_equal(encoded, [[0, 1, 0]])
        assert encoded.dtype == np.uint8
    assert to_categorical([1], 3).dtype == np.float64
    for dtype in ("U3", "nothing", 3.5):
        with pytest.raises(TypeError, match="to_categorical: dtype must be a type of numbers; received"):
            to_categorical([1], 3, dtype)


def test_lambda_is_an_elementwise_activation() -> None:
    advice = "Lambda is from an older Keras: write Activation(function), with an elementwise function"
    keras: Any = layers
    first = warned(lambda: keras.Lambda(lambda x: (x - 0.5) / 2, input_shape=(3,), name="centred"), advice)
    scaled = keras.Lambda(lambda x, by: x**2 * by, arguments={"by": 3.0})
    model = numpycnn.Sequential([first, layers.Dense(2), scaled], seed=0, dtype="float64")
    x = np.random.default_rng(0).normal(size=(4, 3))
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x, verbose=0), ((x - 0.5) / 2 @ kernel + bias) ** 2 * 3, rtol=1e-12)
    model.compile("sgd", "mse")
    assert gradcheck(model, x, np.ones((4, 2))).passed
    message = "Lambda: activation must have a gradient"
    with pytest.raises(TypeError, match=message):
        keras.Lambda(lambda x: x.sum(axis=-1))
    with pytest.raises(TypeError, match="Lambda: function must be a function; received 3"):
        keras.Lambda(3)


def test_arguments_of_one_function_alone() -> None:
    rule: Any = warned(lambda: regularizers.l2(l=0.1), "l is from an older Keras: write l2=")  # type: ignore[call-arg]
    assert rule.get_config() == {"l2": 0.1}
    older: Any = regularizers
    assert warned(lambda: older.l1l2(l1=0.1, l2=0.2), "l1l2 is from an older Keras: write l1_l2").l2 == 0.2
    with pytest.raises(TypeError, match="normalize: got an unexpected keyword argument 'y'"):
        normalize(y=[1.0])  # type: ignore[call-arg]


PROGRAM = """
import warnings
from numpycnn.layers.core import Dense, Dropout, Activation, Flatten, Lambda
from numpycnn.layers.convolutional import Convolution2D, MaxPooling2D, ZeroPadding2D, UpSampling2D
from numpycnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D
from numpycnn.layers.normalization import BatchNormalization
from numpycnn.layers.advanced_activations import LeakyReLU, PReLU
from numpycnn.layers.recurrent import LSTM
from numpycnn.layers import Dense, Embedding, GRU, Bidirectional
from numpycnn.models import Sequential, Model, Input
from numpycnn.engine import Layer
from numpycnn.engine.topology import Input
from numpycnn.engine.training import Model
from numpycnn.optimizers import sgd, Adam
from numpycnn.callbacks import RemoteMonitor
from numpycnn.utils import np_utils
from numpycnn.utils.np_utils import to_categorical
from numpycnn.utils.generic_utils import Progbar
from numpycnn.wrappers.scikit_learn import KerasClassifier
from numpycnn.objectives import mean_squared_error
from numpycnn.src.layers import Conv2D
from numpycnn.layers.convolutional import *
import numpycnn.layers.core as core
import numpycnn
print(core.Dense is Dense is numpycnn.layers.Dense, sgd is numpycnn.optimizers.SGD, Convolution2D(2, 3, 3))
"""


def test_imports_of_older_programs() -> None:
    """In a process of its own, where nothing was imported before; each warning is at the program's own line."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603
    assert run.stdout.startswith("True True Conv2D(")
    found = [line.removeprefix("<string>:").split(": FutureWarning: ") for line in run.stderr.splitlines()]
    assert [(int(line), what.partition(" ")[0]) for line, what in found] == [
        (3, "numpycnn.layers.core"),
        (7, "numpycnn.layers.advanced_activations"),
        (8, "numpycnn.layers.recurrent"),
        (10, "Input"),
        (12, "numpycnn.engine.topology"),
        (14, "sgd"),
        (18, "numpycnn.utils.generic_utils"),
        (19, "numpycnn.wrappers"),
        (19, "numpycnn.wrappers.scikit_learn"),
        (20, "numpycnn.objectives"),
        (21, "numpycnn.src"),
        (21, "numpycnn.src.layers"),
        (25, "Convolution2D(filters,"),
    ]


def test_older_modules_are_attributes_too() -> None:
    """Also for code that has no module's name, and the warning is at its own line."""
    sys.modules.pop("numpycnn.layers.core", None)
    vars(numpycnn.layers).pop("core", None)
    found: dict[str, Any] = {"numpycnn": numpycnn}
    with pytest.warns(FutureWarning, match=r"numpycnn\.layers\.core is from an older Keras: write") as caught:
        exec(compile("\n\ndense = numpycnn.layers.core.Dense", "program", "exec"), found)  # noqa: S102
    assert found["dense"] is layers.Dense
    assert [(one.filename, one.lineno) for one in caught] == [("program", 3)]


def test_the_accuracy_of_a_history_has_its_older_name() -> None:
    x, y = small_data(6)
    model = small_network()
    model.compile("sgd", "categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, verbose=0, validation_data=(x, y)).history
    assert warned(lambda: history["acc"], "acc is from an older Keras: write accuracy") == history["accuracy"]
    assert (
        warned(lambda: history["val_acc"], "val_acc is from an older Keras: write val_accuracy")
        == history["val_accuracy"]
    )
    assert sorted(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history == dict(history)
    for missing in ("lr", "val_mse"):
        with pytest.raises(KeyError, match=missing):
            history[missing]
    losses = model.fit(x, y, verbose=0)
    del losses.history["accuracy"]
    with pytest.raises(KeyError, match="acc"):
        losses.history["acc"]


def test_callbacks_know_the_figures_by_their_older_names(tmp_path: Path) -> None:
    """Both Keras's own, which monitor "val_acc", and a program's, which look for "acc"."""
    seen: list[Any] = []

    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.extend((logs.get("acc"), logs["val_acc"], logs.get("lr"), logs.get("val_mse", 7)))

    x, y = small_data(6)
    model = small_network()
    model.compile("sgd", "categorical_crossentropy", ["accuracy"])
    saved = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{val_acc:.2f}.safetensors", "val_acc", save_best_only=True)
    with pytest.warns(FutureWarning) as caught:
        model.fit(x, y, verbose=0, validation_data=(x, y), callbacks=[saved, Stop()])
    assert [str(one.message).split()[-1] for one in caught] == ["val_accuracy", "accuracy"]
    history: Any = model.history
    (accuracy,), (validated,) = history.history["accuracy"], history.history["val_accuracy"]
    assert seen == [accuracy, validated, None, 7]
    assert saved.best == validated
    assert [path.name for path in tmp_path.iterdir()] == [f"1-{validated:.2f}.safetensors"]


@pytest.mark.parametrize("module", ["engine", "engine.training", "layers.convolutional", "utils.np_utils"])
def test_a_module_that_was_wider_has_nothing_private_of_todays(module: str) -> None:
    """The import system asks for such names while modules are not complete yet."""
    wider = importlib.import_module(f"numpycnn.{module}")
    with pytest.raises(AttributeError, match=f"^module 'numpycnn.{module}' has no attribute '_private'$"):
        wider._private  # noqa: B018
    assert {"Dense", "Sequential", "to_categorical"} & set(wider.__all__)


# ---------------------------------------------------------------- the table


def test_what_the_table_names_today_exists() -> None:
    for kind, names in old_names.NAMES.items():
        assert set(vars(importlib.import_module(f"numpycnn.{kind}"))).isdisjoint(names)
        for entry in names.values():
            assert older.resolve(entry) is not None
    for todays in [*old_names.MODULES.values(), *old_names.WIDER]:
        assert importlib.import_module(f"numpycnn.{todays}".rstrip("."))
    for entry in [one for entries in old_names.ACTIONS.values() for one in entries.values()]:
        assert callable(older.resolve(entry))


def test_the_table_names_no_argument_of_today_beside_the_older_one() -> None:
    """An older argument whose name is taken keeps its own meaning; today's ones are taken by something."""
    taken = [set(inspect.signature(cls).parameters) for cls in explained(Explained)]
    taken += [
        set(inspect.signature(one).parameters) for one in (models.Sequential.fit, to_categorical, get_file, load_img)
    ]
    everything = set().union(*taken)
    for name, todays in old_names.ARGUMENTS.items():
        assert set(todays.split()) & everything or name.startswith(("W_", "b_")), name
    for own in old_names.OWN_ARGUMENTS.values():
        assert set(own.values()) <= everything
    assert set(older.VALUES) <= set(old_names.ARGUMENTS).union(*old_names.OWN_ARGUMENTS.values())


def explained(cls: type[Any]) -> list[type[Any]]:
    return [cls, *(below for one in cls.__subclasses__() for below in explained(one))]


def test_no_warning_is_made_of_an_error_twice() -> None:
    """Where warnings are errors, each use is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(FutureWarning, match="p is from an older Keras"):
                new.Dropout(p=0.5)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_paths_below_src() -> None:
    """As editors complete them: numpycnn.src.layers is numpycnn.layers, and what is not in the one is not in the other."""
    assert older.todays_module("src.layers") == "layers"
    assert older.todays_module("src.nowhere") is None
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'numpycnn\.src\.nowhere'"):
        importlib.import_module("numpycnn.src.nowhere")


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("statement", "expression"),
    [
        ("from numpycnn.api.layers import Dense", "Dense is layers.Dense"),
        ("from numpycnn._tf_keras.keras.models import Sequential", "Sequential is models.Sequential"),
        ("from numpycnn._tf_keras.keras import layers as found", "found.Dense is layers.Dense"),
        ("from numpycnn.optimizers import adam_v2", "adam_v2.Adam is optimizers.Adam"),
        ("from numpycnn.optimizers.gradient_descent_v2 import SGD", "SGD is optimizers.SGD"),
        ("from numpycnn.callbacks.callbacks import EarlyStopping", "EarlyStopping(patience=2).patience == 2"),
        ("from numpycnn.layers.experimental.preprocessing import RandomFlip", "RandomFlip is layers.RandomFlip"),
        ("import numpycnn", "numpycnn.layers.experimental.preprocessing.RandomFlip is layers.RandomFlip"),
        ("import numpycnn", "numpycnn.layers.experimental.preprocessing.Rescaling is layers.Rescaling"),
    ],
)
def test_paths_of_other_versions(statement: str, expression: str) -> None:
    names: dict[str, Any] = {"layers": layers, "models": models, "optimizers": optimizers}
    exec(statement, names)  # noqa: S102
    assert eval(expression, names)  # noqa: S307


def test_the_weights_that_a_layer_starts_with() -> None:
    kernel = np.arange(12.0).reshape(4, 3)
    advice = "weights is from an older Keras: call set_weights(...) of the layer after it is built"
    layer = warned(lambda: new.Dense(3, use_bias=False, input_shape=(4,), weights=[kernel]), advice)
    model = models.Sequential([layer])
    np.testing.assert_array_equal(layer.kernel, kernel)
    model.set_weights([2 * kernel])
    twin = models.Sequential([layer])  # built already: the weights are those that it has
    np.testing.assert_array_equal(twin.get_weights()[0], 2 * kernel)
    assert new.Dense(3, weights=None, name="a").get_config() == new.Dense(3, name="a").get_config()
    with pytest.raises(ValueError, match="dense: expected 2 weights; received 1"):
        models.Sequential([new.Dense(3, input_shape=(4,), weights=[kernel])])


def test_a_layers_dtype_is_the_backends() -> None:
    assert new.Dense(3, dtype="float32", name="a").get_config() == new.Dense(3, name="a").get_config()
    with pytest.raises(ValueError, match=r"Dense: dtype must be 'float32', see backend.set_floatx; received 'float16'"):
        new.Dense(3, dtype="float16")


def test_a_model_is_called_in_training_mode_too() -> None:
    model: Any = small_network()
    x, _ = small_data(4)
    model.compile("sgd", "mse", loss_weights=None)
    np.testing.assert_array_equal(model(x, training=False), model.predict(x))
    np.testing.assert_array_equal(model(x, training=True), model.trace(x, training=True).output)
    assert not np.allclose(model(x, training=True), model(x))  # dropout


KERAS_2 = json.dumps(
    {
        "class_name": "Sequential",
        "keras_version": "2.2.4",
        "backend": "tensorflow",
        "config": {
            "name": "sequential_1",
            "layers": [
                {
                    "class_name": "Conv2D",
                    "config": {
                        "name": "conv2d_1",
                        "batch_input_shape": [None, 8, 8, 1],
                        "dtype": "float32",
                        "filters": 2,
                        "kernel_size": [3, 3],
                        "padding": "same",
                        "kernel_initializer": {
                            "class_name": "VarianceScaling",
                            "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
                        },
                    },
                },
                {"class_name": "Flatten", "config": {"name": "flatten_1", "trainable": True}},
                {"class_name": "Dense", "config": {"name": "dense_1", "units": 3, "activation": "softmax"}},
            ],
        },
    }
)
KERAS_1 = json.dumps(
    {
        "class_name": "Sequential",
        "keras_version": "1.2.0",
        "config": [
            {
                "class_name": "Convolution2D",
                "config": {
                    "name": "convolution2d_1",
                    "batch_input_shape": [None, 8, 8, 1],
                    "nb_filter": 2,
                    "nb_row": 3,
                    "nb_col": 3,
                    "border_mode": "same",
                },
            },
            {"class_name": "Flatten", "config": {"name": "flatten_1"}},
            {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 3, "activation": "softmax"}},
        ],
    }
)
KERAS_3 = json.dumps(
    {
        "module": "keras",
        "class_name": "Sequential",
        "registered_name": None,
        "config": {
            "name": "sequential",
            "layers": [
                {
                    "module": "keras.layers",
                    "class_name": "InputLayer",
                    "registered_name": None,
                    "config": {"batch_shape": [None, 8, 8, 1], "dtype": "float32", "name": "input_layer"},
                },
                {
                    "module": "keras.layers",
                    "class_name": "Conv2D",
                    "registered_name": None,
                    "config": {"name": "conv2d", "filters": 2, "kernel_size": [3, 3], "padding": "same"},
                },
                {"module": "keras.layers", "class_name": "Flatten", "registered_name": None, "config": {"name": "f"}},
                {
                    "module": "keras.layers",
                    "class_name": "Dense",
                    "registered_name": None,
                    "config": {"name": "dense", "units": 3, "activation": "softmax"},
                },
            ],
            "build_input_shape": [None, 8, 8, 1],
        },
    }
)


@pytest.mark.parametrize("text", [KERAS_1, KERAS_2, KERAS_3])
def test_the_json_of_every_keras_is_read(text: str) -> None:
    model = models.model_from_json(text)
    assert [w.shape for w in model.get_weights()] == [(3, 3, 1, 2), (2,), (128, 3), (3,)]
    assert model.layers[-1].activation.name == "softmax"


def test_json_without_a_shape_is_a_model_that_is_not_built() -> None:
    model = models.model_from_json(KERAS_2.replace('"batch_input_shape": [null, 8, 8, 1], ', ""))
    assert not model.built
    assert [layer.name for layer in model.layers] == ["conv2d_1", "flatten_1", "dense_1"]


def test_json_of_what_is_not_here_says_so() -> None:
    with pytest.raises(ValueError, match="model_from_json: layer dense_1: 'LSTM' is not among the library's layers"):
        models.model_from_json(KERAS_2.replace('"Dense"', '"LSTM"'))
    with pytest.raises(ValueError, match="model_from_json: expected a Sequential model; received 'Graph'"):
        models.model_from_json(KERAS_2.replace('"Sequential"', '"Graph"'))
