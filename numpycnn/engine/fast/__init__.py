"""The fast path: what the layers compute, for less. The layers by themselves are the definition.

`im2col.py` makes one block of a convolution and the ReLU, max-pooling and dropout after it, and works through it tile
by tile; `winograd.py` is another way to convolve a tile. `fuse.py` says which layers become a block. `scratch.py` lends
memory.
"""

from numpycnn.engine.fast.fuse import fused

__all__ = ["fused"]
