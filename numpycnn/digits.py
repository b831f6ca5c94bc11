"""Digits of your own, as MNIST has them, under the name that users import; see `datasets/digits.py`."""

from numpycnn.datasets.digits import *  # noqa: F403
