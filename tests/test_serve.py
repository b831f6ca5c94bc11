"""The live page's server without a browser: who may ask, what is refused and how, and that training is `fit`'s."""

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
import webbrowser
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from networks import CLASSES, fingerprint, mnist_images, small_data, small_network
from test_command_line import COMMAND, hear_ctrl_c
from test_explore import NETWORKS, array_of, data_for, expected, facts_of, network_of

from numpycnn import Sequential, backend
from numpycnn.__main__ import main
from numpycnn.app.commands import serve
from numpycnn.callbacks import Callback
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.engine.batching import Data
from numpycnn.files import ModelFileError
from numpycnn.layers import Activation, BatchNormalization, Dense, Dropout, Flatten
from numpycnn.metrics import F1Score
from numpycnn.models import load_model
from numpycnn.optimizers import SGD
from numpycnn.optimizers.schedules import ExponentialDecay
from numpycnn.show.serve import protocol, routes, server, settings
from numpycnn.show.serve.protocol import RequestError
from numpycnn.show.serve.server import Deadline, LateError, Server
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.snapshots import Snapshots
from numpycnn.show.serve.trainer import Trainer

JSON = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        assert self.status == 200, self.text
        return json.loads(self.body)


class Running:
    """A server of one network, and a client."""

    def __init__(
        self, network: Sequential, tests: tuple[Array, Array | None], data: tuple[Array, Array] | None, most: int
    ) -> None:
        self.network = network
        session = Session(network, *tests, 1)
        self.trainer = Trainer(session, Data(*data) if data else None, 10, "" if data else "no data", most)
        self.server = Server(session, self.trainer)
        self.port, self.path = self.server.server_port, f"/{self.server.token}/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.close()

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, name: str) -> Answer:
        return self.ask("GET", self.path + name)

    def post(self, name: str, value: Any) -> Answer:
        return self.ask("POST", self.path + name, json.dumps(value).encode(), JSON)

    def state(self) -> Any:
        return self.get("state?after=0").json()

    def command(self, name: str) -> Any:
        return self.post("train", {"command": name}).json()

    def reach(self, step: int) -> Any:
        """Train to a step, batch by batch."""
        while (state := self.state())["step"] < step:
            if state["state"] == "paused":
                self.command("step")
        return state

    def raw(self, *parts: bytes, ends: bool = False) -> Answer:
        """What comes back for these bytes; ends: nothing more is sent after them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            for part in parts:
                connection.sendall(part)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            found = b""
            while part := connection.recv(1 << 16):
                found += part
        head, _, body = found.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = Message()
        for line in lines:
            headers.add_header(*line.split(": ", 1))
        return Answer(int(first.split()[1]) if found else 0, headers, body)

    def head(self, line: str, *headers: str, host: bool = True) -> bytes:
        names = [*([f"Host: 127.0.0.1:{self.port}"] if host else []), *headers]
        return "".join(f"{one}\r\n" for one in [line, *names, ""]).encode("latin-1")


Start = Callable[..., Running]


def assert_no_more_threads(before: int) -> None:
    """None is left beside those before: one that has done its work may still need a moment to end."""
    deadline = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts servers, patient with a client that is slow; afterwards none of their threads is left."""
    monkeypatch.setattr(server, "LINGER_SECONDS", 30.0)
    before, running = threading.active_count(), []

    def begin(
        network: Sequential | None = None,
        tests: tuple[Array, Array | None] | None = None,
        data: tuple[Array, Array] | None = None,
        most: int = 10**8,
    ) -> Running:
        running.append(Running(network or small_network(), tests or small_data(20), data, most))
        return running[-1]

    yield begin
    for one in running:
        one.close()
    assert_no_more_threads(before)


@pytest.fixture
def live(start: Start) -> Running:
    return start(data=small_data(25, seed=1))


def assert_refused(answer: Answer, status: int, message: str) -> None:
    """One short line of plain text, with the headers that every answer has."""
    assert answer.status == status, answer
    assert re.search(message, answer.text), answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert len(answer.text) < 300
    assert answer.text.count("\n") == 1
    assert_hardened(answer)


def assert_hardened(answer: Answer) -> None:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)


# ------------------------------------------------------------ what is served


def test_the_page_is_the_explorers_with_a_connection_to_this_server_alone(live: Running) -> None:
    answer = live.get("")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert_hardened(answer)
    facts = facts_of(answer.text)
    assert facts["live"] == {"training": True}
    assert (facts["example"], facts["step"]) == (1, 0)
    assert re.findall(r"\b(?:https?|wss?):", answer.text) == []
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', answer.text)
    assert [part for part in policy.split("; ") if "src" in part and "'self'" in part] == ["connect-src 'self'"]
    assert set(re.findall(r"\bfetch\((.*?)[,)]", answer.text)) == {"address"}
    assert set(re.findall(r"request\((.*?)[,)]", answer.text)) <= {
        "address", "`state?after=${after}`", "`frame?step=${wanted}`", '"trace"', '"network"'
    }  # fmt: skip


def check_trace(found: dict[str, Any], network: Sequential, x: Array, y: Array | None, training: bool = False) -> None:
    for key, value in expected(network.trace(x, y, training=training)).items():
        array = array_of(found["tensors"], key)
        assert array.dtype == value.dtype, key
        np.testing.assert_array_equal(array, value, key)


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_trace_is_the_librarys(start: Start, name: str, floatx: str, loss: str) -> None:
    backend.set_floatx(floatx)
    network = network_of(name, loss)
    x, y = data_for(network)
    live = start(network, (x, y))
    before = fingerprint(network)
    page = facts_of(live.get("").text)
    check_trace(page, network, x[1:2], y[1:2])
    found = live.post("trace", {"example": 3}).json()
    check_trace(found, network, x[3:4], y[3:4])
    assert (found["example"], found["label"], found["step"]) == (3, int(y[3].argmax()), 0)
    assert found["examples"] == page["examples"]
    own, target = np.random.default_rng(1).normal(size=x[0].shape).astype(floatx), np.eye(CLASSES)[[2]]
    asked = {"x": own.ravel().tolist(), "target": target[0].tolist()}
    check_trace(live.post("trace", asked).json(), network, own[None], target)
    check_trace(live.post("trace", {**asked, "training": True}).json(), network, own[None], target, training=True)
    check_trace(live.post("trace", {"x": asked["x"], "target": None}).json(), network, own[None], None)
    assert fingerprint(network) == before


def test_what_the_page_has_is_not_sent_again(live: Running) -> None:
    whole = live.post("trace", {"example": 2, "version": None}).json()
    part = live.post("trace", {"example": 2, "version": 0}).json()
    assert {name for name in whole["tensors"] if "/parameters/" in name or name.startswith("examples")} == (
        whole["tensors"].keys() - part["tensors"].keys()
    )
    assert "examples" not in part
    live.reach(1)
    assert live.post("trace", {"example": 2, "version": 0}).json()["tensors"].keys() == whole["tensors"].keys()
    assert live.post("trace", {"example": 2, "version": 1}).json()["tensors"].keys() == part["tensors"].keys()


