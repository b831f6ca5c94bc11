"""One training of a recipe in one system, in a process of its own; `race.py` starts it, and reads its last line.

    python benchmarks/racers.py PyTorch folder

The folder has `recipe.json`, a recipe's configuration; `data.npz`, its data; and for Keras `model.keras`, its network.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

TEST_BATCH = 1000


class Task(NamedTuple):
    """What is to be trained."""

    recipe: dict[str, Any]
    x: Any
    """Pixels from 0 to 255: (n, H, W, 1) in float32."""
    y: Any
    x_test: Any
    y_test: Any
    folder: Path

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.recipe["epochs"] * -(-len(self.x) // self.recipe["batch_size"])


class Result(NamedTuple):
    """Seconds of the training alone, and the accuracy on test images."""

    seconds: float
    accuracy: float


def read(folder: Path) -> Task:
    """The task in a folder."""
    with np.load(folder / "data.npz") as data:
        x, x_test = (data[name].astype(np.float32) for name in ("x", "x_test"))
        return Task(json.loads((folder / "recipe.json").read_text()), x, data["y"], x_test, data["y_test"], folder)


# ---------------------------------------------------------------- this library


def numpycnn(task: Task) -> Result:
    """The recipe itself."""
    from numpycnn.recipes import Recipe

    images = [part.reshape(part.shape[:3]) for part in (task.x, task.x_test)]
    trained = Recipe(**task.recipe).run(((images[0], task.y), (images[1], task.y_test)), verbose=0)
    return Result(trained.seconds, trained.accuracy)


# ---------------------------------------------------------------- Keras


def keras(task: Task) -> Result:
    """Keras trains the very network, read from its file; what it compiles is part of its training."""
    import keras as library

    model = library.models.load_model(task.folder / "model.keras", compile=False)
    settings = task.recipe["optimizer"]["config"]
    adam = library.optimizers.Adam(
        keras_schedule(library, task), *(settings[name] for name in ("beta_1", "beta_2", "epsilon"))
    )
    smoothing = task.recipe["loss"]["config"]["label_smoothing"]
    model.compile(adam, library.losses.CategoricalCrossentropy(label_smoothing=smoothing), metrics=["accuracy"])
    y, y_test = (np.eye(10, dtype=np.float32)[labels] for labels in (task.y, task.y_test))
    start = time.perf_counter()
    model.fit(task.x, y, task.recipe["batch_size"], task.recipe["epochs"], verbose=0)
    seconds = time.perf_counter() - start
    return Result(seconds, model.evaluate(task.x_test, y_test, TEST_BATCH, verbose=0)[1])


def keras_schedule(library: Any, task: Task) -> Any:
    """Linearly up to the peak and down to zero."""
    peak, rise = one_cycle(task)

    class OneCycle(library.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        """A schedule that Keras has not."""

        def __call__(self, step: Any) -> Any:
            step = library.ops.cast(step, "float32")
            up = peak / 25 + (peak - peak / 25) * step / rise
            return library.ops.minimum(up, peak * (task.steps - 1 - step) / (task.steps - 1 - rise))

    return OneCycle()


def one_cycle(task: Task) -> tuple[float, float]:
    """The peak of a recipe's learning rate, and the step at which it is reached."""
    config = task.recipe["schedule"]["config"]
    return config["max_learning_rate"], config["pct_start"] * task.steps - 1


# ---------------------------------------------------------------- PyTorch


def pytorch(task: Task) -> Result:
    """The same network, written with PyTorch's layers, eager."""
    import torch

    torch.manual_seed(task.recipe["seed"])
    images, tests = (torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) for x in (task.x, task.x_test))  # (n, 1, H, W)
    labels = torch.from_numpy(task.y.astype(np.int64))
    model = network(task)
    model(images[:2])  # lazy modules learn their shapes
    model.apply(initialize)
    start = time.perf_counter()
    train(task, model, images, labels)
    seconds = time.perf_counter() - start
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(part).argmax(1) for part in tests.split(TEST_BATCH)])
    return Result(seconds, float((found.numpy() == task.y_test).mean()))


def train(task: Task, model: Any, images: Any, labels: Any) -> None:
    """All epochs."""
    import torch

    settings, recipe = task.recipe["optimizer"]["config"], task.recipe
    betas = settings["beta_1"], settings["beta_2"]
    adam = torch.optim.Adam(model.parameters(), betas=betas, eps=settings["epsilon"])
    peak, _ = one_cycle(task)
    rise = recipe["schedule"]["config"]["pct_start"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        adam, peak, task.steps, pct_start=rise, anneal_strategy="linear", cycle_momentum=False
    )
    loss = torch.nn.CrossEntropyLoss(label_smoothing=recipe["loss"]["config"]["label_smoothing"])
    model.train()
    for _ in range(recipe["epochs"]):
        for rows in torch.randperm(len(images)).split(recipe["batch_size"]):
            adam.zero_grad()
            loss(model(augmented(task, images[rows])), labels[rows]).backward()
            adam.step()
            schedule.step()


