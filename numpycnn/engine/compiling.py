"""What `compile` takes besides optimizer, loss and metrics: how Keras is to run a model.

NumPy runs it in one way alone, so these arguments are checked, and have no effect.
"""

from typing import Any

from numpycnn.common import checks


def check_how_to_run(
    owner: str, run_eagerly: Any, steps_per_execution: Any, jit_compile: Any, auto_scale_loss: Any
) -> None:
    """Raise TypeError or ValueError for what Keras would not take; None is what tf.keras takes for its default."""
    flags = {"run_eagerly": run_eagerly, "auto_scale_loss": auto_scale_loss}
    if isinstance(jit_compile, str):
        checks.choice(owner, "jit_compile", jit_compile, ("auto",))
    else:
        flags["jit_compile"] = jit_compile
    for name, value in flags.items():
        if value is not None:
            checks.flag(owner, name, value)
    if steps_per_execution is not None:
        checks.integer(owner, "steps_per_execution", steps_per_execution)
