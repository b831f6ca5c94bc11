"""LeNet-5, with tanh and average pooling. LeCun et al. 1998, "Gradient-based learning applied to document recognition"."""

from numpycnn import Sequential
from numpycnn.layers import AveragePooling2D, Conv2D, Dense, Flatten
from programs.training import images as data
from programs.training import run


def network() -> Sequential:
    model = Sequential(
        [
            Conv2D(6, 5, padding="same", activation="tanh", input_shape=(28, 28, 1)),
            AveragePooling2D(),
            Conv2D(16, 5, activation="tanh"),
            AveragePooling2D(),
            Flatten(),
            Dense(120, activation="tanh"),
            Dense(84, activation="tanh"),
            Dense(10, activation="softmax"),
        ],
        seed=1,
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
