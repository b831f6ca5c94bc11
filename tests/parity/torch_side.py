"""The figures by PyTorch: its convolutions, pools, losses and autograd.

Written by the definitions of Keras, whose layouts and padding are not PyTorch's: images become (N, C, H, W) and are
padded by hand. RMSprop has its epsilon inside the root, and is written out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from math import ceil, sqrt
from typing import Any

import torch
from torch.nn import functional as F

from numpycnn.common.typing import Array
from parity.draw import Case, Entry, Spec, trained
from parity.figures import Result
from parity.others import scaled
from parity.ours import drawn

torch.use_deterministic_algorithms(True)


def sparsemax(z: Any) -> Any:
    """Martins and Astudillo's algorithm, on sorted scores."""
    falling = z.sort(-1, descending=True)[0]
    ranks = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype)
    size = (1 + ranks * falling > falling.cumsum(-1)).sum(-1, keepdim=True)
    return (z - (falling.cumsum(-1).gather(-1, size - 1) - 1) / size).clamp(min=0)


def hard_sigmoid(z: Any) -> Any:
    """PyTorch 2.13's own has its slope, 1/6, in float32 alone."""
    return ((z + 3) / 6).clamp(0, 1)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "celu": F.celu,
    "elu": F.elu,
    "gelu": F.gelu,
    "hard_shrink": F.hardshrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": lambda z: z * hard_sigmoid(z),
    "hard_swish": lambda z: z * hard_sigmoid(z),
    "hard_tanh": F.hardtanh,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.2),
    "linear": lambda z: z,
    "log_sigmoid": F.logsigmoid,
    "log_softmax": lambda z: torch.log_softmax(z, -1),
    "mish": F.mish,
    "relu": torch.relu,
    "relu6": F.relu6,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "soft_shrink": F.softshrink,
    "softmax": lambda z: torch.softmax(z, -1),
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),  # PyTorch's own is z from 20 on
    "softsign": F.softsign,
    "sparse_plus": lambda z: torch.where(z < 1, (z + 1).clamp(min=0) ** 2 / 4, z),
    "sparse_sigmoid": lambda z: ((z + 1) / 2).clamp(0, 1),
    "sparsemax": sparsemax,
    "squareplus": lambda z: (z + torch.sqrt(z**2 + 4)) / 2,
    "swish": F.silu,
    "tanh": torch.tanh,
    "tanh_shrink": F.tanhshrink,
}


