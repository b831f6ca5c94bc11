"""The network of Keras's "Simple MNIST convnet" example, with its one-hot targets."""

from numpycnn import Input, Sequential, layers
from numpycnn.utils import to_categorical
from programs.training import Examples, images, run


def data(count: int) -> Examples:
    x, y = images(count)
    return x, to_categorical(y, 10)


def network() -> Sequential:
    model = Sequential(
        [
            Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ],
        seed=1,
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
