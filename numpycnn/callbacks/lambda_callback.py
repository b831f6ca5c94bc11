"""A callback made of functions."""

from collections.abc import Callable
from typing import Any

from numpycnn.callbacks.base import Callback
from numpycnn.common import checks

Hook = Callable[..., Any] | None


class LambdaCallback(Callback):
    """A callback made of functions: `LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))`.

    Each argument is the function for the hook of that name, and is called with what that hook is called with.
    Raises TypeError for what cannot be called. Source: Keras's LambdaCallback.
    """

    def __init__(
        self,
        on_epoch_begin: Hook = None,
        on_epoch_end: Hook = None,
        on_train_begin: Hook = None,
        on_train_end: Hook = None,
        on_train_batch_begin: Hook = None,
        on_train_batch_end: Hook = None,
        *,
        on_batch_begin: Hook = None,
        on_batch_end: Hook = None,
        on_test_begin: Hook = None,
        on_test_end: Hook = None,
        on_test_batch_begin: Hook = None,
        on_test_batch_end: Hook = None,
        on_predict_begin: Hook = None,
        on_predict_end: Hook = None,
        on_predict_batch_begin: Hook = None,
        on_predict_batch_end: Hook = None,
    ) -> None:
        hooks = {name: value for name, value in locals().items() if name.startswith("on_")}
        for name, function in hooks.items():
            if function is not None:
                checks.function("LambdaCallback", name, function)
                setattr(self, name, function)
