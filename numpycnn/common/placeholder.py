"""What `from numpycnn.layers import LSTM` gives: a stand-in for a name of Keras's that is not there.

Scripts import names that they never use; the error comes when one is used.
"""

from typing import Any, NoReturn


class Placeholder:
    """Stands for a name that is not there: whatever is done with it raises an error that says so."""

    def __init__(self, message: str) -> None:
        self._message = message

    def __call__(self, *args: Any, **options: Any) -> NoReturn:
        raise NotImplementedError(self._message)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        """Called by Python for a class that derives from it."""
        raise NotImplementedError(self._message)

    def __instancecheck__(self, instance: object) -> bool:
        """Nothing is an instance of what is not there."""
        return False

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError("" if name.startswith("_") else self._message, name=name, obj=self)

    def __repr__(self) -> str:
        return f"<{self._message}>"
