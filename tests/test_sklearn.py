"""scikit-learn's interface: its own checks of an estimator, its tools, and joblib's backends; where it is installed."""

import pickle
import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from networks import mnist_images

from numpycnn import Sequential, recipes
from numpycnn.layers import Conv2D, Dense, Flatten, Input
from numpycnn.recipes import Recipe

pytest.importorskip("sklearn", reason="needs scikit-learn, the extra sklearn")

from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from numpycnn.sklearn import NumpyCNNClassifier, dense_network

RNG = np.random.default_rng(0)
Y = RNG.permutation(np.repeat(["a", "b", "c"], 20))
X = RNG.normal(size=(60, 4)) + 3 * np.eye(3, 4)[np.unique(Y, return_inverse=True)[1]]

RECIPE = Recipe(
    "some",
    [Conv2D(2, 3, activation="relu"), Flatten(), Dense(10, activation="softmax")],
    schedule={"class_name": "OneCycle", "config": {"max_learning_rate": 0.01}},
    batch_size=50,
    seed=3,
)


def digits() -> Any:
    (x, y), _ = mnist_images()
    return x[:300].reshape(300, 784) / 255.0, y[:300]


def test_classes_are_learned_under_their_own_names() -> None:
    classifier = NumpyCNNClassifier(random_state=0).fit(X, Y)
    assert classifier.classes_.tolist() == ["a", "b", "c"]
    assert classifier.score(X, Y) > 0.9
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert (classifier.predict(X) == classifier.classes_[probabilities.argmax(axis=1)]).all()
    again = pickle.loads(pickle.dumps(clone(classifier).fit(X, Y)))  # noqa: S301
    assert again.predict_proba(X).tobytes() == probabilities.tobytes()


def test_a_recipe_trains_what_it_trains_by_itself() -> None:
    """With as many classes as there are, and the recipe's schedule as long as the training."""
    x, y = digits()
    images = x.reshape(-1, 28, 28, 1)
    classifier = NumpyCNNClassifier(RECIPE, input_shape=(28, 28, 1)).fit(x, y)
    expected = RECIPE.run(((images, y), (images, y)), verbose=0)
    assert [w.tobytes() for w in classifier.model_.get_weights()] == [w.tobytes() for w in expected.model.get_weights()]
    assert classifier.score(x, y) == expected.accuracy
    few = NumpyCNNClassifier(RECIPE, epochs=2, batch_size=20, random_state=1).fit(images[y < 3], y[y < 3])
    assert few.model_.output_shape == (None, 3)
    assert few.model_.optimizer is not None
    assert few.model_.optimizer.iterations == 2 * -(-np.count_nonzero(y < 3) // 20)
    assert few.model_.seed == 1


def test_a_function_builds_the_network() -> None:
    def build(input_shape: tuple[int, ...], classes: int, seed: int) -> Sequential:
        return Sequential([Input(input_shape), Dense(classes, activation="softmax")], seed=seed)

    def sparse(input_shape: tuple[int, ...], classes: int, seed: int) -> Sequential:
        model = build(input_shape, classes, seed)
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    one, two = (NumpyCNNClassifier(of, epochs=2).fit(X, Y).predict_proba(X) for of in (build, sparse))
    np.testing.assert_allclose(one, two, atol=1e-6)
    states = [NumpyCNNClassifier(build, epochs=1, random_state=np.random.RandomState(k)).fit(X, Y) for k in (0, 0, 1)]
    first, second, third = (state.predict_proba(X).tobytes() for state in states)
    assert first == second != third
    weights = (Y != "b") * 1.0
    assert "b" not in NumpyCNNClassifier(epochs=40).fit(X, Y, sample_weight=weights).predict(X)


def flat(input_shape: tuple[int, ...], classes: int, seed: int) -> Sequential:
    return Sequential([Input(input_shape), Dense(7, activation="softmax")])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"recipe": 3}, TypeError, "NumpyCNNClassifier: recipe must be "),
        ({"recipe": lambda *_: 3}, TypeError, "recipe must build a Sequential; received 3"),
        ({"recipe": recipes.get("best")}, ValueError, "recipe must be of one network; received 4 members"),
        ({"recipe": flat}, ValueError, r"expected an output for each of 3 classes; received \(7,\)"),
        ({"input_shape": (3,)}, ValueError, r"expected examples of input_shape \(3,\); received X of shape \(60, 4\)"),
        ({"input_shape": 3.5}, TypeError, "NumpyCNNClassifier: input_shape must be"),
        ({"random_state": -1}, ValueError, "random_state must be an integer of at least 0; received -1"),
        ({"epochs": 0.5}, TypeError, "epochs must be an integer"),
        ({"recipe": RECIPE, "batch_size": 0}, ValueError, "batch_size must be an integer of at least 1; received 0"),
        ({"recipe": RECIPE.replace(layers=[*RECIPE.layers, Dense(3), Flatten()])}, ValueError, "does not fit|images"),
    ],
)
def test_wrong_arguments_are_named(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        NumpyCNNClassifier(**given).fit(X, Y)
    with pytest.raises(ValueError, match="expected a sample_weight that is not zero"):
        NumpyCNNClassifier().fit(X, Y, sample_weight=np.zeros(60))


def test_where_scikit_learn_is_not_there_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "numpycnn.sklearn")
    with pytest.raises(ImportError, match=r"numpycnn.sklearn needs scikit-learn, pip install 'numpycnn\[sklearn\]'"):
        import_module("numpycnn.sklearn")