def augmented(task: Task, images: Any) -> Any:
    """A batch of images, moved, turned and zoomed as the recipe says, in one sampling."""
    import torch

    if not task.recipe["augmentation"]:
        return images
    matrices, shifts, sampled = torch.eye(2).expand(len(images), 2, 2), torch.zeros(len(images), 2), "nearest"
    for layer in task.recipe["augmentation"]:
        config, kind = layer["config"], layer["class_name"]
        if kind == "RandomTranslation":  # by whole pixels; a factor is of the height, and -1 to 1 is all of it
            side = images.shape[-1]
            least, most = (part * side for part in config["height_factor"])
            shifts = torch.round(torch.empty(len(images), 2).uniform_(least, most)) * 2 / side
        elif kind == "RandomRotation":
            angle = torch.empty(len(images)).uniform_(*config["factor"]) * 2 * torch.pi
            turned = torch.stack([angle.cos(), angle.sin(), -angle.sin(), angle.cos()], 1).reshape(-1, 2, 2)
            matrices, sampled = turned @ matrices, "bilinear"
        else:
            scale = 1 + torch.empty(len(images), 2).uniform_(*config["height_factor"])
            matrices, sampled = torch.diag_embed(scale) @ matrices, "bilinear"
    grid = torch.nn.functional.affine_grid(
        torch.cat([matrices, shifts[:, :, None]], 2), list(images.shape), align_corners=False
    )
    return torch.nn.functional.grid_sample(images, grid, sampled, align_corners=False)


def network(task: Task) -> Any:
    """The network's modules; the last softmax belongs to the loss."""
    from torch import nn

    layers = [*task.recipe["preparation"], *task.recipe["layers"]]
    kinds = [layer["class_name"] for layer in layers]
    flat = min(kinds.index(kind) for kind in ("Flatten", "GlobalAveragePooling2D") if kind in kinds)
    return nn.Sequential(
        *(one for k, layer in enumerate(layers) for one in modules(kinds[k], layer["config"], flat=k > flat))
    )


def modules(kind: str, config: dict[str, Any], *, flat: bool) -> Iterator[Any]:
    """A layer as modules of PyTorch. flat: whether it gets vectors. Raises ValueError for one that no recipe has."""
    import torch
    from torch import nn

    class Rescaling(nn.Module):  # type: ignore[misc]
        """Pixels in another range."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * config["scale"] + config["offset"]

    normalization = nn.LazyBatchNorm1d if flat else nn.LazyBatchNorm2d
    makers: dict[str, Callable[[], tuple[Any, ...]]] = {
        "Conv2D": lambda: (
            nn.LazyConv2d(
                config["filters"],
                tuple(config["kernel_size"]),
                tuple(config["strides"]),
                config["padding"] if config["padding"] == "same" else 0,
                bias=config["use_bias"],
            ),
        ),
        "BatchNormalization": lambda: (normalization(eps=config["epsilon"], momentum=1 - config["momentum"]),),
        "ReLU": lambda: (nn.ReLU(),),
        "MaxPooling2D": lambda: (nn.MaxPool2d(tuple(config["pool_size"])),),
        "GlobalAveragePooling2D": lambda: (nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        "Flatten": lambda: (nn.Flatten(),),
        "Dropout": lambda: (nn.Dropout(config["rate"]),),
        "Dense": lambda: (nn.LazyLinear(config["units"], bias=config["use_bias"]),),
        "Rescaling": lambda: (Rescaling(),),
    }
    if kind not in makers:
        raise ValueError(f"a {kind} is not translated")
    yield from makers[kind]()


def initialize(module: Any) -> None:
    """He's normal distribution, and no bias."""
    from torch import nn

    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


SYSTEMS = {"numpycnn": numpycnn, "Keras with TensorFlow": keras, "Keras with JAX": keras, "PyTorch": pytorch}


def main(system: str, folder: str) -> None:
    """Train, and print the result as JSON."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if system.startswith("Keras"):
        os.environ["KERAS_BACKEND"] = system.rpartition(" ")[2].lower()
    print(json.dumps(SYSTEMS[system](read(Path(folder)))._asdict()))


if __name__ == "__main__":
    main(*sys.argv[1:])