def test_any_example_is_traced_and_some_are_held(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those read wrongly first, as the model reads them now."""
    monkeypatch.setattr("numpycnn.show.serve.session.MAX_EXAMPLES", 5)
    x, y = small_data(20)
    live = start(data=small_data(25, seed=1))
    live.reach(1)
    read = live.network.predict(x).argmax(axis=1)
    wanted = list(dict.fromkeys([1, *np.flatnonzero(read != y.argmax(axis=1)).tolist(), *range(20)]))
    for found in (facts_of(live.get("").text), live.post("trace", {"example": 19}).json()):
        assert found["examples"]["numbers"] == wanted[:5]
        assert found["examples"]["read"] == read[wanted[:5]].tolist()
        np.testing.assert_array_equal(array_of(found["tensors"], "examples"), x[wanted[:5]].astype(np.float32))
    check_trace(live.post("trace", {"example": 19}).json(), live.network, x[19:], y[19:])


def test_large_kernels_are_exact_and_their_gradient_is_left_to_the_page(start: Start) -> None:
    network = Sequential(
        [Flatten(input_shape=(20, 20)), Dense(300), Activation("relu"), Dense(CLASSES, "softmax")], seed=0
    )
    network.compile("sgd", "sparse_categorical_crossentropy")
    x, y = data_for(network)
    live = start(network, (x, y.argmax(axis=1)))
    table = live.post("trace", {"example": 0}).json()["tensors"]
    np.testing.assert_array_equal(array_of(table, "dense/parameters/kernel"), network.params["dense/kernel"])
    assert "dense/parameter_gradients/kernel" not in table
    assert "dense/parameter_gradients/bias" in table
    asked = {"x": x[0].ravel().tolist(), "target": y[0].tolist()}
    assert live.post("trace", asked).json()["tensors"]["targets"] == table["targets"]  # labels, for a sparse loss


def test_a_network_that_is_not_built_or_compiled_is_served_all_the_same(start: Start) -> None:
    network = Sequential([Flatten(), Dense(4, "relu"), Dense(1)], seed=0)
    x = np.random.default_rng(0).normal(size=(3, 5, 2))
    live = start(network, (x, None))
    found = live.post("trace", {"example": 2}).json()
    check_trace(found, network, x[2:], None)
    assert found["label"] is None
    state = live.command("start")
    assert (state["state"], state["reason"], state["step"]) == ("off", "no data", 0)
    assert facts_of(live.get("").text)["live"] == {"training": False}
    assert_refused(
        live.post("trace", {"x": [0] * 10, "target": [1]}), 400, "target: expected null, for the model has no loss"
    )


# ------------------------------------------------------------ what is refused


PATHS = [
    "",
    "other",
    "state/",
    "../../etc/passwd",
    "..%2f..%2fetc/passwd",
    "assets/main.js",
    "trace?x",
    "%00",
    "state#a",
]


@pytest.mark.parametrize("path", PATHS[1:])
def test_only_what_is_known_is_served(live: Running, path: str) -> None:
    answer = live.get(path)
    assert_refused(answer, 405 if path.startswith("trace") else 404, "expected")


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "", "*", "http://evil.example/", "//", "/{half}/", "/{token}", "/{token}x/", "/é/"]
)
def test_without_the_token_nothing_is_served(live: Running, path: str) -> None:
    path = path.format(token=live.server.token, half=live.server.token[:16])
    answer = live.raw(live.head(f"GET {path or '/'} HTTP/1.1"))
    assert_refused(answer, 403, "expected the address that was printed in the terminal, with its token")


def test_the_token_is_long_random_and_compared_in_constant_time(live: Running, start: Start) -> None:
    assert len(live.server.token) >= 32
    assert start().server.token != live.server.token
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "compare_digest", lambda a, b: False)
        assert live.get("").status == 403


@pytest.mark.parametrize(
    ("line", "headers", "message"),
    [
        ("GET", [], "Host: expected 127.0.0.1:PORT or localhost:PORT"),
        ("GET", ["Host: evil.example"], "Host: expected"),
        ("GET", ["Host: evil.example:PORT"], "Host: expected"),  # a name that was pointed at this machine
        ("GET", ["Host: 127.0.0.1"], "Host: expected"),
        ("GET", ["Host: 127.0.0.1:PORT.evil.example"], "Host: expected"),
        ("GET", ["Host: 127.0.0.1:PORT", "Host: evil.example"], "Host: expected"),
        ("GET", ["Host: 0.0.0.0:PORT"], "Host: expected"),
        ("GET", ["Host: localhost:PORT", "Origin: http://evil.example"], "Origin: expected none, or http://127.0.0.1:PORT"),
        ("POST", ["Host: localhost:PORT", "Origin: null"], "Origin: expected"),
        ("POST", ["Host: localhost:PORT", "Origin: https://localhost:PORT"], "Origin: expected"),
        ("POST", ["Host: localhost:PORT", "Origin: http://localhost:1"], "Origin: expected"),
        ("POST", ["Host: localhost:PORT", "Origin: http://localhost:PORT", "Origin: http://localhost:PORT"], "Origin"),
    ],
)  # fmt: skip
def test_other_sites_get_nothing(live: Running, line: str, headers: list[str], message: str) -> None:
    headers = [header.replace("PORT", str(live.port)) for header in headers]
    answer = live.raw(live.head(f"{line} {live.path} HTTP/1.1", *headers, host=False))
    assert_refused(answer, 403, message.replace("PORT", str(live.port)))


def test_its_own_names_are_served(live: Running) -> None:
    for name in (f"127.0.0.1:{live.port}", f"localhost:{live.port}"):
        head = live.head(f"GET {live.path} HTTP/1.1", f"Host: {name}", f"Origin: http://{name}", host=False)
        assert live.raw(head).status == 200
    assert protocol.address(80) == "127.0.0.1"


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "POST"])
def test_other_methods(live: Running, method: str) -> None:
    answer = live.raw(live.head(f"{method} {live.path} HTTP/1.1"))
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert_hardened(answer)
    assert answer.body == b"" if method == "HEAD" else re.search("expected GET", answer.text)
    assert_refused(live.get("train"), 405, "expected POST for this address")


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        (["Content-Type: application/json"], 411, "Content-Length: expected one"),
        (["Transfer-Encoding: chunked"], 411, "Transfer-Encoding: expected none"),
        (["Transfer-Encoding: chunked", "Content-Length: 2"], 411, "Transfer-Encoding: expected none"),
        (["Content-Length: -1"], 400, "Content-Length: expected one whole number"),
        (["Content-Length: +2"], 400, "Content-Length: expected one whole number"),
        (["Content-Length: 2, 2"], 400, "Content-Length: expected one whole number"),
        (["Content-Length: 2", "Content-Length: 3"], 400, "Content-Length: expected one whole number"),
        (["Content-Length: \xb2"], 400, "Content-Length: expected one whole number"),
        (["Content-Length: 99999999999999999999999"], 400, "Content-Length: expected one whole number"),
        (["Content-Length: 999999999"], 413, r"Content-Length: expected at most \d+"),
        (["Content-Length: 2"], 415, "Content-Type: expected application/json"),
        (["Content-Length: 2", "Content-Type: text/plain"], 415, "Content-Type: expected application/json"),
        (["Content-Length: 2", "Content-Type: application/x-www-form-urlencoded"], 415, "Content-Type"),
    ],
)
def test_bodies_that_are_not_read(live: Running, headers: list[str], status: int, message: str) -> None:
    answer = live.raw(live.head(f"POST {live.path}trace HTTP/1.1", *headers), b"{}" * 50_000)
    assert_refused(answer, status, message)


def test_a_body_has_the_length_that_it_says(live: Running) -> None:
    head = live.head(
        f"POST {live.path}train HTTP/1.1", "Content-Type: application/json; charset=utf-8", "Content-Length: 19"
    )
    body = b'{"command":"pause"}'
    assert live.raw(head, body).status == 200
    assert live.raw(head, body + b"more").status == 200
    assert_refused(live.raw(head, body[:10], ends=True), 400, "expected a body of 19 bytes, .*; received 10")


BODIES = [
    b"", b"{", b"\xff", b"[" * 2000, b'{"x":NaN}', b'{"x":[-Infinity]}', b"{'x':1}", b'{"x":' + b"9" * 4500 + b"}"
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_is_json_with_finite_numbers(live: Running, body: bytes) -> None:
    answer = live.ask("POST", live.path + "trace", body, JSON)
    assert_refused(answer, 400, "expected a body of JSON, in UTF-8, with finite numbers")


ASKED: list[tuple[Any, str]] = [
    ([], "expected an object with example, or with x and target"),
    (None, "expected an object"),
    ({}, "expected an object"),
    ({"example": 1, "x": []}, "expected an object"),
    ({"example": 1, "more": 2}, "expected an object"),
    ({"example": 20}, "example: expected 0 to 19"),
    ({"example": -1}, "example: expected 0 to 19"),
    ({"example": True}, "example: expected 0 to 19"),
    ({"example": "1"}, "example: expected 0 to 19"),
    ({"example": 1.0}, "example: expected 0 to 19"),
    ({"example": 1, "target": None}, "and no target beside it"),
    ({"example": 1, "training": 1}, "training: expected true or false"),
    ({"example": 1, "version": "0"}, "version: expected a whole number or null"),
    ({"example": 1, "step": 1.0}, "step: expected a whole number or null"),
    ({"x": None}, "x: expected a list of 64 numbers"),
    ({"x": [0] * 63}, "x: expected a list of 64 numbers"),
    ({"x": [0] * 63 + [True]}, "x: expected a list of 64 numbers"),
    ({"x": [0] * 63 + [None]}, "x: expected a list of 64 numbers"),
    ({"x": [[0] * 8] * 8}, "x: expected a list of 64 numbers"),
    ({"x": [0] * 63 + [1e300]}, "x: expected finite numbers of float32"),
    ({"x": [0] * 63 + [10**400]}, "x: expected finite numbers of float32"),
    ({"x": [0] * 64, "target": 1}, "target: expected a list of 3 numbers"),
    ({"x": [0] * 64, "target": [1, 0]}, "target: expected a list of 3 numbers"),
    ({"x": [0] * 64, "target": [1, 1, 1]}, "each row of y must be one-hot"),
]


@pytest.mark.parametrize(("asked", "message"), ASKED)
def test_what_cannot_be_traced_is_explained(live: Running, asked: Any, message: str) -> None:
    before = fingerprint(live.network)
    assert_refused(live.post("trace", asked), 400, message)
    assert fingerprint(live.network) == before


def test_a_number_that_json_reads_as_infinity_is_refused(live: Running) -> None:
    body = json.dumps({"x": [0] * 63 + ["much"]}).replace('"much"', "1e999").encode()
    assert_refused(live.ask("POST", live.path + "trace", body, JSON), 400, "x: expected finite numbers")


@pytest.mark.parametrize(
    "asked", [{}, [], {"command": "stop"}, {"command": ["start"]}, {"command": "start", "more": 1}]
)
def test_commands_that_are_not_known(live: Running, asked: Any) -> None:
    assert_refused(live.post("train", asked), 400, 'expected {"command": one of start, pause, step, reset}')
    assert live.state()["state"] == "paused"


@pytest.mark.parametrize(
    "name",
    [
        "state",
        "frame",
        "state?",
        "state?after=",
        "state?after=-1",
        "state?after=1&after=2",
        "frame?step=1e3",
        "frame?after=0",
    ],
)
def test_queries_are_one_number(live: Running, name: str) -> None:
    assert_refused(live.get(name), 400, r"expected \?(after|step)=N, a whole number, in the address")
    assert_refused(live.get("frame?step=77"), 404, "expected a step of which there is a frame")


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "expected a request of HTTP"),
        (b"hello\r\n\r\n", 400, "expected a request of HTTP"),
        (b"GET / HTTP/9.9.9\r\n\r\n", 400, "expected a request of HTTP"),
        (b"GET / HTTP/2.0\r\n\r\n", 505, "expected HTTP/1.0 or HTTP/1.1"),
        (b"POST /\r\n\r\n", 400, "expected a request of HTTP"),
        (b"GET /\r\n\r\n", 403, "Host: expected"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "expected an address of fewer than"),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", 431, "expected at most 100 headers"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, "expected at most 100 headers"),
    ],
)
def test_what_is_no_request(live: Running, sent: bytes, status: int, message: str) -> None:
    assert_refused(live.raw(sent), status, message)
    assert live.state()["step"] == 0


def test_half_a_request_and_silence_hold_nothing(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.raw(b"", ends=True).status == 0
    monkeypatch.setattr(server, "READ_SECONDS", 0.2)
    for sent in (
        b"",
        b"GET /",
        live.head(f"POST {live.path}trace HTTP/1.1", *("Content-Type: application/json", "Content-Length: 5")),
    ):
        assert_refused(live.raw(sent), 408, "expected the whole request within")


def test_one_byte_at_a_time_is_not_enough(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "READ_SECONDS", 0.3)
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection, contextlib.suppress(OSError):
        for _ in range(1000):
            connection.sendall(b"G")
            time.sleep(0.01)
        pytest.fail("it was listened to for ever")


def test_a_client_that_never_stops_sending_is_hung_up_on(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection, contextlib.suppress(OSError):
        while True:
            connection.sendall(b"hello\r\n" * 1000)
    assert live.state()["step"] == 0


def test_there_are_only_so_many_connections(live: Running) -> None:
    with contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", live.port)))
            for _ in range(server.MAX_CONNECTIONS)
        ]
        deadline = time.monotonic() + 30
        while len(live.server._open) < server.MAX_CONNECTIONS and time.monotonic() < deadline:
            time.sleep(0.01)
        assert live.state()["step"] == 0  # the owner is not kept out
        assert silent[0].recv(1) == b""
        for one in silent:
            one.close()
    while live.server._open:
        time.sleep(0.01)
    assert live.state()["step"] == 0


def test_where_all_connections_have_the_token_one_more_is_closed(
    live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = live.head(f"POST {live.path}trace HTTP/1.1", *("Content-Type: application/json", "Content-Length: 5"))
    with contextlib.ExitStack() as stack:
        for _ in range(server.MAX_CONNECTIONS):
            waiting = stack.enter_context(socket.create_connection(("127.0.0.1", live.port)))
            waiting.sendall(head)
        deadline = time.monotonic() + 30
        while (len(live.server._open) < server.MAX_CONNECTIONS or live.server._unknown) and time.monotonic() < deadline:
            time.sleep(0.01)
        one_more = stack.enter_context(socket.create_connection(("127.0.0.1", live.port), timeout=30))
        assert one_more.recv(1) == b""
    while live.server._open:
        time.sleep(0.01)
    assert live.state()["step"] == 0


def test_the_end_waits_for_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    live = Running(small_network(), small_data(20), None, 10**8)
    revision = live.state()["revision"]
    while live.server._open:
        time.sleep(0.01)
    asked, wait = threading.Event(), live.trainer.wait

    def seen(after: int, seconds: float) -> dict[str, Any]:
        asked.set()
        return wait(after, seconds)

    monkeypatch.setattr(live.trainer, "wait", seen)
    with ThreadPoolExecutor(1) as pool, socket.create_connection(("127.0.0.1", live.port), timeout=30) as silent:
        polling = pool.submit(live.get, f"state?after={revision}")
        assert asked.wait(30)
        while len(live.server._open) < 2:
            time.sleep(0.01)
        live.close()
        live.close()  # once more does no harm
        assert polling.result().json()["revision"] == revision + 1
        assert silent.recv(100) == b""
    assert_no_more_threads(before)


def test_a_client_that_hangs_up_is_not_worth_a_word(live: Running, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", live.port)) as connection:
            connection.sendall(live.head(f"GET {live.path} HTTP/1.1"))
    while live.server._open:
        time.sleep(0.01)
    assert live.state()["step"] == 0
    assert capfd.readouterr() == ("", "")


def test_an_error_inside_is_one_line_here_and_nothing_there(
    live: Running, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise ZeroDivisionError("of the\nmodel's own")

    monkeypatch.setattr(live.server.session, "trace", fails)
    assert_refused(live.post("trace", {"example": 1}), 500, "something went wrong here: the terminal says what")
    assert capfd.readouterr() == ("", "numpycnn serve: ZeroDivisionError: of the model's own\n")
    monkeypatch.setattr(server.Handler, "do_GET", fails)
    assert live.raw(live.head(f"GET {live.path} HTTP/1.1")).status == 0
    while live.server._open:
        time.sleep(0.01)
    assert capfd.readouterr() == ("", "numpycnn serve: ZeroDivisionError: of the model's own\n")
    try:
        raise BrokenPipeError("a client that hung up")
    except BrokenPipeError:
        live.server.handle_error(None, None)
    assert capfd.readouterr() == ("", "")


def test_only_this_machine_can_reach_it(live: Running) -> None:
    assert live.server.socket.getsockname() == ("127.0.0.1", live.port)
    assert live.server.socket.family == socket.AF_INET
    assert live.server.address == f"http://127.0.0.1:{live.port}{live.path}"


def headers_of(**values: str) -> Message:
    message = Message()
    for name, value in values.items():
        message[name.replace("_", "-")] = value
    return message


def test_what_is_refused_says_what_was_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message, where it is raised: the others read it as it comes through the socket."""
    good = {"Content_Type": "application/json", "Content_Length": "5"}
    session = Session(small_network(), *small_data(20), 1)
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: protocol.check_source(headers_of(), 5), "Host: expected 127.0.0.1:5 or localhost:5"),
        (lambda: protocol.check_source(headers_of(Host="localhost:5", Origin="null"), 5), "Origin: expected none"),
        (lambda: protocol.route_of("/other/", "token"), "expected the address that was printed"),
        (lambda: protocol.number_of("step=x", "step"), r"expected \?step=N"),
        (lambda: protocol.check_method("GET", "POST"), "expected POST for this address"),
        (lambda: protocol.body_length(headers_of(Transfer_Encoding="x"), 5), "Transfer-Encoding: expected none"),
        (lambda: protocol.body_length(headers_of(), 5), "Content-Length: expected one"),
        (lambda: protocol.body_length(headers_of(Content_Length="x"), 5), "Content-Length: expected one whole number"),
        (lambda: protocol.body_length(headers_of(**good), 4), "Content-Length: expected at most 4"),
        (lambda: protocol.body_length(headers_of(Content_Length="5"), 5), "Content-Type: expected application/json"),
        (lambda: protocol.json_of(b"{}", 3), "expected a body of 3 bytes, as Content-Length says; received 2"),
        (lambda: protocol.json_of(b"{", 1), "expected a body of JSON"),
        (lambda: protocol.choice_of({}, "command", ["a"]), 'expected {"command": one of a}'),
        (lambda: settings.setting_of({}), "expected an object with one of learning_rate, batch_size, optimizer"),
        (lambda: settings.set_learning_rate(SGD(), None), "learning_rate: expected a number from 0 to 1e"),
        (lambda: settings.set_learning_rate(SGD(ExponentialDecay(1, 1, 1)), 1), "the schedule ExponentialDecay computes"),
        (lambda: settings.batch_size_of(0, 9), "batch_size: expected a whole number from 1 to 9"),
        (lambda: settings.optimizer_of(""), "optimizer: expected one of sgd, "),
        (lambda: Trainer(session, None, 1, "no data").reset(), "no data"),
        (lambda: session.trace_request(0), "expected an object"),
        (lambda: session.trace_request({"example": 0, "training": 0}), "training: expected true or false"),
        (lambda: session.trace_request({"example": 0, "version": ""}), "version: expected a whole number or null"),
        (lambda: session.trace(session.trace_request({"example": 0, "step": 1})), "step: expected one whose network"),
        (lambda: session.trace_request({"example": 20}), "example: expected 0 to 19"),
        (lambda: session.trace_request({"x": []}), "x: expected a list of 64 numbers"),
        (lambda: session.trace_request({"x": [1e99] * 64}), "x: expected finite numbers of float32"),
        (lambda: session.trace(session.trace_request({"x": [0] * 64, "target": [1, 1, 1]})), "each row of y must be one-hot"),
        (lambda: routes.frame(Trainer(session, None, 1), "step=5"), "expected a step of which there is a frame"),
        (lambda: server.Handler.asked(asking("/token/other")), "expected one of state, frame, trace, train"),
    ]  # fmt: skip
    for call, message in calls:
        with pytest.raises(RequestError, match=message):
            call()
    session.model.loss = None
    with pytest.raises(RequestError, match="target: expected null, for the model has no loss"):
        session.trace_request({"x": [0] * 64, "target": [1, 0, 0]})
    with pytest.raises(ValueError, match="expected a finite number; received NaN"):
        protocol.refuse_constant("NaN")
    for seconds in (0.01, -1.0):
        one, other = socket.socketpair()
        with one, other:
            other.sendall(b"a" if seconds < 0 else b"")
            with pytest.raises(LateError, match="the request came too late"):
                Deadline(one, seconds).readinto(bytearray(1))


