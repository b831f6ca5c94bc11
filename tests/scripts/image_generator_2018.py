# MNIST with ImageDataGenerator and fit_generator, Keras 2
import numpy as np
from keras.callbacks import LearningRateScheduler, ReduceLROnPlateau
from keras.datasets import mnist
from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from keras.models import Sequential
from keras.optimizers import Adam
from keras.preprocessing.image import ImageDataGenerator
from keras.utils.np_utils import to_categorical

(x_train, y_train), (x_val, y_val) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32') / 255.
x_val = x_val.reshape(-1, 28, 28, 1).astype('float32') / 255.
y_train, y_val = to_categorical(y_train), to_categorical(y_val)

model = Sequential()
model.add(Conv2D(filters=16, kernel_size=(3, 3), activation='relu', input_shape=(28, 28, 1)))
model.add(BatchNormalization())
model.add(Conv2D(filters=16, kernel_size=(3, 3), activation='relu'))
model.add(BatchNormalization())
model.add(MaxPool2D(strides=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(64, activation='relu'))
model.add(Dropout(0.5))
model.add(Dense(y_train.shape[1], activation='softmax'))

datagen = ImageDataGenerator(zoom_range=0.1,
                             height_shift_range=0.1,
                             width_shift_range=0.1,
                             rotation_range=10)
model.compile(loss='categorical_crossentropy', optimizer=Adam(lr=1e-4), metrics=['accuracy'])
annealer = LearningRateScheduler(lambda x: 1e-3 * 0.9 ** x)
plateau = ReduceLROnPlateau(monitor='val_loss', patience=2, verbose=1, factor=0.5, min_lr=0.00001)

hist = model.fit_generator(datagen.flow(x_train, y_train, batch_size=16),
                           steps_per_epoch=len(x_train) // 16,
                           epochs=20,
                           verbose=2,
                           validation_data=(x_val, y_val),
                           callbacks=[annealer, plateau])
final_loss, final_acc = model.evaluate(x_val, y_val, verbose=0)
print("Final loss: {0:.4f}, final accuracy: {1:.4f}".format(final_loss, final_acc))
print(sorted(hist.history), np.argmax(model.predict(x_val), axis=1).shape)
