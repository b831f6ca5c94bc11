"""Augmentation as layers, in front of a small network for CIFAR-10."""
import keras
from keras import layers
from keras.datasets import cifar10

augment = keras.Sequential(
    [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
        layers.RandomZoom(0.1),
        layers.RandomContrast(0.2),
    ],
    name="augment",
)


def dense_block(units, rate):
    return [layers.Dense(units, use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(rate)]


(x_train, y_train), (x_test, y_test) = cifar10.load_data()
n_classes = int(y_train.max()) + 1

model = keras.Sequential([
    layers.Input(shape=(32, 32, 3)),
    augment,
    layers.Rescaling(scale=1.0 / 127.5, offset=-1),
    layers.Conv2D(8, 3, kernel_regularizer=keras.regularizers.L2(1e-4), kernel_constraint=keras.constraints.MaxNorm(3)),
    layers.GroupNormalization(groups=2),
    layers.Activation("gelu"),
    layers.MaxPooling2D(3, strides=2, padding="same"),
    layers.GaussianNoise(0.1),
    layers.Flatten(),
    *dense_block(32, 0.2),
    layers.Dense(n_classes, activation="softmax"),
])
model.compile(
    optimizer=keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(0.0, 200, warmup_target=0.05, warmup_steps=20), momentum=0.9, clipvalue=0.5
    ),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x_train, y_train, epochs=3, batch_size=16, validation_data=(x_test, y_test))
print({name: [round(float(v), 3) for v in values] for name, values in history.history.items()})
