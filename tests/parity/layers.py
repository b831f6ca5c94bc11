"""Single layers against Keras 3 on JAX, in float64: the output and the gradients of a random sum of it.

For layers of which no network is drawn: normalizations, preprocessing, and data augmentation, of which Keras is given
the parameters that the layer drew.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.functional.warping import FILL_MODES, INTERPOLATIONS
from numpycnn.layers import LAYERS, Layer, Normalization
from numpycnn.layers.warping import RandomCrop, WarpLayer
from parity.draw import pick, within
from parity.figures import error
from parity.keras_side import LAYERS as KERAS

# isort: split
import jax  # after keras_side, which chooses the backend and the precision
import keras

BOUND = 1e-12


class Case(NamedTuple):
    """A layer by its name and arguments, weights and a batch; training decides what augmentation does."""

    name: str
    arguments: dict[str, Any]
    x: Array
    training: bool
    seed: int


def compare(layers: int, seed: int) -> bool:
    """Compare so many, print the worst error of each class, and return whether all are within the bound."""
    worst: dict[str, float] = {}
    for case in islice(cases(seed), layers):
        found = difference(case)
        worst[case.name] = max(worst.get(case.name, 0.0), found)
        if found > BOUND:
            print(f"Too far apart by {found:.1e}: {case.name}, {case.arguments}, {case.x.shape}")
    print(f"{layers} layers against Keras in float64, seed {seed}; bound {BOUND:.0e}")
    for name in sorted(worst):
        print(f"  {name:<20} {worst[name]:.1e}")
    return max(worst.values()) <= BOUND


def difference(case: Case) -> float:
    """The largest error of the output and of the gradients."""
    layer = LAYERS[case.name](**case.arguments)
    rng = np.random.default_rng(case.seed)
    layer.build(case.x.shape[1:], rng, np.float64)
    layer.set_weights([rng.uniform(0.5, 2.0, w.shape) for w in layer.get_weights()])
    if isinstance(layer, Normalization):
        layer.adapt(data_of(case))
    y, cache = layer.forward(case.x, training=case.training, rng=np.random.default_rng(case.seed))
    dy = rng.normal(size=y.shape)
    dx, gradients = layer.backward(dy, cache)
    true, pullback = jax.vjp(by_keras(case, layer, cache), [*layer.params.values()], case.x)
    true_gradients, true_dx = pullback(jax.numpy.asarray(dy))
    ours, theirs = [y, dx, *(gradients[key] for key in layer.params)], [true, true_dx, *true_gradients]
    return max(error(a, np.asarray(b)) for a, b in zip(ours, theirs, strict=True))


def data_of(case: Case) -> Array:
    """Data to adapt to: of a variance, however small the batch."""
    return np.concatenate([case.x, 2 * case.x, case.x - 1])


def by_keras(case: Case, layer: Layer, cache: Any) -> Callable[[Any, Any], Any]:
    """The same as a function of the parameters and of x."""
    keras.config.set_floatx("float64")
    twin = KERAS[case.name](**case.arguments)
    if not case.name.startswith("Random"):
        twin.build((None, *case.x.shape[1:]))
        twin.set_weights(layer.get_weights())
        if isinstance(layer, Normalization):
            twin.adapt(data_of(case))
        state = [v.value for v in twin.non_trainable_variables]
        return lambda params, x: twin.stateless_call(params, state, x)[0]
    if cache is None:  # in inference
        return lambda _, x: x
    return lambda _, x: augmented(twin, layer, cache[0], x)


def augmented(twin: Any, layer: Any, drawn: dict[str, Array], x: Any) -> Any:
    """What Keras makes of the images, with these parameters; by its function for warps, by the layer for others."""
    if isinstance(layer, WarpLayer):
        how = {key: getattr(layer, key) for key in ("interpolation", "fill_mode", "fill_value", "data_format")}
        return keras.ops.image.affine_transform(x, keras_transform(drawn["matrix"]), **how)
    if isinstance(layer, RandomCrop) and not drawn:
        return keras.preprocessing.image.smart_resize(x, layer.size, data_format=layer.data_format)
    if isinstance(layer, RandomCrop):
        parts = [(x[k : k + 1], (int(drawn["top"][k]), int(drawn["left"][k]))) for k in range(len(x))]
        return jax.numpy.concatenate([twin.transform_images(image, corner) for image, corner in parts])
    names = {"flipped": "flips", "factor": "contrast_factor", "erased": "batch_masks", "fill": "fill_value"}
    given = {names[key]: in_layout(value, layer.data_format) for key, value in drawn.items()}
    return twin.transform_images(x, {**given, "apply_erasing": np.ones(len(x), bool)})


def in_layout(value: Array, data_format: str) -> Array:
    """A value for each image with axes for its pixels, in the data format."""
    whole = value.reshape(-1, 1, 1, 1) if value.ndim == 1 else value  # (N, 1, 1, 1) or (N, H, W, C)
    return np.moveaxis(whole, -1, 1) if data_format == "channels_first" else whole  # (N, C, H, W)


def keras_transform(matrices: Array) -> Array:
    """(N, 2, 3), rows first, as Keras's a0, a1, a2, b0, b1, b2, c0, c1, columns first: (N, 8)."""
    (b1, b0, b2), (a1, a0, a2) = (row.T for row in matrices.swapaxes(0, 1))
    return np.stack([a0, a1, a2, b0, b1, b2, 0 * a0, 0 * a0], axis=1)


