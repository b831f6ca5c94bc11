# LeNet-5 after LeCun et al. 1998, subsampling with averages, tanh everywhere
from keras.activations import softmax, tanh
from keras.datasets import mnist
from keras.layers import AveragePooling2D, Conv2D, Dense, Flatten
from keras.losses import sparse_categorical_crossentropy
from keras.models import Sequential
from keras.optimizers import SGD


class LeNet(Sequential):
    def __init__(self, input_shape=(28, 28, 1), nb_classes=10):
        super().__init__()
        self.add(Conv2D(6, kernel_size=(5, 5), strides=(1, 1), activation=tanh, input_shape=input_shape, padding="same"))
        self.add(AveragePooling2D(pool_size=(2, 2), strides=(2, 2), padding="valid"))
        self.add(Conv2D(16, kernel_size=(5, 5), strides=(1, 1), activation=tanh, padding="valid"))
        self.add(AveragePooling2D(pool_size=(2, 2), strides=(2, 2), padding="valid"))
        self.add(Flatten())
        self.add(Dense(120, activation=tanh))
        self.add(Dense(84, activation=tanh))
        self.add(Dense(nb_classes, activation=softmax))
        self.compile(optimizer=SGD(0.05, momentum=0.9), loss=sparse_categorical_crossentropy, metrics=["accuracy"])


(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0  # (n, 28, 28): the last axis is added by fit

model = LeNet(x_train[0].shape + (1,))
model.summary()
history = model.fit(x_train, y=y_train, epochs=3, validation_data=(x_test, y_test), verbose=1, batch_size=32)
test_loss, test_accuracy = model.evaluate(x_test, y_test)
print("Test loss {}, accuracy {}".format(test_loss, test_accuracy))
for layer in model.layers:
    print(layer.name, [weights.shape for weights in layer.get_weights()])
