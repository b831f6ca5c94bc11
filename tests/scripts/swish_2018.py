"""Swish as an activation of one's own, registered under a name, and a monitor derived from BaseLogger."""

from keras import backend as K
from keras.callbacks import BaseLogger, ReduceLROnPlateau
from keras.datasets import mnist
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, MaxPool2D
from keras.models import Sequential
from keras.utils import to_categorical
from keras.utils.generic_utils import get_custom_objects


def swish(x):
    return K.sigmoid(x) * x


get_custom_objects().update({"swish": Activation(swish)})


class Monitor(BaseLogger):
    def on_train_begin(self, logs={}):
        self.figures = {}

    def on_epoch_end(self, epoch, logs={}):
        for name, value in logs.items():
            self.figures.setdefault(name, []).append(float(value))


(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255.0
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255.0
y_train = to_categorical(y_train, num_classes=10)
y_test = to_categorical(y_test, num_classes=10)

model = Sequential()
model.add(Conv2D(filters=8, kernel_size=(5, 5), padding="Same", activation="swish", input_shape=(28, 28, 1)))
model.add(BatchNormalization())
model.add(MaxPool2D(pool_size=(2, 2), strides=(2, 2)))
model.add(Conv2D(8, (3, 3), activation=lambda x: K.relu(x, max_value=6)))
model.add(Flatten())
model.add(Dense(16))
model.add(Activation(swish))
model.add(Dense(10, activation="softmax"))

model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
monitor = Monitor()
plateau = ReduceLROnPlateau(monitor="val_acc", patience=3, verbose=1, factor=0.5, min_lr=0.00001)
model.fit(x_train, y_train, batch_size=86, epochs=30, validation_data=(x_test, y_test), callbacks=[monitor, plateau])
print(monitor.figures, model.history.history.keys(), model.metrics_names)
