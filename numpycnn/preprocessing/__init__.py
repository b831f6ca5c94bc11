"""Keras 2's augmentation of images outside of a model, `image.ImageDataGenerator`.

New programs write the layers RandomTranslation, RandomRotation, RandomZoom, RandomFlip and Rescaling instead: they are
part of the model, in training alone.
"""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.preprocessing import image

__all__ = ["image"]

explain_unknown_names(__name__)
