"""What can be run: `python tests/run_parity.py --help`, in the root of the repository."""

import importlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from parity import files
from parity.accuracy import accuracy
from parity.figures import BOUNDS
from parity.live import live
from parity.replay import replay
from parity.tutorial import tutorial


def main() -> int:
    """Run a command. Returns the exit status: 0 where all is within its bounds."""
    args = parser().parse_args()
    return int(not COMMANDS[args.command](args))


def layers(args: Namespace) -> bool:
    """The command "layers" or "penalties", which needs Keras."""
    module = importlib.import_module(f"parity.{args.command}")
    return bool(module.compare(args.many, args.seed))


def optimizers(args: Namespace) -> bool:
    """The command "optimizers"."""
    module = importlib.import_module("parity.optimizers")
    if args.record:
        module.record()
    return bool(module.compare(args.optimizers, args.seed))


def record(args: Namespace) -> bool:
    """The command "record", which needs all frameworks, or "certain"."""
    importlib.import_module(f"parity.{args.command}").record()
    return True


COMMANDS: dict[str, Callable[[Namespace], bool]] = {
    "accuracy": lambda args: accuracy(args.seeds),
    "certain": record,
    "files": lambda args: files.compare(args.format, args.many, args.seed, args.dtype),
    "golden": lambda args: replay(),
    "layers": layers,
    "live": lambda args: live(args.framework, args.networks, args.seed, args.dtype),
    "optimizers": optimizers,
    "penalties": layers,
    "record": record,
    "tutorial": lambda args: tutorial(args.framework, record=args.record),
}


def parser() -> ArgumentParser:
    """The commands and their options."""
    whole = ArgumentParser(description="Hold numpycnn to Keras and PyTorch.")
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("golden", help="compare on the networks on file; needs no framework")
    commands.add_parser("record", help="make golden.npz anew; needs Keras, JAX and PyTorch")
    commands.add_parser("certain", help="make certain.json anew, of layers that draw numbers; needs Keras and JAX")
    live = commands.add_parser("live", help="compare on fresh random networks")
    tutorial = commands.add_parser("tutorial", help="compare 60 steps of the tutorial's network, without dropout")
    for command in (live, tutorial):
        command.add_argument("framework", choices=["keras", "torch"])
    single = commands.add_parser("layers", help="compare single layers with Keras")
    single.add_argument("--layers", dest="many", type=int, default=1000, help="how many (default: %(default)s)")
    single.add_argument("--seed", type=int, default=0, help="where the drawing starts (default: %(default)s)")
    exchanged = commands.add_parser("files", help="compare through files, out and in again")
    exchanged.add_argument(
        "format", choices=files.FORMATS, help="keras needs Keras and JAX, onnx onnxruntime, torch PyTorch"
    )
    exchanged.add_argument("--networks", dest="many", type=int, default=1000, help="how many (default: %(default)s)")
    exchanged.add_argument("--seed", type=int, default=0, help="where the drawing starts (default: %(default)s)")
    exchanged.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="default: %(default)s")
    penalized = commands.add_parser("penalties", help="compare regularizers, constraints and metrics with Keras")
    penalized.add_argument("--networks", dest="many", type=int, default=200, help="how many (default: %(default)s)")
    penalized.add_argument("--seed", type=int, default=0, help="where the drawing starts (default: %(default)s)")
    alone = commands.add_parser("optimizers", help="compare optimizers and schedules with Keras, without a network")
    alone.add_argument("--optimizers", type=int, default=1000, help="how many (default: %(default)s)")
    alone.add_argument("--seed", type=int, default=0, help="where the drawing starts (default: %(default)s)")
    alone.add_argument("--record", action="store_true", help="keep Keras's numbers in optimizers.json first")
    live.add_argument("--networks", type=int, default=1000, help="how many (default: %(default)s)")
    live.add_argument("--seed", type=int, default=0, help="where the drawing starts (default: %(default)s)")
    live.add_argument("--dtype", choices=BOUNDS, default="float64", help="default: %(default)s")
    tutorial.add_argument("--record", action="store_true", help="keep the framework's losses in tutorial.json")
    accuracy = commands.add_parser("accuracy", help="compare test accuracies after two epochs of the tutorial")
    accuracy.add_argument("--seeds", type=int, default=5, help="how many of each (default: %(default)s)")
    return whole


if __name__ == "__main__":
    sys.exit(main())
