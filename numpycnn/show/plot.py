"""Plots of training and of a network's values, with matplotlib (the extra `plot`).

Each function draws into `ax`, a matplotlib Axes, or into a new figure if that is None, and returns the Axes, to be
titled and saved as usual. All raise ImportError without matplotlib.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numpycnn.backend import DATA_FORMATS
from numpycnn.callbacks import History
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.engine.network import Network
from numpycnn.layers import Layer
from numpycnn.layers.augmentation import Augmentation
from numpycnn.layers.data_format import to_channels_last
from numpycnn.metrics import confusion
from numpycnn.show.learning_rates import LearningRates
from numpycnn.show.trace import LayerTrace

SIGNED = "RdBu_r"  # white is zero, red above and blue below, distinguishable with colour blindness
SHADES = "Greys"


__all__ = [
    "augmentation",
    "confusion_matrix",
    "feature_maps",
    "filters",
    "im2col",
    "learning_rates",
    "mosaic",
    "training_curve",
    "worst_mistakes",
]


def axes_of(ax: Any) -> Any:
    """ax, or the Axes of a new figure if it is None."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("to draw, install matplotlib: pip install 'numpycnn[plot]'") from None
    return pyplot.subplots(layout="constrained")[1] if ax is None else ax


def training_curve(history: History, figure: str = "loss", ax: Any = None) -> Any:
    """Plot a figure over the epochs, with that of the validation data if there is one.

    Raises ValueError for a figure that was not recorded, TypeError for anything but a History.
    """
    if not isinstance(history, History):
        raise TypeError(
            f"training_curve: history must be a History, as fit returns; received {checks.short_repr(history)}"
        )
    checks.choice("training_curve", "figure", figure, history.history)
    ax = axes_of(ax)
    for name, style in ((figure, "o-"), (f"val_{figure}", "s--")):
        if name in history.history:
            ax.plot(np.array(history.epoch) + 1, history.history[name], style, label=name)
    ax.set(xlabel="epoch", ylabel=figure)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def learning_rates(found: LearningRates, ax: Any = None) -> Any:
    """Plot the loss over the learning rate, as batches had it and smoothed, and the rate that is suggested.

    found: what `utils.find_learning_rate` returned. Raises TypeError for anything else.
    """
    if not isinstance(found, LearningRates):
        raise TypeError(
            "learning_rates: found must be LearningRates, as find_learning_rate returns; "
            f"received {checks.short_repr(found)}"
        )
    ax = axes_of(ax)
    ax.plot(found.learning_rates, found.losses, ".", alpha=0.4, label="loss of a batch")
    ax.plot(found.learning_rates, found.smoothed, label="smoothed")
    ax.axvline(found.suggested, color="tab:green", linestyle="--", label=f"suggested: {found.suggested:.2g}")
    top = found.smoothed[: found.smoothed.argmin() + 1].max()
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss", ylim=(0.9 * found.smoothed.min(), 1.1 * top))
    ax.legend()
    return ax


def filters(layer: Layer | LayerTrace | ArrayLike, channel: int = 0, ax: Any = None) -> Any:
    """Plot the filters of a kernel, (KH, KW, C, F), for one input channel: red above zero, blue below.

    layer: a layer of a model, `model.get_layer("conv2d")`, or of a trace; or a kernel as an array.
    Raises ValueError for a layer without a kernel, a kernel of another shape, or a channel out of range; TypeError for
    anything else.
    """
    kernel = kernel_of(layer)
    if kernel.ndim != 4:
        raise ValueError(
            f"filters: expected a kernel of shape (rows, columns, channels, filters); received {kernel.shape}"
        )
    channel = checks.integer("filters", "channel", channel, at_least=0)
    if channel >= kernel.shape[2]:
        raise ValueError(f"filters: channel must be below {kernel.shape[2]}; received {channel}")
    maps = np.moveaxis(kernel[:, :, channel], -1, 0)  # (F, KH, KW)
    return mosaic(maps, f"{kernel.shape[3]} filters, channel {channel}", ax=ax)


