"""A classifier of clothes with metrics of its own, written with the backend's functions, and a log for TensorBoard."""

import os
import time

import keras
from keras import backend as K
from keras.callbacks import ModelCheckpoint, TensorBoard
from keras.datasets import fashion_mnist
from keras.layers import Conv2D, Dense, Flatten
from keras.models import Sequential, load_model


def recall(y_true, y_pred):
    hits = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    return hits / (K.sum(K.round(K.clip(y_true, 0, 1))) + K.epsilon())


def precision(y_true, y_pred):
    hits = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    return hits / (K.sum(K.round(K.clip(y_pred, 0, 1))) + K.epsilon())


(x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255
y_train = keras.utils.to_categorical(y=y_train, num_classes=10, dtype="float32")

model = Sequential()
model.add(Conv2D(4, (5, 5), strides=(2, 2), activation="relu", input_shape=x_train.shape[1:]))
print(model.output_shape, model.output_shape[1:])
model.add(Flatten())
model.add(Dense(10, activation="softmax"))
for weight in model.trainable_weights:
    print(weight.name, weight.shape, K.count_params(weight))
print("parameters:", sum(K.count_params(weight) for weight in model.trainable_weights))

model.compile("nadam", "categorical_crossentropy", metrics=["accuracy", precision, recall])
log_dir = os.path.join("logs", time.strftime("%H-%M-%S"))
model.fit(
    x_train,
    y_train,
    epochs=5,
    validation_split=0.2,
    callbacks=[TensorBoard(log_dir, write_graph=False), ModelCheckpoint("best.h5", save_best_only=True)],
)
print(sorted(os.listdir(log_dir)))

best = load_model("best.h5", custom_objects={"precision": precision, "recall": recall})
print(best.evaluate(x_train, y_train, verbose=0, return_dict=True))
