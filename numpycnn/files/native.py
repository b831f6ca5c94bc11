"""The library's own format, .safetensors: the functions that `formats.py` lists."""

from numpycnn.files.model import check, read, save
from numpycnn.files.weights import load_weights, save_weights

__all__ = ["check", "load_weights", "read", "save", "save_weights"]
