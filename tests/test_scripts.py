"""Programs for Keras, of 2015 to today (`scripts/`), that run with one word replaced: `keras` by `numpycnn`.

The styles are those in which people write for MNIST, Fashion-MNIST and CIFAR-10. Only the data and the number of epochs
are made small.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import mnist_images

from numpycnn import Sequential
from numpycnn.common import configuration, older
from numpycnn.common.typing import Array
from numpycnn.datasets import cifar10, fashion_mnist, mnist

FOLDER = Path(__file__).parent / "scripts"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
STOPPED = {"own_loss": (TypeError, "gradient")}
"""What cannot run, and the error that says why."""
OLD = ("cifar10_augmented_keras1", "json_and_weights_2017", "mlp_2015", "mnist_cnn_keras1", "theano_order_2016")
"""Of the years 2015 to 2017."""


def pictures(seed: int, *shape: int) -> tuple[Array, Array]:
    """Random pictures, and random labels below 10."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, shape, np.uint8), rng.integers(0, 10, shape[0], np.uint8)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Little data, one epoch, an empty folder, and no older name that was warned of."""
    (x_train, y_train), (x_test, y_test) = mnist_images()
    digits = (x_train[:40], y_train[:40]), (x_test[:20], y_test[:20])
    (colours, labels), (test_colours, test_labels) = pictures(1, 40, 32, 32, 3), pictures(2, 20, 32, 32, 3)
    clothes = pictures(3, 40, 28, 28), pictures(4, 20, 28, 28)
    monkeypatch.setattr(mnist, "load_data", lambda: digits)
    monkeypatch.setattr(fashion_mnist, "load_data", lambda: clothes)
    monkeypatch.setattr(
        cifar10, "load_data", lambda: ((colours, labels[:, None]), (test_colours, test_labels[:, None]))
    )
    for name in ("fit", "fit_generator"):
        if hasattr(Sequential, name):
            monkeypatch.setattr(Sequential, name, shortened(getattr(Sequential, name)))
    monkeypatch.setattr(older, "WARNED", set())
    monkeypatch.setattr(configuration, "REGISTERED", {})
    monkeypatch.setattr(sys, "argv", ["script"])
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)


def shortened(fit: Any) -> Any:
    """A fit of one epoch; `epochs` is its fourth argument."""

    @wraps(fit)
    def short(self: Any, *args: Any, **options: Any) -> Any:
        for name in options.keys() & {"epochs", "nb_epoch"}:
            options[name] = 1
        return fit(self, *args[:3], *(1 for _ in args[3:4]), *args[4:], **options)

    return short


def replaced(text: str) -> str:
    """The program with numpycnn in the place of Keras."""
    return re.sub(r"(?<!\w\.)\bkeras\b", "numpycnn", text)


def run(name: str) -> dict[str, Any]:
    """Run a script as a program; the names that it leaves."""
    path = FOLDER / f"{name}.py"
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    exec(compile(replaced(path.read_text("utf-8")), str(path), "exec"), names)  # noqa: S102
    return names


@pytest.fixture
def plots(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """matplotlib, without what takes long; its figures are closed afterwards."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    for name in ("savefig", "tight_layout"):
        monkeypatch.setattr(pyplot, name, lambda *_, **__: None)
    yield
    pyplot.close("all")


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in STOPPED])
@pytest.mark.usefixtures("plots")
def test_it_runs(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # older names say today's
        warnings.filterwarnings("ignore", message=".* without it numpycnn writes ")
        run(name)


@pytest.mark.parametrize("name", STOPPED)
def test_what_cannot_run_says_why(name: str) -> None:
    error, message = STOPPED[name]
    with pytest.raises(error, match=message):
        run(name)


def test_there_are_twenty_and_five_of_them_old() -> None:
    assert len(SCRIPTS) > 20
    assert set(OLD) <= set(SCRIPTS)
    assert len(OLD) == 5


WANTED = [
    *("fashion_mnist", "cifar10", "BatchNormalization", r"activation=(keras\.activations\.)?(relu|tanh|softmax)\b"),
    *("Convolution2D", "border_mode", "nb_epoch", "output_dim", r"losses\.categorical_crossentropy", "Adadelta"),
    *("to_json", r"\blr=", r"\bdecay=", "amsgrad=", r"metrics=.accuracy.", "ImageDataGenerator", "steps_per_epoch"),
    *("image_dim_ordering", r"Model\b", "LSTM", "model_from_json", "maxnorm", "input_dim=", r"\bl2\(", "plot_model"),
    *("clear_session", "binary_crossentropy", "binary_accuracy", "sparse_categorical_accuracy", "InputLayer"),
    *("Softmax", "ModelCheckpoint", "MaxPool2D", "GlobalAveragePooling2D", "elu", "hard_sigmoid", "Orthogonal"),
    *(
        "'normal'",
        "predict_classes",
        r"utils\.normalize",
        r"Input\(.*name=",
        "overwrite=",
        r"compile\(loss=.*metrics=[^o]*\)$",
    ),
    *(
        "jit_compile=",
        r"loss=smooth",
        r"activation=Activation\(",
        r"baseline=",
        "start_from_epoch=",
        "validation_batch_size",
    ),
    *("custom_objects=", "TensorBoard", r"K\.sum", "count_params", r"output_shape\[1:\]"),
    *(
        "get_custom_objects",
        "activation=lambda",
        "BaseLogger",
        "groups=1",
        r"yield ",
        r"Sequential\(\[encoder, decoder\]",
    ),
]
"""What stops scripts that other people wrote, where it is missing."""


@pytest.mark.parametrize("pattern", WANTED)
def test_what_people_write_occurs(pattern: str) -> None:
    assert any(re.search(pattern, (FOLDER / f"{name}.py").read_text("utf-8"), re.MULTILINE) for name in SCRIPTS)


def test_nothing_but_the_word_is_replaced() -> None:
    text = "import keras\nfrom keras.layers import Dense\nkeras_path = 'a.keras'  # keras"
    assert replaced(text) == "import numpycnn\nfrom numpycnn.layers import Dense\nkeras_path = 'a.keras'  # numpycnn"
