"""Loss functions, which training minimizes: each gives a value per example, and the gradient of each value.

`loss=` of `compile` takes a name ("mse"), a class or an object (`Huber(delta=2.0)`), one of the functions here
(`losses.huber`), and a loss of one's own: a subclass of `Loss` with `value` and `gradient`, or
`FunctionLoss(value, gradient)`. The functions return one value for each row, as Keras's do.

    base            targets, and the way from rows to examples
    crossentropy    of classes, and of yes or no: where softmax and cross-entropy meet as p - y
    regression      squared, absolute and other errors
    margins         hinge losses
    distributions   Kullback and Leibler, Poisson
"""

from collections.abc import Sequence
from inspect import signature
from typing import Any

from numpycnn.common import checks
from numpycnn.common.configuration import describe, instance_of
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.losses.base import FunctionLoss, Loss, RowLoss
from numpycnn.losses.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from numpycnn.losses.distributions import KLDivergence, Poisson
from numpycnn.losses.margins import CategoricalHinge, Hinge, SquaredHinge
from numpycnn.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)


class LossFunction:
    """A loss as a function: `huber(y_true, y_pred, delta=2.0)` gives the loss of each row, (N, ..., K) -> (N, ...).

    A vector y_pred, (K,), is one row. Settings are the arguments of the loss's class but for its reduction and name,
    also by position. Raises TypeError or ValueError as the class and its `targets` do.
    """

    def __init__(self, loss: type[RowLoss]) -> None:
        self.loss, self.__name__, self.__doc__ = loss, loss.name, loss.__doc__

    def __call__(self, y_true: Any, y_pred: Any, *given: Any, **settings: Any) -> Any:
        by_position = self.named(given) if given else {}
        return self.loss(reduction=None, **by_position, **settings)(y_true, y_pred)

    def named(self, given: Sequence[Any]) -> dict[str, Any]:
        """Settings by position, by their names."""
        names = [name for name in signature(self.loss).parameters if name not in ("reduction", "name")]
        if len(given) > len(names):
            raise TypeError(f"{self.__name__}: expected at most {len(names)} settings; received {len(given)}")
        return dict(zip(names, given, strict=False))

    def __repr__(self) -> str:
        return f"losses.{self.__name__}"


binary_crossentropy = LossFunction(BinaryCrossentropy)
categorical_crossentropy = LossFunction(CategoricalCrossentropy)
sparse_categorical_crossentropy = LossFunction(SparseCategoricalCrossentropy)
mean_squared_error = LossFunction(MeanSquaredError)
mean_absolute_error = LossFunction(MeanAbsoluteError)
mean_absolute_percentage_error = LossFunction(MeanAbsolutePercentageError)
mean_squared_logarithmic_error = LossFunction(MeanSquaredLogarithmicError)
cosine_similarity = LossFunction(CosineSimilarity)
huber = LossFunction(Huber)
log_cosh = LossFunction(LogCosh)
hinge = LossFunction(Hinge)
squared_hinge = LossFunction(SquaredHinge)
categorical_hinge = LossFunction(CategoricalHinge)
kl_divergence = LossFunction(KLDivergence)
poisson = LossFunction(Poisson)

bce, kld, mae = binary_crossentropy, kl_divergence, mean_absolute_error
mse, mape, msle = mean_squared_error, mean_absolute_percentage_error, mean_squared_logarithmic_error

LOSSES: dict[str, type[RowLoss]] = {
    name: value.loss for name, value in list(globals().items()) if isinstance(value, LossFunction)
}
"""Every loss by its name and its short one."""

CLASSES = {cls.__name__: cls for cls in sorted(set(LOSSES.values()), key=lambda cls: cls.__name__)}
SPELLINGS = {**CLASSES, **{short.upper(): cls for short, cls in LOSSES.items() if short != cls.name}}
"""The other names that Keras takes."""


def get(identifier: Any) -> Loss:
    """The loss by its name, class, function or configuration; a loss itself. Raises TypeError or ValueError."""
    return get_loss(identifier, owner="losses.get")


deserialize = get
"""Keras's other name for it."""


def check_reduced(loss: Loss) -> None:
    """Raise ValueError unless the loss of a batch is one number."""
    if not loss.is_reduced:
        raise ValueError(
            f"compile: training needs one number for a batch; received the loss {loss.name} with "
            f"reduction={loss.reduction!r}. Use 'sum_over_batch_size' or 'sum'"
        )


LossLike = str | Loss | LossFunction | type[Loss] | dict[str, Any] | list[Any]
"""What `compile` takes for a loss: a list of one is Keras's, for a model with one output."""


def get_loss(value: Any, owner: str = "compile") -> Loss:
    """`get`, with the owner's name in its errors."""
    value = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
    value = instance_of(owner, "loss", value, Loss, CLASSES)
    if isinstance(value, Loss):
        return value
    if isinstance(value, LossFunction):
        return value.loss()
    if callable(value):
        raise TypeError(
            f"{owner}: loss must have a gradient; give functions of your own as FunctionLoss(value, gradient), both of "
            f"(y_true, y_pred), or a subclass of Loss; received {checks.short_repr(value)}"
        )
    if isinstance(value, str) and value in SPELLINGS:
        return SPELLINGS[value]()
    return checks.lookup(owner, "loss", value, LOSSES, kind="losses")()


def serialize(loss: LossLike) -> dict[str, Any]:
    """The configuration, {"class_name", "config"}, of a loss, also by its name or function: `get` makes an equal one.

    Raises ValueError for a loss that is not the library's own, and as `get` does.
    """
    return describe(get_loss(loss, "losses.serialize"), CLASSES)


__all__ = [
    "CLASSES",
    "LOSSES",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossLike",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RowLoss",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "bce",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "log_cosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

explain_unknown_names(__name__)
