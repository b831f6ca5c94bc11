"""Keras 1's and 2's methods for data that come batch by batch: today fit, evaluate and predict take them."""

from collections.abc import Iterator
from itertools import chain
from math import ceil
from typing import Any

from numpycnn.callbacks import History
from numpycnn.common import checks
from numpycnn.common.older import warn
from numpycnn.common.typing import Array
from numpycnn.engine.py_dataset import PyDataset


def fit_generator(
    model: Any,
    generator: Any,
    steps_per_epoch: float | None = None,
    epochs: int | None = None,
    verbose: int | str = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: float | None = None,
    validation_freq: Any = 1,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
    *,
    samples_per_epoch: int | None = None,
    nb_epoch: int | None = None,
    nb_val_samples: int | None = None,
    **_queue: Any,
) -> History:
    """`fit` on a PyDataset or a generator. How batches were prepared in other threads or processes has no effect.

    samples_per_epoch, nb_epoch, nb_val_samples: Keras 1's; samples are counted in batches of the first one's size.
    """
    warn("fit_generator", "write fit")
    generator, steps = with_steps(generator, steps_per_epoch, samples_per_epoch, training=True)
    validation_data, validation_steps = with_steps(validation_data, validation_steps, nb_val_samples)
    return model.fit(
        generator,
        epochs=nb_epoch or epochs or 1,
        verbose=verbose,
        callbacks=callbacks,
        validation_data=validation_data,
        shuffle=shuffle,
        class_weight=class_weight or None,
        initial_epoch=initial_epoch,
        steps_per_epoch=steps,
        validation_steps=validation_steps,
        validation_freq=validation_freq,
    )


def evaluate_generator(
    model: Any,
    generator: Any,
    steps: float | None = None,
    callbacks: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int | str = 0,
    *,
    val_samples: int | None = None,
    **_queue: Any,
) -> Any:
    """`evaluate` on a PyDataset or a generator. val_samples: Keras 1's."""
    warn("evaluate_generator", "write evaluate")
    generator, steps = with_steps(generator, steps, val_samples)
    return model.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def predict_generator(
    model: Any,
    generator: Any,
    steps: float | None = None,
    callbacks: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int | str = 0,
    *,
    val_samples: int | None = None,
    **_queue: Any,
) -> Array:
    """`predict` on a PyDataset or a generator. val_samples: Keras 1's."""
    warn("predict_generator", "write predict")
    generator, steps = with_steps(generator, steps, val_samples)
    return model.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def with_steps(
    source: Any, steps: float | None, samples: int | None, *, training: bool = False
) -> tuple[Any, int | None]:
    """A source of batches, and its steps: rounded up, or those that have so many samples.

    More steps than a sequence has batches go on with its first one; in training the next epoch goes on after fewer too.
    """
    if isinstance(source, (tuple, list)) or source is None:
        return source, None if steps is None or source is None else ceil(steps)
    if samples is not None:
        size = getattr(source, "batch_size", None)
        if size is None and isinstance(source, Iterator) and not isinstance(source, PyDataset):
            first = next(source)
            source, size = chain([first], source), len(first[0])
        steps = checks.integer("fit_generator", "the number of samples", samples) / (size or 32)
    count = None if steps is None else ceil(steps)
    batches = source.num_batches if isinstance(source, PyDataset) else None
    goes_on = count and batches and (count > batches or (training and count < batches))
    return endless(source) if goes_on else source, count


def endless(sequence: PyDataset) -> Iterator[Any]:
    """The batches of a sequence, over and over: so Keras 1 and 2 took them, whatever the steps of an epoch."""
    while True:
        for index in range(len(sequence)):
            yield sequence[index]
        sequence.on_epoch_end()
