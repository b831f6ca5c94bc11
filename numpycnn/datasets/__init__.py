"""Data: MNIST itself, and a reader of the format it is published in."""

from numpycnn.datasets import idx, mnist

__all__ = ["idx", "mnist"]
