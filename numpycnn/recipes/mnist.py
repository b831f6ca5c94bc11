"""The recipes for MNIST by name: how much accuracy a few seconds, or a minute, of training give.

The networks are strided, batch-normalized and small; a step of Adam at a learning rate that rises and falls once, and
targets smoothed by a tenth, make few epochs enough.
"""

from typing import Any

from numpycnn.common import checks
from numpycnn.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    ReLU,
    Rescaling,
)
from numpycnn.losses import CategoricalCrossentropy
from numpycnn.optimizers import Adam
from numpycnn.recipes.recipe import Recipe

MEAN, DEVIATION = 0.1307, 0.3081
"""Of the pixels of MNIST's training images, from 0 to 1."""

BACKGROUND = -MEAN / DEVIATION
"""What a pixel of 0 becomes."""


def standardized() -> list[Layer]:
    """Pixels from 0 to 255 to mean 0 and deviation 1, over MNIST."""
    return [Rescaling(1 / (255 * DEVIATION), BACKGROUND)]


def normalized(*layers: Layer) -> list[Layer]:
    """Layers without activation and bias, and what follows them: batch normalization and ReLU."""
    return [*layers, BatchNormalization(momentum=0.9, epsilon=1e-5), ReLU()]


def conv(filters: int, size: int, strides: int = 1, **options: Any) -> Conv2D:
    """A convolution before a batch normalization, which has a bias."""
    return Conv2D(filters, size, strides=strides, use_bias=False, kernel_initializer="he_normal", **options)


def dense(units: int) -> list[Layer]:
    """A dense layer with batch normalization and ReLU."""
    return normalized(Dense(units, use_bias=False, kernel_initializer="he_normal"))


def digits() -> Dense:
    """Ten probabilities."""
    return Dense(10, activation="softmax", kernel_initializer="he_normal")


def shifted(pixels: float, fill_value: float = 0.0) -> Layer:
    """Images moved by whole pixels, up to so many each way, with equal probability."""
    part = (pixels + 0.499) / 28
    return RandomTranslation(part, part, "constant", "nearest", fill_value=fill_value)


def turned(fill_value: float = 0.0) -> list[Layer]:
    """Images turned by up to 10 degrees, zoomed by up to a tenth, and moved by up to a pixel."""
    return [
        RandomRotation(10 / 360, "constant", fill_value=fill_value),
        RandomZoom(0.1, 0.1, "constant", fill_value=fill_value),
        shifted(1, fill_value),
    ]


def one_cycle(peak: float, rise: float) -> dict[str, Any]:
    """Linearly up to the peak in the first part of the steps, and down to zero."""
    config = {"max_learning_rate": peak, "pct_start": rise, "anneal_strategy": "linear"}
    return {"class_name": "OneCycle", "config": config}


def fast_training(peak: float, rise: float, **options: Any) -> dict[str, Any]:
    """What the recipes have in common."""
    return {
        "preparation": standardized(),
        "optimizer": Adam(beta_1=0.7, beta_2=0.9, epsilon=1e-8),
        "schedule": one_cycle(peak, rise),
        "loss": CategoricalCrossentropy(label_smoothing=0.1),
        "batch_size": 256,
        **options,
    }


def strided(filters: tuple[int, int, int], units: int) -> list[Layer]:
    """Three convolutions, the first with strides of 2, a pool, and a dense layer."""
    first, second, third = filters
    return [
        *normalized(conv(first, 5, strides=2)),
        *normalized(conv(second, 3)),
        *normalized(conv(third, 3), MaxPooling2D()),
        Flatten(),
        *dense(units),
        digits(),
    ]


SECONDS = Recipe(
    "seconds",
    [*normalized(conv(8, 5, strides=2)), *normalized(conv(16, 3), MaxPooling2D()), Flatten(), *dense(64), digits()],
    epochs=1,
    about="99% in one epoch",
    **fast_training(0.03, 0.1),
)

QUICK = Recipe(
    "quick",
    strided((8, 16, 24), 128),
    augmentation=[shifted(1)],
    epochs=4,
    about="four epochs of images that are moved by a pixel",
    **fast_training(0.03, 0.15, batch_size=512),
)

MINUTE = Recipe(
    "minute",
    strided((16, 32, 64), 128),
    augmentation=turned(),
    epochs=8,
    about="eight epochs of images that are moved, turned and zoomed",
    **fast_training(0.02, 0.15),
)

BEST = Recipe(
    "best",
    [
        *normalized(conv(16, 3)),
        *normalized(conv(32, 3), MaxPooling2D()),
        *normalized(conv(48, 3)),
        *normalized(conv(64, 3), MaxPooling2D()),
        Flatten(),
        *dense(128),
        digits(),
    ],
    augmentation=turned(BACKGROUND),
    epochs=9,
    members=4,
    about="the mean of four networks of four convolutions each",
    **fast_training(0.02, 0.15),
)

SMALL = Recipe(
    "small",
    [
        *normalized(conv(8, 3)),
        *normalized(conv(12, 3), MaxPooling2D()),
        *normalized(conv(16, 3)),
        *normalized(conv(16, 3), MaxPooling2D()),
        *normalized(conv(20, 3, padding="same")),
        GlobalAveragePooling2D(),
        digits(),
    ],
    augmentation=[shifted(1)],
    epochs=10,
    about="ten epochs of a network with fewer than 10,000 parameters",
    **fast_training(0.02, 0.15),
)

LARGE = Recipe(
    "large",
    [
        *normalized(conv(32, 3, padding="same"), MaxPooling2D()),
        *normalized(conv(64, 3, padding="same"), MaxPooling2D()),
        *normalized(conv(128, 3, padding="same")),
        GlobalAveragePooling2D(),
        digits(),
    ],
    augmentation=[shifted(1)],
    epochs=8,
    about="eight epochs of a network for images of other things too",
    **fast_training(0.02, 0.15),
)

TUTORIAL = Recipe(
    "tutorial",
    [
        Conv2D(64, 5, activation="relu"),
        MaxPooling2D(),
        Dropout(0.5),
        Flatten(),
        Dense(128, activation="relu"),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ],
    preparation=[Rescaling(1 / 255)],
    optimizer="rmsprop",
    batch_size=1000,
    epochs=2,
    about="the network of the Keras tutorial, as `python -m numpycnn` trains it",
)

RECIPES = {recipe.name: recipe for recipe in (SECONDS, QUICK, MINUTE, BEST, SMALL, LARGE, TUTORIAL)}
"""The recipes by name."""


def get(name: str) -> Recipe:
    """A recipe by its name. Raises ValueError for an unknown one."""
    return checks.lookup("recipes.get", "name", name, RECIPES)
