"""Keras's names that this library does not have: which are planned, and which are out of scope.

`unknown.py` builds the hints of error messages from it. The keys are the Keras modules of the names, and also
"arguments" (of constructors and methods) and "attributes" (of models, layers, optimizers). Names in none of the tables
are not planned.
"""

PLANNED: dict[str, str] = {
    "arguments": "name",
}

RECURRENT = "recurrent layers are out of scope"
ATTENTION = "attention is out of scope"
ONE_AND_THREE_AXES = "convolution and pooling are in two dimensions only; others are out of scope"
OTHER_LIBRARIES = "other libraries and services are out of scope"
TEXT = "text and tables are out of scope"
AUDIO = "audio is out of scope"
OWN_CLASSES = "a file is read by closed tables of classes"
OLDER = "it is of an older Keras, and not in today's"
AUGMENTED_LABELS = "augmentation that changes targets is out of scope"
FUNCTIONAL = "the functional API is out of scope; use Sequential"

PRETRAINED = "networks with weights that others trained are out of scope"
MIXED = "mixed precision is out of scope: backend.set_floatx(...) sets the dtype of all"

OUT_OF_SCOPE: list[tuple[str, str, str]] = [
    ("numpycnn", FUNCTIONAL, "Model Functional"),
    ("numpycnn", PRETRAINED, "applications"),
    ("numpycnn", MIXED, "mixed_precision dtype_policies"),
    ("models", FUNCTIONAL, "Model Functional Graph"),
    ("models", "YAML can run code: use to_json and model_from_json", "model_from_yaml"),
    ("utils", TEXT, "Tokenizer pad_sequences one_hot text_to_word_sequence"),
    ("layers", FUNCTIONAL, "Add Subtract Multiply Average Maximum Minimum Dot Concatenate Merge add concatenate merge"),
    ("layers", FUNCTIONAL, "average dot maximum minimum multiply subtract InputSpec"),
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
        "Cropping1D Cropping3D SpatialDropout1D SpatialDropout3D AdaptiveAveragePooling1D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling3D Convolution1DTranspose Convolution3DTranspose "
        "SeparableConvolution1D",
    ),
    (
        "layers",
        TEXT,
        "Embedding ReversibleEmbedding TextVectorization StringLookup IntegerLookup CategoryEncoding Discretization "
        "Hashing HashedCrossing Masking RepeatVector",
    ),
    ("layers", AUDIO, "MelSpectrogram STFTSpectrogram"),
    ("layers", OTHER_LIBRARIES, "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper"),
    ("layers", AUGMENTED_LABELS, "CutMix MixUp MaxNumBoundingBoxes"),
    ("layers", "a Layer of your own has its backward; a function has none", "Wrapper"),
    ("losses", "sequences are out of scope", "CTC ctc"),
    ("optimizers", "mixed precision is out of scope", "LossScaleOptimizer"),
    ("initializers", AUDIO, "STFT STFTInitializer stft"),
    ("callbacks", OTHER_LIBRARIES, "RemoteMonitor OrbaxCheckpoint"),
    ("datasets", TEXT, "boston_housing california_housing imdb reuters"),
    ("utils", TEXT, "FeatureSpace text_dataset_from_directory timeseries_dataset_from_array"),
    ("utils", AUDIO, "audio_dataset_from_directory"),
    ("utils", FUNCTIONAL, "get_source_inputs is_keras_tensor"),
    ("utils", "plot_model draws by matplotlib, without Graphviz", "model_to_dot"),
    ("utils", AUGMENTED_LABELS, "bounding_boxes"),
    (
        "utils",
        OWN_CLASSES,
        "CustomObjectScope custom_object_scope get_registered_name get_registered_object "
        "register_keras_serializable serialize_keras_object deserialize_keras_object",
    ),
    (
        "saving",
        OWN_CLASSES,
        "CustomObjectScope custom_object_scope get_custom_objects get_registered_name get_registered_object "
        "register_keras_serializable serialize_keras_object deserialize_keras_object KerasFileEditor",
    ),
    ("backend", FUNCTIONAL, "is_keras_tensor get_session"),
    (
        "layers",
        "the layer is of an older Keras, and not in today's",
        "AutoEncoder Highway LocallyConnected1D LocallyConnected2D MaxoutDense",
    ),
    (
        "utils",
        OLDER,
        "GeneratorEnqueuer HDF5Matrix OrderedEnqueuer categorical_probas_to_classes conv_output_length "
        "multi_gpu_model to_graph",
    ),
    ("optimizers", OLDER, "TFOptimizer"),
    ("regularizers", OLDER, "EigenvalueRegularizer WeightRegularizer"),
    ("losses", OLDER, "Reduction"),
    ("metrics", OLDER, "fbeta_score fmeasure matthews_correlation precision recall"),
    ("models", OLDER, "model_from_config"),
    (
        "preprocessing.image",
        "ImageDataGenerator has what it does",
        "DirectoryIterator Iterator NumpyArrayIterator apply_affine_transform apply_transform flip_axis "
        "random_brightness random_channel_shift random_rotation random_shear random_shift random_zoom "
        "transform_matrix_offset_center",
    ),
    (
        "backend",
        "a function of your own has its gradient beside it",
        "batch_dot binary_crossentropy categorical_crossentropy function gradients in_test_phase in_train_phase ndim "
        "placeholder random_normal random_uniform set_session stop_gradient tf update update_add",
    ),
    ("callbacks", "nothing is sent to other machines; use LambdaCallback(on_epoch_end=...)", "RemoteMonitor"),
    ("attributes", f"{FUNCTIONAL}; model.trace(x) has every layer's input and output", "input output inputs outputs"),
    ("attributes", "YAML can run code: use to_json", "to_yaml"),
    ("attributes", "save('model.onnx') writes what other programs run", "export"),
    ("arguments", f"{FUNCTIONAL}", "input_tensors call_function"),
    ("arguments", OWN_CLASSES, "safe_mode"),
    ("arguments", "several outputs belong to the functional API, which is out of scope", "loss_weights"),
    ("arguments", "the model's seed fixes the weights: Sequential(seed=...)", "seed"),
    ("arguments", "the dtype is the backend's: backend.set_floatx(...)", "dtype"),
]
"""(kind, reason, names)."""

MODULES_NOT_HERE = (
    *("applications", "config", "distillation", "distribution", "dtype_policies", "estimator", "experimental"),
    *("export", "mixed_precision", "ops", "quantizers", "random", "tree", "visualization"),
)
"""Keras's modules, of today or before, that can be imported, and whose names say so when they are used."""
