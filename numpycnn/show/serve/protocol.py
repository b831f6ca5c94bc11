"""Validation of requests before anything else: their origin, address and body.

A page of another site can make a browser send requests to this machine, also under a host name that it controls (DNS
rebinding). The browser states that in Host and Origin, and that page does not know the token.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
"""The host names under which a browser may open the page."""


class RequestError(ValueError):
    """A refused request: the HTTP status, a message that states what was expected, and additional headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})


def address(port: int, host: str = HOST) -> str:
    """Host and port as browsers write them, without port 80."""
    return host if port == 80 else f"{host}:{port}"


def check_source(headers: Message, port: int) -> None:
    """Raise RequestError unless a request is meant for this server, and was not sent by another site's page."""
    names = [address(port, name) for name in NAMES]
    if only(headers, "Host") not in names:
        raise RequestError(403, f"Host: expected {' or '.join(names)}")
    origins = headers.get_all("Origin", [])
    if origins and (len(origins) > 1 or origins[0] not in [f"http://{name}" for name in names]):
        raise RequestError(403, f"Origin: expected none, or http://{' or http://'.join(names)}")


def only(headers: Message, name: str) -> str | None:
    """The value of a header that occurs exactly once; None otherwise."""
    values = headers.get_all(name, [])
    return values[0] if len(values) == 1 else None


def route_of(target: str, token: str) -> tuple[str, str]:
    """(name, query) of an address /TOKEN/name?query. Raises RequestError for another token."""
    path, _, query = target.partition("?")
    given, slash, name = path.removeprefix("/").partition("/")
    if not slash or not secrets.compare_digest(given.encode(), token.encode()):
        raise RequestError(403, "expected the address that was printed in the terminal, with its token")
    return name, query


def number_of(query: str, name: str) -> int:
    """The number in a query name=N. Raises RequestError for any other query."""
    found = re.fullmatch(rf"{name}=([0-9]{{1,15}})", query)
    if found is None:
        raise RequestError(400, f"expected ?{name}=N, a whole number, in the address")
    return int(found[1])


def check_method(method: str, allowed: str) -> None:
    """Raise RequestError for a method that is not allowed."""
    if method != allowed:
        raise RequestError(405, f"expected {allowed} for this address", {"Allow": allowed})


def body_length(headers: Message, max_bytes: int) -> int:
    """The length of a JSON body of at most `max_bytes`. Raises RequestError for headers of anything else."""
    if "Transfer-Encoding" in headers:
        raise RequestError(411, "Transfer-Encoding: expected none, but a Content-Length")
    if "Content-Length" not in headers:
        raise RequestError(411, "Content-Length: expected one")
    length = only(headers, "Content-Length") or ""
    if re.fullmatch("[0-9]{1,18}", length) is None:
        raise RequestError(400, "Content-Length: expected one whole number")
    if int(length) > max_bytes:
        raise RequestError(413, f"Content-Length: expected at most {max_bytes}")
    if (only(headers, "Content-Type") or "").split(";")[0].strip().lower() != "application/json":
        raise RequestError(415, "Content-Type: expected application/json")
    return int(length)


def json_of(body: bytes, length: int) -> Any:
    """The JSON value of a body of `length` bytes. Raises RequestError for a shorter body, and for invalid JSON."""
    if len(body) != length:
        raise RequestError(400, f"expected a body of {length} bytes, as Content-Length says; received {len(body)}")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise RequestError(400, "expected a body of JSON, in UTF-8, with finite numbers") from None


def refuse_constant(name: str) -> float:
    """Raise ValueError: NaN and infinity, which Python's json accepts, are not JSON."""
    raise ValueError(f"expected a finite number; received {name}")


def choice_of(asked: Any, key: str, allowed: Sequence[str]) -> str:
    """The value of the only key of an object. Raises RequestError for another object or value."""
    if not isinstance(asked, dict) or asked.keys() != {key} or asked[key] not in allowed:
        raise RequestError(400, f'expected {{"{key}": one of {", ".join(allowed)}}}')
    return str(asked[key])
