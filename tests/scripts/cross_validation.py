"""Five-fold cross-validation of a perceptron, a fresh session for each fold."""
import gc

import numpy as np
from keras import backend as K
from keras.datasets import fashion_mnist
from keras.initializers import RandomNormal
from keras.layers import Dense, Dropout, Flatten, Input
from keras.losses import CategoricalCrossentropy
from keras.models import Sequential
from keras.utils import clear_session, to_categorical

FOLDS = 5


def folds(n, k):
    parts = np.array_split(np.random.RandomState(3).permutation(n), k)
    for held in range(k):
        yield np.concatenate([part for i, part in enumerate(parts) if i != held]), parts[held]


def make():
    model = Sequential([
        Input((28, 28)),
        Flatten(),
        Dense(32, activation="relu", kernel_initializer=RandomNormal(stddev=0.05)),
        Dropout(0.1),
        Dense(10, activation="softmax"),
    ])
    model.compile(loss=CategoricalCrossentropy(label_smoothing=0.1), metrics=["categorical_accuracy"])
    return model


(x, y), (x_test, y_test) = fashion_mnist.load_data()
x, x_test = x / 255, x_test / 255
y, y_test = to_categorical(y, 10), to_categorical(y_test, 10)
print("data format", K.image_data_format(), "epsilon", K.epsilon(), K.floatx())

scores = []
for number, (train, held) in enumerate(folds(len(x), FOLDS)):
    clear_session()
    gc.collect()
    model = make()
    model.fit(x[train], y[train], sample_weight=np.linspace(0.5, 1.5, len(train)), batch_size=32, epochs=5, verbose=0)
    score = model.evaluate(x[held], y[held], verbose=0)
    scores.append(score)
    print("fold %d: loss %.3f, accuracy %.3f" % (number + 1, score[0], score[1]))
mean, std = np.mean(scores, axis=0), np.std(scores, axis=0)
print("accuracy %.3f +- %.3f" % (mean[1], std[1]))