# ---------------------------------------------------------------- drawing


def cases(seed: int) -> Iterator[Case]:
    """Cases without end, each class in its turn."""
    number = 0
    while True:
        for name, draw in DRAWN.items():
            rng = np.random.default_rng((seed, number))
            arguments, shape = draw(rng)
            x = rng.normal(size=(within(rng, (1, 3)), *shape))
            yield Case(name, arguments, x, bool(rng.random() < 0.8), number)
            number += 1


def image_shape(rng: Rng) -> Shape:
    return within(rng, (1, 6)), within(rng, (1, 6)), within(rng, (1, 4))


def layer_normalization(rng: Rng) -> tuple[dict[str, Any], Shape]:
    axes = rng.permutation([1, 2, 3])[: within(rng, (1, 3))].tolist()
    return {"axis": axes, "rms_scaling": bool(rng.random() < 0.2), **scale_shift(rng)}, image_shape(rng)


def group_normalization(rng: Rng) -> tuple[dict[str, Any], Shape]:
    shape, axis = image_shape(rng), pick(rng, 1, 2, 3, -1)
    size = shape[axis - 1 if axis > 0 else axis]
    groups = pick(rng, -1, *(one for one in range(1, size + 1) if size % one == 0))
    return {"groups": groups, "axis": axis, **scale_shift(rng)}, shape


def scale_shift(rng: Rng) -> dict[str, Any]:
    return {"epsilon": pick(rng, 1e-3, 1e-5), "center": bool(rng.integers(2)), "scale": bool(rng.integers(2))}


def normalization(rng: Rng) -> tuple[dict[str, Any], Shape]:
    return {"axis": pick(rng, None, -1, 1, (1, 3)), "invert": bool(rng.integers(2))}, image_shape(rng)


def rescaling(rng: Rng) -> tuple[dict[str, Any], Shape]:
    return {"scale": rng.normal(), "offset": rng.normal()}, image_shape(rng)


def warp(*factors: str) -> Callable[[Rng], tuple[dict[str, Any], Shape]]:
    def draw(rng: Rng) -> tuple[dict[str, Any], Shape]:
        how = {"fill_mode": pick(rng, *FILL_MODES), "interpolation": pick(rng, *INTERPOLATIONS), "fill_value": 0.5}
        return {**{name: pick(rng, 0.3, (-0.5, 0.9)) for name in factors}, **how, **data_format(rng)}, image_shape(rng)

    return draw


def flip(rng: Rng) -> tuple[dict[str, Any], Shape]:
    return {"mode": pick(rng, "horizontal", "vertical", "horizontal_and_vertical"), **data_format(rng)}, image_shape(
        rng
    )


def crop(rng: Rng) -> tuple[dict[str, Any], Shape]:
    return {"height": within(rng, (1, 5)), "width": within(rng, (1, 5)), **data_format(rng)}, image_shape(rng)


def contrast(rng: Rng) -> tuple[dict[str, Any], Shape]:
    return {"factor": pick(rng, 0.5, (0.3, 0.9)), "value_range": (-1.5, 1.0), **data_format(rng)}, image_shape(rng)


def erasing(rng: Rng) -> tuple[dict[str, Any], Shape]:
    return {"factor": (0.5, 1.0), "fill_value": 0.5, "value_range": (-1, 1), **data_format(rng)}, image_shape(rng)


def data_format(rng: Rng) -> dict[str, str]:
    return {"data_format": pick(rng, "channels_last", "channels_first")}


DRAWN: dict[str, Callable[[Rng], tuple[dict[str, Any], Shape]]] = {
    "LayerNormalization": layer_normalization,
    "GroupNormalization": group_normalization,
    "Normalization": normalization,
    "Rescaling": rescaling,
    "RandomTranslation": warp("height_factor", "width_factor"),
    "RandomRotation": warp("factor"),
    "RandomZoom": warp("height_factor", "width_factor"),
    "RandomFlip": flip,
    "RandomCrop": crop,
    "RandomContrast": contrast,
    "RandomErasing": erasing,
}
