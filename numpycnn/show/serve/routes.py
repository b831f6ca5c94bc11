"""The routes of the live page."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from numpycnn.show.explorer.page import as_json
from numpycnn.show.serve.protocol import RequestError, choice_of, number_of
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.settings import setting_of
from numpycnn.show.serve.trainer import COMMANDS, Trainer

WAIT = 20.0  # seconds until an unchanged state is sent (long polling)
JSON = "application/json"


class Route(NamedTuple):
    """A route: its method, its content type, and the function from the query, or the JSON body, to the response."""

    method: str
    kind: str
    answer: Callable[[Any], bytes]


def routes(session: Session, trainer: Trainer) -> dict[str, Route]:
    """The routes by name. An answer raises RequestError for an invalid query or body."""
    return {
        "": Route("GET", "text/html; charset=utf-8", lambda _: session.page(trainer.able)),
        "state": Route("GET", JSON, partial(state, trainer)),
        "frame": Route("GET", JSON, partial(frame, trainer)),
        "trace": Route("POST", JSON, lambda asked: session.trace(session.trace_request(asked))),
        "network": Route("GET", "application/octet-stream", lambda _: session.kept()),
        "train": Route("POST", JSON, partial(train, trainer)),
        "settings": Route("POST", JSON, partial(settings, trainer)),
    }


def state(trainer: Trainer, query: str) -> bytes:
    """?after=REVISION: the state of training, as soon as its revision is later."""
    return as_json(trainer.wait(number_of(query, "after"), WAIT)).encode("utf-8")


def frame(trainer: Trainer, query: str) -> bytes:
    """?step=N: the frame of that step."""
    found = trainer.frame(number_of(query, "step"))
    if found is None:
        raise RequestError(404, "expected a step of which there is a frame: state lists them")
    return found


def train(trainer: Trainer, asked: Any) -> bytes:
    """{"command": "start", "pause", "step" or "reset"}: the state after it."""
    name = choice_of(asked, "command", (*COMMANDS, "reset"))
    if name == "reset":
        trainer.reset()
    else:
        trainer.command(name)
    return as_json(trainer.wait(0, 0)).encode("utf-8")


def settings(trainer: Trainer, asked: Any) -> bytes:
    """{"learning_rate": number}, {"batch_size": N} or {"optimizer": name}: the state after the change."""
    trainer.set(*setting_of(asked))
    return as_json(trainer.wait(0, 0)).encode("utf-8")
