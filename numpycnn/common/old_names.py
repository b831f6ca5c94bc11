"""Names of Keras 1 and 2 that are today only another name for something: the one table of them.

`older.py` reads it: there the names are translated, each with one warning that says today's. Whatever is not merely
another name has a function of its own in `compat/`, named here as "compat.room:function".
"""

COPIES = ("src", "api", "_tf_keras.keras")
"""Packages inside Keras's own whose modules have the same names, as editors complete them."""

MODULES: dict[str, str] = {
    "_tf_keras": "",
    "_tf_keras.keras": "",
    "api": "",
    "backend.tensorflow_backend": "backend",
    "callbacks.callbacks": "callbacks",
    "engine.base_layer": "layers",
    "engine.input_layer": "layers",
    "engine.saving": "models",
    "engine.sequential": "models",
    "engine.topology": "layers",
    "initializations": "initializers",
    "layers.advanced_activations": "layers",
    "layers.convolutional_recurrent": "layers",
    "layers.convolutional.conv2d": "layers",
    "layers.core": "layers",
    "layers.core.activation": "layers",
    "layers.core.dense": "layers",
    "layers.core.flatten": "layers",
    "layers.embeddings": "layers",
    "layers.experimental": "layers",
    "layers.experimental.preprocessing": "layers",
    "layers.local": "layers",
    "layers.merge": "layers",
    "layers.noise": "layers",
    "layers.normalization.batch_normalization": "layers",
    "layers.normalization.batch_normalization_v1": "layers",
    "layers.pooling.max_pooling2d": "layers",
    "layers.recurrent": "layers",
    "layers.regularization": "layers",
    "layers.regularization.dropout": "layers",
    "layers.reshaping": "layers",
    "layers.reshaping.flatten": "layers",
    "layers.wrappers": "layers",
    "legacy": "",
    "legacy.interfaces": "utils",
    "legacy.layers": "layers",
    "objectives": "losses",
    "optimizer_v2": "optimizers",
    "optimizer_v2.adam": "optimizers",
    "optimizer_v2.gradient_descent": "optimizers",
    "optimizer_v2.rmsprop": "optimizers",
    "optimizers.adadelta_v2": "optimizers",
    "optimizers.adam_v2": "optimizers",
    "optimizers.gradient_descent_v2": "optimizers",
    "optimizers.legacy": "optimizers",
    "optimizers.rmsprop_v2": "optimizers",
    "preprocessing.sequence": "utils",
    "preprocessing.text": "utils",
    "saving.save": "models",
    "src": "",
    "utils.conv_utils": "utils",
    "utils.data_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.io_utils": "utils",
    "utils.layer_utils": "utils",
    "utils.losses_utils": "utils",
    "utils.multi_gpu_utils": "utils",
    "utils.training_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.visualize_util": "utils",
    "wrappers": "",
    "wrappers.scikit_learn": "compat.scikit_learn",
}
"""Modules by today's; "" is the package itself. Those below COPIES have the path without these."""

WIDER = ("layers.convolutional", "layers.normalization", "layers.pooling", "layers.preprocessing", "utils.np_utils")
"""Modules that older Keras had for more than is in them: they have all names of the package that they are in."""

ARITHMETIC = (
    "abs all any argmax argmin cast cast_to_floatx clip concatenate constant cos count_params dot elu equal eval exp "
    "expand_dims flatten greater greater_equal hard_sigmoid int_shape less less_equal log max maximum mean min minimum "
    "not_equal ones ones_like pow prod relu reshape round shape sigmoid sign sin softmax softplus softsign sqrt square "
    "squeeze stack std sum switch tanh transpose var variable where zeros zeros_like"
)
"""Functions of Keras 2's backend that NumPy or the activations have."""

NAMES: dict[str, dict[str, str]] = {
    "backend": {
        **{name: f"compat.arithmetic:{name}" for name in ARITHMETIC.split()},
        "common": "compat:backend",
        "get_value": "compat.backend:get_value",
        "image_dim_ordering": "compat.backend:image_dim_ordering",
        "learning_phase": "compat.backend:learning_phase",
        "set_learning_phase": "compat.backend:set_learning_phase",
        "set_value": "compat.backend:set_value",
        "set_image_dim_ordering": "compat.backend:set_image_dim_ordering",
    },
    "callbacks": {"BaseLogger": "callbacks:Callback"},
    "initializers": {
        "normal": "initializers:RandomNormal",
        "one": "initializers:Ones",
        "uniform": "initializers:RandomUniform",
        "zero": "initializers:Zeros",
    },
    "layers": {
        "AtrousConv2D": "compat.layers:atrous_convolution2d",
        "AtrousConvolution2D": "compat.layers:atrous_convolution2d",
        "Convolution2D": "compat.layers:convolution2d",
        "Deconv2D": "layers:Conv2DTranspose",
        "Lambda": "compat.layers:elementwise_lambda",
        "Deconvolution2D": "compat.layers:deconvolution2d",
        "SeparableConvolution2D": "compat.layers:separable_convolution2d",
        "ThresholdedReLU": "compat.layers:thresholded_relu",
    },
    "losses": {
        "BCE": "losses:binary_crossentropy",
        "MAE": "losses:mean_absolute_error",
        "MAPE": "losses:mean_absolute_percentage_error",
        "MSE": "losses:mean_squared_error",
        "MSLE": "losses:mean_squared_logarithmic_error",
        "cosine_proximity": "losses:cosine_similarity",
        "huber_loss": "losses:huber",
        "kullback_leibler_divergence": "losses:kl_divergence",
        "logcosh": "losses:log_cosh",
    },
    "metrics": {
        "cosine_proximity": "metrics:cosine_similarity",
        "kullback_leibler_divergence": "metrics:kl_divergence",
    },
    "models": {"Input": "layers:Input"},
    "preprocessing.image": {
        "array_to_img": "utils:array_to_img",
        "img_to_array": "utils:img_to_array",
        "load_img": "utils:load_img",
        "save_img": "utils:save_img",
    },
    "optimizers": {
        "adadelta": "optimizers:Adadelta",
        "adagrad": "optimizers:Adagrad",
        "adam": "optimizers:Adam",
        "adamax": "optimizers:Adamax",
        "nadam": "optimizers:Nadam",
        "rmsprop": "optimizers:RMSprop",
        "sgd": "optimizers:SGD",
    },
    "regularizers": {
        "activity_l1": "regularizers:l1",
        "activity_l1l2": "regularizers:l1_l2",
        "activity_l2": "regularizers:l2",
        "l1l2": "regularizers:l1_l2",
    },
    "utils": {"plot": "utils:plot_model", "print_summary": "compat.models:print_summary"},
}
"""For each module: the older name, and "module:name" of today's."""