def kernel_of(layer: Any) -> Array:
    """The kernel of a layer or of its trace, or the array itself. Raises as `filters`."""
    if not isinstance(layer, (Layer, LayerTrace)):
        return checks.numbers("filters", "layer, where it is neither a layer nor its trace,", layer)
    params = layer.params if isinstance(layer, Layer) else layer.parameters
    if "kernel" not in params:
        raise ValueError(f"filters: expected a layer with a kernel, and built; {layer.name} has none")
    return params["kernel"]


def check_trace(owner: str, layer: Any) -> None:
    """Raise TypeError unless `layer` is a LayerTrace."""
    if not isinstance(layer, LayerTrace):
        raise TypeError(
            f'{owner}: layer must be one of a trace, such as model.trace(x)["conv2d"]; '
            f"received {checks.short_repr(layer)}"
        )


def check_example(owner: str, example: Any, count: int) -> int:
    """The index of an example. Raises TypeError or ValueError unless it is below count."""
    example = checks.integer(owner, "example", example, at_least=0)
    if example >= count:
        raise ValueError(f"{owner}: example must be below {count}; received {example}")
    return example


def feature_maps(layer: LayerTrace, example: int = 0, data_format: str = "channels_last", ax: Any = None) -> Any:
    """Plot a layer's output for one example, channel by channel. layer: such as `model.trace(x)["conv2d"]`.

    Raises ValueError for a layer whose output is not images, an example out of range, and an unknown data_format;
    TypeError for anything but a LayerTrace.
    """
    check_trace("feature_maps", layer)
    checks.choice("feature_maps", "data_format", data_format, DATA_FORMATS)
    if layer.output.ndim != 4:
        raise ValueError(f"feature_maps: expected a layer that gives images; {layer.name} gives {layer.output.shape}")
    output = layer.output[check_example("feature_maps", example, len(layer.output))]
    maps = output if data_format == "channels_first" else np.moveaxis(output, -1, 0)  # (channels, rows, columns)
    return mosaic(maps, f"output of {layer.name}, example {example}", ax=ax)


def augmentation(model: Any, image: ArrayLike, count: int = 24, ax: Any = None) -> Any:
    """Plot an image as it is, and as a model's augmentation shows it to what follows, several times.

    model: with a layer that augments images, such as RandomTranslation; they are drawn as in its next step of training.
    image: an example of its input, with 1 or 3 channels. Raises ValueError for a model without such a layer, for images
    with other channels, and for another shape; TypeError for anything but a model, and for others than numbers.
    """
    network: Any = model
    if not isinstance(model, Network):
        raise TypeError(f"augmentation: model must be a Sequential; received {checks.short_repr(model)}")
    batch = np.repeat(
        checks.numbers("augmentation", "image", image)[None], checks.integer("augmentation", "count", count), 0
    )
    layers = [layer for layer in model.layers if isinstance(layer, Augmentation)]
    if not layers:
        raise ValueError(f"augmentation: expected a model with a layer that augments images; {model.name} has none")
    last = layers[-1]
    plain, drawn = (network.trace(x, training=on)[last.name].output for x, on in ((batch[:1], False), (batch, True)))
    images = to_channels_last(np.concatenate([plain, drawn]), last.data_format)  # (1 + count, H, W, C)
    if images.shape[3] not in (1, 3):
        raise ValueError(f"augmentation: expected images of 1 or 3 channels; received {images.shape[3]}")
    images = (images - images.min()) / (np.ptp(images) or 1)
    title = f"an image, and {count} times what {last.name} gives"
    return mosaic(images[..., 0] if images.shape[3] == 1 else images, title, SHADES, ax)


def mosaic(images: Array, title: str, colours: str = SIGNED, ax: Any = None) -> Any:
    """Plot images in a square grid: (n, rows, columns), with one scale and a colour bar; or (..., 3), 0 to 1."""
    n, rows, cols = images.shape[:3]
    *_, (bottom, _) = corners = [(top, left) for top, left in tiles(n, rows, cols)]
    size = bottom + rows, max(left for _, left in corners) + cols
    picture = np.full((*size, *images.shape[3:]), np.nan if images.ndim == 3 else 1.0)
    for image, (top, left) in zip(images, corners, strict=True):
        picture[top : top + rows, left : left + cols] = image
    ax = axes_of(ax)
    bound = np.abs(images).max() or 1.0
    drawn = ax.imshow(picture, colours, vmin=-bound if colours == SIGNED else 0, vmax=bound)
    if images.ndim == 3:
        ax.figure.colorbar(drawn, ax=ax)
    ax.set(title=title, xticks=[], yticks=[])
    return ax


