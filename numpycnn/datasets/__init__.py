"""Data: MNIST itself, and a reader of the format it is published in."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.datasets import idx, mnist

__all__ = ["idx", "mnist"]

explain_unknown_names(__name__)
