"""Pictures: what is drawn are the numbers that were given, into the Axes that was given."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn import Sequential
from numpycnn.callbacks import History
from numpycnn.layers import Conv2D, Dense, Flatten, RandomTranslation, Rescaling
from numpycnn.show import plot
from numpycnn.show.learning_rates import LearningRates
from numpycnn.show.trace import LayerTrace

matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib, the extra plot")


@pytest.fixture(autouse=True)
def _no_screen() -> Iterator[None]:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture
def ax() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def recorded(**figures: list[float]) -> History:
    history = History()
    history.epoch, history.history = list(range(len(next(iter(figures.values()))))), figures
    return history


def test_a_training_curve(ax: Any) -> None:
    history = recorded(loss=[3.0, 2.0], val_loss=[4.0, 5.0], accuracy=[0.1, 0.2])
    assert plot.training_curve(history, ax=ax) is ax
    lines = {line.get_label(): (line.get_xdata().tolist(), list(line.get_ydata())) for line in ax.lines}
    assert lines == {"loss": ([1, 2], [3.0, 2.0]), "val_loss": ([1, 2], [4.0, 5.0])}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert all(tick == int(tick) for tick in ax.get_xticks())
    assert len(plot.training_curve(history, "accuracy").lines) == 1
    with pytest.raises(
        ValueError, match="training_curve: figure must be one of 'loss', 'val_loss', 'accuracy'; received"
    ):
        plot.training_curve(history, "f1")


def test_learning_rates(ax: Any) -> None:
    rates, losses = np.logspace(-4, 0, 5), np.array([3.0, 2.0, 1.0, 2.0, 9.0])
    found = LearningRates(rates, losses)
    assert plot.learning_rates(found, ax) is ax
    dots, line, suggested = ax.lines
    np.testing.assert_array_equal(dots.get_xydata(), np.stack([rates, losses], axis=1))
    np.testing.assert_array_equal(line.get_xydata(), np.stack([rates, found.smoothed], axis=1))
    assert suggested.get_xdata() == [found.suggested] * 2
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_ylabel()) == ("log", "learning rate", "loss")
    assert ax.get_ylim()[1] < 9  # where it diverges is not what one wants to see
    with pytest.raises(
        TypeError, match=r"learning_rates: found must be LearningRates, as find_learning_rate returns; "
    ):
        plot.learning_rates(losses)  # type: ignore[arg-type]


def drawn(ax: Any) -> Any:
    """The numbers of the only image in the Axes; NaN between tiles."""
    (image,) = ax.images
    return image.get_array().filled(np.nan)


def test_filters_are_drawn_one_by_one_and_zero_is_white(ax: Any) -> None:
    kernel = np.arange(2 * 3 * 2 * 5, dtype=float).reshape(2, 3, 2, 5) - 20
    assert plot.filters(kernel, 1, ax) is ax
    picture = drawn(ax)
    assert picture.shape == (2 * 3 - 1, 3 * 4 - 1)  # five tiles of 2 by 3, three in a row
    for k in range(5):
        top, left = k // 3 * 3, k % 3 * 4
        np.testing.assert_array_equal(picture[top : top + 2, left : left + 3], kernel[:, :, 1, k])
    assert np.isnan(picture[2]).all()
    (image,) = ax.images
    assert image.get_clim() == (-39, 39)
    red, green, blue, _ = image.cmap(image.norm(0.0))
    assert min(red, green, blue) > 0.9


def test_filters_of_a_layer_and_of_its_trace_are_those_of_its_kernel(ax: Any) -> None:
    network = small_network()
    layer = network.get_layer("conv2d")
    plot.filters(layer, ax=ax)
    kernels = np.moveaxis(layer.params["kernel"][:, :, 0], -1, 0)
    np.testing.assert_array_equal(drawn(ax)[:3, 4:7], kernels[1])
    np.testing.assert_array_equal(
        drawn(plot.filters(network.trace(small_data(2)[0])["conv2d"])),
        drawn(plot.filters(layer.params["kernel"].tolist())),
    )


def conv_trace(data_format: str = "channels_last") -> LayerTrace:
    network = small_network()
    x, y = small_data(3)
    return network.trace(x, y)["conv2d"]


def test_feature_maps(ax: Any) -> None:
    layer = conv_trace()
    assert plot.feature_maps(layer, 2, ax=ax) is ax
    np.testing.assert_array_equal(drawn(ax)[7:13, :6], layer.output[2, :, :, 2])
    turned = LayerTrace("c", "Conv2D", layer.input, layer.output.transpose(0, 3, 1, 2), {}, {})
    np.testing.assert_array_equal(
        drawn(plot.feature_maps(turned, 2, "channels_first"))[:6, 7:13], layer.output[2, :, :, 1]
    )


@pytest.mark.parametrize(
    ("channels", "data_format"), [(1, "channels_last"), (3, "channels_last"), (3, "channels_first")]
)
def test_augmentation(ax: Any, channels: int, data_format: str) -> None:
    shape = (6, 5, channels) if data_format == "channels_last" else (channels, 6, 5)
    shift = RandomTranslation(0.3, 0.3, data_format=data_format, input_shape=shape)
    model = Sequential([Rescaling(2.0, input_shape=shape), shift, Flatten(), Dense(2)], seed=1)
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    assert plot.augmentation(model, image, 4, ax) is ax
    shown = model.trace(np.stack([image] * 4), training=True)[shift.name].output
    one = np.concatenate([2 * image[None], shown])
    one = one if data_format == "channels_last" else np.moveaxis(one, 1, -1)
    one = (one - one.min()) / (one.max() - one.min())
    picture = np.asarray(ax.images[0].get_array())
    for k, (top, left) in enumerate([(0, 0), (0, 6), (0, 12), (7, 0), (7, 6)]):
        part = picture[top : top + 6, left : left + 5]
        np.testing.assert_allclose(part.reshape(6, 5, channels), one[k], rtol=1e-6, atol=1e-7)
    assert len({picture[7:13, left : left + 5].tobytes() for left in (0, 6)}) == 2  # drawn anew each time


def test_what_augmentation_cannot_show() -> None:
    with pytest.raises(TypeError, match=r"augmentation: model must be a Sequential; received 3"):
        plot.augmentation(3, np.zeros((2, 2, 1)))
    with pytest.raises(
        ValueError, match=r"augmentation: expected a model with a layer that augments images; sequential"
    ):
        plot.augmentation(small_network(), small_data(1)[0][0])
    model = Sequential([RandomTranslation(0.1, 0.1, input_shape=(4, 4, 2)), Flatten(), Dense(1)])
    with pytest.raises(ValueError, match=r"augmentation: expected images of 1 or 3 channels; received 2"):
        plot.augmentation(model, np.zeros((4, 4, 2)))


def test_im2col(ax: Any) -> None:
    layer = conv_trace()
    assert plot.im2col(layer, 1, ax) is ax
    np.testing.assert_array_equal(drawn(ax), layer.inside["patches"][1])


def test_a_confusion_matrix(ax: Any) -> None:
    assert plot.confusion_matrix([0, 0, 1, 2, 2], [0, 1, 1, 0, 0], 3, ax) is ax
    assert [text.get_text() for text in ax.texts] == list("110010200")
    np.testing.assert_array_equal(drawn(ax), [[0, 1, 0], [0, 0, 0], [2, 0, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


def test_a_confusion_matrix_of_what_predict_returns(ax: Any) -> None:
    network, (x, y) = small_network(), small_data(20)
    plot.confusion_matrix(y, network.predict(x), ax=ax)
    labels = plot.confusion_matrix(y.argmax(axis=1), network.predict(x).argmax(axis=1), 3)
    assert [text.get_text() for text in ax.texts] == [text.get_text() for text in labels.texts]


def test_the_worst_mistakes_come_first(ax: Any) -> None:
    x = np.arange(4 * 2 * 2).reshape(4, 2, 2, 1)
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    assert plot.worst_mistakes(x, [0, 0, 0, 0], p, 2, ax) is ax
    one_hot = plot.worst_mistakes(x, [[1, 0]] * 4, p, 2)
    np.testing.assert_array_equal(drawn(one_hot), drawn(ax))
    assert [text.get_text() for text in one_hot.texts] == [text.get_text() for text in ax.texts]
    assert [text.get_text() for text in ax.texts] == ["1 (0)", "1 (0)"]
    np.testing.assert_array_equal(drawn(ax)[:, :2], x[2, :, :, 0])
    np.testing.assert_array_equal(drawn(ax)[:, 3:], x[3, :, :, 0])
    assert ax.get_title() == "worst 2 of 3 mistakes: read as (is)"
    with pytest.raises(ValueError, match="worst_mistakes: expected a mistake; all are right"):
        plot.worst_mistakes(x[:1], [0], p[:1])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot.filters(np.zeros((2, 3))), r"filters: expected a kernel of shape .*; received \(2, 3\)"),
        (lambda: plot.filters(np.zeros((2, 3, 1, 4)), 1), "filters: channel must be below 1; received 1"),
        (
            lambda: plot.filters(small_network().get_layer("max_pooling2d")),
            "filters: expected a layer with a kernel, and built; max_pooling2d has none",
        ),
        (
            lambda: plot.filters(small_network()),
            "filters: expected a layer with a kernel, and built; sequential has none",
        ),
        (lambda: plot.filters(Conv2D(4, 3)), "filters: expected a layer with a kernel, and built; conv2d has none"),
        (
            lambda: plot.filters(small_network().get_layer("dense")),
            r"filters: expected a kernel .*; received \(36, 8\)",
        ),
        (lambda: plot.feature_maps(conv_trace(), 0, "NCHW"), "feature_maps: data_format must be one of"),
        (lambda: plot.im2col(conv_trace(), 3), "im2col: example must be below 3; received 3"),
        (
            lambda: plot.worst_mistakes(np.ones((1, 2, 2)), [0], [1]),
            r"worst_mistakes: y_pred must be probabilities \(n, classes\); received the shape \(1,\)",
        ),
        (lambda: plot.feature_maps(conv_trace(), 3), "feature_maps: example must be below 3; received 3"),
        (
            lambda: plot.feature_maps(small_network().trace(small_data(2)[0])["dense"]),
            r"feature_maps: expected a layer that gives images; dense gives \(2, 8\)",
        ),
        (
            lambda: plot.im2col(small_network().trace(small_data(2)[0])["max_pooling2d"]),
            "im2col: expected a convolution; max_pooling2d is MaxPooling2D",
        ),
    ],
)
def test_what_cannot_be_drawn_is_explained(draw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: plot.filters("conv2d"),
            "filters: layer, where it is neither a layer nor its trace, must be an array of",
        ),
        (
            lambda: plot.feature_maps(small_network().get_layer("conv2d")),  # type: ignore[arg-type]
            r'feature_maps: layer must be one of a trace, such as model.trace\(x\)\["conv2d"\]; received Conv2D',
        ),
        (lambda: plot.im2col(np.ones((4, 9))), "im2col: layer must be one of a trace, such as"),  # type: ignore[arg-type]
        (
            lambda: plot.training_curve({"loss": [1.0]}),  # type: ignore[arg-type]
            "training_curve: history must be a History, as fit returns; received {'loss'",
        ),
    ],
)
def test_what_is_of_another_kind_is_named(draw: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        draw()


def test_without_matplotlib_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"to draw, install matplotlib: pip install 'numpycnn\[plot\]'"):
        plot.training_curve(recorded(loss=[1.0]))
