"""The networks that are compared, as plain data, from which every system builds its own.

A kind of layer says what it is called in Keras, and so in this library, and what in PyTorch. Nothing is imported here
but the standard library: `systems.py` runs in environments that have one framework or another.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

CLASSES = 10


class Conv(NamedTuple):
    """A convolution. padding "same" keeps the size of the image, or with strides divides it by them."""

    filters: int
    size: int
    activation: str | None = None
    strides: int = 1
    padding: str = "valid"
    use_bias: bool = True

    def keras(self, layers: Any) -> Any:
        return layers.Conv2D(*self[:2], **{name: getattr(self, name) for name in self._fields[2:]})

    def torch(self, nn: Any) -> list[Any]:
        around = self.size // 2 if self.padding == "same" else 0
        return [
            nn.LazyConv2d(self.filters, self.size, self.strides, around, bias=self.use_bias),
            *activation(nn, self.activation),
        ]


class Dense(NamedTuple):
    """A dense layer; the first flattens its input."""

    units: int
    activation: str | None = None

    def keras(self, layers: Any) -> Any:
        return layers.Dense(self.units, activation=self.activation)

    def torch(self, nn: Any) -> list[Any]:
        return [nn.LazyLinear(self.units), *activation(nn, self.activation)]


class Activation(NamedTuple):
    """An activation by itself, as after batch normalization."""

    name: str

    def keras(self, layers: Any) -> Any:
        return layers.Activation(self.name)

    def torch(self, nn: Any) -> list[Any]:
        return activation(nn, self.name)


class BatchNormalization(NamedTuple):
    """Batch normalization."""

    def keras(self, layers: Any) -> Any:
        return layers.BatchNormalization()

    def torch(self, nn: Any) -> list[Any]:
        return [nn.LazyBatchNorm2d(eps=1e-3, momentum=0.01)]


class BatchNormalizationOfFeatures(BatchNormalization):
    """Batch normalization after a dense layer, which PyTorch has as a class of its own."""

    def torch(self, nn: Any) -> list[Any]:
        return [nn.LazyBatchNorm1d(eps=1e-3, momentum=0.01)]


class MaxPooling(NamedTuple):
    """Max-pooling without overlap."""

    size: int = 2

    def keras(self, layers: Any) -> Any:
        return layers.MaxPooling2D(self.size)

    def torch(self, nn: Any) -> list[Any]:
        return [nn.MaxPool2d(self.size)]


class GlobalAverage(NamedTuple):
    """Each channel's mean over the image: a vector."""

    def keras(self, layers: Any) -> Any:
        return layers.GlobalAveragePooling2D()

    def torch(self, nn: Any) -> list[Any]:
        return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]


class Flatten(NamedTuple):
    """Images as vectors."""

    def keras(self, layers: Any) -> Any:
        return layers.Flatten()

    def torch(self, nn: Any) -> list[Any]:
        return [nn.Flatten()]


class Dropout(NamedTuple):
    """Dropout."""

    rate: float

    def keras(self, layers: Any) -> Any:
        return layers.Dropout(self.rate)

    def torch(self, nn: Any) -> list[Any]:
        return [nn.Dropout(self.rate)]


class Residual(NamedTuple):
    """main(x) + shortcut(x); a shortcut without layers passes x on. Each system has its own way to write it."""

    main: Sequence[Any]
    shortcut: Sequence[Any] = ()


def activation(nn: Any, name: str | None) -> list[Any]:
    """PyTorch's module of that name, none for None; softmax is in PyTorch's loss."""
    modules = {"relu": nn.ReLU, "tanh": nn.Tanh}
    return [modules[name]()] if name in modules else []


class Network(NamedTuple):
    """A network, the batch that it is trained with, and of how many images an epoch is that is timed."""

    layers: Sequence[Any]
    shape: tuple[int, ...]
    batch: int
    images: int


def normalized(layer: Any, *, features: bool = False) -> list[Any]:
    """A layer with batch normalization and ReLU after it; a convolution before them needs no bias."""
    kind = BatchNormalizationOfFeatures if features else BatchNormalization
    return [layer._replace(use_bias=False) if isinstance(layer, Conv) else layer, kind(), Activation("relu")]


