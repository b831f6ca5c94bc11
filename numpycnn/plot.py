"""Plots with matplotlib, and `gallery` for notebooks, under the name that users import; see `show/plot.py`."""

from numpycnn.show.gallery import gallery as gallery
from numpycnn.show.plot import *  # noqa: F403
