"""Networks of PyTorch's own modules, whose state_dict goes into a model that is there, and back.

Their images are (N, C, H, W) throughout. Where the model's are channels last, kernels, and what follows a flattened
image, have their axes and rows in another order.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

from numpycnn.common.typing import Shape
from numpycnn.files.state_dict import modules
from numpycnn.saving import load_state_dict, save_state_dict
from parity import ours, torch_side
from parity.draw import Case, Entry, made
from parity.files import STEPS, Figures, Pairs, batch, compiled, figures
from parity.others import AUGMENTATIONS, RANDOM, shape_after


class NoModuleError(Exception):
    """PyTorch has no module for a layer."""


def is_expressible(case: Case) -> bool:
    """Whether PyTorch has modules for all layers, weights for some, and the case's order of values at the end.

    A flattened image has it only behind a Dense layer.
    """
    if "Flatten" in str(case.spec.layers) and case.spec.layers[-1][0] != "Dense":
        return False
    try:
        return bool(names_of(Network(case)))
    except NoModuleError:
        return False


def exchanged(folder: Path, number: int, case: Case, dtype: str) -> Pairs:
    """What a step was learnt by here goes there, and after another step there comes back. Optimizers are new.

    Modules are found by their shapes alone in half of the networks without blocks.
    """
    model, module = ours.build(case, dtype, fast=number % 2 == 0), Network(case).to(getattr(torch, dtype))
    path, names = folder / "module.safetensors", dict(zip(modules(model), names_of(module), strict=True))
    model.train_on_batch(*batch(case, dtype))
    save_state_dict(model, path, names)
    missing, unexpected = module.load_state_dict(safetensors.torch.load_file(path), strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"missing: {missing}, unexpected: {unexpected}")
    yield "to PyTorch", figures(compiled(model, case), case, dtype), figures_of(module, case, dtype)
    safetensors.torch.save_file(module.state_dict(), path)
    twin = ours.build(case, dtype, fast=number % 2 == 0)
    is_flat = len({name.count(".") for name in names.values()}) == 1  # or the order of modules is not told
    load_state_dict(twin, path, None if is_flat and number % 4 > 1 else names)
    yield "from PyTorch", figures(twin, case, dtype), figures_of(module, case, dtype)


def names_of(module: nn.Module) -> list[str]:
    """The names of all modules that have weights of their own, in order."""
    return [
        name
        for name, one in module.named_modules()
        if next(one.parameters(recurse=False), None) is not None or next(one.buffers(recurse=False), None) is not None
    ]


def figures_of(module: nn.Module, case: Case, dtype: str) -> Figures:
    """The predictions of a network, and its losses in training."""
    x, y = (torch.tensor(a) for a in batch(case, dtype))
    params, (name, config) = list(module.parameters()), case.spec.optimizer
    update, losses = torch_side.OPTIMIZERS[name](params, **config), [0.0]
    predictions = torch_side.numbers(module.eval()(x))
    module.train()
    for _ in range(STEPS):
        loss = torch_side.loss_of(case.spec.loss, module(x), y)
        update(torch.autograd.grad(loss, params))
        losses.append(loss.item())
    return Figures(predictions, np.array(losses))


# ---------------------------------------------------------------- the modules


class Network(nn.Module):  # type: ignore[misc]
    """A case's network. It takes examples as the case has them, and gives such."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        is_last = len(case.spec.input_shape) == 3 and "channels_last" in str(case.spec.layers)
        chain = Builder(is_last).chain(case.spec.layers, case.spec.input_shape)
        self.chain = Turned(chain, as_there, as_here) if is_last else chain

    def forward(self, x: Any) -> Any:
        return self.chain(x)


def as_there(x: Any) -> Any:
    """Images with channels last as (N, C, H, W); anything else as it is."""
    return x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x


def as_here(x: Any) -> Any:
    """Images (N, C, H, W) with channels last; anything else as it is."""
    return x.permute(0, 2, 3, 1).contiguous() if x.ndim == 4 else x


