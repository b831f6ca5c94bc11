"""Plots with matplotlib, under the name that users import; see `show/plot.py`."""

from numpycnn.show.plot import *  # noqa: F403
