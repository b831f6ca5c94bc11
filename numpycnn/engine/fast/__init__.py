"""The fast path: what the layers compute, in less time. The layers are the definition.

`im2col.py` fuses a convolution with the ReLU, max-pooling and dropout after it into one block, computed tile by tile;
`winograd.py` convolves a tile by another algorithm. `fuse.py` decides which layers become a block. `scratch.py` reuses
memory.
"""

from numpycnn.engine.fast.fuse import fused

__all__ = ["fused"]
