"""Faults that people make in this field: what stands in the library, and what a mistaken author would have written.

`run_faults.py` puts them in, one at a time, and runs tests that must fail. A new operation, layer or file gets its
own lines here.
"""

from typing import NamedTuple

Rewriting = tuple[str, str, str]
"""What the fault is, the text as it stands in the file, exactly once, and the text that takes its place."""


class Target(NamedTuple):
    """A file of the library, tests that must notice each of its faults, quickest first, and the faults."""

    file: str
    tests: tuple[str, ...]
    faults: tuple[Rewriting, ...]


# fmt: off
KERNELS = ("test_kernels.py",)
TRAINING = ("test_sequential.py", "test_parallel.py", "test_parity.py")

TARGETS = (
    Target(
        "files/history.py",
        ("test_several_numbers.py",),
        (
            ("infinity is written as it is", "return figure if isfinite(figure) else json.dumps(figure)", "return figure"),
            ("epochs may have different numbers", "if len(shapes) > 1 or", "if"),
        ),
    ),
    Target(
        "callbacks/tensorboard.py",
        ("test_several_numbers.py",),
        (("all classes have one tag", 'f"{name}/{k}": one', 'f"{name}/0": one'),),
    ),
    Target(
        "common/figures.py",
        ("test_several_numbers.py",),
        (("the first class stands for all", "float(np.mean(figure))", "float(np.ravel(figure)[0])"),),
    ),
    Target(
        "common/complex_step.py",
        ("test_own_activations.py",),
        (
            ("the real part is the derivative", "return np.imag(plain(", "return np.real(plain("),
            ("the step is too wide", "STEP = 1e-20", "STEP = 1e-3"),
            ("comparisons are those of complex numbers", "*map(np.real, values)", "*values"),
            ("the sign is that of a complex number", "np.sign(np.real(x)) + 0j", "np.sign(x)"),
            ("|x| loses its slope", "np.sign(np.real(x)) * x", "np.abs(x)"),
            ("of two equal ones the first is the maximum", "np.real(a) > np.real(b)", "np.real(a) >= np.real(b)"),
            ("the minimum is the maximum", "np.real(a) < np.real(b)", "np.real(a) > np.real(b)"),
            ("whole rows are as good as elements", "return \"it is not elementwise\"", "pass"),
            ("the real part is not looked at", "(abs(real - y) <= margin) & ", ""),
            ("the derivative is not looked at", " & (abs(exact - differences) <= margin)", ""),
            ("no finite value is needed", "finite.any() and ", ""),
            ("the result is float64", "return (dy * derivative(function, z)).astype(dy.dtype)",
             "return dy * derivative(function, z)"),
        ),
    ),
    Target(
        "functional/dense.py",
        KERNELS,
        (
            ("the bias is not added", "return y if bias is None else y + bias", "return y"),
            ("the bias is subtracted", "else y + bias", "else y - bias"),
            ("the bias's gradient is a mean", "dy.sum(axis=0)  # (D", "dy.mean(axis=0)  # (D"),
            ("the bias's gradient is of the first row", "dy.sum(axis=0)  # (D", "dy[0]  # (D"),
            ("the kernel's gradient is a mean over the rows", "return x.T @ dy,", "return x.T @ dy / len(x),"),
            ("the kernel's gradient is 1.001 times itself", "return x.T @ dy,", "return x.T @ dy * 1.001,"),
            ("the input's gradient is 1.001 times itself", "return dy @ kernel.T", "return dy @ kernel.T * 1.001"),
        ),
    ),
    Target(
        "functional/convolution.py",
        KERNELS,
        (
            ("the kernel is flipped", "cols @ kernel.reshape(-1, kernel.shape[3])", "cols @ kernel[::-1, ::-1].reshape(-1, kernel.shape[3])"),
            ("the kernel's rows and columns are swapped", "cols @ kernel.reshape(-1, kernel.shape[3])", "cols @ kernel.swapaxes(0, 1).reshape(-1, kernel.shape[3])"),
            ("the kernel's channels come before its taps", "cols @ kernel.reshape(-1, kernel.shape[3])", "cols @ kernel.transpose(2, 0, 1, 3).reshape(-1, kernel.shape[3])"),
            ("the bias is not added", "y = y + bias", "pass"),
            ("the image is padded with ones", "value: float = 0.0", "value: float = 1.0"),
            ("padding goes around the wrong axes", "((0, 0), rows, cols, (0, 0))", "((0, 0), cols, rows, (0, 0))"),
            ("the border is not cut off in front", "return dpadded[:, top : top + h, left : left + w]", "return dpadded[:, :h, :w]"),
            ("the border is cut off by the padding behind", "return dpadded[:, top : top + h, left : left + w]", "return dpadded[:, bottom : bottom + h, right : right + w]"),
            ("col2im overwrites in place of adding", "dpadded[tap] += part", "dpadded[tap] = part"),
            ("col2im adds a repeated pixel once", "dpadded[tap] += part", "dpadded[tap] = np.where(dpadded[tap] == 0, part, dpadded[tap])"),
            ("strides are ignored backward", "zip(window.taps(window.output_size((h, w))), parts, strict=True)", "zip(Window(window.size, (1, 1), window.padding, window.dilation).taps(window.output_size((h, w))), parts)"),
            ("dilation is ignored backward", "zip(window.taps(window.output_size((h, w))), parts, strict=True)", "zip(Window(window.size, window.strides, window.padding).taps(window.output_size((h, w))), parts)"),
            ("taps and channels are swapped in im2col", "for tap in window.taps(output)], axis=3)", "for tap in window.taps(output)], axis=4)"),
            ("the kernel's gradient is 1.001 times itself", "dkernel = cols.T @ dy  #", "dkernel = cols.T @ dy * 1.001  #"),
            ("the bias's gradient is a mean", "return dkernel.reshape(kernel.shape), dy.sum(axis=0)", "return dkernel.reshape(kernel.shape), dy.mean(axis=0)"),
            ("the input's gradient misses the flipped kernel's transpose", "@ kernel.reshape(-1, f).T", "@ kernel[::-1, ::-1].reshape(-1, f).T"),
            ("the input's gradient is 1.001 times itself", "return col2im(dcols, x_shape, window)", "return col2im(dcols * 1.001, x_shape, window)"),
        ),
    ),
    Target(
        "functional/window.py",
        KERNELS,
        (
            ("an odd row of padding goes to the top", "return (rows // 2, rows - rows // 2), (cols // 2, cols - cols // 2)", "return (rows - rows // 2, rows // 2), (cols // 2, cols - cols // 2)"),
            ("an odd column of padding goes to the left", "return (rows // 2, rows - rows // 2), (cols // 2, cols - cols // 2)", "return (rows // 2, rows - rows // 2), (cols - cols // 2, cols // 2)"),
            ("same padding forgets the dilation", "rows = max((oh - 1) * sh + eh - h, 0)", "rows = max((oh - 1) * sh + self.size[0] - h, 0)"),
            ("same padding is that of stride one", "cols = max((ow - 1) * sw + ew - w, 0)", "cols = ew - 1"),
            ("same padding may be negative", "rows = max((oh - 1) * sh + eh - h, 0)", "rows = (oh - 1) * sh + eh - h"),
            ("same padding rounds down", "return ceil_div(h, sh), ceil_div(w, sw)", "return h // sh, w // sw"),
            ("the last window is lost", "return (h - eh) // sh + 1, (w - ew) // sw + 1", "return (h - eh) // sh, (w - ew) // sw + 1"),
            ("a window may stand half outside", "return (h - eh) // sh + 1, (w - ew) // sw + 1", "return (h - eh) // sh + 1, ceil_div(w - ew, sw) + 1"),
            ("rows move by the columns' stride", "(sh, sw), (dh, dw), (oh, ow) = self.strides, self.dilation, output", "(sw, sh), (dh, dw), (oh, ow) = self.strides, self.dilation, output"),
            ("rows are dilated by the columns' rate", "(sh, sw), (dh, dw), (oh, ow) = self.strides, self.dilation, output", "(sh, sw), (dw, dh), (oh, ow) = self.strides, self.dilation, output"),
            ("the extent is one gap too long", "return (kh - 1) * dh + 1, (kw - 1) * dw + 1", "return kh * dh, (kw - 1) * dw + 1"),
            ("taps run column by column", "for u in range(self.size[0]):\n            for v in range(self.size[1]):", "for v in range(self.size[1]):\n            for u in range(self.size[0]):"),
        ),
    ),
    Target(
        "functional/pooling.py",
        KERNELS,
        (
            ("the last of equal maxima wins", "wins = seen > y", "wins = seen >= y"),
            ("the border of a pool is zero", "padded = pad(x, window, bottom)", "padded = pad(x, window)"),
            ("the pool takes the smallest", "y = np.maximum(y, seen)", "y = np.minimum(y, seen)"),
            ("the lowest float is zero", "else -np.inf", "else 0.0"),
            ("every value up to the winner gets the gradient", "(winner == k) * dy", "(winner <= k) * dy"),
            ("the gradient is shared by the window", "(winner == k) * dy", "dy / window.count"),
            ("a mean counts the padding", "return sum_under(x, window) / pixels_under(x.shape, window, x.real.dtype)", "return sum_under(x, window) / window.count"),
            ("a mean is a sum", "return sum_under(x, window) / pixels_under(x.shape, window, x.real.dtype)", "return sum_under(x, window)"),
            ("backward, a mean counts the padding", "part = dy / pixels_under(x_shape, window, dy.real.dtype)", "part = dy / window.count"),
            ("the gradient of a mean is not divided", "part = dy / pixels_under(x_shape, window, dy.real.dtype)", "part = dy"),
            ("a global mean's gradient is not divided", "np.broadcast_to(dy / (h * w), x_shape)", "np.broadcast_to(dy, x_shape)"),
            ("a global mean runs over rows alone", "x.mean(axis=(1, 2), keepdims=True)", "x.mean(axis=1, keepdims=True)[:, :, :1]"),
            ("every pixel as large as the winner gets the gradient", "np.put_along_axis(dpixels, winner, dy, axis=1)", "dpixels[...] = dy"),
        ),
    ),
    Target(
        "functional/grouped.py",
        KERNELS,
        (
            ("every group sees the first channels", "np.split(images, groups, axis=-1), np.split", "[np.split(images, groups, axis=-1)[0]] * groups, np.split"),
            ("groups are interleaved", "np.split(images, groups, axis=-1), np.split", "[images[..., g::groups] for g in range(groups)], np.split"),
            ("the groups' outputs are added up", "y = side_by_side(ys)", "y = side_by_side([sum(ys)] * groups)"),
            ("the bias is not added", "return y if bias is None else y + bias, cols", "return y, cols"),
        ),
    ),
    Target(
        "functional/depthwise.py",
        KERNELS,
        (
            ("filters of all channels are mixed up", "y = y.reshape(*y.shape[:3]", "y = y.swapaxes(3, 4).reshape(*y.shape[:3]"),
            ("the kernel is flipped", "return kernel.reshape(-1, *kernel.shape[2:])", "return kernel[::-1, ::-1].reshape(-1, *kernel.shape[2:])"),
            ("a channel's filters are averaged backward", "(of_filters * weights).sum(axis=-1)", "(of_filters * weights).mean(axis=-1)"),
            ("the kernel's gradient is that of a mean", 'np.einsum("nijc,nijcm->cm", padded[tap], of_filters)', 'np.einsum("nijc,nijcm->cm", padded[tap], of_filters) / len(x)'),
        ),
    ),
    Target(
        "functional/transposed.py",
        KERNELS,
        (
            ("the kernel is turned around, as an upsampled convolution takes it", "conv2d_backward_input(x, kernel, padded", "conv2d_backward_input(x, kernel[::-1, ::-1], padded"),
            ("the odd row is cut off in front", "return window.borders(output, image)", "(top, bottom), cols = window.borders(output, image)\n    return (bottom, top), cols"),
            ("output_padding goes to the front", "return window.borders(output, image)", "rows, (left, right) = window.borders(output, image)\n    return rows, (left + 1, right)"),
            ("strides larger than the kernel lose their rest", "(w - 1) * sw + max(lw, sw)", "(w - 1) * sw + lw"),
            ("dilation is lost", 'Window(window.size, window.strides, "valid", window.dilation)', 'Window(window.size, window.strides, "valid")'),
            ("the bias is not added", "return y if bias is None else y + bias", "return y"),
            ("the bias's gradient is of the input's size", "return dkernel, dy.sum(axis=(0, 1, 2))", "return dkernel, dy[:, : x.shape[1], : x.shape[2]].sum(axis=(0, 1, 2))"),
        ),
    ),
    Target(
        "functional/padding.py",
        KERNELS,
        (
            ("the border's sides are mixed up", "return x[:, top : h - bottom, left : w - right]", "return x[:, bottom : h - top, left : w - right]"),
            ("a border of no pixels leaves nothing", "top : h - bottom, left : w - right", "top:-bottom, left : w - right"),
            ("rows are padded as columns", "((0, 0), *borders, (0, 0))", "((0, 0), *borders[::-1], (0, 0))"),
            ("the border repeats the outermost pixel", "return np.pad(x, ((0, 0), *borders, (0, 0)))", 'return np.pad(x, ((0, 0), *borders, (0, 0)), "edge")'),
        ),
    ),
    Target(
        "functional/resampling.py",
        KERNELS,
        (
            ("pixels are tiled, not repeated", "x.repeat(factors[0], axis=1)", "np.concatenate([x] * factors[0], axis=1)"),
            ("a copy's gradient is a mean", "return copies.sum(axis=(2, 4))", "return copies.mean(axis=(2, 4))"),
            ("copies are summed over the wrong axes", "return copies.sum(axis=(2, 4))", "return copies.reshape(n, sh, rows // sh, sw, cols // sw, c).sum(axis=(1, 3))"),
            ("pixels stand at their corners", "(np.arange(size * factor) + 0.5) / factor - 0.5", "np.arange(size * factor) / factor"),
            ("corners are aligned", "(np.arange(size * factor) + 0.5) / factor - 0.5", "np.arange(size * factor) * (size - 1) / max(size * factor - 1, 1)"),
            ("the image fades at its border", "np.clip(centers, 0, size - 1)[:, None]", "centers[:, None]"),
            ("backward interpolates at stride", "map_axes(linear_weights(rows // sh, sh, dtype).T, linear_weights(cols // sw, sw, dtype).T, dy)", "dy[:, ::sh, ::sw]"),
        ),
    ),
    Target(
        "functional/rectifiers.py",
        ("test_activations.py",),
        (
            ("ReLU passes the gradient at 0", "dy * (y.real > 0)", "dy * (y.real >= 0)"),
            ("ReLU's mask is not applied", "return dy * (y.real > 0)", "return dy"),
            ("ReLU leaks", "y = np.zeros_like(z)", "y = 0.01 * z"),
            ('the leaky side has the wrong sign', 'y = y + negative_slope * np.minimum', 'y = y - negative_slope * np.minimum'),
            ('the leak begins at 0 instead of the threshold', 'np.minimum(z - threshold, 0)', 'np.minimum(z, 0)'),
            ('a ReLU with a maximum passes gradients beyond it', 'return dz if max_value is None else dz * (y.real < max_value)', 'return dz'),
            ("hard_silu's derivative misses the second factor's", 'return dy * hard_sigmoid(z) + np.where(within(z, -3, 3), z, 0) * (dy / 6)', 'return dy * hard_sigmoid(z)'),
            ("hard_sigmoid has Keras 2's slope", 'dy / 6 * within(z, -3, 3)', 'dy / 5 * within(z, -2.5, 2.5)'),
        ),
    ),
    Target(
        "functional/sigmoids.py",
        ("test_activations.py",),
        (
            ("sigmoid overflows", "np.exp(negative_part(z)) / (1 + exp_minus_abs(z))", "1 / (1 + np.exp(-z))"),
            ("sigmoid is mirrored", "np.exp(negative_part(z))", "np.exp(negative_part(-z))"),
            ("sigmoid's derivative misses a factor", "return dy * (e / (1 + e) ** 2)", "return dy * (e / (1 + e))"),
            ("tanh's derivative is the sigmoid's", "e = exp_minus_abs(z) ** 2", "e = exp_minus_abs(z)"),
            ("tanh's derivative misses its factor", "4 * e / (1 + e) ** 2", "e / (1 + e) ** 2"),
            ('softplus overflows', 'return np.maximum(z, 0) + np.log1p(exp_minus_abs(z))', 'return np.log(1 + np.exp(z))'),
            ("silu's derivative is its gate", 'return dy * (sigmoid(z) * (1 + z * sigmoid(-z)))', 'return dy * sigmoid(z)'),
            ("glu's halves are exchanged", '    a, b = np.split(z, 2, axis)\n    return a * sigmoid(b)', '    b, a = np.split(z, 2, axis)\n    return a * sigmoid(b)'),
            ("softsign's derivative is not squared", 'return dy * (1 / (1 + magnitude(z))) ** 2', 'return dy * (1 / (1 + magnitude(z)))'),
            ('a small tanh_shrink cancels', 'near = np.abs(z.real) < 1', 'near = np.abs(z.real) < 0'),
        ),
    ),
    Target(
        "functional/softmax.py",
        ("test_activations.py",),
        (
            ("softmax runs over the batch", "return e / e.sum(axis=axis, keepdims=True)", "return e / e.sum(axis=0, keepdims=True)"),
            ("softmax is not normalized", "return e / e.sum(axis=axis, keepdims=True)", "return e"),
            ("softmax overflows", "e = np.exp(minus_largest(z, axis))\n    return", "e = np.exp(z)\n    return"),
            ("softmax's derivative has its diagonal alone", "return y * (dy - (dy * y).sum(axis=axis, keepdims=True))", "return dy * y * (1 - y)"),
            ("softmax's derivative sums dy alone", "(dy * y).sum(axis=axis, keepdims=True))", "dy.sum(axis=axis, keepdims=True))"),
            ("the logarithm of softmax underflows", "np.where(large, -np.log1p(others), d - np.log(total))", "np.log(y)"),
            ("the logarithm loses its digits where y is nearly 1", "np.where(large, -np.log1p(others), d - np.log(total))", "d - np.log(total)"),
            ("1 - p loses its digits", "return np.where(large, np.where(large, 0, a).sum(axis=axis, keepdims=True), total - a)", "return total - a"),
            ("log_softmax's derivative is softmax's", 'return dy * sum_of_others(p, axis) - p * (dy.sum(axis=axis, keepdims=True) - dy)', 'return softmax_backward(dy, z, p, axis)'),
            ("sparsemax's threshold is off by one rank", 'np.arange(1, z.shape[axis] + 1)', 'np.arange(z.shape[axis])'),
            ('sparsemax passes its gradient unchanged', 'return np.where(support, dy - mean, 0)', 'return np.where(support, dy, 0)'),
        ),
    ),
    Target(
        "functional/exponentials.py",
        ("test_activations.py",),
        (
            ("ELU's slope below zero misses alpha", 'dy * (alpha * np.exp(np.minimum(z, 0)))', 'dy * np.exp(np.minimum(z, 0))'),
            ('ELU overflows where it is linear', 'np.where(z.real > 0, dy, dy * (alpha * np.exp(np.minimum(z, 0))))', 'np.where(z.real > 0, dy, dy * (alpha * np.exp(z)))'),
            ('CELU is an ELU', 'alpha * np.expm1(np.minimum(z, 0) / alpha)', 'alpha * np.expm1(np.minimum(z, 0))'),
        ),
    ),
    Target(
        "functional/error_function.py",
        ("test_activations.py", "test_activation_objects.py"),
        (
            ("GELU's derivative misses the density", 'return dy * (normal_below(z) + z * exp_minus_square(bounded(z / sqrt(2), -LARGE_END, LARGE_END)) / sqrt(2 * pi))', 'return dy * normal_below(z)'),
            ('the normal distribution is that of z, not of z/sqrt(2)', 'return erfc(-z / sqrt(2)) / 2', 'return erfc(-z) / 2'),
            ("the approximate GELU's inner derivative misses its 3", 'sqrt(2 / pi) * (1 + 3 * 0.044715 * z**2)', 'sqrt(2 / pi) * (1 + 0.044715 * z**2)'),
            ('a digit of a coefficient is wrong', '3.77485237685302021e2', '3.77485237685382021e2'),
        ),
    ),
    Target(
        "activations.py",
        ("test_activation_objects.py", "test_activations.py"),
        (
            ('settings do not reach the backward', 'twin.forward, twin.backward = (partial(function, **twin.settings) for function in self.functions)', 'twin.forward = partial(self.functions[0], **twin.settings)'),
            ('activations with different settings are equal', 'return *((self.function,) if self.function else self.functions), *sorted(self.settings.items())', 'return (self.function,) if self.function else self.functions'),
            ("one's own activation is saved under the library's name", 'known.functions != activation.functions', 'False'),
            ('glu does not halve the shape', 'return (*shape[:index], shape[index] // 2, *shape[index + 1 :])', 'return shape'),
        ),
    ),
    Target(
        "layers/activation.py",
        ("test_activation_objects.py", "test_activations.py"),
        (
            ("a layer's settings are left out of its configuration", '**{name: self.activation.setting(name) for name in names}', '**{name: relu.setting(name) for name in names}'),
            ("LeakyReLU has the function's slope", 'negative_slope: float = 0.3', 'negative_slope: float = 0.2'),
        ),
    ),
    Target(
        "layers/prelu.py",
        ("test_activation_objects.py", "test_activations.py"),
        (
            ('axes are counted without the batch axis', 'enumerate(input_shape, start=1)', 'enumerate(input_shape)'),
            ("alpha's initializer is passed over", 'chosen = {"alpha": self.alpha_initializer}', 'chosen = {"alpha": initializers.INITIALIZERS["zeros"]}'),
        ),
    ),
    Target(
        "functional/dropout.py",
        ("test_dropout.py", "test_noise.py"),
        (
            ("alpha dropout's variance is not kept", "((1.0 - rate) * (1.0 + rate * SELU_FLOOR**2)) ** -0.5", "1.0 / (1.0 - rate)"),
            ("alpha dropout drops to 0", "-SELU_SCALE * SELU_ALPHA", "-0.0"),
            ("dropout does not scale", "1.0 / (1.0 - rate) if rate < 1.0 else 1.0", "1.0"),
            ("dropout scales by 1/rate", "1.0 / (1.0 - rate) if rate < 1.0 else 1.0", "1.0 / rate if rate > 0.0 else 1.0"),
            ("dropout divides by zero at rate 1", "1.0 / (1.0 - rate) if rate < 1.0 else 1.0", "np.divide(1.0, 1.0 - rate)"),
            ("dropout keeps with the rate's probability", "divmod((1.0 - rate) * 2**16, 1)", "divmod(rate * 2**16, 1)"),
            ("the kept fraction is rounded", "if fraction:", "if False:"),
            ("all examples have one mask", "rng.integers(2**64, size=(n, ceil_div(units, 4)), dtype=np.uint64)", "np.repeat(rng.integers(2**64, size=(1, ceil_div(units, 4)), dtype=np.uint64), n, axis=0)"),
        ),
    ),
    Target(
        "functional/normalization.py",
        ("test_normalization.py",),
        (
            ("the variance by the difference of squares cancels", "channel_sums(deviations, deviations) - size * (mean - center) ** 2", "channel_sums(x, x) - size * mean * mean"),
            ("the means of parts are averaged whatever their sizes", "mean = a.mean + delta * (b.size / size)", "mean = a.mean + delta / 2"),
            ("the distance of the parts' means is forgotten", "a.m2 + b.m2 + delta * delta * (a.size * b.size / size)", "a.m2 + b.m2"),
            ("epsilon stands outside the root", "1.0 / np.sqrt(variance + epsilon)", "1.0 / (np.sqrt(variance) + epsilon)"),
            ("epsilon is forgotten", "1.0 / np.sqrt(variance + epsilon)", "1.0 / np.sqrt(variance)"),
            ("beta is forgotten", "return y if beta is None else y + like_example(beta, x), xhat", "return y, xhat"),
            ("what was scaled is kept as xhat", "y if beta is None else y + like_example(beta, x), xhat", "y if beta is None else y + like_example(beta, x), y"),
            ("gamma's gradient is of dy alone", "return channel_sums(dy), channel_sums(dy, xhat)", "return channel_sums(dy), channel_sums(dy)"),
            ("the mean is taken for a constant backward", "centered = dy - mean_dy - xhat", "centered = dy - xhat"),
            ("the variance is taken for a constant backward", "centered = dy - mean_dy - xhat * mean_dy_xhat", "centered = dy - mean_dy"),
            ("gamma is forgotten backward", "(inverse_std if gamma is None else gamma * inverse_std)", "inverse_std"),
            ("sums are not accumulated in float64", "dtype=np.result_type(*factors, np.float64))", "dtype=np.result_type(*factors))"),
            ("the mean's rounding is left in every xhat", "(x - like_example(center, x) - like_example(rest, x))", "(x - like_example(center, x))"),
        ),
    ),
    Target(
        "functional/layer_normalization.py",
        ("test_layer_normalization.py",),
        (
            ("epsilon is added before the mean of squares", "(deviations * deviations).mean(axis=axes, keepdims=True), epsilon)", "(deviations * deviations + epsilon).sum(axis=axes, keepdims=True), epsilon)"),
            ("statistics are float32", "np.result_type(x, np.float64)", "x.dtype"),
            ("the mean is taken for a constant backward", "(dxhat - mean_dxhat - xhat * mean_product)", "(dxhat - xhat * mean_product)"),
            ("the variance is taken for a constant backward", "(dxhat - mean_dxhat - xhat * mean_product)", "(dxhat - mean_dxhat)"),
            ("rms_scaling's backward subtracts the mean", "(factor * (ds - normalized.xhat", "(factor * (ds - ds.mean(axis=axes, keepdims=True) - normalized.xhat"),
            ("gamma's gradient is of dy alone", "for a in (dy, dy * xhat))", "for a in (dy, dy))"),
            ("parameters' gradients are summed in float32", "keepdims=True, dtype=np.float64)[0]", "keepdims=True)[0]"),
        ),
    ),
    Target(
        "losses/base.py",
        ("test_losses.py", "test_more_losses.py", "test_gradients.py", "test_reductions.py"),
        (
            ("the gradient is not divided by the positions", "gradient = row_gradient if row_gradient.ndim == 2 else row_gradient / prod(row_gradient.shape[1:-1])", "gradient = row_gradient"),
            ("losses are summed over the positions", "else values.reshape(len(values), -1).mean(axis=1)", "else values.reshape(len(values), -1).sum(axis=1)"),
            ("the mean over a batch is a sum", "return float(values.sum() / (rows * self.divisor(np.asarray(y_true), rows, weights)))", "return float(values.sum())"),
            ("a sum is over the examples alone", "return 1 / rows", "return 1.0"),
            ("a mean by weights is over the examples", "return float(weights.sum()) / rows or 1.0", "return len(y)"),
            ("weights that are all 0 are divided by", "return float(weights.sum()) / rows or 1.0", "return float(weights.sum()) / rows"),
            ("what has no weight counts where it is infinite", "where=weights != 0)", "where=weights == weights)"),
            ('a row of targets for one output is not a column', 'y_true = y_true[..., None]  # (N, ..., 1)', 'pass'),
        ),
    ),
    Target(
        "losses/crossentropy.py",
        ("test_losses.py", "test_more_losses.py", "test_gradients.py", "test_reductions.py"),
        (
            ("the mean is over the rows that are ignored too", "return float(kept.sum()) / rows or 1.0", "return len(y)"),
            ("a row that is ignored is of its class", "one_hot &= kept[..., None]", "pass"),
            ("rows that are ignored have weights", "kept = kept * weights.reshape", "kept = 1 * weights.reshape"),
            ("the gradient from logits misses the target", "gradient = p * y.sum(axis=-1, keepdims=True) - y", "gradient = p * y.sum(axis=-1, keepdims=True)"),
            ("the gradient from logits is y - p", "gradient = p * y.sum(axis=-1, keepdims=True) - y", "gradient = y - p * y.sum(axis=-1, keepdims=True)"),
            ("p - y loses the digits where p is nearly 1", "return np.where(large, -others, gradient)", "return gradient"),
            ("logits are taken for probabilities", "        if self.from_logits:\n            return logits_gradient", "        if not self.from_logits:\n            return logits_gradient"),
            ("with its value, a subclass's own gradient is passed over", "if not self.from_logits or self.has_own_formulas():", "if not self.from_logits:"),
            ("with its value, the gradient of rows is summed", "self.of_example(logits_gradient(y, p))", "logits_gradient(y, p)"),
            ("log of a zero probability", "np.log(clip(y_pred / row_sums(y_pred)))", "np.log(y_pred / row_sums(y_pred))"),
            ("probabilities are not divided by their sum", "np.log(clip(y_pred / row_sums(y_pred)))", "np.log(clip(y_pred))"),
            ("0 * infinity is NaN", "out=np.zeros_like(log_p), where=y != 0)", "out=np.zeros_like(log_p))"),
            ("the cross-entropy is negative", "terms = np.multiply(y, -log_p,", "terms = np.multiply(y, log_p,"),
            ("a clipped probability has a gradient", "y = np.where(clipped == q, y, 0)", "pass"),
            ("the sum's derivative is forgotten", "return (F.sum_of_others(y) - y / clipped * F.sum_of_others(q)) / total", "return -y / clipped / total"),
            ("the classes are averaged", "return terms.sum(axis=-1)", "return terms.mean(axis=-1)"),
            ("labels are counted from 1", "labels[..., None] == np.arange(classes)", "labels[..., None] == np.arange(classes) + 1"),
            ("targets that sum to 2 are let pass", "& (np.abs(rows.sum(axis=-1) - 1) < 1e-3))", ")"),
            ("a subclass's own gradient is passed over", "if self.from_logits or self.has_own_formulas():", "if self.from_logits:"),
            ('label smoothing takes from the true class alone', '+ self.label_smoothing / classes', '+ 0 * classes'),
            ('a binary label is smoothed over the outputs', 'return self.smoothed(y_true, 2)', 'return self.smoothed(y_true, y_true.shape[-1])'),
            ('only yes counts', 'terms += np.multiply(1 - y_true, no,', 'terms += 0 * np.multiply(1 - y_true, no,'),
            ('the binary gradient is not a mean', '- y_true * F.sigmoid(-y_pred)) / count', '- y_true * F.sigmoid(-y_pred))'),
            ('a last sigmoid is trained on probabilities', '    link = sigmoid\n', '    link = None\n'),
        ),
    ),
    Target(
        "losses/regression.py",
        ("test_losses.py", "test_more_losses.py", "test_gradients.py"),
        (
            ("the squared error is halved", "((y_pred - y_true) ** 2)", "((y_pred - y_true) ** 2 / 2)"),
            ("the squared error is summed", "((y_pred - y_true) ** 2).mean(axis=-1)", "((y_pred - y_true) ** 2).sum(axis=-1)"),
            ("its gradient misses the factor of 2", "(2.0 / y_pred.shape[-1])", "(1.0 / y_pred.shape[-1])"),
            ("its gradient is not a mean", "(2.0 / y_pred.shape[-1])", "2.0"),
            ("its gradient has the wrong sign", "return (y_pred - y_true) * (2.0", "return (y_true - y_pred) * (2.0"),
            ("Huber's pieces do not meet", 'return (c * (size - c / 2)).mean(axis=-1)', 'return np.where(size.real > self.delta, self.delta * size, size**2 / 2).mean(axis=-1)'),
            ("Huber's gradient is not clipped", 'np.clip(y_pred - y_true, -self.delta, self.delta) / y_pred.shape[-1]', '(y_pred - y_true) / y_pred.shape[-1]'),
            ("the logarithmic error's gradient misses 1/(1 + p)", '2 * log_ratio(y_true, y_pred) / (1 + at_least_epsilon(y_pred)) / y_pred.shape[-1]', '2 * log_ratio(y_true, y_pred) / y_pred.shape[-1]'),
            ('the cosine has the wrong sign', 'return -(unit(y_true) * unit(y_pred)).sum(axis=-1)', 'return (unit(y_true) * unit(y_pred)).sum(axis=-1)'),
            ('the percentage divides by the prediction', 'return 100 * np.sign(y_pred - y_true) / at_least_epsilon(np.abs(y_true))', 'return 100 * np.sign(y_pred - y_true) / at_least_epsilon(np.abs(y_pred))'),
        ),
    ),
    Target(
        "losses/margins.py",
        ("test_more_losses.py",),
        (
            ('labels of 0 stay 0', 'return 2.0 * y_true - 1.0 if ((y_true == 0) | (y_true == 1)).all() else y_true', 'return y_true'),
            ('the squared hinge misses its 2', 'return -2 * y_true * missing', 'return -y_true * missing'),
            ('the true class is among the others', 'others = (1 - y_true) * y_pred', 'others = y_pred'),
        ),
    ),
    Target(
        "losses/distributions.py",
        ("test_more_losses.py",),
        (
            ('the divergence is the other way round', '(y * np.log(y / p)).sum(axis=-1)', '(p * np.log(p / y)).sum(axis=-1)'),
            ("Poisson's gradient misses the 1", 'return (1 - y_true / (y_pred + epsilon())) / y_pred.shape[-1]', 'return -y_true / (y_pred + epsilon()) / y_pred.shape[-1]'),
        ),
    ),
    Target(
        "metrics/accuracies.py",
        ("test_metrics.py", "test_losses.py"),
        (
            ("class 1 from 0.5 on", "right((y_pred > threshold)", "right((y_pred >= threshold)"),
            ("the largest over the batch", "right(y_true.argmax(axis=-1) == y_pred.argmax(axis=-1))", "right(y_true.argmax(axis=0) == y_pred.argmax(axis=0))"),
            ("the error is taken for the accuracy", "return right(labels == y_pred.argmax(axis=-1))", "return right(labels != y_pred.argmax(axis=-1))"),
            ("the k-th largest is left out", ".sum(axis=-1) < k)", ".sum(axis=-1) < k - 1)"),
            ("ties are not among the k largest", "((y_pred > own)", "((y_pred >= own)"),
        ),
    ),
    Target(
        "metrics/base.py",
        ("test_metrics.py",),
        (
            ("a short batch counts as a full one", "self.total += count * float(per_example.mean())", "self.total += float(per_example.mean())"),
            ("weights are divided by the number of examples", "count = len(per_example) if weights is None else float(weights.sum())", "count = len(per_example)"),
            ("the state stays for the next epoch", "self.total = self.count = 0.0", 'self.total = self.count = getattr(self, "count", 0.0)'),
        ),
    ),
    Target(
        "metrics/confusion.py",
        ("test_metrics.py", "test_losses.py", "test_plot.py"),
        (
            ("the confusion matrix is transposed", "true.astype(np.intp) * classes + predicted.astype(np.intp)", "predicted.astype(np.intp) * classes + true.astype(np.intp)"),
            ("empty classes at the end are left out", "minlength=classes**2).reshape(classes, classes)", "minlength=0).reshape(-1, classes)"),
            ("precision and recall are each other", "ratio(self.true_positives, self.true_positives + self.false_positives)", "ratio(self.true_positives, self.true_positives + self.false_negatives)"),
            ("the threshold itself is positive", 'side="left"', 'side="right"'),
            ("thresholds come out in ascending order", "values[np.searchsorted(self.limits, self.chosen)]", "values"),
        ),
    ),
    Target(
        "metrics/f_score.py",
        ("test_metrics.py",),
        (
            ("beta is not squared", "weight = self.beta**2", "weight = self.beta"),
            ("the micro average is the macro average", 'if self.average == "micro" else counts', 'if self.average == "none" else counts'),
        ),
    ),
    Target(
        "metrics/overlap.py",
        ("test_metrics.py",),
        (
            ("what is of both counts twice", "[self.target_class_ids] - both", "[self.target_class_ids]"),
            ("classes that do not occur are in the mean", "(occur.sum() + backend.epsilon())", "(len(occur) + backend.epsilon())"),
            ("labels beyond the classes count", "counted = (true >= 0) & (true < n) & ", "true = np.clip(true, 0, n - 1); counted = "),
            ("the class to ignore counts", " & (true != self.ignore_class)", ""),
        ),
    ),
    Target(
        "metrics/at_bounds.py",
        ("test_metrics.py",),
        (
            ("the least and not the best", "max(initial=0.0)", "min(initial=0.0)"),
            ("the bound itself is below it", "bounded >= self.bound", "bounded > self.bound"),
            ("specificity is precision", "self.true_negatives + self.false_positives)", "self.true_negatives + self.false_negatives)"),
        ),
    ),
    Target(
        "metrics/r2_score.py",
        ("test_metrics.py",),
        (
            ("the variance is not about the mean", "self.squares - self.total**2 / self.weight", "self.squares"),
            ("columns count alike", "(variance * scores).sum() / variance.sum()", "scores.mean()"),
            ("regressors are not subtracted", "(n - p - 1)", "(n - 1)"),
        ),
    ),
    Target(
        "metrics/curves.py",
        ("test_metrics.py",),
        (
            ("labels' areas are not weighted", "weights=self.label_weights if self.by_label else None", "weights=None"),
            ("the axes of the curve are swapped", "((x[:-1] - x[1:]) * HEIGHTS[self.summation_method](y))", "((y[:-1] - y[1:]) * HEIGHTS[self.summation_method](x))"),
            ("precision is interpolated as a line", 'elif self.summation_method == "interpolation":', 'elif self.summation_method == "none":'),
        ),
    ),
    Target(
        "metrics/errors.py",
        ("test_metrics.py",),
        (
            ("the root is taken batch by batch", "super().update_state(np.square(y_pred.astype(np.float64) - y_true), sample_weight)", "super().update_state(np.square(np.abs(y_pred - y_true).mean(axis=1)), sample_weight)"),
            ("the cosine has the loss's sign", "return -losses.cosine_similarity", "return losses.cosine_similarity"),
        ),
    ),
    Target(
        "metrics/figures.py",
        ("test_metrics.py",),
        (
            ("labels are compared with a column", "y_true = y_true[:, None]  # (N, 1)", "pass"),
            ("the metrics of an epoch go on in the next", "metric.reset_state()", "pass"),
        ),
    ),
    Target(
        "functional/penalties.py",
        ("test_regularizers.py",),
        (
            ("L2 is half the sum of squares", "return factor * (x * x).sum()", "return factor * (x * x).sum() / 2"),
            ("L2's gradient is that of half the squares", "(2.0 * factor) * x", "factor * x"),
            ("L1 is the size of the sum", "(x * np.sign(x.real)).sum()", "abs(x.sum())"),
            ("cosines of a row with itself count", "np.fill_diagonal(cosines, 0.0)", "pass"),
            ("a row's length counts in the gradient", "return (du - along * u) / norms", "return du / norms"),
        ),
    ),
    Target(
        "regularizers.py",
        ("test_regularizers.py",),
        (
            ("columns are rows", 'return x if self.mode == "rows" else x.T', "return x"),
            ("L1L2 has L1's gradient alone", "return F.l1_backward(x, self.l1) + F.l2_backward(x, self.l2)", "return F.l1_backward(x, self.l1)"),
        ),
    ),
    Target(
        "constraints.py",
        ("test_regularizers.py",),
        (
            ("every vector gets the largest norm", "return norms.clip(0, self.max_value)", "return np.full_like(norms, self.max_value)"),
            ("rate is of what is kept", "self.rate * norms.clip(self.min_value, self.max_value) + (1 - self.rate) * norms", "(1 - self.rate) * norms.clip(self.min_value, self.max_value) + self.rate * norms"),
            ("what is negative is turned round", "np.maximum(w, 0)", "np.abs(w)"),
        ),
    ),
    Target(
        "layers/penalties.py",
        ("test_regularizers.py",),
        (
            ("the penalty of an output is not divided by the batch", "regularizer.value(whole) / len(whole)", "regularizer.value(whole)"),
            ("its gradient is not divided by the batch", "regularizer.gradient(whole) / len(whole)", "regularizer.gradient(whole)"),
            ("frozen weights have a penalty", "            if key in layer.trained_params:\n                yield", "            if key in layer.params:\n                yield"),
            ("frozen weights are constrained", "            if key in layer.trained_params:\n                layer", "            if key in layer.params:\n                layer"),
        ),
    ),
    Target(
        "callbacks/swap_ema.py",
        ("test_swap_ema.py",),
        (
            ("the averages stay after an evaluation", "def on_test_end(self, logs: Logs | None = None) -> None:\n        self.swap_out()", "def on_test_end(self, logs: Logs | None = None) -> None:\n        pass"),
            ("swapping twice keeps the averages", "if not self.kept:", "if True:"),
            ("the weights are not kept in a backup", 'return with_prefix("kept", self.kept)', "return {}"),
            ("an epoch ends with the averages whatever was asked for", "if self.swap_on_epoch:", "if True:"),
        ),
    ),
    Target(
        "optimizers/clipping.py",
        ("test_optimizer_options.py", "test_optimizers.py"),
        (
            ("a small gradient is made longer", "each / max(sqrt(squares[name]), each)", "each / sqrt(squares[name])"),
            ("the norm is not a root", "each / max(sqrt(squares[name]), each)", "each / max(squares[name], each)"),
            ("all together are clipped one by one", "scale = limit / max(sqrt(sum(squares.values())), limit)", "scale = limit / max(sqrt(max(squares.values())), limit)"),
            ("values are clipped on one side", "np.clip(g, -most, most)", "np.minimum(g, most)"),
        ),
    ),
    Target(
        "optimizers/adaptive.py",
        ("test_optimizer_options.py", "test_optimizers.py"),
        (
            ("Adagrad's sum is a mean", "a += g * g\n", "a += g * g - a\n"),
            ("Adagrad's epsilon stands outside the root", "g / np.sqrt(a + self.epsilon)\n", "g / (np.sqrt(a) + self.epsilon)\n"),
            ("Adadelta counts the newest change before it is made", "change = g * np.sqrt(d + self.epsilon)", "change = g * np.sqrt(self.rho * d + self.epsilon)"),
            ("Adadelta has no learning rate", "w -= self.step_size * change", "w -= change"),
            ("Adamax takes a sum for the largest", "np.maximum(self.beta_2 * u, np.abs(g), out=u)", "np.add(self.beta_2 * u, np.abs(g), out=u)"),
            ("Adamax forgets the sign", "np.maximum(self.beta_2 * u, np.abs(g), out=u)", "np.maximum(self.beta_2 * u, g, out=u)"),
        ),
    ),
    Target(
        "optimizers/nadam.py",
        ("test_optimizer_options.py", "test_optimizers.py"),
        (
            ("Nadam looks at today's momentum", "ahead = self.beta_1 * warm_up(t + 1)", "ahead = self.beta_1 * warm_up(t)"),
            ("the momentum does not warm up", "return 1.0 - 0.5 * DECAY**t", "return 1.0"),
            ("the product is one power", "return self.beta_1**t * warm_up_product(min(t, SETTLED))", "return self.beta_1**t"),
        ),
    ),
    Target(
        "optimizers/lion.py",
        ("test_optimizer_options.py", "test_optimizers.py"),
        (
            ("the mean is updated first", "w -= self.step_size * np.sign(self.beta_1 * m + (1.0 - self.beta_1) * g)\n        m *= self.beta_2\n        m += (1.0 - self.beta_2) * g", "m *= self.beta_2\n        m += (1.0 - self.beta_2) * g\n        w -= self.step_size * np.sign(self.beta_1 * m + (1.0 - self.beta_1) * g)"),
            ("no sign is taken", "np.sign(self.beta_1 * m + (1.0 - self.beta_1) * g)", "(self.beta_1 * m + (1.0 - self.beta_1) * g)"),
            ("one beta serves for both", "m *= self.beta_2", "m *= self.beta_1"),
        ),
    ),
    Target(
        "optimizers/rate.py",
        ("test_schedules.py",),
        (
            ("a number replaces a schedule", "if isinstance(old, LearningRateSchedule) and isinstance(new, float):", "if False:"),
            ("the decayed rate is shown", "return rate.initial_learning_rate if isinstance(rate, TimeDecay) else at(owner, rate, step)", "return at(owner, rate, step)"),
            ("assigning changes the copy", "self._optimizer.learning_rate = value", "pass"),
        ),
    ),
    Target(
        "optimizers/settings.py",
        ("test_optimizers.py", "test_optimizer_options.py", "test_schedules.py"),
        (
            ("an excluded name is looked for in the whole path", 'last = name.rpartition("/")[2]', "last = name"),
            ("a setting is not checked", "return vars(cls(**{**given, name: value}))[name]", "return value"),
            ("a name without effect is set", "if cls in OPTIMIZERS.values() and name not in known:", "if False:"),
        ),
    ),
    Target(
        "optimizers/older.py",
        ("test_schedules.py",),
        (
            ("a decay of 0 is one", "if not schedule.decay:", "if False:"),
            ("epsilon=None is 0", "return backend.epsilon()", "return 0.0"),
        ),
    ),
    Target(
        "optimizers/schedules/decay.py",
        ("test_schedules.py",),
        (
            ("the staircase rounds", "floor(periods) if self.staircase", "round(periods) if self.staircase"),
            ("the rate is divided", "self.decay_rate ** self.periods(step)", "self.decay_rate ** -self.periods(step)"),
            ("the inverse forgets the 1", "(1.0 + self.decay_rate * self.periods(step))", "(self.decay_rate * self.periods(step) or 1.0)"),
            ("a polynomial goes on below its end", "min(periods, 1.0)", "periods"),
            ("a cycle begins at nothing", "max(1, ceil(periods))", "max(1, floor(periods))"),
            ("a boundary belongs to what follows", "bisect_left(self.boundaries, self.check", "bisect_left([one - 0.5 for one in self.boundaries], self.check"),
        ),
    ),
    Target(
        "optimizers/schedules/cosine.py",
        ("test_schedules.py",),
        (
            ("the decay runs during the warm-up", "step, begin = step - self.warmup_steps, self.warmup_target", "begin = self.warmup_target"),
            ("the warm-up begins at nothing", "* step / self.warmup_steps + begin", "* step / self.warmup_steps"),
            ("a cosine comes up again", "half_cosine(min(step / self.decay_steps, 1.0))", "half_cosine(step / self.decay_steps)"),
            ("restarts come in equal distances", "if self.t_mul == 1.0:", "if True:"),
            ("alpha is not a share of the beginning", "high * half_cosine(done) + self.alpha)", "high * half_cosine(done)) + self.alpha"),
        ),
    ),
    Target(
        "optimizers/schedules/one_cycle.py",
        ("test_schedules.py",),
        (
            ("the peak is a step late", "self.pct_start * self.total_steps - 1.0, self", "self.pct_start * self.total_steps, self"),
            ("the end is divided once", "first / self.final_div_factor)]\n        fall", "self.max_learning_rate / self.final_div_factor)]\n        fall"),
            ("lines are cosines", "half_cosine(done) if self.anneal_strategy", "half_cosine(done) if True or self.anneal_strategy"),
        ),
    ),
    Target(
        "optimizers/base.py",
        ("test_optimizers.py", "test_optimizer_options.py", "test_schedules.py"),
        (
            ("only the first term of a gradient counts", "total = total + term", "total = terms[0]"),
            ("the terms are added into the caller's array", "total = total + term", "total += term"),
            ("steps are not counted", "self.iterations += 1", "self.iterations += 0"),
            ("slots begin at one", "np.full_like(w, self.initial(slot))", "np.ones_like(w)"),
            ("weights decay after the step", "w -= w * self.weight_decay * self.step_size\n            self.step(name, w, g, slots)\n", "pass\n            self.step(name, w, g, slots)\n            w -= w * (self.weight_decay or 0.0) * self.step_size\n"),
            ("weights decay whatever the learning rate", "w -= w * self.weight_decay * self.step_size", "w -= w * self.weight_decay"),
            ("the average begins at zero", "momentum = self.ema_momentum if self.iterations else 0.0", "momentum = self.ema_momentum"),
            ("the average overwrites a step too late", "(self.iterations + 1) % self.ema_overwrite_frequency == 0", "self.iterations % self.ema_overwrite_frequency == 0"),
            ("a schedule is a step ahead", "self._rate, self.iterations)\n        with", "self._rate, self.iterations + 1)\n        with"),
            ("each micro-batch's gradient is clipped by itself", "return [clip_norms(whole, self.clipnorm, self.global_clipnorm)]", "return [clip_norms(dict(term), self.clipnorm, self.global_clipnorm) for term in terms]"),
            ("a resumed training forgets what it excludes", 'vars(self).update({**vars(other), "_owner": self._owner})', 'vars(self).update({**vars(other), "_owner": self._owner, "_excluded": self._excluded, "use_ema": self.use_ema})'),
            ("the last part is updated twice", "jobs.append([])", "jobs.append(jobs[-1][-1:] if jobs else [])"),
            ("all parameters share one slot", "slots[slot] = arrays[name]", "slots[slot] = next(iter(arrays.values()))"),
        ),
    ),
    Target(
        "optimizers/sgd.py",
        ("test_optimizers.py",),
        (
            ("SGD climbs", "change = -self.step_size * g", "change = self.step_size * g"),
            ("SGD ignores the learning rate", "change = -self.step_size * g", "change = -g"),
            ("momentum is dampened", "v *= self.momentum\n            v += change\n            change = self.momentum * v", "v *= self.momentum\n            v += (1 - self.momentum) * change\n            change = self.momentum * v"),
            ("Nesterov's step is momentum's", "change = self.momentum * v + change if self.nesterov else v", "change = v"),
            ("Nesterov's step forgets the gradient", "change = self.momentum * v + change if self.nesterov else v", "change = self.momentum * v if self.nesterov else v"),
        ),
    ),
    Target(
        "optimizers/rmsprop.py",
        ("test_optimizers.py",),
        (
            ("RMSprop's epsilon stands outside the root", "np.sqrt(root, out=root)", "root = np.sqrt(d) + self.epsilon"),
            ("RMSprop divides by the square", "np.sqrt(root, out=root)", "pass"),
            ("RMSprop's mean of squares is a sum", "np.multiply(g, 1.0 - self.rho, out=change)", "np.multiply(g, 1.0, out=change)"),
            ("RMSprop keeps the gradient unsquared", "change *= g\n", "np.abs(change, out=change)\n"),
            ("centered RMSprop is not", "d = np.maximum(a - m * m, 0.0)", "d = a"),
            ("the variance falls below zero by rounding", "d = np.maximum(a - m * m, 0.0)", "d = a - m * m"),
            ("RMSprop climbs", "w -= change", "w += change"),
        ),
    ),
    Target(
        "optimizers/adam.py",
        ("test_optimizers.py",),
        (
            ("Adam's epsilon stands inside the root", "np.sqrt(v, out=change)\n        change += self.epsilon", "np.sqrt(v + self.epsilon, out=change)"),
            ("Adam does not correct the mean", " / (1.0 - self.beta_1**t)\n", "\n"),
            ("Adam does not correct the squares", " * sqrt(1.0 - self.beta_2**t) /", " /"),
            ("Adam counts a step too many", 'slots["velocity"], self.iterations + 1\n', 'slots["velocity"], self.iterations + 2\n'),
            ("Adam's betas are swapped", "change *= 1.0 - self.beta_1", "change *= 1.0 - self.beta_2"),
            ("Adam's second moment is of deviations", "np.multiply(g, g, out=change)", "np.multiply(g - m, g - m, out=change)"),
        ),
    ),
    Target(
        "initializers.py",
        ("test_initializers.py",),
        (
            ("Glorot divides by the sum of the fans", '"fan_avg": (fan_in + fan_out) / 2', '"fan_avg": fan_in + fan_out'),
            ("a kernel's fans are the other way round", "return receptive_field * shape[-2], receptive_field * shape[-1]", "return receptive_field * shape[-1], receptive_field * shape[-2]"),
            ("fans leave out the window", "receptive_field = prod(shape[:-2])", "receptive_field = 1"),
            ("a truncated normal is not widened", "cut_normal(shape, rng) * (std / TRUNCATED_STD)", "cut_normal(shape, rng) * std"),
            ("a normal is cut at three deviations", "np.abs(values) > 2).any()", "np.abs(values) > 3).any()"),
            ("one's own function is never told the dtype", "if takes_dtype(self.function) else {}", "if False else {}"),
            ("a file names any function", "initializer.name in given() and bool(given()[initializer.name] == initializer.function)", "True"),
            ("what is beyond the cut is clipped", "values[far] = rng.standard_normal(np.count_nonzero(far))", "values[far] = np.sign(values[far]) * 2"),
            ("the standard deviation is the variance", "std = sqrt(self.scale / n)", "std = self.scale / n"),
            ("the uniform's bound misses the root of 3", "rng.uniform(-sqrt(3.0) * std, sqrt(3.0) * std, shape)", "rng.uniform(-std, std, shape)"),
            ("He's scale is Glorot's", 'settings = 2.0, "fan_in", "truncated_normal"', 'settings = 1.0, "fan_in", "truncated_normal"'),
            ("He's uniform goes by the fan out", 'settings = 2.0, "fan_in", "uniform"', 'settings = 2.0, "fan_out", "uniform"'),
            ("LeCun's normal is not truncated", 'settings = 1.0, "fan_in", "truncated_normal"', 'settings = 1.0, "fan_in", "untruncated_normal"'),
            ("orthogonal matrices have LAPACK's signs", "q = q * np.sign(np.diag(r))", "pass"),
            ("a wide kernel has orthogonal columns", "(q if rows >= columns else q.T)", "q"),
            ("a seed is ignored", "rng if self.seed is None else generator(self.seed, WEIGHTS)", "rng"),
        ),
    ),
    Target(
        "layers/regularization.py",
        ("test_noise.py", "test_layers.py", "test_gradients.py"),
        (
            ("dropout drops in inference", "if not training or self.rate == 0.0:\n            return x, None\n        scale", "if self.rate == 0.0:\n            return x, None\n        scale"),
            ("dropout does not drop in training", "if not training or self.rate == 0.0:\n            return x, None\n        scale", "if True:\n            return x, None\n        scale"),
            ("noise_shape is forgotten", "if self.noise_shape is None:\n            return shape", "if True:\n            return shape"),
            ("channels first are dropped along their rows", 'return (n, channels, 1, 1) if self.data_format == "channels_first"', 'return (n, 1, 1, channels) if self.data_format == "channels_first"'),
            ("micro-batches have masks of their own, for all that noise_shape says", "self.noise_shape[0] is not None", "False"),
            ("alpha dropout's values are not shifted", "x * factor + shift, factor", "x * factor, factor"),
            ("alpha dropout may drop all", 'self.rate, at_least=0.0, below=1.0)\n\n    def forward', 'self.rate, at_least=0.0)\n\n    def forward'),
            ("Gaussian dropout's variance is its rate", "stddev = sqrt(self.rate / (1.0 - self.rate))", "stddev = sqrt(self.rate)"),
            ("noise in inference", "if not training or self.stddev == 0.0:", "if self.stddev == 0.0:"),
        ),
    ),
    Target(
        "layers/preprocessing.py",
        ("test_preprocessing.py",),
        (
            ("the variance is of a sample", "variance = (m2 / size).reshape(shape)", "variance = (m2 / (size - 1)).reshape(shape)"),
            ("it divides by the variance", "np.maximum(np.sqrt(variance), backend.epsilon())", "np.maximum(variance, backend.epsilon())"),
            ("a constant feature divides by zero", "np.maximum(np.sqrt(variance), backend.epsilon())", "np.sqrt(variance)"),
            ("each position of an image has a mean of its own", "sorted_axes(self.name, self.axes, input_shape)\n\n    def kept_shape", "tuple(range(1, len(input_shape) + 1))\n\n    def kept_shape"),
            ("statistics of the last chunk alone", "for start in range(0, len(data), checks.CHUNK)", "for start in [(len(data) - 1) // checks.CHUNK * checks.CHUNK]"),
            ("it passes on what it has no statistics of", 'if self.given is None and not state["count"]', 'if False and not state["count"]'),
        ),
    ),
    Target(
        "functional/warping.py",
        ("test_augmentation.py",),
        (
            ("a rotation is about the corner", "center - linear @ center", "0 * center"),
            ("the center is half a pixel off", "center = (np.array(image) - 1) / 2", "center = np.array(image) / 2"),
            ("a rotation goes the other way", "[cos, sin, -sin, cos]", "[cos, -sin, sin, cos]"),
            ("a translation goes the other way", "-np.stack([rows, cols], axis=1))", "np.stack([rows, cols], axis=1))"),
            ("halves are rounded to even", "np.trunc(position + np.copysign(0.5, position))", "np.rint(position)"),
            ("positions are rounded down", "np.trunc(position + np.copysign(0.5, position))", "np.floor(position)"),
            ("reflect leaves out the edge's pixel", "both = index % (2 * size)  #", "both = np.abs(index) % (2 * size)  #"),
            ("constant is nearest", 'weight if fill_mode == "nearest" else np.where(clipped == index, weight, 0.0)', "weight"),
            ("the weights of the two pixels are exchanged", "[(below, 1.0 - (position - below)), (below + 1.0, position - below)]", "[(below, position - below), (below + 1.0, 1.0 - (position - below))]"),
            ("the fill value is added everywhere", "(fill_value * missing)", "(fill_value + 0 * missing)"),
            ("the backward is the last tap's alone", "dx[:, channel] += np.bincount", "dx[:, channel] = np.bincount"),
            ("columns by the rows' scale", "scale[:, axis] * np.arange(size)", "scale[:, 0] * np.arange(size)"),
            ("a rotation taken for separable", "self.matrices[:, 0, 1].any() or self.matrices[:, 1, 0].any()", "False"),
            ("rows and columns stay exchanged", "np.ascontiguousarray(y.swapaxes(1, 2))  # (N, OH, OW, C)", "y"),
            ("the backward forgets the weights", "parts = weight.astype(dy.dtype)[..., None] * dy", "parts = np.ones_like(weight)[..., None] * dy"),
            ("resizing aligns the corners' centers", "(ratio / 2 - 0.5)[None]", "(0 * ratio)[None]"),
        ),
    ),
    Target(
        "functional/augmentation.py",
        ("test_augmentation.py",),
        (
            ("contrast is about the mean of all channels", "mean = x.mean(axis=(1, 2), keepdims=True)", "mean = x.mean(axis=(1, 2, 3), keepdims=True)"),
            ("contrast is not clipped", "return np.where(within, y, np.clip(y.real, low, high)), within", "return y, within"),
            ("a clipped value has a gradient", "du = dy * within", "du = dy"),
            ("the mean is taken for a constant backward", "own * du + (1.0 - own) * du.mean(axis=(1, 2), keepdims=True)", "own * du"),
            ("crops' rows and columns are exchanged", "top[:, None, None] + np.arange(size[0])[:, None], left[", "left[:, None, None] + np.arange(size[0])[:, None], top["),
            ("every image is flipped", "np.where(flipped[:, None, None, None], np.flip(x, axes), x)", "np.flip(x, axes)"),
            ("a rectangle has one pixel too many", "(col < left + width)", "(col <= left + width)"),
        ),
    ),
    Target(
        "layers/warping.py",
        ("test_augmentation.py",),
        (
            ("a translation's factor is in pixels", "rng.uniform(*self.height_factor, n) * h", "rng.uniform(*self.height_factor, n)"),
            ("a rotation's factor is of half a turn", "2 * pi * rng.uniform", "pi * rng.uniform"),
            ("a positive zoom zooms in", "rows = 1.0 + rng.uniform", "rows = 1.0 - rng.uniform"),
            ("the last corner is never drawn", "h - self.size[0] + 1, n)", "h - self.size[0], n)"),
            ("all images have one factor", "2 * pi * rng.uniform(*self.factor, n)", "2 * pi * np.full(n, rng.uniform(*self.factor))"),
            ("the window is not in the middle", "np.full(n, (whole - part) // 2)", "np.full(n, 0)"),
        ),
    ),
    Target(
        "layers/augmentation.py",
        ("test_augmentation.py",),
        (
            ("augmentation in inference", "if not training:\n            return x, None", "if False:\n            return x, None"),
            ("erased pixels have a gradient", "return F.erase(dy, kept, np.zeros_like(dy))", "return dy"),
            ("every image is erased", "chosen = rng.random(n) < rng.uniform(*self.factor, n)", "chosen = np.ones(n, bool)"),
            ("a rectangle's side is its area", "np.sqrt(rng.uniform(*self.scale, (2, n)))", "rng.uniform(*self.scale, (2, n))"),
            ("a flip's backward does not flip", "return F.flip(dy, kept, FLIPS[self.mode])", "return dy"),
            ("what is filled in is not clipped", "np.clip(fill, *self.value_range)", "fill"),
        ),
    ),
    Target(
        "functional/rescaling.py",
        ("test_preprocessing.py", "test_gradients.py"),
        (
            ("the offset is scaled too", "return x * scale + offset", "return (x + offset) * scale"),
            ("the backward adds the offset's part", "return dy * scale", "return dy * scale + scale"),
            ("the backward multiplies by the deviation", "return dy / std", "return dy * std"),
        ),
    ),
    Target(
        "layers/random.py",
        ("test_noise.py", "test_layers.py", "test_gradients.py"),
        (
            ("dropout's backward forgets the mask", "return dy if cache is None else dy * cache, {}", "return dy, {}"),
            ("a layer's seed does nothing", "return seeded(rng, self.seed)", "return rng"),
            ("the same numbers in every step", "return seeded(rng, self.seed)", "return rng if self.seed is None else np.random.default_rng(self.seed)"),
        ),
    ),
    Target(
        "layers/reshaping.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("Flatten leaves channels first", "x = to_channels_last(x, self.data_format)  # (N, ..., C)", "pass"),
            ("the axes are permuted backward as forward", "dy.transpose(np.argsort((0, *self.dims)))", "dy.transpose(0, *self.dims)"),
            ("the size left open is the whole", "size // known if one == -1", "size if one == -1"),
            ("Flatten's backward leaves channels last", "return from_channels_last(dy.reshape(cache), self.data_format), {}", "return dy.reshape(cache), {}"),
        ),
    ),
    Target(
        "layers/pooling.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("strides default to one", "strides=size if strides is None", "strides=(1, 1) if strides is None"),
            ("keepdims is passed over", "return y if self.keepdims else y[:, 0, 0]", "return y[:, 0, 0]"),
            ("keepdims is the default", "keepdims: bool = False", "keepdims: bool = True"),
        ),
    ),
    Target(
        "layers/resizing.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("rows and columns of a border are mixed up", "(top, bottom), (left, right) = two(owner, argument, rows), two(owner, argument, cols)", "(top, bottom), (left, right) = two(owner, argument, cols), two(owner, argument, rows)"),
            ("a border is one pixel by default in both", "cropping: GivenBorders = ((0, 0), (0, 0))", "cropping: GivenBorders = (1, 1)"),
            ("padding's backward pads", "return F.crop(dy, self.padding)", "return F.zero_pad(dy, self.padding)"),
            ("bilinear is the default", 'interpolation: str = "nearest"', 'interpolation: str = "bilinear"'),
        ),
    ),
    Target(
        "layers/images.py",
        ("test_layers.py",),
        (
            ("the output stays channels last", "return from_channels_last(y, self.data_format), cache", "return y, cache"),
            ("the input's gradient stays channels last", "return from_channels_last(dx, self.data_format), {}", "return dx, {}"),
        ),
    ),
    Target(
        "layers/dense.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("a Dense layer's activation is passed over", "y = self.activation.forward(z)\n        return y, DenseCache", "y = z\n        return y, DenseCache"),
            ("a Dense layer takes the batch for its features", '{"kernel": (input_shape[-1], self.units)', '{"kernel": (input_shape[0], self.units)'),
        ),
    ),
    Target(
        "layers/convolutional.py",
        ("test_layers.py", "test_gradients.py", "test_bad_input.py"),
        (
            ("same and valid are mixed up", "padding=check_padding(self.name, padding),\n            dilation", "padding={'same': 'valid', 'valid': 'same'}[check_padding(self.name, padding)],\n            dilation"),
            ("the output stays channels last", "z = from_channels_last(z, self.data_format)  # (N, OH, OW, F), or (N, F, OH, OW)", "pass"),
            ("the input's gradient stays channels last", "return from_channels_last(dx, self.data_format)\n", "return dx\n"),
            ("groups may leave filters over", "if self.filters % self.groups:", "if self.filters < self.groups:"),
            ("a grouped kernel has all channels", "width = self.channels(input_shape) // self.groups", "width = self.channels(input_shape)"),
            ("strides and dilation are swapped", 'dilation=checks.pair(self.name, "dilation_rate", dilation_rate)', 'dilation=checks.pair(self.name, "dilation_rate", strides)'),
        ),
    ),
    Target(
        "layers/depthwise.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("the pointwise convolution is forgotten backward", "between = self.depthwise_gradient(dz, cache)", "between = np.broadcast_to(dz.sum(axis=-1, keepdims=True), cache.linear.depthwise.shape)"),
            ("the kernels' gradients are exchanged", "return ddepthwise, dpointwise, dbias", "return dpointwise, ddepthwise, dbias"),
            ("the bias is of the input's channels", '"bias": (channels * self.depth_multiplier,)', '"bias": (channels,)'),
        ),
    ),
    Target(
        "layers/transposed.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("the kernel's channels and filters are exchanged", "(*self.window.size, self.filters, self.channels(input_shape))", "(*self.window.size, self.channels(input_shape), self.filters)"),
            ("output_padding is passed over", "bias, self.window, self.output_padding), x", "bias, self.window), x"),
            ("output_padding may be the stride", "rows, at_least=0, at_most=strides[0] - 1", "rows, at_least=0, at_most=strides[0]"),
        ),
    ),
    Target(
        "layers/axes.py",
        ("test_normalization.py", "test_layer_normalization.py", "test_layers.py"),
        (
            ("axes are taken in the order given", "positive = sorted(positive_axis(owner, axis, input_shape) for axis in axes)", "positive = [positive_axis(owner, axis, input_shape) for axis in axes]"),
        ),
    ),
    Target(
        "layers/kernel.py",
        ("test_layers.py", "test_gradients.py"),
        (
            ("dy is not sent back through the activation", "return self.activation.backward(dy, cache.z, cache.y)", "return dy"),
            ("kernel and bias exchange their initializers", 'chosen = {**self.kernel_initializers(), "bias": self.bias_initializer}', 'chosen = {**dict.fromkeys(self.kernel_initializers(), self.bias_initializer), "bias": self.bias_initializer}'),
            ("a bias where none was asked for", 'if self.use_bias or key != "bias"}', "}"),
        ),
    ),
    Target(
        "layers/data_format.py",
        ("test_layers.py",),
        (
            ("channels first are reshaped, not moved", 'return np.moveaxis(x, 1, -1) if data_format', 'return x.reshape(len(x), *x.shape[2:], x.shape[1]) if data_format'),
            ("the way back is the way there", "return np.moveaxis(x, -1, 1) if data_format", "return np.moveaxis(x, 1, -1) if data_format"),
            ("rows and channels are mixed up", "c, h, w = input_shape", "h, w, c = input_shape"),
        ),
    ),
    Target(
        "layers/layer_normalization.py",
        ("test_layer_normalization.py",),
        (
            ("gamma is forgotten backward", "return F.scale_shift(self.arranged(dy), gamma, None)", "return self.arranged(dy)"),
            ("each group takes every so manyth channel", "*self.split(x.shape[-1]))  #", "*self.split(x.shape[-1])[::-1]).swapaxes(-1, -2)  #"),
            ("a group's mean is over its channels alone", "if axis != x.ndim - 2)", "if axis == x.ndim - 1)"),
            ("rms_scaling has a beta", 'if self.rms_scaling:\n            return {"gamma": self', 'if False:\n            return {"gamma": self'),
            ("Keras's epsilon is another", "epsilon: float = 0.001,\n        center: bool = True,\n        scale: bool = True,\n        beta_initializer: InitializerLike = \"zeros\",\n        gamma_initializer: InitializerLike = \"ones\",\n        beta_regularizer: RegularizerLike = None,\n        gamma_regularizer: RegularizerLike = None,\n        beta_constraint: ConstraintLike = None,\n        gamma_constraint: ConstraintLike = None,\n        rms", "epsilon: float = 1e-5,\n        center: bool = True,\n        scale: bool = True,\n        beta_initializer: InitializerLike = \"zeros\",\n        gamma_initializer: InitializerLike = \"ones\",\n        beta_regularizer: RegularizerLike = None,\n        gamma_regularizer: RegularizerLike = None,\n        beta_constraint: ConstraintLike = None,\n        gamma_constraint: ConstraintLike = None,\n        rms"),
        ),
    ),
    Target(
        "layers/normalization.py",
        ("test_normalization.py", "test_layer_normalization.py", "test_layers.py"),
        (
            ("the moving averages are used in training", "if training and self.trainable:", "if False:"),
            ("the batch's statistics are used in inference", "if training and self.trainable:", "if True:"),
            ("a frozen layer uses the batch's statistics", "if training and self.trainable:", "if training:"),
            ("momentum weighs the new value", "self.momentum * self.state[key] + (1.0 - self.momentum) * batch[key]", "(1.0 - self.momentum) * self.state[key] + self.momentum * batch[key]"),
            ("the moving variance is of a sample", "return moments.mean, moments.m2 / moments.size", "return moments.mean, moments.m2 / max(moments.size - 1, 1)"),
            ("each micro-batch has statistics of its own", "return [F.merge_moments(parts)] * len(parts)", "return parts"),
            ("each micro-batch has sums of its own backward", "return [(sum_dy, sum_dy_xhat)] * len(parts)", "return parts"),
            ("the axis is the last one always", "x = np.moveaxis(x, self.axis, -1)  # (N, ..., C)\n        moments", "moments"),
            ("the variance begins at zero", 'moving_variance_initializer: InitializerLike = "ones"', 'moving_variance_initializer: InitializerLike = "zeros"'),
            ("Keras's epsilon is another", "epsilon: float = 0.001", "epsilon: float = 1e-5"),
            ("Keras's momentum is another", "momentum: float = 0.99", "momentum: float = 0.9"),
            ("gamma is not multiplied into the inside gradient", "dy if gamma is None else dy * gamma", "dy"),
        ),
    ),
    Target(
        "layers/chain.py",
        (*TRAINING, "test_step.py", "test_frozen.py"),
        (
            ("all layers draw the same numbers", "x, cache = stage.forward(x, training=training, rng=rngs[index])", "x, cache = stage.forward(x, training=training, rng=rng)"),
            ("layers are in inference while they train", "x, cache = stage.forward(x, training=training, rng=rngs[index])", "x, cache = stage.forward(x, training=False, rng=rngs[index])"),
            ("a frozen layer in front stops too little", "end = 0 if to_input else min(trained, default=len(stages))", "end = 0"),
            ("the gradient stops one layer early", "end = 0 if to_input else min(trained, default=len(stages))", "end = min(trained, default=len(stages)) + (not to_input)"),
        ),
    ),
    Target(
        "files/events.py",
        ("test_tensorboard.py",),
        (
            ("the checksum is not masked", "(crc >> 15 | crc << 17) + 0xA282EAD8", "crc"),
            ("groups of bits have no mark", "number & 0x7F | 0x80", "number & 0x7F"),
        ),
    ),
    Target(
        "callbacks/tensorboard.py",
        ("test_tensorboard.py",),
        (
            ("validation figures are among the training's", 'name.startswith("epoch_val_")', "False"),
            ("a file is begun for every record", "new = part not in self.paths", "new = True"),
        ),
    ),
    Target(
        "utils/image_utils.py",
        ("test_utils.py",),
        (
            ("height and width are swapped", "size[::-1]", "size"),
            ("an array is scaled by 256", "255 / (array.max() or 1)", "256 / (array.max() or 1)"),
        ),
    ),
    Target(
        "layers/variable.py",
        ("test_variables.py",),
        (
            ("a variable's value is a copy", "return self.view(np.ndarray)", "return np.array(self)"),
            ("what a variable gives out is the layer's own array", "return np.array(self)", "return self.view(np.ndarray)"),
            ("what is computed from a variable is one", "else array", "else array.view(type(self))"),
        ),
    ),
    Target(
        "layers/base.py",
        ("test_layers.py", "test_saving.py", "test_sequential.py", "test_normalization.py"),
        (
            ("weights given out are the layer's own arrays", "return [array.copy() for array in self.arrays.values()]", "return list(self.arrays.values())"),
            ("weights taken in are kept, not copied", "array[...] = value", "array = value"),
            ("the moving averages come before the parameters", "return {**self.params, **self.state}", "return {**self.state, **self.params}"),
            ("a layer with its activation taken off changes the one it is of", 'twin = copy(self)\n        twin.activation = linear', 'twin = self\n        twin.activation = linear'),
        ),
    ),
    Target(
        "engine/forked.py",
        ("test_forked.py",),
        (
            ("weights are sent once", "self.packed.refresh()", "pass"),
            ("arrays that were replaced are not noticed", ", *objective.network.arrays.values()]", "]"),
            ("attributes that were replaced are not noticed", "[*chain.from_iterable(vars(one).values() for one in objects), *", "[*"),
            ("the objective is compared with itself", "objective is self.objective and same(", "same("),
            ("np.errstate stays that of the first step", "np.seterr(**step.errors)", "pass"),
            ("warnings stay in the process", "warnings.simplefilter(\"error\")", "pass"),
            ("a user's code is sent too", "check_own(self.packed)", "pass"),
            ("a process outlives training", "os.kill(self.pid, signal.SIGKILL)", "return"),
            ("a lost pass is not made up for", "except EOFError:", "except KeyError:"),
            ("a pass goes on from the answer before", "one.answers[-1])", "one.answers[0])"),
            ("pipes stay open", "self.requests.close()", "pass"),
            ("processes are forked for any training", "self.usable = steps >= MIN_STEPS and ", "self.usable = "),
            ("processes are forked however many parameters are copied", "or saves_time(first)", "or True"),
        ),
    ),
    Target(
        "engine/sharing.py",
        ("test_forked.py",),
        (
            ("a message overwrites the one before", "ceil_div(self.end, ALIGNMENT) * ALIGNMENT", "0"),
            ("memory that has grown is not mapped anew", "if span[1] > len(self.bytes):", "if False:"),
            ("an end is taken for a message", "if not told:", "if False:"),
        ),
    ),
    Target(
        "engine/plans.py",
        ("test_plans.py",),
        (
            ("a plan is kept whatever changes", "and all(map(is_, some, others))", ""),
            ("a plan is kept where layers are added", "return len(some) == len(others) and all", "return all"),
            ("a plan is kept where an attribute changes", "for value in (layer, *vars(layer).values())", "for value in (layer,)"),
            ("layers inside of layers are not looked at", "every_layer(network.layers)", "network.layers"),
        ),
    ),
    Target(
        "engine/streams.py",
        ("test_plans.py", "test_sequential.py"),
        (
            ("outputs overwrite one another", "self.count += len(outputs)", "self.count += 0"),
            ("predictions are cut as training is", "micro_batches(len(x), least)", "micro_batches(len(x), 1)"),
        ),
    ),
    Target(
        "engine/training.py",
        (*TRAINING, "test_determinism.py", "test_gradients.py", "test_fast.py", "test_whole_batch.py", "test_metrics.py"),
        (
            ("the gradients are of the sum, not of the mean", "dz = job.data.weighted(dz) / job.divisor", "dz = job.data.weighted(dz)"),
            ("a micro-batch is divided by its own size", "dz = job.data.weighted(dz) / job.divisor", "dz = job.data.weighted(dz) / len(job.data)"),
            ("later micro-batches' gradients replace the sum", "terms = [total(terms), end.result.gradients] if", "terms = [terms[-1], end.result.gradients] if"),
            ("all micro-batches have the same masks", "rng = position.rng(job.micro) if", "rng = position.rng(0) if"),
            ("a convolution's copies cost nothing", "copies = COPIES_COST if", "copies = 1 if"),
            ("parameters cost nothing", "extra = CALLS_COST + PARAMETER_COST *", "extra = CALLS_COST + 0 *"),
            ("dropout is off in training", "forward_micro(x, training=True, rng=", "forward_micro(x, training=False, rng="),
            ("every step has the same masks", "return generator(self.seed, DROPOUT, self.step, micro, *layer)", "return generator(self.seed, DROPOUT, 0, micro, *layer)"),
            ("sample weights do not reach the gradient", "dz = job.data.weighted(dz) /", "dz = dz /"),
            ("what is predicted are logits", "y_pred = objective.activation.forward(z.copy())", "y_pred = z.copy()"),
            ("what is evaluated are logits", "return BatchResult(objective.activation.forward(z),", "return BatchResult(z,"),
            ("softmax is applied twice", 'return Objective(logits, dtype, from_logits, model.activation, min_examples(model))', 'return Objective(planned(model, fast=fast), dtype, from_logits, model.activation, min_examples(model))'),
            ("predictions are lent memory", "return network.forward(prepared(x, dtype))[0].copy()", "return network.forward(prepared(x, dtype))[0]"),
            ("moving averages stay where they are", "if job.micro == 0 else {}", "if job.micro < 0 else {}"),
            ("the last examples of a batch are left out", "cuts, meet = micro_batches(len(order), objective.min_examples)", "cuts, meet = micro_batches(len(order) // 2 * 2, objective.min_examples)"),
        ),
    ),
    Target(
        "engine/batching.py",
        ("test_sequential.py", "test_bad_input.py", "test_sample_weights.py"),
        (
            ("the validation data come first", "return data.rows(slice(kept)), data.rows(slice(kept, None))", "return data.rows(slice(-kept, None)), data.rows(slice(-kept))"),
            ("the validation data are trained on too", "return data.rows(slice(kept)), data.rows(slice(kept, None))", "return data, data.rows(slice(kept, None))"),
            ("targets are left in their order", "return Data(self.x[rows], self.y[rows],", "return Data(self.x[rows], self.y[: len(self.x[rows])],"),
            ("the weights are those of other classes", "weights[labels == number] =", "weights[labels != number] ="),
            ("a weight of one example is another's", "self.weights[rows])", "self.weights[: len(self.x[rows])])"),
        ),
    ),
    Target(
        "engine/sources.py",
        ("test_sources.py", "test_sample_weights.py"),
        (
            ("the default batch size is not Keras's", "default = 32 if", "default = 1000 if"),
            ("an epoch of a few steps always begins at the first batch", "start = steps * (epoch % ceil_div(count, steps))", "start = 0"),
            ("a pass goes on in another order", "rows = order(len(self.data), share.start)", "rows = order(len(self.data), 0)"),
            ("an epoch begins a generator anew", "ahead, self.ahead = self.ahead, []", "ahead = self.ahead"),
            ("classes weigh in validation too", "if given.class_weight is not None:  # it", "if False:  # it"),
            ("a resumed training forgets the epochs before", "self.sequence.on_epoch_begin()\n        self.sequence.on_epoch_end()", "pass"),
        ),
    ),
    Target(
        "common/slices.py",
        ("test_parallel.py", "test_sequential.py"),
        (
            ("the last, short batch is dropped", "for start in range(0, count, batch_size):", "for start in range(0, count - batch_size + 1, batch_size):"),
            ("batches overlap by one", "min(start + batch_size, count)", "min(start + batch_size + 1, count)"),
            ("the last part takes all that is left", "(k + 1) * count // parts) for k in range(parts)]", "(k + 1) * (count // parts) if k < parts - 1 else count) for k in range(parts)]"),
        ),
    ),
    Target(
        "common/randomness.py",
        ("test_sequential.py", "test_determinism.py"),
        (
            ("position is ignored", "spawn_key=(purpose, *position)", "spawn_key=(purpose,)"),
            ("the seed is ignored", "np.random.SeedSequence(seed, spawn_key=(purpose", "np.random.SeedSequence(0, spawn_key=(purpose"),
            ("a layer's own seed is ignored", "np.random.SeedSequence(seed, spawn_key=position", "np.random.SeedSequence(0, spawn_key=position"),
            ("a layer's own seed draws the same at every position", "spawn_key=position))", "spawn_key=()))"),
            ("weights and dropout share their numbers", "spawn_key=(purpose, *position)", "spawn_key=position"),
            ("NumPy's own seed is passed over", "return int(np.random.randint(2**31))", "return int(np.random.default_rng().integers(2**31))"),
        ),
    ),
    Target(
        "engine/fast/pooling.py",
        ("test_fast.py",),
        (
            ("the last of equal maxima wins", "np.greater(z, best, out=cropped_like(larger, z))", "np.greater_equal(z, best, out=cropped_like(larger, z))"),
            ("the pool's padding is ignored", "spans.append((start, stop, start * step + tap - before))", "spans.append((start, stop, start * step + tap))"),
            ("winners are added up", "np.maximum(winner, marks, out=winner)", "winner += marks"),
            ("the last position wins", "np.maximum(best, z, out=best)", "np.copyto(best, z)"),
            ("a ReLU before a pool begins at minus infinity", "y.fill(0 if relu or pool.average else -np.inf)", "y.fill(0 if pool.average else -np.inf)"),
            ("an average begins at minus infinity", "y.fill(0 if relu or pool.average else -np.inf)", "y.fill(0 if relu else -np.inf)"),
            ("a pool without ReLU begins at zero", "best[...] = z", "np.maximum(z, 0, out=best)"),
            ("the first position is never the winner", "winner.fill(tap.number)", "winner.fill(255)"),
        ),
    ),
    Target(
        "engine/fast/parts.py",
        ("test_fast.py",),
        (
            ("an activation that falls comes after the pool", "(pool.average or not is_increasing(activation))\n    if activation == linear", "pool.average\n    if activation == linear"),
            ("an activation comes after an average", "(pool.average or not is_increasing(activation))\n    if activation == linear", "not is_increasing(activation)\n    if activation == linear"),
            ("softmax is taken as elementwise", ' and activation.setting("axis") is None', ""),
            ("a dropout's own seed is forgotten", " and dropout.seed is None", ""),
        ),
    ),
    Target(
        "engine/fast/block.py",
        ("test_fast.py",),
        (
            ("a dropped value's gradient is not scaled", "passed *= F.dropout_scale(self.dropout.rate, dy.dtype)", "pass"),
            ("the mask is of the unscaled values", "y *= F.dropout_scale(dropout.rate, y.dtype)", "pass"),
            ("the gradient goes to the whole window", "np.multiply(dpooled, won, out=place)", "place[...] = dpooled"),
            ("of windows that overlap the last one's gradient stays", "place += dpooled", "place[...] = dpooled"),
            ("an average is a sum", "pooled /= self.counts_in(part, pooled.dtype)", "pass"),
            ("the backward sees what dropout left", "if dropout is not None and self.activation_after else y", "if False else y"),
        ),
    ),
    Target(
        "engine/fast/im2col.py",
        ("test_fast.py",),
        (
            ("a tile's gradient replaces the sum", "work.dkernel[...] += blocked_matmul_transposed(", "work.dkernel[...] = blocked_matmul_transposed("),
            ("col2im overwrites", "seen += dseen.reshape(seen.shape)", "seen[...] = dseen.reshape(seen.shape)"),
            ("the bias's column is zero", "cols[:, self.patch] = 1", "cols[:, self.patch] = 0"),
            ("windows that overlap begin with what was there", "dz.fill(0)", "pass"),
            ("images stand in the corner of their padding", "padded[:, top : top + h, left : left + w] = x", "padded[:, :h, :w] = x"),
            ("the padding is not cut off", "return dpadded[:, top : top + self.image[0], left : left + self.image[1]]", "return dpadded[:, : self.image[0], : self.image[1]]"),
            ("the gradient of an average is not divided", "dpooled = dpooled / self.counts_in(part, dy.dtype)", "pass"),
        ),
    ),
    Target(
        "engine/fast/cook_toom.py",
        ("test_fast.py",),
        (
            ("points far from 0", "POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)", "POINTS = (0.0, 1.0, -1.0, 4.0, -8.0)"),
            ("the kernel is not scaled", "powers(points, r) / np.array(scales)[:, None]", "powers(points, r)"),
            ("the highest coefficient first", "np.poly(rest)[::-1]", "np.poly(rest)"),
            ("infinity sees the lowest power", "np.eye(rows.shape[1])[-1]", "np.eye(rows.shape[1])[0]"),
        ),
    ),
    Target(
        "engine/fast/pointwise.py",
        ("test_fast.py",),
        (
            ("strides are swapped", "seen = x[:, ::sh, ::sw]", "seen = x[:, ::sw, ::sh]"),
            ("the bias is left out", 'z += self.params["bias"]', "pass"),
            ("a tile's gradient replaces the sum", "work.dkernel[...] += blocked", "work.dkernel[...] = blocked"),
            ("a bias's gradient is of the last tile", "work.dbias[...] += dz", "work.dbias[...] = dz"),
            ("pixels between the strides keep old numbers", "dx.fill(0)", "pass"),
            ("outputs that no pool sees keep old numbers", "dz.fill(0)", "pass"),
        ),
    ),
    Target(
        "engine/fast/plan.py",
        ("test_fast.py",),
        (
            ("the longest way", "block = min(ways(parts.conv)", "block = max(ways(parts.conv)"),
            ("the precision is not looked at", 'if backend.convolution_precision() == "high":', "if True:"),
            ("strides are not looked at", "if window.strides == window.dilation == (1, 1):", "if True:"),
        ),
    ),
    Target(
        "engine/fast/one_axis.py",
        ("test_fast.py",),
        (
            ("a band's gradient replaces the sum", "work.dkernel[...] += np.matmul", "work.dkernel[...] = np.matmul"),
            ("a bias's gradient is of the last band", "work.dbias[...] += np.matmul", "work.dbias[...] = np.matmul"),
            ("the kernel's rows are not reversed", "by_row[remainder::sh][::-1].swapaxes(0, 1)", "by_row[remainder::sh].swapaxes(0, 1)"),
            ("bands do not overlap", "seen += dcolumns[b, :, v]", "seen[...] = dcolumns[b, :, v]"),
            ("outputs that no pool sees keep what was there", "wide.fill(0)", "pass"),
            ("padding keeps what was there", "padded.fill(0)", "pass"),
            ("pixels under no window keep what was there", "dx.fill(0)  # pixels under no window", "pass"),
            ("the bias is forgotten", 'z += self.params["bias"][:, None]', "pass"),
            ("the pool's padding is ignored", "self.corner = top + pool_top * sh, left + pool_left * sw", "self.corner = top, left"),
            ("columns are not dilated", "v * window.dilation[1] + b * sw", "v + b * sw"),
            ("rows may be dilated", "conv.window.dilation[0] == 1 and ", ""),
        ),
    ),
    Target(
        "engine/fast/winograd.py",
        ("test_fast.py",),
        (
            ("the bias goes into every product", "products[self.bias_at] += self", "products += self"),
            ("a strip begins where the one before began", "first, fresh = strip.start * mh + done", "first, fresh = strip.start * mh"),
            ("rows of the strip before are forgotten", "along[:done] = along[len(along) - done :]", "along[:done] = 0"),
            ("a strip's gradient replaces the sum", "work.dkernel += blocked_matmul_transposed(", "work.dkernel = blocked_matmul_transposed("),
            ("a bias's gradient is of the last strip", "work.dbias += dbias", "work.dbias = dbias"),
            ("overlapping rows of a strip are not added", "first[:, :, 1:] += after[:, :, :-1]", "pass"),
            ("overlapping rows of strips are not added", "first[:, :, 0] += carried", "pass"),
            ("overlapping columns are not added", "own[:, :, 1:, : q - mw] += overlap[:, :, :-1]", "pass"),
            ("the last rows are not written", "if strip.stop == self.blocks[0]:", "if False:"),
            ("outputs that no pool sees keep old numbers", "if not self.all_seen:", "if False:"),
            ("padding holds old numbers", "padded[:, :top] = padded[:, top + h :] = 0", "pass"),
        ),
    ),
    Target(
        "engine/fast/batch_norm.py",
        ("test_fast_normalization.py",),
        (
            ("a mean far from 0 is not subtracted", "return bool((mean * mean <= NEAR * NEAR * variance).all())", "return True"),
            ("the variance is not about the mean", "squares - mean * total)", "squares)"),
            ("a tile's sums replace the total", "totals += column_sums(own), column_sums(d)", "totals[:] = column_sums(own), column_sums(d)"),
            ("the shift forgets what rounding left", "- scaling.rest * scaling.factor", "- scaling.mean * scaling.factor"),
            ("the gradient does not pass through the variance", "* sum_dy_xhat / moments.size", "* 0 / moments.size"),
            ("the gradient does not pass through the mean", "- scaling.factor * sum_dy / moments.size", ""),
            ("ReLU lets all back", "np.greater(y[rows], 0, out=passing) if self.relu else 1", "1"),
            ("a micro-batch is normalized by itself", "moments = yield Exchange(moments_of(rows, layout), share_moments)", "moments = moments_of(rows, layout)"),
        ),
    ),
    Target(
        "engine/fast/folding.py",
        ("test_fast_normalization.py",),
        (
            ("the bias is not normalized", "(bias - mean) * factor", "bias - mean * factor"),
            ("the kernel is not scaled", "kernel * factor.astype(kernel.dtype)", "kernel"),
            ("a normalization of another axis is folded", "1 if channels_first else len(norm.shape_in)", "axis"),
            ("an activation between them is forgotten", " or layer.activation != linear or norm.shape_in is None", " or norm.shape_in is None"),
            ("the user's kernel is scaled", 'layer.params["kernel"], layer', 'layer.params["kernel"].__imul__(factor), layer'),
        ),
    ),
    Target(
        "engine/threads.py",
        ("test_threads.py", "test_parallel.py"),
        (
            ("the caller sleeps while it waits", "while not first.done() and self.pending:", "while False:"),
            ("Ctrl-C waits for its turn", "if not isinstance(error, Exception):", "if False:"),
            ("a thread's work does not know the caller's context", "Task(partial(copy_context().run, work))", "Task(work)"),
            ("what is cancelled is done", "if not task.set_running_or_notify_cancel():", "if task.cancelled() and False:"),
            ("one thread too many works", "ThreadPoolExecutor(workers - 1,", "ThreadPoolExecutor(workers,"),
        ),
    ),
    Target(
        "engine/finite.py",
        ("test_finite.py", "test_sequential.py", "test_callbacks.py", "test_bad_input.py"),
        (
            ("an infinite loss is let pass", "bad = ~np.isfinite(losses)", "bad = np.isnan(losses)"),
            ("the first example is named, whichever it was", "index = (int(number), *map(int, bad[0]))", "index = (0, *map(int, bad[0]))"),
        ),
    ),
    Target(
        "datasets/idx.py",
        ("test_datasets.py",),
        (
            ("sizes are read the wrong way round", 'np.frombuffer(sizes, ">u4")', 'np.frombuffer(sizes, "<u4")'),
            ("numbers are read the wrong way round", '0x0B: ">i2"', '0x0B: "<i2"'),
            ("bytes that are too many are let pass", "if len(data) != expected:", "if len(data) < expected:"),
        ),
    ),
    Target(
        "datasets/digits.py",
        ("test_digits.py",),
        (
            ("a digit fills the frame", "BOX = 20", "BOX = 28"),
            ("a digit's proportions are lost", "max(1, round(BOX * size / max(digit.shape)))", "BOX"),
            ("a digit stands in the corner", "return int(np.clip(np.floor(MIDDLE - centre + 0.5), 0, SIDE - len(mass)))", "return 0"),
            ("a picture is a mirror image", "small = resampling(rows, digit.shape[0]) @ digit @", "small = resampling(rows, digit.shape[0]) @ digit[:, ::-1] @"),
            ("a scaled digit is brighter", "return np.maximum(overlap, 0) * (new / old)", "return np.maximum(overlap, 0)"),
        ),
    ),
    Target(
        "datasets/digits.py",
        ("test_pictures.py",),
        (
            ("thin strokes stay thin", "THIN, THICK = 0.1, 0.16", "THIN, THICK = 0.0, 0.16"),
            ("thick strokes stay thick", "THIN, THICK = 0.1, 0.16 ", "THIN, THICK = 0.1, 1.0 "),
        ),
    ),
    Target(
        "datasets/ink.py",
        ("test_pictures.py",),
        (
            ("the light is subtracted", "1 - image / paper", "(paper - image) / 255"),
            ("light ink is taken for paper", "255 - picture[..., best] if moments[best] > 0 else picture[..., best]", "picture[..., best]"),
            ("colours that are equally bright are one", "(picture - blurred(picture, window(picture))) ** 3).mean(axis=(0, 1))", "(picture - blurred(picture, window(picture))).mean(axis=2, keepdims=True) ** 3).mean(axis=(0, 1))"),
            ("wide shadows are strokes", "min(WIDER * ceil(stroke_width(found)) | 1, window(channel))", "window(channel)"),
            ("noise is ink", "core.sum() < SOLID * stroke.sum()", "False"),
            ("faint lines are ink", "WEAK, STRONG = 0.35, 0.6", "WEAK, STRONG = 0.05, 0.6"),
        ),
    ),
    Target(
        "datasets/morphology.py",
        ("test_pictures.py",),
        (
            ("a maximum's window is too wide", "step = min(width, size - width)", "step = width"),
            ("a mean's window lies beside the pixel", "size // 2 + 1, size - 1 - size // 2", "size // 2, size - size // 2"),
            ("shadows end at the edge", 'np.pad(image, size, "edge")', 'np.pad(image, size, "reflect")'),
        ),
    ),
    Target(
        "datasets/pieces.py",
        ("test_pictures.py",),
        (
            ("pixels touch along sides alone", "(1, wide - 1, wide, wide + 1)", "(1, wide, wide, wide)"),
            ("specks are pieces", "SPECK = 0.05", "SPECK = 0.0"),
            ("digits are read from right to left", "key=lambda digit: digit[0].left", "key=lambda digit: -digit[0].left"),
            ("every line is level", "if nearest is not None and abs(middle(nearest[-1])", "if nearest is not None and abs(middle(nearest[0])"),
        ),
    ),
    Target(
        "utils/np_utils.py",
        ("test_losses.py", "test_bad_input.py", "test_datasets.py"),
        (
            ("labels are counted from 1", "(labels[..., None] == np.arange(num_classes))", "(labels[..., None] == np.arange(num_classes) + 1)"),
            ("the largest label has no class", "num_classes = int(labels.max()) + 1", "num_classes = max(int(labels.max()), 1)"),
        ),
    ),
    Target(
        "callbacks/early_stopping.py",
        ("test_callbacks.py", "test_sequential.py", "test_resume.py"),
        (
            ("patience ends an epoch late", "elif self.wait >= self.patience and", "elif self.wait > self.patience and"),
            ("patience is never restored", "self.wait = 0\n        elif", "pass\n        elif"),
            ("the best weights are the first ones", "if self.restore_best_weights:\n                self.best_weights = self.model.get_weights()", "if False:\n                pass"),
        ),
    ),
    Target(
        "preprocessing/transforms.py",
        ("test_image_generator.py",),
        (
            ("a shift is not turned with the image", "rotation @ np.stack([ty, tx], axis=1)", "np.stack([ty, tx], axis=1)"),
            ("rows and columns are zoomed the wrong way round", "[[zy, zero], [zero, zx]]", "[[zx, zero], [zero, zy]]"),
            ("a shear turns the other way", "[-np.sin(lean), zero + 1]", "[np.sin(lean), zero + 1]"),
        ),
    ),
    Target(
        "preprocessing/iterator.py",
        ("test_image_generator.py",),
        (
            ("each epoch is the same", "self.epoch += 1", "pass"),
            ("the last, short batch is dropped", "ceil_div(self.n, self.batch_size)", "self.n // self.batch_size"),
            ("targets keep their order", "[array[rows] for array", "[array[np.sort(rows)] for array"),
        ),
    ),
    Target(
        "preprocessing/standardization.py",
        ("test_image_generator.py",),
        (
            ("statistics are taken of images that are not rescaled", "x = x * self.rescale", "pass"),
            ("an image is divided before its mean is taken off", "x /= x.std() + TINY", "x /= x.mean() + TINY"),
            ("whitened as if there were one image", "np.sqrt(len(x)) / (s + epsilon)", "1 / (s + epsilon)"),
        ),
    ),
    Target(
        "callbacks/monitor.py",
        ("test_more_callbacks.py",),
        (
            ("an accuracy is taken for a loss", 'return 1.0 if mode == "max" else -1.0', "return -1.0"),
            ("an epoch as good as the best is an improvement", "- self.min_delta > (", "- self.min_delta >= ("),
            ("a state of NaN is a figure", "None if math.isnan(best) else best", "best"),
        ),
    ),
    Target(
        "callbacks/learning_rate.py",
        ("test_more_callbacks.py",),
        (
            ("the learning rate is reduced without end", "* self.factor, self.min_lr)", "* self.factor, 0.0)"),
            ("there is no cooldown", "self.cooldown_counter, self.wait = self.cooldown, 0", "self.wait = 0"),
        ),
    ),
    Target(
        "callbacks/checkpoint.py",
        ("test_more_callbacks.py",),
        (
            ("the best is the last", "self.best = figure if due else self.best", "self.best = figure"),
            ("batches are counted anew each epoch", "        self.epoch = epoch\n\n    def on_train_batch_end", "        self.epoch, self.batches = epoch, 0\n\n    def on_train_batch_end"),
        ),
    ),
    Target(
        "callbacks/csv_logger.py",
        ("test_more_callbacks.py",),
        (
            ("what a killed program wrote stays", "os.truncate(self.filename, min(self.length, os.path.getsize(self.filename)))", "pass"),
            ("a resumed table begins anew", "self.length, self.resumed = int(state", "_, self.resumed = int(state"),
        ),
    ),
    Target(
        "callbacks/backup.py",
        ("test_callbacks.py", "test_sequential.py", "test_resume.py"),
        (
            ("the epochs in a file are counted, not read", "max(history.epoch, default=self.params[\"initial_epoch\"] - 1) + 1", "len(history.epoch)"),
            ("a first epoch that was interrupted is another one", "default=self.params[\"initial_epoch\"] - 1", "default=-1"),
            ("batches are counted for each epoch", "self.batches = 0\n", "self.batches = -1\n"),
            ("epochs are backed up besides", "if self.every is None:\n            self.save()", "self.save()"),
            ("a damaged file takes the place of the one before", "os.replace(path, self.path)", "pass"),
            ("the file before is not kept", "os.replace(self.path, self.previous)", "pass"),
            ("a file of before is always read", " if self.double_checkpoint else [self.path]", ""),
        ),
    ),
    Target(
        "callbacks/callback_list.py",
        ("test_callbacks.py", "test_sequential.py", "test_resume.py"),
        (
            ("what callbacks remember is kept before they know of the epoch", "history, *backups]", "*backups, history]"),
        ),
    ),
    Target(
        "callbacks/not_finite.py",
        ("test_callbacks.py", "test_sequential.py", "test_resume.py"),
        (
            ("an infinite loss does not end training", "if loss is None or math.isfinite(loss):", "if loss is None or not math.isnan(loss):"),
        ),
    ),
    Target(
        "files/keras/variables.py",
        ("test_keras_files.py", "test_older_keras_files.py", "test_damaged_keras_files.py"),
        (
            ("two layers of a class have one place", "counts[word] += 1", "counts[word] += 0"),
            ("a file of more layers is taken", 'raise ValueError(f"holds {top}/{name}, which', 'print(f"holds {top}/{name}, which'),
        ),
    ),
    Target(
        "files/keras/graph.py",
        ("test_keras_blocks.py", "test_keras_files.py"),
        (
            ("layers are in the chain's order", "key=lambda place: -depths[place]", "key=lambda place: place"),
            ("the shortest way to the output counts", "max(depths[taken], depths[place] + 1)", "depths[place] + 1"),
            ("layers of one depth are in reverse order", "key=lambda place: -depths[place]", "key=lambda place: (-depths[place], -place)"),
            ("two layers have one name", "while not free and name in taken:", "while False:"),
        ),
    ),
    Target(
        "files/keras/blocks.py",
        ("test_keras_blocks.py", "test_keras_files.py", "test_damaged_keras_files.py"),
        (
            ("a layer for nothing is overlooked", "unused = nodes.keys() - names_in(steps)", "unused = set[str]()"),
            ("two layers of a name are one", "if name in nodes:", "if not name:"),
            ("what takes two layers and adds nothing is read", "if len(inputs) > 1 and kind not in MERGES:", "if not kind:"),
            ("one branch stays in front of its block", "max(len(layers) - count, 0)", "len(layers)"),
        ),
    ),
    Target(
        "files/keras/inbound.py",
        ("test_keras_blocks.py", "test_damaged_keras_files.py"),
        (
            ("a shared layer is read as two", "if len(calls) > 1:", "if not entry:"),
            ("options of calls are overlooked", "if value is not None and key not in without_effect:", "if not key:"),
        ),
    ),
    Target(
        "files/keras/slots.py",
        ("test_keras_files.py",),
        (
            ("Keras's former optimizers are read by turns", "for slot in group for name in names)", "for name in names for slot in group)"),
            ("velocity_hat takes turns with the others", "(own[:2], own[2:])", "(own, ())"),
            ("RMSprop's slots are in our order", '("mean_square", "velocity", "mean") if', '("mean_square", "mean", "velocity") if'),
        ),
    ),
    Target(
        "files/keras/legacy.py",
        ("test_older_keras_files.py",),
        (
            ("Theano's kernels are not turned", "filters[::-1, ::-1] if flipped else filters", "filters"),
            ("Keras 1's kernels have rows and columns exchanged", "transpose(2, 3, 1, 0)", "transpose(3, 2, 1, 0)"),
        ),
    ),
    Target(
        "files/keras/hdf5.py",
        ("test_damaged_keras_files.py",),
        (
            ("links are followed", "if not isinstance(link, h5py.HardLink):", "if link is None:"),
            ("arrays in other files are read", "if found.is_virtual or found.external:", "if found.is_virtual:"),
            ("bombs are read", "MAX_EXPANSION = 100", "MAX_EXPANSION = 10**12"),
        ),
    ),
    Target(
        "files/keras/incoming.py",
        ("test_keras_files.py", "test_older_keras_files.py", "test_damaged_keras_files.py"),
        (
            ("Keras 2's decay is forgotten", 'decay = arguments.pop("decay", None)', 'decay = arguments.pop("decay", None) and None'),
            ("options that are not there are overlooked", "elif value not in (None, False) and", "elif False and"),
            ("whose class it is does not matter", 'not in ("keras", "tf_keras", "builtins"):', "is None:"),
        ),
    ),
    Target(
        "files/safetensors.py",
        ("test_formats.py", "test_damaged_files.py", "test_saving.py"),
        (
            ("the header's length is written the wrong way round", 'return len(text).to_bytes(LENGTH_BYTES, "little") + text', 'return len(text).to_bytes(LENGTH_BYTES, "big") + text'),
            ("the later of two arrays of a name counts", "if len(found) != len(pairs):", "if not found and pairs:"),
            ("arrays may overlap", "if (begin, end) != (reached, reached + specs[name].nbytes):", "if end - begin != specs[name].nbytes:"),
            ("bytes after the arrays are ignored", "if reached != buffer_size:", "if reached > buffer_size:"),
            ("a header may be longer than the file", "if length > file_size - LENGTH_BYTES:", "if False:"),
            ("NaN is read as JSON", "parse_constant=refuse_constant", "parse_constant=float"),
            ("the buffer is not aligned", 'text += b" " * padding', "pass"),
        ),
    ),
    Target(
        "files/container.py",
        ("test_formats.py", "test_damaged_files.py"),
        (
            ("a part of the digest is compared", "if head[DIGEST_PLACE] != digest.hexdigest().encode():", "if head[DIGEST_PLACE][:8] != digest.hexdigest()[:8].encode():"),
            ("the digest is not checked", "if self.own:\n            self.check_digest()", "if False:\n            self.check_digest()"),
            ("arrays are written in the machine's order of names", "for name in buffer_order(arrays))):", "for name in sorted(arrays))):"),
            ("the digest is over the arrays alone", "digest = hashlib.sha256(head[: DIGEST_PLACE.start] + NO_DIGEST.encode())", "digest = hashlib.sha256()"),
            ("what the file does not hold is zeros", "if self.file.readinto(part.data) != count:", "if self.file.readinto(part.data) > count:"),
        ),
    ),
    Target(
        "files/arrays.py",
        ("test_saving.py", "test_damaged_files.py"),
        (
            ("the shapes of arrays are not compared", "if spec != expected[name]:", "if spec.dtype != expected[name].dtype:"),
            ("arrays that are missing are let pass", "if name not in found:", "if not found:"),
            ("arrays of no one are let pass", "if name not in expected:", "if not expected:"),
        ),
    ),
    Target(
        "files/resume.py",
        ("test_resume.py",),
        (
            ("a continued training forgets its slots", "model.optimizer.become(saved.optimizer)", "vars(saved.optimizer).pop('state'); model.optimizer.become(saved.optimizer)"),
            ("a continued training counts its steps anew", "model.optimizer.become(saved.optimizer)", "vars(saved.optimizer).pop('iterations'); model.optimizer.become(saved.optimizer)"),
            ("the seed is not restored", "model.seed, model.steps, model.stop_training = saved.seed, saved.steps, saved.stop_training", "model.steps, model.stop_training = saved.steps, saved.stop_training"),
            ("the step is not restored", "model.seed, model.steps, model.stop_training = saved.seed, saved.steps, saved.stop_training", "model.seed, model.stop_training = saved.seed, saved.stop_training"),
            ("that training had ended is not restored", "model.seed, model.steps, model.stop_training = saved.seed, saved.steps, saved.stop_training", "model.seed, model.steps = saved.seed, saved.steps"),
            ("the figures of History are not restored", "history.epoch, history.history = saved.history.epoch, saved.history.history", "history.epoch = saved.history.epoch"),
            ("the optimizer's settings are not restored", "model.optimizer.become(saved.optimizer)", "model.optimizer.iterations, model.optimizer.state = saved.optimizer.iterations, saved.optimizer.state"),
        ),
    ),
    Target(
        "files/atomic.py",
        ("test_atomic.py", "test_saving.py"),
        (
            ("the rename comes before the sync", "            os.fsync(file.fileno())\n            if fcntl is not None:\n                os.replace(file.name, target)  # while the lock is held\n", "            if fcntl is not None:\n                os.replace(file.name, target)\n            os.fsync(file.fileno())\n"),
            ("what is synced is still in a buffer", "            file.flush()\n            os.fsync(file.fileno())\n", "            os.fsync(file.fileno())\n            file.flush()\n"),
            ("the old file is removed before the new one is there", "os.replace(file.name, target)  # while the lock is held", "target.unlink(missing_ok=True); os.replace(file.name, target)"),
            ("the new file is in another directory", 'f"{target}.{secrets', 'f"{target.name}.{secrets'),
            ("the lock is forgotten", "if claimed(file):", "if os.path.exists(file.name):"),
            ("what killed processes left is kept when a file is saved", "    remove_leftovers(target)\n    file = new_partial(target)\n", "    file = new_partial(target)\n"),
            ("a link is replaced by a file", "target = Path(os.path.realpath(path))  # a link stays a link", "target = Path(path)"),
        ),
    ),
    Target(
        "show/learning_rates.py",
        ("test_learning_rates.py",),
        (
            ("the average is biased towards zero", "return self.total / self.weight", "return self.total"),
            ("the model itself is trained", "copy: Any = deepcopy(model)", "copy: Any = model"),
            ("the rate rises by equal amounts", "self.lowest * self.factor ** (step - self.begin)", "self.lowest + self.factor * (step - self.begin)"),
            ("a diverging training goes on", "self.model.stop_training = True", "pass"),
            ("the rate of the largest loss", "self.smoothed.argmin()", "self.smoothed.argmax()"),
        ),
    ),
    Target(
        "gradcheck/numeric.py",
        ("test_gradcheck.py", "test_gradcheck_functions.py"),
        (
            ("the square of the step is not 0", "IMAGINARY_STEP = 1e-180", "IMAGINARY_STEP = 1e-30"),
            ("a saturated term contradicts the complex step", "return float(size[still].sum())", "return 0.0"),
            ("noise is estimated once", "        real = doubted(real, line, base)\n", "        pass\n"),
            ("any kink is believed", "if exact.is_kink and has_sides(exact, line, base, unit * KINK_STEP):", "if exact.is_kink:"),
            ("a jump has a derivative", "return found._replace(noise=np.inf) if jumps(line, base, unit, found.size) else found", "return found"),
            ("the complex step is not confirmed", "    return confirmed(exact, real, rounding, hidden)", "    return exact"),
        ),
    ),
    Target(
        "gradcheck/decision.py",
        ("test_gradcheck_functions.py", "test_diagnosis.py"),
        (
            ("what cannot be decided passes", "return PASSED if measured.noise <= known * size else INCONCLUSIVE", "return PASSED"),
            ("a claim of NaN passes", "if not measured.miss(claimed) <= measured.noise + SLACK * size + floor:", "if measured.miss(claimed) > measured.noise + SLACK * size + floor:"),
            ("what could not be measured passes", "if measured.noise == inf:\n        return INCONCLUSIVE", "if measured.noise == inf:\n        return PASSED"),
            ("a claim may be off by a thousandth", "SLACK = 1e-10", "SLACK = 1e-3"),
        ),
    ),
    Target(
        "gradcheck/code.py",
        ("test_gradcheck_styles.py",),
        (
            ("a cache is not recognised", "return isinstance(result, tuple) and len(result) == 2 and", "return isinstance(result, tuple) and len(result) == 3 and"),
            ("a context forgets what is saved", "self.saved_tensors = saved", "pass"),
            ("constants do not reach the backward", "name: value for name, value in constants.items() if name in names", "name: value for name, value in constants.items() if name not in names"),
            ("gradients by name are taken in order", "for key, value in result.items() if key in spellings(name)}", "for key, value in result.items()}"),
        ),
    ),
    Target(
        "gradcheck/objects.py",
        ("test_gradcheck_styles.py",),
        (
            ("calls are made on the object itself", "twin = deepcopy(methods.holder, instead)", "twin = methods.holder"),
            ("running averages are trained", "and not name.startswith(AVERAGES)", ""),
            ("parameters stay as they are", "instead = {id(array): own[name] for name, array in kept.items()}", "instead = {}"),
        ),
    ),
    Target(
        "gradcheck/patterns.py",
        ("test_diagnosis.py",),
        (
            ("twice the batch is a mean", '("/", over, 1 / abs(k))', '("/", over, 2 / abs(k))'),
            ("one factor is enough for all columns", "k = (right * claimed).sum(axis=1, keepdims=True) / np.maximum(squares, TINY)", "k = np.array([[(right * claimed).sum() / squares.sum()]])"),
            ("a wrong border is not one of padding", "told = not planes[inner].any() and", "told = planes[inner].any() and"),
            ("overlap is seen where there is none", "told = few.any() and not wrong[few].any() and", "told = few.any() and wrong[few].any() and"),
            ("what is right by chance is a pattern", "return bool((1 - elsewhere.mean()) ** right > CHANCE)", "return False"),
            ("the diagonal is any share", "not one.near(one.claimed, diagonal)", "one.near(one.claimed, 2 * diagonal)"),
            ("ties are no kinks", "if one.kinks.any() and not (one.wrong & ~one.kinks).any():", "if not one.kinks.any():"),
        ),
    ),
    Target(
        "gradcheck/diagnosis.py",
        ("test_diagnosis.py",),
        (
            ("any other input explains a gradient", "return bool(abs((up - down) / (2 * h) - (line * one.claimed).sum()) <= NEAR * one.scale)", "return True"),
            ("one line is enough", "if all(is_along(one, problem.at(other), line) for line in lines)", "if all(is_along(one, problem.at(other), 0 * line) for line in lines)"),
        ),
    ),
    Target(
        "gradcheck/changes.py",
        ("test_diagnosis.py",),
        (
            ("rotated is mirrored", "np.flip(a, (-2, -1))", "np.flip(a, -1)"),
            ("one of two is exchanged", "{name: b, other: a}", "{name: b}"),
        ),
    ),
    Target(
        "courses/hypotheses.py",
        ("test_hints.py",),
        (
            ("the arguments themselves are changed", "changed = list(deepcopy(arguments))", "changed = list(arguments)"),
            ("the first array is taken apart too", "changed(floats, whole=names[0])", "changed(floats)"),
            ("a rate is not turned round", "where {name} belongs\": 1 - value, **others}", "where {name} belongs\": value, **others}"),
        ),
    ),
    Target(
        "courses/comparison.py",
        ("test_grader.py", "test_hints.py", "test_course_mistakes.py"),
        (
            ("four digits are enough", "CLOSE = 1e-8", "CLOSE = 1e-4"),
            ("a hypothesis may be any number", "return bool((abs(given[finite] - part[finite]) <= slack_of(part[finite])).all())", "return True"),
            ("infinities are not compared", "if not np.array_equal(np.isfinite(given), finite):", "if False:"),
        ),
    ),
    Target(
        "courses/variants.py",
        ("test_hints.py",),
        (
            ("the bias is corrected", "mean = config[\"m\"] / (1 - m * config[\"beta1\"] ** t)", "mean = config[\"m\"] / (1 - config[\"beta1\"] ** t)"),
            ("a column's largest is a row's", "shifted(x, 0)", "shifted(x, 1)"),
        ),
    ),
    Target(
        "courses/cs231n/normalization.py",
        ("test_courses.py",),
        (
            ("the average is the other way round", "momentum * average[0] + (1 - momentum) * mean", "(1 - momentum) * average[0] + momentum * mean"),
            ("the variance is of n - 1", "of_batch.m2 / of_batch.size", "of_batch.m2 / (of_batch.size - 1)"),
            ("gamma is multiplied in after", "F.normalize_backward(dout * gamma, normalized, (1,))", "F.normalize_backward(dout, normalized, (1,)) * gamma"),
            ("groups are of positions", "x.reshape(n, G, c // G, h, w)", "x.reshape(n, c // G, G, h, w)"),
        ),
    ),
    Target(
        "courses/cs231n/images.py",
        ("test_courses.py",),
        (
            ("the kernel is taken by columns", "kernel = w.transpose(2, 3, 1, 0)", "kernel = w.transpose(3, 2, 1, 0).reshape(*w.shape[2:], w.shape[1], -1)"),
            ("the kernel's gradient stays channels last", "dkernel.transpose(3, 2, 0, 1)", "dkernel.reshape(kernel.transpose(3, 2, 0, 1).shape)"),
            ("im2col has the images first", "return parts.transpose(3, 2, 1, 0).reshape(rows.shape[1], -1)", "return parts.transpose(3, 2, 0, 1).reshape(rows.shape[1], -1)"),
        ),
    ),
    Target(
        "datasets/sheet.py",
        ("test_pictures.py",),
        (
            ("a digit is a sheet", "bare.mean() > BARE and writing.any()", "bare.mean() > BARE"),
            ("the sheet's own edge is read with it", "slice((one.start + 1) * factor, (one.stop - 1) * factor)", "slice((one.start - 2) * factor, (one.stop + 2) * factor)"),
            ("only light sheets are found", "for sheet in (above, ~above):", "for sheet in (above,):"),
        ),
    ),
    Target(
        "courses/grader.py",
        ("test_grader.py",),
        (
            ("a backward is blamed for its forward", "partner(name) == came[-1].name != name", "name == came[-1].name != name"),
        ),
    ),
    Target(
        "compat/generators.py",
        ("test_older_programs.py", "test_image_generator.py"),
        (
            ("an epoch ends with the sequence", "(training and count < batches)", "False"),
            ("a pass has no end", "sequence.on_epoch_end()", "pass"),
        ),
    ),
    Target(
        "show/serve/session.py",
        ("test_serve.py",),
        (
            ("an earlier step has the newest parameters", "restore(self._earlier, moment)\n        return self._earlier, version", "return self.model, version"),
            ("an earlier step has the newest version", "return self._earlier, version", "return self._earlier, self.version"),
            ("copies are kept however large they are", "if 4 * moment.nbytes <= MAX_MOMENT_BYTES:", "if True:"),
        ),
    ),
    Target(
        "courses/grading.py",
        ("test_grader.py", "test_hints.py", "test_course_mistakes.py"),
        (
            ("arrays may be changed", "if not in_place and isinstance(was, np.ndarray)", "if in_place and isinstance(was, np.ndarray)"),
            ("any later hint is taken", "one.hypothesis in before.possible", "one.hypothesis"),
            ("all paths have the first one's hints", "key = case.path, one.what", "key = \"\", one.what"),
            ("ties are not looked at", "look = number == 0 or case.ties", "look = number == 0"),
            ("an update rule is called once", "for step in range(exercise.steps):", "for step in range(1):"),
        ),
    ),
    Target(
        "common/html.py",
        ("test_notebook_output.py",),
        (
            ("names are not escaped", "else escape(one)}</td>", "else one}</td>"),
            ("curves stand on their heads", "HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) *", "MARGIN + (HEIGHT - 2 * MARGIN) *"),
            ("blue is above zero", "red, blue = 1 + np.minimum(v, 0), 1 - np.maximum(v, 0)", "blue, red = 1 + np.minimum(v, 0), 1 - np.maximum(v, 0)"),
        ),
    ),
    Target(
        "show/progress.py",
        ("test_progress.py",),
        (
            ("the bar is never full", "filled = width * done // total", "filled = (width - 1) * done // total"),
            ("minutes have sixty-one seconds", "minutes, rest = divmod(round(seconds), 60)", "minutes, rest = divmod(round(seconds), 61)"),
            ("the time left is the time gone", "seconds / done * (self.steps - done)", "seconds / done * done"),
        ),
    ),
    Target(
        "show/trace.py",
        ("test_tracing.py",),
        (
            ("gradients are of the sum, not of the mean", "network.backward(objective.loss.gradient(trace.targets, z) / divisor, caches)", "network.backward(objective.loss.gradient(trace.targets, z), caches)"),
            ("masks are those of no step", "y, _ = network.forward(x, training=training, rng=position.rng(0))", "y, _ = network.forward(x, training=False, rng=position.rng(0))"),
            ("parameters are the model's own arrays", "arrays = {key: array.copy() for", "arrays = {key: array for"),
        ),
    ),
    Target(
        "show/explorer/structure.py",
        ("test_lessons.py",),
        (
            ("a block gives what its first branch gives", "layer.merged(outputs)", "outputs[0]"),
            ("the gradient of a block's input comes by its first branch alone", "sum(rest, start=first)", "first"),
        ),
    ),
    Target(
        "show/explorer/tensors.py",
        ("test_explore.py",),
        (
            ("a kernel is rounded to fewer levels", "largest / LEVELS, 1)", "largest / 50, 1)"),
            ("what does not fit is kept", "if size > limit:", "if size > 2 * limit:"),
            ("bytes are in the machine's order", 'kind = value.dtype.newbyteorder("<")', 'kind = value.dtype.newbyteorder(">")'),
            ("two different arrays are taken for one", "key = kind.name, hashlib.sha256(raw).digest()", "key = kind.name, hashlib.sha256(raw[:8]).digest()"),
        ),
    ),
    Target(
        "show/receptive.py",
        ("test_summary.py",),
        (
            ("strides are left out", "np.arange(output[axis]) * window.strides[axis]", "np.arange(output[axis])"),
            ("dilation is left out", "(tap < window.extent[axis])", "(tap < window.size[axis])"),
            ("a transposed window reads as an ordinary one", "return across.T, down.T", "return windows(layer.window, image, output, layer.window.pads(image))"),
            ("branches count as the last of them", "reduce(either, ends) if parallel else after", "after"),
        ),
    ),
    Target(
        "layers/costs.py",
        ("test_summary.py",),
        (
            ("a transposed convolution is counted at its outputs", "input_shape if isinstance(layer, Conv2DTranspose) else output_shape", "output_shape"),
            ("Dense is counted once for an image", "return prod(input_shape[:-1])", "return 1"),
            ("biases are counted", 'if name.endswith("kernel")', "if name"),
        ),
    ),
    Target(
        "common/older.py",
        ("test_older_keras.py",),
        (
            ("th and tf are swapped", '"th": "channels_first", "tf": "channels_last"', '"th": "channels_last", "tf": "channels_first"'),
            ("rows and columns are swapped", 'given.get("nb_row", value), given.get("nb_col", value)', 'given.get("nb_col", value), given.get("nb_row", value)'),
            ("the batch axis stays", "return value[1:] if isinstance", "return value if isinstance"),
            ("it warns each time", "WARNED.add(old)", "pass"),
        ),
    ),
    Target(
        "files/weights.py",
        ("test_keras_models.py",),
        (
            ("weights of other shapes are not skipped", "expected[name].shape != present[name].shape", "False"),
            ("those that the file lacks are asked for", "if by_name:", "if False:"),
        ),
    ),
    Target(
        "show/explorer/page.py",
        ("test_explore.py",),
        (
            ("a name may end the script", '.replace("<", "\\\\u003c")', ""),
            ("examples take more than the page has room for", "MAX_PAGE_BYTES - size(facts, table))", "2 * MAX_PAGE_BYTES - size(facts, table))"),
        ),
    ),
    Target(
        "files/onnx/layer_nodes.py",
        ("test_onnx_files.py",),
        (
            ("the kernel stays HWIO", 'kernel = layer.params["kernel"].transpose(3, 2, 0, 1)  # (O, I/groups, H, W)', 'kernel = layer.params["kernel"].transpose(3, 2, 1, 0)'),
            ("the rows behind a flattened image are in Keras's order", "kernel = kernel[rows.transpose([axis - 1 for axis in x.order if axis]).ravel()]  # in the tensor's order", "pass"),
            ("pads are listed side by side", "return [top, left, bottom, right]", "return [top, bottom, left, right]"),
            ("filters of a channel are not neighbours", "kernel.transpose(2, 3, 0, 1).reshape(-1, 1, rows, cols)", "kernel.transpose(3, 2, 0, 1).reshape(-1, 1, rows, cols)"),
            ("a transposed convolution's kernel is that of a convolution", 'layer.params["kernel"].transpose(3, 2, 0, 1))]  # (C, F, H, W)', 'layer.params["kernel"].transpose(2, 3, 0, 1))]'),
            ("the moving averages change places", 'mean, variance = layer.state["moving_mean"], layer.state["moving_variance"]', 'variance, mean = layer.state["moving_mean"], layer.state["moving_variance"]'),
        ),
    ),
    Target(
        "files/onnx/graph.py",
        ("test_onnx_files.py",),
        (
            ("a Transpose is written the other way round", "key = x.name, tuple(x.order.index(axis) for axis in order)", "key = x.name, tuple(order.index(axis) for axis in x.order)"),
            ("a constant keeps the layers' order", "aligned.transpose([axis - 1 for axis in x.order if axis])", "aligned"),
        ),
    ),
    Target(
        "files/onnx/node_layers.py",
        ("test_onnx_files.py", "test_onnx_refused.py"),
        (
            ("the rows behind a flattened image are in ONNX's order", "ordered[rows] = kernel", "ordered[...] = kernel"),
            ("every border is that of 'same'", 'return "same"\n    stack.add(', 'return "same"\n    return "same"\n    stack.add('),
            ("the largest pool has the borders of 'same'", "if borders in (ZERO, same):", "if True:"),
            ("epsilon is Keras's", 'operation.number("momentum", 0.9), operation.number("epsilon", 1e-5)', '0.99, 1e-3'),
        ),
    ),
    Target(
        "files/onnx/parsing.py",
        ("test_onnx_refused.py",),
        (
            ("data outside the file are taken for none", "if tensor.data_location == proto.EXTERNAL or tensor.external_data:", "if False:"),
            ("a tensor of the wrong size is read", "if prod(shape) != count:", "if False:"),
            ("a function of another's is taken for this library's", "if known != one:", "if known is None:"),
        ),
    ),
    Target(
        "files/state_dict.py",
        ("test_state_dict.py",),
        (
            ("rows behind a flattened image stay in Keras's order", "return np.arange(prod(image)).reshape(image).transpose(2, 0, 1).ravel()  # (C, H, W)", "return slice(None)"),
            ("Linear is not transposed", "lambda array: reordered(array.T, rows)", "lambda array: reordered(array.reshape(shape), rows)"),
            ("module 10 comes before module 2", "sorted(file.specs, key=natural)", "sorted(file.specs)"),
            ("equal shapes are taken in any order", 'if len({re.sub("[0-9]+", "", name) for name in alike}) > 1:', "if False:"),
        ),
    ),
    Target(
        "engine/executors.py",
        ("test_whole_batch.py", "test_many.py"),
        (
            ("every exchange is sent to processes", "not isinstance(executor, ThreadPoolExecutor)", "False"),
            ("threads have no part in exchanges", "not isinstance(executor, ThreadPoolExecutor)", "True"),
            ("a cluster has a worker for each machine", "sum(client.nthreads().values())", "len(client.nthreads())"),
        ),
    ),
    Target(
        "recipes/many.py",
        ("test_many.py",),
        (
            ("arrays are sent with every task", "recipes[k], 1, None)", "recipes[k], 1, arrays)"),
            ("all tasks on arrays are given out at once", "len(recipes) if arrays is None else at_a_time, recipes", "len(recipes), recipes"),
            ("a worker trains with all threads", "recipes[k], 1, None)", "recipes[k], None, None)"),
            ("a broken executor ends the program", "    except Exception as error:\n        failed", "    except AttributeError as error:\n        failed"),
            ("tasks are left behind", "            task.cancel()", "            pass"),
            ("the data are kept in the caller's process", "        release()", "        pass"),
            ("the order of a configuration decides its file", "sort_keys=True", "sort_keys=False"),
            ("a name is a path", 're.sub(r"[^\\w.-]", "_", recipe.name)', "recipe.name"),
        ),
    ),
    Target(
        "recipes/data.py",
        ("test_many.py",),
        (
            ("the part that is held out is trained on", "(np.delete(x, rows, axis=0), np.delete(y, rows)), (x[rows]", "(x, y), (x[rows]"),
            ("labels are held out in another place", "np.delete(y, rows))", "np.delete(y, slice(0, rows.stop - rows.start)))"),
            ("arrays are known by their shapes", "        found.update(np.ascontiguousarray(array).data)\n", ""),
            ("arrays are known by their bytes alone", '        found.update(f"{array.dtype.str}{array.shape}".encode())\n', ""),
        ),
    ),
    Target(
        "recipes/held.py",
        ("test_many.py",),
        (("a worker keeps nothing", "        HELD[name] = split", "        pass"),),
    ),
    Target(
        "recipes/recipe.py",
        ("test_many.py", "test_recipes.py"),
        (
            ("classes are counted in the labels", "as_targets(self.new_loss(), labels, classes)", "as_targets(self.new_loss(), labels, int(labels.max()) + 1)"),
            ("a worker tests with all threads", "options.get(key) for key in", "None for key in"),
            ("an ensemble's networks have one seed", "seed=self.members * self.seed + k", "seed=self.seed"),
            ("an ensemble is tested on the test examples where a part is held out", "hold_out(split, self.fold)[1]", "split[1]"),
        ),
    ),
    Target(
        "recipes/choosing.py",
        ("test_choosing.py",),
        (
            ("the deviation is the population's", "ddof=1", "ddof=0"),
            ("the interval is of one training", "* deviation / math.sqrt(n)", "* deviation"),
            ("the interval is the normal distribution's", "student_t(n - 1) * deviation", "NORMAL * deviation"),
            ("one degree of freedom too many", "student_t(n - 1) *", "student_t(n) *"),
            ("the least accurate comes first", "key=lambda one: -one.mean", "key=lambda one: one.mean"),
            ("each seed is a recipe of its own", '"seed": None, "fold": None}', '"fold": None}'),
            ("a search changes the recipe", "deepcopy(recipe.get_config())", "recipe.get_config()"),
            ("draws are not those of the seed", 'np.random.default_rng(checks.integer("draws", "seed", seed, at_least=0))', "np.random.default_rng()"),
        ),
    ),
    Target(
        "common/configuration.py",
        ("test_saving.py",),
        (
            ("an own class stands for the library's of that name", "if name in table or given().get(name) is not cls", "if given().get(name, table.get(name)) is None"),
            ("arguments that the configuration lacks are forgotten", "    if missing:\n", "    if missing and False:\n"),
            ("what is registered is not found", "return {**REGISTERED, **OWN.get({})}", "return dict(OWN.get({}))"),
        ),
    ),
    Target(
        "files/own.py",
        ("test_saving.py",),
        (
            ("a name stands for the library's activation and another", "if one.name not in NAMES", "if True"),
            ("initializers of one's own are forgotten", "*initializers_of(model), ", ""),
            ("a class of the library's is one's own", "return not is_librarys(cls) and", "return"),
        ),
    ),
    Target(
        "files/model.py",
        ("test_saving.py",),
        (
            ("what compile was given is needed without it", "    if not compiled:  # what", "    if False:  # what"),
            ("the optimizer's slots are read without it", 'if not name.startswith("optimizer/")', ""),
        ),
    ),
    Target(
        "engine/fast/scratch.py",
        ("test_fast.py",),
        (
            ("memory begins where it may", "buffer, self.rest = self.rest[:size]", "buffer, self.rest = self.rest[16 : size + 16]"),
            ("memory is lent twice", "            buffers.free.setdefault(buffer.size, []).append(buffer)\n", "            buffers.free.setdefault(buffer.size, []).extend([buffer, buffer])\n"),
        ),
    ),
    Target(
        "sklearn.py",
        ("test_sklearn.py",),
        (
            ("classes are numbers", "return self.classes_[probabilities.argmax(axis=1)]", "return probabilities.argmax(axis=1)"),
            ("weights are overlooked", '{"sample_weight": sample_weight, ', '{"sample_weight": None, '),
            ("random_state is overlooked", "        if self.random_state is None:\n            return default\n", "        return default\n"),
        ),
    ),
)
# fmt: on


class Fault(NamedTuple):
    """One fault, and the tests that must notice it."""

    file: str
    tests: tuple[str, ...]
    what: str
    right: str
    wrong: str

    def put_into(self, source: str) -> str:
        """The file's text with the fault. Raises ValueError unless the right text stands there exactly once."""
        if source.count(self.right) != 1:
            raise ValueError(f"{self.file}: {self.right!r} stands there {source.count(self.right)} times")
        return source.replace(self.right, self.wrong)


FAULTS = [Fault(target.file, target.tests, *rewriting) for target in TARGETS for rewriting in target.faults]
