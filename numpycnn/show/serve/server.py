"""The HTTP server of the live page: on the loopback address, for clients that know the token.

Every connection carries one request, with a deadline for the request and one for the response. The number of
connections is limited; where there are too many, the oldest that has not shown the token makes room for a new one, so
that clients without it cannot keep the others out.
"""

import io
import os
import secrets
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from numpycnn.show.serve.protocol import (
    HOST,
    RequestError,
    address,
    body_length,
    check_method,
    check_source,
    json_of,
    route_of,
)
from numpycnn.show.serve.routes import Route, routes
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.trainer import Trainer

MAX_CONNECTIONS = 32  # at a time
READ_SECONDS = 10.0  # seconds for the whole request
WRITE_SECONDS = 30.0  # seconds for each write of the response
ROOM_SECONDS = 1.0  # seconds that a connection has to make room for another
LINGER_SECONDS = 1.0  # seconds to read what a client still sends after a refusal

PLAIN = "text/plain; charset=utf-8"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}
EXPECTED = {
    400: "expected a request of HTTP/1.0 or HTTP/1.1",
    408: f"expected the whole request within {READ_SECONDS:.0f} seconds",
    414: "expected an address of fewer than 65,536 bytes",
    431: "expected at most 100 headers of fewer than 65,536 bytes each",
    501: "expected GET or POST",
    505: "expected HTTP/1.0 or HTTP/1.1",
}
"""The messages for requests that the standard library refuses, and for late ones."""


class LateError(Exception):
    """A request that missed its deadline."""


class Deadline(io.RawIOBase):
    """A raw stream of the bytes that a connection receives within a number of seconds in total."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection, self._end = connection, time.monotonic() + seconds

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, and return the number of bytes. Raises LateError after the deadline."""
        left = self._end - time.monotonic()
        try:
            self._connection.settimeout(max(left, 1e-6))
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            left = 0
        if left <= 0:
            raise LateError("the request came too late")
        return count


class Server(ThreadingHTTPServer):
    """Serves a session and its trainer at `address`, from `serve_forever` to `close`. port: 0 for any free port.

    Raises OSError for a port that is not available.
    """

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS
    allow_reuse_address = os.name != "nt"  # on Windows it would allow another program to bind the same port

    def __init__(self, session: Session, trainer: Trainer, port: int = 0) -> None:
        self.session, self.trainer, self.token = session, trainer, secrets.token_urlsafe(24)
        self.routes = routes(session, trainer)
        self._free, self._open = threading.Semaphore(MAX_CONNECTIONS), set[socket.socket]()
        self._unknown: dict[socket.socket, None] = {}  # those that have not shown the token, the oldest first
        super().__init__((HOST, port), Handler)

    def server_bind(self) -> None:
        """Bind without a DNS lookup of the machine's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    @property
    def address(self) -> str:
        """The URL to open in a browser."""
        return f"http://{address(self.server_port)}/{self.token}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle the request in a new thread, or close the connection if there are too many."""
        if self._free.acquire(blocking=False) or self._make_room():
            self._open.add(request)
            self._unknown[request] = None
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def _make_room(self) -> bool:
        """Hang up on the oldest connection that has not shown the token. Returns whether its place is free."""
        for oldest in list(self._unknown)[:1]:
            self.trust(oldest)
            hang_up(oldest, socket.SHUT_RDWR)
            return self._free.acquire(timeout=ROOM_SECONDS)
        return False

    def trust(self, connection: socket.socket) -> None:
        """Note that a connection has shown the token, or is no more."""
        self._unknown.pop(connection, None)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle the request, and release its slot."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)
            self.trust(request)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print one line; nothing for clients that disconnect."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log_error(error)

    def close(self) -> None:
        """Stop training after its batch, close all connections, and wait for their threads."""
        self.server_close()
        self.trainer.close()
        for connection in list(self._open):
            hang_up(connection, socket.SHUT_RD)
        for _ in range(MAX_CONNECTIONS):
            self._free.acquire(timeout=WRITE_SECONDS)
        self._free.release(MAX_CONNECTIONS)


class Handler(BaseHTTPRequestHandler):
    """One connection, and its one request."""

    server: Server
    default_request_version = "HTTP/1.0"  # not 0.9, whose answers have no headers
    server_version, sys_version = "numpycnn", ""
    command, requestline, request_version = "", "", default_request_version  # until the request line is parsed

    def setup(self) -> None:
        """Set the deadline for the request."""
        super().setup()
        self.rfile = io.BufferedReader(Deadline(self.connection, READ_SECONDS))

    def handle(self) -> None:
        """Handle the request: see `do_GET`, and `send_error` for an invalid one."""
        try:
            self.handle_one_request()
        except LateError:
            self.send_error(408)

    def finish(self) -> None:
        """Read what the client still sends: closing before that could discard the response (TCP reset)."""
        super().finish()
        hang_up(self.connection, socket.SHUT_WR)
        rest = Deadline(self.connection, LINGER_SECONDS)
        with suppress(LateError, OSError):
            while rest.read(1 << 16):
                pass

    def do_GET(self) -> None:
        """Send the response, or an error with a message of one sentence."""
        try:
            route, argument = self.asked()
            self.send(HTTPStatus.OK, route.kind, route.answer(argument))
        except RequestError as error:
            self.send(error.status, PLAIN, f"{error}\n".encode(), error.headers)
        except (OSError, LateError):
            raise
        except Exception as error:
            log_error(error)
            self.send(500, PLAIN, b"something went wrong here: the terminal says what\n")

    def do_POST(self) -> None:
        """The same as do_GET; the route decides."""
        self.do_GET()

    def asked(self) -> tuple[Route, Any]:
        """The route of a request, and its query or JSON body. Raises RequestError for an invalid request."""
        check_source(self.headers, self.server.server_port)
        name, query = route_of(self.path, self.server.token)
        self.server.trust(self.connection)
        route = self.server.routes.get(name)
        if route is None:
            raise RequestError(404, f"expected one of {', '.join(filter(None, self.server.routes))} after the token")
        check_method(self.command, route.method)
        if route.method == "GET":
            return route, query
        length = body_length(self.headers, self.server.session.max_body_bytes)
        return route, json_of(self.rfile.read(length), length)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse an invalid request. Overrides the standard library's message, which may repeat what was sent."""
        status, headers = (405, {"Allow": "GET, POST"}) if code == 501 else (code, {})
        self.close_connection = True
        self.send(status, PLAIN, f"{EXPECTED[code]}\n".encode(), headers)

    def send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send the whole response."""
        self.connection.settimeout(WRITE_SECONDS)
        self.send_response(status)
        for name, value in (
            HEADERS | {"Content-Type": kind, "Content-Length": str(len(body))} | (headers or {})
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Do not log requests."""


def hang_up(connection: socket.socket, how: int) -> None:
    """Shut down one direction of a connection, which may be closed already."""
    with suppress(OSError):
        connection.shutdown(how)


def log_error(error: BaseException | None) -> None:
    """Print an unexpected error in one line."""
    print(f"numpycnn serve: {type(error).__name__}: {error}".replace("\n", " "), file=sys.stderr, flush=True)