class Network:
    """A case's network in PyTorch."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.spec, self.dtype = case.spec, getattr(torch, dtype)
        kinds = trained(case.spec)
        self.all = [
            torch.tensor(w, dtype=self.dtype, requires_grad=kind) for w, kind in zip(case.weights, kinds, strict=True)
        ]
        self.params = [w for w in self.all if w.requires_grad]
        name, config = case.spec.optimizer
        self.update = OPTIMIZERS[name](self.params, **config)
        self.drawn = iter(drawn(case, dtype))

    def step(self, x: Array, y: Array) -> Result:
        output, loss, gradients = self.advance(torch.tensor(x, dtype=self.dtype, requires_grad=True), y)
        return Result(numbers(output), loss.item(), list(map(numbers, gradients)))

    def learn(self, x: Array, y: Array) -> float:
        return self.advance(torch.tensor(x, dtype=self.dtype), y)[1].item()

    def advance(self, x: Any, y: Array) -> tuple[Any, Any, Any]:
        """One step: the output, the loss and the gradients before it, that of x if it requires one."""
        output = forward(self.spec, self.all, x, training=True, drawn=next(self.drawn))
        loss = loss_of(self.spec.loss, output, torch.tensor(y, dtype=None if y.dtype.kind == "i" else self.dtype))
        gradients = torch.autograd.grad(loss, [*self.params, *([x] if x.requires_grad else [])])
        self.update(gradients[: len(self.params)])
        return output, loss, gradients

    def weights(self) -> list[Array]:
        return list(map(numbers, self.all))

    def infer(self, x: Array) -> Array:
        return numbers(forward(self.spec, self.all, torch.tensor(x, dtype=self.dtype), training=False))


def numbers(tensor: Any) -> Array:
    return tensor.detach().numpy().copy()


# ---------------------------------------------------------------- layers


def forward(spec: Spec, weights: list[Any], x: Any, *, training: bool, drawn: Sequence[Any] = ()) -> Any:
    """The network's output; in training the moving averages move. drawn: the random layers' numbers, in order."""
    return through(spec.layers, x, iter(weights), iter(drawn), training=training)


def through(layers: Iterable[Entry], x: Any, rest: Iterator[Any], drawn: Iterator[Any], *, training: bool) -> Any:
    """What becomes of x in the layers, which take what is theirs from the rest of the weights."""
    for name, config in layers:
        if name in BLOCKS:
            ways = [through(inner, x, rest, drawn, training=training) for inner in BLOCKS[name](config)]
            x = torch.cat(ways, config["axis"]) if config.get("merge") == "concatenate" else sum(ways)
        elif name in RANDOM_LAYERS:
            x = RANDOM_LAYERS[name](x, config, tensors(next(drawn), x.dtype) if training else None)
        elif name == "BatchNormalization":
            gamma, beta = (next(rest) if config[key] else None for key in ("scale", "center"))
            x = batch_norm(x, config, gamma, beta, next(rest), next(rest), training=training)
        elif name in ("GroupNormalization", "LayerNormalization"):
            gamma, beta = (next(rest) if has else None for has in scaled(config))
            x = (group_norm if name[0] == "G" else layer_norm)(x, config, gamma, beta)
        elif name == "PReLU":
            x = torch.where(x > 0, x, next(rest) * x)
        else:
            kernels = 2 if name == "SeparableConv2D" else 1
            own = [next(rest) for _ in range(kernels + config["use_bias"])] if "use_bias" in config else []
            x = ACTIVATIONS[config.get("activation", "linear")](LAYERS[name](x, config, *own))
    return x


BLOCKS: dict[str, Callable[[Any], Any]] = {
    "Sequential": lambda config: [config["layers"]],
    "Residual": lambda config: [config["layers"], config["shortcut"]],
    "Branches": lambda config: config["branches"],
}
"""The chains of layers inside, whose outputs are added or concatenated."""


def layer_norm(x: Any, config: dict[str, Any], gamma: Any, beta: Any) -> Any:
    """PyTorch's, over the last axes. Keras's root mean square is the standard deviation, its mean not taken away."""
    axes = sorted(config["axis"])
    last = [*range(x.ndim - len(axes), x.ndim)]
    x = x.movedim(axes, last)
    if config["rms_scaling"]:
        y = x / torch.sqrt(x.var(last, unbiased=False, keepdim=True) + config["epsilon"])
    else:
        y = F.layer_norm(x, x.shape[-len(axes) :], eps=config["epsilon"])
    return affine(y, gamma, beta).movedim(last, axes)


def group_norm(x: Any, config: dict[str, Any], gamma: Any, beta: Any) -> Any:
    x = x.movedim(config["axis"], 1).contiguous()
    groups = x.shape[1] if config["groups"] == -1 else config["groups"]
    y = F.group_norm(x, groups, eps=config["epsilon"]).movedim(1, -1)
    return affine(y, gamma, beta).movedim(-1, config["axis"])


def affine(y: Any, gamma: Any, beta: Any) -> Any:
    """gamma*y + beta along the last axes, where there are such; PyTorch's own layers fail with beta alone."""
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


def batch_norm(
    x: Any, config: dict[str, Any], gamma: Any, beta: Any, mean: Any, variance: Any, *, training: bool
) -> Any:
    """PyTorch moves its variance by the unbiased one of the batch, Keras by the biased: so the change is made smaller.

    Where x and the gradient of y lie differently in memory, PyTorch 2.13 gives wrong gradients: so both are contiguous.
    """
    axis, momentum, moved_mean, moved_variance = config["axis"], config["momentum"], mean.clone(), variance.clone()
    x = x.movedim(axis, 1).contiguous()
    y = F.batch_norm(x, moved_mean, moved_variance, gamma, beta, training, 1 - momentum, config["epsilon"])
    if y.requires_grad:
        y.register_hook(lambda dy: dy.contiguous())
    if training:
        size, kept = x.numel() // x.shape[1], momentum * variance
        mean.copy_(moved_mean)
        variance.copy_(kept + (moved_variance - kept) * (size - 1) / size)
    return y.movedim(1, axis)


