"""The fast path: what the layers compute, in less time. The layers are the definition.

A convolution and the activation, pooling and dropout after it are one block, computed part by part: `block.py` is what
comes after the convolution, and `parts.py` says which layers. The ways to convolve a part are `im2col.py`,
`one_axis.py` for few channels, `winograd.py` (with the matrices of `cook_toom.py`) and `pointwise.py`; `plan.py`
chooses between them. `batch_norm.py` normalizes images; `folding.py` puts a normalization into the layer before it, in
inference. `fuse.py` puts the blocks into the network. `scratch.py` reuses memory.
"""

from numpycnn.engine.fast.fuse import fused

__all__ = ["fused"]
