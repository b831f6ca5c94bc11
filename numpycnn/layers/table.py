"""The table of layers by their class names, which `layers/__init__.py` fills; containers are read by it, too."""

from numpycnn.layers.base import Layer

LAYERS: dict[str, type[Layer]] = {}
"""Every layer by its class name: the closed table for reading configurations."""
