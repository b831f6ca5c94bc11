"""Schedules against figures of Keras's and PyTorch's, and what becomes of them as a learning rate."""

import copy
import json
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn import Sequential, backend, optimizers
from numpycnn.common import older
from numpycnn.layers import Dense
from numpycnn.models import load_model
from numpycnn.optimizers import SGD, Adam, Nadam, RMSprop, schedules
from numpycnn.optimizers.schedules import SCHEDULES, CosineDecay, ExponentialDecay, LearningRateSchedule, OneCycle
from numpycnn.saving import ModelFileError

K: Any = backend
"""Whose older functions type checkers do not know."""

AT = (0, 1, 3, 4, 7, 10, 16, 25, 100)
"""The steps of Keras's figures, which it computed in float64."""

# fmt: off
KERAS: list[tuple[str, dict[str, Any], list[float]]] = [
    ('ExponentialDecay', {'initial_learning_rate': 0.1, 'decay_steps': 10, 'decay_rate': 0.9}, [0.1, 0.09895192582062144, 0.09688861611972634, 0.09587315155141828, 0.0928901697685371, 0.09000000000000001, 0.08448663540236126, 0.07684334714209162, 0.03486784401000001]),
    ('ExponentialDecay', {'initial_learning_rate': 0.1, 'decay_steps': 10, 'decay_rate': 0.9, 'staircase': True}, [0.1, 0.1, 0.1, 0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.03486784401000001]),
    ('InverseTimeDecay', {'initial_learning_rate': 0.1, 'decay_steps': 10, 'decay_rate': 0.5}, [0.1, 0.09523809523809523, 0.08695652173913045, 0.08333333333333334, 0.07407407407407407, 0.06666666666666667, 0.05555555555555556, 0.044444444444444446, 0.016666666666666666]),
    ('InverseTimeDecay', {'initial_learning_rate': 0.1, 'decay_steps': 10, 'decay_rate': 0.5, 'staircase': True}, [0.1, 0.1, 0.1, 0.1, 0.1, 0.06666666666666667, 0.06666666666666667, 0.05, 0.016666666666666666]),
    ('PiecewiseConstantDecay', {'boundaries': [3, 24], 'values': [0.5, 0.25, 0.125]}, [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125]),
    ('PolynomialDecay', {'initial_learning_rate': 0.1, 'decay_steps': 20}, [0.1, 0.095005, 0.08501500000000001, 0.08002000000000001, 0.06503500000000001, 0.050050000000000004, 0.020079999999999997, 0.0001, 0.0001]),
    ('PolynomialDecay', {'initial_learning_rate': 0.1, 'decay_steps': 8, 'end_learning_rate': 0.01, 'power': 0.5, 'cycle': True}, [0.1, 0.09418729120241369, 0.08115124735378854, 0.07363961030678928, 0.041819805153394646, 0.06511351921262151, 0.01, 0.05209364560120685, 0.027650452162436556]),
    ('CosineDecay', {'initial_learning_rate': 0.1, 'decay_steps': 24}, [0.1, 0.09957224306869053, 0.09619397662556434, 0.09330127018922195, 0.08043807145043604, 0.06294095225512604, 0.025000000000000012, 0.0, 0.0]),
    ('CosineDecay', {'initial_learning_rate': 0.02, 'decay_steps': 24, 'alpha': 0.1, 'warmup_target': 0.2, 'warmup_steps': 7}, [0.02, 0.04571428571428572, 0.09714285714285716, 0.12285714285714287, 0.2, 0.19314915792601584, 0.1444415089128581, 0.046360389693210734, 0.020000000000000004]),
    ('CosineDecayRestarts', {'initial_learning_rate': 0.1, 'first_decay_steps': 4}, [0.1, 0.08535533905932738, 0.014644660940672627, 0.1, 0.0691341716182545, 0.014644660940672627, 0.08535533905932738, 0.008426519384872733, 0.030865828381745515]),
    ('CosineDecayRestarts', {'initial_learning_rate': 0.1, 'first_decay_steps': 10, 't_mul': 1.0, 'm_mul': 0.5, 'alpha': 0.25}, [0.1, 0.09816461936106827, 0.08454194696096774, 0.07408813728906054, 0.040458053039032264, 0.0625, 0.037955931355469735, 0.034375, 0.0250732421875]),
    ('CosineDecayRestarts', {'initial_learning_rate': 0.1, 'first_decay_steps': 5, 't_mul': 1.5, 'm_mul': 0.9}, [0.1, 0.09045084971874738, 0.03454915028125263, 0.009549150281252633, 0.07511087728614863, 0.022500000000000013, 0.06314731259056525, 0.07191748553263459, 0.0015287476117528003]),
]
TORCH_AT = (0, 1, 3, 4, 5, 7, 10, 13, 16, 19)
TORCH: list[tuple[dict[str, Any], list[float]]] = [
    ({}, [0.020000000000000018, 0.06583592135001265, 0.3341640786499874, 0.45416407864998737, 0.5, 0.47524231600673683, 0.3584715008956504, 0.19437098903185537, 0.05454391121447502, 2e-06]),
    ({'anneal_strategy': 'linear', 'pct_start': 0.25, 'div_factor': 10.0, 'final_div_factor': 100.0}, [0.05, 0.1625, 0.3875, 0.5, 0.4667, 0.4001, 0.3002, 0.20030000000000003, 0.10039999999999999, 0.0005000000000000004]),
    ({'three_phase': True}, [0.020000000000000018, 0.06583592135001265, 0.3341640786499874, 0.45416407864998737, 0.5, 0.3341640786499874, 0.02, 0.015000500000000002, 0.005001500000000003, 2e-06]),
    ({'three_phase': True, 'anneal_strategy': 'linear', 'pct_start': 0.4}, [0.02, 0.08857142857142856, 0.22571428571428567, 0.29428571428571426, 0.3628571428571429, 0.5, 0.2942857142857143, 0.08857142857142863, 0.012000799999999999, 1.9999999999985307e-06]),
]
"""Those of OneCycleLR with max_lr=0.5 and total_steps=20."""
# fmt: on


