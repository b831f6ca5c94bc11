"""A picture of a model, as `keras.utils.plot_model` makes it, drawn by matplotlib instead of Graphviz."""

import os
from typing import Any

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.layers.container import Container

OWNER = "plot_model"


@explains_arguments
def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> None:
    """Draw a model's layers as boxes into a file, whose suffix says the format: .png, .pdf, .svg.

    model: a built Sequential. rankdir: "TB", from top to bottom, or "LR", from left to right. expand_nested: draw what
    is inside a Sequential or a block, parallel branches side by side. The other arguments say what the boxes tell.

    Raises ImportError without matplotlib, OSError, and TypeError or ValueError for arguments of another kind.
    """
    from numpycnn.show.diagram import Shown, draw, picture_of

    if not isinstance(model, Container):
        raise TypeError(f"{OWNER}: model must be a Sequential; received {checks.short_repr(model)}")
    if not model.built:
        raise ValueError(f"{OWNER}: model must be built; give its first layer an input_shape, or call build")
    path = checks.path(OWNER, "to_file", to_file)
    dtype = next((array.dtype.name for array in model.arrays.values()), "float32")
    shown = Shown(
        shapes=checks.flag(OWNER, "show_shapes", show_shapes),
        dtype=dtype if checks.flag(OWNER, "show_dtype", show_dtype) else None,
        layer_names=checks.flag(OWNER, "show_layer_names", show_layer_names),
        expand_nested=checks.flag(OWNER, "expand_nested", expand_nested),
        layer_activations=checks.flag(OWNER, "show_layer_activations", show_layer_activations),
        trainable=checks.flag(OWNER, "show_trainable", show_trainable),
    )
    horizontal = checks.choice(OWNER, "rankdir", rankdir, ("TB", "LR")) == "LR"
    dpi = checks.number(OWNER, "dpi", dpi, at_least=10, at_most=2000)
    draw(picture_of(model, shown), path, horizontal, dpi)
