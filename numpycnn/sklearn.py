"""scikit-learn's estimator: recipes and networks of one's own in its pipelines, searches and ensembles.

    from numpycnn.sklearn import NumpyCNNClassifier

    classifier = NumpyCNNClassifier(recipes.get("quick"), input_shape=(28, 28, 1))
    cross_val_score(classifier, x.reshape(-1, 784), y, n_jobs=8)

Needs scikit-learn, the extra `sklearn`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array, Shape
from numpycnn.layers import Dense, Flatten, Input
from numpycnn.models import Sequential
from numpycnn.optimizers import Adam
from numpycnn.recipes.choosing import changed
from numpycnn.recipes.recipe import Recipe
from numpycnn.utils.np_utils import as_targets

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(f"numpycnn.sklearn needs scikit-learn, pip install 'numpycnn[sklearn]': {error}") from None

__all__ = ["NumpyCNNClassifier", "dense_network"]

OWNER = "NumpyCNNClassifier"

EPOCHS, BATCH_SIZE = 20, 32
"""Of a network that no recipe trains."""

Build = Callable[[Shape, int, int], Sequential]
"""A network for examples of a shape and a number of classes, with a seed."""


def dense_network(input_shape: Shape, classes: int, seed: int) -> Sequential:
    """One hidden layer of 64 units: what a classifier trains that is given nothing else."""
    layers = [Flatten(), Dense(64, activation="relu"), Dense(classes, activation="softmax")]
    model = Sequential([Input(input_shape), *layers], seed=seed)
    model.compile(Adam(0.01), "categorical_crossentropy")
    return model


class NumpyCNNClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with scikit-learn's interface: `fit`, `predict`, `predict_proba`, `score`, `get_params`.

    recipe: a `Recipe`, whose layers, optimizer, schedule and loss are used, not its data and fold; if its last layer is
    Dense, it gets as many units as there are classes. Or a function build(input_shape, classes, seed) that returns a
    network, whose output are the classes' probabilities; one that is not compiled gets Adam and cross-entropy.
    input_shape: of an example, (28, 28, 1), where the rows of X are flat; None for the shape that X has. epochs,
    batch_size: None for the recipe's, or 20 and 32. random_state: None for the recipe's seed, or 0. workers, verbose:
    as for `Sequential.fit`; with one worker, which is the default, scikit-learn's n_jobs shares the processors.

    After `fit`: `model_`, the trained Sequential, `classes_`, and `n_features_in_`.

    What it is not, by its kind: the same for examples that are repeated as for such as have weights, for these make
    other batches.
    """

    def __init__(
        self,
        recipe: Recipe | Build = dense_network,
        *,
        input_shape: Sequence[int] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        random_state: Any = None,
        workers: int | None = 1,
        verbose: int | str = 0,
    ) -> None:
        self.recipe = recipe
        self.input_shape = input_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.workers = workers
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "NumpyCNNClassifier":  # noqa: N803
        """Train a new network on examples X, (n, features) or (n, ...), of classes y, (n,), numbers or texts.

        Raises TypeError or ValueError for an argument of the wrong kind or value, and what `Sequential.fit` raises.
        """
        X, y = validate_data(self, X, y, allow_nd=True)  # noqa: N806
        check_classification_targets(y)
        if sample_weight is not None and not np.any(np.asarray(sample_weight)):
            raise ValueError(f"{OWNER}: expected a sample_weight that is not zero")
        self.classes_, labels = np.unique(y, return_inverse=True)
        x, classes = self._examples(X), len(self.classes_)
        model, batch_size, epochs = self._training(x, classes)
        labels = as_targets(model.loss, labels, classes)
        options: dict[str, Any] = {"sample_weight": sample_weight, "workers": self.workers, "verbose": self.verbose}
        model.fit(x, labels, batch_size, epochs, **options)
        self.model_ = model
        return self

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """The probabilities of the classes, (n, classes), in the order of `classes_`."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)  # noqa: N806
        return self.model_.predict(self._examples(X), verbose=0, workers=self.workers).astype(np.float64)

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The most probable class of each example, (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _examples(self, x: Array) -> Array:
        """The examples in the shape that the network takes them in."""
        if self.input_shape is None:
            return x
        shape = checks.shape(OWNER, "input_shape", self.input_shape)
        if np.prod(x.shape[1:]) != np.prod(shape):
            raise ValueError(f"{OWNER}: expected examples of input_shape {shape}; received X of shape {x.shape}")
        return x.reshape(len(x), *shape)  # (n, features) -> (n, *input_shape)

    def _training(self, x: Array, classes: int) -> tuple[Sequential, int, int]:
        """A new network for these examples, compiled, and the batch size and epochs to train it with."""
        if isinstance(self.recipe, Recipe):
            recipe = self._recipe(self.recipe, classes)
            model, batch_size, epochs = recipe.model(len(x), x.shape[1:]), recipe.batch_size, recipe.epochs
        else:
            checks.function(OWNER, "recipe", self.recipe)
            model = self.recipe(x.shape[1:], classes, self._seed(0))
            if not isinstance(model, Sequential):
                raise TypeError(f"{OWNER}: recipe must build a Sequential; received {checks.short_repr(model)}")
            batch_size, epochs = self.batch_size or BATCH_SIZE, self.epochs or EPOCHS
        if model.loss is None:
            model.compile("adam", "categorical_crossentropy")
        if model.shape_out not in (None, (classes,)):
            raise ValueError(f"{OWNER}: expected an output for each of {classes} classes; received {model.shape_out}")
        return model, batch_size, epochs

    def _recipe(self, recipe: Recipe, classes: int) -> Recipe:
        """The recipe with the values that were given, for so many classes. Raises ValueError for one of an ensemble."""
        if recipe.members > 1:
            raise ValueError(
                f"{OWNER}: recipe must be of one network; received {recipe.members} members. "
                "BaggingClassifier makes an ensemble of classifiers"
            )
        given = {"epochs": self.epochs, "batch_size": self.batch_size, "seed": self._seed(recipe.seed)}
        recipe = recipe.replace(**{name: value for name, value in given.items() if value is not None})
        if not recipe.layers or recipe.layers[-1]["class_name"] != "Dense":
            return recipe
        return changed(recipe, {f"layers.{len(recipe.layers) - 1}.units": classes})

    def _seed(self, default: int) -> int:
        """The seed that random_state stands for: a whole number for itself."""
        if self.random_state is None:
            return default
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31))
        return checks.integer(OWNER, "random_state", self.random_state, at_least=0)


explain_unknown_names(__name__)