@pytest.mark.parametrize(("name", "given", "figures"), KERAS)
def test_keras_figures(name: str, given: dict[str, Any], figures: list[float]) -> None:
    schedule = SCHEDULES[name](**given)
    again = schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))
    for one in (schedule, again, type(schedule).from_config(schedule.get_config())):
        np.testing.assert_allclose([one(step) for step in AT], figures, rtol=1e-13, atol=1e-16)
    assert {key: schedule.get_config()[key] for key in given} == given
    assert isinstance(schedule(np.float64(3)), float)


@pytest.mark.parametrize(("given", "figures"), TORCH)
def test_one_cycle_gives_the_figures_of_pytorch(given: dict[str, Any], figures: list[float]) -> None:
    schedule = OneCycle(0.5, 20, **given)
    np.testing.assert_allclose([schedule(step) for step in TORCH_AT], figures, rtol=1e-12)
    assert schedule(20) == schedule(1000) == schedule(19)
    assert OneCycle(**json.loads(json.dumps(schedule.get_config()))).get_config() == schedule.get_config()


def test_one_cycle_of_a_few_steps() -> None:
    """Where the rise ends with the first step, or before it."""
    assert OneCycle(0.5, 10, pct_start=0.1)(0) == 0.5
    assert [OneCycle(0.5, 1)(step) for step in (0, 1)] == [pytest.approx(0.5 / 25e4)] * 2


def test_names_are_those_of_keras() -> None:
    names = {name: SCHEDULES[name](**given).get_config()["name"] for name, given, _ in KERAS}
    assert names == {name: name for name in names} | {
        "PiecewiseConstantDecay": "PiecewiseConstant",
        "CosineDecayRestarts": "SGDRDecay",
    }


WRONG: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    (
        "ExponentialDecay",
        {"initial_learning_rate": -1.0},
        ValueError,
        "initial_learning_rate must be a finite number, ",
    ),
    ("ExponentialDecay", {"decay_steps": 0}, ValueError, "decay_steps must be a finite number, above 0; received 0"),
    (
        "InverseTimeDecay",
        {"decay_rate": "x"},
        TypeError,
        "decay_rate must be a finite number, at least 0; received 'x'",
    ),
    ("InverseTimeDecay", {"staircase": 1}, TypeError, "staircase must be True or False"),
    ("PolynomialDecay", {"power": -1}, ValueError, "power must be"),
    ("PolynomialDecay", {"name": 3}, TypeError, "name must be a string; received 3"),
    ("PiecewiseConstantDecay", {"boundaries": [5, 5]}, ValueError, r"boundaries must rise; received \[5, 5\]"),
    ("PiecewiseConstantDecay", {"boundaries": [5]}, ValueError, "expected 2 values; received 3"),
    ("PiecewiseConstantDecay", {"values": 0.5}, TypeError, "values must be a list; received 0.5"),
    ("CosineDecay", {"warmup_steps": None}, TypeError, "warmup_steps must be"),
    ("CosineDecay", {"warmup_target": -1}, ValueError, "warmup_target must be"),
    ("CosineDecayRestarts", {"t_mul": 0.5}, ValueError, "t_mul must be a finite number, at least 1; received 0.5"),
    ("OneCycle", {"total_steps": 0}, ValueError, "total_steps must be an integer of at least 1; received 0"),
    ("OneCycle", {"pct_start": 1.0}, ValueError, "pct_start must be a finite number, above 0 and below 1"),
    ("OneCycle", {"anneal_strategy": "exp"}, ValueError, "anneal_strategy must be one of 'cos', 'linear'"),
]
RIGHT = {name: given for name, given, _ in KERAS} | {"OneCycle": {"max_learning_rate": 0.5, "total_steps": 9}}