def asking(path: str) -> Any:
    """What a handler has when it has read a request's head."""
    known = dict.fromkeys(["", "state", "frame", "trace", "train"])
    live = Namespace(token="token", server_port=5, routes=known, trust=lambda connection: None)  # noqa: S106
    return Namespace(headers=headers_of(Host="localhost:5"), server=live, path=path, connection=None)


# ------------------------------------------------------------ training


def test_live_training_is_fits_byte_for_byte(live: Running) -> None:
    """Two epochs of three batches, the last of them short, and one batch more."""
    x, y = small_data(25, seed=1)
    alone = small_network()
    alone.fit(x, y, batch_size=10, epochs=2, verbose=0)
    before = fingerprint(alone)[:-1]  # but for the history
    live.reach(6)
    assert fingerprint(live.network)[:-1] == before
    state = live.reach(7)
    assert (state["epoch"], state["batch"], state["batches"], state["state"]) == (3, 1, 3, "paused")
    assert (state["examples"], state["batch_size"]) == (25, 10)


def test_frames_are_what_a_network_trained_that_far_has(live: Running) -> None:
    x, y = small_data(25, seed=1)
    tests = small_data(20)
    live.reach(5)
    alone, orders = small_network(), []
    rows: list[list[float]] = [[0]]
    for step in range(6):
        frame = live.get(f"frame?step={step}").json()
        assert frame["step"] == step
        trace = alone.trace(tests[0][1:2])
        np.testing.assert_array_equal(array_of(frame["tensors"], "conv2d/kernel"), alone.params["conv2d/kernel"])
        for layer in trace.layers.values():
            np.testing.assert_array_equal(array_of(frame["tensors"], f"{layer.name}/output"), layer.output[0])
        if step % 3 == 0:
            orders = [alone._order(25)[:10], alone._order(25)[10:20], alone._order(25)[20:]]
        batch = orders[step % 3]
        rows.append([step + 1, *alone.train_on_batch(x[batch], y[batch]), alone._require_compiled("fit")[1].step_size])
    state = live.state()
    assert state["frames"] == rows[:-1]
    assert state["names"] == ["loss", "accuracy", "learning rate"]
    alone = small_network()
    alone.fit(x, y, batch_size=10, verbose=0)
    assert state["tests"] == [[3, *alone.evaluate(*tests, verbose=0)]]


