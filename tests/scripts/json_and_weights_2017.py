# -*- coding: utf-8 -*-
"""Train a digit classifier, keep architecture and weights in two files, and load them again (Keras 2.0)."""
import sys

import numpy as np
import keras
from keras.datasets import mnist
from keras.models import Sequential, Model, model_from_json
from keras.layers import Dense, Dropout, Flatten, LSTM
from keras.layers.convolutional import Conv2D
from keras.layers.pooling import MaxPooling2D
from keras.layers.advanced_activations import LeakyReLU
from keras.constraints import maxnorm
from keras.utils import np_utils

ARCHITECTURE = 'model.json'
WEIGHTS = 'model.h5'


class DigitClassifier(object):

    def __init__(self, classes=10, shape=(28, 28, 1)):
        self.classes = classes
        self.shape = shape
        self.model = None

    def build(self):
        model = Sequential()
        model.add(Conv2D(32, (5, 5), kernel_initializer='normal', input_shape=self.shape))
        model.add(LeakyReLU(alpha=0.1))
        model.add(MaxPooling2D())
        model.add(Dropout(0.2))
        model.add(Flatten())
        model.add(Dense(128, activation='relu', kernel_constraint=maxnorm(3)))
        model.add(Dense(self.classes, activation='softmax', kernel_initializer='normal'))
        self.model = model

    def compile(self):
        self.model.compile(loss=keras.losses.categorical_crossentropy,
                           optimizer=keras.optimizers.Adadelta(),
                           metrics=['accuracy'])

    def prepare(self, x, y):
        x = x.reshape((-1,) + self.shape).astype('float32') / 255
        return x, np_utils.to_categorical(y, self.classes)

    def save(self):
        with open(ARCHITECTURE, 'w') as f:
            f.write(self.model.to_json())
        self.model.save_weights(WEIGHTS, overwrite=True)

    def load(self):
        with open(ARCHITECTURE) as f:
            self.model = model_from_json(f.read())
        self.model.load_weights(WEIGHTS)
        self.compile()


def main():
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    classifier = DigitClassifier()
    classifier.build()
    classifier.compile()
    classifier.model.summary()
    x, y = classifier.prepare(x_train, y_train)
    xt, yt = classifier.prepare(x_test, y_test)
    classifier.model.fit(x, y, batch_size=128, epochs=12, verbose=1, validation_data=(xt, yt))
    before = classifier.model.evaluate(xt, yt, verbose=0)
    classifier.save()

    again = DigitClassifier()
    again.load()
    after = again.model.evaluate(xt, yt, verbose=0)
    print('before saving %.4f %.4f, after loading %.4f %.4f' % (tuple(before) + tuple(after)))
    if not np.allclose(before, after):
        sys.exit('the loaded model is another one')


if __name__ == '__main__':
    main()