class Apply(nn.Module):  # type: ignore[misc]
    """A function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


class Turned(nn.ModuleList):  # type: ignore[misc]
    """A module between two turns of images."""

    def __init__(self, module: nn.Module, before: Callable[[Any], Any], after: Callable[[Any], Any]) -> None:
        super().__init__([module])
        self.before, self.after = before, after

    def forward(self, x: Any) -> Any:
        return self.after(self[0](self.before(x)))


class Contiguous(nn.ModuleList):  # type: ignore[misc]
    """A normalization whose input and gradient are contiguous: PyTorch 2.13 crashes on others, or takes them wrong."""

    def forward(self, x: Any) -> Any:
        y = self[0](as_stored(x))
        if y.requires_grad:
            y.register_hook(as_stored)
        return y


def as_stored(x: Any) -> Any:
    """A copy with strides of its shape, which `contiguous` leaves as they are along axes of one entry."""
    return x.clone(memory_format=torch.contiguous_format)


class Ways(nn.ModuleList):  # type: ignore[misc]
    """Branches; `merge` takes the list of their outputs."""

    def __init__(self, ways: Iterable[nn.Module], merge: Callable[[list[Any]], Any]) -> None:
        super().__init__(ways)
        self.merge = merge

    def forward(self, x: Any) -> Any:
        return self.merge([way(x) for way in self])


class Builder:
    """Makes modules of layers. is_last: whether the case's images are channels last, and so turned here."""

    def __init__(self, is_last: bool) -> None:
        self.is_last = is_last

    def chain(self, layers: Iterable[Entry], shape: Shape) -> nn.Sequential:
        """Layers one after another, of examples of that shape."""
        found = nn.Sequential()
        for entry in layers:
            found.append(self.module(*entry, shape))
            shape = shape_after([entry], shape, made)
        return found

    def module(self, name: str, config: dict[str, Any], shape: Shape) -> nn.Module:
        """The module of a layer. Raises NoModuleError where PyTorch has none."""
        own_format = "channels_last" if self.is_last else "channels_first"
        if name in (*RANDOM, *AUGMENTATIONS) or config.get("data_format", own_format) != own_format:
            raise NoModuleError(name)
        if name in torch_side.BLOCKS:
            ways = [self.chain(layers or [], shape) for layers in torch_side.BLOCKS[name](config)]
            return ways[0] if name == "Sequential" else Ways(ways, partial(self.merged, config))
        if name == "Flatten":
            return nn.Flatten()
        if name in NORMALIZATIONS:
            return Contiguous([NORMALIZATIONS[name](self, config, shape)])
        activation = self.as_here(Apply(torch_side.ACTIVATIONS[config.get("activation", "linear")]))
        if name == "Dense":
            linear = nn.Linear(shape[-1], config["units"], config["use_bias"])
            return nn.Sequential(self.as_here(linear), activation)
        if name in CONVOLUTIONS:
            return nn.Sequential(*CONVOLUTIONS[name](config, shape), activation)
        return nn.Sequential(self.as_here(Apply(partial(torch_side.LAYERS[name], config=config))), activation)

    def as_here(self, module: nn.Module) -> nn.Module:
        """A module that sees examples as the case has them."""
        return Turned(module, as_here, as_there) if self.is_last else module

    def merged(self, config: dict[str, Any], ys: list[Any]) -> Any:
        """What branches give, added or concatenated."""
        return (
            torch.cat(ys, self.axis(config.get("axis", -1), ys[0].ndim))
            if config.get("merge") == "concatenate"
            else sum(ys)
        )

    def axis(self, axis: int, ndim: int) -> int:
        """The axis here of one of the case's."""
        return (0, 2, 3, 1)[axis] if self.is_last and ndim == 4 else axis % ndim


def batch_norm(builder: Builder, config: dict[str, Any], shape: Shape) -> nn.Module:
    """BatchNorm1d or BatchNorm2d, of the channels."""
    if builder.axis(config["axis"], len(shape) + 1) != 1 or config["center"] != config["scale"]:
        raise NoModuleError(f"BatchNorm by {config}")
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    return kind(
        shape[config["axis"] - (config["axis"] > 0)], config["epsilon"], 1 - config["momentum"], config["scale"]
    )