def test_start_pause_and_hear_of_it(live: Running) -> None:
    assert live.state()["state"] == "paused"
    state = live.command("start")
    while state["step"] < 5:
        later = live.get(f"state?after={state['revision']}").json()
        assert later["revision"] > state["revision"]
        assert later["state"] == "training"
        state = later
    state = live.command("pause")
    step = state["step"]
    while state["state"] == "training":
        state = live.state()
    assert step <= state["step"] <= step + 1  # the batch that was being learnt
    assert live.network.steps == state["step"] == state["frames"][-1][0]


def test_paused_is_said_when_the_batch_is_learnt(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, train = threading.Event(), threading.Event(), live.network.train_on_batch

    def slow(*batch: Any, **how: Any) -> Any:
        begun.set()
        go_on.wait(30)
        return train(*batch, **how)

    monkeypatch.setattr(live.network, "train_on_batch", slow)
    live.command("start")
    assert begun.wait(30)
    assert live.command("pause")["state"] == live.state()["state"] == "training"
    go_on.set()
    while (state := live.state())["state"] == "training":
        time.sleep(0.01)
    assert (state["state"], state["step"]) == ("paused", 1)


@pytest.mark.parametrize(
    ("before", "amid", "steps"),
    [
        ("start", "pause", 1),
        ("start", "pause step", 2),
        ("start", "step pause", 1),
        ("start", "pause step step", 3),
        ("start", "pause step pause", 1),
        ("step", "", 1),
        ("step", "step", 2),
        ("step", "step step", 3),
        ("step", "step pause", 1),
        ("step", "pause step", 2),
        ("step step", "pause", 1),
        ("step step", "", 2),
        ("step pause", "", 0),
        ("pause step", "pause pause step", 2),
        ("step", "start pause step", 2),
    ],
)
def test_a_batch_that_is_being_learnt_takes_no_later_command(before: str, amid: str, steps: int) -> None:
    """Commands before the first batch begins and in the course of it; the thread is held at both places."""
    network = small_network()
    begun, go_on, train = threading.Event(), threading.Event(), network.train_on_batch

    def held(*batch: Any, **how: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return train(*batch, **how)

    network.train_on_batch = held  # type: ignore[method-assign]
    trainer = Trainer(Session(network, *small_data(5), 1), Data(*small_data(25)), 10)
    with contextlib.closing(trainer):
        with trainer._changed:  # the thread sees none of these before all are given
            for name in before.split():
                trainer.command(name)
        assert steps == 0 or begun.wait(30)
        for name in amid.split():
            trainer.command(name)
        go_on.set()
        while (state := trainer.wait(-1, 0))["state"] == "training":
            time.sleep(0.001)
        assert (state["state"], state["step"], network.steps) == ("paused", steps, steps)


def test_a_trace_never_mixes_old_weights_with_new(live: Running) -> None:
    """While training runs, what comes back is what a network trained to the step that it names gives."""
    live.command("start")
    found = [live.post("trace", {"example": 4}).json() for _ in range(10)]
    while found[-1]["step"] == found[0]["step"]:
        found.append(live.post("trace", {"example": 4}).json())
    live.command("pause")
    x, y = small_data(20)
    alone, data = small_network(), small_data(25, seed=1)
    order = np.arange(0)
    for one in found:
        while alone.steps < one["step"]:
            place = alone.steps % 3
            order = alone._order(25) if place == 0 else order
            rows = order[10 * place : 10 * place + 10]
            alone.train_on_batch(data[0][rows], data[1][rows])
        assert alone.steps == one["step"]
        check_trace(one, alone, x[4:5], y[4:5])


def test_two_clients_at_once(live: Running) -> None:
    x, y = small_data(20)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda n: live.post("trace", {"example": n}).json(), range(20)))
        waiting = [pool.submit(live.get, f"state?after={live.state()['revision']}") for _ in range(2)]
        live.command("step")
        assert {one.result().json()["revision"] for one in waiting} <= {2, 3}
    for n, one in enumerate(found):
        check_trace(one, small_network(), x[n : n + 1], y[n : n + 1])