def tiles(n: int, rows: int, cols: int) -> Iterator[tuple[int, int]]:
    """The top left pixel of each image in a mosaic of n, with a gap of one pixel between images."""
    across = int(np.ceil(np.sqrt(n)))
    for k in range(n):
        row, col = divmod(k, across)
        yield row * (rows + 1), col * (cols + 1)


def im2col(layer: LayerTrace, example: int = 0, ax: Any = None) -> Any:
    """Plot the im2col matrix of one example, one patch per row. layer: such as `model.trace(x)["conv2d"]`.

    Raises ValueError for a layer without one, and an example out of range; TypeError for anything but a LayerTrace.
    """
    check_trace("im2col", layer)
    if "patches" not in layer.inside:
        raise ValueError(f"im2col: expected a convolution; {layer.name} is {layer.kind}")
    patches = layer.inside["patches"][check_example("im2col", example, len(layer.output))]  # (OH*OW, KH*KW*C)
    ax = axes_of(ax)
    bound = np.abs(patches).max() or 1.0
    image = ax.imshow(patches, SIGNED, vmin=-bound, vmax=bound, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax)
    ax.set(title=f"im2col of {layer.name}", xlabel="tap of the window, and channel", ylabel="output cell")
    return ax


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int | None = None, ax: Any = None) -> Any:
    """Plot the confusion matrix: counts in a grid, shaded except for the diagonal.

    y_true, y_pred: labels (n,), or one-hot rows or probabilities (n, classes), such as `predict` returns. Arguments
    and errors as for `metrics.confusion_matrix`.
    """
    counts = confusion.confusion_matrix(y_true, y_pred, classes)
    classes = len(counts)
    wrong = np.where(np.eye(classes, dtype=bool), 0, counts)
    ax = axes_of(ax)
    ax.imshow(wrong, SHADES, vmax=max(2 * int(wrong.max()), 1))  # half of the scale, so that the numbers stay legible
    for (i, j), count in np.ndenumerate(counts):
        ax.text(j, i, str(count), ha="center", va="center", fontsize="small")
    ax.set(xlabel="predicted", ylabel="true", xticks=range(classes), yticks=range(classes))
    return ax


def worst_mistakes(x: ArrayLike, y_true: ArrayLike, y_pred: ArrayLike, count: int = 25, ax: Any = None) -> Any:
    """Plot the misclassified images with the highest confidence, with predicted and true class.

    x: (n, rows, columns), or with one channel after them; y_true: labels (n,) or one-hot rows (n, classes); y_pred:
    probabilities (n, classes), such as `predict` returns.
    Raises ValueError if there are no mistakes, and for other shapes; TypeError for anything but numbers.
    """
    owner = "worst_mistakes"
    images, p = checks.numbers(owner, "x", x), checks.numbers(owner, "y_pred", y_pred)
    labels, _ = confusion.class_labels(owner, "y_true", y_true)
    if p.ndim != 2 or p.shape[1] < 2:
        raise ValueError(f"{owner}: y_pred must be probabilities (n, classes); received the shape {p.shape}")
    checks.same_length(owner, x=images, y_true=labels, y_pred=p)
    read, count = p.argmax(axis=1), checks.integer(owner, "count", count)  # (n,)
    wrong = np.flatnonzero(read != labels)
    if len(wrong) == 0:
        raise ValueError(f"{owner}: expected a mistake; all are right")
    worst = wrong[np.argsort(-p[wrong, read[wrong]], kind="stable")][:count]
    tiled = images[worst].reshape(len(worst), *images.shape[1:3])  # (count, rows, columns)
    ax = mosaic(tiled, f"worst {len(worst)} of {len(wrong)} mistakes: read as (is)", SHADES, ax)
    for k, (top, left) in zip(worst, tiles(*tiled.shape), strict=True):
        ax.text(left, top, f"{read[k]} ({int(labels[k])})", ha="left", va="top", color="tab:red", fontsize="small")
    return ax
