"""numpycnn against the figures on file: nothing else needs to be installed."""

from collections.abc import Iterator
from itertools import chain

from parity import golden, ours
from parity.figures import BOUNDS, Errors, errors, figures, print_errors, within, worst
from parity.golden import Record


def replay() -> bool:
    """Compare on both paths, print the worst errors by framework, and return whether all are within the bounds."""
    found: dict[str, list[Errors]] = {"PyTorch": [], "Keras": []}
    for record in chain(golden.load(), golden.load(golden.OTHERS)):
        for fast in (True, False):
            for name, apart in compared(record, fast=fast):
                found[name].append(apart)
    for name, all_errors in found.items():
        print(f"{len(all_errors) // 2} networks on file against {name} in float64")
        print_errors(worst(all_errors), BOUNDS["float64"])
    return all(within(worst(all_errors), BOUNDS["float64"]) for all_errors in found.values())


def compared(record: Record, *, fast: bool) -> Iterator[tuple[str, Errors]]:
    """Each framework's name, and how far from its figures ours are."""
    own = figures(ours.Network(record.case, "float64", fast=fast), record.case)
    yield "PyTorch", errors(own, record.torch)
    if record.keras is not None:
        yield "Keras", errors(own, record.keras)
