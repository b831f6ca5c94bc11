"""A recipe: the whole of a training as plain data, some kilobytes, that trains the same bytes wherever it is run."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpycnn import losses, optimizers
from numpycnn.callbacks import Callback, History
from numpycnn.common import checks
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.configuration import describe, from_description
from numpycnn.common.typing import Array
from numpycnn.files import ModelFileError
from numpycnn.layers import LAYERS, Input, Layer
from numpycnn.losses import Loss
from numpycnn.models import Sequential, load_model
from numpycnn.optimizers.schedules import SCHEDULES
from numpycnn.recipes.data import DATA, DIGEST, Examples, Split, check_fold, digest, hold_out, load_data, of_arrays
from numpycnn.recipes.ensemble import Ensemble
from numpycnn.utils.np_utils import as_targets

LENGTHS = {"OneCycle": "total_steps", "CosineDecay": "decay_steps", "PolynomialDecay": "decay_steps"}
"""The argument of a schedule that a recipe fills in: the steps of the whole training."""

TEST_BATCH = 1000

Description = dict[str, Any]
"""{"class_name": ..., "config": ...}."""


class Recipe:
    """A training as data: `run` trains it, `get_config` describes it, and `Recipe(**config)` is an equal one.

    name: of the recipe. layers: of the network; preparation: before them, in training and in inference, for pixels from
    0 to 255; augmentation: between the two, active in training alone; each a list of layers, or of their
    configurations. optimizer, loss: names, objects or configurations; the loss is given one-hot targets unless it is
    sparse. schedule: the configuration of a learning-rate schedule, whose length is filled in: the steps of this
    training; None for the optimizer's own. batch_size, epochs, seed: as for `fit` and `Sequential`. data: the name of a
    data set; "sha256:..." for arrays that `run` was given. fold: (k, n) holds part k of n, from 0, of the training
    examples out and tests on it, and not on the test examples, to choose by; (5, 6) of MNIST is the last 10,000.
    members: how many networks are trained, with the seeds members*seed and on; their `Ensemble` is the recipe's model.
    about: a sentence for `train --list`.

    Raises TypeError or ValueError for an argument of the wrong kind or value.
    """

    def __init__(
        self,
        name: str,
        layers: Sequence[Layer | Description],
        *,
        preparation: Sequence[Layer | Description] = (),
        augmentation: Sequence[Layer | Description] = (),
        optimizer: Any = "adam",
        schedule: Description | None = None,
        loss: Any = "categorical_crossentropy",
        batch_size: int = 128,
        epochs: int = 1,
        data: str = "mnist",
        fold: Sequence[int] | None = None,
        seed: int = 0,
        members: int = 1,
        about: str = "",
    ) -> None:
        self.name, self.about = checks.text("Recipe", "name", name), checks.text("Recipe", "about", about)
        self.layers = described("layers", layers)
        self.preparation = described("preparation", preparation)
        self.augmentation = described("augmentation", augmentation)
        self.optimizer = optimizers.serialize(optimizers.get_optimizer(optimizer, "Recipe"))
        self.loss = describe(losses.get_loss(loss, "Recipe"), losses.CLASSES)
        self.batch_size = checks.integer("Recipe", "batch_size", batch_size)
        self.epochs = checks.integer("Recipe", "epochs", epochs)
        is_digest = isinstance(data, str) and data.startswith(DIGEST)
        self.data = data if is_digest else checks.choice("Recipe", "data", data, DATA)
        self.fold = check_fold(fold)
        self.seed = checks.integer("Recipe", "seed", seed, at_least=0)
        self.members = checks.integer("Recipe", "members", members)
        self.schedule = schedule
        if schedule is not None:
            full_schedule(schedule, 1)  # raises

    def get_config(self) -> dict[str, Any]:
        """The arguments as JSON values; without `members` where it is 1, as files have it that are older than it."""
        return {key: value for key, value in vars(self).items() if key != "members" or value > 1}

    def replace(self, **changes: Any) -> "Recipe":
        """The same recipe with other arguments. Raises TypeError or ValueError as the constructor does."""
        return Recipe(**{**self.get_config(), **changes})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self.get_config() == other.get_config()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<Recipe {self.name}: {self.data}, {self.epochs} epochs of batches of {self.batch_size}, seed {self.seed}>"
        )

    def each_member(self) -> list["Recipe"]:
        """The recipes of its networks: itself where it has one."""
        if self.members == 1:
            return [self]
        return [self.replace(members=1, seed=self.members * self.seed + k) for k in range(self.members)]

    def new_loss(self) -> Loss:
        """The loss as an object."""
        return from_description("Recipe", "loss", self.loss, losses.CLASSES)

    def targets(self, model: Sequential, labels: Array) -> Array:
        """Labels as the loss takes them."""
        (*_, classes) = model.shape_out or ()
        return as_targets(self.new_loss(), labels, classes)

    def model(self, examples: int, input_shape: Sequence[int]) -> Sequential:
        """The network, untrained and compiled for that many examples of that shape."""
        optimizer = optimizers.deserialize(self.optimizer)
        if self.schedule is not None:
            steps = self.epochs * ceil_div(examples, self.batch_size)
            optimizer.learning_rate = full_schedule(self.schedule, steps)
        parts = [*self.preparation, *self.augmentation, *self.layers]
        layers = [from_description("Recipe", "layers", part, LAYERS) for part in parts]
        model = Sequential([Input(tuple(input_shape)), *layers], name=self.name, seed=self.seed)
        model.compile(optimizer, self.new_loss(), metrics=["accuracy"])
        model.notes = {"recipe": self.get_config()}
        return model

    def run(
        self,
        data: Any = None,
        *,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        workers: int | None = None,
        executor: Any = None,
    ) -> "Trained":
        """Train on the data set's training examples, and test on its others. The other arguments are those of `fit`.

        data: arrays in place of the data set, ((x_train, y_train), (x_test, y_test)), or (x_train, y_train) where the
        recipe has a fold: images (n, H, W) or any examples (n, ...), and labels from 0.
        The same recipe gives the same bytes for any number and kind of workers. Raises TypeError or ValueError for
        other data, what `load_data` of the data set raises where it cannot be had, and what `fit` raises.
        """
        options = {"verbose": verbose, "callbacks": callbacks, "workers": workers, "executor": executor}
        if data is None:
            return self.train_on(load_data(self.data), **options)
        split = of_arrays(data)
        return self.replace(data=digest(split)).train_on(split, **options)

    def train_on(self, split: Split, **options: Any) -> "Trained":
        """Hold out the recipe's fold, train and test. options: those of `run`."""
        if self.members > 1:
            return self.joined([one.train_on(split, **options) for one in self.each_member()], split)
        split = hold_out(split, self.fold)
        (x, _), _ = split
        return self.trained(self.model(len(x), x.shape[1:]), split, **options)

    def trained(self, model: Sequential, split: Split, **options: Any) -> "Trained":
        """Train the recipe's model on the first part of the split, and test it on the second."""
        (x, y), tests = split
        targets = self.targets(model, y)
        begin = time.perf_counter()
        model.fit(x, targets, self.batch_size, self.epochs, **options)
        seconds = time.perf_counter() - begin
        return self.tested(model, tests, seconds, **{key: options.get(key) for key in ("workers", "executor")})

    def joined(self, members: Sequence["Trained"], split: Split) -> "Trained":
        """The ensemble of the recipe's networks, in the order of `each_member`, tested on the part of the split."""
        ensemble = Ensemble([one.model for one in members], name=self.name)
        return self.tested(ensemble, hold_out(split, self.fold)[1], sum(one.seconds for one in members))

    def tested(self, model: Sequential, tests: Examples, seconds: float, **options: Any) -> "Trained":
        """Test the recipe's model, which took so many seconds to train; it keeps the recipe and the figures."""
        x, y = tests
        targets = self.targets(model, y)
        loss, accuracy = model.evaluate(x, targets, TEST_BATCH, verbose=0, **options)
        notes = {"recipe": self.get_config(), "test": {"loss": loss, "accuracy": accuracy, "seconds": seconds}}
        model.notes = {**model.notes, **notes}
        return Trained.of(model)


