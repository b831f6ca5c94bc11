"""The classic tutorial as one script, for numpycnn or Keras: `python tutorial_script.py numpycnn`, or `keras DATA`.

The same calls in the same order: load MNIST, scale it to float64 as the tutorial does, encode the targets, build,
compile, and two epochs of fit with the test data for validation. For this library images are channels first, as in the
tutorial; Keras on a CPU takes them channels last only. DATA is a file of MNIST's arrays, for Keras downloads its own.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

if sys.argv[1] == "numpycnn":
    from numpycnn import backend
    from numpycnn.datasets import mnist
    from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
    from numpycnn.models import Sequential
    from numpycnn.utils import to_categorical

    backend.set_image_data_format("channels_first")
    shape = (1, 28, 28)
    (train_data, train_target), (test_data, test_target) = mnist.load_data()
else:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
    from keras.models import Sequential
    from keras.utils import to_categorical

    shape = (28, 28, 1)
    with np.load(sys.argv[2]) as arrays:
        train_data, train_target, test_data, test_target = (arrays[key] for key in ("x", "y", "x_test", "y_test"))

np.random.seed(0)
train_features = train_data.reshape(len(train_data), *shape) / 255  # (n, *shape)
test_features = test_data.reshape(len(test_data), *shape) / 255  # (n, *shape)
train_target, test_target = to_categorical(train_target), to_categorical(test_target)

network = Sequential()
network.add(Conv2D(filters=64, kernel_size=(5, 5), input_shape=shape, activation="relu"))
network.add(MaxPooling2D(pool_size=(2, 2)))
network.add(Dropout(0.5))
network.add(Flatten())
network.add(Dense(128, activation="relu"))
network.add(Dropout(0.5))
network.add(Dense(test_target.shape[1], activation="softmax"))
network.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
history = network.fit(
    train_features, train_target, epochs=2, verbose=0, batch_size=1000, validation_data=(test_features, test_target)
)
print(history.history)
