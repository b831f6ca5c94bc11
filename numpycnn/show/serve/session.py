"""The traces that the live page shows of a model and its test data, each of one training step."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from io import BytesIO
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.files.container import header_of, write_parts
from numpycnn.files.errors import ModelFileError
from numpycnn.files.model import content
from numpycnn.losses import SparseCategoricalCrossentropy
from numpycnn.models import Sequential
from numpycnn.show.explorer.data import add_example, add_parameters, add_step, page_data
from numpycnn.show.explorer.examples import candidates, first, fitting, known_labels
from numpycnn.show.explorer.page import as_json, live_page
from numpycnn.show.explorer.tensors import Tensors
from numpycnn.show.serve.fair_lock import FairLock
from numpycnn.show.serve.moment import Moment, moment_of, restore
from numpycnn.show.serve.protocol import RequestError
from numpycnn.show.serve.snapshots import Snapshots

MAX_EXAMPLES = 500
"""Examples stored in the page; any other is requested by its index."""

MAX_EXAMPLE_BYTES = 2_000_000
"""Bytes that these take."""

MAX_MOMENT_BYTES = 256_000_000
"""Bytes of all earlier networks together."""

KEYS = {"example", "x", "target", "training", "version", "step"}


class TraceRequest(NamedTuple):
    """A request for a trace: the example's index, or None for data from the page; its arrays, with a batch axis.

    step: of which training step the model is to be traced; None for the model as it is now.
    """

    example: int | None
    x: Array
    y: Array | None
    training: bool
    version: int | None
    """The version of the model whose parameters the page has."""
    step: int | None = None


class Session:
    """The model, x (n, *input_shape) and y, the targets as its loss takes them or None, and one example to watch.

    moments: the version of the model, and what it was, after some of its steps.
    """

    moments: Snapshots[tuple[int, Moment]]

    def __init__(self, model: Sequential, x: Array, y: Array | None, example: int) -> None:
        self.model, self.x, self.y, self.example = model, x, y, example
        self.lock, self.version = FairLock(), 0  # how often the model has changed: the same step may come twice
        self.forget()
        if not model.built:
            model.build(x.shape[1:])

    def page(self, training: bool) -> bytes:
        """The page, with the watched example traced. training: whether the model can be trained."""
        with self.lock.held():
            tensors = Tensors(level=0, live=True)
            facts = page_data(self.model, self.x, self.y, self.example, tensors)
            facts |= {"live": {"training": training}, "step": self.model.steps, "version": self.version}
            facts["examples"], examples = self._examples(self.model)
        return live_page(facts, tensors.table | examples).encode("utf-8")

    def trace(self, request: TraceRequest) -> bytes:
        """The trace as JSON; with the parameters and examples, unless the page has those of this version."""
        tensors = Tensors(level=0, live=True)
        with self.lock.held():
            model, version = self._at(request.step)
            facts: dict[str, Any] = {"step": model.steps, "version": version, "training": request.training}
            trace = traced(model, request)
            if request.version != version:
                add_parameters(tensors, trace)
                facts["examples"], examples = self._examples(model)
                tensors.table |= examples
            add_example(tensors, model, trace, request.x)
            facts["optimizer"] = add_step(tensors, model, trace)
        if request.example is not None:
            labels = known_labels(model, request.y, trace.output) if trace.output.ndim == 2 else None
            facts |= {"example": request.example, "label": None if labels is None else int(labels[0])}
        return as_json({**facts, "tensors": tensors.table}).encode("utf-8")

    def remember(self) -> None:
        """Keep a copy of the model as it is now, unless a few such copies would take all the memory for them."""
        moment = moment_of(self.model)
        if 4 * moment.nbytes <= MAX_MOMENT_BYTES:
            self.moments.add(moment.steps, (self.version, moment), moment.nbytes)

    def forget(self) -> None:
        """Drop the copies."""
        self.moments = Snapshots(MAX_MOMENT_BYTES)

    def _at(self, step: int | None) -> tuple[Sequential, int]:
        """The model as it was after that step, and its version. Raises RequestError if it was not kept."""
        if step is None:
            return self.model, self.version
        found = self.moments.get(step)
        if found is None:
            raise RequestError(404, "step: expected one whose network was kept: state lists them")
        version, moment = found
        restore(self._earlier, moment)
        return self._earlier, version

    @cached_property
    def _earlier(self) -> Sequential:
        """A copy of the model, to be what it was: another thread may look at the model itself."""
        return deepcopy(self.model)

    def kept(self) -> bytes:
        """The model as it is now, as the bytes of a .safetensors file, which `load_model` reads.

        Raises RequestError for what cannot be saved, such as layers of the user's own.
        """
        file = BytesIO()
        with self.lock.held():
            try:
                found = content("the network", self.model, [])
            except ModelFileError:
                raise RequestError(409, "the network cannot be kept: it has layers or others of your own") from None
            write_parts(file, header_of(found), found.arrays)
        return file.getvalue()

    def _examples(self, model: Sequential) -> tuple[dict[str, Any], dict[str, Any]]:
        """The examples of the page, with the model's predictions, and their arrays."""
        examples = candidates(model, self.x, self.y, self.example)
        found, tensors = fitting(first(examples, MAX_EXAMPLES), np.asarray(self.x, self.model.dtype), MAX_EXAMPLE_BYTES)
        return found, tensors.table

    # ------------------------------------------------------------ validation of requests

    @property
    def max_body_bytes(self) -> int:
        """An upper bound of the length of a valid request body."""
        return 4096 + 32 * (prod(self._input_shape) + prod(self._output_shape))

    def trace_request(self, asked: Any) -> TraceRequest:
        """Validate {"example": N}, or {"x": [...], "target": [...] or null} with flat lists.

        Optional keys: "training", whether dropout is on; "version", whose parameters the page has; and "step", to trace
        the model as it was then. Raises RequestError for anything else.
        """
        if not isinstance(asked, dict) or not asked.keys() <= KEYS or ("x" in asked) == ("example" in asked):
            raise RequestError(400, f"expected an object with example, or with x and target; of {sorted(KEYS)}")
        training, version, step = asked.get("training", False), asked.get("version"), asked.get("step")
        if not isinstance(training, bool):
            raise RequestError(400, "training: expected true or false")
        for name, number in (("version", version), ("step", step)):
            if number is not None and type(number) is not int:
                raise RequestError(400, f"{name}: expected a whole number or null")
        if "example" in asked:
            n = asked["example"]
            if type(n) is not int or not 0 <= n < len(self.x) or "target" in asked:
                raise RequestError(400, f"example: expected 0 to {len(self.x) - 1}, and no target beside it")
            one = slice(n, n + 1)
            return TraceRequest(n, self.x[one], None if self.y is None else self.y[one], training, version, step)
        x = self._array("x", asked["x"], self._input_shape)
        return TraceRequest(None, x, self._target(asked.get("target")), training, version, step)

    def _target(self, values: Any) -> Array | None:
        """The targets for data from the page, in the form that the loss accepts. Raises RequestError."""
        if values is None:
            return None
        if self.model.loss is None:
            raise RequestError(400, "target: expected null, for the model has no loss")
        y = self._array("target", values, self._output_shape)
        return y.argmax(axis=-1) if isinstance(self.model.loss, SparseCategoricalCrossentropy) else y

    def _array(self, name: str, values: Any, shape: Shape) -> Array:
        """A flat list of finite numbers as (1, *shape), in the model's dtype. Raises RequestError for others."""
        count, dtype = prod(shape), self.model.dtype
        if not isinstance(values, list) or len(values) != count or not all_numbers(values):
            raise RequestError(400, f"{name}: expected a list of {count} numbers")
        bound = float(np.finfo(dtype).max)
        if any(not -bound <= value <= bound for value in values):
            raise RequestError(400, f"{name}: expected finite numbers of {dtype}")
        return np.array(values, dtype).reshape(1, *shape)  # (1, *shape)

    @property
    def _input_shape(self) -> Shape:
        return self.model.shape_in or ()

    @property
    def _output_shape(self) -> Shape:
        return self.model.shape_out or ()


def traced(model: Sequential, request: TraceRequest) -> Any:
    """The model's trace. Raises RequestError for targets that the loss does not accept."""
    try:
        return model.trace(request.x, request.y, training=request.training)
    except ValueError as error:
        raise RequestError(400, " ".join(str(error).split())) from None


def all_numbers(values: Sequence[Any]) -> bool:
    """Whether all are numbers, and none a bool."""
    return all(type(value) in (int, float) for value in values)
