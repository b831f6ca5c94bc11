#!/usr/bin/env python3
"""Is the digit even? One output, and the figures of a binary classifier."""
from keras import metrics
from keras.datasets import mnist
from keras.layers import Activation, Dense
from keras.models import Sequential

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 784) / 255.0
x_test = x_test.reshape(-1, 784) / 255.0
even_train, even_test = y_train % 2 == 0, y_test % 2 == 0

model = Sequential()
model.add(Dense(32, input_shape=(784,), activation=Activation("relu")))
model.add(Dense(16, activation="hard_sigmoid", input_shape=(32,)))
model.add(Dense(1, activation="sigmoid"))
model.compile(
    loss="binary_crossentropy",
    optimizer="adagrad",
    metrics=["binary_accuracy", metrics.Precision(name="precision"), metrics.Recall(name="recall")],
)
share = even_train.mean()
weights = {0: 0.5 / (1 - share), 1: 0.5 / share}
history = model.fit(
    x_train, even_train, epochs=5, batch_size=32, validation_data=(x_test, even_test), class_weight=weights, verbose=2
)
loss, accuracy, precision, recall = model.evaluate(x_test, even_test, verbose=0)
f1 = 2 * precision * recall / max(precision + recall, 1e-9)
print(f"loss {loss:.3f}, accuracy {accuracy:.3f}, precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")
predicted = (model.predict(x_test) > 0.5).astype("int32").ravel()
print("even:", predicted[:20])