def conv2d(x: Any, config: dict[str, Any], kernel: Any, bias: Any = None) -> Any:
    size, strides, dilation = kernel.shape[:2], config["strides"], config["dilation_rate"]
    x = padded(images(x, config), config["padding"], size, strides, dilation, 0.0)
    weight, groups = kernel.permute(3, 2, 0, 1).contiguous(), config.get("groups", 1)
    return images(F.conv2d(x, weight, bias, strides, 0, dilation, groups), config, back=True)


def depthwise_conv2d(x: Any, config: dict[str, Any], kernel: Any, bias: Any = None) -> Any:
    """A convolution in as many groups as channels."""
    rows, cols, channels, multiplier = kernel.shape
    return conv2d(x, config | {"groups": channels}, kernel.reshape(rows, cols, 1, channels * multiplier), bias)


def separable_conv2d(x: Any, config: dict[str, Any], depthwise: Any, pointwise: Any, bias: Any = None) -> Any:
    point = {"strides": (1, 1), "dilation_rate": (1, 1), "padding": "valid", "data_format": config["data_format"]}
    return conv2d(depthwise_conv2d(x, config, depthwise), point, pointwise, bias)


def conv2d_transpose(x: Any, config: dict[str, Any], kernel: Any, bias: Any = None) -> Any:
    """PyTorch's without padding, of which Keras keeps a part; or more, of which PyTorch has only zeros."""
    strides, dilation = config["strides"], config["dilation_rate"]
    whole = F.conv_transpose2d(
        images(x, config), kernel.permute(3, 2, 0, 1).contiguous(), None, strides, dilation=dilation
    )
    y = F.pad(whole, kept_of_transpose(config, kernel.shape[:2], whole.shape[2:]))
    return images(y if bias is None else y + bias[:, None, None], config, back=True)


def kept_of_transpose(config: dict[str, Any], kernel: Any, whole: Any) -> list[int]:
    """What F.pad takes to leave of a transposed convolution what Keras keeps, or to add what it has more."""
    around: list[int] = []
    for axis, extra in enumerate(config.get("output_padding") or (None, None)):
        s, extent, size = config["strides"][axis], (kernel[axis] - 1) * config["dilation_rate"][axis] + 1, whole[axis]
        least = extent if config["padding"] == "valid" else extent % 2
        kept = size - extent + (max(least, s) if extra is None else least + extra)
        before = max(size - kept, 0) // 2
        around = [-before, kept + before - size, *around]  # F.pad begins with the last axis; below zero it crops
    return around


def max_pool2d(x: Any, config: dict[str, Any]) -> Any:
    size, strides = config["pool_size"], config["strides"]
    x = padded(images(x, config), config["padding"], size, strides, (1, 1), -torch.inf)
    return images(F.max_pool2d(x, size, strides), config, back=True)


def average_pool2d(x: Any, config: dict[str, Any]) -> Any:
    """The sum of what is under the window, by the number of pixels there."""
    size, strides = config["pool_size"], config["strides"]

    def mean(a: Any) -> Any:
        return F.avg_pool2d(padded(a, config["padding"], size, strides, (1, 1), 0.0), size, strides)

    x = images(x, config)
    return images(mean(x) / mean(torch.ones_like(x[:1, :1])), config, back=True)


def global_average_pool2d(x: Any, config: dict[str, Any]) -> Any:
    return x.mean(dim=axes(config), keepdim=config["keepdims"])


def global_max_pool2d(x: Any, config: dict[str, Any]) -> Any:
    return x.amax(dim=axes(config), keepdim=config["keepdims"])


def axes(config: dict[str, Any]) -> tuple[int, int]:
    """The axes of rows and columns."""
    return (2, 3) if config["data_format"] == "channels_first" else (1, 2)


def zero_pad2d(x: Any, config: dict[str, Any], sign: int = 1, key: str = "padding") -> Any:
    """sign: -1 crops."""
    (top, bottom), (left, right) = (both(side) for side in both(config[key]))
    around = [sign * pixels for pixels in (left, right, top, bottom)]
    return images(F.pad(images(x, config), around), config, back=True)


def both(value: Any) -> Any:
    return value if isinstance(value, list) else (value, value)


def up_sampling2d(x: Any, config: dict[str, Any]) -> Any:
    how = {"mode": "bilinear", "align_corners": False} if config["interpolation"] == "bilinear" else {"mode": "nearest"}
    return images(F.interpolate(images(x, config), scale_factor=config["size"], **how), config, back=True)


