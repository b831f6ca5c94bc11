"""A learning curve by a callback, a metric of my own, and a schedule with warm-up."""
import time

import numpy as np
import keras
from keras import layers


class Stopwatch(keras.callbacks.Callback):
    """Seconds of each epoch, and the worst batch."""

    def on_train_begin(self, logs=None):
        self.seconds = []
        self.worst = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.time()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        self.seconds.append(time.time() - self.started)
        self.worst.append(max(self.losses))
        print(f"epoch {epoch + 1} of {self.params['epochs']}: {len(self.losses)} batches, loss {logs['loss']:.3f}, "
              f"validation {logs.get('val_loss', float('nan')):.3f}")
        if logs["loss"] < 1e-3:
            self.model.stop_training = True


def mean_certainty(y_true, y_pred):
    """How sure the network is, right or wrong."""
    return keras.ops.max(y_pred, axis=-1) if hasattr(keras, "ops") else np.max(y_pred, axis=-1)


def warm_up(epoch, rate):
    return min(1e-3, 1e-4 * (epoch + 1))


(x, y), (xt, yt) = keras.datasets.mnist.load_data()
model = keras.Sequential([
    keras.Input(shape=(28, 28)),
    layers.Reshape((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.DepthwiseConv2D(3, depth_multiplier=8, activation="silu"),
    layers.SpatialDropout2D(0.1),
    layers.Conv2D(8, 1),
    layers.LayerNormalization(),
    layers.PReLU(shared_axes=[1, 2]),
    layers.AvgPool2D(4),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile(
    optimizer=keras.optimizers.Adam(use_ema=True, ema_momentum=0.9),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", mean_certainty],
)
watch = Stopwatch()
history = model.fit(
    x, y, batch_size=16, epochs=4, validation_data=(xt, yt), verbose=0,
    callbacks=[
        watch,
        keras.callbacks.LearningRateScheduler(warm_up),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(sorted(logs))),
    ],
)
print(len(watch.seconds) == len(history.epoch), sorted(history.history))
