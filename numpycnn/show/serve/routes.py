"""What the live page can ask for, and what it gets."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from numpycnn.show.explorer.page import as_json
from numpycnn.show.serve.protocol import RequestError, choice_of, number_of
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.trainer import COMMANDS, Trainer

WAIT = 20.0  # seconds after which the state is sent again, changed or not
JSON = "application/json"


class Route(NamedTuple):
    """One address: its method, the type of its answer, and the answer to a query, or to the JSON of a body."""

    method: str
    kind: str
    answer: Callable[[Any], bytes]


def routes(session: Session, trainer: Trainer) -> dict[str, Route]:
    """The addresses by name. An answer raises RequestError for what it cannot serve."""
    return {
        "": Route("GET", "text/html; charset=utf-8", lambda _: session.page(trainer.able)),
        "state": Route("GET", JSON, partial(state, trainer)),
        "frame": Route("GET", JSON, partial(frame, trainer)),
        "trace": Route("POST", JSON, lambda asked: session.trace(session.trace_request(asked))),
        "train": Route("POST", JSON, partial(train, trainer)),
    }


def state(trainer: Trainer, query: str) -> bytes:
    """?after=REVISION: where training stands, as soon as that is another revision."""
    return as_json(trainer.wait(number_of(query, "after"), WAIT)).encode("utf-8")


def frame(trainer: Trainer, query: str) -> bytes:
    """?step=N: what the model looked like after that step."""
    found = trainer.frame(number_of(query, "step"))
    if found is None:
        raise RequestError(404, "expected a step of which there is a frame: state lists them")
    return found


def train(trainer: Trainer, asked: Any) -> bytes:
    """{"command": "start", "pause" or "step"}: the state after it."""
    trainer.command(choice_of(asked, "command", COMMANDS))
    return as_json(trainer.wait(0, 0)).encode("utf-8")
