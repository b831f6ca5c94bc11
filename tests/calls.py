"""A call that works of every public callable, and for each of its arguments what else is allowed."""

import warnings
from collections.abc import Callable
from contextlib import chdir
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import kinds
import numpy as np
import pytest
from kinds import Kind, array, either, integer, none, number
from networks import small_data, small_network

from numpycnn import Input, Sequential, backend, constraints, initializers, layers, losses, metrics, optimizers
from numpycnn.app.tutorial import tutorial_network
from numpycnn.callbacks import (
    BackupAndRestore,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TensorBoard,
    TerminateOnNaN,
)
from numpycnn.datasets import cifar10, cifar100, fashion_mnist, kmnist, mnist, published
from numpycnn.datasets.digits import as_mnist
from numpycnn.datasets.idx import read_idx
from numpycnn.functional.window import Window
from numpycnn.layers.chain import Chain
from numpycnn.models import clone_model, load_model, model_from_json, save_model
from numpycnn.optimizers import schedules
from numpycnn.preprocessing.image import ImageDataGenerator
from numpycnn.recipes import Recipe, draws, grid, run_all, summaries, with_folds, with_seeds
from numpycnn.regularizers import L1, L1L2, L2, OrthogonalRegularizer
from numpycnn.saving import load_state_dict, save_state_dict
from numpycnn.show import diagram
from numpycnn.show.gallery import gallery
from numpycnn.utils import (
    Progbar,
    find_learning_rate,
    get_file,
    img_to_array,
    normalize,
    plot_model,
    set_random_seed,
    to_categorical,
)
from numpycnn.utils import files as utils_files

X, Y = small_data(6)


class Arg(NamedTuple):
    """What is allowed, a value that works, and what else than its name an error may call it."""

    allowed: Kind
    works: Any
    words: str = ""


class Case(NamedTuple):
    """A callable, and its arguments by name. Those of a model's methods are called with a model before them."""

    call: Callable[..., object]
    arguments: dict[str, Arg]
    words: str
    """Who may be named by an error that is about how arguments fit together."""
    built: bool | None = None
    """Whether the model is built; None where there is no model."""


def layer_case(cls: type[layers.Layer], words: str, **own: Arg) -> Case:
    """A layer: made, and called on images, which builds it."""
    shared = {
        "name": Arg(either(none, kinds.name), None),
        "input_shape": Arg(either(none, kinds.shape), None),
    }
    return Case(lambda **given: cls(**given)(X), {**own, **shared}, words)


BRANCH = either(
    kinds.a(layers.Layer), lambda value: isinstance(value, (list, tuple)) and all(map(kinds.a(layers.Layer), value))
)
SIZES = kinds.pair(kinds.size)
INITIALIZER = "Initializer|class_name|config"
LINEAR = {
    "activation": Arg(kinds.activation_or_layer, "relu"),
    "use_bias": Arg(kinds.flag, True),
    "bias_initializer": Arg(kinds.initializer, "zeros", "class_name|config"),
}
KERNEL = {**LINEAR, "kernel_initializer": Arg(kinds.initializer, "he_normal", INITIALIZER)}
CONVOLUTION = {
    "kernel_size": Arg(SIZES, 3),
    "strides": Arg(SIZES, 1),
    "padding": Arg(kinds.names("valid", "same"), "same"),
    "data_format": Arg(kinds.data_format, None),
    "dilation_rate": Arg(SIZES, (1, 1)),
}
RULE_WORDS = "class_name|config|kernel|bias|alpha|beta|gamma|matrix"
REGULARIZER, CONSTRAINT = Arg(kinds.regularizer, "l2", RULE_WORDS), Arg(kinds.constraint, None, RULE_WORDS)
RULES = {
    "kernel_regularizer": REGULARIZER,
    "bias_regularizer": REGULARIZER,
    "activity_regularizer": REGULARIZER,
    "kernel_constraint": CONSTRAINT,
    "bias_constraint": CONSTRAINT,
}
SEED = Arg(either(none, integer(0)), 3)
IMAGE = {"seed": SEED, "data_format": Arg(kinds.data_format, None)}
WARP = {
    "fill_mode": Arg(kinds.names("constant", "nearest", "reflect", "wrap"), "wrap"),
    "interpolation": Arg(kinds.names("nearest", "bilinear"), "nearest"),
    "fill_value": Arg(number(), 0.5),
    **IMAGE,
}
SCALE_AND_SHIFT = {
    "center": Arg(kinds.flag, True),
    "scale": Arg(kinds.flag, True),
    "beta_initializer": Arg(kinds.initializer, "zeros", INITIALIZER),
    "gamma_initializer": Arg(kinds.initializer, "ones", INITIALIZER),
}
BORDERS = kinds.pair(kinds.pair(integer(0, kinds.MAX_SIZE)))
POOL = {
    "pool_size": Arg(SIZES, 2),
    "strides": Arg(either(none, SIZES), None),
    "padding": Arg(kinds.names("valid", "same"), "valid"),
    "data_format": Arg(kinds.data_format, "channels_last"),
}
GLOBAL_POOL = {"data_format": Arg(kinds.data_format, "channels_last"), "keepdims": Arg(kinds.flag, True)}
IMAGES, ANY_IMAGES = array((6, 8, 8, 1)), array((5, 8, 8, 1), (6, 8, 8, 1))
ROWS = array((6, 3))
TARGETS = {"y": Arg(ROWS, Y)}
DATA = {
    True: {"x": Arg(IMAGES, X), **TARGETS},
    False: {"x": Arg(array((6, None, None, None)), X, "images|input_shape"), **TARGETS},
}
BATCH = {"batch_size": Arg(either(none, integer(1)), 4), "verbose": Arg(kinds.verbose, 0)}
SAMPLE_WEIGHT = {"sample_weight": Arg(either(none, array((6,), (6, 1))), None)}
WEIGHTS = {**SAMPLE_WEIGHT, "class_weight": Arg(either(none, kinds.class_weight), None)}
STEPS = {"steps": Arg(either(none, kinds.steps), None), "callbacks": Arg(kinds.callback, None)}
PARTS = {
    **WEIGHTS,
    "steps_per_epoch": Arg(either(none, kinds.steps), None),
    "validation_steps": Arg(either(none, kinds.steps), None),
    "validation_batch_size": Arg(either(none, integer(1)), None),
    "validation_freq": Arg(either(integer(1), kinds.several(integer(1)), kinds.whole_set), 1),
}
CHECKED = {"check_finite": Arg(kinds.flag, False)}
WORKERS = {
    "workers": Arg(either(none, kinds.size), 1),
    "executor": Arg(either(none, lambda value: hasattr(value, "submit")), None),
}
MODEL = "sequential|conv2d|max_pooling2d|dense|categorical_crossentropy"


def configured(name: Any, seed: Any, layers: Any, fast: Any = True, dtype: Any = None) -> object:
    return Sequential.from_config({"name": name, "seed": seed, "fast": fast, "dtype": dtype, "layers": layers})


def configured_layer(class_name: Any, config: Any) -> object:
    return configured("m", 0, [{"class_name": class_name, "config": config}])


def configured_dense(**config: Any) -> object:
    return configured_layer("Dense", config)


def no(value: Any) -> bool:
    """For an argument of which no drawn value is right."""
    return False


def is_empty_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and not value


def compiled_network() -> Sequential:
    network = small_network()
    network.compile("sgd", "categorical_crossentropy")
    return network


def is_fold(value: Any) -> bool:
    """Part k of n."""
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    return pair and integer(0)(value[0]) and integer(2)(value[1]) and value[0] < value[1]


def is_empty(value: Any) -> bool:
    return isinstance(value, dict) and not value


def both(value: Any) -> bool:
    """A pair of sizes."""
    return isinstance(value, tuple) and SIZES(value)


def built_dense() -> layers.Layer:
    """A layer for rows of three numbers."""
    layer = layers.Dense(3)
    layer(Y)
    return layer


def augmented(**given: Any) -> object:
    """A batch of changed images; numbers that are too large overflow."""
    with np.errstate(all="ignore"):
        return next(ImageDataGenerator(**given).flow(X, seed=0))


