"""Writes the files of this folder by the real packages, and beside them, in figures.json, what they predict.

    KERAS_BACKEND=jax ../frameworks/bin/python tests/keras_files/write.py keras        # Keras 3, with h5py
    TF_USE_LEGACY_KERAS=1 .../bin/python tests/keras_files/write.py tf_keras           # Keras 2, with tensorflow-cpu

For each file: the predictions for `inputs`, and the losses of ten more training steps on `inputs` and `targets`.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
FIGURES = FOLDER / "figures.json"


def inputs() -> Any:
    """(6, 5, 5, 2): numbers from -1 to 1 without an order that a network could use."""
    return np.sin(np.arange(300.0) ** 2).reshape(6, 5, 5, 2).astype(np.float32)


def targets() -> Any:
    """(6, 3), one-hot."""
    return np.eye(3, dtype=np.float32)[np.arange(6) % 3]


def network(keras: Any) -> Any:
    """A small network with a regularizer, a constraint, moving averages and a model in the model."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", kernel_regularizer="l2", input_shape=(5, 5, 2)),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            keras.Sequential([layers.Dense(4, activation="tanh")]),
            layers.Dropout(0.0),
            layers.Dense(3, activation="softmax", kernel_constraint="max_norm"),
        ]
    )


def blocks(keras: Any) -> Any:
    """A small network with branches: added, concatenated, one in another, and of equal shapes side by side."""
    layers = keras.layers
    x = first = keras.Input((5, 5, 2))
    long = layers.BatchNormalization()(layers.Conv2D(2, 3, padding="same", activation="relu")(x))
    one, other = (layers.Conv2D(2, 1)(layers.Conv2D(2, 1, activation="tanh")(long)) for _ in range(2))
    x = x + layers.Add()([one, long, other])
    pool = layers.MaxPooling2D(3, 1, padding="same")(x)
    x = layers.Concatenate()([x, pool, layers.Conv2D(2, 3, padding="same")(x)])
    x = layers.Dropout(0.0)(layers.GlobalAveragePooling2D()(layers.add([layers.Conv2D(6, 1)(x), x])))
    return keras.Model(first, layers.Dense(3, activation="softmax")(x))


def nested(keras: Any) -> Any:
    """A small network of models: Functional ones that are chains, one of them in the other, and a Sequential."""
    layers = keras.layers
    first = keras.Input((3, 3, 3))
    inner = keras.Model(first, layers.Conv2D(4, 2, activation="tanh")(first))
    first = keras.Input((5, 5, 2))
    features = keras.Model(first, inner(layers.BatchNormalization()(layers.Conv2D(3, 3)(first))))
    head = keras.Sequential([layers.Flatten(), layers.Dense(5, activation="relu")])
    first = keras.Input((5,))
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            features,
            head,
            keras.Model(first, layers.Dense(5, activation="relu")(first)),
            keras.Sequential([layers.Dense(3, activation="softmax")]),
        ]
    )


NETWORKS = {"blocks": blocks, "nested": nested}
"""What a file has by the word in its name; others have `network`."""


def figures(model: Any) -> dict[str, Any]:
    """What a model predicts, and its losses in ten more steps."""
    predictions = model.predict(inputs(), verbose=0).tolist()
    losses = [float(model.train_on_batch(inputs(), targets())[0]) for _ in range(10)]
    return {"predictions": predictions, "losses": losses}


def write(keras: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Write a file for each name, with its optimizer. Returns their figures."""
    found = {}
    for name, optimizer in names.items():
        keras.backend.clear_session()  # names begin anew
        keras.utils.set_random_seed(1)
        model = next((make for word, make in NETWORKS.items() if word in name), network)(keras)
        model.compile(optimizer, keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
        for _ in range(3):
            model.train_on_batch(inputs(), targets())
        (model.save_weights if ".weights." in name else model.save)(FOLDER / name)
        found[name] = figures(model)
    return found


def main() -> None:
    """Write the files of the package that is named."""
    keras = import_module(sys.argv[1])
    optimizers, known = keras.optimizers, json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if sys.argv[1] == "keras":
        decay = optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)
        names = {
            "keras3.keras": optimizers.Adam(0.01, amsgrad=True),
            "keras3_rmsprop.keras": optimizers.RMSprop(decay, momentum=0.5, centered=True),
            "keras3.weights.h5": optimizers.SGD(0.01),
            "keras3.h5": optimizers.Nadam(0.01, use_ema=True),
            "keras3_blocks.keras": optimizers.Adam(0.01),
            "keras3_blocks.h5": optimizers.SGD(0.01, momentum=0.9),
            "keras3_nested.keras": optimizers.Adam(0.01),
        }
    else:
        names = {
            "keras2.keras": optimizers.Adam(0.01),
            "keras2.h5": optimizers.Adamax(0.01),
            "keras2_former_optimizer.h5": optimizers.legacy.Adam(0.01, amsgrad=True),
            "keras2_blocks.h5": optimizers.Adam(0.01),
            "keras2_blocks.keras": optimizers.SGD(0.01, momentum=0.9),
            "keras2_decay.h5": optimizers.legacy.SGD(0.01, momentum=0.9, decay=0.1),
        }
    FIGURES.write_text(json.dumps(known | write(keras, names), indent=1) + "\n")


if __name__ == "__main__":
    main()
