"""The published set of mistakes: the grader sees each, and says of some what they are."""

import pytest
from course_mistakes import MISTAKES, Mistake
from cs231n_checks import CHECKS, passes
from run_course_mistakes import SOURCE, functions, graded, main

NAMES = [f"{one.function}: {one.what}" for one in MISTAKES]
BY_NAME = dict(zip(NAMES, MISTAKES, strict=True))


def test_the_set_is_large_and_each_is_one_of_its_own() -> None:
    assert len(MISTAKES) >= 250
    assert len(set(NAMES)) == len(MISTAKES)
    changed = [one.put_into(SOURCE) for one in MISTAKES]
    assert len(set(changed)) == len(changed)
    assert SOURCE not in changed


TOLD = {
    "affine_backward: db is a mean": "db: claimed = numeric / 4, the batch size: a mean where a sum belongs",
    "affine_backward: dw is transposed": "dw: the transpose",
    "batchnorm_backward: the mean's part is missing": "dx: the mean's part is missing",
    "layernorm_backward: the variance's part is missing": "dx: ",
    "conv_forward_naive: padded with 1": "out: right in the interior, wrong at the border: padding",
    "conv_forward_naive: the bias is forgotten": "out: right if b were 0: left out",
    "conv_backward_naive: the padding is cut off at the end": "dx: the right numbers, moved by 1 and 1 along axes 2 and 3",
    "conv_backward_naive: dx is written over": "dx: one of its shares alone: written over instead of added",
    "max_pool_backward_naive: written over where windows overlap": "dx: ",
    "max_pool_backward_naive: to each of equal values": "dx: right except where values are equal",
    "batchnorm_forward: no eps": "out: right if eps were 0: left out",
    "pool2d: the sum": "the result: the sum in the place of the mean",
}


QUICK = [name for name in TOLD if not name.startswith("conv_backward")]
SLOW = [pytest.param(name, marks=pytest.mark.deep) for name in TOLD if name not in QUICK]


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_mistakes_are_told(name: str) -> None:
    result = graded(BY_NAME[name])
    assert not result.passed
    assert TOLD[name] in "; ".join(result.hints)
    assert "no usual pattern" not in "; ".join(result.hints)


def test_the_courses_own_checks_pass_right_answers_and_some_mistakes() -> None:
    right = functions(Mistake("sgd", "nothing", "return w, config", "return w, config"))
    for name in ("affine_backward", "relu_forward", "adam", "max_pool_forward_naive"):
        assert passes(name, right)
    assert passes("corr2d", right) is None
    assert passes("max_pool_forward_naive", functions(BY_NAME["max_pool_forward_naive: stride 2"]))
    assert not passes("relu_backward", functions(BY_NAME["relu_backward: no mask"]))


@pytest.mark.deep
@pytest.mark.parametrize("name", CHECKS)
def test_every_check_of_the_course_passes_right_answers(name: str) -> None:
    assert passes(name, functions(Mistake("sgd", "nothing", "return w, config", "return w, config")))


@pytest.mark.deep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_the_grader_sees_every_mistake(name: str) -> None:
    assert not graded(BY_NAME[name]).passed


def test_the_command_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sgd"]) == 0
    out = capsys.readouterr().out
    assert "sgd_momentum: Nesterov's\n    CS231n's check: seen; the grader: " in out
    assert out.endswith(
        "9 mistakes: the grader sees 9, and does not know 0 of them. Of 6 in functions that CS231n checks, its own checks "
        "let 0 pass.\n"
    )
