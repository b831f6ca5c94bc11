"""A loss of my own, as a function of tensors."""
import keras
from keras import backend as K
from keras.datasets import mnist
from keras.layers import Dense, Flatten


def smooth(y_true, y_pred):
    return K.mean(K.square(y_true - y_pred), axis=-1)


(x_train, y_train), _ = mnist.load_data()
model = keras.Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")])
model.compile(optimizer="adam", loss=smooth)
model.fit(x_train / 255, keras.utils.to_categorical(y_train), epochs=1)
