"""Every metamorphic relation holds, and each notices the fault that stands above it."""

import inspect
from types import ModuleType

import numpy as np
import pytest
from depths import one_in
from faults import code_of, seeded
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from relations import (
    activations,
    augmentation,
    batches,
    blocks,
    convolution,
    dense,
    functions,
    layer_normalization,
    losses,
    models,
    more_optimizers,
    noise,
    normalization,
    optimizers,
    other_losses,
    penalties,
    pooling,
    rescaling,
    resizing,
    separated,
)
from relations.table import RELATIONS, Draw

from numpycnn import backend

MODULES = [
    activations,
    augmentation,
    batches,
    blocks,
    convolution,
    dense,
    functions,
    layer_normalization,
    losses,
    models,
    more_optimizers,
    noise,
    normalization,
    optimizers,
    other_losses,
    penalties,
    pooling,
    rescaling,
    resizing,
    separated,
]
CHEAP = [name for name, relation in RELATIONS.items() if not relation.costly]
COSTLY = [name for name, relation in RELATIONS.items() if relation.costly]
EXAMPLES = settings().max_examples


@pytest.mark.parametrize("name", CHEAP)
@settings(max_examples=EXAMPLES // 2)
@given(data=st.data())
def test_a_relation_holds(name: str, data: st.DataObject) -> None:
    RELATIONS[name].holds(data.draw)


@pytest.mark.parametrize("name", COSTLY)
@settings(max_examples=EXAMPLES // 5)
@given(data=st.data())
def test_a_costly_relation_holds(name: str, data: st.DataObject) -> None:
    backend.set_convolution_precision("highest")  # whole numbers stay whole
    RELATIONS[name].holds(data.draw)


def test_every_fault_can_be_put_into_its_function() -> None:
    """Also those that only the deep profile puts in."""
    for relation in RELATIONS.values():
        assert code_of(relation.fault)


@pytest.mark.parametrize("name", one_in(3, RELATIONS))
def test_a_relation_notices_its_fault(name: str) -> None:
    """With the fault in place there is an example for which the relation does not hold."""
    relation = RELATIONS[name]

    @settings(max_examples=25, derandomize=True, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        relation.holds(data.draw)

    with seeded(relation.fault), np.errstate(all="ignore"), pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_relation_is_in_the_table(module: ModuleType) -> None:
    """A function that draws, asserts and returns nothing is a relation; its docstring says which."""
    signature = inspect.Signature(
        [inspect.Parameter("draw", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Draw)],
        return_annotation=None,
    )
    found = [f for _, f in inspect.getmembers(module, inspect.isfunction) if inspect.signature(f) == signature]
    entered = [relation.holds for relation in RELATIONS.values() if relation.holds.__module__ == module.__name__]
    assert set(found) == set(entered)
    assert all("=" in (f.__doc__ or "") for f in found)


def test_there_are_as_many_faults_as_relations() -> None:
    faults = [relation.fault for relation in RELATIONS.values()]
    assert len({(fault.function, fault.right, fault.wrong) for fault in faults}) == len(faults) >= 40
