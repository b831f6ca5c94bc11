"""Data sets: MNIST itself is in the package, others are found or downloaded; and a reader of MNIST's format."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.datasets import idx, mnist

__all__ = ["cifar10", "cifar100", "fashion_mnist", "idx", "kmnist", "mnist"]

explain_unknown_names(__name__)
