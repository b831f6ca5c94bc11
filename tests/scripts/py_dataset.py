"""CIFAR-10 by a Sequence that mirrors images, and a model in a model."""
import math

import numpy as np
import keras
from keras import layers


class Mirrored(keras.utils.PyDataset):
    """Batches of which each image is mirrored with probability one half."""

    def __init__(self, x, y, batch_size=16, training=True, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.training = training
        self.epoch = 0

    def __len__(self):
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        x, y = self.x[rows].astype("float32") / 255, self.y[rows]
        if self.training:
            flip = np.random.default_rng(1000 * self.epoch + index).random(len(x)) < 0.5
            x = np.where(flip[:, None, None, None], x[:, :, ::-1], x)
        return x, y

    def on_epoch_end(self):
        self.epoch += 1


keras.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()

features = keras.Sequential(
    [
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(16, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
    ],
    name="features",
)
head = keras.Sequential([layers.Dense(32, activation=layers.LeakyReLU(negative_slope=0.2)), layers.Dense(10)], name="head")
model = keras.Sequential([keras.Input((32, 32, 3)), features, head])
model.compile(
    optimizer=keras.optimizers.Nadam(learning_rate=keras.optimizers.schedules.ExponentialDecay(1e-3, 100, 0.9)),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
train, test = Mirrored(x_train, y_train), Mirrored(x_test, y_test, training=False)
history = model.fit(train, epochs=2, validation_data=test, verbose=2)
print(sorted(history.history))
print("accuracy on test data:", model.evaluate(test, verbose=0, return_dict=True)["accuracy"])
print(model.predict(test, verbose=0).argmax(axis=1)[:10], y_test[:10].ravel())