@pytest.mark.parametrize(("name", "wrong", "error", "message"), WRONG)
def test_wrong_arguments_are_refused(name: str, wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"{name}: {message}"):
        SCHEDULES[name](**RIGHT[name] | wrong)


def test_steps_are_numbers_from_0_on() -> None:
    for name, given in RIGHT.items():
        for wrong, error in ((-1, ValueError), ("1", TypeError)):
            with pytest.raises(error, match=f"{name}: step must be a finite number, at least 0; received"):
                SCHEDULES[name](**given)(wrong)  # type: ignore[arg-type]


def test_what_a_schedule_of_ones_own_lacks_is_said() -> None:
    with pytest.raises(NotImplementedError, match="LearningRateSchedule does not define __call__"):
        LearningRateSchedule()(0)
    with pytest.raises(NotImplementedError, match="LearningRateSchedule does not define get_config"):
        LearningRateSchedule().get_config()
    with pytest.raises(ValueError, match=r"schedules.deserialize: class_name of config must be one of 'Exponential"):
        schedules.deserialize({"class_name": "Own", "config": {}})


# ---------------------------------------------------------------- as a learning rate


class Halving(LearningRateSchedule):
    """One of the user's own, without a configuration."""

    def __call__(self, step: float) -> float:
        return 0.5**step


def test_the_rate_of_a_step_is_that_of_the_steps_before_it() -> None:
    """1, 1/2, 1/4 for the first three; what is read is the next one's."""
    optimizer, w, read = SGD(Halving()), np.zeros(1), []
    for _ in range(3):
        read.append(float(optimizer.learning_rate))
        optimizer.update({"w": w}, {"w": np.ones(1)})
    assert read == [1.0, 0.5, 0.25]
    assert w[0] == -1.75
    assert optimizer.learning_rate == 0.125


def test_a_schedule_that_gives_no_number_changes_nothing() -> None:
    class Broken(LearningRateSchedule):
        def __call__(self, step: float) -> float:
            return None  # type: ignore[return-value]

    optimizer, w = SGD(Broken()), np.zeros(1)
    with pytest.raises(TypeError, match="SGD: what Broken returned must be a finite number, at least 0; received None"):
        optimizer.update({"w": w}, {"w": np.ones(1)})
    assert optimizer.iterations == w[0] == 0


def test_a_learning_rate_is_read_and_set_as_in_keras() -> None:
    optimizer = Adam(0.5)
    assert K.get_value(optimizer.learning_rate) == float(optimizer.learning_rate) == 0.5
    assert optimizer.learning_rate.numpy() == 0.5
    assert optimizer.learning_rate.numpy().dtype == np.float64
    assert f"{optimizer.learning_rate} {optimizer.learning_rate:.2f}" == "0.5 0.50"
    optimizer.learning_rate.assign(0.25)
    assert optimizer.learning_rate == 0.25
    K.set_value(optimizer.learning_rate, 0.125)
    assert optimizer.learning_rate == optimizer.get_config()["learning_rate"] == 0.125
    for copied in (copy.deepcopy(optimizer.learning_rate), pickle.loads(pickle.dumps(optimizer.learning_rate))):  # noqa: S301
        assert type(copied) is float
        assert copied == 0.125
    with pytest.raises(ValueError, match="Adam: learning_rate must be a finite number, at least 0; received -1"):
        optimizer.learning_rate.assign(-1)


def test_values_of_arrays_are_read_and_set() -> None:
    array = np.arange(2.0)
    read = K.get_value(array)
    K.set_value(array, [3, 4])
    assert (array.tolist(), read.tolist()) == ([3.0, 4.0], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"set_value: value must be of shape \(2,\); received \(3,\)"):
        K.set_value(array, np.ones(3))
    with pytest.raises(TypeError, match=r"set_value: x must be a learning rate or an array; received 0.5"):
        K.set_value(0.5, 0.1)


