"""Batches by hand: train_on_batch, test_on_batch, and a learning rate that I lower myself."""
import numpy as np

from keras.datasets import cifar10
from keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, ZeroPadding2D
from keras.models import Sequential
from keras.optimizers import RMSprop


def make_batches(n, size, rng):
    order = rng.permutation(n)
    return [order[i:i + size] for i in range(0, n, size)]


def network():
    model = Sequential()
    model.add(Input(shape=(32, 32, 3)))
    model.add(ZeroPadding2D((1, 1)))
    model.add(Conv2D(8, (3, 3), strides=(2, 2), activation="relu"))
    model.add(MaxPooling2D((2, 2), strides=(2, 2)))
    model.add(Flatten())
    model.add(Dense(32, activation="tanh", kernel_initializer="he_uniform"))
    model.add(Dense(10, activation="softmax"))
    return model


(x_train, y_train), (x_test, y_test) = cifar10.load_data()
x_train, x_test = x_train / 127.5 - 1.0, x_test / 127.5 - 1.0
y_train, y_test = np.eye(10)[y_train.flatten()], np.eye(10)[y_test.flatten()]

model = network()
model.compile(RMSprop(learning_rate=0.001, rho=0.9), loss="categorical_crossentropy", metrics=["accuracy"])
rng = np.random.default_rng(0)
for epoch in range(3):
    figures = []
    for rows in make_batches(len(x_train), 16, rng):
        figures.append(model.train_on_batch(x_train[rows], y_train[rows]))
    loss, accuracy = np.mean(figures, axis=0)
    model.optimizer.learning_rate = float(model.optimizer.learning_rate) * 0.5
    print(f"epoch {epoch}: loss {loss:.3f}, accuracy {accuracy:.3f}, then rate {float(model.optimizer.learning_rate):.6f}")
print(model.test_on_batch(x_test, y_test, return_dict=True))
weights = model.get_weights()
print([w.shape for w in weights])
clone = network()
clone.set_weights(weights)
assert np.allclose(clone.predict_on_batch(x_test), model.predict_on_batch(x_test), atol=1e-6)