ATTRIBUTES: dict[str, dict[str, str]] = {
    "Network": {
        "evaluate_generator": "compat.generators:evaluate_generator",
        "fit_generator": "compat.generators:fit_generator",
        "predict_generator": "compat.generators:predict_generator",
        "predict_classes": "compat.models:predict_classes",
        "predict_proba": "predict",
        "reset_states": "compat.models:reset_states",
    },
    "Optimizer": {"lr": "learning_rate"},
}
"""For each class: an older attribute or method, and today's; a function is given the object as its first argument."""

FIGURES: dict[str, str] = {
    "acc": "accuracy",
    "lr": "learning_rate",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "val_acc": "val_accuracy",
    "val_mean_absolute_error": "val_mae",
    "val_mean_squared_error": "val_mse",
}
"""Figures of an epoch, and today's names of them."""

ARGUMENTS: dict[str, str] = {
    "W_constraint": "kernel_constraint",
    "W_regularizer": "kernel_regularizer",
    "alpha": "negative_slope",
    "atrous_rate": "dilation_rate",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "batch_input_shape": "input_shape",
    "beta_init": "beta_initializer",
    "bias": "use_bias",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "epsilon": "min_delta",
    "gamma_init": "gamma_initializer",
    "init": "kernel_initializer depthwise_initializer alpha_initializer",
    "input_dim": "input_shape",
    "lr": "learning_rate",
    "nb_classes": "num_classes",
    "nb_col": "kernel_size",
    "nb_epoch": "epochs",
    "nb_filter": "filters",
    "nb_row": "kernel_size",
    "output_dim": "units",
    "p": "rate",
    "sigma": "stddev",
    "subsample": "strides",
}
"""Arguments, and today's: the first of these that the function takes. `older.VALUES` translates values."""

OWN_ARGUMENTS: dict[str, dict[str, str]] = {
    "L1.__init__": {"l": "l1"},
    "L2.__init__": {"l": "l2"},
    "MaxNorm.__init__": {"m": "max_value"},
    "load_img": {"grayscale": "color_mode"},
    "to_categorical": {"y": "x"},
}
"""For each function: arguments of it alone, and today's."""

QUEUE = dict.fromkeys(("max_queue_size", "use_multiprocessing"), "compat.models:ignore_queue")
ACTIONS: dict[str, dict[str, str]] = {
    "BatchNormalization.__init__": {
        "fused": "compat.models:ignore",
        "mode": "compat.layers:require_mode",
        "renorm": "compat.layers:require_no_renorm",
    },
    "Layer.__init__": {
        "batch_size": "compat.models:ignore",
        "dtype": "compat.layers:require_floatx",
        "weights": "compat.layers:start_with",
    },
    "Nadam.__init__": {"schedule_decay": "optimizers.older:without_schedule_decay"},
    "Sequential.compile": {
        "class_mode": "compat.models:ignore_class_mode",
        "loss_weights": "compat.models:require_none",
    },
    "Sequential.evaluate": {"show_accuracy": "compat.models:show_accuracy", **QUEUE},
    "Sequential.fit": {"show_accuracy": "compat.models:show_accuracy", **QUEUE},
    "ProgbarLogger.__init__": dict.fromkeys(("count_mode", "stateful_metrics"), "compat.models:ignore"),
    "Sequential.predict": QUEUE,
    "StoredNetwork.save": {"save_format": "compat.models:ignore_save_format"},
    "StoredNetwork.save_weights": {"save_format": "compat.models:ignore_save_format"},
    "TensorBoard.__init__": dict.fromkeys(
        ("batch_size", "write_grads", "embeddings_layer_names", "embeddings_data"), "compat.models:ignore"
    ),
    "save_model": {"save_format": "compat.models:ignore_save_format"},
}
"""For each function: arguments that it does not take, and what is called instead, with the object and the value."""
