"""An identity for this process, by which a task knows whether it runs in another process than its caller.

Process ids are not enough: processes in different containers may have the same one.
"""

import os

_identity = {"token": os.urandom(16)}


def token() -> bytes:
    """Random bytes, unique to this process: drawn when the module is imported, and again after a fork."""
    return _identity["token"]


def renew() -> None:
    """Draw a new token."""
    _identity["token"] = os.urandom(16)


# A forked process starts with a copy of its parent's memory, token included. Windows has no fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=renew)
