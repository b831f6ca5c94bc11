"""What Keras 1 and 2 had and Keras 3 has under other arguments: reached by `common/old_names.py` alone."""

from numpycnn.compat import backend

__all__ = ["backend"]
