"""Keras's files, read and written by the extra keras-files, which brings h5py.

archive      .keras of Keras 3: a zip of config.json, metadata.json and model.weights.h5
h5           .weights.h5 of Keras 3; .h5 of Keras 1, 2 and 3, whole models and weights alone
hdf5         groups, arrays and attributes of an HDF5 file, each checked before it is read
incoming     Keras's configuration, of any version, as this library's
blocks       a Functional model's layers, in which branches meet, as a chain with blocks
inbound      what a layer of a Functional model takes
outgoing     this library's configuration as Keras 3's
graph        a model's layers by Keras's names and in its order, which is that of all arrays in a file
labels       what Keras's files say of a block, for this library alone
variables    where the arrays of a model stand in a file of Keras 3
slots        the optimizer's arrays in Keras's order
legacy       where the arrays of a model stand in a file of Keras 1 and 2
"""
