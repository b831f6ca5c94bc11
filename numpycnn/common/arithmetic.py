"""Arithmetic of whole numbers that Python has no name for."""


def ceil_div(a: int, b: int) -> int:
    """a/b rounded up to a whole number, for b above 0."""
    return -(-a // b)
