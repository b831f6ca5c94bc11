"""Names, arguments and attributes of Keras that are not there: the error says what to write, and what is planned."""

import copy
import doctest
import importlib.util
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from networks import small_network

import numpycnn
from numpycnn import callbacks, initializers, losses
from numpycnn.common import keras_api, keras_names
from numpycnn.common.explained import Explained
from numpycnn.common.keras_names import MODULES_NOT_HERE
from numpycnn.common.unknown import NOT_PLANNED, hint, is_kerass, statuses
from numpycnn.layers import Conv2D, Dense, Dropout, Input, Layer
from numpycnn.models import Sequential, load_model
from numpycnn.optimizers import SGD, Adam
from numpycnn.utils import to_categorical

MODULES = "activations backend callbacks datasets initializers layers losses metrics models optimizers saving utils"

PLACES = [
    ("layers", "LSTM", f"{keras_names.RECURRENT}; available: Activation, .*Conv2D, .*Dense, "),
    ("layers", "Conv1D", f"{keras_names.ONE_AND_THREE_AXES}; the nearest is 'Conv2D'; available: "),
    ("layers", "MultiHeadAttention", keras_names.ATTENTION),
    ("layers", "Concatenate", re.escape(keras_names.FUNCTIONAL)),
    ("layers", "LayerNormalisation", "the nearest is 'LayerNormalization'; available: "),
    ("callbacks", "ModelCheckpoints", "the nearest is 'ModelCheckpoint'; available: "),
    ("layers", "SimpleRNNs", f"the nearest is 'SimpleRNN': {keras_names.RECURRENT}; available: "),
    ("layers", "MaxPooling2d", "the nearest is 'MaxPooling2D'; available: "),
    ("layers", "Hashing", f"{keras_names.TEXT}; available: "),
    ("layers", "RandomHue", f"{NOT_PLANNED}; .*available: "),
    ("optimizers", "Ftrl", f"{NOT_PLANNED}; available: Adadelta, Adagrad, Adam, AdamW, "),
    ("optimizers", "AdaGrad", "the nearest is 'Adagrad'; available: "),
    ("optimizers.schedules", "CosinDecay", "the nearest is 'CosineDecay'; available: CosineDecay, "),
    ("losses", "Categoricalcrossentropi", "the nearest is 'categorical_crossentropy'; available: "),
    ("callbacks", "SwapEMAWeight", "the nearest is 'SwapEMAWeights'; available: BackupAndRestore, "),
    ("callbacks", "RemoteMonitor", "nothing is sent to other machines; use LambdaCallback"),
    ("metrics", "Precison", "the nearest is 'Precision'; available: AUC, Accuracy, "),
    (
        "datasets",
        "cifar_10",
        "the nearest is 'cifar10'; available: cifar10, cifar100, fashion_mnist, idx, kmnist, mnist",
    ),
    ("datasets", "imdb", f"{keras_names.TEXT}; available: cifar10, "),
    ("models", "Model", re.escape(keras_names.FUNCTIONAL)),
    ("initializers", "Ortogonal", "the nearest is 'orthogonal'; available: Constant, GlorotNormal, "),
    ("backend", "get_session", re.escape(keras_names.FUNCTIONAL)),
    ("saving", "register_keras_serializable", f"{keras_names.OWN_CLASSES}; available: ModelFileError, load_model"),
]


@pytest.mark.parametrize(("module", "name", "message"), PLACES, ids=[name for _, name, _ in PLACES])
def test_an_unknown_name_is_explained(module: str, name: str, message: str) -> None:
    """However it is asked for: by the import statement, as an attribute, or in vain by hasattr."""
    whole, found = f"numpycnn.{module}", importlib.import_module(f"numpycnn.{module}")
    check_import(whole, name, message)
    with pytest.raises(AttributeError, match=f"module '{whole}' has no attribute '{name}': {message}") as caught:
        getattr(found, name)
    assert (caught.value.name, caught.value.obj) == (name, found)
    assert not hasattr(found, name)
    assert not re.search("LAYERS|ACTIVATIONS|__version__", str(caught.value))  # tables are not what users look for


