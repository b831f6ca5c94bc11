"""The input of a model, as Keras states it: an object that comes first, before the layers."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.typing import Shape

DTYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("bfloat16", "float16", "float32", "float64"),
)


class Input(Explained):
    """The input of a model, `Input(shape=(28, 28, 1))`: the Keras 3 way to state the first layer's input_shape.

    It comes first in Sequential's list of layers, and is not a layer itself.

    shape: of one example, without the batch axis. batch_size, dtype: as in Keras, and without effect: a model takes
    batches of any size, and casts data to its own dtype. batch_shape: both in one, (batch_size, *shape), instead of
    shape. name: a name for it.

    Raises TypeError or ValueError unless shape, or batch_shape, is a tuple of positive integers, and for other
    arguments of the wrong kind or value.
    """

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        *,
        batch_shape: Shape | None = None,
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        if batch_shape is not None:
            if shape is not None or batch_size is not None:
                raise ValueError(f"{owner}: expected a shape or a batch_shape; received both")
            whole = checks.sequence(owner, "batch_shape", batch_shape)
            batch_size, shape = next(iter(whole), None), tuple(whole[1:])
        if batch_size is not None:
            checks.size(owner, "batch_size", batch_size)
        if dtype is not None:
            checks.choice(
                owner, "dtype", np.dtype(dtype).name if isinstance(dtype, (type, np.dtype)) else dtype, DTYPES
            )
        self.shape = checks.shape(owner, "shape", shape)
        self.name = "input_layer" if name is None else checks.name(owner, name)


class InputLayer(Input):
    """The same as a layer of Keras's: `InputLayer(shape=(28, 28, 1))`, or Keras 2's `InputLayer(input_shape=...)`.

    Raises TypeError or ValueError as Input, and for a shape and an input_shape at once.
    """

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        *,
        input_shape: Shape | None = None,
        batch_shape: Shape | None = None,
        name: str | None = None,
    ) -> None:
        if shape is not None and input_shape is not None:
            raise ValueError("InputLayer: expected a shape, or an input_shape; received both")
        shape = input_shape if shape is None else shape
        super().__init__(shape, batch_size, dtype, batch_shape=batch_shape, name=name)
