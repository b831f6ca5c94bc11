"""The grader's hints: each usual mistake is told where it is, and not where another one is."""

import re
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from course_mistakes import Mistake
from run_course_mistakes import SOURCE

from numpycnn.common.typing import Array
from numpycnn.courses import cs231n
from numpycnn.courses.backwards import Layout, NormBack, group_norm_backward, norm_backward, rows_backward
from numpycnn.courses.comparison import Mistake as Found
from numpycnn.courses.comparison import results
from numpycnn.courses.exercises import EXERCISES, Case, Exercise
from numpycnn.courses.grading import Hints, grade, gradients_of, judged, supposed_gradients, tasks
from numpycnn.courses.hypotheses import hypotheses
from numpycnn.courses.variants import Norm, batch_norm, hinges, softmaxes
from numpycnn.courses.windows import RIGHT, convolution_backward, pool_backward
from numpycnn.functional import log_softmax

Texts = tuple[tuple[str, str], ...]

LAYER_MEAN, LAYER_STD = "np.mean(x, axis=1, keepdims=True)", "np.sqrt(np.var(x, axis=1, keepdims=True) + eps)"
LAYER_OVER_0 = ((LAYER_MEAN, "np.mean(x, axis=0)"), (LAYER_STD, "np.sqrt(np.var(x, axis=0) + eps)"))
M_CORRECTED, V_CORRECTED = ' / (1 - config["beta1"] ** config["t"])', ' / (1 - config["beta2"] ** config["t"])'
VARIANCE, ROOT = "np.mean((x - mean) ** 2, axis=0)", "np.sqrt(var + eps)"
RATE = 'config["decay_rate"] * config["cache"] + (1 - config["decay_rate"])'
RATE_EXCHANGED = '(1 - config["decay_rate"]) * config["cache"] + config["decay_rate"]'
AVERAGE = "momentum * running_mean + (1 - momentum) * mean"
AVERAGE_EXCHANGED = "(1 - momentum) * running_mean + momentum * mean"
SHIFTED = "x - np.max(x, axis=1, keepdims=True)"

