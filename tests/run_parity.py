"""What can be run: `python tests/run_parity.py --help`, in the root of the repository."""

import argparse
import importlib
import sys

from parity.accuracy import accuracy
from parity.figures import BOUNDS
from parity.live import live
from parity.replay import replay
from parity.tutorial import tutorial


def main() -> int:
    """Run a command. Returns the exit status: 0 where all is within its bounds."""
    args = parser().parse_args()
    if args.command == "live":
        return int(not live(args.framework, args.networks, args.seed, args.dtype))
    if args.command == "tutorial":
        return int(not tutorial(args.framework, record=args.record))
    if args.command == "golden":
        return int(not replay())
    if args.command == "accuracy":
        return int(not accuracy(args.seeds))
    if args.command in ("layers", "penalties", "files"):
        module = importlib.import_module(f"parity.{args.command}")  # it needs Keras
        more = (args.dtype,) if args.command == "files" else ()
        return int(not module.compare(args.many, args.seed, *more))
    if args.command == "optimizers":
        from parity import optimizers

        if args.record:
            optimizers.record()
        return int(not optimizers.compare(args.optimizers, args.seed))
    importlib.import_module(f"parity.{args.command}").record()  # "record", which needs all frameworks, or "certain"
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(description="Hold numpycnn to Keras and PyTorch.")
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
    files = commands.add_parser("files", help="compare with Keras through its files, in both directions")
    files.add_argument("--networks", dest="many", type=int, default=1000, help="how many (default: %(default)s)")
    files.add_argument("--seed", type=int, default=0, help="where the drawing starts (default: %(default)s)")
    files.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="default: %(default)s")
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