def test_the_state_comes_after_a_while_though_nothing_changed(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "WAIT", 0.05)
    revision = live.state()["revision"]
    assert live.get(f"state?after={revision}").json()["revision"] == revision


class Broken(Activation):
    """Raises when it is told to."""

    broken = False

    def forward(self, x: Array, **how: Any) -> Any:
        if self.broken and how.get("training"):
            raise FloatingPointError("it broke")
        return super().forward(x, **how)


def test_what_a_layer_raises_ends_training_and_is_the_reason(start: Start) -> None:
    broken = Broken("linear")
    network = Sequential([Flatten(input_shape=(8, 8, 1)), broken, Dense(CLASSES, "softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    live = start(network, data=small_data(25))
    live.reach(1)
    broken.broken = True
    live.command("step")
    while (state := live.state())["state"] != "off":
        time.sleep(0.01)
    assert state["reason"] == "Training ended with FloatingPointError: it broke. Reset begins again."
    broken.broken = False
    assert live.post("trace", {"example": 0}).status == 200


def not_a_number(y_true: Array, y_pred: Array) -> Array:
    return np.full(len(y_pred), np.nan)


def test_figures_that_are_not_finite_are_null(start: Start) -> None:
    network = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(CLASSES)], seed=0)
    network.compile("sgd", "mse", [not_a_number])
    step, loss, metric, _ = start(network, data=small_data(25)).reach(1)["frames"][-1]
    assert (step, metric) == (1, None)
    assert loss > 0


def test_a_figure_of_several_numbers_is_shown_as_its_mean(start: Start) -> None:
    network, alone = small_network(compiled=False), small_network(compiled=False)
    for one in (network, alone):
        one.compile("sgd", "categorical_crossentropy", [F1Score()])
    _, _, score, _ = start(network, data=small_data(25)).reach(1)["frames"][-1]
    order = alone._order(25)[:10]
    x, y = small_data(25)
    _, scores = alone.train_on_batch(x[order], y[order])
    assert score == pytest.approx(np.mean(scores))
    assert np.shape(scores) == (CLASSES,)


def test_a_loss_that_is_not_finite_ends_training_and_is_the_reason(start: Start) -> None:
    network = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(CLASSES)], seed=0)
    network.compile("sgd", "mse")
    x, y = small_data(25)
    x[:] = np.nan
    live = start(network, data=(x, y))
    live.command("step")
    while (state := live.state())["state"] != "off":
        time.sleep(0.01)
    assert "x is nan at index" in state["reason"]
    assert state["step"] == 0