def loaded_state_dict(model: Any, filepath: Any, **given: Any) -> None:
    """`load_state_dict` of what `save_state_dict` wrote of the same model."""
    if isinstance(filepath, str) and filepath == "saved.safetensors":
        save_state_dict(small_network(), filepath)
    load_state_dict(model, filepath, **given)


def built_model(value: Any) -> bool:
    return isinstance(value, Sequential) and value.built


def is_names(value: Any) -> bool:
    """A name for each layer with weights of `small_network`."""
    return isinstance(value, dict) and value.keys() == {"conv2d", "dense", "dense_1"}


def is_a_drawing(value: Any) -> bool:
    """An array (rows, columns) that is finite and not all zero or less."""
    return array((None, None))(value) and bool(np.isfinite(value).all() and (np.asarray(value) > 0).any())


def on_disk(call: Callable[..., object]) -> Callable[..., object]:
    """The call with a path, in an empty folder; only a saved model is there. OSError is right for other texts."""

    def inside(*network: Sequential, **given: Any) -> object:
        path = given.get("filepath", given.get("path"))
        with TemporaryDirectory() as folder, chdir(folder):
            if isinstance(path, str) and path == "saved.safetensors":
                small_network().save("saved.safetensors")
            try:
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "[^:]*: TensorFlow's formats are not written", UserWarning)
                    return call(*network, **given)
            except OSError:
                if not isinstance(path, str):
                    raise
                return None

    return inside


def offline(call: Callable[..., object]) -> Callable[..., object]:
    """The call with an empty cache, no network, and nothing else to read. OSError is right then."""

    def failing(*_: object) -> None:
        raise OSError("there is no network")

    def inside(**given: Any) -> object:
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setenv("KERAS_HOME", folder)
            patch.setattr(published, "download", failing)
            patch.setattr(utils_files, "download", failing)
            patch.setattr(fashion_mnist, "DEBIAN", published.cache_folder())
            patch.setattr(mnist, "read_idx", str)
            try:
                return call(**given)
            except OSError:
                return None

    return inside


