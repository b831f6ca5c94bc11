"""Keras 2's ImageDataGenerator: batches of images that are changed at random and scaled, one by one."""

import os
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.randomness import draw_seed
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.functional.warping import FILL_MODES
from numpycnn.layers.data_format import check_data_format, from_channels_last, to_channels_last
from numpycnn.preprocessing.iterator import NumpyArrayIterator
from numpycnn.preprocessing.ranges import OWNER, Ranges
from numpycnn.preprocessing.saved import Saving
from numpycnn.preprocessing.standardization import Standardization
from numpycnn.preprocessing.transforms import transformed

__all__ = ["ImageDataGenerator", "NumpyArrayIterator"]


class ImageDataGenerator(Explained):
    """Batches of images, changed at random and scaled: `model.fit(generator.flow(x, y, batch_size=32))`.

    For each image is drawn, evenly: a rotation up to rotation_range degrees; a shift up to that part of the width
    (width_shift_range) and of the height, or up to so many pixels from 1 on, or by one of a list; a shear up to
    shear_range degrees; zooms of the rows and of the columns from 1 - zoom_range to 1 + zoom_range, or between two
    bounds; flips; a number up to channel_shift_range that is added; and a factor of brightness between two bounds, for
    pixels from 0 to 255. fill_mode: what is seen beyond the edge, as for RandomTranslation; cval: for "constant".

    Then, in this order: preprocessing_function of the image; times rescale; minus the image's mean
    (samplewise_center), divided by its standard deviation (samplewise_std_normalization); and the same by the mean and
    standard deviation of each channel over all images that `fit` saw (featurewise_...). With zca_whitening: minus
    the mean, and times the matrix that makes their pixels uncorrelated; zca_epsilon is added to the singular values.

    interpolation_order: 1 is bilinear, 0 the nearest pixel. validation_split: the first part of the images is the
    subset "validation" of `flow`. data_format, dtype: by default the backend's.

    Unlike Keras's, width_shift_range moves along the width; images need not be square; and the random numbers come from
    the seed and the position alone, so that a training is resumed with the same bytes.
    Raises TypeError or ValueError for arguments that do not fit. Source: Keras 2's ImageDataGenerator.
    """

    explained_methods = ("flow", "fit")

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Array], Array] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        flips, shifts = (horizontal_flip, vertical_flip), (width_shift_range, height_shift_range)
        others = shear_range, zoom_range, channel_shift_range, brightness_range, flips
        self.ranges = Ranges(rotation_range, *shifts, *others)
        featurewise = featurewise_center, featurewise_std_normalization
        samplewise = samplewise_center, samplewise_std_normalization
        self.standardization = Standardization(
            featurewise, samplewise, rescale, preprocessing_function, (zca_whitening, zca_epsilon)
        )
        self.fill_mode = checks.choice(OWNER, "fill_mode", fill_mode, FILL_MODES)
        self.cval = checks.number(OWNER, "cval", cval)
        self.interpolation = ("nearest", "bilinear")[
            checks.choice(OWNER, "interpolation_order", interpolation_order, (0, 1))
        ]
        self.data_format = check_data_format(OWNER, data_format)
        self.validation_split = checks.number(OWNER, "validation_split", validation_split, at_least=0.0, below=1.0)
        self.dtype = backend.float_type(OWNER, "dtype", backend.floatx() if dtype is None else dtype)

    @property
    def mean(self) -> Array | None:
        """The mean of each channel, once `fit` has taken it."""
        return self.standardization.mean

    @property
    def std(self) -> Array | None:
        """The standard deviation of each channel, once `fit` has taken it."""
        return self.standardization.std

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of x, images (n, ...), with their targets and sample weights: a PyDataset, and an endless iterator.

        shuffle: a new order each epoch. seed: of the order and of the changes; by default from NumPy's global state.
        subset: "training" or "validation", by validation_split; ignore_class_split: also where the two have not the
        same targets. save_to_dir: a folder, in which each image is written too, in the format save_format and under a
        name that begins with save_prefix, by Pillow.
        Raises ValueError or TypeError for arguments that do not fit, and later as `utils.save_img` does.
        """
        arrays = self.check_arrays(x, y, sample_weight)
        any_classes = checks.flag(f"{OWNER}.flow", "ignore_class_split", ignore_class_split)
        if subset is not None:
            choice = checks.choice(f"{OWNER}.flow", "subset", subset, ("training", "validation"))
            arrays = self.part_of(arrays, choice, any_classes)
        batch_size = checks.size(f"{OWNER}.flow", "batch_size", batch_size)
        shuffle = checks.truth(f"{OWNER}.flow", "shuffle", shuffle)
        seed = None if seed is None else checks.integer(f"{OWNER}.flow", "seed", seed, at_least=0)
        change = self.changed if save_to_dir is None else self.saving(save_to_dir, save_prefix, save_format)
        return NumpyArrayIterator(arrays, change, batch_size, shuffle, seed)

    def saving(self, folder: Any, prefix: Any, suffix: Any) -> Saving:
        """`changed`, that writes each image to a folder too. Raises TypeError for anything but text."""
        caller = f"{OWNER}.flow"
        prefix, suffix = checks.text(caller, "save_prefix", prefix), checks.text(caller, "save_format", suffix)
        return Saving(self.changed, self.data_format, checks.path(caller, "save_to_dir", folder), prefix, suffix)

    def check_arrays(self, x: Any, y: Any, weights: Any) -> tuple[Array, Array | None, Array | None]:
        """Images, and their targets and sample weights if there are any."""
        caller = f"{OWNER}.flow"
        given = {"y": y, "sample_weight": weights}
        others = {name: checks.numbers(caller, name, value) for name, value in given.items() if value is not None}
        images = check_images(caller, x)
        checks.same_length(caller, x=images, **others)
        return images, others.get("y"), others.get("sample_weight")

    def part_of(
        self, arrays: tuple[Array, Array | None, Array | None], subset: str, any_classes: bool
    ) -> tuple[Array, Array | None, Array | None]:
        """The rows of a subset: those to validate on come first. Raises ValueError for other targets in both."""
        x, y, weights = arrays
        first = int(len(x) * self.validation_split)
        if y is not None and not any_classes and not np.array_equal(np.unique(y[:first]), np.unique(y[first:])):
            raise ValueError(
                f"{OWNER}.flow: the subsets of validation_split={self.validation_split} have different targets; "
                "shuffle the images, or say ignore_class_split=True"
            )
        rows = slice(first) if subset == "validation" else slice(first, None)
        return x[rows], None if y is None else y[rows], None if weights is None else weights[rows]

    def changed(self, x: Array, rng: Rng) -> Array:
        """A batch of images, changed at random and scaled."""
        images = np.array(self.augmented(x.astype(self.dtype), rng))
        return np.stack([self.standardization.apply(image) for image in images])

    def transformed(self, images: Array, drawn: Mapping[str, Any]) -> Array:
        """Images, (N, H, W, C), changed by what was drawn."""
        return transformed(images, drawn, self.fill_mode, self.cval, self.interpolation)

    def standardize(self, x: Array) -> Array:
        """One image scaled, or a batch as if it were one: in place, if it is an array of floats."""
        array = checks.numbers(f"{OWNER}.standardize", "x", x)
        return self.standardization.apply(array if array.dtype.kind == "f" else array.astype(self.dtype))

    def get_random_transform(self, img_shape: Shape, seed: int | None = None) -> dict[str, Any]:
        """What is drawn for one image, by Keras's names (see `ranges.py`), for `apply_transform`."""
        caller = f"{OWNER}.get_random_transform"
        shape = checks.shape(caller, "img_shape", img_shape)
        h, w, _ = to_channels_last(np.empty((1, *shape), bool), self.data_format).shape[1:]
        seed = draw_seed() if seed is None else checks.integer(caller, "seed", seed, at_least=0)
        drawn = self.ranges.draw(np.random.default_rng(seed), 1, (h, w))
        return {name: value[0] for name, value in drawn.items()}

    def apply_transform(self, x: Array, transform_parameters: Mapping[str, Any]) -> Array:
        """One image changed by what `get_random_transform` returned."""
        image = check_images(f"{OWNER}.apply_transform", np.asarray(x)[None]).astype(self.dtype)
        y = self.transformed(to_channels_last(image, self.data_format), transform_parameters)
        return from_channels_last(y, self.data_format)[0]

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """One image changed at random."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Take the mean and the standard deviation over the images x, for featurewise_..., and zca_whitening's matrix.

        augment: of so many rounds of changed images instead. Raises ValueError or TypeError for other arguments.
        """
        images = check_images(f"{OWNER}.fit", x).astype(self.dtype)
        rounds = checks.integer(f"{OWNER}.fit", "rounds", rounds)
        if checks.flag(f"{OWNER}.fit", "augment", augment):
            seed = draw_seed() if seed is None else checks.integer(f"{OWNER}.fit", "seed", seed, at_least=0)
            rng = np.random.default_rng(seed)
            images = np.concatenate([self.augmented(images, rng) for _ in range(rounds)])
        channels_first = self.data_format == "channels_first"
        axes, shape = ((0, 2, 3), (-1, 1, 1)) if channels_first else ((0, 1, 2), (1, 1, -1))
        self.standardization.fit(images, axes, shape)

    def augmented(self, x: Array, rng: Rng) -> Array:
        """A batch of images, changed at random and not scaled."""
        images = to_channels_last(x, self.data_format)  # (N, H, W, C)
        n, h, w, _ = images.shape
        return from_channels_last(self.transformed(images, self.ranges.draw(rng, n, (h, w))), self.data_format)

    def flow_from_directory(self, *arguments: Any, **options: Any) -> NoReturn:
        """Raise NotImplementedError: files of images need an image library."""
        raise NotImplementedError(f"{OWNER}: files of images are not read; read them into an array, and use flow")

    flow_from_dataframe = flow_from_directory


def check_images(caller: str, x: Any) -> Array:
    """x as an array of images, (n, ., ., .)."""
    images = checks.numbers(caller, "x", x)
    if images.ndim != 4:
        raise ValueError(f"{caller}: expected images x with 4 axes, the first for the images; received {images.shape}")
    checks.same_length(caller, x=images)
    return images


explain_unknown_names(__name__)