def test_without_test_targets_there_are_no_test_figures(start: Start) -> None:
    live = start(tests=(small_data(20)[0], None), data=small_data(25))
    assert live.reach(4)["tests"] == []


def test_what_is_large_is_left_out_of_frames(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numpycnn.show.serve.trainer.MAX_ARRAY_BYTES", 200)
    table = start().get("frame?step=0").json()["tensors"]
    left = {name: entry["left_out"] for name, entry in table.items() if "left_out" in entry}
    assert left["conv2d/output"] == 6 * 6 * 4 * 4
    assert "data" in table["conv2d/kernel"]
    assert "data" in table["dense_1/output"]


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 40, 1000])
def test_frames_stay_within_their_bytes_and_span_all_of_training(count: int) -> None:
    frames = Snapshots[str](10 * 8)
    for step in range(count):
        frames.add(100 + step, f"{step:08}", 8)
        assert 8 * len(frames.by_step()) == frames.bytes <= 80
        assert list(frames.by_step().items())[-1] == (100 + step, f"{step:08}")
    steps = [step - 100 for step in frames.by_step()]
    assert steps[0] == 0
    assert len(steps) > 4 or count < 9
    assert {int(gap) for gap in np.diff(steps[:-1])} <= {frames.stride}
    assert 0 < np.diff(steps[-2:]).sum() <= frames.stride or count == 1
    for step in range(count):
        assert frames.get(100 + step) == (f"{step:08}" if step in steps else None)


def test_the_first_frame_and_the_newest_are_kept_however_large() -> None:
    frames = Snapshots[None](3)
    for step in range(5):
        frames.add(step, None, 5)
        assert list(frames.by_step()) == sorted({0, step})


# ------------------------------------------------------------ looking back


@pytest.mark.parametrize("name", ["small", "whole batch"])
def test_an_earlier_step_is_traced_as_it_was(start: Start, name: str) -> None:
    """Weights, moving averages, the optimizer's next step and dropout's masks; and training is not disturbed by it."""
    data = small_data(25, seed=1)
    live = start(looked_back_at(name), data=data)
    alone = looked_back_at(name)
    found = []
    for step in range(5):
        live.reach(step)
        found.append(live.post("trace", {"example": 4, "training": True}).json())
    assert live.state()["kept"] == [0, 1, 2, 3, 4]
    for one in found:
        again = live.post("trace", {"example": 4, "training": True, "step": one["step"]}).json()
        assert again == one
    live.reach(6)
    alone.fit(*data, batch_size=10, epochs=2, verbose=0)
    assert fingerprint(live.network)[:-1] == fingerprint(alone)[:-1]  # but for the history


def looked_back_at(name: str) -> Sequential:
    if name == "small":
        return small_network()
    layers = [Flatten(input_shape=(8, 8, 1)), Dense(6), BatchNormalization(), Dropout(0.5), Dense(CLASSES, "softmax")]
    network = Sequential(layers, seed=0)
    network.compile("adam", "categorical_crossentropy")
    return network


