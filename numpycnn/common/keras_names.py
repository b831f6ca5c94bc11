"""Keras's names that this library does not have: which are planned, which are out of scope, and how else to write them.

`unknown.py` builds the hints of error messages from it. The keys are the Keras modules of the names, and also
"arguments" (of constructors and methods) and "attributes" (of models, layers, optimizers). Names in none of the tables
are not planned.
"""

PLANNED: dict[str, str] = {
    "metrics": (
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy "
        "SparseTopKCategoricalAccuracy Precision Recall F1Score f1 binary_accuracy categorical_accuracy "
        "sparse_categorical_accuracy top_k_categorical_accuracy sparse_top_k_categorical_accuracy"
    ),
    "initializers": "Orthogonal Identity",
    "callbacks": "SwapEMAWeights",
    "utils": "plot_model",
    "backend": "clear_session",
    "arguments": "weighted_metrics jit_compile run_eagerly name",
}

RECURRENT = "recurrent layers are out of scope"
ATTENTION = "attention is out of scope"
ONE_AND_THREE_AXES = "convolution and pooling are in two dimensions only; others are out of scope"
OTHER_LIBRARIES = "wrappers for other libraries are out of scope"
TEXT = "text is out of scope"
FUNCTIONAL = "the functional API is out of scope; use Sequential"

OUT_OF_SCOPE: list[tuple[str, str, str]] = [
    ("numpycnn", FUNCTIONAL, "Model Functional"),
    ("numpycnn", OTHER_LIBRARIES, "KerasClassifier KerasRegressor"),
    ("models", FUNCTIONAL, "Model Functional Graph"),
    ("models", "YAML can run code: use to_json and model_from_json", "model_from_yaml"),
    ("utils", TEXT, "Tokenizer pad_sequences one_hot text_to_word_sequence"),
    ("layers", FUNCTIONAL, "Add Subtract Multiply Average Maximum Minimum Dot Concatenate Merge add concatenate merge"),
    ("layers", ATTENTION, "Attention AdditiveAttention MultiHeadAttention GroupQueryAttention"),
    (
        "layers",
        RECURRENT,
        "LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed "
        "ConvLSTM1D ConvLSTM2D ConvLSTM3D CuDNNLSTM CuDNNGRU TimeDistributedDense",
    ),
    (
        "layers",
        ONE_AND_THREE_AXES,
        "Conv1D Conv3D Convolution1D Convolution3D Conv1DTranspose Conv3DTranspose SeparableConv1D DepthwiseConv1D "
        "MaxPooling1D MaxPooling3D MaxPool1D MaxPool3D AveragePooling1D AveragePooling3D AvgPool1D AvgPool3D "
        "GlobalMaxPooling1D GlobalMaxPooling3D GlobalMaxPool1D GlobalMaxPool3D GlobalAveragePooling1D "
        "GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool3D ZeroPadding1D ZeroPadding3D UpSampling1D UpSampling3D "
        "Cropping1D Cropping3D SpatialDropout1D SpatialDropout3D",
    ),
    ("layers", TEXT, "Embedding TextVectorization StringLookup IntegerLookup"),
    (
        "layers",
        "the layer is of an older Keras, and not in today's",
        "Highway LocallyConnected1D LocallyConnected2D MaxoutDense ThresholdedReLU",
    ),
    ("callbacks", "TensorBoard's files need TensorFlow; use CSVLogger, or the History that fit returns", "TensorBoard"),
    ("callbacks", "nothing is sent to other machines; use LambdaCallback(on_epoch_end=...)", "RemoteMonitor"),
    ("attributes", f"{FUNCTIONAL}; model.trace(x) has every layer's input and output", "input output inputs outputs"),
    ("attributes", "YAML can run code: use to_json", "to_yaml"),
    ("arguments", f"{FUNCTIONAL}", "input_tensors call_function"),
    ("arguments", "only what is in the library is loaded from a file", "custom_objects safe_mode"),
    ("arguments", "several outputs belong to the functional API, which is out of scope", "loss_weights"),
    ("arguments", "the model's seed fixes the weights: Sequential(seed=...)", "seed"),
    ("arguments", "the dtype is the backend's: backend.set_floatx(...)", "dtype"),
]
"""(kind, reason, names)."""

REPLACED: dict[str, dict[str, str]] = {
    "activations": {"deserialize": "get"},
    "losses": {"deserialize": "get"},
    "initializers": {
        "normal": "random_normal",
        "uniform": "random_uniform",
        "zero": "zeros",
        "one": "ones",
        "Zeros": "zeros",
        "Ones": "ones",
        "GlorotNormal": "glorot_normal",
        "GlorotUniform": "glorot_uniform",
        "HeNormal": "he_normal",
        "HeUniform": "he_uniform",
        "LecunNormal": "lecun_normal",
        "LecunUniform": "lecun_uniform",
    },
    "attributes": {
        "trainable_variables": "trainable_weights",
        "non_trainable_variables": "non_trainable_weights",
        "variables": "weights",
    },
}
"""For each kind: what to write for a name that Keras spells differently. Older names are in `old_names.py`."""
