"""ONNX files, opset 18.

Writing: `graph.py` is a graph that grows, `layer_nodes.py` and `activation_nodes.py` say what each layer becomes,
`functions.py` what ONNX lacks, `writing.py` puts all into a file. `package.py` finds the package that encodes it.
"""

from numpycnn.files.onnx.writing import to_onnx, write

__all__ = ["to_onnx", "write"]
