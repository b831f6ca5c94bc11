"""The same network by each optimizer: which one learns fastest?"""
import argparse
from functools import partial

import numpy as np
import keras
from keras import layers, optimizers
from keras.callbacks import TensorBoard, EarlyStopping  # noqa: F401
from keras.models import Model, Sequential  # noqa: F401
from keras.layers import Embedding, GRU, LSTM, Attention  # noqa: F401

CHOICES = {
    "sgd": partial(optimizers.SGD, 0.1),
    "rmsprop": optimizers.RMSprop,
    "adam": partial(optimizers.Adam, 1e-3, amsgrad=True),
    "adamw": partial(optimizers.AdamW, 1e-3, weight_decay=0.01),
    "adagrad": partial(optimizers.Adagrad, 0.01),
    "adadelta": partial(optimizers.Adadelta, learning_rate=1.0),
    "adamax": optimizers.Adamax,
    "nadam": optimizers.Nadam,
    "lion": partial(optimizers.Lion, 1e-4, global_clipnorm=1.0),
}


class Experiment:
    def __init__(self, data, seed):
        (x, y), (x_test, y_test) = data
        self.train = x.reshape(len(x), -1) / 255.0, y
        self.test = x_test.reshape(len(x_test), -1) / 255.0, y_test
        self.seed = seed

    def run(self, optimizer, epochs):
        keras.utils.set_random_seed(self.seed)
        model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(10, activation="softmax")])
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(*self.train, epochs=epochs, batch_size=32, verbose=0, validation_data=self.test, validation_freq=1)
        return history.history["loss"][-1], history.history["val_accuracy"][-1]


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--optimizers", nargs="+", choices=sorted(CHOICES), default=sorted(CHOICES))
    parser.add_argument("--epochs", default=3, type=int)
    parser.add_argument("--seed", default=0, type=int)
    return parser.parse_args()


if __name__ == "__main__":
    options = parse()
    experiment = Experiment(keras.datasets.mnist.load_data(), options.seed)
    rows = [(name, *experiment.run(CHOICES[name](), options.epochs)) for name in options.optimizers]
    for name, loss, accuracy in sorted(rows, key=lambda row: row[1]):
        print(f"{name:10s} loss {loss:.4f}  accuracy {accuracy:.3f}")
    assert all(np.isfinite(loss) for _, loss, _ in rows)
