import argparse

import numpy as np
import keras
from keras import regularizers
from keras.layers import ELU, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from keras.models import Sequential
from keras.optimizers import SGD


def conv_block(model, filters, weight_decay, dropout, **first):
    model.add(Conv2D(filters, (3, 3), padding='same', kernel_regularizer=regularizers.l2(weight_decay), **first))
    model.add(ELU())
    model.add(BatchNormalization())
    model.add(Conv2D(filters, (3, 3), padding='same', kernel_regularizer=regularizers.l2(weight_decay)))
    model.add(ELU())
    model.add(BatchNormalization())
    model.add(MaxPool2D((2, 2)))
    model.add(Dropout(dropout))


def build(width, weight_decay):
    model = Sequential()
    conv_block(model, width, weight_decay, 0.2, input_shape=(32, 32, 3))
    conv_block(model, 2 * width, weight_decay, 0.3)
    model.add(Flatten())
    model.add(Dense(64, activation='elu', bias_regularizer=regularizers.L1L2(l1=1e-5, l2=1e-5)))
    model.add(Dense(10, activation='softmax', activity_regularizer='l2'))
    return model


def schedule(epoch):
    rate = 0.01
    if epoch > 75:
        rate = 0.005
    if epoch > 100:
        rate = 0.001
    return rate


def z_score(train, test):
    mean = np.mean(train, axis=(0, 1, 2, 3))
    std = np.std(train, axis=(0, 1, 2, 3))
    return (train - mean) / (std + 1e-7), (test - mean) / (std + 1e-7)


def main(args):
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
    x_train, x_test = z_score(x_train.astype('float32'), x_test.astype('float32'))
    y_train, y_test = (keras.utils.to_categorical(y, 10) for y in (y_train, y_test))
    model = build(args.width, args.decay)
    model.compile(loss='categorical_crossentropy', optimizer=SGD(momentum=0.9, nesterov=True, clipnorm=1.0),
                  metrics=['accuracy', keras.metrics.TopKCategoricalAccuracy(k=3, name='top3')])
    print(model.count_params(), 'parameters,', len(model.layers), 'layers')
    history = model.fit(x_train, y_train, args.batch_size, args.epochs, validation_data=(x_test, y_test), verbose=args.verbose,
                        callbacks=[keras.callbacks.LearningRateScheduler(schedule)])
    for key, values in sorted(history.history.items()):
        print('%-20s %s' % (key, ' '.join('%.4f' % value for value in values)))
    return model.evaluate(x_test, y_test, batch_size=128, verbose=0)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='A small VGG for CIFAR-10')
    parser.add_argument('--width', type=int, default=8)
    parser.add_argument('--decay', type=float, default=1e-4)
    parser.add_argument('--epochs', type=int, default=125)
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--verbose', type=int, default=1)
    result = main(parser.parse_args())
    print('\nTest result: %.3f loss: %.3f' % (result[1] * 100, result[0]))