TOLD: dict[str, tuple[str, Texts, str]] = {
    "no correction": ("adam", ((M_CORRECTED, ""), (V_CORRECTED, "")), "no bias correction: m and v must be divided"),
    "no correction of m": ("adam", ((M_CORRECTED, ""),), "no bias correction of m"),
    "no correction of v": ("adam", ((V_CORRECTED, ""),), "no bias correction of v"),
    "t after its use": ("adam", (('    config["t"] += 1\n', ""), ("    next_w =", '    config["t"] += 1\n    next_w =')),
                        "right if t were 2, not 3"),
    "t too large": ("adam", (('["t"] += 1\n', '["t"] += 1\n    t = config["t"] + 1\n'), (M_CORRECTED, ' / (1 - config["beta1"] ** t)'),
                             (V_CORRECTED, ' / (1 - config["beta2"] ** t)')), "right if t were 4, not 3"),
    "no root": ("adam", (("np.sqrt(vt)", "vt"),), "no root in the denominator"),
    "rates exchanged": ("rmsprop", ((RATE, RATE_EXCHANGED),), "1 - decay_rate where decay_rate belongs"),
    "averages exchanged": ("batchnorm_forward", ((AVERAGE, AVERAGE_EXCHANGED),), "1 - momentum where momentum belongs"),
    "over the batch": ("layernorm_forward", LAYER_OVER_0, "normalised over axis 0 in the place of axis 1"),
    "over the features": ("batchnorm_forward", (("np.mean(x, axis=0)", "np.mean(x, axis=1, keepdims=True)"),
                                                ("(x - mean) ** 2, axis=0", "(x - mean) ** 2, axis=1, keepdims=True")),
                          "normalised over axis 1 in the place of axis 0"),
    "the mean over the batch": ("layernorm_forward", LAYER_OVER_0[:1], "the mean over axis 0 in the place of axis 1"),
    "the variance over the batch": ("layernorm_forward", LAYER_OVER_0[1:], "the variance over axis 0 in the place of axis 1"),
    "n - 1": ("batchnorm_forward", ((VARIANCE, "np.var(x, axis=0, ddof=1)"),), "ddof=1"),
    "eps outside": ("batchnorm_forward", ((ROOT, "np.sqrt(var) + eps"),), "eps outside of the root"),
    "no eps": ("batchnorm_forward", ((ROOT, "np.sqrt(var)"),), "right if eps were 0: left out"),
    "two in one": ("batchnorm_forward", ((VARIANCE, "np.var(x, axis=0, ddof=1)"), ("gamma * xhat + beta", "beta * xhat + gamma")),
                   "not by n: ddof=1; and right if gamma and beta were exchanged"),
    "no shift": ("softmax_loss", ((SHIFTED, "x"),), "exp overflows: the largest score of each example must be subtracted"),
    "a shift of columns": ("softmax_loss", ((SHIFTED, "x - np.max(x, axis=0)"),), "the largest of each column is subtracted"),
    "not scaled": ("dropout_forward", (("(np.random.rand(*x.shape) < p) / p", "np.random.rand(*x.shape) < p"),), "it is x: not divided by p"),
    "scaled twice": ("dropout_forward", (("< p) / p", "< p) / p**2"),), "it is x/p**2: divided by p twice"),
    "the rate": ("dropout_forward", (("< p) / p", "> p) / (1 - p)"),), "it is x/(1 - p): p is the probability to keep"),
    "the smallest": ("max_pool_forward_naive", (("np.max(window", "np.min(window"),), "the smallest in the place of the largest"),
    "moving averages exchanged": ("batch_norm", (("(1.0 - momentum) * moving_mean + momentum * mean", "momentum * moving_mean + (1.0 - momentum) * mean"),),
                                  "moving_mean: right if momentum were 0.7: 1 - momentum where momentum belongs"),
    "the sum of averages": ("pool2d", ((".mean()", ".sum()"),), "the sum in the place of the mean"),
    "half the penalty": ("softmax_loss_naive", (("2 * reg * W", "reg * W"),), "right if reg were half as large"),
    "a flipped kernel": ("corr2d", (("* K).sum()", "* K[::-1, ::-1]).sum()"),), "right if K were rotated by half a turn"),
    "the other mask": ("relu_backward", (("(x > 0)", "(x < 0)"),), "the mask is the other way round: x < 0"),
    "the mask of dropout": ("dropout_backward", (("dout * mask", "dout * (mask == 0)"),), "what was dropped gets dout"),
    "no mean's part": ("spatial_groupnorm_backward", (("dxhat - mean_dxhat -", "dxhat -"),), "the mean's part is missing"),
    "means over the batch": ("layernorm_backward", (("mean_dxhat = np.mean(dxhat, axis=1", "mean_dxhat = np.mean(dxhat, axis=0"),),
                             "the mean of dxhat over axis 0 in the place of axis 1"),
    "dgamma by gamma": ("batchnorm_backward", (("dout * xhat, axis=0)", "dout * xhat * gamma, axis=0)"),), "dgamma: multiplied by gamma"),
    "rows of mixed channels": ("spatial_batchnorm_backward", (("dout.transpose(0, 2, 3, 1).reshape", "dout.reshape"),),
                               "dx and dgamma and dbeta: dout as it is in the place of dout.transpose(0, 2, 3, 1)"),
    "mixed channels": ("spatial_batchnorm_forward", (("x.transpose(0, 2, 3, 1).reshape", "x.reshape"),), "x as it is in the place of"),
    "no stride": ("conv_backward_naive", (("r, c = i * stride, j * stride", "r, c = i, j"),), "the stride is forgotten"),
    "a row too few": ("conv_backward_naive", (("range(dout.shape[2])", "range(dout.shape[2] - 1)"),), "the last row of windows is left out"),
    "channels added": ("conv_forward_naive", (("window * w[f]", "window.sum(axis=0) * w[f].sum(axis=0)"),), "channels are added before"),
    "to the smallest": ("max_pool_backward_naive", (("np.argmax(window)", "np.argmin(window)"),), "dout goes to the smallest number"),
    "of all channels": ("max_pool_forward_naive", (("axis=(2, 3))", "axis=(1, 2, 3))[:, None]"),), "the largest of all channels"),
    "one label": ("svm_loss", (("-= np.sum(margins > 0, axis=1)", "-= 1"),), "-1, not minus the number of margins"),
    "written over": ("svm_loss_naive", (("dW[:, j] += X[i]", "dW[:, j] = X[i]"),), "= in the place of +="),
    "not squared": ("rmsprop", (("* dw * dw", "* dw"),), "dw in the place of dw**2"),
    "cut off": ("corr2d", (("X.shape[0] - h + 1", "X.shape[0] - h"),), "the right numbers, cut off at the end"),
}  # fmt: skip

