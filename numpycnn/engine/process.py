"""Which process this is: how work that was sent to another process knows that it has arrived in another.

Process ids do not tell: processes of different containers may have the same one.
"""

import os

_identity = {"token": os.urandom(16)}


def token() -> bytes:
    """Random bytes that no other process has: drawn when the module is first imported in it, or after a fork."""
    return _identity["token"]


def renew() -> None:
    """Draw the token anew."""
    _identity["token"] = os.urandom(16)


# A forked process starts with a copy of its parent's memory, and so of the token. Windows has no fork to ask for.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=renew)
