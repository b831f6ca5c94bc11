"""A table that a command prints, and that the README has between two comments."""

import re
from pathlib import Path


def print_or_update(table: str, name: str, path: Path | None) -> int:
    """Print the table; or put it into a file, between the comments of that name. Returns the exit status."""
    if path is None:
        print(table, end="")
        return 0
    block = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end of {re.escape(name)} -->)", re.DOTALL)
    text, count = block.subn(lambda match: f"{match[1]}\n{table}\n{match[2]}", path.read_text("utf-8"))
    if count != 1:
        print(f"{path}: expected one place for the table, between two comments; found {count}")
        return 1
    path.write_text(text, "utf-8")
    return 0
