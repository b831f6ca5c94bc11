"""What ONNX's operators of opset 18 do not have, as functions of them: a file that uses one defines it.

So every runtime can compute it, and whoever reads the file sees what it is. Each is written in ONNX's own text form,
https://onnx.ai/onnx/repo-docs/Syntax.html; @name is an attribute.
"""

from functools import cache
from typing import Any

from numpycnn.files.onnx.package import OPSET, OWN_DOMAIN, package

FUNCTIONS = {
    "celu": """celu <alpha> (x) => (y) {
        alpha_32 = Constant <value_float: float = @alpha> ()
        a = CastLike (alpha_32, x)
        share = Div (x, a)
        bent = Elu (share)
        y = Mul (a, bent)
    }""",
    "glu": """glu <axis> (x) => (y) {
        a, b = Split <axis: int = @axis, num_outputs: int = 2> (x)
        gate = Sigmoid (b)
        y = Mul (a, gate)
    }""",
    "log_sigmoid": """log_sigmoid (x) => (y) {
        minus = Neg (x)
        plus = Softplus (minus)
        y = Neg (plus)
    }""",
    "random_crop": """random_crop (x, starts, ends, size) => (y) {
        axes = Constant <value_ints: ints = [2, 3]> ()
        middle = Slice (x, starts, ends, axes)
        whole = Shape <start: int = 0, end: int = 2> (middle)
        sizes = Concat <axis: int = 0> (whole, size)
        y = Resize <mode: string = "linear", coordinate_transformation_mode: string = "half_pixel"> (middle, , , sizes)
    }""",
    "relu": """relu <negative_slope, threshold> (x) => (y) {
        slope_32 = Constant <value_float: float = @negative_slope> ()
        slope = CastLike (slope_32, x)
        from_32 = Constant <value_float: float = @threshold> ()
        from = CastLike (from_32, x)
        beyond = Sub (x, from)
        below = Mul (slope, beyond)
        above = Greater (x, from)
        y = Where (above, x, below)
    }""",
    "sparse_plus": """sparse_plus (x) => (y) {
        ramp = HardSigmoid <alpha: float = 0.5, beta: float = 0.5> (x)
        square = Mul (ramp, ramp)
        one_32 = Constant <value_float: float = 1.0> ()
        one = CastLike (one_32, x)
        small = Less (x, one)
        y = Where (small, square, x)
    }""",
    "sparsemax": """sparsemax <axis> (x) => (y) {
        axis_0 = Constant <value_int: int = @axis> ()
        vector = Constant <value_ints: ints = [1]> ()
        axis_1 = Reshape (axis_0, vector)
        shape = Shape (x)
        count = Gather (shape, axis_1)
        top = ReduceMax <keepdims: int = 1> (x, axis_1)
        d = Sub (x, top)
        falling, places = TopK <axis: int = @axis, largest: int = 1, sorted: int = 1> (d, count)
        sums = CumSum (falling, axis_0)
        zero_32 = Constant <value_float: float = 0.0> ()
        zero = CastLike (zero_32, x)
        one_32 = Constant <value_float: float = 1.0> ()
        one = CastLike (one_32, x)
        ones = Expand (one, shape)
        ranks = CumSum (ones, axis_0)
        products = Mul (ranks, falling)
        bounds = Add (products, one)
        inside = Greater (bounds, sums)
        inside_1 = CastLike (inside, x)
        size = ReduceSum <keepdims: int = 1> (inside_1, axis_1)
        support = Where (inside, falling, zero)
        total = ReduceSum <keepdims: int = 1> (support, axis_1)
        excess = Sub (total, one)
        tau = Div (excess, size)
        more = Sub (d, tau)
        y = Relu (more)
    }""",
    "squareplus": """squareplus <b> (x) => (y) {
        b_32 = Constant <value_float: float = @b> ()
        bb = CastLike (b_32, x)
        root = Sqrt (bb)
        size = Abs (x)
        largest = Max (size, root)
        part = Div (size, largest)
        part_2 = Mul (part, part)
        other = Div (root, largest)
        other_2 = Mul (other, other)
        square = Add (part_2, other_2)
        unit = Sqrt (square)
        hypotenuse = Mul (largest, unit)
        sum = Add (hypotenuse, size)
        half_32 = Constant <value_float: float = 0.5> ()
        half = CastLike (half_32, x)
        high = Mul (half, sum)
        half_b = Mul (half, bb)
        low = Div (half_b, sum)
        zero = Sub (half, half)
        negative = Less (x, zero)
        y = Where (negative, low, high)
    }""",
    "threshold": """threshold <threshold, default_value> (x) => (y) {
        from_32 = Constant <value_float: float = @threshold> ()
        from = CastLike (from_32, x)
        else_32 = Constant <value_float: float = @default_value> ()
        else = CastLike (else_32, x)
        above = Greater (x, from)
        y = Where (above, x, else)
    }""",
    "group_normalization": """group_normalization <groups, epsilon> (x, gamma, beta) => (y) {
        groups_0 = Constant <value_int: int = @groups> ()
        vector = Constant <value_ints: ints = [1]> ()
        groups_1 = Reshape (groups_0, vector)
        same = Constant <value_ints: ints = [0]> ()
        rest = Constant <value_ints: ints = [-1]> ()
        grouped = Concat <axis: int = 0> (same, groups_1, rest)
        values = Reshape (x, grouped)
        last = Constant <value_ints: ints = [2]> ()
        mean = ReduceMean <keepdims: int = 1> (values, last)
        d = Sub (values, mean)
        squares = Mul (d, d)
        variance = ReduceMean <keepdims: int = 1> (squares, last)
        epsilon_32 = Constant <value_float: float = @epsilon> ()
        e = CastLike (epsilon_32, x)
        sum = Add (variance, e)
        std = Sqrt (sum)
        normal = Div (d, std)
        shape = Shape (x)
        again = Reshape (normal, shape)
        scaled = Mul (again, gamma)
        y = Add (scaled, beta)
    }""",
    "rms_scaling": """rms_scaling <axes, epsilon> (x, gamma) => (y) {
        over = Constant <value_ints: ints = @axes> ()
        mean = ReduceMean <keepdims: int = 1> (x, over)
        d = Sub (x, mean)
        squares = Mul (d, d)
        variance = ReduceMean <keepdims: int = 1> (squares, over)
        epsilon_32 = Constant <value_float: float = @epsilon> ()
        e = CastLike (epsilon_32, x)
        sum = Add (variance, e)
        std = Sqrt (sum)
        scaled = Div (x, std)
        y = Mul (scaled, gamma)
    }""",
}
"""By name. Those named as an activation are it, with its settings as attributes."""


@cache
def function(name: str) -> Any:
    """The function, as a file defines it."""
    return package().parser.parse_function(f'<opset_import: ["" : {OPSET}], domain: "{OWN_DOMAIN}">\n{FUNCTIONS[name]}')
