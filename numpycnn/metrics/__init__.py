"""Metrics, reported beside the loss: figures over the examples of an epoch, or of an evaluation.

`metrics=` of `compile` takes a name ("accuracy", "mse"), a class or an object (`Precision()`), a function of
(y_true, y_pred) that gives a value for each example, (N,), or their mean; or a list of these. y_true are the targets as
passed to `fit`, but (N, 1) instead of (N,) if y_pred is (N, 1). A figure may be several numbers, as `F1Score()` has one
for each class: it is an array in History, the progress bar shows the mean, and no callback can monitor it.

    base          the contract, and means
    accuracies    how many predictions are right, by the ways in which targets are written
    errors        losses as metrics
    confusion     the confusion matrix; precision and recall, which are made of its counts
    f_score       both in one figure
    curves        the area under a curve that a threshold draws
    at_bounds     the best of one figure where another has a bound
    overlap       intersection over union
    r2_score      R squared
    figures       what `fit` and `evaluate` add batches to
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from numpycnn import losses
from numpycnn.common import checks
from numpycnn.common.configuration import FUNCTION, OWN, instance_of, named, unknown_here
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.losses import (
    bce,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    kld,
    log_cosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from numpycnn.metrics.accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from numpycnn.metrics.at_bounds import (
    AtBound,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from numpycnn.metrics.base import Mean, MeanMetricWrapper, Metric, Sum
from numpycnn.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
    confusion_matrix,
)
from numpycnn.metrics.curves import AUC
from numpycnn.metrics.errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    LossMetric,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    cosine_similarity,
)
from numpycnn.metrics.f_score import F1Score, FBetaScore
from numpycnn.metrics.figures import Figures
from numpycnn.metrics.overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from numpycnn.metrics.r2_score import R2Score

BASES = (Metric, Mean, Sum, MeanMetricWrapper, LossMetric, AtBound)
CLASSES: dict[str, type[Metric]] = {
    name: cls
    for name, cls in sorted(globals().items())
    if isinstance(cls, type) and issubclass(cls, Metric) and cls not in BASES
}
"""Every metric of targets and predictions, by its class name: the closed table for reading configurations."""

ACCURACIES = (binary_accuracy, categorical_accuracy, sparse_categorical_accuracy, top_k_categorical_accuracy)
FUNCTIONS: list[Any] = [*ACCURACIES, sparse_top_k_categorical_accuracy, cosine_similarity]

BY_NAME = {
    name: cls
    for name, cls in CLASSES.items()
    if cls is BinaryIoU or not issubclass(cls, (AtBound, IoU))  # which have arguments without a default
}

WITHOUT_COMPILE = ", or leaves it out with compile=False"
"""What can be done besides about a metric that a file names and nobody here has."""

METRICS: dict[str, Callable[[], Metric]] = {
    **dict.fromkeys(("accuracy", "acc"), partial(MeanMetricWrapper, accuracy)),
    **{name: partial(MeanMetricWrapper, getattr(losses, name)) for name in losses.LOSSES},
    **{
        short.upper(): partial(MeanMetricWrapper, getattr(losses, short))
        for short in ("bce", "mse", "mae", "mape", "msle")
    },
    **{cls.default_name: cls for cls in BY_NAME.values() if cls.default_name != Mean.default_name},
    **BY_NAME,
    **{function.__name__: partial(MeanMetricWrapper, function) for function in FUNCTIONS},
    "Accuracy": partial(MeanMetricWrapper, accuracy),  # not the class, as in Keras
}
"""What makes each metric that has a name."""
NAMES = [name for name in METRICS if name == name.lower()]

MetricLike = str | Metric | type[Metric] | Callable[..., Any] | dict[str, Any]
"""What `metrics=` takes, or a list of them."""


def get(identifier: Any) -> Metric:
    """The metric by its name, class, function or configuration; a metric itself. Raises TypeError or ValueError."""
    return get_metric("metrics.get", "identifier", identifier)


deserialize = get
"""Keras's other name for it."""


def get_metric(owner: str, argument: str, value: Any) -> Metric:
    """`get`, with the owner's and the argument's name in its errors. By a name, the metric has that name."""
    if isinstance(value, dict) and value.get("class_name") == FUNCTION:
        value = own_function(owner, argument, value.get("config"))
    value = named(value)
    value = instance_of(owner, argument, value, Metric, CLASSES)
    if isinstance(value, Metric):
        return value
    if callable(value):
        return MeanMetricWrapper(value)
    if not isinstance(value, str) or value not in METRICS:
        value = checks.choice(owner, argument, value, NAMES, kind="metrics")  # an older name, or it raises
    metric = METRICS[value]()
    metric.name = value
    return metric


