"""The grader: right answers pass, mistakes are told, and whatever a student's file does, nothing is hidden."""

import io
import json
import os
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn.__main__ import main
from numpycnn.common.typing import Array
from numpycnn.courses import worker
from numpycnn.courses.comparison import MistakeError
from numpycnn.courses.exercises import dropout_flaw
from numpycnn.courses.grader import Worker, graded
from numpycnn.courses.grading import Grade, grade, judged, judged_backward, tasks
from numpycnn.courses.student import load

ANSWERS = Path(__file__).parent / "course_answers.py"


@pytest.fixture(autouse=True)
def _imports_restored() -> Iterator[None]:
    """A student's file leaves neither a path nor a module behind."""
    paths, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = paths
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def answers(**changed: Any) -> dict[str, Any]:
    """The right answers, some of them replaced."""
    return {**load(ANSWERS).names, **changed}


RIGHT = answers()


@pytest.mark.parametrize("name", [name for name in tasks() if name in RIGHT])
def test_right_answers_pass(name: str) -> None:
    result = grade(name, RIGHT)
    assert result.passed, result


# ---------------------------------------------------------------- what is wrong is told


def relu_in_place(dout: Array, cache: Array) -> Array:
    dout[cache <= 0] = 0
    return dout


def negative(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    return -(x.reshape(len(x), -1) @ w + b), (x, w, b)


def mean_backward(dout: Array, cache: Any) -> tuple[Array, ...]:
    dx, dw, db = RIGHT["affine_backward"](dout, cache)
    return dx, dw, db / len(dout)


def doubled(x: Array, y: Array) -> tuple[float, Array]:
    loss, dx = RIGHT["softmax_loss"](x, y)
    return loss, 2 * dx


def of_ties(dout: Array, cache: Any) -> Array:
    """The gradient goes to each of several equal values."""
    x, param = cache
    out, _ = RIGHT["max_pool_forward_naive"](x, param)
    dx, step = np.zeros_like(x), param["stride"]
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            rows = slice(i * step, i * step + param["pool_height"])
            columns = slice(j * step, j * step + param["pool_width"])
            won = x[:, :, rows, columns] == out[:, :, i : i + 1, j : j + 1]
            dx[:, :, rows, columns] += won * dout[:, :, i : i + 1, j : j + 1]
    return dx


def forgetful(w: Array, dw: Array, config: Any = None) -> tuple[Array, Any]:
    """The velocity is not kept."""
    next_w, config = RIGHT["sgd_momentum"](w, dw, config)
    del config["velocity"]
    return next_w, config


def uphill(w: Array, dw: Array, config: Any = None) -> tuple[Array, Any]:
    next_w, config = RIGHT["sgd_momentum"](w, dw, config)
    return 2 * w - next_w, config


def not_written_back(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    return RIGHT["batchnorm_forward"](x, gamma, beta, {**bn_param})


def last_bits(x: Array) -> tuple[Array, Array]:
    return np.maximum(x, 0).astype("f").astype("d"), x


def kept_whole(x: Array, param: dict[str, Any]) -> tuple[Array, Any]:
    out, cache = RIGHT["dropout_forward"](x, param)
    return out * (param["p"] if param["mode"] == "train" else 1), cache


MISTAKES: dict[str, tuple[str, Any, list[str], str]] = {
    "in place": ("relu_backward", relu_in_place, ["vectors", "images", "one number", "zeros"], "changes its input dout"),
    "the sign": ("affine_forward", negative, [], "out: received = -the reference: the sign"),
    "a mean": ("affine_backward", mean_backward, ["vectors", "images", "as many features as units", "one feature, one unit"],
               "db: claimed = numeric / 4, the batch size: a mean where a sum belongs"),
    "a loss's gradient": ("softmax_loss", doubled, [], "dx: received = the reference * 2"),
    "ties": ("max_pool_backward_naive", of_ties, ["ties"], "right except where values are equal"),
    "twice, with ties": ("max_pool_backward_naive", lambda dout, cache: 2 * RIGHT["max_pool_backward_naive"](dout, cache),
              ["2 by 2, stride 2", "overlapping windows", "overlapping windows, 3 by 2, stride 2", "gaps between windows",
               "negative numbers", "one example, one channel", "one window, the whole image", "ties"],
              "x: claimed = numeric * 2"),
    "what is not kept": ("sgd_momentum", forgetful, [], "config['velocity']: missing"),
    "uphill": ("sgd_momentum", uphill, [], "the step of the weights: received = -the reference: the sign"),
    "not written back": (
        *("batchnorm_forward", not_written_back, []),
        "bn_param['running_mean'] and bn_param['running_var']: as before the call: not written back",
    ),
    "float32": ("relu_forward", last_bits, [], "float32"),
    "not scaled": ("dropout_forward", kept_whole, ["most dropped", "most kept", "half kept, many numbers"], "must be x/p"),
    "nothing returned": ("relu_forward", lambda x: None, [], "it returns None: a missing return"),
    "no cache": ("relu_forward", lambda x: np.maximum(x, 0), [], "it must return (out, cache)"),
    "too few gradients": ("affine_backward", lambda dout, cache: dout, [], "it must return dx, dw, db; received 1 values"),
    "too few results": ("sgd", lambda w, dw, config=None: w, [], "it must return 2 values, next_w, config; received"),
    "no config": ("sgd", lambda w, dw, config=None: (w, w), [], "it must return the config, a dict, second; received"),
    "a dropout of another shape": ("dropout_forward", lambda x, param: (x[0], x), [], "out: it must have the shape (20, 6)"),
    "another shape": ("affine_forward", lambda x, w, b: (b, None), [], "out: it must have the shape (4, 3); received (3,)"),
    "no numbers": ("relu_forward", lambda x: ("out", x), [], "out: it must be an array of numbers; received 'out'"),
    "a gradient that is None": ("relu_backward", lambda dout, cache: None, [], "it returns None"),
    "one gradient that is None": ("affine_backward", lambda dout, cache: (dout @ cache[1].T, None, dout.sum(axis=0)), [],
                                  "there is no gradient of w"),
    "a loss, by what": ("svm_loss", lambda x, y: (RIGHT["svm_loss"](x, y)[0] * len(x), RIGHT["svm_loss"](x, y)[1]), [],
               "loss: received = the reference * 5, len(x): a sum where a mean belongs"),
    "a loss": ("svm_loss", lambda x, y: (RIGHT["svm_loss"](x, y)[0] ** 2, RIGHT["svm_loss"](x, y)[1]), [],
               "in the place of 4.09532512"),
}  # fmt: skip


RAISED = {"in place", "nothing returned", "no cache", "too few gradients", "too few results", "no config",
          "a gradient that is None"}  # fmt: skip
"""Those that are wrong with a call as a whole."""


def read(name: str, functions: dict[str, Any], hint: str) -> None:
    """Read the message where it is raised: in the first case that fails."""
    exercise, backward = tasks()[name]
    failed = grade(name, functions).failed[0]
    (case,) = [one for one in exercise.cases if one.label == failed]
    if backward:
        with pytest.raises(MistakeError, match=re.escape(hint)):
            judged_backward(name, functions, exercise, case, look=True, known={})
    else:
        with pytest.raises(MistakeError, match=re.escape(hint)):
            judged(functions[name], exercise, case, 0)


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_are_told(what: str) -> None:
    name, function, failed, hint = MISTAKES[what]
    result = grade(name, answers(**{name: function}))
    assert not result.passed
    assert not failed or result.failed == failed
    (found,) = [one for one in result.hints if hint in one]
    exercise, backward = tasks()[name]
    first = next(case for case in exercise.cases if case.backward or not backward)
    assert found.startswith(f"in {result.failed[0]}: ") == (result.failed[0] != first.label)
    if what in RAISED:
        read(name, answers(**{name: function}), hint)


def test_a_backward_is_right_by_its_own_forward() -> None:
    functions = answers(affine_forward=negative)
    assert not grade("affine_backward", functions).passed
    functions["affine_backward"] = lambda dout, cache: tuple(-g for g in RIGHT["affine_backward"](dout, cache))
    assert grade("affine_backward", functions).passed


def test_a_backward_without_its_forward() -> None:
    read("relu_backward", {"relu_backward": abs}, "its forward, relu_forward, is not in the file")
    functions = {"relu_backward": abs, "relu_forward": lambda x: x}
    read("relu_backward", functions, "its forward does not return (out, cache)")


def test_the_fraction_that_a_dropout_keeps() -> None:
    x = np.ones((60, 60))
    param = {"p": 0.5, "mode": "train"}
    two_thirds = 2.0 * (np.random.default_rng(0).random(x.shape) < 2 / 3)
    assert "p, the probability to keep one, is 0.5" in (dropout_flaw(two_thirds, (x, param)) or "")
    assert "the same numbers are dropped in each example" in (
        dropout_flaw(np.where(np.arange(60) < 30, 2.0, 0) * x, (x, param)) or ""
    )
    assert "in test mode" in (dropout_flaw(0 * x, (x, {"p": 0.5, "mode": "test"})) or "")


def test_numbers_that_differ_though_the_checker_passes_them() -> None:
    """A gradient that is right for a forward of one's own cannot be right for another; one of another shape is told."""

    def flat(dout: Array, cache: Any) -> tuple[Array, ...]:
        dx, dw, db = RIGHT["affine_backward"](dout, cache)
        return dx, dw, db * (len(dout) != 1) if len(dout) == 1 else db

    functions = answers(affine_backward=flat)
    assert grade("affine_backward", functions).failed == ["one example"]
    exercise, _ = tasks()["affine_backward"]
    (case,) = [one for one in exercise.cases if one.label == "one example"]
    (found,) = judged_backward("affine_backward", functions, exercise, case, look=False, known={"db"})
    assert found == ("db", "zero everywhere: forgotten", "", frozenset())
    functions["affine_backward"] = lambda dout, cache: (*RIGHT["affine_backward"](dout, cache)[:2], dout)
    (found,) = judged_backward("affine_backward", functions, exercise, case, look=False, known={"db"})
    assert found[:2] == ("db", "it must have the shape (3,)")


# ---------------------------------------------------------------- a student's file


def test_a_file_in_a_package_imports_its_neighbours(tmp_path: Path) -> None:
    package = tmp_path / "course"
    (package / "inner").mkdir(parents=True)
    for folder in (package, package / "inner"):
        (folder / "__init__.py").touch()
    (package / "other.py").write_text("value = 3")
    (package / "inner" / "layers.py").write_text("from ..other import value")
    names, trace = load(package / "inner" / "layers.py")
    assert (names["value"], trace) == (3, "")


def test_what_was_defined_before_an_error_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text("def relu_forward(x): return x\nraise SystemExit('late')")
    names, trace = load(file)
    assert "relu_forward" in names
    assert trace.endswith("SystemExit: late\n")
    assert "student.py" not in trace
    assert load(tmp_path / "text.txt").trace == f"{tmp_path / 'text.txt'} is not a Python file"


def test_ctrl_c_is_not_the_students(tmp_path: Path) -> None:
    file = tmp_path / "stopped.py"
    file.write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load(file)

    def stopped(x: Array) -> Array:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade("relu_forward", {"relu_forward": stopped})


def test_the_worker_says_what_it_does(tmp_path: Path) -> None:
    file = tmp_path / "student.py"
    file.write_text("def sgd(w, dw, config=None):\n    return undefined")
    said = io.StringIO()
    worker.main(str(file), [], said)
    ready, found, begins, came = map(json.loads, said.getvalue().splitlines())
    assert ready == {"ready": True}
    assert found == {"found": ["sgd"], "trace": "", "replaced": []}
    assert begins == {"begins": "sgd"}
    result = Grade(**came["grade"])
    assert result.hints == ["NameError: name 'undefined' is not defined"]
    assert "return undefined" in result.trace


def test_the_worker_as_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results go to what was the standard output, the student's to the standard error."""
    file, results = tmp_path / "student.py", tmp_path / "results"
    file.write_text("print('hello')\ndef sgd(w, dw, config=None): pass")
    ended: list[int] = []
    monkeypatch.setattr(sys, "argv", ["worker", str(file), "sgd"])
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(os, "dup", lambda number: os.open(results, os.O_WRONLY | os.O_CREAT))
    monkeypatch.setattr(os, "dup2", lambda a, b: None)
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.delitem(sys.modules, "numpycnn.courses.worker")
    runpy.run_module("numpycnn.courses.worker", run_name="__main__")
    assert ended == [0]
    assert [*map(json.loads, results.read_text().splitlines())][2] == {"begins": "sgd"}


HOSTILE = """
import os, sys, time
import numpy as np

print("said by the student")

def relu_forward(x):
    return np.maximum(x, 0), x

def affine_forward(x, w, b):
    while True:
        pass

def sgd(w, dw, config=None):
    os._exit(3)

def softmax_loss(x, y):
    sys.exit(4)

raise RuntimeError("at the end")
"""


def test_what_hangs_crashes_and_exits(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In processes of their own: each function's end is its own."""
    file = tmp_path / "hostile.py"
    file.write_text(HOSTILE)
    assert (
        main(["grade", "--limit", "1", str(file), "relu_forward", "affine_forward", "sgd", "softmax_loss", "adam"]) == 1
    )
    out, err = capfd.readouterr()
    assert "said by the student" in err
    for text in (
        "RuntimeError: at the end",
        "relu_forward    4 of 4 cases  ok",
        "- affine_forward: it took more than 1 second",
        "- sgd: it ended the process with status 3",
        "- softmax_loss: SystemExit: 4",
        "- adam: it is not in the file",
        "1 of 5 functions are right",
    ):
        assert text in out


def test_the_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty.py"
    file.write_text("x = 1")
    assert main(["grade", str(file)]) == 2
    assert "has none of the functions that are graded: --list prints them" in capsys.readouterr().out
    assert main(["grade", "--list"]) == 0
    assert capsys.readouterr().out.split() == [*tasks()]
    assert main(["grade", str(tmp_path / "none.py")]) == 2
    assert "none.py is not a file" in capsys.readouterr().err
    assert main(["grade", str(file), "conv_forward"]) == 2
    assert "no function that is graded is called conv_forward: --list" in capsys.readouterr().err
    assert main(["grade"]) == 2
    assert "the file to grade is not a file" in capsys.readouterr().err


def test_a_setting_that_has_its_default_need_not_be_written() -> None:
    """What a rule remembers must be."""

    def thrifty(w: Array, dw: Array, config: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        config = dict(config or {})
        step = config.get("learning_rate", 1e-2) * dw
        config["velocity"] = config.get("momentum", 0.9) * config.get("velocity", 0 * w) - step
        return w + config["velocity"], config

    assert grade("sgd_momentum", {"sgd_momentum": thrifty}).passed


def test_the_files_of_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One table for each, and the worst status; a file that raises after its functions is not all right."""
    good, late = tmp_path / "good.py", tmp_path / "late.py"
    good.write_text("import numpy as np\ndef relu_forward(x): return np.maximum(x, 0), x")
    late.write_text(f"{good.read_text()}\nnp.minimum = 3\nraise ValueError('late')")
    assert main(["grade", str(good), str(late), "relu_forward"]) == 1
    out = capsys.readouterr().out
    assert out.count("1 of 1 functions are right") == 2
    assert "late.py raised an error; what it had defined by then is graded:" in out
    assert "late.py replaces numpy.minimum, which is put back" in out
    assert out.splitlines()[-1] == "1 of 2 files are all right"
    late.write_text("def relu_forward(x) return x")
    assert main(["grade", str(late)]) == 2
    assert "late.py raised an error:" in capsys.readouterr().out


def test_what_a_file_replaces_is_put_back(tmp_path: Path) -> None:
    """NumPy's functions, so that the reference stays right; and what is numpycnn's own is not graded."""
    file, said, before = tmp_path / "student.py", io.StringIO(), np.maximum
    file.write_text(
        "import numpy as np\nfrom numpycnn.courses.cs231n import sgd\nnp.seterr(all='raise')\n"
        "np.maximum = lambda a, b: 0 * b\ndef relu_forward(x):\n    np.minimum = None\n    return np.maximum(0, 0 * x), x\n"
    )
    errors = np.geterr()
    worker.main(str(file), [], said)
    _, found, _, relu, _, sgd = map(json.loads, said.getvalue().splitlines())
    assert found["replaced"] == ["numpy.maximum"]
    assert (np.maximum, np.geterr()) == (before, errors)
    assert callable(np.minimum)
    assert Grade(**relu["grade"]).failed
    assert Grade(**sgd["grade"]).hints == ["it is numpycnn's own, which the file imports: nothing to grade"]


def test_a_file_that_ends_the_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "__init__", lambda self, path, names: None)
    monkeypatch.setattr(Worker, "line", lambda self, seconds: {"ended": "took too long"})
    monkeypatch.setattr(Worker, "close", lambda self: None)
    assert graded(tmp_path / "student.py", [], 1.0) == ([], "student.py itself took too long", ())


@pytest.mark.deep
def test_a_file_that_ends_the_process(tmp_path: Path) -> None:
    file = tmp_path / "gone.py"
    file.write_text("import os; os._exit(7)")
    assert graded(file, [], 5.0) == ([], "gone.py itself ended the process with status 7", ())


def test_a_process_that_ends_between_two_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not started again for ever."""
    lines = iter(
        [
            {"ready": True},
            {"found": ["sgd", "adam"], "trace": "", "replaced": []},
            {"ended": "early"},
            {"ready": True},
            {"found": ["adam"], "trace": "", "replaced": []},
            {"ended": ""},
        ]
    )
    monkeypatch.setattr(Worker, "__init__", lambda self, path, names: None)
    monkeypatch.setattr(Worker, "line", lambda self, seconds: next(lines))
    monkeypatch.setattr(Worker, "close", lambda self: None)
    grades, *_ = graded(tmp_path / "student.py", [], 1.0)
    assert [(one.name, one.hints) for one in grades] == [
        (name, ["the process ended before it began"]) for name in ("sgd", "adam")
    ]


@pytest.mark.deep
def test_all_right_answers_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", str(ANSWERS)]) == 0
    assert "functions are right" in capsys.readouterr().out


def test_a_worker_is_found_without_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PYTHONPATH is added to, where there is one."""
    seen: list[dict[str, str]] = []

    class Process:
        stdout = io.BytesIO(b"")

        def __init__(self, command: list[str], *, env: dict[str, str], **rest: Any) -> None:
            seen.append(env)

        def wait(self) -> int:
            return 0

        def kill(self) -> None:
            Process.stdout = io.BytesIO(b"")

    monkeypatch.setattr("subprocess.Popen", Process)
    for before in ("", "elsewhere"):
        monkeypatch.setenv("PYTHONPATH", before)
        Process.stdout = io.BytesIO(b"")
        Worker(tmp_path, []).close()
    first, second = (env["PYTHONPATH"] for env in seen)
    assert second.startswith(first)
    assert second.endswith("elsewhere")


def test_names_that_are_nearly_right_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "nearly.py"
    file.write_text(
        "def affine_backwards(dout, cache):\n    pass\n\ndef conv_foward_naive(x):\n    pass\n\ndef help_me():\n    pass\n"
    )
    assert main(["grade", str(file)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "affine_backwards is not graded: is affine_backward meant?",
        "conv_foward_naive is not graded: is conv_forward_naive meant?",
    ]
    assert lines[2] == "not graded, for no course has them: help_me"


def test_a_backward_is_not_blamed_for_its_forward(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "forwards.py"
    file.write_text(
        "import numpy as np\n\n"
        "def conv_forward_naive(x, w, b, conv_param):\n    while True:\n        pass\n\n"
        "def conv_backward_naive(dout, cache):\n    return dout, dout, dout\n\n"
        "def affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w + b.sum(), (x, w, b)\n\n"
        "def affine_backward(dout, cache):\n    x, w, b = cache\n"
        "    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)\n"
    )
    assert main(["grade", str(file), "--limit", "1"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "conv_forward_naive: it took more than 1 second" in out
    assert "conv_backward_naive: not graded: of its forward, conv_forward_naive, it took more than 1 second" in out
    assert "affine_backward: db: " in out
    assert out.count("affine_backward: its forward: not right itself; the gradients are compared with") == 1


def test_a_file_that_is_no_python_has_no_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def affine_backwards(:\n")
    assert main(["grade", str(file)]) == 2
    assert "is not graded" not in capsys.readouterr().out
