"""Serve the explorer live: one page that shows a running network, traces digits drawn on it and trains it."""

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpycnn.app.commands.train import INTERRUPTED, whole_number
from numpycnn.app.inputs import as_inputs, targets
from numpycnn.app.tutorial import tutorial_network
from numpycnn.datasets import mnist
from numpycnn.engine.batching import Data
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential, load_model

if TYPE_CHECKING:
    from numpycnn.show.serve.server import Server

DESCRIPTION = (
    "Open the explorer in a browser, served by this process: digits drawn there are traced through the network here, "
    "and training can be watched live: loss, accuracy, filters and the feature maps of one digit. Without --model, the "
    "network is the tutorial's, untrained. Only this machine can reach the page, at an address with a random token. "
    "Nothing is written to disk, but for a file of your own that leads the browser there, so that no other user reads "
    "the token in its command line. Ctrl-C stops it."
)

BATCH_SIZE = 200  # 300 steps per epoch
MAX_PORT = 65_535


def port_number(text: str) -> int:
    """For argparse: 0 to 65535."""
    port: int = whole_number(at_least=0)(text)
    if port > MAX_PORT:
        raise argparse.ArgumentTypeError(f"expected a whole number of at most {MAX_PORT}; received {text!r}")
    return port


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="the network: a file of model.save, of --resume or of Keras, see the command formats",
    )
    parser.add_argument("--port", type=port_number, default=0, metavar="N", help="(default: any that is free)")
    digit: Any = whole_number(at_least=0)
    parser.add_argument(
        "--digit", type=digit, default=0, metavar="N", help="the test image to watch (default: %(default)s)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Returns the exit status."""
    try:
        server = make_server(args)
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C before it began.")
        return INTERRUPTED
    try:
        print(f"{server.address}\nOpen it in a browser on this machine. Ctrl-C ends it.", flush=True)
        with nullcontext() if args.no_browser else opened(server.address):
            server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        close(server)
    print(f"\nStopped by Ctrl-C after step {server.session.model.steps}. Nothing was saved.")
    return INTERRUPTED


@contextmanager
def opened(address: str) -> Iterator[None]:
    """Open an address in the browser by a file that only this user can read: other users see command lines."""
    import webbrowser  # deferred: slow imports
    from tempfile import mkstemp

    handle, name = mkstemp(".html", "numpycnn-")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}"><title>numpycnn</title>')
        leads = Path(name).as_uri()
        threading.Thread(target=webbrowser.open, args=(leads,), daemon=True).start()  # a text browser would block
        yield
    finally:
        Path(name).unlink(missing_ok=True)


def close(server: "Server") -> None:
    """Close the server after the current batch; a second Ctrl-C is ignored meanwhile."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server.close()
    finally:
        signal.signal(signal.SIGINT, before)


def make_server(args: argparse.Namespace) -> "Server":
    """The server, with the network and the data. Raises ModelFileError for invalid arguments, and OSError."""
    from numpycnn.show.serve.server import Server  # deferred: slow import
    from numpycnn.show.serve.session import Session
    from numpycnn.show.serve.trainer import Trainer

    train, (x_test, y_test) = mnist.load_data()
    if args.digit >= len(x_test):
        raise ModelFileError(f"--digit: the test images are 0 to {len(x_test) - 1}; received {args.digit}")
    network = tutorial_network(seed=0) if args.model is None else load_model(args.model)
    session = Session(network, as_inputs(network, x_test), targets(network, y_test), args.digit)
    data, reason = training_data(network, *train)
    trainer = Trainer(session, data, BATCH_SIZE, reason)
    try:
        return Server(session, trainer, args.port)
    except OSError as error:
        trainer.close()
        raise OSError(f"--port {args.port}: {error.strerror}") from None


def training_data(network: Sequential, x: Any, y: Any) -> tuple[Data | None, str]:
    """(MNIST's training data for the network, ""), or (None, the reason why it cannot be trained on them)."""
    labels = targets(network, y)
    if network.loss is None:
        return None, "Training is off: the network is not compiled, so it has no loss to minimize."
    if labels is None:
        return None, f"Training is off: the network's output is {network.shape_out}, but MNIST has ten classes."
    return Data(as_inputs(network, x), labels), ""
