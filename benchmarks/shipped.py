"""The network that comes with the package, made again.

    python benchmarks/shipped.py [FILE]

trains the recipe `quick`, and writes the same function as plain convolutions and dense layers for pixels from 0 to 1:
what a batch normalization does in inference is folded into the layer before it. On one kind of machine, with one NumPy,
the file has the same bytes each time, for any number of workers.
"""

import argparse
import os
from typing import Any

import numpy as np

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.datasets.digits import NETWORK
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Flatten, Input, Layer, MaxPooling2D, Rescaling
from numpycnn.recipes import get


def folded(model: Sequential) -> Sequential:
    """The network of a recipe, for inference alone, and for pixels from 0 to 1.

    Every batch normalization follows a Conv2D or Dense, at once or after pooling, and a ReLU follows it. Raises
    ValueError for one after pooling whose scale is not positive: the maximum and it do not commute.
    """
    rescaling = next(layer for layer in model.layers if isinstance(layer, Rescaling))
    kinds: list[tuple[type[Layer], dict[str, Any]]] = []
    weights = [255 * rescaling.scale, rescaling.offset]
    for layer in model.layers:
        config: dict[str, Any] = {**layer.get_config(), "name": None, "input_shape": None}
        if isinstance(layer, (Conv2D, Dense)):
            kinds.append((type(layer), {**config, "use_bias": True}))
            weights += [layer.params["kernel"], layer.params.get("bias", np.zeros(layer.params["kernel"].shape[-1]))]
        elif isinstance(layer, BatchNormalization):
            with_kernel = next(config for kind, config in reversed(kinds) if kind in (Conv2D, Dense))
            with_kernel["activation"] = "relu"
            weights[-2:] = normalized(layer, *weights[-2:], commutes=kinds[-1][0] is not MaxPooling2D)
        elif isinstance(layer, (MaxPooling2D, Flatten)):
            kinds.append((type(layer), config))
    return compiled([kind.from_config(config) for kind, config in kinds], model.shape_in or (), rescaled(*weights))


def normalized(layer: BatchNormalization, kernel: Array, bias: Array, *, commutes: bool) -> tuple[Array, Array]:
    """The kernel and the bias that give what comes out of the batch normalization behind theirs."""
    scale = layer.params["gamma"] / np.sqrt(layer.state["moving_variance"] + layer.epsilon)
    if not commutes and (scale <= 0).any():
        raise ValueError(f"{layer.name}: expected positive scales after pooling; the least is {scale.min()}")
    return kernel * scale, (bias - layer.state["moving_mean"]) * scale + layer.params["beta"]


def rescaled(scale: Array, offset: Array, kernel: Array, bias: Array, *others: Array) -> list[Array]:
    """The weights, the first layer's for x where it took x*scale + offset; its input must not be padded."""
    sums = kernel.sum(axis=tuple(range(kernel.ndim - 1)))  # (filters,)
    return [kernel * scale, bias + offset * sums, *others]


def compiled(layers: list[Layer], input_shape: tuple[int, ...], weights: list[Array]) -> Sequential:
    """A network of these layers, with these weights."""
    model = Sequential([Input(input_shape), *layers], name="digits", seed=0)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.set_weights([array.astype(np.float32) for array in weights])
    return model


def main() -> None:
    """Train, fold and write."""
    parser = argparse.ArgumentParser(description="Make the network that comes with the package again.")
    parser.add_argument("file", nargs="?", default=NETWORK, help="(default: the package's own)")
    args = parser.parse_args()
    trained = get("quick").run()
    folded(trained.model).save(args.file)
    print(f"{args.file}: {os.path.getsize(args.file):,} bytes; test accuracy {trained.accuracy:.4f}")


if __name__ == "__main__":
    main()