NOT_TOLD: dict[str, tuple[str, Texts]] = {
    "another variance": ("batchnorm_forward", ((VARIANCE, "1.1 * np.var(x, axis=0)"),)),
    "eps twice": ("batchnorm_forward", ((ROOT, "np.sqrt(var + 3 * eps)"),)),
    "a mean of both axes' means": ("layernorm_forward", ((LAYER_MEAN, "(x.mean(axis=1, keepdims=True) + x.mean(axis=0)) / 2"),)),
    "another part of the mean": ("spatial_groupnorm_backward", (("dxhat - mean_dxhat -", "dxhat - 0.9 * mean_dxhat -"),)),
    "another mask": ("relu_backward", (("(x > 0)", "(x > 0.5 * dout)"),)),
    "another stride": ("conv_backward_naive", (("r, c = i * stride, j * stride", "r, c = i * stride, max(j * stride - 1, 0)"),)),
    "another share": ("max_pool_backward_naive", (("+= dout[n, c, i, j]", "+= dout[n, c, i, j] * (1 + 0.1 * window[0, 0])"),)),
    "another correction": ("adam", ((M_CORRECTED, ' / (1 - 0.5 ** config["t"])'),)),
    "another rate": ("rmsprop", ((RATE, '0.7 * config["cache"] + (1 - config["decay_rate"])'),)),
    "another scale": ("dropout_forward", (("< p) / p", "< p) / p**3"),)),
    "another kernel": ("corr2d", (("* K).sum()", "* np.roll(K, 1)).sum()"),)),
    "another softmax": ("softmax_loss", (("dx = np.exp(log_probs)", "dx = np.exp(log_probs) ** 1.5"),)),
}  # fmt: skip
"""Mistakes near those above that are none of them."""

FIRST = Found("out", "a")

HYPOTHESES = re.compile(
    "mask is|part is missing|over axis|stride is|windows|goes to|shared|written|right if|ddof|outside|in the place of axis|bias correction|must be subtracted|it is x|subtracted"
)


def spoiled(name: str, texts: Texts) -> dict[str, Any]:
    """All right answers, one of them with other texts."""
    source = SOURCE
    for right, wrong in texts:
        source = Mistake(name, "", right, wrong).put_into(source)
    names: dict[str, Any] = {"__name__": "answers"}
    exec(compile(source, "answers.py", "exec"), names)  # noqa: S102
    return names


def hints(name: str, texts: Texts) -> list[str]:
    """The hints for a function with other texts."""
    return grade(name, spoiled(name, texts)).hints


QUICK = {"no correction", "a shift of columns", "the smallest", "moving averages exchanged", "the sum of averages", "averages exchanged", "over the batch", "no shift", "scaled twice", "a flipped kernel", "cut off", "the other mask", "mixed channels", "no stride", "written over",
         "another share", "another kernel", "another softmax", "another scale"}  # fmt: skip


def with_depth(names: dict[str, Any]) -> list[Any]:
    """The names, those that are not quick for the deep profile."""
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.deep) for name in names]


@pytest.mark.parametrize("what", with_depth(TOLD))
def test_a_mistake_is_told_and_no_other(what: str) -> None:
    name, texts, words = TOLD[what]
    found = hints(name, texts)
    assert any(words in hint for hint in found), found
    others = {other for of, _, other in TOLD.values() if of == name and other not in words and words not in other}
    here = [hint for hint in found if not hint.startswith("in large scores")]  # where any lack of a shift overflows
    assert not [hint for hint in here for other in others if other in hint and words not in hint]


@pytest.mark.parametrize("what", with_depth(NOT_TOLD))
def test_what_is_near_a_usual_mistake_is_not_called_it(what: str) -> None:
    found = hints(*NOT_TOLD[what])
    assert found
    assert not [hint for hint in found if HYPOTHESES.search(hint)]


def test_each_result_has_its_own_hint() -> None:
    """Two causes in two results are both told; one cause in two results is told once."""
    texts = ((AVERAGE, AVERAGE_EXCHANGED), (VARIANCE, "np.var(x, axis=0, ddof=1)"))
    assert hints("batchnorm_forward", texts) == [
        "out and bn_param['running_var']: the variance divided by n - 1, not by n: ddof=1",
        "bn_param['running_mean']: right if momentum were 0.1: 1 - momentum where momentum belongs",
    ]
    both = hints("softmax_loss", ((", y]) / num", ", y])"), ("dx[np.arange(num), y] -= 1", "pass")))
    assert both == [
        "loss: received = the reference * 5, len(x): a sum where a mean belongs, or not divided",
        "dx: 1 at the label is not subtracted",
    ]


