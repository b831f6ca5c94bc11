"""Training from a generator of my own, with weights for rare classes."""
import numpy as np
import keras
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Flatten, InputLayer, MaxPooling2D
from keras.models import Sequential

BATCH = 16


def batches(images, labels, shuffle=True, noise=0.0, weights=None):
    """Endless batches, with a little noise, and with the weight of each example."""
    weights = np.ones(10) if weights is None else weights
    rng = np.random.default_rng(0)
    while True:
        order = rng.permutation(len(images)) if shuffle else np.arange(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            index = order[start : start + BATCH]
            x = images[index].astype("float32")[..., np.newaxis] / 255.0
            x += noise * rng.standard_normal(x.shape).astype("float32")
            yield x, labels[index], weights[labels[index]]


(x_train, y_train), (x_test, y_test) = mnist.load_data()

counts = np.bincount(y_train, minlength=10)
weights = len(y_train) / (10.0 * np.maximum(counts, 1))

model = Sequential([
    InputLayer((28, 28, 1)),
    Conv2D(8, 3, strides=2, activation="relu"),
    MaxPooling2D(2),
    Flatten(),
    Dense(10, activation="softmax"),
])
model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])

history = model.fit(
    batches(x_train, y_train, noise=0.05, weights=weights),
    steps_per_epoch=len(x_train) // BATCH,
    epochs=3,
    validation_data=batches(x_test, y_test, shuffle=False),
    validation_steps=len(x_test) // BATCH,
    verbose=0,
)
print(history.history)
print(model.evaluate(batches(x_test, y_test, shuffle=False), steps=1, verbose=0))
print(model.predict(batches(x_test, y_test, shuffle=False), steps=1, verbose=0).shape)
