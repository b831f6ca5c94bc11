"""Keras 1's image_dim_ordering: "th" is channels_first, "tf" channels_last."""

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.older import DATA_FORMATS, warn


def image_dim_ordering() -> str:
    """The default image data format by its older name."""
    warn("image_dim_ordering", "write image_data_format, which gives 'channels_first' or 'channels_last'")
    return next(old for old, today in DATA_FORMATS.items() if today == backend.image_data_format())


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default image data format by its older name. Raises ValueError or TypeError for any other."""
    warn("set_image_dim_ordering", "write set_image_data_format('channels_first') or ('channels_last')")
    data_format = checks.lookup("set_image_dim_ordering", "dim_ordering", dim_ordering, DATA_FORMATS)
    backend.set_image_data_format(data_format)
