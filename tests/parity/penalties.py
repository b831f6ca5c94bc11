"""Fresh small networks with regularizers, constraints, metrics, optimizers and weights drawn at random: their History, beside Keras's."""

import sys
from typing import Any

import numpy as np

import numpycnn
from numpycnn.common.typing import Array, Rng
from parity.draw import Entry

BOUND = 1e-9
EPOCHS, BATCH = 2, 4
"""Epochs, and the examples of a batch: of ten examples the last has two, of which a pair is made."""

METRICS: tuple[Entry, ...] = (
    *(
        (name, {})
        for name in ("AUC", "CategoricalAccuracy", "MeanSquaredError", "RootMeanSquaredError", "KLDivergence")
    ),
    *(
        (name, {})
        for name in ("CosineSimilarity", "CategoricalHinge", "TruePositives", "FalseNegatives", "LogCoshError")
    ),
    ("AUC", {"curve": "PR", "num_thresholds": 50}),
    ("AUC", {"summation_method": "majoring"}),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}),
    ("F1Score", {"average": "macro"}),
    ("FBetaScore", {"average": "weighted", "beta": 2.0, "threshold": 0.3}),
    ("Precision", {"thresholds": 0.3}),
    ("Recall", {"top_k": 2, "class_id": 1}),
    ("TopKCategoricalAccuracy", {"k": 2}),
)

