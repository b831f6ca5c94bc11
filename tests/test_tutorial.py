"""The classic Keras MNIST tutorial, call by call, with `numpycnn` in the place of `keras`."""

import numpy as np
import pytest

# The tutorial's own import lines.
from numpycnn import backend as K
from numpycnn.callbacks import History
from numpycnn.datasets import mnist
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from numpycnn.models import Sequential
from numpycnn.utils import np_utils


def run(seed: int, train_count: int, test_count: int) -> tuple[Sequential, History]:
    """Every call that the tutorial makes, on the first images of each part of the data."""
    K.set_image_data_format("channels_first")
    np.random.seed(seed)
    (x, labels), (x_test, labels_test) = mnist.load_data()
    x, labels = x[:train_count], labels[:train_count]
    x_test, labels_test = x_test[:test_count], labels_test[:test_count]
    x = x.reshape(x.shape[0], 1, 28, 28) / 255
    x_test = x_test.reshape(x_test.shape[0], 1, 28, 28) / 255
    y, y_test = np_utils.to_categorical(labels), np_utils.to_categorical(labels_test)

    model = Sequential()
    model.add(Conv2D(filters=64, kernel_size=(5, 5), input_shape=(1, 28, 28), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.5))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(y_test.shape[1], activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    history = model.fit(x, y, epochs=2, verbose=0, batch_size=1000, validation_data=(x_test, y_test))
    return model, history


@pytest.mark.usefixtures("mnist_read_once")
def test_the_tutorial_on_a_part_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    model, history = run(seed=0, train_count=3000, test_count=300)
    assert isinstance(history, History)
    assert capsys.readouterr().out == ""
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert model.count_params() == 1_182_730
    assert history.history["val_accuracy"][1] > 0.50  # after 6 steps; guessing is 0.10
    assert history.history["loss"][1] < history.history["loss"][0]


@pytest.mark.usefixtures("mnist_read_once")
def test_numpys_seed_fixes_the_tutorial() -> None:
    first, again, other = (run(seed, train_count=300, test_count=50)[1].history for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.deep
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_whole_tutorial_reaches_its_accuracy(seed: int) -> None:
    """All 60,000 images, both epochs: at least 96.5% of the 10,000 test images. Keras 3 measured 96.9% at one seed."""
    _, history = run(seed, 60000, 10000)
    assert history.history["val_accuracy"][1] >= 0.965
