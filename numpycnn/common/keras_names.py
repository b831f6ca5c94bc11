"""Keras's names that this library does not have: which are planned, which are out of scope, and which are older names.

`unknown.py` builds the hints of error messages from it. The keys are the Keras modules of the names, and also
"arguments" (of constructors and methods) and "attributes" (of models, layers, optimizers). Names in none of the tables
are not planned.
"""

PLANNED: dict[str, str] = {
    "numpycnn": "regularizers constraints preprocessing",
    "models": "clone_model model_from_json",
    "metrics": (
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy "
        "SparseTopKCategoricalAccuracy Precision Recall F1Score f1 binary_accuracy categorical_accuracy "
        "sparse_categorical_accuracy top_k_categorical_accuracy sparse_top_k_categorical_accuracy"
    ),
    "optimizers": "AdamW Nadam Adagrad Adadelta Adamax Lion schedules",
    "initializers": "Orthogonal Identity",
    "callbacks": "ModelCheckpoint CSVLogger LearningRateScheduler ReduceLROnPlateau LambdaCallback SwapEMAWeights",
    "datasets": "fashion_mnist kmnist cifar10 cifar100",
    "utils": "plot_model normalize",
    "backend": "image_dim_ordering set_image_dim_ordering clear_session",
    "attributes": "to_json pop fit_generator evaluate_generator predict_generator predict_classes",
    "arguments": (
        "alpha_regularizer alpha_constraint kernel_regularizer bias_regularizer activity_regularizer kernel_constraint "
        "bias_constraint input_dim "
        "weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency amsgrad decay "
        "ignore_class "
        "weighted_metrics jit_compile run_eagerly overwrite name verbose baseline start_from_epoch"
    ),
}

RECURRENT = "recurrent layers are out of scope"
ATTENTION = "attention is out of scope"
ONE_AND_THREE_AXES = "convolution and pooling are in two dimensions only; others are out of scope"
FUNCTIONAL = "the functional API is out of scope; use Sequential"

OUT_OF_SCOPE: list[tuple[str, str, str]] = [
    ("numpycnn", FUNCTIONAL, "Model Functional"),
    ("models", FUNCTIONAL, "Model Functional"),
    ("layers", FUNCTIONAL, "Add Subtract Multiply Average Maximum Minimum Dot Concatenate Merge add concatenate merge"),
    ("layers", ATTENTION, "Attention AdditiveAttention MultiHeadAttention GroupQueryAttention"),
    (
        "layers",
        RECURRENT,
        "LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed "
        "ConvLSTM1D ConvLSTM2D ConvLSTM3D CuDNNLSTM CuDNNGRU recurrent",
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
    ("arguments", "several outputs belong to the functional API, which is out of scope", "loss_weights"),
    ("arguments", "the model's seed fixes the weights: Sequential(seed=...)", "seed"),
    ("arguments", "the dtype is the backend's: backend.set_floatx(...)", "dtype"),
]
"""(kind, reason, names)."""

REPLACED: dict[str, dict[str, str]] = {
    "activations": {"deserialize": "get"},
    "losses": {
        "deserialize": "get",
        "huber_loss": "huber",
        "kullback_leibler_divergence": "kl_divergence",
        "logcosh": "log_cosh",
    },
    "utils": {"set_random_seed": "numpy.random.seed", "np_utils": "to_categorical"},
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
        "lr": "learning_rate",
        "kernel": "params",
        "bias": "params",
        "weights": "params",
        "trainable_weights": "params",
        "trainable_variables": "params",
        "predict_proba": "predict",
        "predict_on_batch": "predict",
    },
    "arguments": {
        "lr": "learning_rate",
        "alpha": "negative_slope",
        "nb_epoch": "epochs",
        "output_dim": "units",
        "nb_filter": "filters",
        "nb_row": "kernel_size",
        "nb_col": "kernel_size",
        "subsample": "strides",
        "border_mode": "padding",
        "dim_ordering": "data_format",
        "init": "kernel_initializer",
        "bias": "use_bias",
        "p": "rate",
        "W_regularizer": "kernel_regularizer",
        "b_regularizer": "bias_regularizer",
        "W_constraint": "kernel_constraint",
        "b_constraint": "bias_constraint",
        "batch_input_shape": "input_shape",
        "batch_shape": "shape",
        "samples_per_epoch": "steps_per_epoch",
        "show_accuracy": "metrics",
        "nb_classes": "num_classes",
        "filepath": "path",
        "backup_dir": "path",
    },
}
"""For each kind: the replacement for an older name, or for one that Keras spells differently."""