def flatten(x: Any, config: dict[str, Any]) -> Any:
    return (x.permute(0, 2, 3, 1) if config["data_format"] == "channels_first" else x).flatten(1)


def dense(x: Any, config: dict[str, Any], kernel: Any, bias: Any = None) -> Any:
    return F.linear(x, kernel.T, bias)


def relu(x: Any, config: dict[str, Any]) -> Any:
    most = torch.inf if config["max_value"] is None else config["max_value"]
    threshold = config["threshold"]
    return torch.where(x > threshold, x.clamp(max=most), config["negative_slope"] * (x - threshold))


def normalize(x: Any, config: dict[str, Any]) -> Any:
    shape = [-1 if axis == config["axis"] else 1 for axis in range(x.ndim)]
    mean, std = (torch.tensor(config[key], dtype=x.dtype).reshape(shape) for key in ("mean", "variance"))
    std = std.sqrt().clamp(min=1e-7)
    return x * std + mean if config["invert"] else (x - mean) / std


LAYERS: dict[str, Callable[..., Any]] = {
    "Activation": lambda x, config: x,  # `forward` applies it,
    "AveragePooling2D": average_pool2d,
    "ELU": lambda x, config: F.elu(x, config["alpha"]),
    "LeakyReLU": lambda x, config: F.leaky_relu(x, config["negative_slope"]),
    "ReLU": relu,
    "Softmax": lambda x, config: torch.softmax(x, config["axis"]),
    "Conv2D": conv2d,
    "Conv2DTranspose": conv2d_transpose,
    "Cropping2D": lambda x, config: zero_pad2d(x, config, -1, "cropping"),
    "Dense": dense,
    "DepthwiseConv2D": depthwise_conv2d,
    "Flatten": flatten,
    "GlobalAveragePooling2D": global_average_pool2d,
    "GlobalMaxPooling2D": global_max_pool2d,
    "MaxPooling2D": max_pool2d,
    "Permute": lambda x, config: x.permute(0, *config["dims"]),
    "Normalization": normalize,
    "Rescaling": lambda x, config: x * config["scale"] + config["offset"],
    "Reshape": lambda x, config: x.reshape(len(x), *config["target_shape"]),
    "SeparableConv2D": separable_conv2d,
    "UpSampling2D": up_sampling2d,
    "ZeroPadding2D": zero_pad2d,
}


def images(x: Any, config: dict[str, Any], *, back: bool = False) -> Any:
    """Images of the layer's data format as (N, C, H, W), or back."""
    if config["data_format"] == "channels_first":
        return x
    return (x.permute(0, 2, 3, 1) if back else x.permute(0, 3, 1, 2)).contiguous()


