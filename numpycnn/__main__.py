"""The command line: `python -m numpycnn COMMAND`; without a command it trains."""

import argparse
import os
import sys
from collections.abc import Sequence

from numpycnn import __version__
from numpycnn.app.commands import convert, explore, formats, gradcheck, grade, names, predict, serve, train
from numpycnn.files import ModelFileError

COMMANDS = {
    "train": train,
    "predict": predict,
    "explore": explore,
    "serve": serve,
    "gradcheck": gradcheck,
    "grade": grade,
    "names": names,
    "convert": convert,
    "formats": formats,
}
DEFAULT = "train"
HELP = (
    f"Commands: {', '.join(COMMANDS)}. Without one it is {DEFAULT}. 'python -m numpycnn COMMAND --help' describes each."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command named in the arguments, and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    named = bool(arguments) and arguments[0] in COMMANDS
    name = arguments.pop(0) if named else DEFAULT
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"python -m numpycnn {name}" if named else "python -m numpycnn", epilog=HELP)
    parser.add_argument("--version", action="version", version=f"numpycnn {__version__}")
    command.add_arguments(parser)
    try:
        return command.run(parser.parse_args(arguments))
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C.")
        return train.INTERRUPTED
    except BrokenPipeError:  # the reader of the output, such as `head`, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ModelFileError) as error:  # about a file named by the user
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
