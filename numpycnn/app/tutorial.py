"""The network of the classic Keras MNIST tutorial, compiled as the tutorial does: 1,182,730 parameters."""

from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from numpycnn.layers.data_format import check_data_format
from numpycnn.models import Sequential


def tutorial_network(seed: int | None = None, data_format: str | None = "channels_last") -> Sequential:
    """A new network for images of 28 by 28 pixels with one channel, and one-hot targets of ten classes.

    seed: as for Sequential. data_format: the layout of the images, None being the backend's setting; the tutorial
    itself has "channels_first". Raises TypeError or ValueError for others.
    """
    data_format = check_data_format("tutorial_network", data_format)
    image = (1, 28, 28) if data_format == "channels_first" else (28, 28, 1)
    network = Sequential(
        [
            Conv2D(64, (5, 5), activation="relu", data_format=data_format, input_shape=image),
            MaxPooling2D((2, 2), data_format=data_format),
            Dropout(0.5),
            Flatten(data_format),
            Dense(128, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ],
        seed=seed,
    )
    network.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return network
