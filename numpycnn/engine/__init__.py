"""The engine: a training step divided into micro-batches, the worker pool, and the fast path."""

from numpycnn.common.module_names import add_names_of

add_names_of("layers", __name__)  # in older Keras