def test_a_step_that_was_not_kept_is_refused(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    live = start(data=small_data(25, seed=1))
    live.reach(2)
    answer = live.post("trace", {"example": 4, "step": 3})
    assert (answer.status, answer.text) == (404, "step: expected one whose network was kept: state lists them\n")
    live.command("reset")
    assert live.state()["kept"] == [0]
    assert live.post("trace", {"example": 4, "step": 2}).status == 404
    monkeypatch.setattr("numpycnn.show.serve.session.MAX_MOMENT_BYTES", 4)
    live.command("reset")
    assert live.state()["kept"] == []


def test_without_training_no_step_is_kept(start: Start) -> None:
    live = start(data=None)
    assert live.state()["kept"] == []


# ------------------------------------------------------------ what the page changes


class Between(Callback):
    """Does something before each batch, by the number of the step, or stops training there if that returns True."""

    def __init__(self, act: Callable[[Sequential], bool | None], step: int) -> None:
        super().__init__()
        self.act, self.step = act, step

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.model.steps == self.step:
            self.act(self.model)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_training = self.model.steps == self.step and self.act(self.model)


def set_rate(model: Sequential) -> None:
    assert model.optimizer is not None
    model.optimizer.learning_rate = 0.003


def test_a_new_learning_rate_is_what_a_callback_of_fit_sets(live: Running) -> None:
    alone = small_network()
    alone.fit(*small_data(25, seed=1), batch_size=10, epochs=2, verbose=0, callbacks=[Between(set_rate, 2)])
    live.reach(2)
    state = live.post("settings", {"learning_rate": 0.003}).json()
    assert (state["learning_rate"], state["step"], state["batch"]) == (0.003, 2, 2)
    state = live.reach(6)
    assert fingerprint(live.network)[:-1] == fingerprint(alone)[:-1]
    assert [row[-1] for row in state["frames"][1:]] == [*[state["frames"][1][-1]] * 2, *[0.003] * 4]
    assert state["frames"][1][-1] != 0.003


@pytest.mark.parametrize(("name", "value"), [("batch_size", 7), ("optimizer", "adam")])
def test_a_new_batch_size_or_optimizer_is_another_fit(live: Running, name: str, value: Any) -> None:
    x, y = small_data(25, seed=1)
    alone = small_network()
    alone.fit(x, y, batch_size=10, verbose=0, callbacks=[Between(lambda model: True, 2)])
    assert alone.steps == 2
    if name == "optimizer":
        alone.compile(value, alone.loss, ["accuracy"])
    alone.fit(x, y, batch_size=value if name == "batch_size" else 10, verbose=0)
    live.reach(2)
    assert live.post("settings", {name: value}).json()[name] == value
    state = live.reach(alone.steps)
    assert fingerprint(live.network)[:-1] == fingerprint(alone)[:-1]
    assert (state["epoch"], state["batch"]) == (2, state["batches"])
    while not state["tests"]:  # it follows the epoch's last step
        state = live.state()
    assert state["tests"] == [[alone.steps, *alone.evaluate(*small_data(20), verbose=0)]]


def test_reset_is_where_it_began_and_training_is_the_same_again(live: Running) -> None:
    """Whatever was learnt and changed before; the optimizer is not new to the model that was served either."""
    before, first = fingerprint(live.network), live.state()
    trained = fingerprint(live.network) if live.reach(4) else None
    for asked in ({"learning_rate": 3}, {"optimizer": "rmsprop"}, {"batch_size": 1}):
        live.post("settings", asked)
    live.reach(6)
    state = live.command("reset")
    assert fingerprint(live.network) == before
    assert state == {**first, "revision": state["revision"], "version": state["version"], "resets": 1}
    assert live.get("frame?step=1").status == 404
    live.reach(4)
    assert fingerprint(live.network) == trained
    live.command("reset")
    assert fingerprint(live.network) == before


def test_a_network_that_was_trained_before_is_reset_to_that(start: Start) -> None:
    data = small_data(25, seed=1)
    network = small_network()
    network.fit(*data, batch_size=10, epochs=2, verbose=0)
    before = fingerprint(network)
    live = start(network, data=data)
    live.reach(8)
    assert live.command("reset")["step"] == 6
    assert fingerprint(network) == before


def test_reset_ends_what_was_started_and_takes_back_a_failure(start: Start) -> None:
    broken = Broken("linear")
    network = Sequential([Flatten(input_shape=(8, 8, 1)), broken, Dense(CLASSES, "softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    live = start(network, data=small_data(25, seed=1))
    before = fingerprint(network)
    live.command("start")
    assert live.command("reset")["state"] == "paused"
    live.reach(2)
    broken.broken = True
    live.command("start")
    while live.state()["state"] == "training":
        time.sleep(0.005)
    broken.broken = False
    assert live.command("step")["state"] == "off"
    state = live.command("reset")
    assert (state["state"], state["reason"], state["step"]) == ("paused", "", 0)
    assert fingerprint(network) == before
    live.reach(1)


def test_a_batch_that_waits_for_a_change_is_not_begun_after_a_pause(live: Running) -> None:
    turn = live.trainer._turn
    with turn.held():
        live.command("step")
        while not turn._queue.locked():
            time.sleep(0.001)
        assert live.command("pause")["state"] == "paused"
    with turn.held():  # after the thread, which waited first
        assert live.state()["step"] == 0
    live.reach(1)


def test_what_changed_at_the_same_step_is_sent_again(live: Running) -> None:
    """After a reset a step comes twice, with other weights; and the optimizer's next step has another rate."""
    live.reach(1)
    found = live.post("trace", {"example": 2}).json()
    live.command("reset")
    live.post("settings", {"learning_rate": 0.003})
    state = live.reach(1)
    again = live.post("trace", {"example": 2, "version": found["version"]}).json()
    assert (again["step"], again["version"]) == (1, state["version"])
    assert again["tensors"].keys() == found["tensors"].keys()
    assert again["optimizer"]["config"]["learning_rate"] == 0.003
    assert again["tensors"]["conv2d/parameters/kernel"] != found["tensors"]["conv2d/parameters/kernel"]


def test_a_schedule_is_named_and_its_rates_are_recorded(start: Start) -> None:
    network = small_network()
    network.compile(SGD(ExponentialDecay(0.1, 1, 0.5)), "categorical_crossentropy")
    live = start(network, data=small_data(25, seed=1))
    state = live.reach(3)
    assert (state["optimizer"], state["learning_rate"], state["schedule"]) == ("sgd", None, "ExponentialDecay")
    np.testing.assert_allclose([row[-1] for row in state["frames"][1:]], [0.1, 0.05, 0.025])
    answer = live.post("settings", {"learning_rate": 0.1})
    assert_refused(
        answer, 409, "learning_rate: the schedule ExponentialDecay computes it; choose an optimizer to set it"
    )
    assert live.post("settings", {"optimizer": "sgd"}).json()["learning_rate"] == 0.01
    assert live.post("settings", {"learning_rate": 0.1}).json()["learning_rate"] == 0.1


REFUSED: list[tuple[Any, str]] = [
    ([], "expected an object with one of learning_rate, batch_size, optimizer"),
    ({}, "expected an object with one of"),
    ({"learning_rate": 0.1, "batch_size": 2}, "expected an object with one of"),
    ({"seed": 1}, "expected an object with one of"),
    ({"learning_rate": None}, "learning_rate: expected a number from 0 to 1e"),
    ({"learning_rate": True}, "learning_rate: expected a number"),
    ({"learning_rate": "0.1"}, "learning_rate: expected a number"),
    ({"learning_rate": {"class_name": "ExponentialDecay"}}, "learning_rate: expected a number"),
    ({"learning_rate": -1e-9}, "learning_rate: expected a number"),
    ({"learning_rate": 10**400}, "learning_rate: expected a number"),
    ({"batch_size": 0}, "batch_size: expected a whole number from 1 to 25"),
    ({"batch_size": 26}, "batch_size: expected a whole number"),
    ({"batch_size": 2.0}, "batch_size: expected a whole number"),
    ({"batch_size": True}, "batch_size: expected a whole number"),
    ({"optimizer": "best"}, "optimizer: expected one of sgd, rmsprop, adam"),
    ({"optimizer": ["adam"]}, "optimizer: expected one of"),
    ({"optimizer": {"class_name": "Adam"}}, "optimizer: expected one of"),
]


def test_settings_that_are_refused_change_nothing(live: Running) -> None:
    live.reach(1)
    before, state = fingerprint(live.network), live.state()
    for asked, message in REFUSED:
        assert_refused(live.post("settings", asked), 400, message)
    assert_refused(live.get("settings"), 405, "expected POST")
    assert fingerprint(live.network) == before
    assert live.state() == state


def test_a_kept_network_goes_on_as_the_served_one(live: Running, tmp_path: Path) -> None:
    """With its optimizer; it is the file that `save` writes."""
    live.reach(3)
    answer = live.get("network")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert_hardened(answer)
    path = tmp_path / "kept.safetensors"
    path.write_bytes(answer.body)
    kept = load_model(path)
    assert isinstance(kept, Sequential)
    assert fingerprint(kept) == fingerprint(live.network)
    live.network.save(tmp_path / "saved.safetensors")
    assert answer.body == (tmp_path / "saved.safetensors").read_bytes()
    kept.fit(*small_data(25, seed=1), batch_size=10, verbose=0)
    live.reach(6)
    assert fingerprint(kept)[:-1] == fingerprint(live.network)[:-1]
    assert_refused(live.ask("GET", "/network"), 403, "with its token")
    assert_refused(live.ask("GET", "/x/network"), 403, "with its token")


def test_layers_of_the_users_own_are_not_kept(start: Start) -> None:
    network = Sequential([Broken("linear"), Flatten(), Dense(CLASSES, "softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    assert_refused(start(network).get("network"), 409, "the network cannot be kept: it has layers or")
    with pytest.raises(RequestError, match="the network cannot be kept: it has layers or others of your own"):
        Session(network, *small_data(20), 1).kept()


def test_where_nothing_is_trained_nothing_can_be_changed(start: Start) -> None:
    live = start()
    for answer in (live.post("settings", {"batch_size": 1}), live.post("train", {"command": "reset"})):
        assert_refused(answer, 409, "no data")


# ------------------------------------------------------------ the command


@pytest.fixture
def part_of_mnist(monkeypatch: pytest.MonkeyPatch) -> Any:
    (x_train, y_train), (x_test, y_test) = mnist_images()
    part = (x_train[:300], y_train[:300]), (x_test[:50], y_test[:50])
    monkeypatch.setattr(mnist, "load_data", lambda: part)
    return part


def options(**given: Any) -> Namespace:
    return Namespace(**{"model": None, "port": 0, "digit": 0, "no_browser": True, **given})


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize("arguments", [[], ["--no-browser"]])
def test_the_command_serves_until_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    opened: list[str] = []

    def press(self: Server, *_: object) -> None:
        while not opened and not arguments:
            time.sleep(0.01)
        raise KeyboardInterrupt

    def look(url: str) -> None:
        page = Path(url2pathname(urlsplit(url).path))
        assert os.name == "nt" or page.stat().st_mode & 0o077 == 0  # no other user can read it
        leads.append(page)
        opened.append(re.findall('content="0; url=(.*?)"', page.read_text(encoding="utf-8"))[0])

    leads: list[Path] = []
    monkeypatch.setattr(webbrowser, "open", look)
    monkeypatch.setattr(Server, "serve_forever", press)
    before = threading.active_count()
    assert main(["serve", *arguments]) == 130
    out = capsys.readouterr().out
    address, said, _, end = out.splitlines()
    assert opened == ([] if arguments else [address])
    assert not any(page.exists() for page in leads)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)
    assert said == "Open it in a browser on this machine. Ctrl-C ends it."
    assert end == "Stopped by Ctrl-C after step 0. Nothing was saved."
    assert_no_more_threads(before)


@pytest.mark.usefixtures("part_of_mnist")
def test_a_second_ctrl_c_breaks_nothing_while_the_last_batch_is_learnt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press(self: Server, *_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    def press_and_close(self: Server) -> None:
        press(self)
        close(self)

    close, before, handler = Server.close, threading.active_count(), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Server, "serve_forever", press)
    monkeypatch.setattr(Server, "close", press_and_close)
    assert main(["serve", "--no-browser"]) == 130
    assert capsys.readouterr().out.endswith("\nStopped by Ctrl-C after step 0. Nothing was saved.\n")
    assert signal.getsignal(signal.SIGINT) == handler
    assert_no_more_threads(before)


def test_ctrl_c_before_it_began(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mnist, "load_data", press)
    assert main(["serve", "--no-browser"]) == 130
    assert capsys.readouterr().out == "\nStopped by Ctrl-C before it began.\n"


def test_the_command_watches_the_digit_and_trains_on_mnist(part_of_mnist: Any) -> None:
    running = serve.make_server(options(digit=7))
    try:
        assert running.session.example == 7
        np.testing.assert_allclose(running.session.x[:, :, :, 0], part_of_mnist[1][0] / 255, rtol=1e-6)
        state = running.trainer.wait(0, 0)
        assert (state["examples"], state["batches"], state["batch_size"]) == (300, 2, 200)
        assert running.session.model.count_params() == 1_182_730
    finally:
        running.close()


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize(
    ("loss", "units", "reason"),
    [
        (None, 10, "Training is off: the network is not compiled, so it has no loss to minimize."),
        ("mse", 5, r"Training is off: the network's output is (5,), but MNIST has ten classes."),
        ("sparse_categorical_crossentropy", 10, ""),
    ],
)
def test_the_command_takes_a_network_from_a_file(tmp_path: Path, loss: str | None, units: int, reason: str) -> None:
    network = Sequential([Flatten(input_shape=(28, 28)), Dense(units, "softmax")], seed=0)
    if loss:
        network.compile("sgd", loss)
    network.save(tmp_path / "model.safetensors")
    running = serve.make_server(options(model=str(tmp_path / "model.safetensors")))
    try:
        assert running.trainer.able == (not reason)
        assert running.trainer.reason == reason
        assert (running.session.y is None) == bool(reason)
    finally:
        running.close()


@pytest.mark.usefixtures("part_of_mnist")
def test_the_command_explains_what_will_not_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelFileError, match="--digit: the test images are 0 to 49; received 50"):
        serve.make_server(options(digit=50))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"--port {port}: "):
            serve.make_server(options(port=port))
        assert main(["serve", "--no-browser", "--port", str(port)]) == 1
    assert f"--port {port}: " in capsys.readouterr().err
    assert not [thread for thread in threading.enumerate() if thread.name == "training"]
    with pytest.raises(ArgumentTypeError, match="expected a whole number of at most 65535; received '65536'"):
        serve.port_number("65536")
    with pytest.raises(SystemExit):
        main(["serve", "--port", "x"])
    assert "argument --port: expected a whole number of at least 0; received 'x'" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process alone")
def test_ctrl_c_ends_it_cleanly_while_it_trains_and_is_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        out.open("wb") as stream,
        subprocess.Popen(  # noqa: S603
            [*COMMAND, "serve", "--no-browser"], stdout=stream, stderr=subprocess.STDOUT, preexec_fn=hear_ctrl_c
        ) as process,
    ):
        try:
            while b"\n" not in out.read_bytes():
                assert process.poll() is None, out.read_text()
                time.sleep(0.05)
            port, path = re.match(r"http://127\.0\.0\.1:(\d+)(/.*/)\n", out.read_text()).groups()  # type: ignore[union-attr]
            connection = HTTPConnection("127.0.0.1", int(port), timeout=60)
            connection.request("POST", f"{path}train", b'{"command":"start"}', JSON)
            assert connection.getresponse().read().startswith(b"{")
            silent = socket.create_connection(("127.0.0.1", int(port)))
            connection = HTTPConnection("127.0.0.1", int(port), timeout=60)
            connection.request("GET", f"{path}state?after=2")
            assert json.loads(connection.getresponse().read())["state"] == "training"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
            silent.close()
        finally:
            process.kill()
    text = out.read_text()
    assert "Traceback" not in text
    assert re.fullmatch(r"http:\S+\nOpen it .*\n\nStopped by Ctrl-C after step \d+\. Nothing was saved\.\n", text), text
