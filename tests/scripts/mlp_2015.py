"""A two-layer perceptron on MNIST. Needs Keras 0.3 or 1."""
import numpy
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.optimizers import SGD, Adam, RMSprop
from keras.utils import np_utils

numpy.random.seed(42)

(X, y), (Xt, yt) = mnist.load_data()
X = X.reshape(len(X), 784).astype("float32") / 255.
Xt = Xt.reshape(len(Xt), 784).astype("float32") / 255.
Y = np_utils.to_categorical(y, 10)
Yt = np_utils.to_categorical(yt, 10)

model = Sequential()
model.add(Dense(output_dim=512, input_dim=784, init='normal'))
model.add(Activation('relu'))
model.add(Dropout(0.2))
model.add(Dense(output_dim=256, init='uniform'))
model.add(Activation('tanh'))
model.add(Dropout(p=0.2))
model.add(Dense(10, init='glorot_normal'))
model.add(Activation('softmax'))

sgd = SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss='categorical_crossentropy', optimizer=sgd, class_mode='categorical')

hist = model.fit(X, Y, batch_size=64, nb_epoch=20, show_accuracy=True, verbose=2, validation_split=0.1)
print(sorted(hist.history))

result = model.evaluate(Xt, Yt, batch_size=256, verbose=0)
print('loss and accuracy: ' + ', '.join('%.4f' % r for r in result))

classes = model.predict_classes(Xt[:10], batch_size=10)
probabilities = model.predict_proba(Xt[:10], batch_size=10)
print('predicted', classes)
print('true     ', yt[:10])
print('certainty', probabilities.max(axis=1).round(2))
