"""One name for every gradient check: of models, layers, objects and functions."""

from typing import Any

from numpycnn.gradcheck.code import parameter_names
from numpycnn.gradcheck.functions import gradcheck_function
from numpycnn.gradcheck.models import gradcheck, gradcheck_layer
from numpycnn.gradcheck.report import Report
from numpycnn.layers import Layer
from numpycnn.models import Sequential


def check(checked: Any, *arguments: Any, **options: Any) -> Report:
    """Check gradients, whoever has them; says in words what is wrong, where it can tell.

        check(model, x, y)                              a compiled model: `gradcheck`
        check(layer, x)                                 a layer of this library: `gradcheck_layer`
        check(conv_forward, conv_backward, x, w, b, {"stride": 1, "pad": 1})        a forward and its backward
        check(MyLayer(4, 3), x)                         an object with forward(x), backward(dy), and parameters
        check(MyFunction, x, w)                         a class with forward(ctx, x, w) and backward(ctx, dy)
        check(svm_loss, None, scores, labels)           a function that returns a loss and its gradient

    arguments and options beyond these: as for `gradcheck_function`.

    Raises TypeError or ValueError for arguments that do not fit. What is wrong with the gradients is in the report.
    """
    if isinstance(checked, Sequential):
        return gradcheck(checked, *arguments, **options)
    if isinstance(checked, Layer):
        return gradcheck_layer(checked, *arguments, **options)
    forward, backward = (getattr(checked, name, None) for name in ("forward", "backward"))
    if not callable(forward) or not callable(backward):
        return gradcheck_function(checked, *arguments, **options)
    if isinstance(checked, type) and parameter_names(forward)[:1] == ["self"]:
        raise TypeError(
            f"check: expected an object; received the class {checked.__name__}: write {checked.__name__}(...)"
        )
    return gradcheck_function(forward, backward, *arguments, **options)


def assert_gradients(checked: Any, *arguments: Any, allow_inconclusive: bool = False, **options: Any) -> None:
    """For test suites: raises AssertionError, with the report as message, unless the gradients are right.

    Called as `check`. allow_inconclusive: whether to accept inconclusive gradients too.
    """
    report = check(checked, *arguments, **options)
    if not report.passed and not (report.inconclusive and allow_inconclusive):
        raise AssertionError(str(report))