def padded(x: Any, padding: str, size: Any, strides: Any, dilation: Any, value: float) -> Any:
    """Images with TensorFlow's padding around them: of an odd number the end has one more."""
    if padding == "valid":
        return x
    around: list[int] = []
    for length, k, s, d in zip(x.shape[2:], size, strides, dilation, strict=True):
        total = max((ceil(length / s) - 1) * s + (k - 1) * d + 1 - length, 0)
        around = [total // 2, total - total // 2, *around]  # F.pad begins with the last axis
    return F.pad(x, around, value=value)


# ---------------------------------------------------------------- random layers, by the numbers that were drawn


def tensors(drawn: dict[str, Array], dtype: Any) -> dict[str, Any]:
    """The numbers as tensors; each image's are (N, 1, 1, 1), or (N, C, H, W) where they are images."""
    return {
        key: torch.tensor(value, dtype=torch.bool if value.dtype == bool else dtype) for key, value in drawn.items()
    }


def of_images(move: Callable[..., Any]) -> Callable[..., Any]:
    """A layer of what moves images (N, C, H, W) in training."""

    def layer(x: Any, config: dict[str, Any], drawn: Any) -> Any:
        return x if drawn is None else images(move(images(x, config), config, drawn), config, back=True)

    return layer


def flipped(x: Any, config: dict[str, Any], drawn: Any) -> Any:
    axes = {"horizontal": [3], "vertical": [2], "horizontal_and_vertical": [2, 3]}[config["mode"]]
    return torch.where(drawn["flipped"].reshape(-1, 1, 1, 1), x.flip(axes), x)


def contrasted(x: Any, config: dict[str, Any], drawn: Any) -> Any:
    mean = x.mean((2, 3), keepdim=True)
    return ((x - mean) * drawn["factor"].reshape(-1, 1, 1, 1) + mean).clamp(*config["value_range"])


def erased(x: Any, config: dict[str, Any], drawn: Any) -> Any:
    return torch.where(drawn["erased"].permute(0, 3, 1, 2), drawn["fill"].permute(0, 3, 1, 2), x)


def warped(x: Any, config: dict[str, Any], drawn: Any) -> Any:
    """Where each pixel comes from, in PyTorch's units, in which an image goes from -1 to 1."""
    rows, cols = torch.meshgrid(*(torch.arange(n, dtype=x.dtype) for n in x.shape[2:]), indexing="ij")
    places = torch.stack([rows, cols, torch.ones_like(rows)], -1)  # (H, W, 3)
    source = torch.einsum("nij,hwj->nhwi", drawn["matrix"], places)  # (N, H, W, rows and columns)
    grid = (2 * source + 1) / torch.tensor(x.shape[2:]) - 1
    mode = {"constant": "zeros", "nearest": "border", "reflect": "reflection"}[config["fill_mode"]]
    fill = config["fill_value"] if mode == "zeros" else 0.0
    return F.grid_sample(x - fill, grid.flip(-1), "bilinear", mode, align_corners=False) + fill


def random_crop(x: Any, config: dict[str, Any], drawn: Any) -> Any:
    """A window of each image; or the largest in the middle, resized."""
    x, size = images(x, config), (config["height"], config["width"])
    if drawn:
        corners = zip(drawn["top"].long(), drawn["left"].long(), strict=True)
        parts = [x[k, :, top : top + size[0], left : left + size[1]] for k, (top, left) in enumerate(corners)]
        return images(torch.stack(parts), config, back=True)
    rows, cols = x.shape[2:]
    height, width = min(rows, max(cols * size[0] // size[1], 1)), min(cols, max(rows * size[1] // size[0], 1))
    top, left = (rows - height) // 2, (cols - width) // 2
    part = x[:, :, top : top + height, left : left + width]
    return images(F.interpolate(part, size, mode="bilinear", align_corners=False), config, back=True)


def alpha_dropped(x: Any, config: dict[str, Any], drawn: Any) -> Any:
    """By the formulas of Klambauer et al.; what is dropped has the factor 0."""
    if drawn is None:
        return x
    f, rate = -1.7580993408473766, config["rate"]
    a = 1 / sqrt((1 - rate) * (1 + rate * f**2))
    return a * torch.where(drawn["factor"] == 0, f, x) - a * rate * f


RANDOM_LAYERS: dict[str, Callable[..., Any]] = {
    "AlphaDropout": alpha_dropped,
    "Dropout": lambda x, config, drawn: x if drawn is None else x * drawn["mask"],
    "GaussianDropout": lambda x, config, drawn: x if drawn is None else x * drawn["factor"],
    "GaussianNoise": lambda x, config, drawn: x if drawn is None else x + drawn["noise"],
    "RandomContrast": of_images(contrasted),
    "RandomCrop": random_crop,
    "RandomErasing": of_images(erased),
    "RandomFlip": of_images(flipped),
    "RandomRotation": of_images(warped),
    "RandomTranslation": of_images(warped),
    "RandomZoom": of_images(warped),
    "SpatialDropout2D": lambda x, config, drawn: x if drawn is None else x * drawn["mask"],
}


# ---------------------------------------------------------------- losses


def loss_of(loss: Entry, output: Any, y: Any) -> Any:
    """The mean loss of a batch, or the sum over its rows. For Keras's clipping of probabilities its epsilon is 1e-7."""
    name, config = loss[0], dict(loss[1])
    reduction, ignored = config.pop("reduction", "mean"), config.pop("ignore_class", None)
    rows = output.numel() // output.shape[-1] if ignored is None else (y != ignored).sum()
    mean = LOSSES[name](output, y, **config) if name in LOSSES else cross_entropy(output, y, name, config, ignored)
    return rows * mean if reduction == "sum" else mean


def cross_entropy(output: Any, y: Any, name: str, config: dict[str, Any], ignored: int | None) -> Any:
    skipped = -100 if ignored is None else ignored  # PyTorch's own
    targets = y if name.startswith("Sparse") else smoothed(y, y.shape[-1], config).movedim(-1, 1)
    if config["from_logits"]:
        return F.cross_entropy(output.movedim(-1, 1).contiguous(), targets, ignore_index=skipped)
    log_p = (output / output.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7).log().movedim(-1, 1).contiguous()
    if name.startswith("Sparse"):
        return F.nll_loss(log_p, targets, ignore_index=skipped)
    return -(targets * log_p).sum(1).mean()


def smoothed(y: Any, classes: int, config: dict[str, Any]) -> Any:
    share = config.get("label_smoothing", 0.0)
    return (1 - share) * y + share / classes


def binary_cross_entropy(p: Any, y: Any, **config: Any) -> Any:
    y = smoothed(y, 2, config)
    if config["from_logits"]:
        return F.binary_cross_entropy_with_logits(p, y)
    return F.binary_cross_entropy(p.clamp(1e-7, 1 - 1e-7), y)


def categorical_hinge(p: Any, y: Any) -> Any:
    return (((1 - y) * p).max(-1)[0] - (y * p).sum(-1) + 1).clamp(min=0).mean()


LOSSES: dict[str, Callable[..., Any]] = {
    "BinaryCrossentropy": binary_cross_entropy,
    "CategoricalHinge": categorical_hinge,
    "CosineSimilarity": lambda p, y: -F.cosine_similarity(p, y, -1).mean(),
    "Hinge": lambda p, y: (1 - y * p).clamp(min=0).mean(),
    "Huber": lambda p, y, delta=1.0: F.huber_loss(p, y, delta=delta),
    "KLDivergence": lambda p, y: (y.clamp(1e-7, 1) * (y.clamp(1e-7, 1) / p.clamp(1e-7, 1)).log()).sum(-1).mean(),
    "LogCosh": lambda p, y: torch.log(torch.cosh(p - y)).mean(),
    "MeanAbsoluteError": F.l1_loss,
    "MeanAbsolutePercentageError": lambda p, y: 100 * ((p - y).abs() / y.abs()).mean(),
    "MeanSquaredError": F.mse_loss,
    "MeanSquaredLogarithmicError": lambda p, y: F.mse_loss(p.clamp(min=1e-7).log1p(), y.clamp(min=1e-7).log1p()),
    "Poisson": lambda p, y: (p - y * (p + 1e-7).log()).mean(),
    "SquaredHinge": lambda p, y: ((1 - y * p).clamp(min=0) ** 2).mean(),
}


# ---------------------------------------------------------------- optimizers: functions that take the gradients


def sgd(weights: list[Any], learning_rate: float, momentum: float, nesterov: bool) -> Callable[[Any], None]:
    own = torch.optim.SGD(weights, learning_rate, momentum, nesterov=nesterov and momentum > 0)
    return lambda gradients: step(own, weights, gradients)


def adam(
    weights: list[Any], learning_rate: float, beta_1: float, beta_2: float, epsilon: float
) -> Callable[[Any], None]:
    """PyTorch's Adam. Its epsilon is added to the corrected root, Keras's to the raw one: so it changes by the step."""
    own, steps = torch.optim.Adam(weights, learning_rate, (beta_1, beta_2)), count(1)

    def update(gradients: Any) -> None:
        own.param_groups[0]["eps"] = epsilon / sqrt(1 - beta_2 ** next(steps))
        step(own, weights, gradients)

    return update


def step(optimizer: Any, weights: list[Any], gradients: Any) -> None:
    for w, g in zip(weights, gradients, strict=True):
        w.grad = g
    optimizer.step()


def rmsprop(
    weights: list[Any], learning_rate: float, rho: float, momentum: float, epsilon: float, centered: bool
) -> Callable[[Any], None]:
    """Keras's formula."""
    memories = [[torch.zeros_like(w) for _ in range(3)] for w in weights]

    def update(gradients: Any) -> None:
        for w, g, memory in zip(weights, gradients, memories, strict=True):
            square, mean, velocity = memory
            square.copy_(rho * square + (1 - rho) * g**2)
            mean.copy_(rho * mean + (1 - rho) * g)
            variance = square - mean**2 if centered else square
            velocity.copy_(momentum * velocity + learning_rate * g / torch.sqrt(variance + epsilon))
            with torch.no_grad():
                w -= velocity

    return update


OPTIMIZERS: dict[str, Callable[..., Callable[[Any], None]]] = {"Adam": adam, "RMSprop": rmsprop, "SGD": sgd}
