"""Integer arithmetic."""


def ceil_div(a: int, b: int) -> int:
    """a/b rounded up, for b > 0."""
    return -(-a // b)
