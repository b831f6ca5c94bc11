"""The layers of a model and their settings as JSON text, without weights."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpycnn.common import checks
from numpycnn.common.configuration import custom_objects
from numpycnn.files.description import check_names
from numpycnn.files.own import own_of
from numpycnn.files.safetensors import decode_json
from numpycnn.layers import LAYERS

if TYPE_CHECKING:
    from numpycnn.engine.network import Network
    from numpycnn.models import Sequential


VERSION_MARKS = {"keras_version", "module"}
"""What Keras 1 and 2, and Keras 3, write beside the class and the configuration."""


def to_json(model: "Network", options: Mapping[str, Any]) -> str:
    """The model as JSON text; options: of `json.dumps`. Raises as it does, and as `check_names`."""
    try:
        with custom_objects(own_of(model)):
            check_names(model)
            return json.dumps({"class_name": "Sequential", "config": model.get_config()}, **options)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{model.name}.to_json: {error}") from None


def model_from_json(text: Any) -> "Sequential":
    """The model, with new weights if its input shape is known; Keras's JSON too, of any version.

    Raises TypeError or ValueError for anything else.
    """
    text = checks.text("model_from_json", "json_string", text)
    try:
        description = decode_json(text)
    except ValueError as error:
        raise ValueError(f"model_from_json: json_string must be JSON; {error}") from None
    if isinstance(description, dict) and VERSION_MARKS & description.keys():
        return of_keras(description)
    checks.keys("model_from_json", "json_string", description, {"class_name", "config"})
    checks.choice("model_from_json", "class_name", description["class_name"], ["Sequential"])
    return LAYERS["Sequential"].from_config(description["config"])  # type: ignore[return-value]


def of_keras(description: dict[str, Any]) -> "Sequential":
    """The model that Keras's `to_json` describes, with new weights."""
    from numpycnn.files.keras import archive, incoming

    try:
        config, shape = incoming.network(description, archive.version_of(description))
        model = LAYERS["Sequential"].unbuilt(config)
        if shape:
            model.build(shape)
    except (TypeError, ValueError) as error:
        raise type(error)(f"model_from_json: {error}") from None
    return model  # type: ignore[return-value]
