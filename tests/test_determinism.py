"""The same seed gives the same bytes: in one process, from run to run, and through `np.random.seed`."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn.engine.training import Position

SCRIPT = """
import hashlib, numpy as np
from networks import small_data, small_network
np.random.seed(0)
network = small_network(seed=None)
history = network.fit(*small_data(), batch_size=16, epochs=2, verbose=0)
digest = hashlib.sha256(repr(history.history).encode())
for w in network.get_weights():
    digest.update(w.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.deep
def test_the_same_bytes_run_after_run() -> None:
    """In fresh processes whose string hashes differ."""
    here = os.path.dirname(__file__)
    digests = set()
    for hash_seed in ("0", "1"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": here}
        run = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)  # noqa: S603
        digests.add(run.stdout.strip())
    assert len(digests) == 1
    assert len(digests.pop()) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize("seeded", ["by the model", "by NumPy"])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(seeded: str) -> None:
    def train(seed: int) -> object:
        np.random.seed(seed if seeded == "by NumPy" else None)
        network = small_network(seed=seed if seeded == "by the model" else None)
        network.fit(*small_data(), batch_size=16, epochs=2, verbose=0)
        return fingerprint(network)

    assert train(3) == train(3)
    assert train(3) != train(4)


def test_a_seed_fixes_dropout_and_order_too() -> None:
    """Two models of the same weights and different seeds part ways; of the same seed they do not."""
    weights = small_network(seed=0).get_weights()

    def train(seed: int, *, shuffle: bool, dropout: float) -> bytes:
        network = small_network(seed, dropout=dropout)
        network.set_weights(weights)
        network.fit(*small_data(), batch_size=16, epochs=1, verbose=0, shuffle=shuffle)
        return network.get_weights()[0].tobytes()

    assert train(1, shuffle=False, dropout=0.0) == train(2, shuffle=False, dropout=0.0)
    assert train(1, shuffle=True, dropout=0.0) != train(2, shuffle=True, dropout=0.0)
    assert train(1, shuffle=False, dropout=0.5) != train(2, shuffle=False, dropout=0.5)


def test_training_leaves_numpys_random_state_alone() -> None:
    """It is drawn from once, when a model without a seed is built, and never after."""
    network = small_network(seed=None)
    np.random.seed(7)
    network.fit(*small_data(), epochs=1, verbose=0)
    network.predict(small_data()[0])
    drawn = np.random.random()
    np.random.seed(7)
    assert drawn == np.random.random()
    small_network(seed=0)
    assert np.random.random() != drawn


def test_masks_differ_from_step_to_step_and_from_layer_to_layer() -> None:
    places = [
        (seed, step, micro, layer) for seed in (0, 1) for step in range(3) for micro in (0, 1) for layer in (0, 1)
    ]
    draws = {float(Position(seed, step).rng(micro, layer).random()) for seed, step, micro, layer in places}
    assert len(draws) == len(places)
