"""Networks through the library's own files, which keep everything: the figures are the same to the last bit."""

from pathlib import Path

from numpycnn import load_model
from parity import ours
from parity.draw import Case
from parity.files import Pairs, batch, figures


def is_expressible(case: Case) -> bool:
    """Whether the format has such a network: all of them."""
    return True


def exchanged(folder: Path, number: int, case: Case, dtype: str) -> Pairs:
    """A model after a step, and what was read from its file."""
    model = ours.build(case, dtype, fast=number % 2 == 0)
    model.train_on_batch(*batch(case, dtype))
    model.save(folder / "model.safetensors")
    loaded = load_model(folder / "model.safetensors")
    yield "out and in again", figures(model, case, dtype), figures(loaded, case, dtype)
