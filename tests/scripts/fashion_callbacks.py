"""Fashion-MNIST with batch normalization and every callback I use."""
import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import keras
from keras.callbacks import CSVLogger, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, TerminateOnNaN
from keras.datasets import fashion_mnist
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from keras.models import Sequential, load_model

BEST = "best.keras"

keras.utils.set_random_seed(11)
(x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
mean, std = x_train.mean(), x_train.std()
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std
n_val = len(x_train) // 5
x_val, y_val = x_train[:n_val], y_train[:n_val]
x_train, y_train = x_train[n_val:], y_train[n_val:]

model = Sequential(name="clothes")
model.add(Input(shape=(28, 28, 1)))
for filters in (8, 16):
    model.add(Conv2D(filters, 3, padding="same", use_bias=False))
    model.add(BatchNormalization())
    model.add(Activation("relu"))
    model.add(MaxPooling2D())
model.add(Flatten())
model.add(Dense(32, activation="hard_sigmoid"))
model.add(Dropout(0.3))
model.add(Dense(10, activation="softmax"))
model.compile(
    optimizer=keras.optimizers.AdamW(learning_rate=1e-3, weight_decay=1e-4),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc"), "sparse_top_k_categorical_accuracy"],
)

callbacks = [
    ModelCheckpoint(BEST, monitor="val_acc", mode="max", save_best_only=True, verbose=1),
    EarlyStopping(monitor="val_loss", patience=3, verbose=1, baseline=100.0, start_from_epoch=2, restore_best_weights=True),
    ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_lr=1e-5, verbose=1),
    CSVLogger("log.csv"),
    TerminateOnNaN(),
]
history = model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=20,
    validation_data=(x_val, y_val),
    validation_batch_size=256,
    callbacks=callbacks,
    verbose=2,
)
print(sorted(history.history))
with open("log.csv") as log:
    print(log.readline().strip())

best = load_model(BEST)
print("best:", dict(zip(["loss", "acc", "top5"], np.round(best.evaluate(x_test, y_test, verbose=0), 4))))
