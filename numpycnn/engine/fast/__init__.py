"""The fast path: what the layers compute, for less. `block.py` says how; the layers by themselves are the definition.

`block.py` makes one block of a convolution and the ReLU, max-pooling and dropout after it, and works through it tile by
tile. `im2col.py` and `winograd.py` are two ways to convolve a tile. `scratch.py` lends them memory.
"""

from numpycnn.engine.fast.block import Stage, stages

__all__ = ["Stage", "stages"]
