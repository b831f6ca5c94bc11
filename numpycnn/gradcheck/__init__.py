"""Check gradients: of a whole model, of a layer, or of any code in the style it is written in.

    from numpycnn.gradcheck import assert_gradients, check

    print(check(model, x, y))                                       a report, as a table
    print(check(conv_forward, conv_backward, x, w, b, param))       with what is wrong in words
    assert_gradients(np.sin, lambda dy, x: dy * np.cos(x), x)       for a test suite

Read `numeric.py` first, how a derivative is measured; then `decision.py`, the verdict on one claimed derivative;
`comparison.py`, which derivatives are compared (`entries.py` measures many at once); and `nearby.py`, the second look
at what failed. `code.py` has the styles, `diagnosis.py` the words.
"""

from numpycnn.gradcheck.check import assert_gradients, check
from numpycnn.gradcheck.functions import gradcheck_function
from numpycnn.gradcheck.models import gradcheck, gradcheck_layer
from numpycnn.gradcheck.report import Report, Row

__all__ = ["Report", "Row", "assert_gradients", "check", "gradcheck", "gradcheck_function", "gradcheck_layer"]
