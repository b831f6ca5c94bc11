"""A dense autoencoder: the decoder is a model in the model, and can be used by itself."""
import numpy as np
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

import keras
from keras.layers import Dense, Input
from keras.models import Sequential

CODE = 16

(x_train, _), (x_test, _) = keras.datasets.mnist.load_data()
x_train = x_train.astype("float32").reshape(len(x_train), -1) / 255.0
x_test = x_test.astype("float32").reshape(len(x_test), -1) / 255.0

encoder = Sequential([Input(shape=(784,), name="image"), Dense(64, activation="relu"), Dense(CODE, activation="relu")], name="encoder")
decoder = Sequential([Input(shape=(CODE,), name="code"), Dense(64, activation="relu"), Dense(784, activation="sigmoid")], name="decoder")
autoencoder = Sequential([encoder, decoder], name="autoencoder")
autoencoder.compile(optimizer=keras.optimizers.Adamax(), loss="binary_crossentropy")

log = autoencoder.fit(x_train, x_train, epochs=10, batch_size=256, shuffle=True, validation_data=(x_test, x_test), verbose=0)

codes = encoder.predict(x_test, verbose=0)
images = decoder.predict(codes, verbose=0)
print(codes.shape, images.shape, np.allclose(images, autoencoder.predict(x_test, verbose=0), atol=1e-5))
print("mean squared error", float(np.mean((images - x_test) ** 2)))

figure, rows = plt.subplots(2, 5)
for column in range(5):
    rows[0][column].imshow(x_test[column].reshape(28, 28), cmap="gray")
    rows[1][column].imshow(images[column].reshape(28, 28), cmap="gray")
plt.savefig("reconstructions.png")
plt.figure()
plt.plot(log.history["loss"], label="train")
plt.plot(log.history["val_loss"], label="test")
plt.legend()
plt.savefig("loss.png")