class Trained(NamedTuple):
    """A recipe, the network that it gave, and how well this does on the test examples, or on those held out."""

    recipe: Recipe
    model: Sequential
    loss: float
    accuracy: float
    seconds: float
    """Of `fit`."""

    @classmethod
    def of(cls, model: Sequential) -> "Trained":
        """What a recipe's network says of itself. Raises ValueError for a network that no recipe trained."""
        if {"recipe", "test"} - model.notes.keys():
            raise ValueError(f"{model.name}: expected a network that a recipe trained; its notes do not say so")
        return cls(Recipe(**model.notes["recipe"]), model, **model.notes["test"])

    @property
    def history(self) -> History | None:
        """The figures of training."""
        return self.model.history

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network, with its recipe and figures. Raises as `Sequential.save` does."""
        self.model.save(path)


def load(path: str | os.PathLike[str]) -> Trained:
    """What `Trained.save` wrote. Raises ModelFileError for other files."""
    try:
        return Trained.of(load_model(path))
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {error}") from None


def described(argument: str, layers: Sequence[Layer | Description]) -> list[Description]:
    """Layers by their configurations. Raises TypeError or ValueError for anything else, and for layers of one's own."""
    found = []
    for layer in checks.sequence("Recipe", argument, layers):
        layer = from_description("Recipe", argument, layer, LAYERS) if isinstance(layer, Mapping) else layer
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Recipe: {argument} must hold layers, or their configurations; received {checks.short_repr(layer)}"
            )
        name = None if layer.auto_named else layer.name  # the network names it
        description = describe(layer, LAYERS)
        found.append({**description, "config": {**description["config"], "name": name}})
    return found


def full_schedule(schedule: Any, steps: int) -> Any:
    """The schedule for so many steps. Raises TypeError or ValueError for an invalid configuration."""
    checks.keys("Recipe", "schedule", schedule, {"class_name", "config"})
    length = LENGTHS.get(checks.choice("Recipe", "class_name of schedule", schedule["class_name"], tuple(SCHEDULES)))
    config = {**({length: steps} if length else {}), **schedule["config"]}
    return from_description("Recipe", "schedule", {**schedule, "config": config}, SCHEDULES)