def test_only_a_schedule_takes_the_place_of_a_schedule() -> None:
    optimizer = SGD(CosineDecay(0.1, 10))
    with pytest.raises(TypeError, match="SGD: learning_rate is the schedule CosineDecay, which only another sche"):
        optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="SGD: learning_rate is the schedule CosineDecay, which only another sche"):
        optimizer.learning_rate.assign(0.1)
    optimizer.learning_rate = ExponentialDecay(0.2, 1, 0.5)
    assert optimizer.learning_rate == 0.2
    number = SGD(0.1)
    number.learning_rate = CosineDecay(0.3, 10)
    assert number.learning_rate == 0.3
    assert number.get_config()["learning_rate"]["class_name"] == "CosineDecay"


def test_a_function_is_no_learning_rate() -> None:
    with pytest.raises(
        TypeError, match="SGD: learning_rate must be a number or a schedule; give a function of your own"
    ):
        SGD(lambda: 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="SGD: class_name of learning_rate must be one of 'ExponentialDecay', "):
        SGD({"class_name": "Halving", "config": {}})  # type: ignore[arg-type]


def test_settings_can_be_changed_beside_a_schedule_of_ones_own() -> None:
    optimizer = SGD(Halving())
    optimizer.momentum = 0.5
    assert optimizer.momentum == 0.5
    with pytest.raises(ValueError, match="Halving: only the library's own can be read back: ExponentialDecay, "):
        optimizer.get_config()


def test_a_model_with_a_schedule_of_ones_own_cannot_be_saved(tmp_path: Any) -> None:
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile(SGD(Halving()), "mse")
    with pytest.raises(ModelFileError, match="cannot be saved; Halving: only the library's own can be read back"):
        model.save(tmp_path / "model.safetensors")


@pytest.mark.parametrize("name", [*RIGHT, "TimeDecay"])
def test_a_loaded_model_goes_on_with_its_schedule(name: str, tmp_path: Any) -> None:
    given = RIGHT.get(name, {"initial_learning_rate": 0.1, "decay": 0.5})
    (x, y), path = small_data(6), tmp_path / "model.safetensors"
    model = small_network()
    model.compile(Adam(SCHEDULES[name](**given)), "mse")
    model.fit(x, y, batch_size=2, verbose=0)
    model.save(path)
    loaded = load_model(path)
    for one in (model, loaded):
        one.fit(x, y, batch_size=2, verbose=0)
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in loaded.get_weights()]


# ---------------------------------------------------------------- older Keras


@pytest.fixture
def _none_warned_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with warnings.catch_warnings():
        monkeypatch.setattr(older, "WARNED", set())
        yield


@pytest.mark.usefixtures("_none_warned_of")
def test_decay_is_that_of_keras_2() -> None:
    """learning_rate/(1 + decay*steps); what is read and set is the rate before it."""
    new: Any = SGD
    with pytest.warns(FutureWarning, match=r"decay is from an older Keras: write learning_rate=.*Decay\(1.0, 1, 0.5\)"):
        optimizer = new(1.0, decay=0.5)
    w = np.zeros(1)
    for _ in range(3):
        optimizer.update({"w": w}, {"w": np.ones(1)})
    np.testing.assert_allclose(w, -(1 + 1 / 1.5 + 1 / 2), rtol=1e-15)
    assert optimizer.learning_rate == 1.0
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate == 0.25
    optimizer.update({"w": w}, {"w": np.array([10.0])})
    np.testing.assert_allclose(w, -(1 + 1 / 1.5 + 1 / 2) - 1, rtol=1e-15)
    assert SGD(**optimizer.get_config()).get_config() == optimizer.get_config()


@pytest.mark.usefixtures("_none_warned_of")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_classes_of_older_keras_in_lower_case() -> None:
    old: Any = optimizers
    for name in ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"):
        made = getattr(old, name)(lr=0.5, decay=1e-6)
        assert type(made) is optimizers.OPTIMIZERS[name]
        assert made.lr == 0.5


@pytest.mark.usefixtures("_none_warned_of")
def test_arguments_of_older_keras() -> None:
    new: Any = Nadam
    with pytest.warns(FutureWarning) as caught:
        optimizer = new(lr=0.5, epsilon=None, schedule_decay=0.004, decay=0.0)
    assert {str(one.message).partition(" is from")[0] for one in caught} == {"lr", "epsilon=None", "schedule_decay"}
    assert {one.filename for one in caught} == {__file__}
    assert optimizer.get_config() == Nadam(0.5).get_config()
    assert RMSprop(epsilon=None).epsilon == backend.epsilon()
    with pytest.raises(ValueError, match="Nadam: decay is for a learning_rate that is a number; received CosineDecay"):
        Nadam(CosineDecay(0.1, 10), decay=0.1)
    with pytest.raises(ValueError, match="TimeDecay: decay must be a finite number, at least 0; received -1"):
        Nadam(decay=-1)