def optimizer_case(cls: type[optimizers.Optimizer], **own: Arg) -> Case:
    """An optimizer, made and asked for a step."""

    def step(**given: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of older Keras's arguments
            cls(**given).update({"w": np.ones(3)}, {"w": np.ones(3)})

    return Case(step, {"learning_rate": Arg(RATE, 0.1), **own}, cls.__name__)


def schedule_case(cls: type[schedules.LearningRateSchedule], **own: Arg) -> Case:
    """A schedule, made and asked for the rate of a step."""
    shared = {"name": Arg(kinds.text, "a"), "step": Arg(RATE, 3)}
    return Case(lambda step, **given: cls(**given)(step), own | shared, cls.__name__)


def progressed(current: int, values: Any, n: int, **given: Any) -> None:
    """A bar, made and moved."""
    bar = Progbar(**given)
    bar.update(current, values)
    bar.add(n)


def undrawn(**given: Any) -> None:
    """`plot_model`, but for matplotlib's part, which takes its time."""
    with patch.object(diagram, "draw", lambda *picture: None):
        plot_model(**given)


def initial(cls: type[initializers.Initializer]) -> Callable[..., object]:
    """An initializer, made and asked for values."""
    return lambda shape, rng, dtype, **given: cls(**given)(shape, rng, dtype)


def loss_case(cls: type[losses.RowLoss], **own: Arg) -> Case:
    """A loss: made, and asked for its mean over rows of three."""
    shared = {"y_true": Arg(array(), Y, "y"), "y_pred": Arg(array(), Y, "outputs|y")}
    shared |= {"reduction": REDUCTION, "name": Arg(either(none, kinds.text), "mine")}
    return Case(
        lambda y_true, y_pred, **given: cls(**given)(y_true, y_pred), {**own, **shared}, f"{cls.name}|mine|axis"
    )


UNIT = number(0.0, 1.0)
THRESHOLDS = either(none, UNIT, kinds.several(UNIT))
CLASSIFIER = {
    "thresholds": Arg(THRESHOLDS, 0.5),
    "top_k": Arg(either(none, kinds.size), 1),
    "class_id": Arg(either(none, integer(0, 2)), 1),
}
SCORE = {
    "average": Arg(either(none, kinds.names("micro", "macro", "weighted")), "macro"),
    "threshold": Arg(either(none, number(above=0.0, at_most=1.0)), 0.5),
}
CLASSES_3 = Arg(integer(1, 2**14), 3, "num_classes|target_class_ids")
CLASS_IDS = Arg(kinds.several(integer(0, 2)), [0, 2])
IGNORED = {"ignore_class": Arg(either(none, kinds.is_integer), 1)}
SPARSE = {
    "sparse_y_true": Arg(kinds.flag, True, "y_true"),
    "sparse_y_pred": Arg(kinds.flag, True, "y_pred"),
}
DENSE = {"sparse_y_pred": Arg(kinds.flag, False, "y_pred")}
PLACE = Arg(integer(-32, 32), -1)
ONE_HOT = Arg(integer(-2, 1), -1)
AT_BOUND = {
    "num_thresholds": Arg(integer(1, 10**6), 5),
    "class_id": Arg(either(none, integer(0, 2)), 1),
}
COUNTS = ("TruePositive", "TrueNegative", "FalsePositive", "FalseNegative")


def three_weights(value: Any) -> bool:
    """Whether it is a list of three numbers, not all 0."""
    return kinds.several(number(0.0))(value) and len(value) == 3 and sum(value) > 0


SETTINGS: dict[str, dict[str, Arg]] = {
    "AUC": {
        "num_thresholds": Arg(integer(2, 10**6), 5),
        "curve": Arg(kinds.names("ROC", "PR"), "PR"),
        "summation_method": Arg(kinds.names("interpolation", "minoring", "majoring"), "minoring"),
        "thresholds": Arg(either(none, kinds.several(UNIT)), None),
        "multi_label": Arg(kinds.flag, True),
        "num_labels": Arg(either(none, integer(3, 3)), None),
        "label_weights": Arg(either(none, three_weights), None),
        "from_logits": Arg(kinds.flag, True),
    },
    "BinaryAccuracy": {"threshold": Arg(number(), 0.4)},
    "CosineSimilarity": {"axis": Arg(either(integer(1, 1), integer(-1, -1)), -1, "cosine_similarity")},
    "F1Score": SCORE,
    "IoU": {"num_classes": CLASSES_3, "target_class_ids": CLASS_IDS, **IGNORED, **SPARSE, "axis": PLACE},
    "MeanIoU": {"num_classes": CLASSES_3, **IGNORED, **SPARSE, "axis": PLACE},
    "OneHotIoU": {"num_classes": CLASSES_3, "target_class_ids": CLASS_IDS, **IGNORED, "axis": ONE_HOT, **DENSE},
    "OneHotMeanIoU": {"num_classes": CLASSES_3, **IGNORED, "axis": ONE_HOT, **DENSE},
    "BinaryIoU": {"target_class_ids": Arg(kinds.several(integer(0, 1)), (0, 1)), "threshold": Arg(number(), 0.4)},
    "PrecisionAtRecall": {"recall": Arg(UNIT, 0.5), **AT_BOUND},
    "RecallAtPrecision": {"precision": Arg(UNIT, 0.5), **AT_BOUND},
    "SensitivityAtSpecificity": {"specificity": Arg(UNIT, 0.5), **AT_BOUND},
    "SpecificityAtSensitivity": {"sensitivity": Arg(UNIT, 0.5), **AT_BOUND},
    "R2Score": {
        "class_aggregation": Arg(either(none, kinds.names("uniform_average", "variance_weighted_average")), None),
        "num_regressors": Arg(integer(0), 1),
    },
    "FBetaScore": {**SCORE, "beta": Arg(number(above=0.0), 2.0)},
    "Precision": CLASSIFIER,
    "Recall": CLASSIFIER,
    "TopKCategoricalAccuracy": {"k": Arg(kinds.size, 2)},
    **{f"{which}s": {"thresholds": Arg(THRESHOLDS, 0.5)} for which in COUNTS},
}
"""The arguments of metrics besides their names."""
UPDATED = (metrics.CategoricalAccuracy, metrics.RootMeanSquaredError, metrics.Precision, metrics.F1Score, metrics.AUC)


def metric_case(cls: type[metrics.Metric]) -> Case:
    """A metric: made, and asked for its figure over rows of three."""
    y_true = Y.argmax(axis=1) if cls.__name__.startswith(("Sparse", "IoU", "MeanIoU")) else Y
    y_pred = np.zeros(6) if cls.__name__ in ("IoU", "MeanIoU") else np.full((6, 3), 0.4)
    arguments = {**SETTINGS.get(cls.__name__, {}), "name": Arg(either(none, kinds.text), "mine")}
    return Case(lambda **given: cls(**given)(y_true, y_pred), arguments, "mine|class_id|metric")


def updated(cls: type[metrics.Metric]) -> Case:
    """A metric that is given a batch."""
    arguments = {
        "y_true": Arg(array(), Y),
        "y_pred": Arg(array(), Y),
        "sample_weight": Arg(either(none, array((6,), (6, 1))), np.ones(6)),
    }
    return Case(lambda **given: cls()(**given), arguments, f"{cls.default_name}|categorical_accuracy")


REDUCTION = Arg(
    either(none, kinds.names("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none")), "sum"
)
AXIS = Arg(either(integer(1, 1), integer(-1, -1)), -1)
CROSSENTROPY = {
    "from_logits": Arg(kinds.flag, True),
    "label_smoothing": Arg(number(0.0, 1.0), 0.1),
    "axis": AXIS,
}


def batch_shape(value: Any) -> bool:
    """(None, *shape) or (batch_size, *shape)."""
    if not isinstance(value, (tuple, list)):
        return False
    return all(map(either(none, kinds.size), value[:1])) and kinds.shape(value[1:])


INPUT = {
    "shape": Arg(kinds.shape, (8, 8, 1)),
    "batch_size": Arg(either(none, kinds.size), None),
    "dtype": Arg(either(none, kinds.names("float64"), lambda value: value is int), "float32"),
    "batch_shape": Arg(none, None, "shape"),
    "name": Arg(either(none, kinds.name), None),
}
FOLDER = Arg(either(none, kinds.path), None)
REQUEST = {
    "shape": Arg(kinds.shape, (3, 2)),
    "rng": Arg(either(none, kinds.a(np.random.Generator)), np.random.default_rng(0)),
    "dtype": Arg(either(none, kinds.names("float64", "float32")), "float32"),
}
FINITE = number()
RATE = number(0.0)
MATRIX = array((None, None))
NORM_AXIS = either(
    none,
    is_empty_list,
    lambda value: kinds.is_integer(value) and -4 <= value < 4,
    lambda value: isinstance(value, (tuple, list)) and all(kinds.is_integer(one) and -4 <= one < 4 for one in value),
)
"""Of images, the arrays with the most axes that are tried; what another array has not is refused."""
DECAY = number(0.0, below=1.0)
POSITIVE = number(above=0.0)
EPSILON = Arg(either(none, RATE), 1e-7)
MEANS = {"beta_1": Arg(DECAY, 0.5), "beta_2": Arg(DECAY, 0.5), "epsilon": EPSILON}
DECAYING = {
    "weight_decay": Arg(either(none, RATE), 0.1),
    **{name: Arg(either(none, RATE), None) for name in ("clipnorm", "clipvalue", "global_clipnorm")},
    "use_ema": Arg(kinds.flag, True),
    "ema_momentum": Arg(number(0.0, below=1.0000001), 0.5),
    "ema_overwrite_frequency": Arg(either(none, integer(1)), 2),
    **{name: Arg(none, None) for name in ("loss_scale_factor", "gradient_accumulation_steps")},
    "name": Arg(either(none, kinds.text), "a"),
    "decay": Arg(either(none, RATE), 0.0),
}
FALLING = {
    "initial_learning_rate": Arg(RATE, 0.1),
    "decay_steps": Arg(POSITIVE, 10),
    "decay_rate": Arg(RATE, 0.5),
}
RISING = kinds.several(RATE)
"""What is allowed may be refused too: these are if they do not rise."""
TEXTS = kinds.several(lambda value: isinstance(value, str))
OF_SGD = optimizers.serialize(optimizers.SGD())
OF_COSINE = schedules.serialize(schedules.CosineDecay(0.1, 10))


def is_gallery(value: Any) -> bool:
    """Whether a value is images, or one."""
    try:
        a = np.asarray(value)
    except ValueError:
        return False
    return a.dtype.kind in "biuf" and (a.ndim in (2, 3) or (a.ndim == 4 and a.shape[3] in (1, 3)))


def is_a_caption_each(value: Any) -> bool:
    """Whether a value has an entry for each of the images."""
    listed = isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    return listed and len(value) == len(X)


SMALL_RECIPE = Recipe("small", [layers.Flatten(), layers.Dense(3, activation="softmax")], fold=(0, 2))
ONE_RECIPE = Arg(kinds.a(Recipe), SMALL_RECIPE)
LAYER_LIST = Arg(is_empty_list, [], "layers|preparation|augmentation")


def trained_on_arrays(**given: Any) -> object:
    return run_all([SMALL_RECIPE], data=(X, np.arange(6) % 3), **given)


CASES: dict[str, Case] = {
    "Recipe": Case(
        Recipe,
        {
            "name": Arg(lambda value: isinstance(value, str), "some"),
            "layers": LAYER_LIST,
            "preparation": LAYER_LIST,
            "augmentation": LAYER_LIST,
            "optimizer": Arg(kinds.optimizer, "sgd", "class_name|config"),
            "schedule": Arg(none, None),
            "loss": Arg(kinds.loss, "mse", "class_name|config"),
            "batch_size": Arg(integer(1), 5),
            "epochs": Arg(integer(1), 1),
            "data": Arg(kinds.names("mnist"), "mnist"),
            "fold": Arg(either(none, is_fold), None),
            "seed": Arg(integer(0), 1),
            "members": Arg(integer(1), 1),
            "about": Arg(lambda value: isinstance(value, str), ""),
        },
        "Recipe",
    ),
    "with_seeds": Case(
        with_seeds,
        {
            "recipe": ONE_RECIPE,
            "seeds": Arg(either(kinds.several(integer(0)), kinds.a(range), is_empty_list), [1], "seed"),
        },
        "seed",
    ),
    "with_folds": Case(with_folds, {"recipe": ONE_RECIPE, "folds": Arg(integer(2), 3)}, "fold"),
    "grid": Case(grid, {"recipe": ONE_RECIPE, "choices": Arg(is_empty, {"epochs": [2]}, "Recipe|grid")}, "choices"),
    "draws": Case(
        draws,
        {
            "recipe": ONE_RECIPE,
            "choices": Arg(is_empty, {"epochs": [2]}, "Recipe|draws"),
            "count": Arg(integer(1), 2),
            "seed": Arg(integer(0), 1),
        },
        "choices",
    ),
    "summaries": Case(summaries, {"outcomes": Arg(kinds.a(list, tuple), [])}, ""),
    "run_all": Case(lambda recipes: run_all(recipes, verbose=0), {"recipes": Arg(is_empty_list, [])}, ""),
    "run_all on arrays": Case(
        trained_on_arrays,
        {
            "executor": Arg(either(none, lambda value: hasattr(value, "submit")), None),
            "workers": Arg(either(none, kinds.size), None),
            "verbose": Arg(kinds.verbose, 0),
        },
        "",
    ),
    "Conv2D": layer_case(
        layers.Conv2D,
        "conv2d",
        filters=Arg(kinds.size, 2),
        groups=Arg(lambda value: kinds.is_integer(value) and value in (1, 2), 1),
        **CONVOLUTION,
        **KERNEL,
    ),
    "Conv2DTranspose": layer_case(
        layers.Conv2DTranspose,
        "conv2d_transpose",
        filters=Arg(kinds.size, 2),
        output_padding=Arg(either(none, kinds.pair(lambda value: kinds.is_integer(value) and value == 0)), None),
        **CONVOLUTION,
        **KERNEL,
    ),
    "DepthwiseConv2D": layer_case(
        layers.DepthwiseConv2D,
        "depthwise_conv2d",
        depth_multiplier=Arg(kinds.size, 2),
        depthwise_initializer=Arg(kinds.initializer, "he_normal", INITIALIZER),
        **CONVOLUTION,
        **LINEAR,
    ),
    "SeparableConv2D": layer_case(
        layers.SeparableConv2D,
        "separable_conv2d",
        filters=Arg(kinds.size, 2),
        depth_multiplier=Arg(kinds.size, 2),
        depthwise_initializer=Arg(kinds.initializer, "he_normal", INITIALIZER),
        pointwise_initializer=Arg(kinds.initializer, "zeros", INITIALIZER),
        **CONVOLUTION,
        **LINEAR,
    ),
    "ActivityRegularization": layer_case(
        layers.ActivityRegularization,
        "activity_regularization",
        l1=Arg(RATE, 0.1),
        l2=Arg(RATE, 0.1),
    ),
    "MaxPooling2D": layer_case(layers.MaxPooling2D, "max_pooling2d", **POOL),
    "AveragePooling2D": layer_case(layers.AveragePooling2D, "average_pooling2d", **POOL),
    "GlobalMaxPooling2D": layer_case(layers.GlobalMaxPooling2D, "global_max_pooling2d", **GLOBAL_POOL),
    "GlobalAveragePooling2D": layer_case(layers.GlobalAveragePooling2D, "global_average_pooling2d", **GLOBAL_POOL),
    "ZeroPadding2D": layer_case(
        layers.ZeroPadding2D,
        "zero_padding2d",
        padding=Arg(BORDERS, ((1, 0), 2)),
        data_format=Arg(kinds.data_format, None),
    ),
    "Cropping2D": layer_case(
        layers.Cropping2D,
        "cropping2d",
        cropping=Arg(BORDERS, ((1, 0), 2)),
        data_format=Arg(kinds.data_format, "channels_last"),
    ),
    "UpSampling2D": layer_case(
        layers.UpSampling2D,
        "up_sampling2d",
        size=Arg(SIZES, (1, 2)),
        data_format=Arg(kinds.data_format, None),
        interpolation=Arg(kinds.names("nearest", "bilinear"), "bilinear"),
    ),
    "Reshape": layer_case(layers.Reshape, "reshape", target_shape=Arg(kinds.target_shape, (-1, 2))),
    "Permute": layer_case(layers.Permute, "permute", dims=Arg(no, (3, 1, 2))),
    "BatchNormalization": layer_case(
        layers.BatchNormalization,
        "batch_normalization",
        axis=Arg(kinds.axis, -1),
        momentum=Arg(number(0.0, 1.0), 0.9),
        epsilon=Arg(number(above=0.0), 0.01),
        **SCALE_AND_SHIFT,
        moving_mean_initializer=Arg(kinds.initializer, "zeros", INITIALIZER),
        moving_variance_initializer=Arg(kinds.initializer, "ones", INITIALIZER),
    ),
    "LayerNormalization": layer_case(
        layers.LayerNormalization,
        "layer_normalization",
        axis=Arg(kinds.axes, -1),
        epsilon=Arg(number(above=0.0), 0.01),
        **SCALE_AND_SHIFT,
        rms_scaling=Arg(kinds.flag, False),
    ),
    "GroupNormalization": layer_case(
        layers.GroupNormalization,
        "group_normalization",
        groups=Arg(lambda value: kinds.is_integer(value) and value in (1, -1), 1),
        axis=Arg(kinds.axis, -1),
        epsilon=Arg(number(above=0.0), 0.01),
        **SCALE_AND_SHIFT,
    ),
    "Rescaling": layer_case(
        layers.Rescaling, "rescaling", scale=Arg(kinds.constants, 0.5), offset=Arg(kinds.constants, 1.0)
    ),
    "Normalization": layer_case(
        layers.Normalization,
        "normalization",
        axis=Arg(either(none, kinds.axes, lambda value: isinstance(value, (tuple, list)) and not value), -1),
        mean=Arg(kinds.constant, 0.5, "variance"),
        variance=Arg(lambda value: kinds.constant(value) and value >= 0, 2.0),
        invert=Arg(kinds.flag, False),
    ),
    "adapt": Case(
        lambda data: layers.Normalization().adapt(data),
        {
            "data": Arg(
                lambda v: isinstance(v, np.ndarray) and array()(v) and v.ndim > 1 and v.size > 0, X, "input_shape|axis"
            )
        },
        "normalization",
    ),
    "RandomTranslation": layer_case(
        layers.RandomTranslation,
        "random_translation",
        height_factor=Arg(kinds.factor(-1.0), 0.2),
        width_factor=Arg(kinds.factor(-1.0), 0.2),
        **WARP,
    ),
    "RandomRotation": layer_case(layers.RandomRotation, "random_rotation", factor=Arg(kinds.factor(-1.0), 0.2), **WARP),
    "RandomZoom": layer_case(
        layers.RandomZoom,
        "random_zoom",
        height_factor=Arg(kinds.factor(-1.0), 0.2),
        width_factor=Arg(either(none, kinds.factor(-1.0)), None),
        **WARP,
    ),
    "RandomFlip": layer_case(
        layers.RandomFlip,
        "random_flip",
        mode=Arg(kinds.names("horizontal", "vertical", "horizontal_and_vertical"), "vertical"),
        **IMAGE,
    ),
    "RandomCrop": layer_case(
        layers.RandomCrop,
        "random_crop",
        height=Arg(kinds.size, 3),
        width=Arg(kinds.size, 4),
        **IMAGE,
    ),
    "RandomContrast": layer_case(
        layers.RandomContrast,
        "random_contrast",
        factor=Arg(kinds.factor(0.0), 0.2),
        value_range=Arg(kinds.value_range, (0, 255)),
        **IMAGE,
    ),
    "RandomErasing": layer_case(
        layers.RandomErasing,
        "random_erasing",
        factor=Arg(kinds.factor(0.0), 0.2),
        scale=Arg(kinds.factor(0.0), (0.1, 0.5)),
        fill_value=Arg(either(none, FINITE), 1.0),
        value_range=Arg(kinds.value_range, (0, 255)),
        **IMAGE,
    ),
    "Branches": layer_case(
        layers.Branches,
        "branches|branch",
        branches=Arg(
            lambda value: isinstance(value, (list, tuple)) and all(map(BRANCH, value)),
            [[layers.Dense(2)], layers.Dense(1)],
            "branch",
        ),
        merge=Arg(kinds.names("concatenate", "add"), "concatenate"),
        axis=Arg(lambda value: kinds.is_integer(value) and value in (-3, -2, -1, 1, 2, 3), -1),
    ),
    "Chain": layer_case(
        Chain, "chain", layers=Arg(lambda value: isinstance(value, (list, tuple)) and BRANCH(value), [], "chain")
    ),
    "Residual": layer_case(
        layers.Residual,
        "residual|main|shortcut",
        layers=Arg(BRANCH, [layers.Dense(3)], "main"),
        shortcut=Arg(either(none, BRANCH), layers.Dense(3)),
    ),
    "Dense": layer_case(layers.Dense, "dense", units=Arg(kinds.size, 3), **KERNEL, **RULES),
    "Dropout": layer_case(
        layers.Dropout,
        "dropout",
        rate=Arg(number(0.0, 1.0), 0.5),
        noise_shape=Arg(none, (None, 1, 1, 1)),
        seed=SEED,
    ),
    "AlphaDropout": layer_case(
        layers.AlphaDropout,
        "alpha_dropout",
        rate=Arg(number(0.0, below=1.0), 0.5),
        noise_shape=Arg(none, (None, 1, 1, 1)),
        seed=SEED,
    ),
    "SpatialDropout2D": layer_case(
        layers.SpatialDropout2D,
        "spatial_dropout2d",
        rate=Arg(number(0.0, 1.0), 0.5),
        data_format=Arg(kinds.data_format, None),
        seed=SEED,
    ),
    "GaussianNoise": layer_case(layers.GaussianNoise, "gaussian_noise", stddev=Arg(number(0.0, 1.0), 0.5), seed=SEED),
    "GaussianDropout": layer_case(
        layers.GaussianDropout, "gaussian_dropout", rate=Arg(number(0.0, below=1.0), 0.5), seed=SEED
    ),
    "Flatten": layer_case(layers.Flatten, "flatten", data_format=Arg(kinds.data_format, None)),
    "Activation": layer_case(layers.Activation, "activation", activation=Arg(kinds.activation, "tanh")),
    "ReLU": layer_case(
        layers.ReLU,
        "re_lu",
        max_value=Arg(either(none, number(0.0)), 6.0),
        negative_slope=Arg(number(0.0), 0.1),
        threshold=Arg(number(0.0), 0.5),
    ),
    "LeakyReLU": layer_case(layers.LeakyReLU, "leaky_re_lu", negative_slope=Arg(number(0.0), 0.3)),
    "ELU": layer_case(layers.ELU, "elu", alpha=Arg(number(0.0), 1.0)),
    "PReLU": layer_case(
        layers.PReLU,
        "p_re_lu",
        alpha_initializer=Arg(kinds.initializer, "zeros", INITIALIZER),
        alpha_regularizer=REGULARIZER,
        alpha_constraint=CONSTRAINT,
        shared_axes=Arg(either(none, integer(1, 3), kinds.several(integer(1, 3))), [1, 2]),
    ),
    "Softmax": layer_case(layers.Softmax, "softmax", axis=Arg(either(integer(1, 3), integer(-3, -1)), -1)),
    "a layer's call": Case(lambda **given: layers.Dense(3)(given["input"]), {"input": Arg(array(), X)}, "dense"),
    "a layer's build": Case(
        lambda **given: layers.Dense(3).build(**given),
        {
            "input_shape": Arg(kinds.input_shape, (3,), "kernel|axis"),
            "rng": Arg(either(none, kinds.a(np.random.Generator)), np.random.default_rng(0)),
            "dtype": Arg(either(none, kinds.names("float64", "float32")), "float32"),
        },
        "dense",
    ),
    "a layer's forward": Case(
        built_dense().forward,
        {"x": Arg(lambda v: isinstance(v, np.ndarray) and v.shape == (6, 3), Y, "input")},
        "dense",
    ),
    "a layer's weights": Case(
        lambda weights: layers.Dropout(0.5).set_weights(weights), {"weights": Arg(kinds.a(list, tuple), [])}, "dropout"
    ),
    "InputLayer": Case(
        lambda **given: layers.InputLayer(**given),
        {
            "input_shape": Arg(none, None, "shape"),
            **INPUT,
        },
        "InputLayer",
    ),
    "Input": Case(Input, INPUT, "Input"),
    "Input of a batch's shape": Case(Input, {"batch_shape": Arg(batch_shape, (None, 8, 8, 1), "batch_size|shape")}, ""),
    "Window": Case(
        Window,
        {
            "size": Arg(both, (3, 3)),
            "strides": Arg(both, (1, 1)),
            "padding": Arg(kinds.names("valid", "same"), "same"),
            "dilation": Arg(both, (1, 1)),
        },
        "Window",
    ),
    "Constant": Case(initial(initializers.Constant), {"value": Arg(FINITE, 0.5), **REQUEST}, "Constant"),
    **{
        cls.__name__: Case(initial(cls), {"seed": SEED, **REQUEST}, cls.__name__)
        for cls in initializers.Scaled.__subclasses__()
    },
    **{cls.__name__: Case(initial(cls), REQUEST, cls.__name__) for cls in (initializers.Zeros, initializers.Ones)},
    "Identity": Case(initial(initializers.Identity), {"gain": Arg(FINITE, 2.0), **REQUEST}, "Identity|shape"),
    "Orthogonal": Case(
        initial(initializers.Orthogonal), {"gain": Arg(FINITE, 2.0), "seed": SEED, **REQUEST}, "Orthogonal|shape"
    ),
    "TruncatedNormal": Case(
        initial(initializers.TruncatedNormal),
        {"mean": Arg(FINITE, 0.0), "stddev": Arg(number(0.0), 1.0), "seed": SEED, **REQUEST},
        "stddev",
    ),
    "RandomUniform": Case(
        initial(initializers.RandomUniform),
        {"minval": Arg(FINITE, 0.0, "maxval"), "maxval": Arg(FINITE, 1.0), **REQUEST},
        "maxval",
    ),
    "RandomNormal": Case(
        initial(initializers.RandomNormal),
        {"mean": Arg(FINITE, 0.0), "stddev": Arg(number(0.0), 1.0), **REQUEST},
        "stddev",
    ),
    "VarianceScaling": Case(
        initial(initializers.VarianceScaling),
        {
            "scale": Arg(number(above=0.0), 1.0),
            "mode": Arg(kinds.names("fan_in", "fan_out", "fan_avg"), "fan_avg"),
            "distribution": Arg(kinds.names("uniform", "truncated_normal", "untruncated_normal"), "uniform"),
            **REQUEST,
        },
        "VarianceScaling",
    ),
    "SGD": optimizer_case(optimizers.SGD, momentum=Arg(DECAY, 0.5), nesterov=Arg(kinds.flag, True), **DECAYING),
    "RMSprop": optimizer_case(
        optimizers.RMSprop,
        rho=Arg(DECAY, 0.5),
        momentum=Arg(DECAY, 0.5),
        epsilon=EPSILON,
        centered=Arg(kinds.flag, False),
    ),
    "Adam": optimizer_case(optimizers.Adam, **MEANS, amsgrad=Arg(kinds.flag, True)),
    "AdamW": optimizer_case(optimizers.AdamW, **MEANS, weight_decay=Arg(RATE, 0.1)),
    "Nadam": optimizer_case(optimizers.Nadam, **MEANS),
    "Adagrad": optimizer_case(optimizers.Adagrad, initial_accumulator_value=Arg(RATE, 0.1), epsilon=EPSILON),
    "Adadelta": optimizer_case(optimizers.Adadelta, rho=Arg(DECAY, 0.5), epsilon=EPSILON),
    "Adamax": optimizer_case(optimizers.Adamax, **MEANS),
    "Lion": optimizer_case(
        optimizers.Lion, beta_1=Arg(number(above=0.0, below=1.0000001), 0.5), beta_2=Arg(DECAY, 0.5)
    ),
    "exclude_from_weight_decay": Case(
        lambda **given: optimizers.AdamW().exclude_from_weight_decay(**given),
        {"var_list": Arg(either(none, TEXTS), ["a"]), "var_names": Arg(either(none, TEXTS), ["b"])},
        "AdamW",
    ),
    "finalize_variable_values": Case(
        lambda params: optimizers.SGD(use_ema=True).finalize_variable_values(params),
        {"params": Arg(is_empty, {"w": np.ones(3)})},
        "SGD",
    ),
    "optimizers.get": Case(optimizers.get, {"identifier": Arg(kinds.optimizer, "lion", "optimizer")}, "get"),
    "optimizers.deserialize": Case(optimizers.deserialize, {"config": Arg(no, OF_SGD)}, "deserialize"),
    "layers.serialize": Case(layers.serialize, {"layer": Arg(kinds.a(layers.Layer), layers.Dense(3))}, "layer"),
    "layers.deserialize": Case(
        layers.deserialize, {"config": Arg(no, layers.serialize(layers.Dense(3)))}, "deserialize"
    ),
    "losses.serialize": Case(losses.serialize, {"loss": Arg(kinds.loss, "mse")}, "losses.serialize"),
    "schedules.deserialize": Case(optimizers.schedules.deserialize, {"config": Arg(no, OF_COSINE)}, "deserialize"),
    "ExponentialDecay": schedule_case(schedules.ExponentialDecay, **FALLING, staircase=Arg(kinds.flag, True)),
    "InverseTimeDecay": schedule_case(schedules.InverseTimeDecay, **FALLING, staircase=Arg(kinds.flag, False)),
    "PolynomialDecay": schedule_case(
        schedules.PolynomialDecay,
        initial_learning_rate=Arg(RATE, 0.1),
        decay_steps=Arg(POSITIVE, 10),
        end_learning_rate=Arg(RATE, 0.01),
        power=Arg(RATE, 2.0),
        cycle=Arg(kinds.flag, True),
    ),
    "PiecewiseConstantDecay": schedule_case(
        schedules.PiecewiseConstantDecay, boundaries=Arg(RISING, [1, 2], "values"), values=Arg(RISING, [0.1, 0.2, 0.3])
    ),
    "CosineDecay": schedule_case(
        schedules.CosineDecay,
        initial_learning_rate=Arg(RATE, 0.1),
        decay_steps=Arg(POSITIVE, 10),
        alpha=Arg(RATE, 0.1),
        warmup_target=Arg(either(none, RATE), 0.2),
        warmup_steps=Arg(RATE, 5),
    ),
    "CosineDecayRestarts": schedule_case(
        schedules.CosineDecayRestarts,
        initial_learning_rate=Arg(RATE, 0.1),
        first_decay_steps=Arg(POSITIVE, 10),
        t_mul=Arg(number(1.0), 2.0),
        m_mul=Arg(RATE, 0.5),
        alpha=Arg(RATE, 0.1),
    ),
    "OneCycle": schedule_case(
        schedules.OneCycle,
        max_learning_rate=Arg(RATE, 0.1),
        total_steps=Arg(kinds.size, 10),
        pct_start=Arg(number(above=0.0, below=1.0), 0.25),
        anneal_strategy=Arg(kinds.names("cos", "linear"), "linear"),
        div_factor=Arg(POSITIVE, 25),
        final_div_factor=Arg(POSITIVE, 25),
        three_phase=Arg(kinds.flag, True),
    ),
    "update": Case(
        lambda params, gradients: optimizers.SGD().update(params, gradients),
        {"params": Arg(is_empty, {"w": np.ones(3)}), "gradients": Arg(no, {"w": np.ones(3)}, "gradient")},
        "SGD",
    ),
    "CategoricalCrossentropy": loss_case(losses.CategoricalCrossentropy, **CROSSENTROPY),
    "SparseCategoricalCrossentropy": Case(
        lambda y_true, y_pred, sample_weight, **given: losses.SparseCategoricalCrossentropy(**given)(
            y_true, y_pred, sample_weight
        ),
        {
            "ignore_class": Arg(either(none, integer()), 7),
            "y_true": Arg(array(), Y.argmax(1), "y|labels"),
            "y_pred": Arg(array(), Y, "outputs|y|labels"),
            "sample_weight": Arg(either(none, array((), (len(Y),), Y.shape)), np.ones(len(Y))),
        },
        "sparse_categorical_crossentropy",
    ),
    "BinaryCrossentropy": loss_case(losses.BinaryCrossentropy, **CROSSENTROPY),
    "CosineSimilarity": loss_case(losses.CosineSimilarity, axis=AXIS),
    "Huber": loss_case(losses.Huber, delta=Arg(number(above=0.0), 1.0)),
    **{
        cls.__name__: loss_case(cls)
        for cls in (
            losses.CategoricalHinge,
            losses.Hinge,
            losses.KLDivergence,
            losses.LogCosh,
            losses.MeanAbsoluteError,
            losses.MeanAbsolutePercentageError,
            losses.MeanSquaredError,
            losses.MeanSquaredLogarithmicError,
            losses.Poisson,
            losses.SquaredHinge,
        )
    },
    "accuracy": Case(metrics.accuracy, {"y_true": Arg(array(), Y), "y_pred": Arg(array(), Y)}, "accuracy"),
    **{f"{cls.__name__}, a metric": metric_case(cls) for cls in metrics.CLASSES.values()},
    **{f"{cls.__name__}, updated": updated(cls) for cls in UPDATED},
    "Mean": Case(
        lambda values, sample_weight: metrics.Mean()(values, sample_weight),
        {
            "values": Arg(array(), [1.0, 2.0]),
            "sample_weight": Arg(either(none, array((2,), (2, 1), (6,), (6, 1))), None),
        },
        "mean",
    ),
    "L1": Case(lambda l1, x: L1(l1)(x), {"l1": Arg(RATE, 0.1), "x": Arg(array(), Y)}, "L1"),
    "L2": Case(lambda l2, x: L2(l2)(x), {"l2": Arg(RATE, 0.1), "x": Arg(array(), Y)}, "L2"),
    "L1L2": Case(
        lambda l1, l2, x: L1L2(l1, l2)(x), {"l1": Arg(RATE, 0.1), "l2": Arg(RATE, 0.1), "x": Arg(array(), Y)}, "L1L2"
    ),
    "OrthogonalRegularizer": Case(
        lambda factor, mode, x: OrthogonalRegularizer(factor, mode)(x),
        {"factor": Arg(RATE, 0.1), "mode": Arg(kinds.names("rows", "columns"), "rows"), "x": Arg(MATRIX, Y)},
        "OrthogonalRegularizer",
    ),
    "NonNeg": Case(lambda w: constraints.NonNeg()(w), {"w": Arg(array(), Y)}, "NonNeg"),
    "MaxNorm": Case(
        lambda max_value, axis, w: constraints.MaxNorm(max_value, axis)(w),
        {"max_value": Arg(RATE, 2.0), "axis": Arg(NORM_AXIS, 0), "w": Arg(array(), Y, "axis")},
        "MaxNorm",
    ),
    "UnitNorm": Case(
        lambda axis, w: constraints.UnitNorm(axis)(w),
        {"axis": Arg(NORM_AXIS, 0), "w": Arg(array(), Y, "axis")},
        "UnitNorm",
    ),
    "MinMaxNorm": Case(
        lambda min_value, max_value, rate, axis, w: constraints.MinMaxNorm(min_value, max_value, rate, axis)(w),
        {
            "min_value": Arg(number(0.0, 2.0), 1.0, "max_value"),
            "max_value": Arg(number(1.0), 2.0),
            "rate": Arg(number(0.0, 1.0), 0.5),
            "axis": Arg(NORM_AXIS, 0),
            "w": Arg(array(), Y, "axis"),
        },
        "MinMaxNorm",
    ),
    "confusion_matrix": Case(
        metrics.confusion_matrix,
        {
            "y_true": Arg(array((6,), (6, 3)), Y.argmax(1)),
            "y_pred": Arg(array((6,), (6, 3)), Y.argmax(1)),
            "classes": Arg(either(none, kinds.size), 3),
        },
        "confusion_matrix",
    ),
    "EarlyStopping": Case(
        EarlyStopping,
        {
            "monitor": Arg(kinds.text, "loss"),
            "min_delta": Arg(number(), 0.0),
            "patience": Arg(integer(0), 2),
            "verbose": Arg(kinds.verbose, 0),
            "mode": Arg(kinds.names("auto", "min", "max"), "min"),
            "baseline": Arg(either(none, number()), 0.5),
            "restore_best_weights": Arg(kinds.flag, False),
            "start_from_epoch": Arg(integer(0), 1),
        },
        "EarlyStopping",
    ),
    "SwapEMAWeights": Case(SwapEMAWeights, {"swap_on_epoch": Arg(kinds.flag, True)}, "SwapEMAWeights"),
    "ReduceLROnPlateau": Case(
        ReduceLROnPlateau,
        {
            "factor": Arg(number(0.0, below=1.0), 0.5),
            "patience": Arg(integer(0), 2),
            "min_delta": Arg(number(), 0.0),
            "cooldown": Arg(integer(0), 1),
            "min_lr": Arg(RATE, 0.0),
        },
        "ReduceLROnPlateau",
    ),
    "ModelCheckpoint": Case(
        on_disk(ModelCheckpoint),
        {
            "filepath": Arg(kinds.backup_path, "{epoch}.safetensors", "safetensors"),
            "save_best_only": Arg(kinds.flag, True),
            "save_weights_only": Arg(kinds.flag, True),
            "save_freq": Arg(integer(1), "epoch"),
            "initial_value_threshold": Arg(either(none, number()), 0.5),
            "period": Arg(integer(1), 2),
        },
        "ModelCheckpoint",
    ),
    "TensorBoard": Case(
        TensorBoard,
        {"log_dir": Arg(kinds.path, "logs"), "update_freq": Arg(either(integer(1), kinds.names("epoch", "batch")), 2)},
        "TensorBoard",
    ),
    "Progbar": Case(
        progressed,
        {
            "target": Arg(either(none, integer(1)), 3),
            "verbose": Arg(kinds.verbose, 0),
            "current": Arg(integer(0), 1),
            "values": Arg(either(none, is_empty_list), [("loss", 0.5)], "values|Progbar"),
            "n": Arg(integer(0), 1),
        },
        "Progbar",
    ),
    "img_to_array": Case(
        img_to_array,
        {
            "img": Arg(array((None, None), (None, None, None)), np.ones((3, 4))),
            "data_format": Arg(kinds.data_format, None),
            "dtype": Arg(either(none, kinds.names("float32", "float64")), None),
        },
        "img_to_array",
    ),
    "CSVLogger": Case(
        CSVLogger,
        {
            "filename": Arg(kinds.path, "log.csv"),
            "separator": Arg(kinds.separator, ";"),
            "append": Arg(kinds.flag, True),
        },
        "CSVLogger",
    ),
    "ImageDataGenerator": Case(
        augmented,
        {
            **{name: Arg(kinds.flag, True) for name in ("horizontal_flip", "samplewise_std_normalization")},
            **{name: Arg(number(), 2.0) for name in ("rotation_range", "shear_range", "channel_shift_range", "cval")},
            "width_shift_range": Arg(kinds.shift, 0.1),
            "zoom_range": Arg(either(number(), kinds.value_range), 0.1),
            "brightness_range": Arg(either(none, kinds.value_range), (0.5, 1.5)),
            "fill_mode": Arg(kinds.names("constant", "nearest", "reflect", "wrap"), "wrap"),
            "rescale": Arg(either(none, number()), 0.5),
            "data_format": Arg(kinds.data_format, None),
            "validation_split": Arg(number(0.0, below=1.0), 0.25),
            "interpolation_order": Arg(integer(0, 1), 0),
            "dtype": Arg(either(none, kinds.names("float32", "float64")), None),
        },
        "ImageDataGenerator",
    ),
    "flow": Case(
        lambda **given: next(ImageDataGenerator(validation_split=0.5).flow(**given)),
        {
            "x": Arg(array((None, None, None, None)), X),
            "y": Arg(either(none, lambda value: array()(value) and np.shape(value)[:1] == (6,)), None),
            "batch_size": Arg(kinds.size, 2),
            "shuffle": Arg(either(kinds.flag, integer()), True),
            "seed": Arg(either(none, integer(0)), 1),
            "subset": Arg(either(none, kinds.names("training", "validation")), None),
            "ignore_class_split": Arg(kinds.flag, True),
        },
        "ImageDataGenerator",
    ),
    "LearningRateScheduler": Case(LearningRateScheduler, {"schedule": Arg(kinds.function, max)}, ""),
    "LambdaCallback": Case(LambdaCallback, {"on_test_end": Arg(either(none, kinds.function), print)}, ""),
    "TerminateOnNaN": Case(TerminateOnNaN, {"raise_error": Arg(kinds.flag, True)}, ""),
    "set_image_data_format": Case(
        backend.set_image_data_format,
        {"data_format": Arg(kinds.names("channels_last", "channels_first"), "channels_last")},
        "",
    ),
    "set_floatx": Case(backend.set_floatx, {"value": Arg(kinds.names("float32", "float64"), "float32")}, ""),
    "set_convolution_precision": Case(
        backend.set_convolution_precision, {"value": Arg(kinds.names("high", "highest"), "high")}, ""
    ),
    "set_epsilon": Case(backend.set_epsilon, {"value": Arg(number(above=0.0, below=0.5), 1e-7)}, ""),
    "read_idx": Case(on_disk(read_idx), {"path": Arg(kinds.path, mnist.FILES / "t10k-labels-idx1-ubyte.gz")}, ""),
    "as_mnist": Case(as_mnist, {"image": Arg(is_a_drawing, np.eye(9))}, "as_mnist"),
    "load_model": Case(
        on_disk(load_model),
        {
            "filepath": Arg(kinds.model_path, "saved.safetensors", "safetensors"),
            "custom_objects": Arg(either(none, is_empty), None, "custom_objects"),
            "compile": Arg(kinds.flag, False),
        },
        "",
    ),
    "load_weights": Case(
        on_disk(Sequential.load_weights),
        {
            "filepath": Arg(kinds.model_path, "saved.safetensors", "safetensors"),
            "skip_mismatch": Arg(kinds.flag, True),
            "by_name": Arg(kinds.flag, True),
        },
        "",
        built=True,
    ),
    "save_model": Case(
        on_disk(save_model),
        {
            "model": Arg(kinds.a(Sequential), small_network()),
            "filepath": Arg(kinds.backup_path, "saved.safetensors", "safetensors"),
            "overwrite": Arg(kinds.flag, True),
        },
        "save",
    ),
    "load_state_dict": Case(
        on_disk(loaded_state_dict),
        {
            "model": Arg(built_model, small_network()),
            "filepath": Arg(kinds.model_path, "saved.safetensors", "safetensors"),
            "names": Arg(either(none, is_names), None),
        },
        "load_state_dict",
    ),
    "save_state_dict": Case(
        on_disk(save_state_dict),
        {
            "model": Arg(built_model, small_network()),
            "filepath": Arg(kinds.model_path, "saved.safetensors", "safetensors"),
            "names": Arg(either(none, is_names), None),
            "overwrite": Arg(kinds.flag, True),
        },
        "save_state_dict",
    ),
    "model_from_json": Case(
        model_from_json,
        {
            "json_string": Arg(no, Sequential(name="m", seed=0).to_json()),
            "custom_objects": Arg(either(none, is_empty), None, "custom_objects"),
        },
        "model_from_json",
    ),
    "gallery": Case(
        gallery,
        {
            "images": Arg(is_gallery, X),
            "captions": Arg(
                either(none, is_a_caption_each),
                None,
            ),
        },
        "gallery",
    ),
    "plot_model": Case(
        undrawn,
        {
            "model": Arg(lambda value: kinds.a(Sequential)(value) and value.built, small_network()),
            "to_file": Arg(kinds.path, "model.png"),
            "rankdir": Arg(kinds.names("TB", "LR"), "LR"),
            "dpi": Arg(number(10, 2000), 200),
            **{
                name: Arg(kinds.flag, True)
                for name in (
                    *("show_shapes", "show_dtype", "show_layer_names", "expand_nested"),
                    *("show_layer_activations", "show_trainable"),
                )
            },
        },
        "plot_model",
    ),
    "clone_model": Case(
        clone_model,
        {
            "model": Arg(kinds.a(Sequential), small_network()),
            "clone_function": Arg(either(none, callable), None, "layer"),
            "recursive": Arg(kinds.flag, True),
        },
        "clone_model",
    ),
    "BackupAndRestore": Case(
        BackupAndRestore,
        {
            "backup_dir": Arg(kinds.backup_path, "saved.safetensors", "safetensors"),
            "save_freq": Arg(integer(1), "epoch"),
            "double_checkpoint": Arg(kinds.flag, True),
            "delete_checkpoint": Arg(kinds.flag, True),
        },
        "BackupAndRestore",
    ),
    **{
        method.__name__: Case(
            on_disk(method),
            {
                "filepath": Arg(kinds.backup_path, "saved.safetensors", "safetensors"),
                "overwrite": Arg(kinds.flag, True),
                **({"include_optimizer": Arg(kinds.flag, False)} if method is Sequential.save else {}),
            },
            "",
            built=True,
        )
        for method in (Sequential.save, Sequential.save_weights)
    },
    "mnist.load_data": Case(offline(mnist.load_data), {"path": Arg(kinds.path, "mnist.npz")}, ""),
    **{
        f"{module.__name__.rpartition('.')[2]}.load_data": Case(offline(module.load_data), {"folder": FOLDER}, "")
        for module in (fashion_mnist, kmnist, cifar10)
    },
    "cifar100.load_data": Case(
        offline(cifar100.load_data), {"label_mode": Arg(kinds.names("fine", "coarse"), "fine"), "folder": FOLDER}, ""
    ),
    "to_categorical": Case(
        to_categorical,
        {
            "x": Arg(array(dtypes="biufOU"), [0, 1], "labels"),
            "num_classes": Arg(either(none, kinds.size), 3, "labels|x"),
        },
        "to_categorical",
    ),
    "normalize": Case(
        normalize,
        {
            "x": Arg(array(), [[3, 4]]),
            "axis": Arg(lambda value: kinds.is_integer(value) and -2 <= value <= 1, -1),
            "order": Arg(number(above=0.0), 2),
        },
        "normalize",
    ),
    "find_learning_rate": Case(
        find_learning_rate,
        {
            "model": Arg(no, compiled_network(), "find_learning_rate"),
            "x": Arg(IMAGES, X, "images|x|loss is not finite"),
            "y": Arg(ROWS, Y, "y|loss is not finite"),
            "batch_size": Arg(either(none, integer(1)), 4),
            "lowest": Arg(number(above=0.0), 1e-4, "highest"),
            "highest": Arg(number(above=0.0), 0.1),
            "steps": Arg(integer(2), 3),
            "sample_weight": Arg(either(none, array((6,), (6, 1))), None),
            "class_weight": Arg(either(none, kinds.class_weight), None),
            "workers": Arg(either(none, integer(1)), 1),
        },
        "",
    ),
    "get_file": Case(
        offline(get_file),
        {
            "fname": Arg(either(none, lambda value: kinds.path(value) and "/" not in value), "a.bin"),
            "origin": Arg(no, "http://host/a.bin"),
            "file_hash": Arg(none, "0" * 64),
            "cache_subdir": Arg(kinds.path, "datasets"),
            "cache_dir": Arg(either(none, kinds.path), None),
            "force_download": Arg(kinds.flag, False),
        },
        "origin",
    ),
    "set_random_seed": Case(set_random_seed, {"seed": Arg(integer(0, 2**32 - 1), 3)}, ""),
    "tutorial_network": Case(
        tutorial_network,
        {
            "seed": Arg(either(none, integer(0)), 0),
            "data_format": Arg(kinds.data_format, "channels_last"),
        },
        "sequential",
    ),
    "Sequential": Case(
        Sequential,
        {
            "layers": Arg(either(none, kinds.layers), [Input((4,)), layers.Dense(3)], "layer"),
            "name": Arg(either(none, kinds.name), "m"),
            "seed": Arg(either(none, integer(0)), 0),
            "trainable": Arg(kinds.flag, True),
            "fast": Arg(kinds.flag, True),
            "dtype": Arg(either(none, kinds.names("float32", "float64")), "float64"),
        },
        "Sequential",
    ),
    "from_config": Case(
        Sequential.from_config, {"config": Arg(no, Sequential(name="m", seed=0).get_config())}, "from_config"
    ),
    "from_config of a model": Case(
        configured,
        {
            "name": Arg(either(none, kinds.name), "m"),
            "seed": Arg(either(none, integer(0)), 0),
            "layers": Arg(lambda value: isinstance(value, (list, tuple)) and not value, [], "layer"),
            "fast": Arg(kinds.flag, True),
            "dtype": Arg(either(none, kinds.names("float32", "float64")), None),
        },
        "from_config",
    ),
    "from_config of layers": Case(
        configured_layer,
        {
            "class_name": Arg(none, "Dense"),
            "config": Arg(lambda value: isinstance(value, dict) and value == {"units": 3}, {"units": 3}),
        },
        "from_config",
    ),
    "from_config of Dense": Case(
        configured_dense,
        {
            "units": Arg(kinds.size, 3),
            "activation": Arg(kinds.activation_or_layer, None),
            "use_bias": Arg(kinds.flag, True),
        },
        "dense",
    ),
    "add": Case(Sequential.add, {"layer": Arg(kinds.layer, layers.Dense(2), "Input")}, "sequential|add", built=True),
    "build": Case(
        Sequential.build, {"input_shape": Arg(kinds.input_shape, (8, 8, 1), "images|window")}, MODEL, built=False
    ),
    "compile": Case(
        Sequential.compile,
        {
            "optimizer": Arg(kinds.optimizer, "sgd"),
            "loss": Arg(kinds.loss, "mse"),
            "metrics": Arg(
                either(
                    none, kinds.metric, is_empty, lambda v: isinstance(v, (list, tuple)) and all(map(kinds.metric, v))
                ),
                None,
                "class_name|config",
            ),
            "weighted_metrics": Arg(either(none, kinds.metric, kinds.several(kinds.metric), is_empty), "mse", "config"),
            "run_eagerly": Arg(either(none, kinds.flag), True),
            "steps_per_execution": Arg(either(none, integer(1)), 4),
            "jit_compile": Arg(either(none, kinds.flag, kinds.names("auto")), True),
            "auto_scale_loss": Arg(either(none, kinds.flag), False),
        },
        "compile",
        built=True,
    ),
    **{
        f"fit, built: {built}": Case(
            Sequential.fit,
            {
                **DATA[built],
                **BATCH,
                "epochs": Arg(integer(1), 1),
                "callbacks": Arg(kinds.callback, None),
                "validation_split": Arg(number(0.0, below=1.0), 0.0),
                "validation_data": Arg(none, None, "validation"),
                "shuffle": Arg(either(kinds.flag, integer()), True),
                "initial_epoch": Arg(integer(0), 0),
                **(PARTS if built else {}),
                **CHECKED,
                **WORKERS,
            },
            MODEL,
            built,
        )
        for built in (True, False)
    },
    "validation_data": Case(
        lambda model, x, y: model.fit(X, Y, validation_data=(x, y), verbose=0), DATA[True], MODEL, built=True
    ),
    **{
        f"evaluate, built: {built}": Case(
            Sequential.evaluate,
            {
                **DATA[built],
                **BATCH,
                **SAMPLE_WEIGHT,
                **STEPS,
                "return_dict": Arg(kinds.flag, True),
                **CHECKED,
                **WORKERS,
            },
            MODEL,
            built,
        )
        for built in (True, False)
    },
    "predict": Case(
        Sequential.predict, {"x": Arg(ANY_IMAGES, X), **BATCH, **STEPS, **CHECKED, **WORKERS}, MODEL, built=True
    ),
    "predict_on_batch": Case(Sequential.predict_on_batch, {"x": Arg(ANY_IMAGES, X)}, MODEL, built=True),
    "a call of a model": Case(lambda model, x: model(x), {"x": Arg(ANY_IMAGES, X)}, MODEL, built=True),
    "train_on_batch": Case(
        Sequential.train_on_batch,
        {**DATA[False], **WEIGHTS, "return_dict": Arg(kinds.flag, True), **CHECKED},
        MODEL,
        built=False,
    ),
    "test_on_batch": Case(
        Sequential.test_on_batch,
        {**DATA[True], **SAMPLE_WEIGHT, "return_dict": Arg(kinds.flag, True), **CHECKED},
        MODEL,
        built=True,
    ),
    "profile": Case(
        Sequential.profile,
        {**DATA[True], "repeats": Arg(integer(1), 1), "print_fn": Arg(either(none, kinds.function), None)},
        MODEL,
        built=True,
    ),
    "trace": Case(
        Sequential.trace,
        {
            "x": Arg(ANY_IMAGES, X),
            "y": Arg(either(none, ROWS), Y),
            "training": Arg(kinds.flag, True),
        },
        MODEL,
        built=True,
    ),
    "explore": Case(
        on_disk(Sequential.explore),
        {
            "path": Arg(either(none, kinds.path), "page.html"),
            "x": Arg(IMAGES, X),
            "y": Arg(either(none, ROWS), Y),
            "example": Arg(lambda value: integer(0)(value) and value < len(X), 1),
        },
        MODEL,
        built=True,
    ),
    "summary": Case(
        Sequential.summary,
        {
            "line_length": Arg(either(none, integer(1, 10_000)), 70),
            "positions": Arg(either(none, kinds.several(number(above=0.0, below=10_000.0))), [0.5, 1.0]),
            "print_fn": Arg(either(none, kinds.function), str),
            "expand_nested": Arg(kinds.flag, True),
            "show_trainable": Arg(kinds.flag, True),
            "layer_range": Arg(none, None),
        },
        MODEL,
        built=True,
    ),
    "set_weights": Case(
        Sequential.set_weights,
        {"weights": Arg(none, small_network().get_weights(), "weights|kernel|bias")},
        "",
        built=True,
    ),
    "get_layer": Case(
        Sequential.get_layer,
        {"name": Arg(none, None, "name"), "index": Arg(integer(-7, 6), 0)},
        "get_layer",
        built=True,
    ),
}
