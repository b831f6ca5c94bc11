"""Check gradients: of a whole model, of a layer, or of any function with its claimed gradients.

    from numpycnn.gradcheck import assert_gradients, gradcheck

    print(gradcheck(model, x, y))                                   a report, as a table
    assert_gradients(np.sin, lambda dy, x: dy * np.cos(x), x)       for a test suite

Read `numeric.py` first, how a derivative is measured; then `decision.py`, the verdict on one claimed derivative;
`comparison.py`, which derivatives are compared (`entries.py` measures many at once); and `nearby.py`, the second look
at what failed.
"""

from numpycnn.gradcheck.functions import gradcheck_function
from numpycnn.gradcheck.models import assert_gradients, gradcheck, gradcheck_layer
from numpycnn.gradcheck.report import Report, Row

__all__ = ["Report", "Row", "assert_gradients", "gradcheck", "gradcheck_function", "gradcheck_layer"]