OPTIMIZERS: tuple[Entry, ...] = (
    ("SGD", {"learning_rate": 0.1}),
    ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "clipnorm": 0.5}),
    ("RMSprop", {"learning_rate": 0.01, "momentum": 0.5, "centered": True}),
    ("Adam", {"learning_rate": 0.01}),
    ("Adam", {"learning_rate": 0.01, "amsgrad": True, "clipvalue": 0.1}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("Nadam", {"learning_rate": 0.01, "global_clipnorm": 0.7}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adamax", {"learning_rate": 0.02, "use_ema": True, "ema_momentum": 0.8}),
    ("Lion", {"learning_rate": 0.002}),
)
"""The last goes by the gradient's sign alone: not beside a batch normalization, before which some are 0 but for rounding."""


class Drawn:
    """A network as plain data, with its weights, and how it is trained."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        image = rng.random() < 0.5
        self.input_shape = (4, 4, 2) if image else (3,)
        self.layers = [*self.hidden(image), ("Dense", {"units": 3, "activation": "softmax", **self.rules(matrix=True)})]
        usable = OPTIMIZERS[:-1] if any(name == "BatchNormalization" for name, _ in self.layers) else OPTIMIZERS
        self.optimizer = usable[rng.integers(len(usable))]
        chosen = rng.permutation(len(METRICS))[: rng.integers(1, 5)]
        self.metrics = [(METRICS[k][0], {**METRICS[k][1], "name": f"metric_{k}"}) for k in chosen]
        self.x, self.y = rng.normal(size=(10, *self.input_shape)), np.eye(3)[rng.integers(0, 3, 10)]
        self.class_weight = {0: 0.5, 2: 3.0} if rng.random() < 0.25 else None
        weighted = self.class_weight is None and rng.random() < 0.5
        self.sample_weight = rng.uniform(0, 2, 10) if weighted else None

    def hidden(self, image: bool) -> list[Entry]:
        """The layers before the last."""
        found: list[Entry] = []
        if image:
            kind, word = (("Conv2D", "kernel"), ("DepthwiseConv2D", "depthwise"))[self.rng.integers(2)]
            size = {"kernel_size": 2, "activation": "tanh"} | ({"filters": 2} if kind == "Conv2D" else {})
            found = [(kind, {**size, **self.rules(word)}), ("Flatten", {})]
        if self.rng.random() < 0.5:
            found.append(("BatchNormalization", self.rules("gamma", "beta")))
        found.append(("Dense", {"units": 4, "activation": "tanh", **self.rules(matrix=True)}))
        if self.rng.random() < 0.3:
            found.append(("ActivityRegularization", {"l1": 0.02, "l2": 0.03}))
        return found

    def rules(self, *words: str, matrix: bool = False) -> dict[str, Any]:
        """Arguments for a layer's parameters, by the words for them, and for its output."""
        arguments: dict[str, Any] = {}
        for word in words or ("kernel", "bias"):
            is_kernel = word in ("kernel", "depthwise")
            arguments[f"{word}_regularizer"] = self.regularizer(matrix and is_kernel)
            arguments[f"{word}_constraint"] = self.constraint(arguments[f"{word}_regularizer"])
        if matrix:
            arguments["activity_regularizer"] = self.regularizer(matrix)
        return {key: value for key, value in arguments.items() if value is not None}

    def regularizer(self, matrix: bool) -> dict[str, Any] | None:
        """A configuration, or None."""
        kinds: list[Entry] = [("L1", {"l1": 0.03}), ("L2", {"l2": 0.05}), ("L1L2", {"l1": 0.02, "l2": 0.01})]
        if matrix:
            kinds += [("OrthogonalRegularizer", {"factor": 0.2, "mode": m}) for m in ("rows", "columns")]
        return self.one_of(kinds)

    def constraint(self, regularizer: Any) -> dict[str, Any] | None:
        """A configuration, or None. Not NonNeg beside L1: at 0, JAX's derivative of |x| is 1, and here it is 0."""
        kinds: list[Entry] = [("MaxNorm", {"max_value": 0.8}), ("UnitNorm", {}), ("MinMaxNorm", {"rate": 0.5})]
        if regularizer is None or "l1" not in regularizer["config"]:
            kinds.append(("NonNeg", {}))
        return self.one_of(kinds)

    def one_of(self, kinds: list[Entry]) -> dict[str, Any] | None:
        """One of them as a configuration, or None."""
        number = self.rng.integers(2 * len(kinds))
        return {"class_name": kinds[number][0], "config": kinds[number][1]} if number < len(kinds) else None

    def figures(self, kit: Any) -> dict[str, Array]:
        """The loss and the metrics of each epoch, of training and of validation, and the weights after it."""
        model = kit.Sequential([kit.Input(self.input_shape), *(self.made(kit, entry) for entry in self.layers)])
        rng = np.random.default_rng(0)
        model.set_weights([np.abs(rng.normal(size=w.shape)) * 0.7 + 0.1 for w in model.get_weights()])
        optimizer = getattr(kit.optimizers, self.optimizer[0])(**self.optimizer[1])
        chosen = [getattr(kit.metrics, name)(**arguments) for name, arguments in self.metrics]
        model.compile(optimizer, "categorical_crossentropy", metrics=chosen[1:], weighted_metrics=chosen[:1])
        validation = [array[:6] for array in (self.x, self.y, self.sample_weight) if array is not None]
        data: dict[str, Any] = {"validation_data": tuple(validation), "verbose": 0, "shuffle": False}
        data |= {"sample_weight": self.sample_weight, "class_weight": self.class_weight}
        history = model.fit(self.x, self.y, batch_size=BATCH, epochs=EPOCHS, **data).history
        weights = {f"weight {k}": np.asarray(w) for k, w in enumerate(model.get_weights())}
        return {**{name: np.array(values, np.float64) for name, values in history.items()}, **weights}

    def made(self, kit: Any, entry: Entry) -> Any:
        """The layer of an entry; regularizers and constraints are objects of the same side."""
        name, arguments = entry
        modules = {"_regularizer": kit.regularizers, "_constraint": kit.constraints}
        own = dict(arguments)
        for key, value in arguments.items():
            for ending, module in modules.items():
                if key.endswith(ending):
                    own[key] = getattr(module, value["class_name"])(**value["config"])
        return getattr(kit.layers, name)(**own)


def compare(networks: int, seed: int) -> bool:
    """Compare with Keras in float64, print the worst error beside the bound, and return whether it is within."""
    from parity.keras_side import LAYERS  # which has Keras in float64 throughout

    keras = sys.modules["keras"]
    assert LAYERS
    keras.config.set_floatx("float64")
    numpycnn.backend.set_floatx("float64")
    worst = 0.0
    for number in range(networks):
        drawn = Drawn(np.random.default_rng((seed, number)))
        own, true = drawn.figures(numpycnn), drawn.figures(keras)
        assert own.keys() == true.keys(), (list(own), list(true))
        error = max(float(np.abs(own[name] - true[name]).max() / max(1.0, np.abs(true[name]).max())) for name in true)
        worst = max(worst, error)
        if error > BOUND:
            print(f"Too far apart, network {number}: {error:.1e}\n  {drawn.layers}\n  {drawn.metrics}")
    print(f"{networks} networks with penalties and metrics against Keras in float64, seed {seed}")
    print(f"History and weights after {EPOCHS} epochs: {worst:.1e}; bound {BOUND:.0e}")
    return worst <= BOUND