def same(filters: int, strides: int = 1) -> Conv:
    """ResNet's convolution of 3 by 3."""
    return Conv(filters, 3, strides=strides, padding="same", use_bias=False)


def residual(filters: int, strides: int = 1) -> list[Any]:
    """ResNet's block of two convolutions; where the shape changes, the shortcut is one of 1 by 1."""
    main = [*normalized(same(filters, strides)), same(filters), BatchNormalization()]
    shortcut = [Conv(filters, 1, strides=strides, use_bias=False), BatchNormalization()] if strides > 1 else []
    return [Residual(main, shortcut), Activation("relu")]


def vgg(batch_normalization: bool) -> list[Any]:
    """Pairs of convolutions of 3 by 3, each pair with a pool after it."""
    layers: list[Any] = []
    for filters in (32, 64, 128):
        for _ in range(2):
            conv = Conv(filters, 3, "relu", padding="same")
            layers += normalized(conv._replace(activation=None)) if batch_normalization else [conv]
        layers.append(MaxPooling())
    return [*layers, Flatten(), Dense(128, "relu"), OUTPUT]


OUTPUT = Dense(CLASSES, "softmax")
DIGITS, COLORS = (28, 28, 1), (32, 32, 3)

TUTORIAL = [
    *(Conv(64, 5, "relu"), MaxPooling(), Dropout(0.5), Flatten()),
    *(Dense(128, "relu"), Dropout(0.5), OUTPUT),
]
CONVNET = [
    *(Conv(32, 3, "relu"), MaxPooling(), Conv(64, 3, "relu"), MaxPooling()),
    *(Flatten(), Dropout(0.5), OUTPUT),
]
SECOND = [
    *(Conv(32, 3, "relu"), Conv(64, 3, "relu"), MaxPooling(), Dropout(0.25), Flatten()),
    *(Dense(128, "relu"), Dropout(0.5), OUTPUT),
]
LENET = [
    *(Conv(6, 5, "tanh", padding="same"), MaxPooling(), Conv(16, 5, "tanh"), MaxPooling(), Flatten()),
    *(Dense(120, "tanh"), Dense(84, "tanh"), OUTPUT),
]
RESNET_20 = [
    *normalized(same(16)),
    *(
        layer
        for filters in (16, 32, 64)
        for k in range(3)
        for layer in residual(filters, 1 + (filters > 16 and k == 0))
    ),
    *(GlobalAverage(), OUTPUT),
]
STRIDED_2 = [
    *normalized(Conv(8, 5, strides=2)),
    *normalized(Conv(16, 5, strides=2)),
    Flatten(),
    *normalized(Dense(64), features=True),
    OUTPUT,
]
STRIDED_3 = [
    *normalized(Conv(8, 5, strides=2)),
    *normalized(Conv(16, 3)),
    *(Conv(32, 3, use_bias=False), MaxPooling(), BatchNormalization(), Activation("relu"), Flatten()),
    *normalized(Dense(128), features=True),
    OUTPUT,
]
SMALL = [Conv(8, 3, "relu"), MaxPooling(), Flatten(), OUTPUT]

NETWORKS = {
    "tutorial, 1000": Network(TUTORIAL, DIGITS, 1000, 8000),
    "tutorial, 32": Network(TUTORIAL, DIGITS, 32, 3200),
    "convnet, 128": Network(CONVNET, DIGITS, 128, 6400),
    "convnet, 32": Network(CONVNET, DIGITS, 32, 6400),
    "second, 128": Network(SECOND, DIGITS, 128, 2560),
    "VGG, 64": Network(vgg(batch_normalization=False), COLORS, 64, 768),
    "VGG with batch normalization, 64": Network(vgg(batch_normalization=True), COLORS, 64, 768),
    "ResNet-20, 128": Network(RESNET_20, COLORS, 128, 512),
    "LeNet, 64": Network(LENET, DIGITS, 64, 6400),
    "two strided, 128": Network(STRIDED_2, DIGITS, 128, 12_800),
    "strided and two, 256": Network(STRIDED_3, DIGITS, 256, 7680),
    "dense, 128": Network([Dense(512, "relu"), Dense(512, "relu"), OUTPUT], (784,), 128, 12_800),
    "one convolution, 100": Network(SMALL, DIGITS, 100, 12_000),
}
