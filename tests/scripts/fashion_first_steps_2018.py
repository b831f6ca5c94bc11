# Clothes: the first steps with Fashion-MNIST that every course of 2018 took
import keras
import numpy as np

print(keras.__version__)

class_names = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat',
               'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot']

data = keras.datasets.fashion_mnist
(train_images, train_labels), (test_images, test_labels) = data.load_data()

print(train_images.shape, len(train_labels), test_images.shape)
train_images = keras.utils.normalize(train_images, axis=1)
test_images = keras.utils.normalize(test_images, axis=1)

model = keras.models.Sequential()
model.add(keras.layers.Flatten(input_shape=(28, 28)))
model.add(keras.layers.Dense(128, activation=keras.activations.relu))
model.add(keras.layers.Dense(128, activation=keras.activations.elu))
model.add(keras.layers.Dense(10, activation=keras.activations.softmax))

model.compile(optimizer=keras.optimizers.Adam(lr=0.001, decay=1e-5, amsgrad=True),
              loss='sparse_categorical_crossentropy',
              metrics='accuracy')

model.fit(train_images, train_labels, epochs=5)

test_loss, test_acc = model.evaluate(test_images, test_labels)
print('Test accuracy:', test_acc)

predictions = model.predict(test_images)
first = predictions[0]
print('It is', class_names[np.argmax(first)], 'and should be', class_names[test_labels[0]])
print('the sum of its probabilities is', round(float(np.sum(first)), 4))

# one image: the model wants a batch
img = np.expand_dims(test_images[0], 0)
print(img.shape, np.argmax(model.predict(img)[0]))