def get_metrics(values: Any, argument: str = "metrics") -> dict[str, Metric]:
    """Metrics by name, from one or a list, or a dict of these by the outputs' names. Equal names get a number.

    Raises ValueError for an unknown name, and for one that is "loss" or starts with "val_"; TypeError for other values.
    """
    chosen: dict[str, Metric] = {}
    for value in (one for some in listed([] if values is None else values) for one in listed(some)):
        metric = get_metric("compile", argument, value)
        if metric.name == "loss" or metric.name.startswith("val_"):
            raise ValueError(
                f"compile: {argument} must not be named 'loss' nor start with 'val_'; received "
                f"{checks.short_repr(metric.name)}"
            )
        names = (metric.name, *(f"{metric.name}_{k}" for k in range(1, len(chosen) + 1)))
        chosen[next(name for name in names if name not in chosen)] = metric
    return chosen


def all_metrics(metrics: Any, weighted: Any) -> tuple[dict[str, Metric], list[str]]:
    """The metrics by name, with those that are weighted, and the names of these. Raises as `get_metrics` does."""
    chosen = get_metrics(metrics)
    more = {
        f"weighted_{name}" if name in chosen else name: metric
        for name, metric in get_metrics(weighted, "weighted_metrics").items()
    }
    return {**chosen, **more}, list(more)


def listed(values: Any) -> Sequence[Any]:
    """A list or tuple as it is, the values of a dict that is no configuration, or a list of one thing."""
    if isinstance(values, dict) and values.keys() != {"class_name", "config"}:
        return list(values.values())
    return values if isinstance(values, (list, tuple)) else [values]


def serialize(metric: Metric) -> str | dict[str, Any]:
    """Its name where `get` makes an equal one of it, otherwise {"class_name", "config"}.

    Of a metric of the program's own a file has the name alone: whoever reads the file must have it.
    Raises ValueError for one of the program's own under a name of the library's, and for one that has no name.
    """
    if metric.name in own_of([metric]):
        return {"class_name": FUNCTION, "config": metric.name}
    if metric.name in METRICS and same(metric, get(metric.name)):
        return metric.name
    cls = type(metric)
    if CLASSES.get(cls.__name__, cls) is not cls or cls in BASES:
        raise ValueError(f"metric {metric.name}: is not the library's own, which alone a file can name so")
    return {"class_name": cls.__name__, "config": metric.get_config()}


def own_function(owner: str, argument: str, name: Any) -> Any:
    """The function of the program's own with that name, or the library's. Raises ValueError if there is neither."""
    functions = {key: make for key, make in METRICS.items() if not isinstance(make, type)}
    if isinstance(name, str) and name in {**functions, **OWN.get({})}:
        return name
    raise unknown_here(owner, argument, name, WITHOUT_COMPILE)


def own_of(metrics: Iterable[Metric]) -> dict[str, Any]:
    """The functions and classes of the program's own among metrics, by the names under which a file has them."""
    by_name = {name for name, make in METRICS.items() if not isinstance(make, type)}
    functions = {one.name: one.fn for one in metrics if isinstance(one, MeanMetricWrapper) and not one.settings}
    classes = {type(one).__name__: type(one) for one in metrics}
    return {
        **{name: fn for name, fn in functions.items() if name not in by_name and name == getattr(fn, "__name__", "")},
        **{name: cls for name, cls in classes.items() if name not in CLASSES and cls not in BASES},
    }


def same(metric: Metric, other: Metric) -> bool:
    """Whether two metrics have one class, configuration and function."""
    functions = [getattr(one, "fn", None) for one in (metric, other)]
    return type(metric) is type(other) and metric.get_config() == other.get_config() and functions[0] is functions[1]


__all__ = [
    "AUC",
    "CLASSES",
    "METRICS",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Figures",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "MetricLike",
    "OneHotIoU",
    "OneHotMeanIoU",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "bce",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
    "confusion_matrix",
    "cosine_similarity",
    "deserialize",
    "get",
    "get_metrics",
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
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

explain_unknown_names(__name__)
