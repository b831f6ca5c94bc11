"""The list of typical faults is of the library as it stands, and the script that puts them in tells which are seen."""

from pathlib import Path

import pytest
import run_faults
from typical_faults import FAULTS, TARGETS, Fault


@pytest.mark.parametrize("file", [target.file for target in TARGETS])
def test_every_fault_can_be_put_into_its_file(file: str) -> None:
    source = (run_faults.PACKAGE / file).read_text(encoding="utf-8")
    for fault in FAULTS:
        if fault.file == file:
            compile(fault.put_into(source), file, "exec")


def test_there_are_at_least_150_different_faults() -> None:
    assert len({(fault.file, fault.right, fault.wrong) for fault in FAULTS}) == len(FAULTS) >= 150
    assert all(fault.right != fault.wrong for fault in FAULTS)


def test_the_tests_that_must_notice_are_there() -> None:
    assert all((run_faults.TESTS / test).is_file() for target in TARGETS for test in target.tests)


@pytest.mark.parametrize("source", ["nothing", "right right"])
def test_a_fault_whose_place_is_not_clear_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="stands there"):
        Fault("file.py", (), "what", "right", "wrong").put_into(source)


@pytest.mark.deep
def test_a_fault_is_noticed_and_what_is_none_survives(capsys: pytest.CaptureFixture[str]) -> None:
    tests = ("test_initializers.py",)
    wrong = Fault("initializers.py", tests, "wrong", "std = sqrt(self.scale / n)", "std = self.scale / n")
    right = wrong._replace(what="right", wrong="std = sqrt(self.scale / float(n))")
    assert run_faults.run([wrong], 1) == 0
    assert run_faults.run([wrong, right], 2) == 1
    assert capsys.readouterr().out.endswith("1 of 2 faults noticed\n")


@pytest.mark.deep
def test_tests_that_fail_without_a_fault_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from hypothesis import settings\nsettings.register_profile('faults')\n")
    (tmp_path / "test_red.py").write_text("def test_red():\n    assert False\n")
    fault = FAULTS[0]._replace(tests=(str(tmp_path / "test_red.py"),))
    assert run_faults.run([fault], 1) == 1
    assert "fail without any fault" in capsys.readouterr().out
