"""The files of this folder, and what they predict: small networks by both of PyTorch's exporters.

PyTorch 2.13.0, onnx 1.23.2 and onnxscript 0.7.2 wrote those that are kept:

    python tests/onnx_files/write_with_torch.py tests/onnx_files
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

Module: Any = nn.Module


class LeNet(Module):  # type: ignore[misc]
    """A chain, flattened by the number of examples, as programs do it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 4, 3)
        self.fc1, self.fc2 = nn.Linear(16, 5), nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.conv2(F.max_pool2d(torch.relu(self.conv1(x)), 2)))
        x = F.dropout(torch.relu(self.fc1(x.view(x.size(0), -1))), 0.5, self.training)
        return F.softmax(self.fc2(x), -1)


class Block(Module):  # type: ignore[misc]
    """A residual block of ResNet."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(filters), nn.BatchNorm2d(filters)
        short = nn.Sequential(nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))
        self.short = nn.Identity() if stride == 1 else short

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.short(x))


class Inception(Module):  # type: ignore[misc]
    """Three branches, concatenated, and a mean over the image."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(2, 2, 1)
        self.b = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.SiLU())
        self.c = nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), nn.Conv2d(2, 1, 1))
        self.norm, self.head = nn.GroupNorm(1, 5), nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        y = torch.cat([self.a(x), self.b(x), self.c(x)], 1)
        return self.head(self.norm(F.gelu(y)).mean((2, 3)))


def stem() -> list[Any]:
    """The beginning of ResNet."""
    return [nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]


NETWORKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "lenet": (LeNet, (1, 8, 8)),
    "resnet": (
        lambda: nn.Sequential(
            *(*stem(), Block(4, 4, 1), Block(4, 6, 2)), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)
        ),
        (3, 16, 16),
    ),
    "inception": (Inception, (2, 6, 6)),
    "mobile": (
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 4, 3, 2, 1), nn.Hardswish(), nn.Conv2d(4, 4, 3, 1, 1, groups=4), nn.ReLU6()),
            *(nn.Conv2d(4, 6, 1), nn.LeakyReLU(0.1), nn.Upsample(scale_factor=2, mode="nearest")),
            *(nn.ConvTranspose2d(6, 2, 3, 2, 1, 1), nn.PReLU(2), nn.Upsample(scale_factor=2, mode="bilinear")),
            *(nn.ConstantPad2d((1, 0, 2, 1), 0.5), nn.Conv2d(2, 2, 2, 3), nn.Hardtanh(-0.7, 2.0)),
        ),
        (3, 4, 4),
    ),
    "mlp": (
        lambda: nn.Sequential(
            *(nn.Linear(6, 5), nn.LayerNorm(5), nn.GELU(), nn.Linear(5, 4), nn.GELU("tanh")),
            *(nn.Linear(4, 3), nn.LogSoftmax(-1)),
        ),
        (6,),
    ),
    "activations": (
        lambda: nn.Sequential(
            *(nn.ELU(0.7), nn.Mish(), nn.Hardsigmoid(), nn.SELU(), nn.CELU(0.5), nn.Softsign(), nn.Tanhshrink()),
            *(nn.Sigmoid(), nn.Tanh()),
        ),
        (5,),
    ),
    "norms": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 4)),
        (2, 6, 6),
    ),
}


def network(name: str) -> Any:
    """In inference, with weights that are all different."""
    torch.manual_seed(0)
    module = NETWORKS[name][0]()
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -0.6, 0.6)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 1.5)
    return module.eval()


def strip(path: Path) -> None:
    """Leave out what the exporter notes about the program: the places in its source, with their paths."""
    model = onnx.load(path)
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.input,
        *model.graph.output,
        *model.graph.value_info,
    ):
        del part.metadata_props[:]
    onnx.save(model, path)


def main(folder: Path) -> None:
    """Write everything."""
    figures: dict[str, Any] = {}
    for name, (_, shape) in NETWORKS.items():
        module, x = network(name), torch.randn(3, *shape)
        shared: dict[str, Any] = {"opset_version": 18, "input_names": ["input"], "output_names": ["output"]}
        batch = torch.export.Dim("batch")
        torch.onnx.export(
            module,
            (x,),
            str(folder / f"{name}.dynamo.onnx"),
            dynamo=True,
            dynamic_shapes=({0: batch},),
            external_data=False,
            verbose=False,
            **shared,
        )
        strip(folder / f"{name}.dynamo.onnx")
        axes = {"input": {0: "batch"}, "output": {0: "batch"}}
        torch.onnx.export(module, (x,), str(folder / f"{name}.script.onnx"), dynamo=False, dynamic_axes=axes, **shared)
        figures |= {f"{name}.x": x.numpy(), f"{name}.y": module(x).detach().numpy()}
    np.savez_compressed(folder / "figures.npz", **figures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
