"""How an ImageDataGenerator scales images: by numbers that are given, their own, or those of many images."""

import warnings
from collections.abc import Callable
from typing import Any

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.preprocessing.ranges import OWNER

TINY = 1e-6
"""Added to standard deviations."""


class Standardization:
    """Checked settings, by Keras's names; a std_normalization centers too."""

    def __init__(
        self,
        featurewise: tuple[Any, Any],
        samplewise: tuple[Any, Any],
        rescale: Any,
        preprocessing_function: Callable[[Array], Array] | None,
    ) -> None:
        self.feature_std = checks.flag(OWNER, "featurewise_std_normalization", featurewise[1])
        self.feature_center = checks.flag(OWNER, "featurewise_center", featurewise[0]) or self.feature_std
        self.sample_std = checks.flag(OWNER, "samplewise_std_normalization", samplewise[1])
        self.sample_center = checks.flag(OWNER, "samplewise_center", samplewise[0]) or self.sample_std
        self.rescale = None if rescale is None else checks.number(OWNER, "rescale", rescale)
        if preprocessing_function is not None:
            checks.function(OWNER, "preprocessing_function", preprocessing_function)
        self.function = preprocessing_function
        self.mean: Array | None = None
        self.std: Array | None = None

    def fit(self, x: Array, axes: tuple[int, int, int], shape: tuple[int, ...]) -> None:
        """Take the mean and the standard deviation of each channel. axes: all others; shape: against one image."""
        if self.rescale:
            x = x * self.rescale
        if self.feature_center:
            self.mean = x.mean(axis=axes).reshape(shape)  # (1, 1, C) or (C, 1, 1)
        if self.feature_std:
            self.std = x.std(axis=axes).reshape(shape)  # (1, 1, C) or (C, 1, 1)

    def apply(self, x: Array) -> Array:
        """An array of floats, changed in place."""
        if self.function is not None:
            x = self.function(x)
        if self.rescale:
            x *= self.rescale
        if self.sample_center:
            x -= x.mean()
        if self.sample_std:
            x /= x.std() + TINY
        if (self.feature_center and self.mean is None) or (self.feature_std and self.std is None):
            warnings.warn(f"{OWNER}: there is no mean over all images yet; call fit(x) first", stacklevel=4)
            return x
        if self.mean is not None:
            x -= self.mean
        if self.std is not None:
            x /= self.std + TINY
        return x
