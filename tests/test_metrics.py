"""Metrics: the figures of Keras's, over batches and with weights; their names; and what compile takes and refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faults import Fault, seeded
from networks import small_data, small_network

from numpycnn import Sequential, layers, load_model, losses, metrics
from numpycnn.common.typing import Array
from numpycnn.metrics import CLASSES, METRICS, Mean, MeanMetricWrapper, Metric, Sum, get_metrics
from numpycnn.metrics.confusion import Counts
from numpycnn.metrics.figures import Figures
from numpycnn.saving import ModelFileError

ROWS = np.abs(np.sin(1.0 + 1.7 * np.arange(21))).reshape(7, 3)
P = ROWS / ROWS.sum(axis=1, keepdims=True)
LABELS = np.array([0, 2, 1, 1, 0, 2, 2])
Y = np.eye(3)[LABELS]
B, T = np.abs(np.sin(2.0 + 1.3 * np.arange(7)))[:, None], np.array([0, 1, 1, 0, 1, 0, 1.0])
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 1.5, 1.0, 3.0])
CUTS = slice(0, 4), slice(4, 7)

Case = tuple[str, Any, Any]
KERAS: list[Case] = [
    ("IoU(3, [0, 2])", 0.1000000014901, 0.09090909361839),
    ("IoU(2, [0], ignore_class=1)", 0.0, 0.0),
    ("MeanIoU(3)", 0.0666666701436, 0.06060606241226),
    ("OneHotIoU(3, [1, 2])", 0.1000000014901, 0.09090909361839),
    ("OneHotMeanIoU(3)", 0.0666666701436, 0.06060606241226),
    ("BinaryIoU()", 0.2666666805744, 0.1944444477558),
    ("BinaryIoU([1], 0.3)", 0.4285713732243, 0.7222221493721),
    ("PrecisionAtRecall(0.5)", 0.3846153846154, 0.3863636363636),
    ("RecallAtPrecision(0.3, 7)", 1.0, 1.0),
    ("RecallAtPrecision(0.9)", 0.0, 0.0),
    ("SensitivityAtSpecificity(0.4, class_id=2)", 0.3333333333333, 0.2222222222222),
    ("SpecificityAtSensitivity(0.5, 1)", 0.0, 0.0),
    ("SpecificityAtSensitivity(0.7)", 0.4285714285714, 0.3888888888889),
    ("R2Score()", -0.3157867789268, -0.4550335407257),
    ('R2Score("variance_weighted_average")', -0.3133994868183, -0.4105980221692),
    (
        "R2Score(None)",
        [0.02629094384925, -0.6960606282824, -0.2775905611546],
        [0.02066507900734, -1.118519423695, -0.2672462084781],
    ),
    ("R2Score(num_regressors=3)", -0.5479844457963, -0.7118041655597),
    ("BinaryAccuracy()", 0.4285714285714, 0.3888888888889),
    ("BinaryAccuracy(threshold=0.8)", 0.4285714285714, 0.3333333333333),
    ("CategoricalAccuracy()", 0.1428571428571, 0.1111111111111),
    ("SparseCategoricalAccuracy()", 0.1428571428571, 0.1111111111111),
    ("TopKCategoricalAccuracy(2)", 0.7142857142857, 0.7222222222222),
    ("SparseTopKCategoricalAccuracy(2)", 0.7142857142857, 0.7222222222222),
    ("Accuracy()", 0.1428571428571, 0.1111111111111),
    ("MeanSquaredError()", 0.2859100923686, 0.2931489716854),
    ("MeanAbsoluteError()", 0.4737282045989, 0.4825983785936),
    ("MeanAbsolutePercentageError()", 236864125.9859, 241299213.4267),
    ("MeanSquaredLogarithmicError()", 0.1416479116353, 0.1452103072037),
    ("RootMeanSquaredError()", 0.5347056128082, 0.5414323334318),
    ("LogCoshError()", 0.1327762687457, 0.1364536790554),
    ("Hinge()", 1.140394871266, 1.14926504526),
    ("SquaredHinge()", 1.426304963634, 1.442414016946),
    ("CategoricalHinge()", 1.228081678059, 1.254360916824),
    ("KLDivergence()", 1.410978529024, 1.39270198374),
    ("Poisson()", 0.8036603200497, 0.7975681625268),
    ("CosineSimilarity()", 0.4555928487907, 0.4252324363286),
    ("BinaryCrossentropy()", 0.8058506444077, 0.8010157812743),
    ("CategoricalCrossentropy()", 1.410981498906, 1.392704956811),
    ("SparseCategoricalCrossentropy()", 1.410981498906, 1.392704956811),
    ("CategoricalCrossentropy(label_smoothing=0.2)", 1.392008732439, 1.374042937175),
    ("Precision()", 0.0, 0.0),
    ("Recall()", 0.0, 0.0),
    ("Precision(0.3)", 0.3333333333333, 0.2413793103448),
    ("Recall([0.3, 0.1, 0.6])", [0.5714285714286, 0.8571428571429, 0.0], [0.3888888888889, 0.9444444444444, 0.0]),
    ("Precision(top_k=2)", 0.3571428571429, 0.3611111111111),
    ("Precision(top_k=2, thresholds=0.2)", 0.3846153846154, 0.3714285714286),
    ("Recall(class_id=1)", 0.0, 0.0),
    ("Recall(top_k=1, class_id=2)", 0.3333333333333, 0.2222222222222),
    ("TruePositives()", 0.0, 0.0),
    ("FalsePositives(0.3)", 8.0, 11.0),
    ("TrueNegatives()", 11.0, 13.0),
    ("FalseNegatives([0.2, 0.5])", [2.0, 7.0], [2.5, 9.0]),
    ("F1Score()", [0.0, 0.0, 0.3333332722222], [0.0, 0.0, 0.3076922556213]),
    ('F1Score("macro")', 0.1111110907407, 0.1025640852071),
    ('F1Score("micro", 0.3)', 0.4210525806094, 0.2978722906293),
    ('FBetaScore("weighted", 2.0)', 0.142857127483, 0.1249999898611),
    ("AUC()", 0.4132653061224, 0.3765432098765),
    ('AUC(curve="PR")', 0.2702168313426, 0.2579289762828),
    ('AUC(summation_method="minoring")', 0.4081632653061, 0.3765432098765),
    ('AUC(20, "PR", "majoring")', 0.2964320975599, 0.3119861619862),
    ("AUC(thresholds=[0.7, 0.2])", 0.5102040816327, 0.545524691358),
    ("AUC()", 0.3333333333333, 0.2857142857143),
    ("AUC(from_logits=True)", 0.3333333333333, 0.2857142857143),
]
"""Of each metric, what Keras 3 gives in float64 for the two batches, without and with weights."""


def data_of(call: str, number: int) -> tuple[Array, Array]:
    if call.startswith("Sparse"):
        return LABELS, P
    if call.startswith("Accuracy"):
        return LABELS, P.argmax(axis=1)
    if call.startswith(("IoU", "MeanIoU")):
        return LABELS, P.argmax(axis=1)
    if (call.startswith("Binary") and "Crossentropy" not in call) or number == len(KERAS) - 2:
        return T, B
    return (T, 3 * B - 1.5) if "from_logits" in call else (Y, P)


@pytest.mark.parametrize(("number", "case"), list(enumerate(KERAS)), ids=[call for call, _, _ in KERAS])
def test_figures_are_those_of_keras(number: int, case: Case) -> None:
    call, plain, weighted = case
    metric: Metric = eval(f"metrics.{call}")  # noqa: S307
    y_true, y_pred = data_of(call, number)
    rtol = 3e-7 if "IoU" in call or "R2Score" in call else 2e-12  # where Keras computes in float32
    for weights, expected in ((None, plain), (WEIGHTS, weighted)):
        metric.reset_state()
        for rows in CUTS:
            metric.update_state(y_true[rows], y_pred[rows], None if weights is None else weights[rows])
        np.testing.assert_allclose(metric.result(), expected, rtol)
    again: Any = metrics.get({"class_name": type(metric).__name__, "config": metric.get_config()})
    assert again.get_config() == metric.get_config()
    np.testing.assert_allclose(again(y_true, y_pred, WEIGHTS), weighted, rtol)  # in one batch, too


def test_every_metric_has_figures() -> None:
    assert {call.partition("(")[0] for call, _, _ in KERAS} == set(CLASSES)


def test_equal_targets_score_0_and_no_targets_too() -> None:
    assert metrics.R2Score().result() == 0.0
    np.testing.assert_array_equal(metrics.R2Score(None)(Y[:1], P[:1]), [0.0, 0.0, 0.0])
    assert (
        metrics.R2Score(num_regressors=20)(Y, P) == metrics.R2Score(num_regressors=21)(Y, P) == metrics.R2Score()(Y, P)
    )
    assert metrics.MeanIoU(2).result() == 0.0


def test_intersection_over_union_place_by_place() -> None:
    """Classes that do not occur are not in the mean; a label beyond the classes does not count, nor one to ignore."""
    true, predicted = np.array([[0, 0, 1], [4, 4, 1]]), np.array([[0, 1, 1], [0, 4, 3]])
    for ignored, expected in ((None, (1 / 2 + 1 / 2) / 2), (1, (1 / 2 + 0) / 2)):
        metric = metrics.MeanIoU(3, ignore_class=ignored)
        assert metric(true, predicted) == pytest.approx(expected, rel=1e-6)
    assert metrics.IoU(3, [1, 2])(true, predicted, [2.0, 1.0]) == pytest.approx(2 / 4, rel=1e-6)
    assert metrics.PrecisionAtRecall(0.5, 3)([1, 1], [0.6, 0.4]) == 1.0  # at 0.5 the recall is the bound itself


def test_means_and_sums_of_numbers() -> None:
    mean, total = Mean(), Sum("all")
    for metric in (mean, total):
        metric.update_state([[1.0, 3.0], [4.0, 6.0]])
        metric.update_state(6.0, sample_weight=[2.0])
    assert (mean.result(), total.result()) == (19.0 / 4, 26.0)
    mean.reset_state()
    assert mean.result() == 0.0
    assert (mean.name, total.name, total.get_config()) == ("mean", "all", {"name": "all"})
    mean.update_state([1.0, 2.0], [0.0, 0.0])
    assert mean.result() == 0.0


# ---------------------------------------------------------------- names


def names_of(value: Any) -> list[str]:
    return list(get_metrics(value))


def own(y_true: Array, y_pred: Array) -> Array:
    return np.abs(y_true - y_pred)


def test_names_are_those_that_were_given() -> None:
    assert names_of("accuracy") == ["accuracy"]
    assert names_of(None) == []
    assert names_of(["acc", "Accuracy", "mse", "MSE", own]) == ["acc", "Accuracy", "mse", "MSE", "own"]
    assert names_of((metrics.Precision, metrics.Recall(name="r"), losses.mean_squared_error)) == [
        *("precision", "r", "mean_squared_error")
    ]
    assert names_of({"out": ["acc", "mae"]}) == names_of([["acc", "mae"]]) == ["acc", "mae"]
    assert names_of(["acc", "acc", metrics.Accuracy("acc")]) == ["acc", "acc_1", "acc_2"]
    assert names_of({"class_name": "AUC", "config": {"name": "area"}}) == ["area"]
    assert names_of([losses.Huber(2.0), lambda t, p: 1.0]) == ["huber", "<lambda>"]
    for name in METRICS.keys() - {"F1Score", "FBetaScore", "f1_score", "fbeta_score"}:
        assert names_of(name) == [name]
        assert type(metrics.get(name)) is type(METRICS[name]())


def test_the_loss_of_each_name_is_a_metric() -> None:
    for name, loss in losses.LOSSES.items():
        if name not in ("cosine_similarity", "sparse_categorical_crossentropy"):
            assert metrics.get(name)(Y, P) == pytest.approx(loss()(Y, P), rel=1e-14)
    assert metrics.get("cosine_similarity")(Y, P) == pytest.approx(-losses.CosineSimilarity()(Y, P), rel=1e-14)
    assert metrics.mse is losses.mse


def test_accuracy_is_what_the_shapes_say() -> None:
    for name in ("accuracy", "acc"):
        assert metrics.get(name)(Y, P) == metrics.CategoricalAccuracy()(Y, P)
        assert metrics.get(name)(LABELS, P) == metrics.SparseCategoricalAccuracy()(LABELS, P)
        assert metrics.get(name)(T[:, None], B) == metrics.BinaryAccuracy()(T, B)


def test_accuracies_of_further_axes() -> None:
    images, labels = P.reshape(1, 7, 3).repeat(2, axis=0), np.stack([LABELS, LABELS[::-1]])
    assert metrics.sparse_categorical_accuracy(labels[..., None], images).shape == (2, 7)
    assert metrics.categorical_accuracy(np.eye(3)[labels], images).shape == (2, 7)
    top = metrics.sparse_top_k_categorical_accuracy(labels, images, k=2)
    np.testing.assert_array_equal(top, metrics.top_k_categorical_accuracy(np.eye(3)[labels], images, k=2))
    assert metrics.top_k_categorical_accuracy(Y, P).all()  # five of three
    tied = np.array([[0.4, 0.4, 0.2]])
    assert metrics.sparse_top_k_categorical_accuracy([1], tied, k=1).tolist() == [1.0]
    assert metrics.sparse_top_k_categorical_accuracy([1], tied * np.nan, k=1).tolist() == [0.0]


# ---------------------------------------------------------------- in a model


def test_figures_do_not_depend_on_batches() -> None:
    figures: list[dict[str, Any]] = []
    for cuts in (CUTS, (slice(0, 7),), (slice(0, 1), slice(1, 7))):
        some = Figures(get_metrics([metrics.Precision(0.3), "acc", own]))
        for rows in cuts:
            some.add(T[rows], Y[rows], P[rows])
        figures.append(some.result())
    for other in figures:
        assert other == pytest.approx(figures[0], rel=1e-14)
    with seeded(Fault(Mean.update_state, "count * float(per", "float(per")):
        some = Figures({})
        for rows in CUTS:
            some.add(T[rows], Y[rows], P[rows])
        assert some.result()["loss"] != pytest.approx(figures[0]["loss"])


def test_targets_have_the_shape_of_predictions_in_one_column() -> None:
    """Targets (N,) beside predictions (N, 1) would be spread to (N, N) by NumPy."""
    seen: list[tuple[int, ...]] = []

    def watched(y_true: Array, y_pred: Array) -> Array:
        seen.append(y_true.shape)
        return y_pred[:, 0]

    some = Figures(get_metrics(watched))
    some.add(T, T, B)
    some.add(T, LABELS, P)
    assert seen == [(7, 1), (7,)]


def test_training_reports_metrics_that_are_no_means() -> None:
    x, y = small_data(40)
    model = small_network(dropout=0.0)
    chosen: list[Any] = [metrics.Recall(0.3), metrics.AUC(), "top_k_categorical_accuracy", metrics.F1Score("macro")]
    model.compile("sgd", "categorical_crossentropy", chosen)
    history = model.fit(x, y, 16, epochs=2, verbose=0, validation_data=(x, y)).history
    names = ["loss", "recall", "auc", "top_k_categorical_accuracy", "f1_score"]
    assert list(history) == [*names, *(f"val_{name}" for name in names)]
    found = model.evaluate(x, y, 16, verbose=0, return_dict=True)
    p = model.predict(x)
    assert list(found) == model.metrics_names == names
    assert found == {f"{name}": history[f"val_{name}"][-1] for name in names}
    for name, metric in zip(names[1:], chosen, strict=True):
        assert found[name] == pytest.approx(metrics.get(metric)(y, p), rel=1e-6)
    assert chosen[0].result() != 0.0  # the call just above; training uses copies
    assert model.evaluate(x, y, 16, verbose=0, return_dict=True) == found  # which begin without a state


def test_a_metric_of_ones_own() -> None:
    class Largest(Metric):
        default_name = "largest"

        def reset_state(self) -> None:
            self.most = -np.inf

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.most = max(self.most, float(np.max(y_pred)))

        def result(self) -> Any:
            return self.most

    x, y = small_data(40)
    model = small_network(dropout=0.0)
    model.compile("sgd", "mse", Largest)
    assert model.evaluate(x, y, verbose=0)[1] == pytest.approx(model.predict(x).max())
    assert Largest("l")(y, y) == 1.0


def test_metrics_are_saved(tmp_path: Path) -> None:
    x, y = small_data(8)
    model = small_network()
    chosen: list[Any] = [
        "acc",
        "mse",
        metrics.Precision([0.25], name="p"),
        metrics.TopKCategoricalAccuracy(2),
        "acc",
        "AUC",
    ]
    chosen[2] = metrics.Precision(0.25, class_id=1, name="p")
    model.compile("sgd", "mse", chosen)
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert list(again.metrics) == ["acc", "mse", "p", "top_k_categorical_accuracy", "acc_1", "AUC"]
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert metrics.serialize(metrics.get("mse")) == "mse"
    for one in (MeanMetricWrapper(own, "mse"), metrics.Mean()):
        model.compile("sgd", "mse", [one])
        with pytest.raises(ModelFileError, match=r"metric .*: is not the library's own"):
            model.save(tmp_path / "m.safetensors")


def test_a_metric_that_raises_changes_nothing() -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,))], seed=0)
    model.compile("sgd", "mse", [metrics.Recall(class_id=2)])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"recall: has the class_id 2; received the shape \(7, 2\)"):
        model.fit(P, Y[:, :2], verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.steps == 0


# ---------------------------------------------------------------- errors

REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: get_metrics(["precisions"]), ValueError, "compile: metrics must be one of .*the nearest is 'precision'"),
    (lambda: get_metrics([5]), TypeError, "compile: metrics must be one of .*; received 5"),
    (lambda: get_metrics([None]), TypeError, "compile: metrics must be one of .*; received None"),
    (lambda: get_metrics(metrics.Mean("loss")), ValueError, "metrics must not be named 'loss' nor start with 'val_'"),
    (lambda: get_metrics(metrics.AUC(name="val_a")), ValueError, "nor start with 'val_'; received 'val_a'"),
    (lambda: metrics.get("a"), ValueError, "metrics.get: identifier must be one of 'accuracy'"),
    (lambda: metrics.AUC(name=3), TypeError, "AUC: name must be a string; received 3"),  # type: ignore[arg-type]
    (lambda: metrics.AUC(1), ValueError, "AUC: num_thresholds must be an integer of at least 2; received 1"),
    (lambda: metrics.AUC(curve="roc"), ValueError, "AUC: curve must be one of 'ROC', 'PR'"),
    (lambda: metrics.AUC(summation_method=""), ValueError, "AUC: summation_method must be one of 'interpolation'"),
    (
        lambda: metrics.AUC(label_weights=[1.0]),
        ValueError,
        "AUC: label_weights need multi_label=True, one weight for ea",
    ),
    (lambda: metrics.AUC(multi_label=True, num_labels=3, label_weights=[1, 2]), ValueError, r"received \[1, 2\]"),
    (lambda: metrics.AUC(multi_label=True, label_weights=[0, 0]), ValueError, "one weight for each label, and one abo"),
    (lambda: metrics.AUC(multi_label=True, num_labels=3)(np.ones((4, 2)), np.ones((4, 2))), ValueError, r"\(n, 3\)"),
    (
        lambda: metrics.AUC(multi_label=True)(np.ones(4), np.ones(4)),
        ValueError,
        r"as num_labels or label_weights say; received \(4,\)",
    ),
    (lambda: metrics.AUC(thresholds=[2]), ValueError, "AUC: thresholds must be a finite number, at least 0 and at m"),
    (lambda: metrics.AUC(multi_label=1), TypeError, "AUC: multi_label must be True or False"),  # type: ignore[arg-type]
    (lambda: metrics.AUC(from_logits=1), TypeError, "AUC: from_logits must be True or False"),  # type: ignore[arg-type]
    (lambda: metrics.AUC()(Y, P[:, :2]), ValueError, r"auc: expected y_true and y_pred of one shape.* \(7, 3\) and"),
    (lambda: metrics.AUC()(Y, P, [1.0]), ValueError, r"auc: sample_weight must have the shape \(7,\); received \(1,\)"),
    (lambda: metrics.Recall(1.5), ValueError, "Recall: thresholds must be a finite number, at least 0 and at most 1"),
    (lambda: metrics.Recall(top_k=0), ValueError, "Recall: top_k must be an integer of at least 1"),
    (lambda: metrics.Recall(class_id=-1), ValueError, "Recall: class_id must be an integer of at least 0"),
    (lambda: metrics.Recall(class_id=0)(T, T), ValueError, r"recall: has the class_id 0; received the shape \(7,\)"),
    (lambda: metrics.MeanIoU(0), ValueError, "MeanIoU: num_classes must be an integer of at least 1; received 0"),
    (lambda: metrics.IoU(3, [3]), ValueError, "IoU: target_class_ids must be at most 2; received 3"),
    (lambda: metrics.MeanIoU(3)(LABELS, P), ValueError, r"mean_io_u: expected as many labels.* \(7,\) and \(7, 3\)"),
    (lambda: metrics.OneHotMeanIoU(3, axis=2)(Y, P), ValueError, r"y_true must be one-hot along axis 2; received \(7"),
    (lambda: metrics.PrecisionAtRecall(2), ValueError, "PrecisionAtRecall: recall must be a finite number, at least 0"),
    (
        lambda: metrics.RecallAtPrecision(0.5, 0),
        ValueError,
        "RecallAtPrecision: num_thresholds must be an integer of at",
    ),
    (lambda: metrics.R2Score("mean"), ValueError, "R2Score: class_aggregation must be one of 'uniform_average', 'vari"),
    (
        lambda: metrics.R2Score()(T, T),
        ValueError,
        r"r2_score: expected y_true and y_pred of rows, \(n, k\); received \(7,\)",
    ),
    (lambda: metrics.F1Score("mean"), ValueError, "F1Score: average must be one of 'micro', 'macro', 'weighted'"),
    (lambda: metrics.F1Score(threshold=0), ValueError, "F1Score: threshold must be a finite number, at most 1 and ab"),
    (lambda: metrics.FBetaScore(beta=0), ValueError, "FBetaScore: beta must be a finite number, above 0"),
    (
        lambda: metrics.F1Score()(T, T),
        ValueError,
        r"f1_score: expected y_true and y_pred of rows, \(n, k\); received \(7,\)",
    ),
    (lambda: metrics.BinaryAccuracy(threshold="a"), TypeError, "BinaryAccuracy: threshold must be"),  # type: ignore[arg-type]
    (lambda: metrics.TopKCategoricalAccuracy(0), ValueError, "TopKCategoricalAccuracy: k must be an integer of at l"),
    (lambda: metrics.SparseTopKCategoricalAccuracy(0), ValueError, "SparseTopKCategoricalAccuracy: k must be an int"),
    (lambda: metrics.CosineSimilarity(axis="a"), TypeError, "cosine_similarity: axis"),  # type: ignore[arg-type]
    (lambda: metrics.BinaryCrossentropy(label_smoothing=2), ValueError, "binary_crossentropy: label_smoothing"),
    (
        lambda: metrics.sparse_categorical_accuracy(Y, P),
        ValueError,
        r"sparse_categorical_accuracy: expected labels y_true \(n, ...\) and y_pred \(n, ..., k\), not empty; received",
    ),
    (
        lambda: metrics.sparse_top_k_categorical_accuracy([3], P[:1]),
        ValueError,
        "sparse_top_k_categorical_accuracy: y_true: labels must be whole numbers of at least 0 and below 3",
    ),
    (lambda: Mean()([]), ValueError, r"mean: values must hold at least one number; received the shape \(0,\)"),
    (lambda: Metric().update_state(Y, P), NotImplementedError, "Metric does not define update_state"),
    (lambda: Metric().result(), NotImplementedError, "Metric does not define result"),
    (lambda: MeanMetricWrapper(3), TypeError, "MeanMetricWrapper: fn must be a function; received 3"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_is_refused(call: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "metric own: result must be an array of real numbers; received dtype object"),
        ("good", "metric own: result must be an array of real numbers; received dtype <U4"),
        (np.zeros((3, 0)), r"metric own: expected a number, or 3 of them; received .*shape \(3, 0\)"),
        ([1.0, 2.0], r"metric own: expected a number, or 3 of them; received .*shape \(2,\)"),
    ],
)
def test_what_a_metric_must_not_give(result: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        MeanMetricWrapper(lambda t, p: result, "own")(np.zeros((3, 1)), np.zeros((3, 1)))


@pytest.mark.parametrize(
    ("fault", "call"),
    [
        (Fault(Counts.update_state, 'side="left"', 'side="right"'), "Recall(0.5)"),
        (Fault(Counts.counted, "[:0:-1]", "[::-1]"), "AUC()"),
    ],
)
def test_a_threshold_must_be_exceeded(fault: Fault, call: str) -> None:
    assert metrics.Recall(0.5)([1, 1], [0.5, 0.6]) == 0.5
    with seeded(fault), pytest.raises((AssertionError, ValueError)):
        assert metrics.Recall(0.5)([1, 1], [0.5, 0.6]) == 0.5


@pytest.mark.parametrize(
    ("settings", "unweighted", "weighted"),
    [
        ({}, 0.8648990392684937, 0.8410741090774536),
        ({"label_weights": [1.0, 2.0, 0.5]}, 0.8596680760383606, 0.8586395978927612),
        ({"curve": "PR"}, 0.9026226997375488, 0.9137064814567566),
        ({"num_thresholds": 11, "summation_method": "majoring"}, 0.8930976390838623, 0.8721981048583984),
        ({"num_labels": 3, "from_logits": True}, 0.8640572428703308, 0.8437296152114868),
    ],
)
def test_the_area_of_many_labels_is_that_of_keras(settings: dict[str, Any], unweighted: float, weighted: float) -> None:
    """Keras 3.15 gave these figures for two batches, in float32."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (40, 3))
    p = np.round(np.clip(0.35 * y + rng.uniform(0, 0.65, (40, 3)), 0, 1) * 256) / 256
    weights, metric = rng.uniform(0, 2, 40).round(3), metrics.AUC(multi_label=True, **settings)
    assert metric.result() == 0.0
    for w, expected in ((None, unweighted), (weights, weighted)):
        metric.reset_state()
        for rows in (slice(25), slice(25, None)):
            metric.update_state(y[rows], p[rows], None if w is None else w[rows])
        assert metric.result() == pytest.approx(expected, rel=1e-6)
    assert metrics.AUC(**metric.get_config()).get_config() == metric.get_config()


def test_the_bound_itself_is_kept() -> None:
    """The recall is 1/2 at every threshold from 0.3 to 0.8: just what is asked for, with a precision of 1."""
    metric = metrics.PrecisionAtRecall(0.5, num_thresholds=11)
    metric.update_state([1, 1, 0], [0.85, 0.25, 0.25])
    assert metric.result() == 1.0


def test_labels_beyond_the_classes_do_not_count() -> None:
    """Of four pairs the last two have labels that there are not: the others are all right."""
    metric = metrics.IoU(num_classes=2, target_class_ids=[0, 1])
    metric.update_state([0, 1, 5, -1], [0, 1, 0, 1])
    np.testing.assert_array_equal(metric.matrix, np.eye(2))
    assert metric.result() == pytest.approx(1.0, abs=1e-6)
