"""Networks through ONNX: as onnxruntime predicts in float32, and as the file that is read again predicts and learns."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from numpycnn import load_model
from numpycnn.common.typing import Array
from parity import ours
from parity.draw import Case, without_nesting
from parity.files import STEPS, Figures, Pairs, batch, compiled, figures
from parity.others import AUGMENTATIONS, RANDOM


def is_expressible(case: Case) -> bool:
    """Whether the format has such a network: all of them."""
    return True


def exchanged(folder: Path, number: int, case: Case, dtype: str) -> Pairs:
    """The model's figures beside the runtime's and the read model's.

    ONNX has no optimizer, nothing random, and a scale and an offset for every normalization. So both models get a new
    optimizer, and only predict where they have a layer of the former kind, or a normalization without.
    """
    path = folder / "model.onnx"
    model = ours.build(case, dtype, fast=number % 2 == 0)
    model.train_on_batch(*batch(case, dtype))
    model.save(path)
    onnx.checker.check_model(str(path), full_check=True)
    steps = STEPS if learns_the_same(case) else 0
    loaded = compiled(load_model(path), case)
    own = figures(compiled(model, case), case, dtype, steps)
    yield "read again", own, figures(loaded, case, dtype, steps)
    if dtype == "float32":
        yield "onnxruntime", own._replace(losses=np.zeros(1)), Figures(by_runtime(path, case.x), np.zeros(1))


def learns_the_same(case: Case) -> bool:
    """Whether ONNX has all of the case's layers as they are in training."""
    return not any(
        name in (*RANDOM, *AUGMENTATIONS) or not (config.get("center", True) and config.get("scale", True))
        for name, config in without_nesting(case.spec.layers)
    )


def by_runtime(path: Path, x: Array) -> Array:
    """What onnxruntime predicts."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input": x.astype(np.float32)})[0])