def test_groups_of_another_kind_are_told() -> None:
    one_group = spoiled("spatial_groupnorm_forward", (("x.reshape(N * G, -1)", "x.reshape(N, -1)"),))
    exercise, _ = tasks()["spatial_groupnorm_forward"]
    (found,) = judged(one_group["spatial_groupnorm_forward"], exercise, exercise.cases[0], 0)
    assert found.text == "normalised over axes (1, 2, 3, 4) in the place of axes (2, 3, 4) of (N, G, C/G, H, W)"


def test_two_gradients_each_have_their_hint() -> None:
    texts = (("np.sum(dout, axis=0)", "np.mean(dout, axis=0)"), ("dw = x", "dw = -x"))
    assert hints("affine_backward", texts) == [
        "dw: claimed = -numeric: the sign",
        "db: claimed = numeric / 4, the batch size: a mean where a sum belongs, or divided twice",
    ]


def test_another_path_has_hints_of_its_own() -> None:
    """Test mode, and large scores."""
    found = hints("dropout_forward", (("< p) / p", "< p)"), ("        out = x\n", "        out = x * p\n")))
    assert [hint.partition(":")[0] for hint in found] == ["out", "in test mode"]
    found = hints("softmax_loss", ((SHIFTED, "x"), (", y]) / num", ", y])")))
    assert found == [
        "loss: received = the reference * 5, len(x): a sum where a mean belongs, or not divided",
        "in large scores: loss and dx: exp overflows: the largest score of each example must be subtracted first",
    ]


def test_a_later_case_decides_what_the_first_leaves_open() -> None:
    """An epsilon of 1e-8 shows too little; a hint that the first case contradicts is not taken."""
    (found,) = hints(
        "rmsprop", (('np.sqrt(config["cache"]) + config["epsilon"]', 'np.sqrt(config["cache"] + config["epsilon"])'),)
    )
    assert found == "in first steps: the step of the weights: epsilon under the root, not added to it"
    found, *_ = hints("batchnorm_forward", (("np.mean(x, axis=0)", "np.mean(x, axis=1, keepdims=True)"),))
    assert not found.startswith("in one feature")


# ---------------------------------------------------------------- what the hypotheses are

WITH_VARIANTS = [one for one in EXERCISES if one.variants]


