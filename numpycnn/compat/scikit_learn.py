"""Keras 2's wrappers for scikit-learn: a function that builds a compiled model, and arguments for it and for `fit`.

`numpycnn.sklearn` has today's classifier. Needs scikit-learn, the extra `sklearn`; without it the names can be imported
all the same.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, Self

import numpy as np

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.older import warn
from numpycnn.common.placeholder import Placeholder
from numpycnn.common.typing import Array
from numpycnn.models import Sequential
from numpycnn.utils.np_utils import as_targets

__all__ = ["KerasClassifier", "KerasRegressor"]


class Wrapper:
    """A model as an estimator: see `KerasClassifier`."""

    def __init__(self, build_fn: Callable[..., Sequential], **sk_params: Any) -> None:
        name = type(self).__name__
        warn(name, "write numpycnn.sklearn.NumpyCNNClassifier")
        checks.function(name, "build_fn", build_fn)
        self.build_fn, self.sk_params = build_fn, sk_params

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"build_fn": self.build_fn, **self.sk_params}

    def set_params(self, **params: Any) -> Self:
        """Change arguments of the constructor."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params = {**self.sk_params, **params}
        return self

    def train(self, x: Any, targets: Callable[[Sequential], Array], given: dict[str, Any]) -> Any:
        """Build a model and train it on x and its targets; given: more arguments of `fit`. Returns the History."""
        self.model: Sequential = self.build_fn(**self.taken_by(self.build_fn))
        options = {**self.taken_by(self.model.fit, "nb_epoch"), **given}
        self.history = self.model.fit(x, targets(self.model), **options)
        return self.history

    def taken_by(self, function: Callable[..., Any], *older: str) -> dict[str, Any]:
        """Those of the arguments that a function takes, and those by older names."""
        names = {*older, *signature(function).parameters}
        return {name: value for name, value in self.sk_params.items() if name in names}

    def predicted(self, x: Any) -> Array:
        """The model's output."""
        options = self.taken_by(self.model.predict)
        return self.model.predict(x, **{"verbose": 0, **options})


def is_one_hot(y: Array) -> bool:
    """Whether targets have a column for each class."""
    return y.ndim == 2 and y.shape[1] > 1


try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.metrics import accuracy_score, mean_squared_error
except ImportError as error:  # pragma: no cover  # tested in an environment without it
    WITHOUT = f"numpycnn.wrappers.scikit_learn needs scikit-learn, pip install 'numpycnn[sklearn]': {error}"
    KerasClassifier: Any = Placeholder(WITHOUT)
    KerasRegressor: Any = Placeholder(WITHOUT)
else:

    class KerasClassifier(Wrapper, ClassifierMixin, BaseEstimator):  # type: ignore[no-redef,misc]
        """A classifier of scikit-learn's kind: build_fn(...) returns a compiled model, with an output for each class.

        sk_params: arguments of build_fn, of `fit` and of `predict`, each given to those that take it. y: classes,
        numbers or texts, (n,), or one-hot, (n, classes). After `fit`: `model`, `history`, `classes_`.
        Source: Keras 2's KerasClassifier.
        """

        def fit(self, x: Any, y: Any, **options: Any) -> Any:
            """Train a new model. Returns its History, as Keras's wrapper does."""
            y = np.asarray(y)
            if is_one_hot(y):
                self.classes_ = np.arange(y.shape[1])
                return self.train(x, lambda model: y, options)
            self.classes_, labels = np.unique(y.ravel(), return_inverse=True)
            return self.train(x, lambda model: self.targets(model, labels), options)

        def targets(self, model: Sequential, labels: Array) -> Array:
            """Labels as the model's loss takes them."""
            return labels if model.shape_out == (1,) else as_targets(model.loss, labels, len(self.classes_))

        def predict_proba(self, x: Any) -> Array:
            """The probabilities, (n, classes)."""
            p = self.predicted(x)
            return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

        def predict(self, x: Any) -> Array:
            """The most probable class of each example, (n,)."""
            return self.classes_[self.predict_proba(x).argmax(axis=1)]

        def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
            """The share of the examples whose class is right."""
            y = np.asarray(y)
            labels = y.argmax(axis=1) if is_one_hot(y) else y.ravel()
            return float(accuracy_score(labels, self.predict(x), sample_weight=sample_weight))

    class KerasRegressor(Wrapper, RegressorMixin, BaseEstimator):  # type: ignore[no-redef,misc]
        """A regressor of scikit-learn's kind: build_fn(...) returns a compiled model. Source: Keras 2's.

        sk_params: as for `KerasClassifier`.
        """

        def fit(self, x: Any, y: Any, **options: Any) -> Any:
            """Train a new model. Returns its History, as Keras's wrapper does."""
            return self.train(x, lambda model: np.asarray(y).reshape(len(y), *(model.shape_out or (1,))), options)

        def predict(self, x: Any) -> Array:
            """What the model predicts, (n,) where it is one number."""
            return np.squeeze(self.predicted(x), axis=-1)

        def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
            """The negative mean squared error."""
            return -float(mean_squared_error(y, self.predict(x), sample_weight=sample_weight))


explain_unknown_names(__name__)