def check_import(module: str, name: str, message: str) -> None:
    """A name of Keras's can be imported, and says at its first use that it is not there; others cannot."""
    names: dict[str, Any] = {}
    statement = f"from {module} import {name}"
    if not is_kerass(module.removeprefix("numpycnn."), name):
        with pytest.raises(ImportError, match=f"cannot import name '{name}' from '{module}': {message}"):
            exec(statement, names)  # noqa: S102
        return
    exec(statement, names)  # noqa: S102
    whole = re.escape(f"{module}.{name}")
    with pytest.raises(NotImplementedError, match=f"^{whole}: {message}"):
        names[name](1, key=2)
    with pytest.raises(NotImplementedError, match=f"^{whole}: {message}"):
        exec(f"class Own({name}): pass", names)  # noqa: S102
    with pytest.raises(AttributeError, match=f"^{whole}: {message}"):
        _ = names[name].anything
    assert not hasattr(names[name], "__wrapped__")
    assert not isinstance(Dense(3), names[name])
    assert re.match(f"<{whole}: {message}", repr(names[name]))


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ("import numpycnn; numpycnn.Model", AttributeError, re.escape(keras_names.FUNCTIONAL)),
        ("import numpycnn; numpycnn.applications", AttributeError, keras_names.PRETRAINED),
        ("import numpycnn.aplications", ModuleNotFoundError, "the nearest is 'applications': networks with weights"),
        ("import numpycnn.preprocessing.image_dataset", ModuleNotFoundError, f"{NOT_PLANNED}; available: image"),
        ("from numpycnn.optimisers import SGD", ModuleNotFoundError, "the nearest is 'optimizers'; available: "),
        ("import numpycnn.datasets.imdb", ModuleNotFoundError, f"{keras_names.TEXT}; available: cifar10, cifar100, "),
        ("from numpycnn.layers.recurrant import LSTM", ModuleNotFoundError, "'numpycnn.layers.recurrant'"),
        ("import nowhere_at_all", ModuleNotFoundError, "^No module named 'nowhere_at_all'$"),
    ],
)
def test_an_unknown_module_is_explained(statement: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        exec(statement, {})  # noqa: S102


@pytest.fixture
def modules_not_here() -> Iterator[None]:
    """Forgets afterwards those that a test imports: an imported module is an attribute of its package."""
    yield
    for name in [name for name in sys.modules if name.split(".")[1:2] in [[one] for one in MODULES_NOT_HERE]]:
        del sys.modules[name]
        vars(numpycnn).pop(name.partition(".")[2], None)


@pytest.mark.usefixtures("modules_not_here")
def test_a_module_that_only_keras_has_can_be_imported_and_explains_its_names() -> None:
    """Scripts import `keras.applications.vgg16`, and then build a network of their own."""
    named: dict[str, Any] = {}
    exec("from numpycnn.applications.vgg16 import VGG16, preprocess_input\nimport numpycnn.mixed_precision", named)  # noqa: S102
    with pytest.raises(
        NotImplementedError, match=rf"^numpycnn.applications.vgg16.VGG16: {keras_names.PRETRAINED}; .*av"
    ):
        named["VGG16"](weights="imagenet")
    with pytest.raises(AttributeError, match=f"mixed_precision.Policy: {re.escape(keras_names.MIXED)}"):
        named["numpycnn"].mixed_precision.Policy.anything  # noqa: B018
    with pytest.raises(AttributeError, match=r"^module 'numpycnn.mixed_precision' has no attribute '_private'$"):
        _ = named["numpycnn"].mixed_precision._private
    assert importlib.util.find_spec("numpycnn.nonsense") is None


@pytest.mark.parametrize("module", ["numpycnn", *(f"numpycnn.{name}" for name in MODULES.split())])
def test_what_python_asks_a_module_for_is_answered_as_ever(module: str) -> None:
    found = importlib.import_module(module)
    for name in ("__wrapped__", "__path_of_none__", "_private"):
        assert not hasattr(found, name)
        with pytest.raises(AttributeError, match=f"^module '{module}' has no attribute '{name}'$"):
            getattr(found, name)
    named: dict[str, Any] = {}
    exec(f"from {module} import *", named)  # noqa: S102
    assert set(found.__all__) <= named.keys()
    assert all(getattr(found, name) is named[name] for name in found.__all__)
    assert inspect.getmodule(found) is found
    assert not doctest.testmod(found).failed


def test_modules_are_imported_when_they_are_first_named() -> None:
    printed = output(
        "import sys, numpycnn\n"
        "for name in ('gradcheck', 'plot', 'digits', 'saving'):\n"
        "    print(f'numpycnn.{name}' in sys.modules, getattr(numpycnn, name).__name__)"
    )
    assert printed.splitlines() == [f"False numpycnn.{name}" for name in ("gradcheck", "plot", "digits", "saving")]


def output(code: str) -> str:
    """What a process of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout  # noqa: S603


# ---------------------------------------------------------------- names as strings


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: small_network().compile("AdamWW", "mse"), r"received 'adamww' \(the nearest is 'adamw'\)$"),
        (lambda: small_network().compile("ftrl", "mse"), rf"received 'ftrl' \({NOT_PLANNED}\)$"),
        (lambda: small_network().compile("sgdd", "mse"), r"received 'sgdd' \(the nearest is 'sgd'\)$"),
        (lambda: small_network().compile("sgd", "Mean_Squared_Error"), r"\(the nearest is 'mean_squared_error'\)$"),
        (
            lambda: small_network().compile("sgd", "mse", ["precisions"]),
            r"received 'precisions' \(the nearest is 'precision'\)$",
        ),
        (lambda: Dense(3, activation="swiss"), r"received 'swiss' \(the nearest is 'swish'\)$"),
        (lambda: Dense(3, activation="rellu"), r"received 'rellu' \(the nearest is 'relu'\)$"),
        (
            lambda: Conv2D(3, 3, kernel_initializer="orthogonl"),
            r"received 'orthogonl' \(the nearest is 'orthogonal'\)$",
        ),
        (lambda: Conv2D(3, 3, padding="sane"), r"received 'sane' \(the nearest is 'same'\)$"),
        (lambda: Conv2D(3, 3, padding="full"), "must be one of 'valid', 'same'; received 'full'$"),
    ],
)
def test_an_unknown_string_is_explained(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- arguments


def keras_calls() -> list[tuple[Callable[[], object], str]]:
    """Calls as Keras has them, and what their errors say."""
    model: Any = small_network()
    new: Any = numpycnn
    return [
        (
            lambda: new.optimizers.Adam(beta1=0.9),
            "Adam: .* 'beta1': the nearest is 'beta_1'; available: learning_rate, ",
        ),
        (lambda: new.optimizers.SGD(wait_decay=1), "SGD: .* 'wait_decay': the nearest is 'weight_decay'"),
        (lambda: new.layers.Dense(3, kernel_regulariser="l2"), "Dense: .*: the nearest is 'kernel_regularizer'"),
        (
            lambda: new.layers.Conv2D(3, 3, amsgrad=2),
            f"Conv2D: .* 'amsgrad': {NOT_PLANNED}; available: filters, kernel_s",
        ),
        (lambda: new.layers.Flatten(nonsense=1), f"Flatten: .* 'nonsense': {NOT_PLANNED}; available: data_format, "),
        (lambda: new.Input(shape=(3,), sparse=True), f"Input: .* 'sparse': {NOT_PLANNED}; .*available: shape, batch"),
        (
            lambda: new.losses.MeanSquaredError(dtype=0),
            "MeanSquaredError: .* 'dtype': the dtype is the backend's: .*; available: reduction, name$",
        ),
        (
            lambda: new.losses.SparseCategoricalCrossentropy(label_smoothing=0.1),
            "^SparseCategoricalCrossentropy: .*; available: from_logits, ignore_class, reduction, axis, name$",
        ),
        (lambda: new.initializers.HeNormal(sed=1), "HeNormal: .* 'sed': the nearest is 'seed'; available: seed"),
        (lambda: new.initializers.Constant(valeu=1), "Constant: .* 'valeu': the nearest is 'value'"),
        (lambda: new.callbacks.EarlyStopping(baselin=1), "EarlyStopping: .* 'baselin': the nearest is 'baseline'"),
        (lambda: new.Sequential(nmae="x"), "Sequential: .* 'nmae': the nearest is 'name'; available: layers, name, "),
        (
            lambda: model.compile("sgd", "mse", weight_metrics=[]),
            "^Sequential.compile: .*: the nearest is 'weighted_metrics'",
        ),
        (lambda: model.evaluate(1, 2, validation_freq=3), "^Sequential.evaluate: "),
        (lambda: model.predict(1, batchsize=3), "^Sequential.predict: .* the nearest is 'batch_size'"),
        (lambda: model.load_weights("x", reshape=True), f"^Sequential.load_weights: .* 'reshape': {NOT_PLANNED}; av"),
        (lambda: model.save("x", zipped=True), f"^Sequential.save: .* 'zipped': {NOT_PLANNED}; available: filepath, o"),
        (lambda: new.load_model("x", safe_mode=False), f"^load_model: .*: {keras_names.OWN_CLASSES}"),
        (lambda: new.models.clone_model(model, input_tensors=[]), "^clone_model: .*: the functional API is out"),
    ]


@pytest.mark.parametrize(("call", "message"), keras_calls(), ids=[message for _, message in keras_calls()])
def test_an_unexpected_argument_is_explained(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_a_subclass_of_your_own_is_explained_too() -> None:
    class Scaled(Dense):
        def __init__(self, units: int, scale: float = 1.0, **others: Any) -> None:
            super().__init__(units, **others)
            self.scale = scale

    class Strict(Adam):
        def __init__(self, decay_rate: float = 0.0) -> None:
            super().__init__()

    made: Any = Scaled
    assert made(3, scale=2.0, use_bias=False).use_bias is False
    with pytest.raises(
        TypeError, match=f"^Scaled: got an .* 'amsgrad': {NOT_PLANNED}; available: units, scale, activation, "
    ):
        made(3, amsgrad=2)
    made = Strict
    with pytest.raises(TypeError, match=r"^Strict: got an .* 'decay_rat': the nearest is 'decay_rate'"):
        made(decay_rat=1.0)


def test_a_type_error_from_inside_is_passed_on() -> None:
    with pytest.raises(TypeError, match="dense: units must be an integer of at least 1; received 'x'"):
        Dense("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'units'"):
        Dense(use_bias=False)  # type: ignore[call-arg]


def test_signatures_stay_as_they_are_written() -> None:
    assert list(inspect.signature(SGD).parameters)[:4] == ["learning_rate", "momentum", "nesterov", "weight_decay"]
    assert list(inspect.signature(losses.Huber).parameters) == ["delta", "reduction", "name"]
    assert list(inspect.signature(losses.MeanSquaredError).parameters) == ["reduction", "name"]
    assert list(inspect.signature(initializers.Constant).parameters) == ["value"]
    assert list(inspect.signature(Dropout).parameters) == [
        "rate",
        "noise_shape",
        "seed",
        "name",
        "input_shape",
        "trainable",
        "activity_regularizer",
    ]
    assert "epochs" in inspect.signature(Sequential.fit).parameters
    for function in (Dense, Sequential.fit, to_categorical, load_model):
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert "self.units = checks.size(" in inspect.getsource(Dense.__init__)


def test_copies_and_pickles_work_as_ever() -> None:
    made = [SGD(0.5), Dense(3, name="d"), losses.MeanSquaredError(), initializers.Constant(2.0), callbacks.History()]
    for one in made:
        for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):  # noqa: S301
            assert type(other) is type(one)
            assert other.__dict__.keys() == one.__dict__.keys()
    network = pickle.loads(pickle.dumps(small_network()))  # noqa: S301
    assert [layer.name for layer in network.layers] == [layer.name for layer in small_network().layers]


# ---------------------------------------------------------------- attributes


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (small_network, "to_yaml", "'Sequential' object has no attribute 'to_yaml': YAML can run code: use to_json"),
        (small_network, "outputs", "the functional API is out of scope; use Sequential; model.trace"),
        (lambda: Adam(), "lrr", f"'Adam' object has no attribute 'lrr': {NOT_PLANNED}"),
        (small_network, "evalute", "'evalute': the nearest is 'evaluate'"),
        (lambda: losses.MeanSquaredError(), "delta", f"'delta': {NOT_PLANNED}"),
        (lambda: Dense(3), "_repr_html_", "'Dense' object has no attribute '_repr_html_'$"),
        (lambda: Dense(3), "__array__", "'Dense' object has no attribute '__array__'$"),
    ],
)
def test_an_unknown_attribute_is_explained(make: Callable[[], object], name: str, message: str) -> None:
    one = make()
    with pytest.raises(AttributeError, match=message) as caught:
        getattr(one, name)
    assert (caught.value.name, caught.value.obj) == (name, one)
    assert not hasattr(one, name)


def test_the_error_of_a_property_is_its_own() -> None:
    class Odd(Dense):
        @property
        def twice(self) -> int:
            return 2 * self.scale  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="'Odd' object has no attribute 'scale'"):
        _ = Odd(3).twice


# ---------------------------------------------------------------- the table


def explained_classes(cls: type[Any] = Explained) -> list[type[Any]]:
    below = [other for subclass in cls.__subclasses__() for other in explained_classes(subclass)]
    return [cls, *below] if cls.__module__.startswith("numpycnn.") else below


def test_what_the_table_says_is_missing_is_missing() -> None:
    for kind in ["numpycnn", *MODULES.split()]:
        module = importlib.import_module("numpycnn" if kind == "numpycnn" else f"numpycnn.{kind}")
        assert [name for name in statuses(kind) if hasattr(module, name)] == []
    taken = {name for cls in explained_classes() for name in inspect.signature(cls).parameters}
    taken |= {name for method in Sequential.explained_methods for name in signature_of(method)}
    planned = set(keras_names.PLANNED["arguments"].split())
    assert planned & taken <= {"name", "verbose"}  # which some take, and others are planned to


def signature_of(method: str) -> list[str]:
    return list(inspect.signature(getattr(Sequential, method)).parameters)


def test_kinds_of_the_table_are_modules() -> None:
    kinds = {*keras_names.PLANNED, *(kind for kind, _, _ in keras_names.OUT_OF_SCOPE)}
    assert kinds <= {"numpycnn", "arguments", "attributes", "preprocessing.image", *MODULES.split(), *keras_api.KERAS}


def test_of_a_table_of_no_name_there_is_nothing_to_say() -> None:
    assert hint("", "full", ["valid", "same"]) == ""
    assert hint("", "Sane", ["valid", "same"]) == "the nearest is 'same'"


def test_whoever_makes_no_error_waits_for_none_of_it() -> None:
    code = "import sys, numpy; before = set(sys.modules); from numpycnn import Sequential; print(*sorted(set(sys.modules) - before))"
    assert not {"difflib", "numpycnn.common.keras_names", "numpycnn.plot"} & set(output(code).split())


def test_find_spec_gives_none_for_what_does_not_exist() -> None:
    """As for any package: it is how programs ask whether there is such a module."""
    assert importlib.util.find_spec("numpycnn.nonexistent") is None
    assert importlib.util.find_spec("numpycnn.layers.nonexistent") is None
    assert importlib.util.find_spec("numpycnn.layers") is not None


def test_a_constructor_that_passes_options_on_has_the_signature_of_both() -> None:
    class Own(Layer):
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = units

    assert list(inspect.signature(Own).parameters) == [
        *("units", "name", "input_shape", "trainable", "activity_regularizer"),
    ]
    assert Own(3, name="mine", trainable=False).trainable is False
    with pytest.raises(AttributeError, match="__signature__"):
        object.__getattribute__(Own(3), "__signature__")
    assert list(inspect.signature(Own(3)).parameters) == ["x", "training"]
    with pytest.raises(TypeError, match=r"Own: got an unexpected keyword argument 'unit': .*; available: units, name,"):
        Own(units=3, unit=4)


def test_a_layer_called_with_an_input_says_what_is_out_of_scope() -> None:
    with pytest.raises(
        TypeError, match="dense: a layer is called with arrays; the functional API is out of scope; use Se"
    ):
        Dense(3)(Input((2,)))
