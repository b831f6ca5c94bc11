"""ImageDataGenerator, beside figures that Keras 3.15's legacy one gave with SciPy 1.17, in float64; and fit_generator."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.callbacks import BackupAndRestore
from numpycnn.common import older
from numpycnn.common.typing import Array
from numpycnn.preprocessing.image import ImageDataGenerator, NumpyArrayIterator
from numpycnn.utils import img_to_array, load_img

IMAGE = (np.arange(16.0) ** 2).reshape(4, 4, 1)
IMAGES = np.stack([IMAGE, IMAGE[::-1] * 2, IMAGE.transpose(1, 0, 2) + 3])
IMAGES = np.concatenate([IMAGES, IMAGES**2 / 100], axis=3)  # (3, 4, 4, 2)
X, Y = small_data(20)


def generator(**how: Any) -> ImageDataGenerator:
    return ImageDataGenerator(**{"dtype": "float64", **how})


NEAREST: list[tuple[dict[str, Any], list[list[float]]]] = [
    (
        {"theta": 30},
        [
            [0.950962, 3.450962, 24.309946, 47.038476],
            [6.666352, 23.630454, 59.130454, 107.823085],
            [24.78461, 60.601597, 111.082359, 180.09902],
            [67.923048, 114.704137, 173.941343, 197.422105],
        ],
    ),
    (
        {"tx": 1.25},
        [[1.75, 5.25, 9, 9], [27.75, 39.25, 49, 49], [85.75, 105.25, 121, 121], [175.75, 203.25, 225, 225]],
    ),
    ({"ty": -0.5}, [[0, 1, 4, 9], [8, 13, 20, 29], [40, 53, 68, 85], [104, 125, 148, 173]]),
    (
        {"shear": 20},
        [
            [2.331681, 5.08143, 9.831179, 12.618443],
            [19.02772, 28.61097, 40.19422, 51.171066],
            [62.552623, 76.445475, 94.862225, 115.278976],
            [136.763114, 148.584945, 173.835196, 201.085447],
        ],
    ),
    (
        {"zx": 0.7, "zy": 1.3},
        [
            [0.45, 1.45, 3.55, 6.75],
            [17.11, 22.87, 29.73, 37.69],
            [84.19, 97.23, 111.37, 126.61],
            [155.25, 173.05, 191.95, 211.95],
        ],
    ),
    (
        {"theta": -20, "tx": 0.5, "ty": 0.75, "shear": 10, "zx": 1.2, "zy": 0.8, "flip_horizontal": True},
        [
            [18.454153, 30.616251, 33.407005, 42.606475],
            [50.742403, 75.691211, 82.856156, 93.301835],
            [107.467329, 140.93947, 154.309077, 159.109349],
            [183.388814, 224.958089, 192.514939, 162.582313],
        ],
    ),
    (
        {"flip_vertical": True, "channel_shift_intensity": 30.0},
        [[174, 199, 225, 225], [94, 111, 130, 151], [46, 55, 66, 79], [30, 31, 34, 39]],
    ),
]


@pytest.mark.parametrize(("drawn", "expected"), NEAREST, ids=str)
def test_transforms_give_the_keras_figures(drawn: dict[str, Any], expected: list[list[float]]) -> None:
    found = generator().apply_transform(IMAGE, drawn)
    np.testing.assert_allclose(found[..., 0], expected, atol=6e-7)
    first = generator(data_format="channels_first").apply_transform(IMAGE.transpose(2, 0, 1), drawn)
    np.testing.assert_array_equal(first.transpose(1, 2, 0), found)


def test_what_lies_beyond_the_edge() -> None:
    reflected = generator(fill_mode="reflect").apply_transform(IMAGE, {"tx": 1.25})
    np.testing.assert_allclose(reflected[1, :, 0], [27.75, 39.25, 49.0, 45.75])  # Keras's figures
    for mode, last in (("constant", 7.0), ("wrap", 16.0), ("nearest", 49.0)):
        moved = generator(fill_mode=mode, cval=7.0, interpolation_order=0).apply_transform(IMAGE, {"tx": 1.0})
        assert moved[1, :, 0].tolist() == [25.0, 36.0, 49.0, last]


def test_scaling_gives_the_keras_figures() -> None:
    featurewise = generator(featurewise_std_normalization=True, rescale=0.1)
    with pytest.warns(UserWarning, match="no mean over all images yet; call fit"):
        featurewise.standardize(IMAGES[0].copy())
    featurewise.fit(IMAGES)
    assert featurewise.mean is not None
    assert featurewise.std is not None
    np.testing.assert_allclose(featurewise.mean.ravel(), [10.433333333, 22.447], rtol=1e-9)
    np.testing.assert_allclose(featurewise.std.ravel(), [10.752467417, 40.359474798], rtol=1e-9)
    expected = [-0.9703198306308684, -0.9610196405609239, -0.9331190703510905, -0.8866181200013684]
    np.testing.assert_allclose(featurewise.standardize(IMAGES[0].copy())[0, :, 0], expected, rtol=1e-12)
    samplewise = generator(samplewise_std_normalization=True)
    expected = [1.13997434181358, 1.814413372127634, 2.66381869401198, 3.7161159618847326]
    np.testing.assert_allclose(samplewise.standardize(IMAGES[1].copy())[0, :, 1], expected, rtol=1e-12)


def test_scaling_changes_floats_in_place_and_makes_floats_of_integers() -> None:
    x = np.ones((2, 2, 1))
    assert generator(rescale=0.5).standardize(x) is x
    assert x[0, 0, 0] == 0.5
    whole = np.full((2, 2, 1), 10, np.uint8)
    assert generator(rescale=0.5, preprocessing_function=lambda image: image + 2).standardize(whole)[0, 0, 0] == 6.0
    assert whole[0, 0, 0] == 10


def test_channels_first_are_scaled_as_channels_last() -> None:
    last, first = generator(featurewise_std_normalization=True), None
    first = generator(featurewise_std_normalization=True, data_format="channels_first")
    last.fit(IMAGES)
    first.fit(np.moveaxis(IMAGES, -1, 1))
    expected = next(last.flow(IMAGES, shuffle=False))
    found = next(first.flow(np.moveaxis(IMAGES, -1, 1), shuffle=False))
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), expected, rtol=1e-12)


def drawn(**how: Any) -> dict[str, Array]:
    """What is drawn for a thousand images of 10 rows and 20 columns."""
    return generator(**how).ranges.draw(np.random.default_rng(0), 1000, (10, 20))


@pytest.mark.parametrize(
    ("how", "name", "low", "high"),
    [
        ({"rotation_range": 40}, "theta", -40, 40),
        ({"shear_range": 5.0}, "shear", -5, 5),
        ({"width_shift_range": 0.2}, "tx", -4, 4),
        ({"height_shift_range": 0.2}, "ty", -2, 2),
        ({"height_shift_range": 2.5}, "ty", -2.5, 2.5),
        ({"zoom_range": 0.2}, "zx", 0.8, 1.2),
        ({"zoom_range": (0.5, 0.75)}, "zy", 0.5, 0.75),
        ({"channel_shift_range": 3.0}, "channel_shift_intensity", -3, 3),
        ({"brightness_range": (0.5, 1.5)}, "brightness", 0.5, 1.5),
    ],
)
def test_what_is_drawn_fills_its_range(how: dict[str, Any], name: str, low: float, high: float) -> None:
    values = drawn(**how)[name]
    assert low <= values.min() < low + 0.02 * (high - low)
    assert high >= values.max() > high - 0.02 * (high - low)
    np.testing.assert_allclose(values.mean(), (low + high) / 2, atol=0.05 * (high - low))


@pytest.mark.parametrize(
    ("given", "values"),
    [(3, [-2, -1, 0, 1, 2]), ([0.25, 0.5], [-5, -2.5, 2.5, 5]), ((-2, 5), [-5, -2, 2, 5]), (0, [0]), (0.0, [0])],
)
def test_shifts_of_whole_pixels_and_of_given_ones(given: Any, values: list[float]) -> None:
    assert sorted(set(drawn(height_shift_range=given)["ty"])) == values


def test_flips_are_drawn_for_each_image() -> None:
    found = drawn(horizontal_flip=True)
    assert 400 < found["flip_horizontal"].sum() < 600
    assert not found["flip_vertical"].any()
    assert drawn(vertical_flip=True)["flip_vertical"].any()


def test_brightness_stays_within_pixels() -> None:
    bright = generator().apply_transform(IMAGE, {"brightness": 2.0})
    np.testing.assert_array_equal(bright, np.minimum(2 * IMAGE, 255))


# ---------------------------------------------------------------- batches


def test_batches_hold_every_image_with_its_target_once_an_epoch() -> None:
    weights = np.arange(20) / 10
    flow = ImageDataGenerator().flow(X, Y, batch_size=8, sample_weight=weights, seed=1)
    assert isinstance(flow, NumpyArrayIterator)
    assert (len(flow), flow.n, flow.batch_size) == (3, 20, 8)
    assert iter(flow) is flow
    orders = []
    for _ in range(2):
        batches = [flow[k] for k in range(3)]
        flow.on_epoch_end()
        x, y, w = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        order = np.round(10 * w).astype(int)
        assert sorted(order) == list(range(20))
        np.testing.assert_allclose(x, X[order].astype(np.float32))
        np.testing.assert_array_equal(y, Y[order])
        orders.append(order.tolist())
    assert orders[0] != orders[1]
    with pytest.raises(IndexError):
        flow[3]


def test_batches_come_from_the_seed_and_the_position() -> None:
    augment = ImageDataGenerator(rotation_range=20, width_shift_range=0.1, horizontal_flip=True)
    flows = [augment.flow(X, Y, batch_size=8, seed=seed) for seed in (1, 1, 2)]
    first, second, other = ([next(flow)[0] for _ in range(5)] for flow in flows)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[3])  # the next epoch
    flows[0].reset()
    np.testing.assert_array_equal(flows[0].next()[0], first[0])
    np.random.seed(5)
    global_seed = next(augment.flow(X))
    np.random.seed(5)
    np.testing.assert_array_equal(next(augment.flow(X)), global_seed)
    np.random.seed(5)
    np.testing.assert_array_equal(augment.random_transform(X[0]), augment.random_transform(X[0], seed=augment_seed()))


def augment_seed() -> int:
    np.random.seed(5)
    return int(np.random.randint(2**31))


def test_changes_differ_from_image_to_image_and_leave_the_data_alone() -> None:
    before = X.copy()
    same = np.repeat(X[:1], 6, axis=0)
    batch = next(ImageDataGenerator(rotation_range=90).flow(same))
    assert len({image.tobytes() for image in batch}) == 6
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(X, before)


def test_subsets_are_the_first_and_the_last_images() -> None:
    split = ImageDataGenerator(validation_split=0.4)
    labels = np.arange(20) % 2
    parts = {name: split.flow(X, labels, subset=name, shuffle=False, sample_weight=labels) for name in SUBSETS}
    assert {name: len(flow.x) for name, flow in parts.items()} == SUBSETS
    np.testing.assert_array_equal(parts["validation"].x, X[:8])
    assert len(split.flow(X, subset="training").x) == 12
    with pytest.raises(ValueError, match=r"flow: the subsets of validation_split=0.4 have different targets; shuffle"):
        split.flow(X, np.arange(20) // 10, subset="training")
    assert len(split.flow(X, np.arange(20) // 10, subset="training", ignore_class_split=True).x) == 12


SUBSETS = {"validation": 8, "training": 12}


def test_statistics_of_changed_images() -> None:
    plain, augmented = generator(featurewise_center=True), generator(featurewise_center=True, horizontal_flip=True)
    plain.fit(X)
    augmented.fit(X, augment=True, rounds=2, seed=1)
    assert plain.mean is not None
    assert augmented.mean is not None
    np.testing.assert_allclose(plain.mean, augmented.mean)  # a flip does not move the mean
    assert augmented.std is None
    turned = generator(featurewise_center=True, rotation_range=45, fill_mode="constant")
    turned.fit(X, augment=True)
    assert turned.mean is not None
    assert not np.allclose(plain.mean, turned.mean)


def trained(epochs: int, path: Path | None = None) -> Sequential:
    model = small_network()
    augment = ImageDataGenerator(rotation_range=20, zoom_range=0.1, fill_mode="reflect")
    kept = [] if path is None else [BackupAndRestore(path, delete_checkpoint=False)]
    validation = augment.flow(X, Y, batch_size=8, seed=2)
    model.fit(
        augment.flow(X, Y, 8, seed=1), epochs=epochs, verbose=0, callbacks=kept,
        validation_data=validation, validation_freq=2, class_weight={0: 2.0},
    )  # fmt: skip
    return model


def test_a_training_on_changed_images_is_resumed_with_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "backup.safetensors"
    trained(3, path)
    resumed, whole = trained(5, path), trained(5)
    assert fingerprint(resumed) == fingerprint(whole)


def test_prediction_takes_images_alone() -> None:
    model = small_network()
    flow = ImageDataGenerator(rescale=0.5).flow(X, batch_size=8, shuffle=False)
    np.testing.assert_allclose(model.predict(flow), model.predict(X.astype(np.float32) * np.float32(0.5)), rtol=1e-6)


# ---------------------------------------------------------------- the older methods


@pytest.fixture
def _none_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older, "WARNED", set())


def batches() -> Iterator[Any]:
    for start in itertools.cycle(range(0, 20, 5)):
        yield X[start : start + 5], Y[start : start + 5]


def flow() -> NumpyArrayIterator:
    return ImageDataGenerator().flow(X, Y, 5, shuffle=False, seed=0)


FIT: list[tuple[Callable[[Any], Any], dict[str, Any]]] = [
    (lambda model: model.fit_generator(batches(), 4, 2, 0), {}),
    (lambda model: model.fit_generator(batches(), steps_per_epoch=3.5, epochs=2, verbose=0, max_queue_size=3), {}),
    (lambda model: model.fit_generator(batches(), samples_per_epoch=20, nb_epoch=2, verbose=0, pickle_safe=True), {}),
    (lambda model: model.fit_generator(flow(), samples_per_epoch=20, nb_epoch=2, verbose=0, shuffle=False), {}),
    (
        lambda model: model.fit_generator(
            flow(), 4, 2, 0, validation_data=batches(), validation_steps=4, shuffle=False, workers=4, class_weight={}
        ),
        {"validation_data": (X, Y)},
    ),
    (
        lambda model: model.fit_generator(
            batches(), 4, 2, 0, validation_data=(X, Y), nb_val_samples=20, class_weight={1: 2.0}
        ),
        {"validation_data": (X, Y), "class_weight": {1: 2.0}},
    ),
]


@pytest.mark.usefixtures("_none_warned_of")
@pytest.mark.parametrize("number", range(len(FIT)))
def test_fit_generator_is_fit(number: int) -> None:
    call, how = FIT[number]
    model, plain = small_network(), small_network()
    with pytest.warns(FutureWarning, match="fit_generator is from an older Keras: write fit$"):
        history = call(model)
    expected = plain.fit(X, Y, 5, 2, 0, shuffle=False, **how)
    np.testing.assert_allclose(model.get_weights()[0], plain.get_weights()[0], rtol=1e-6)
    assert history.history.keys() == expected.history.keys()
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol=1e-6)


@pytest.mark.usefixtures("_none_warned_of")
def test_evaluate_and_predict_generator() -> None:
    model: Any = small_network()
    with pytest.warns(FutureWarning, match="evaluate_generator is from an older Keras: write evaluate$"):
        assert model.evaluate_generator(batches(), 4) == pytest.approx(model.evaluate(X, Y, verbose=0))
    assert model.evaluate_generator(batches(), val_samples=20) == pytest.approx(model.evaluate(X, Y, verbose=0))
    with pytest.warns(FutureWarning, match="predict_generator is from an older Keras: write predict$"):
        np.testing.assert_allclose(model.predict_generator(flow()), model.predict(X), rtol=1e-6)
    np.testing.assert_allclose(model.predict_generator(batches(), steps=2), model.predict(X[:10]), rtol=1e-6)
    with pytest.raises(ValueError, match="the number of samples must be an integer of at least 1; received 0"):
        model.predict_generator(batches(), val_samples=0)


BAD: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: ImageDataGenerator(zca_whitening=1), TypeError, "zca_whitening must be True or False"),  # type: ignore[arg-type]
    (lambda: ImageDataGenerator(zca_epsilon=-1), ValueError, "zca_epsilon must be a finite number"),
    (lambda: ImageDataGenerator(rotation_range="a"), TypeError, "rotation_range must be a finite number"),  # type: ignore[arg-type]
    (lambda: ImageDataGenerator(width_shift_range=-0.1), ValueError, "width_shift_range must be .* at least 0"),
    (lambda: ImageDataGenerator(height_shift_range=["a"]), TypeError, "height_shift_range must be a finite number"),
    (lambda: ImageDataGenerator(zoom_range=(1, 2, 3)), ValueError, r"zoom_range must be two numbers; received \(1, 2"),
    (lambda: ImageDataGenerator(brightness_range=(2, 1)), ValueError, "brightness_range must be .* at least 2"),
    (lambda: ImageDataGenerator(fill_mode="mirror"), ValueError, "fill_mode must be one of 'constant', 'nearest'"),
    (lambda: ImageDataGenerator(interpolation_order=3), ValueError, "interpolation_order must be one of 0, 1"),
    (lambda: ImageDataGenerator(validation_split=1.0), ValueError, "validation_split must be .* below 1"),
    (lambda: ImageDataGenerator(preprocessing_function=3), TypeError, "preprocessing_function must be a function"),  # type: ignore[arg-type]
    (lambda: ImageDataGenerator().flow(X[0]), ValueError, r"flow: expected images x with 4 axes, .*\(8, 8, 1\)"),
    (lambda: ImageDataGenerator().flow(X, Y[:3]), ValueError, "flow: expected the same number .* x: 20, y: 3"),
    (lambda: ImageDataGenerator().flow(X, save_to_dir=3), TypeError, "save_to_dir must be a path"),  # type: ignore[arg-type]
    (lambda: ImageDataGenerator().flow(X, save_to_dir="a", save_prefix=3), TypeError, "save_prefix must be"),  # type: ignore[arg-type]
    (lambda: ImageDataGenerator().flow(X, subset="test"), ValueError, "subset must be one of 'training', 'validation'"),
    (lambda: ImageDataGenerator().fit(X[:0]), ValueError, "fit: expected at least one example"),
    (lambda: ImageDataGenerator().flow_from_directory("a"), NotImplementedError, "files of images are not read; read"),
    (lambda: ImageDataGenerator().flow_from_dataframe(3, "a"), NotImplementedError, "files of images are not read"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_what_does_not_fit_is_refused(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^ImageDataGenerator[:.].*{message}"):
        call()


@pytest.mark.parametrize(
    ("how", "first", "last"),
    [
        ({}, [0.092569, 0.12816, 0.165398, 0.204282], [-0.155311, -0.121534, -0.084966, -0.052415]),
        (
            {"featurewise_std_normalization": True, "rescale": 0.1},
            [0.092542, 0.128065, 0.165282, 0.204191],
            [-0.155246, -0.121812, -0.085486, -0.05282],
        ),
    ],
)
def test_whitening_is_keras_s(how: dict[str, Any], first: list[float], last: list[float]) -> None:
    one = generator(zca_whitening=True, zca_epsilon=0.5, **how)
    with pytest.warns(UserWarning, match=r"there is no mean over all images yet; call fit\(x\) first"):
        one.standardize(IMAGES[1].copy())
    one.fit(IMAGES)
    y = IMAGES[1].copy()
    assert one.standardize(y) is y
    np.testing.assert_allclose(y[0, :, 0], first, atol=1e-6)
    np.testing.assert_allclose(y[3, :, 1], last, atol=1e-6)


def test_whitened_pixels_are_uncorrelated() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(50, 2, 2, 2)) @ rng.normal(size=(2, 2)) + 3
    one = generator(zca_whitening=True)
    one.fit(images)
    batch = next(one.flow(images, batch_size=50, shuffle=False)).reshape(50, 8)
    centred = images.reshape(50, 2, 2, 2) - images.mean(axis=(0, 1, 2))
    np.testing.assert_allclose(batch.T @ batch / 50, np.eye(8), atol=1e-5)
    assert np.vdot(batch, centred) > 0.5 * np.linalg.norm(batch) * np.linalg.norm(centred)  # changed least


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images_are_written_to_a_folder_too(tmp_path: Path, data_format: str) -> None:
    pytest.importorskip("PIL")
    x = X if data_format == "channels_last" else X.transpose(0, 3, 1, 2)
    generator = ImageDataGenerator(horizontal_flip=True, data_format=data_format)
    folder = tmp_path / "new"
    batches = generator.flow(x, batch_size=3, seed=0, save_to_dir=folder, save_prefix="digit")
    plain = generator.flow(x, batch_size=3, seed=0)
    for _ in range(2):
        batch = next(batches)
        np.testing.assert_array_equal(batch, next(plain))
    assert sorted(path.name for path in folder.iterdir()) == [f"digit_{k}.png" for k in range(6)]
    pixels = img_to_array(load_img(folder / "digit_5.png", "grayscale"), data_format)
    last = batch[2] - batch[2].min()
    np.testing.assert_allclose(pixels, last * (255 / last.max()), atol=1)
