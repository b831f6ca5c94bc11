#!/usr/bin/env python
# coding: utf-8

# # Which clothes are confused?
#
# A convolutional network for Fashion-MNIST, and its confusion matrix.

# In[1]:


import numpy as np
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
from keras.datasets import fashion_mnist
from keras.models import Sequential
from keras.layers import Conv2D, MaxPooling2D, AveragePooling2D, Flatten, Dense, Dropout
from keras.utils import to_categorical, plot_model

# get_ipython().run_line_magic('matplotlib', 'inline')


# In[2]:


(X_train, y_train), (X_test, y_test) = fashion_mnist.load_data()
labels = '''T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot'''.split()
X_train.shape, X_test.shape, len(labels)


# In[3]:


fig, ax = plt.subplots(2, 4)
for i in range(8):
    ax[i // 4, i % 4].imshow(X_train[i], cmap='gray')
    ax[i // 4, i % 4].set_title(labels[y_train[i]])
plt.tight_layout()
plt.savefig('examples.png')


# In[4]:


X_train = X_train.reshape(-1, 28, 28, 1) / 255.
X_test = X_test.reshape(-1, 28, 28, 1) / 255.
Y_train = to_categorical(y_train, num_classes=10)
Y_test = to_categorical(y_test, num_classes=10)


# In[5]:


model = Sequential([
    Conv2D(8, (3, 3), activation='relu', input_shape=(28, 28, 1)),
    MaxPooling2D((2, 2)),
    Conv2D(16, (3, 3), activation='relu'),
    AveragePooling2D((2, 2)),
    Flatten(),
    Dense(32, activation='relu'),
    Dropout(0.4),
    Dense(10, activation='softmax'),
])
model.compile(loss='categorical_crossentropy', metrics=['accuracy'])
model.summary()


# In[6]:


try:
    plot_model(model, to_file='model.png', show_shapes=True, show_layer_names=True)
except ImportError as error:
    print(error)


# In[7]:


hist = model.fit(X_train, Y_train, epochs=10, batch_size=64, validation_split=0.2, verbose=2)


# In[8]:


for name in ('accuracy', 'loss'):
    plt.figure()
    plt.plot(hist.epoch, hist.history[name], 'b', label='train')
    plt.plot(hist.epoch, hist.history['val_' + name], 'r', label='validation')
    plt.title(name)
    plt.legend()
    plt.savefig(name + '.png')


# In[9]:


pred = np.argmax(model.predict(X_test), axis=-1)
cm = np.zeros((10, 10), dtype=int)
for t, p in zip(y_test, pred):
    cm[t, p] += 1
print(cm)
for i in np.argsort(-(cm - np.diag(np.diag(cm))).ravel())[:3]:
    print(labels[i // 10], 'taken for', labels[i % 10], cm[i // 10, i % 10], 'times')


# In[10]:


plt.figure(figsize=(6, 6))
plt.imshow(cm, cmap='Blues')
plt.xticks(range(10), labels, rotation=45)
plt.yticks(range(10), labels)
plt.savefig('confusion.png')