def group_norm(builder: Builder, config: dict[str, Any], shape: Shape) -> nn.Module:
    """GroupNorm of the channels."""
    if builder.axis(config["axis"], len(shape) + 1) != 1 or config["center"] != config["scale"]:
        raise NoModuleError(f"GroupNorm by {config}")
    return nn.GroupNorm(config["groups"], shape[config["axis"] - 1], config["epsilon"], config["scale"])


def layer_norm(builder: Builder, config: dict[str, Any], shape: Shape) -> nn.Module:
    """LayerNorm over the last axes of the case's layout."""
    axes = sorted(config["axis"])
    if axes[0] + len(axes) != len(shape) + 1 or config["rms_scaling"] or (config["center"] and not config["scale"]):
        raise NoModuleError(f"LayerNorm by {config}")
    over = shape[axes[0] - 1 :]
    return builder.as_here(nn.LayerNorm(over, config["epsilon"], config["scale"], bias=config["center"]))


def prelu(builder: Builder, config: dict[str, Any], shape: Shape) -> nn.Module:
    """PReLU with a slope for each channel."""
    own = {axis for axis in range(1, len(shape) + 1) if axis not in (config["shared_axes"] or [])}
    if {builder.axis(axis, len(shape) + 1) for axis in own} != {1}:
        raise NoModuleError(f"PReLU by {config}")
    return nn.PReLU(shape[own.pop() - 1])


NORMALIZATIONS: dict[str, Callable[[Builder, dict[str, Any], Shape], nn.Module]] = {
    "BatchNormalization": batch_norm,
    "GroupNormalization": group_norm,
    "LayerNormalization": layer_norm,
    "PReLU": prelu,
}


def conv(config: dict[str, Any], shape: Shape) -> Iterator[nn.Module]:
    """Conv2d, behind TensorFlow's padding."""
    filters, groups = config["filters"], config.get("groups", 1)
    yield from windows(config, channels(config, shape), filters, groups, config["use_bias"])


def depthwise(config: dict[str, Any], shape: Shape) -> Iterator[nn.Module]:
    """Conv2d in as many groups as channels."""
    count = channels(config, shape)
    yield from windows(config, count, count * config["depth_multiplier"], count, config["use_bias"])


def separable(config: dict[str, Any], shape: Shape) -> Iterator[nn.Module]:
    """Two Conv2d."""
    count = channels(config, shape)
    between = count * config["depth_multiplier"]
    yield from windows(config, count, between, count, bias=False)
    yield nn.Conv2d(between, config["filters"], 1, bias=config["use_bias"])


def windows(config: dict[str, Any], inputs: int, outputs: int, groups: int, bias: bool) -> Iterator[nn.Module]:
    """Padding and Conv2d."""
    size, strides, dilation = config["kernel_size"], config["strides"], config["dilation_rate"]
    how = {"padding": config["padding"], "size": size, "strides": strides, "dilation": dilation, "value": 0.0}
    yield Apply(partial(torch_side.padded, **how))
    yield nn.Conv2d(inputs, outputs, size, strides, 0, dilation, groups, bias)


def transposed(config: dict[str, Any], shape: Shape) -> Iterator[nn.Module]:
    """ConvTranspose2d, of which a part is kept. Raises NoModuleError where Keras has more, in which it has the bias too."""
    size, strides, dilation = config["kernel_size"], config["strides"], config["dilation_rate"]
    yield nn.ConvTranspose2d(
        channels(config, shape), config["filters"], size, strides, dilation=dilation, bias=config["use_bias"]
    )
    image = shape[1:] if config["data_format"] == "channels_first" else shape[:2]
    whole = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(image, strides, size, dilation, strict=True)]
    around = torch_side.kept_of_transpose(config, size, whole)
    if max(around) > 0:
        raise NoModuleError(f"ConvTranspose2d by {config}")
    yield Apply(partial(F.pad, pad=around))


def channels(config: dict[str, Any], shape: Shape) -> int:
    return shape[0] if config["data_format"] == "channels_first" else shape[-1]


CONVOLUTIONS: dict[str, Callable[[dict[str, Any], Shape], Iterator[nn.Module]]] = {
    "Conv2D": conv,
    "Conv2DTranspose": transposed,
    "DepthwiseConv2D": depthwise,
    "SeparableConv2D": separable,
}
