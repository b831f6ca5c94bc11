"""
Title: A convnet for digits
Description: A small network, as a function, with everything that Keras 3 recommends.
"""

"""
## Setup
"""

import numpy as np
import keras
from keras import layers

"""
## Prepare the data
"""

num_classes = 10
input_shape = (28, 28, 1)

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255
x_train = np.expand_dims(x_train, -1)
x_test = np.expand_dims(x_test, -1)
print("x_train shape:", x_train.shape)
print(x_train.shape[0], "train samples")
print(x_test.shape[0], "test samples")

y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

"""
## Build and train the model
"""


def build():
    return keras.Sequential(
        [
            keras.Input(shape=input_shape, name="digits"),
            layers.Conv2D(16, kernel_size=(3, 3), groups=1, activation="relu"),
            layers.MaxPool2D(pool_size=(2, 2)),
            layers.Conv2D(32, kernel_size=(3, 3), kernel_initializer=keras.initializers.Orthogonal(), activation="elu"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(num_classes),
            layers.Softmax(),
        ]
    )


model = build()
model.summary()
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"], jit_compile=False)
model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1)

"""
## Evaluate the trained model
"""

score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0])
print("Test accuracy:", score[1])
