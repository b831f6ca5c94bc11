"""How an ImageDataGenerator scales images: by numbers that are given, their own, or those of many images."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

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
        zca: tuple[Any, Any] = (False, 1e-6),
    ) -> None:
        self.whiten = checks.flag(OWNER, "zca_whitening", zca[0])
        self.zca_epsilon = checks.number(OWNER, "zca_epsilon", zca[1], at_least=0.0)
        std = checks.flag(OWNER, "featurewise_std_normalization", featurewise[1])
        center = checks.flag(OWNER, "featurewise_center", featurewise[0])
        self.feature_std = std and not self.whiten
        self.feature_center = center or std or self.whiten
        self.sample_std = checks.flag(OWNER, "samplewise_std_normalization", samplewise[1])
        self.sample_center = checks.flag(OWNER, "samplewise_center", samplewise[0]) or self.sample_std
        self.rescale = None if rescale is None else checks.number(OWNER, "rescale", rescale)
        if preprocessing_function is not None:
            checks.function(OWNER, "preprocessing_function", preprocessing_function)
        self.function = preprocessing_function
        self.mean: Array | None = None
        self.std: Array | None = None
        self.whitening: Array | None = None
        """The matrix that an image's pixels, (H*W*C,), are multiplied by."""

    def fit(self, x: Array, axes: tuple[int, int, int], shape: tuple[int, ...]) -> None:
        """Take the mean and the standard deviation of each channel. axes: all others; shape: against one image."""
        if self.rescale:
            x = x * self.rescale
        if self.feature_center:
            self.mean = x.mean(axis=axes).reshape(shape)  # (1, 1, C) or (C, 1, 1)
        if self.feature_std:
            self.std = x.std(axis=axes).reshape(shape)  # (1, 1, C) or (C, 1, 1)
        if self.whiten:
            self.whitening = whitening_of((x - self.mean).reshape(len(x), -1), self.zca_epsilon)

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
        return self.by_all_images(x)

    def by_all_images(self, x: Array) -> Array:
        """What `fit` took of all images, applied in place."""
        if self.feature_center and self.mean is None:
            warnings.warn(f"{OWNER}: there is no mean over all images yet; call fit(x) first", stacklevel=5)
            return x
        if self.mean is not None:
            x -= self.mean
        if self.std is not None:
            x /= self.std + TINY
        if self.whitening is not None:
            x[...] = (x.reshape(-1, len(self.whitening)) @ self.whitening).reshape(x.shape)  # (..., H, W, C)
        return x


def whitening_of(x: Array, epsilon: float) -> Array:
    """The matrix W, (M, M), that makes pixels of centred images, x: (N, M), uncorrelated, and changes them least.

    With x.T = U S V.T it is U diag(sqrt(N)/(S + epsilon)) U.T, the inverse square root of their covariance.
    Source: Keras's ImageDataGenerator.
    """
    checks.array_size(OWNER, "the matrix for zca_whitening", (x.shape[1], x.shape[1]))
    u, s, _ = np.linalg.svd(x.T, full_matrices=False)  # (M, K), (K,)
    return (u * (np.sqrt(len(x)) / (s + epsilon))) @ u.T