def outcome(exercise: Exercise, function: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    own = deepcopy(arguments)
    with np.errstate(all="ignore"):
        return results(exercise, function(*own), (arguments[0], *own[1:]))


@pytest.mark.parametrize(
    "exercise",
    [
        one if one.forward in ("softmax_loss_naive", "corr2d_multi_in") else pytest.param(one, marks=pytest.mark.deep)
        for one in WITH_VARIANTS
    ],
    ids=lambda one: f"{one.forward} {one.backward}",
)
def test_each_variant_differs_from_the_reference_somewhere(exercise: Exercise) -> None:
    drawn = [case.draw(np.random.default_rng(0)) for case in exercise.cases]
    for text, function in exercise.variants:
        differ = 0
        for arguments in drawn:
            right = outcome(exercise, exercise.reference, arguments)
            try:
                wrong = outcome(exercise, function, arguments)
            except ValueError:
                continue
            differ += any(not np.array_equal(wrong[what], right[what]) for what in right)
        assert differ, text


@pytest.mark.parametrize("exercise", [one for one in EXERCISES if one.backwards], ids=lambda one: one.backward)
def test_each_backward_with_a_mistake_differs_somewhere(exercise: Exercise) -> None:
    found: dict[str, bool] = {text: False for text, _ in exercise.backwards}
    for case in exercise.cases:
        arguments = case.draw(np.random.default_rng(0))
        if case.backward and not case.ties:
            out, cache = exercise.reference(*deepcopy(arguments))
            dout = np.random.default_rng(1).normal(size=out.shape)
            right = dict(zip(exercise.gradients, gradients_of(exercise, dout, cache), strict=True))
            for text, wrong in supposed_gradients(exercise, dout, arguments):
                found[text] |= any(not np.array_equal(wrong[name], right[name]) for name in wrong)
    assert all(found.values()), found


def test_backwards_without_a_mistake_are_the_references() -> None:
    rng = np.random.default_rng(0)
    for name, function in (
        ("conv_forward_naive", convolution_backward(RIGHT)),
        ("max_pool_forward_naive", pool_backward(RIGHT, RIGHT)),
        ("spatial_batchnorm_forward", rows_backward(Layout())),
        ("batchnorm_forward", norm_backward(NormBack((0,), (0,)), (0,))),
        ("layernorm_forward", norm_backward(NormBack((1,), (1,)), (1,))),
        ("spatial_groupnorm_forward", group_norm_backward(NormBack((2, 3, 4), (2, 3, 4)))),
    ):
        exercise, _ = tasks()[name]
        for case in exercise.cases:
            arguments = case.draw(rng)
            if case.backward and not case.ties:
                out, cache = exercise.reference(*deepcopy(arguments))
                dout = rng.normal(size=out.shape)
                right = dict(zip(exercise.gradients, gradients_of(exercise, dout, cache), strict=True))
                for key, found in function(dout, *deepcopy(arguments)).items():
                    np.testing.assert_allclose(found, right[key], 1e-9, 1e-9, err_msg=f"{name}, {case.label}: {key}")


def test_formulas_without_a_mistake_are_the_references() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    for ours, theirs in (
        (softmaxes(log_softmax), cs231n.softmax_loss),
        (softmaxes(), cs231n.softmax_loss),
        (hinges(), cs231n.svm_loss),
    ):
        assert np.allclose(ours(x, y)[0], theirs(x, y)[0], rtol=1e-12)
        assert np.allclose(ours(x, y)[1], theirs(x, y)[1], rtol=1e-12)
    exercise, _ = tasks()["spatial_batchnorm_forward"]
    for case in exercise.cases:
        arguments = case.draw(rng)
        a, b = (outcome(exercise, f, arguments) for f in (batch_norm(Norm((0, 2, 3), (0, 2, 3))), exercise.reference))
        assert a.keys() <= b.keys()
        assert all(np.allclose(a[what], b[what], rtol=1e-9) for what in a), case.label


def test_variants_of_another_kind_of_call_are_none_of_this() -> None:
    """They refuse it, and so explain nothing."""
    pool, norm = (tasks()[name].exercise for name in ("pool2d", "batch_norm"))
    with pytest.raises(ValueError, match="pool2d: expected the mode max; received avg"):
        pool.variants[0].function(np.ones((3, 3)), (2, 2), "avg")
    with pytest.raises(ValueError, match=r"batch_norm: expected 2 axes; received the shape \(2, 3, 4, 2\)"):
        norm.variants[0].function(*norm.cases[1].draw(np.random.default_rng(0)))


def test_hypotheses_leave_the_arguments_as_they_are() -> None:
    x, param = np.ones((2, 3)), {"stride": 2, "eps": 0.25, "mode": "train"}
    before = deepcopy((x, param))
    found = {one.text: one.arguments for one in hypotheses(abs, ["x", "b", "param"], (x, 2 * x, param), {"eps": 1e-5})}
    assert np.array_equal(x, before[0])
    assert param == before[1]
    assert found["right if stride were 1, not 2"][2] == {"stride": 1, "eps": 0.25, "mode": "train"}
    assert found["right if eps were 1e-05: the default, though another is given"][2]["eps"] == 1e-5
    assert found["right if eps and stride were exchanged"][2]["stride"] == 0.25
    assert found["right if x and b were exchanged"][0][0, 0] == 2
    assert not found["right if b were 0: left out"][1].any()
    assert not [text for text in found if text.startswith("right if x were")]


def test_a_hint_is_not_replaced_by_one_of_another_cause() -> None:
    one, two = (Case(label, lambda rng: ()) for label in ("one", "two"))
    for possible, kept in ((frozenset({"b"}), "in two: out: b"), (frozenset({"c"}), "out: a")):
        known = Hints([one, two])
        known.add(one, [FIRST._replace(possible=possible)])
        known.add(two, [FIRST._replace(text="b", hypothesis="b")])
        assert known.sentences() == [kept]


def right(x: Array, y: Array) -> Any:
    return cs231n.softmax_loss(x, y)


def test_right_results_have_no_hints() -> None:
    exercise, _ = tasks()["softmax_loss"]
    assert judged(right, exercise, exercise.cases[0], 0) == []
