"""The mean of several networks, as one network."""

from collections.abc import Sequence
from typing import Any

from numpycnn.common import checks
from numpycnn.layers import Branches, Input, Rescaling
from numpycnn.layers.chain import Chain
from numpycnn.models import Sequential


class Ensemble(Sequential):
    """y = the mean of the members' outputs: a network of branches, saved and loaded as one file.

    models: built, for inputs of one shape, with outputs of one shape. They share their weights with the ensemble.
    name: of the ensemble. It is compiled as the first member is, to be evaluated alike.

    Raises TypeError for anything but models; ValueError for none, for one that is not built, and for other shapes.
    """

    def __init__(self, models: Sequence[Sequential], name: str | None = "ensemble", **options: Any) -> None:
        for model in checks.sequence("Ensemble", "models", models):
            if not isinstance(model, Sequential):
                raise TypeError(f"Ensemble: models must be Sequential; received {checks.short_repr(model)}")
            if model.shape_in is None or not model.built:
                raise ValueError(f"Ensemble: {model.name} is not built; train it first, or give it an input shape")
        if not models:
            raise ValueError("Ensemble: expected at least one model; received none")
        members = [Chain(model.layers, name=f"member_{k}") for k, model in enumerate(models)]
        shape = models[0].shape_in or ()
        mean = [Branches(members, merge="add", name="members"), Rescaling(1 / len(models), name="mean")]
        super().__init__([Input(shape), *mean], name=name, **options)
        if models[0].loss is not None:
            self.compile("sgd", models[0].loss, list(models[0].metrics.values()))
