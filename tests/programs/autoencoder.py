"""A convolutional autoencoder: 784 pixels through 32 numbers and back, by transposed convolutions."""

from numpycnn import Sequential
from numpycnn.layers import Conv2D, Conv2DTranspose, Dense, Flatten, LeakyReLU, Reshape
from programs.training import Examples, images, run


def data(count: int) -> Examples:
    x, _ = images(count)
    return x, x


def network() -> Sequential:
    encoder = Sequential(
        [
            Conv2D(8, 3, strides=2, padding="same", activation=LeakyReLU(0.2), input_shape=(28, 28, 1)),
            Conv2D(16, 3, strides=2, padding="same", activation=LeakyReLU(0.2)),
            Flatten(),
            Dense(32),
        ],
        name="encoder",
        seed=1,
    )
    decoder = Sequential(
        [
            Dense(7 * 7 * 16, activation="relu", input_shape=(32,)),
            Reshape((7, 7, 16)),
            Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
            Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        ],
        name="decoder",
        seed=2,
    )
    model = Sequential([encoder, decoder], name="autoencoder", seed=3)
    model.compile("adam", "binary_crossentropy")
    return model


if __name__ == "__main__":
    run(network, data)
