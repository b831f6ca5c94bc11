"""`model.profile`: a table of where a step's time goes, which leaves the model alone."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.layers import Dense, Flatten
from numpycnn.show import profile as profiling


def test_profiling_names_every_layer_and_trains_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    model, (x, y) = small_network(), small_data()
    model.fit(x, y, verbose=0)
    before = fingerprint(model)
    rows = model.profile(x, y, repeats=2)
    assert fingerprint(model) == before
    assert [row.name for row in rows] == [
        "conv2d + max_pooling2d + dropout",
        "flatten",
        "dense",
        "dropout_1",
        "dense_1",
        "loss, and the way between layers",
        "optimizer (RMSprop)",
    ]
    assert all(row.forward > 0 for row in rows)
    assert rows[0].backward > 0
    assert rows[-1].backward == 0
    assert [row.way for row in rows] == ["im2col along one axis", *[""] * 6]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "One step on 50 examples in 1 micro-batches, in one worker (median of 2)"
    assert lines[3].endswith("%  im2col along one axis")
    assert [line.split("  ")[0] for line in lines[3:]] == [*(row.name for row in rows), "all of it"]
    shares = [float(line.partition("%")[0].split()[-1]) for line in lines[3:-1]]
    assert sum(shares) == pytest.approx(100, abs=1)


def test_profiling_layer_by_layer(capsys: pytest.CaptureFixture[str]) -> None:
    model = small_network()
    model.fast = False
    rows = model.profile(*small_data(), repeats=1, print_fn=None)
    assert [row.name for row in rows][:7] == [layer.name for layer in model.layers]
    assert capsys.readouterr().out == ""


def test_profiling_goes_back_no_further_than_the_first_parameters() -> None:
    """The first layer's line holds its own gradients; layers before any parameters have no backward at all."""
    model = Sequential([Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    x, y = small_data()
    rows = model.profile(x, y[:, :2], repeats=1, print_fn=None)
    assert rows[0].name == "flatten"
    assert rows[0].backward == 0


def test_the_first_step_is_not_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes longer. By a clock that only the layer moves: 100 seconds in the first step, and 1 in each after it."""
    clock = 0.0
    calls: list[int] = []

    class Warming(Flatten):
        def forward(self, x: Array, **how: Any) -> tuple[Array, Any]:
            nonlocal clock
            clock += 1.0 if len(calls) >= 2 else 50.0
            calls.append(len(x))
            return super().forward(x, **how)

    monkeypatch.setattr(profiling, "time", SimpleNamespace(perf_counter=lambda: clock))
    model = Sequential([Warming()], fast=False)
    model.compile("sgd", "mse")
    rows = model.profile(np.zeros((250, 3)), np.zeros((250, 3)))
    assert calls == [125] * 2 * 6  # as many for each micro-batch where there are no parameters
    assert [row.forward for row in rows] == [2.0, 0.0, 0.0]
    title = "One step on 250 examples in 2 micro-batches, in one worker (median of 5)"
    assert capsys.readouterr().out.splitlines()[0] == title


@pytest.mark.parametrize("repeats", [0, 1.5, "3"])
def test_bad_repeats_are_named(repeats: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"sequential.profile: repeats must be an integer of at least 1"):
        small_network().profile(*small_data(), repeats=repeats)  # type: ignore[arg-type]


def test_a_model_not_compiled_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sequential.profile: the model is not compiled"):
        small_network(compiled=False).profile(*small_data())