@pytest.mark.deep
@pytest.mark.filterwarnings("ignore")  # of checks that are skipped
def test_scikit_learns_own_checks_pass() -> None:
    weights = "a batch with repeated examples is another batch"
    results = check_estimator(
        NumpyCNNClassifier(),
        expected_failed_checks={"check_sample_weight_equivalence_on_dense_data": weights},
        on_skip=None,
    )
    status = [one["status"] for one in results]
    assert status.count("passed") >= 57
    assert status.count("xfail") == 1
    assert status.count("failed") == 0


@pytest.mark.deep
def test_scikit_learns_tools() -> None:
    x, y = digits()
    classifier = NumpyCNNClassifier(RECIPE, input_shape=(28, 28, 1), epochs=10, batch_size=20)
    for scores in (
        cross_val_score(classifier, x, y, cv=3),
        cross_val_score(make_pipeline(StandardScaler(), classifier), x, y, cv=3),
    ):
        assert len(scores) == 3
        assert min(scores) > 0.6
    search = GridSearchCV(
        clone(classifier).set_params(epochs=3, batch_size=None),
        {"recipe": recipes.grid(RECIPE, {"batch_size": [20, 300]})},
        cv=2,
    ).fit(x, y)
    assert search.best_params_["recipe"].batch_size == 20
    search = GridSearchCV(NumpyCNNClassifier(dense_network), {"epochs": [1, 20]}, cv=2).fit(X, Y)
    assert search.best_params_ == {"epochs": 20}
    bagging = BaggingClassifier(NumpyCNNClassifier(), n_estimators=3, random_state=0).fit(X, Y)
    assert bagging.score(X, Y) > 0.9
    assert len({one.model_.seed for one in bagging.estimators_}) == 3


@pytest.mark.deep
@pytest.mark.filterwarnings("ignore")  # of the backends
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "dask"])
def test_the_bytes_are_the_same_under_joblibs_backends(backend: str) -> None:
    x, y = digits()
    classifier, here = NumpyCNNClassifier(RECIPE, input_shape=(28, 28, 1)), []

    def run() -> Any:
        bagging = BaggingClassifier(classifier, n_estimators=3, random_state=0, n_jobs=2).fit(x, y)
        trained = Parallel()(
            delayed(one.run)((x, y), verbose=0, workers=1) for one in recipes.with_folds(RECIPE_ROWS, 3)
        )
        scores = cross_val_score(classifier, x, y, cv=3, n_jobs=2)
        weights = [w.tobytes() for one in trained for w in one.model.get_weights()]
        return bagging.predict_proba(x).tobytes(), scores.tolist(), weights

    with parallel_config("sequential"):
        here = run()
    if backend == "dask":
        distributed = pytest.importorskip("distributed")
        with (
            distributed.LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
            distributed.Client(cluster),
            parallel_config("dask"),
        ):
            assert run() == here
    else:
        with parallel_config(backend, n_jobs=2):
            assert run() == here


RECIPE_ROWS = RECIPE.replace(layers=[Dense(10, activation="softmax")])
